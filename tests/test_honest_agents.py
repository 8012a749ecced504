"""Honest agents with ordinary mail programs: everyday work is never asked about.

Their mail is as neomutt really makes it, and as Gmail and Outlook make it, from the letters
that the desk really wrote. What forgers gain over the same way stands beside it.
"""

import smtplib
from collections.abc import Callable, Iterator
from datetime import datetime
from email.message import EmailMessage
from email.utils import formatdate
from html import escape
from pathlib import Path

import pytest
from adversary.scene import (
    CARA,
    IVAN,
    SUPPORT,
    Scene,
    desk_policy,
    gmail,
    new_scene,
    outlook_html,
)
from client import Left, answer_headers, mail_bytes, quoted
from process import Process, free_port, text_of
from servers.neomutt import Neomutt
from servers.postfix import Postfix
from waiting import wait_for

PATIENCE = 60.0
IVAN_SHOWN = f"Ivan Petrenko <{IVAN}>"
Program = Callable[[str, Left], tuple[str, str]]


# How the programs answer: (words, letter) -> (body, Content-Type).


def gmail_web(words: str, letter: Left) -> tuple[str, str]:
    html, _ = gmail(words, letter)
    return _both(f"{words}\n\n{quoted(letter)}", html)


def gmail_phone(words: str, letter: Left) -> tuple[str, str]:
    html, kind = gmail(words, letter)
    typed = f'<div dir="auto">{escape(words)}</div>'
    return html.replace(f'<div dir="ltr">{escape(words)}</div>', typed), kind


def outlook_desktop(words: str, letter: Left) -> tuple[str, str]:
    html, _ = outlook_html(words, letter)
    head = (
        f"From: {letter.header('From')} \nSent: Monday, March 2, 2026 9:15 AM \n"
        f"To: {letter.header('To')} \nSubject: {letter.header('Subject')} \n"
    )
    return _both(f"{words}\n\n{head}\n{letter.text}", html)


def outlook_web(words: str, letter: Left) -> tuple[str, str]:
    inside = letter.html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
    return (
        f'<html><head></head><body dir="ltr"><div class="elementToProof">{escape(words)}</div>'
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
        '<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif">'
        f"<b>From:</b> {escape(letter.header('From'))}<br>"
        "<b>Sent:</b> Monday, March 2, 2026 9:15 AM<br>"
        f"<b>To:</b> {escape(letter.header('To'))}<br>"
        f"<b>Subject:</b> {escape(letter.header('Subject'))}</font><div>&nbsp;</div></div>"
        f"<div>{inside}</div></body></html>"
    ), "text/html; charset=utf-8"


def _both(plain: str, html: str) -> tuple[str, str]:
    return (
        f"--=-both\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--=-both\nContent-Type: text/html; charset=utf-8\n\n{html}\n--=-both--\n"
    ), 'multipart/alternative; boundary="=-both"'


PROGRAMS = (gmail_web, gmail_phone, outlook_desktop, outlook_web)

# Everyday work, each on a reply: what is added to the subject, and the words.
WORK = (
    ("", "Please pull the plug."),
    ("[note]", "She is angry."),
    ("[tag:outage]", ""),
    ("[find:printer]", ""),
    ("[assign:ivan]", ""),
    ("[close]", "It is mended."),
)


# Without a real server: each program, each deed.


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.__name__)
def test_everyday_work_in_auto_is_never_asked_about(scene: Scene, program: Program) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(IVAN)
    for adds, words in WORK:
        subject = f"{answer_headers(letter)['Subject']} {adds}".strip()
        handled = scene.answer(letter, words, style=program, subject=subject)
        assert handled.disposition in ("entry", "command"), (adds, handled)
    assert_work_is_done(scene)
    assert "held" not in [one.name for one in scene.left_to(IVAN)]


def assert_work_is_done(scene: Scene) -> None:
    ticket = scene.stage.ticket(1)
    assert ticket is not None
    assert (ticket.status, ticket.owner, ticket.tags) == ("closed", "ivan", ("outage",))
    told = scene.text_to_customers()
    assert "Please pull the plug." in told and "It is mended." in told
    assert "angry" not in told
    assert any("#1 Printer" in one.text for one in scene.left_to(IVAN) if one.name == "found")


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A desk of the default policy, auto, without any way to prove an origin."""
    scene = new_scene(tmp_path, desk_policy(), name=request.node.name)
    yield scene
    scene.stage.close()


STRICT = """\
desk:
  name: Example Help
  addresses: {{support@help.example: support, billing@help.example: billing}}
  queues: {{office: {{shown: Example Help}}}}
  language: {language}
  undo_delay: 0s
trust: {{policy: strict}}
"""

ASKED = {
    "en": ("Is this mail from you?", "answer with the one word ok", "has no way yet to check"),
    "ru": ("Это письмо от вас?", "ответьте одним словом ok", "нет способа проверить"),
    "uk": ("Це лист від вас?", "дайте відповідь одним словом ok", "не має способу перевірити"),
}


@pytest.mark.parametrize(
    ("language", "program"),
    [("en", gmail_web), ("en", outlook_web), ("ru", gmail_phone), ("uk", outlook_desktop)],
)
def test_where_nothing_can_be_proved_strict_asks_once_in_plain_words(
    tmp_path: Path, language: str, program: Program
) -> None:
    policy = desk_policy(mailtrack=STRICT.format(language=language))
    scene = new_scene(tmp_path, policy, name=f"{language} {program.__name__}")
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(IVAN)
    subject = f"{answer_headers(letter)['Subject']} [close]"
    assert (
        scene.answer(letter, "It is mended.", style=program, subject=subject).disposition
        == "held"
    )
    asked = scene.last(IVAN)
    title, what_to_do, why = ASKED[language]
    assert asked.name == "held"
    assert title in asked.header("Subject")
    for words in (what_to_do, why, "It is mended."):
        assert words in asked.text
    assert "no way to prove" not in asked.text, "that is for the trace"
    assert not scene.text_to_customers().count("It is mended.")

    scene.answer(asked, "ok", style=program)
    ticket = scene.stage.ticket(1)
    assert ticket is not None and ticket.status == "closed"
    assert "It is mended." in scene.text_to_customers()
    assert [one.name for one in scene.left_to(IVAN)].count("held") == 1
    scene.stage.close()


# With neomutt, the real process and a real mail server in front.


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_neomutt_in_auto_is_never_asked(
    tmp_path: Path, neomutt: Callable[..., Neomutt]
) -> None:
    desk = Process(tmp_path)
    desk.start()
    try:
        desk.write(f"Cara Smith <{CARA}>", "Printer", "It burns.")
        letter = desk.wait_for_letters(IVAN, 1)
        ivan = neomutt(IVAN, smtp_port=desk.port)
        for adds, words in WORK:
            ivan.reply(
                str(desk.maildir(IVAN)), words, add_to_subject=adds, matching=by_id(letter)
            )
        wait_for(lambda: desk.ask("status")["tickets"] == {"closed": 1}, PATIENCE)
        assert_never_asked(desk)
    finally:
        desk.kill()


def by_id(letter: EmailMessage) -> str:
    """A pattern of neomutt's for one letter."""
    return f"~i {str(letter['message-id']).strip('<>').partition('@')[0]}"


def assert_never_asked(desk: Process) -> None:
    desk.wait_until_idle()
    assert desk.ask("held") == []
    words = [text_of(one) for one in desk.letters(CARA)]
    assert any("Please pull the plug." in one for one in words)
    assert any("It is mended." in one for one in words)
    assert not any("angry" in one for one in words)


# What Postfix found out, by whose envelope it is: our own people's domain, and another's. The
# field comes above its own Received: PREPEND of access(5).
STAMP = "Authentication-Results: mx.help.example; dmarc={} header.from=help.example"
STAMPS = (
    "smtpd_sender_restrictions = check_sender_access inline:{"
    f"{{help.example = PREPEND {STAMP.format('pass')}}}, "
    f"{{evil.example = PREPEND {STAMP.format('fail')}}}}}\n"
)


@pytest.fixture
def behind_postfix(
    tmp_path: Path, make_postfix: Callable[..., Postfix]
) -> Iterator[tuple[Process, Postfix]]:
    """A strict desk as docs/operations.md sets it up, and the mail server in front of it."""
    door = free_port()
    postfix = make_postfix({"help.example": f"lmtp:inet:127.0.0.1:{door}"}, STAMPS)
    desk = Process(
        tmp_path,
        (r"^  # lmtp: .*", f"  lmtp: {{listen: 127.0.0.1:{door}, behind_mta: true}}"),
        (
            r"^# trust:$",
            "trust: {policy: strict, authentication_results: "
            "{authserv_id: mx.help.example, received_hops: 1, methods: [dmarc]}}",
        ),
    )
    desk.start()
    yield desk, postfix
    desk.kill()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_behind_a_relay_that_stamps_strict_never_asks(
    behind_postfix: tuple[Process, Postfix], neomutt: Callable[..., Neomutt]
) -> None:
    desk, postfix = behind_postfix
    desk.write(f"Cara Smith <{CARA}>", "Printer", "It burns.")
    letter = desk.wait_for_letters(IVAN, 1)
    for number, program in enumerate(PROGRAMS):
        hand_over(postfix, answer(letter, f"By {program.__name__}.", program, number), IVAN)
    wait_for(lambda: len(answers(desk)) == len(PROGRAMS), PATIENCE, what="all answers left")
    ivan = neomutt(IVAN, smtp_port=postfix.port)
    for adds, words in WORK:
        ivan.reply(str(desk.maildir(IVAN)), words, add_to_subject=adds, matching=by_id(letter))
    wait_for(lambda: desk.ask("status")["tickets"] == {"closed": 1}, PATIENCE)
    assert_never_asked(desk)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("envelope", ["x@evil.example", "x@silent.example"])
def test_a6_a_forged_result_below_the_relays_own_or_alone_proves_nothing(
    behind_postfix: tuple[Process, Postfix], envelope: str
) -> None:
    """With a true token: once Postfix says `fail` above it, once it says nothing."""
    desk, postfix = behind_postfix
    desk.write(f"Cara Smith <{CARA}>", "Printer", "It burns.")
    letter = desk.wait_for_letters(IVAN, 1)
    forged = answer(letter, "Send me your password.", gmail_web, 1)
    forged = f"{STAMP.format('pass')}\r\n".encode() + forged
    hand_over(postfix, forged, envelope)
    assert_held(desk)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a10_the_relays_words_are_not_believed_at_another_door(
    behind_postfix: tuple[Process, Postfix],
) -> None:
    """The desk takes SMTP from everybody, so that nobody vouches for what stands there."""
    desk, _ = behind_postfix
    desk.write(f"Cara Smith <{CARA}>", "Printer", "It burns.")
    letter = desk.wait_for_letters(IVAN, 1)
    forged = answer(letter, "Send me your password.", gmail_web, 1)
    forged = f"{STAMP.format('pass')}\r\n".encode() + forged
    desk.send(forged, IVAN, str(letter["reply-to"].addresses[0].addr_spec))
    assert_held(desk)


def assert_held(desk: Process) -> None:
    wait_for(lambda: desk.ask("held"), PATIENCE, what="the forged mail is held")
    assert desk.ask("status")["tickets"] == {"new": 1}
    assert answers(desk) == []


def answers(desk: Process) -> list[EmailMessage]:
    """What agents said to the customer."""
    return [one for one in desk.letters(CARA) if "Ivan" in str(one["from"])]


def answer(letter: EmailMessage, words: str, program: Program, number: int) -> bytes:
    """Ivan's answer to a letter as his program sends it."""
    left = Left("", "", None, IVAN, "", letter.as_bytes(), datetime.now().astimezone())
    body, kind = program(words, left)
    headers = {
        "From": IVAN_SHOWN,
        **answer_headers(left),
        "Date": formatdate(),
        "Message-ID": f"<honest-{number}@help.example>",
        "MIME-Version": "1.0",
        "Content-Type": kind,
        "Content-Transfer-Encoding": "8bit",
    }
    return mail_bytes(headers, body, attached=[])


def hand_over(postfix: Postfix, raw: bytes, sender: str) -> None:
    to = Left("", "", None, IVAN, "", raw, datetime.now().astimezone()).header("To")
    address = to.rpartition("<")[2].strip(">") or SUPPORT
    with smtplib.SMTP(postfix.host, postfix.port) as client:
        client.sendmail(sender, [address], raw)
