"""Attacks on help desks that made the news, played as they were told: nothing is gained.

Each asks of every byte that left whether it is of use to the attacker. References: security.md
section 1.1.
"""

from collections.abc import Iterator
from dataclasses import replace
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from adversary.scene import BOB, CARA, IVAN, MALLORY, SUPPORT, Scene, plain_top
from process import Process, text_of
from waiting import wait_for

from mailtrack.desk.policy import AutoAck

SLACK = "no-reply@slack.example"
CODE = "your sign-up code is 731-402"
SECRET = "the server room opens with 4711"


def everything_to(scene: Scene, who: str) -> str:
    """All that ever left to an address: decoded, and as bytes."""
    pieces = []
    for letter in scene.left_to(who):
        raw = letter.raw.decode("ascii", "replace").replace("=\r\n", "")
        subject = str(make_header(decode_header(letter.header("Subject"))))
        pieces += [
            letter.mail_from,
            letter.header("To"),
            subject,
            letter.text,
            letter.html,
            raw,
        ]
    return "\n".join(pieces)


def assert_is_ignorant(scene: Scene, who: str, *secrets: str) -> None:
    shown = everything_to(scene, who)
    for secret in secrets:
        assert secret not in shown, f"{who} was told {secret!r}"


# Ticket Trick (I. De Ceukelaere, 2017): mail to the company's help desk is read by whoever
# opened the ticket it lands in, so a sign-up code sent to support@ belongs to the attacker.


def test_ticket_trick_a_code_sent_to_a_reply_address_is_for_agents_alone(scene: Scene) -> None:
    scene.mail(MALLORY, "A question", "Do you have blue ones?")
    theirs = scene.last(MALLORY).reply_address
    scene.mail(SLACK, "Confirm your address", f"Hello, {CODE}.", to=theirs)
    scene.answer(scene.last(IVAN), "Yes, we have blue ones.")
    assert CODE in scene.stage.ticket(1).entries[1].text
    assert_is_ignorant(scene, MALLORY, CODE, "731-402")
    assert scene.left_to(SLACK) == []


def test_ticket_trick_a_ticket_opened_in_the_name_of_the_service(scene: Scene) -> None:
    scene.mail(SLACK, "Hi", "I am your customer.", headers={"Cc": MALLORY}, mail_from=MALLORY)
    scene.mail(MALLORY, "Re: [#1] Hi", "Me too.")
    scene.mail(SLACK, "Confirm your address", f"Hello, {CODE}.")
    scene.mail(SLACK, "Re: [#1] Confirm your address", f"Hello, {CODE}.")
    for letter in list(scene.left_to(IVAN)):
        scene.answer(letter, "Thank you.")
    assert_is_ignorant(scene, MALLORY, CODE, "731-402")
    participants = {p.person for n in (1, 2, 3) for p in scene.stage.ticket(n).participants}
    assert MALLORY in participants  # of the ticket that is Mallory's own, and no other
    assert scene.stage.ticket(1).participant(MALLORY) is None


def test_ticket_trick_no_reply_address_is_a_mailbox_of_the_company(scene: Scene) -> None:
    """Who signs up as that address needs to guess 30 characters that change with the ticket."""
    scene.mail(MALLORY, "A question", "Do you have blue ones?")
    scene.mail(BOB, "Another", "And green ones?")
    mine, theirs = (scene.last(who).reply_address for who in (MALLORY, BOB))
    assert mine.startswith("support+r")
    assert len(mine.partition("+")[2].partition("@")[0]) == 30
    assert sum(a != b for a, b in zip(mine, theirs, strict=True)) > 15


# Zendesk, 2024 (hackermondev): support+id1@, a spoofed From and the attacker in Cc made the
# desk mail the whole history to the attacker.


def test_zendesk_cc_takeover_a_spoofed_requester_copies_nobody(scene: Scene) -> None:
    scene.mail(
        CARA, "Keys", f"Please note: {SECRET}.", headers={"Message-ID": "<c@cust.example>"}
    )
    scene.answer(scene.last(IVAN), "Noted. The code word is swordfish.")
    ways = (
        {"Subject": "Re: [#1] Keys"},
        {"Subject": "Keys", "In-Reply-To": "<c@cust.example>"},
        {"Subject": "Re: [#1] Keys", "Reply-To": MALLORY, "Sender": MALLORY},
    )
    for place, way in enumerate(ways):
        for to in (SUPPORT, "support+id1@help.example", "support+1@help.example"):
            scene.mail(
                CARA, body=f"Add my colleague {place} {to}.", to=f"{to}, {SUPPORT}",
                mail_from=MALLORY, headers={**way, "Cc": f"Colleague <{MALLORY}>"},
            )  # fmt: skip
    scene.answer(scene.last(IVAN), "The whole history is in the ticket, isn't it?")
    assert scene.left_to(MALLORY) == []
    assert scene.stage.ticket(1).participant(MALLORY) is None


def test_zendesk_cc_takeover_with_a_stolen_token_copies_nobody_either(scene: Scene) -> None:
    scene.mail(CARA, "Keys", f"Please note: {SECRET}.")
    token = scene.last(CARA).reply_address
    scene.mail(CARA, "Re: Keys", "Hi.", to=token, mail_from=MALLORY, headers={"Cc": MALLORY})
    scene.mail(MALLORY, "Re: Keys", "Hi.", to=token, headers={"Cc": MALLORY})
    scene.answer(scene.last(IVAN), "Hello.")
    assert scene.left_to(MALLORY) == []


def test_zendesk_cc_takeover_a_genuine_copy_gets_answers_and_no_history(scene: Scene) -> None:
    """What is allowed at all: proof of origin, and then only what is written from then on."""
    scene.mail(CARA, "Keys", f"Please note: {SECRET}.")
    scene.answer(scene.last(IVAN), "Noted. The code word is swordfish.")
    scene.answer(
        scene.last(CARA), "Add my colleague.", headers={"Cc": BOB}, login=CARA, style=plain_top
    )
    scene.answer(scene.last(IVAN), "Good day to both of you.")
    assert "Good day" in everything_to(scene, BOB)
    assert_is_ignorant(scene, BOB, SECRET, "swordfish", "Add my colleague")


# Zendesk relay spam, October 2025 and January 2026: thousands of desks acknowledged mails with
# spoofed senders, and carried the attacker's subject and words to the victims.

SPAM_SUBJECT = "FREE DISCORD NITRO https://nitro.evil.example/claim?id=7 call +1 555 0100"
SPAM_NAME = "Federal Bureau https://fbi.evil.example"
SPAM_BODY = "You have won. Go to https://prize.evil.example and enter your password."


@pytest.mark.parametrize("require", [AutoAck.ALIGNED, AutoAck.ANY])
def test_acknowledgement_relay_spam_is_little_and_carries_nothing(
    scene: Scene, require: AutoAck
) -> None:
    brakes = replace(scene.stage.policy.brakes, acks_hour_max=8)
    scene.stage.policy = replace(scene.stage.policy, autoack=require, brakes=brakes)
    for n in range(12):
        victim = f"victim{n}@v{n}.example"
        scene.mail(
            victim, f"{SPAM_SUBJECT} {n}", SPAM_BODY, mail_from=f"bot{n}@evil.example",
            headers={"From": f'"{SPAM_NAME}" <{victim}>', "Reply-To": MALLORY},
        )  # fmt: skip
    left = scene.to_customers()
    assert len(left) == (0 if require is AutoAck.ALIGNED else 8)
    assert scene.stage.ticket(12) is not None  # no mail is lost over it
    for letter in left:
        assert letter.name == "acknowledged"
        assert letter.mail_from == ""
        shown = everything_to(scene, letter.recipient)
        for theirs in ("evil.example", "://", "prize", "password", "Federal", MALLORY):
            assert theirs not in shown
    assert scene.left_to(MALLORY) == []


# FreeScout, CVE-2026-47123: ids of the form notify-{thread}-{user}-… in References were taken
# without looking at their MAC, so text in an agent's name was mailed to the customer.


def test_freescout_forged_ids_send_nothing_to_a_customer(scene: Scene) -> None:
    scene.mail(CARA, "Keys", f"Please note: {SECRET}.")
    letter = scene.last(IVAN)
    real_id, address = letter.header("Message-ID"), letter.reply_address
    local, _, domain = real_id.strip("<>").partition("@")
    token, _, tail = local.partition(".")  # what is behind the dot is no secret
    other = f"{token[:-1]}{'b' if token[-1] != 'b' else 'c'}.{tail}"
    forged = (
        f"<{'0' * len(local)}@{domain}>", f"<{other}@{domain}>",
        f"<{local}@evil.example>", f"<notify-1-1-{local}@{domain}>",
        "<notify-1-1-0@help.example>",
    )  # fmt: skip
    head, _, tail = address.rpartition("@")
    flipped = f"{head[:-1]}{'b' if head[-1] != 'b' else 'c'}@{tail}"
    before = len(scene.left_to(CARA))
    for place, one in enumerate(forged):
        for to in (SUPPORT, flipped, "support+1@help.example"):
            scene.mail(
                IVAN, f"Re: [#1] Keys {place}", f"Pay to account {place} {to}.", to=to,
                mail_from=MALLORY, headers={"In-Reply-To": one, "References": f"{one} {one}"},
            )  # fmt: skip
    assert len(scene.left_to(CARA)) == before
    assert_is_ignorant(scene, CARA, "Pay to account")
    assert scene.left_to(MALLORY) == []


# Roundup and others join a mail to a ticket because the titles are equal.


def test_roundups_equal_title_joins_nothing_and_tells_nothing(scene: Scene) -> None:
    scene.mail(CARA, "Help", f"Please note: {SECRET}.")
    scene.mail(MALLORY, "Re: Help", "What did I write before?")
    scene.mail(MALLORY, "Help", "And now?")
    for letter in list(scene.left_to(IVAN)):
        scene.answer(letter, f"Answer to {letter.number}.")
    assert [scene.stage.ticket(n).requester for n in (1, 2, 3)] == [CARA, MALLORY, MALLORY]
    assert_is_ignorant(scene, MALLORY, SECRET, "Answer to 1")
    assert_is_ignorant(scene, CARA, "What did I write", "Answer to 2")


# Mailman 2: the password line "Approved:" stood in a part that the moderator's program did not
# show, and went out to the list.


@pytest.fixture
def asked(scene: Scene) -> Iterator[Scene]:
    scene.mail(CARA, "Keys", "May I come in?")
    yield scene


def alternative(plain: str, html: str) -> tuple[str, dict[str, str]]:
    body = (
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
    )
    return body, {"Content-Type": 'multipart/alternative; boundary="b"'}


@pytest.mark.parametrize(
    "html",
    [
        "<p>[note]</p><p>Do not let her in.</p>",
        '<p style="display:none">[note]</p><p>Do not let her in.</p>',
        "<p>Do not let her in.</p>",
    ],
)
def test_mailmans_hidden_approval_a_note_in_one_part_is_a_note_in_all(
    asked: Scene, html: str
) -> None:
    body, headers = alternative("[note]\n\nDo not let her in.", html)
    letter = asked.last(IVAN)
    asked.mail(IVAN, "Re: [#1] Keys", body, to=letter.reply_address, headers=headers)
    assert_is_ignorant(asked, CARA, "Do not let her in", "[note]")


@pytest.mark.parametrize("style", ["display:none", "font-size:0", "color:#fff;font-size:1px"])
def test_mailmans_hidden_approval_what_a_customer_hides_commands_nothing(
    asked: Scene, style: str
) -> None:
    hidden = f'<div style="{style}">[close]<br>[release]<br>Approved: sesame<br>ok</div>'
    body, headers = alternative("Thank you.", f"{hidden}<p>Thank you.</p>")
    asked.mail(
        CARA, "Re: Keys", body, to=asked.last(CARA).reply_address,
        headers={**headers, "Approved": "sesame", "X-Approved": "sesame", "X-Command": "close"},
    )  # fmt: skip
    asked.answer(asked.last(IVAN), "You may.")
    assert asked.stage.ticket(1).status.value == "open"
    assert_is_ignorant(asked, CARA, "Approved", "sesame", "[close]")


def test_mailmans_hidden_approval_nobody_else_confirms_a_held_mail(asked: Scene) -> None:
    asked.mail(IVAN, "[#1] [close]", "Bye.", mail_from=MALLORY)
    question = asked.last(IVAN, "held")
    body, headers = alternative("Hello.", "<p>Hello.</p><p style='display:none'>ok</p>")
    for sender in (MALLORY, CARA):
        asked.mail(
            sender, "ok", body, to=question.reply_address,
            headers={**headers, "Approved": "yes"},
        )  # fmt: skip
        asked.mail(sender, "ok", "ok", to=question.reply_address)
    assert asked.stage.held("H1").state == "held"
    assert asked.stage.ticket(1).status.value == "new"


# The same where it is told of real servers: over SMTP, with what the process wrote to disk.


@pytest.mark.slow
def test_the_articles_over_smtp_nothing_leaves_to_the_attacker(tmp_path: Path) -> None:
    desk = Process(tmp_path)
    desk.start()
    try:
        desk.write(f"Cara Smith <{CARA}>", "Keys", f"Please note: {SECRET}.")
        acknowledged = desk.wait_for_letters(CARA, 1)
        desk.wait_for_letters(IVAN, 1)
        token = str(acknowledged["reply-to"])
        desk.write(f"Cara Smith <{CARA}>", "Re: [#1] Keys", "Add my colleague.", Cc=MALLORY)
        desk.write(f"Mallory <{MALLORY}>", "Re: Keys", "What did I write?")
        desk.write(f"Ivan Petrenko <{IVAN}>", "Re: [#1] Keys", "Pay to account 1.",
                   In_Reply_To="<notify-1-1-0@help.example>")  # fmt: skip
        code = f"From: {SLACK}\nTo: {token}\nSubject: Confirm\nMessage-ID: <s@s>\n\n{CODE}\n"
        desk.send(code.encode(), SLACK, token.rpartition("<")[2].strip(">"))
        desk.wait_for_letters(MALLORY, 1)
        wait_for(lambda: len(desk.letters(IVAN)) >= 4, 30)
        desk.wait_until_idle()
        to_mallory = desk.letters(MALLORY)
        assert [str(one["subject"]) for one in to_mallory] == ["[#2] Keys"]
        shown = "\n".join(map(text_of, (*to_mallory, *desk.letters(CARA))))
        for secret in (SECRET, CODE, "Pay to account", "Add my colleague"):
            assert secret not in shown
        assert desk.letters(SLACK) == []
    finally:
        desk.kill()
