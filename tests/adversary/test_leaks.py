"""What the desk tells its agents reaches no customer: notes and our own letters, in any quote.

Every scene also checks `laws.py` for each letter that is written.
"""

import pytest
from adversary.scene import (
    ADA,
    CARA,
    IVAN,
    MALLORY,
    OLGA,
    STYLES,
    Scene,
    Style,
    html_bare,
    inline_everywhere,
    plain_bottom,
    plain_top,
    plain_without_top,
)
from client import Left

from mailtrack.tickets.ticket import EntryKind

NOTES = {
    "long": "Cara has never paid one invoice, legal prepares a letter to her bank on Friday.",
    "short": "She never pays.",
}
ANSWER = "Please switch it off."
# What our letters to agents say and no customer ever sees, in any letter of these scenes.
INTERNAL = (
    "never",
    "Your reply goes to",
    "mailto:",
    "##",
    "[take]",
    "[resolve]",
    "X-Mailtrack-T",
)


def with_a_note(scene: Scene, note: str) -> Left:
    """A ticket of Cara's with a note; the notification of her next mail shows it as earlier."""
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), note, subject="Re: [#1] Printer [note]")
    scene.answer(scene.last(CARA), "Any news?")
    letter = scene.last(IVAN)
    assert note[:20] in letter.text
    return letter


def nothing_internal_left(scene: Scene) -> None:
    text = scene.text_to_customers()
    found = [words for words in INTERNAL if words in text]
    assert not found, f"customers read {found}"


@pytest.mark.parametrize(
    ("style", "note"),
    [
        *((style, NOTES["short"]) for style in STYLES),
        *(
            (style, NOTES["long"])
            for style in (inline_everywhere, plain_without_top, html_bare)
        ),
    ],
    ids=lambda value: value[:8] if isinstance(value, str) else value.__name__,
)
def test_a42_a43_however_our_letter_is_quoted_no_word_of_it_reaches_the_customer(
    scene: Scene, style: Style, note: str
) -> None:
    letter = with_a_note(scene, note)
    handled = scene.answer(letter, ANSWER, style=style)
    nothing_internal_left(scene)
    answers = [one for one in scene.left_to(CARA) if one.name == "answer"]
    if answers:
        assert ANSWER in answers[-1].text
        assert handled.disposition == "entry"
    else:
        # Nothing is lost in silence: the agent hears that it did not go, and why.
        assert handled.disposition == "held"
        assert scene.last(IVAN).left_at == scene.stage.now
        assert scene.last(IVAN).name in ("held", "refused")


def test_a41_however_a_note_is_quoted_the_reply_to_it_stays_inside(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Look at it, @olga.", subject="Re: [#1] Printer [note]")
    letter = scene.last(OLGA)
    before = len(scene.to_customers())
    for style in STYLES:
        scene.answer(letter, f"She owes us money, {style.__name__}.", style=style)
    assert len(scene.to_customers()) == before


def test_a43_a_note_pasted_by_hand_is_held_and_leaves_when_the_agent_says_so(
    scene: Scene,
) -> None:
    letter = with_a_note(scene, NOTES["long"])
    pasted = f"I was told: {NOTES['long']}"
    assert scene.answer(letter, pasted).disposition == "held"
    assert "legal" not in scene.text_to_customers()
    scene.stage.settle()


def test_a42_a_held_answer_that_is_released_twice_leaves_once(scene: Scene) -> None:
    letter = with_a_note(scene, "The serial is 4711 0815.")
    scene.answer(letter, "The serial is 4711 0815.", style=plain_top)
    question = scene.last(IVAN, "held")
    before = len(scene.left_to(CARA))
    for _ in range(2):
        scene.stage.take(
            b"From: ivan@help.example\r\nTo: " + question.reply_address.encode()
            + b"\r\nSubject: Re: held\r\nMessage-ID: <"
            + str(len(scene.stage.left)).encode() + b"@help.example>\r\n\r\nok\r\n",
            mail_from=IVAN, rcpt_to=(question.reply_address,),
        )  # fmt: skip
        scene.stage.settle()
    assert len(scene.left_to(CARA)) == before + 1


def test_a44_an_unsure_quote_without_notes_is_sent_whole(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Below my words.\n\nSwitch it off.", style=plain_bottom)
    assert "Switch it off." in scene.last(CARA, "answer").text


def test_an_answer_that_is_only_a_file_reaches_the_customer(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "Where is the manual?")
    letter = scene.last(IVAN)
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
        'Content-Disposition: attachment; filename="manual.pdf"\r\n\r\n%PDF-1\r\n--b--\r\n'
    )
    handled = scene.mail(
        IVAN, f"Re: {letter.header('Subject')}", body, to=letter.reply_address,
        headers={"Content-Type": 'multipart/mixed; boundary="b"'},
    )  # fmt: skip
    sent = scene.last(CARA)
    assert handled.disposition != "command"
    assert (sent.name, sent.attachments) == ("answer", ["manual.pdf"])


def test_a_command_with_a_quote_alone_sends_the_customer_no_words(scene: Scene) -> None:
    letter = with_a_note(scene, NOTES["short"])
    scene.answer(letter, "", subject="[resolve] Re: Printer")
    nothing_internal_left(scene)
    assert "burns" not in scene.last(CARA).text


def test_a_note_with_a_canned_answer_sends_nothing(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    before = len(scene.to_customers())
    scene.answer(scene.last(IVAN), "Private.", subject="Re: [tpl:more-details] [note]")
    assert len(scene.to_customers()) == before


@pytest.mark.parametrize("name", ["shown", "why"])
def test_words_in_reply_to_what_the_desk_tells_an_agent_stay_inside(
    scene: Scene, name: str
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "", subject=f"[{'show' if name == 'shown' else 'why'}]")
    before = len(scene.to_customers())
    scene.answer(scene.last(IVAN, name), "I do not trust her.")
    assert len(scene.to_customers()) == before
    assert scene.stage.ticket(1).entries[-1].kind is EntryKind.NOTE


def test_an_agent_who_copies_the_customer_in_a_note_sends_the_desk_no_second_hand(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(
        scene.last(IVAN), "Private.", subject="Re: [note] Printer", headers={"Cc": CARA}
    )
    assert "Private" not in scene.text_to_customers()


def test_an_agents_mail_that_is_only_a_file_is_not_lost(scene: Scene) -> None:
    body = "--b\r\n\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
    kind = {"Content-Type": 'multipart/mixed; boundary="b"'}
    assert scene.mail(IVAN, "The scan", body, headers=kind).disposition == "ticket"
    assert len(scene.stage.ticket(1).entries[0].attachments) == 1


def test_our_lines_without_their_top_are_held_not_sent(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    handled = scene.answer(scene.last(IVAN), ANSWER, style=plain_without_top)
    assert handled.disposition == "held"
    nothing_internal_left(scene)


def test_an_undone_answer_never_leaves_even_if_the_ticket_is_reopened(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Oops secret.", subject="Re: [note] Printer")
    scene.answer(scene.last(CARA), "Hello?")
    scene.mail(ADA, "[#1] [undo]", "")
    assert "Oops" not in scene.text_to_customers()


@pytest.mark.parametrize(
    "words",
    ["[note] She never pays.", "[note] [watch] She never pays.", "[NOTE]  She never pays."],
)
def test_a_note_typed_in_front_of_its_words_is_a_note(scene: Scene, words: str) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    before = len(scene.to_customers())
    scene.answer(scene.last(IVAN), words)
    assert len(scene.to_customers()) == before
    assert scene.stage.ticket(1).entries[-1].text == "She never pays."


def test_a_note_typed_below_its_words_sends_nothing_until_it_is_put_right(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    before = len(scene.to_customers())
    assert scene.answer(scene.last(IVAN), "She never pays.\n\n[note]").disposition == "held"
    scene.answer(scene.last(IVAN, "refused"), "", subject="[release] [note]")
    assert len(scene.to_customers()) == before
    assert scene.stage.ticket(1).entries[-1].text == "She never pays."


def test_words_in_brackets_that_are_no_command_are_words(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "[3rd floor] is where it stands.\n[1] Switch it off.")
    assert "[3rd floor] is where it stands." in scene.last(CARA, "answer").text


@pytest.mark.parametrize("style", STYLES, ids=lambda one: one.__name__)
def test_a41_a_reply_to_a_note_stays_inside_when_its_token_has_died(
    scene: Scene, style: Style
) -> None:
    """A stranger who used it has killed it; the letter's own id still says what it was."""
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Look at it, @olga.", subject="Re: [#1] Printer [note]")
    letter = scene.last(OLGA)
    scene.answer(letter, "Tell me more.", sender=MALLORY)
    before = len(scene.to_customers())
    handled = scene.answer(letter, "She owes us money.", style=style, login=OLGA)
    assert len(scene.to_customers()) == before
    if handled.disposition == "entry":
        assert scene.stage.ticket(1).entries[-1].kind is EntryKind.NOTE
    else:  # nothing of theirs was found above the quote, and they are told so
        assert scene.last(OLGA).name == "refused"


def attached(letter: Left, *, name: str, content_type: str) -> tuple[str, str]:
    """An answer that brings the letter along as a file, and its Content-Type."""
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n"
        f'--b\r\nContent-Type: {content_type}; name="{name}"\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
        f"{letter.raw.decode('ascii')}\r\n--b--\r\n"
    )
    return body, 'multipart/mixed; boundary="b"'


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("letter.txt", "message/rfc822"), ("Letter.EML", "application/octet-stream")],
)
def test_a42_our_letter_attached_to_an_answer_is_held_until_the_agent_says_so(
    scene: Scene, name: str, content_type: str
) -> None:
    """Outlook can be set to attach what it answers, instead of a quote."""
    letter = with_a_note(scene, NOTES["short"])
    body, kind = attached(letter, name=name, content_type=content_type)
    handled = scene.mail(
        IVAN,
        f"Re: {letter.header('Subject')}",
        body,
        to=letter.reply_address,
        headers={"Content-Type": kind},
    )
    assert handled.disposition == "held"
    assert not [one for one in scene.left_to(CARA) if one.attachments]
    assert scene.stage.held_open()[-1].reason == "attached"
    scene.answer(scene.last(IVAN, "held"), "ok")
    assert len(scene.last(CARA, "answer").attachments) == 1
