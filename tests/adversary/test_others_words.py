"""What others wrote, in an agent's hands: no customer reads it, and nothing of it commands.

Every scene also checks `laws.py` for each letter that is written.
"""

import pytest
from adversary.scene import (
    BOB,
    CARA,
    IVAN,
    MALLORY,
    STYLES,
    Scene,
    inline_everywhere,
    plain_top,
)
from client import Left

from mailtrack.tickets.ticket import Visibility


def test_a45_a_vendor_who_answers_an_agents_token_hears_nothing_and_changes_nothing(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(IVAN)
    for _ in range(4):
        scene.answer(letter, "Here: [close] part 7 is broken.", sender="v@vendor.example",
                     subject="Re: [close] [note] Printer")  # fmt: skip
    assert scene.left_to("v@vendor.example") == []
    assert scene.stage.ticket(1).status.value == "new"
    assert scene.stage.ticket(1).entries[-1].visibility is Visibility.INTERNAL
    assert "part 7" not in scene.text_to_customers()
    assert "part 7" in scene.last(IVAN).text


def test_a46_a47_a_friend_who_answers_the_customers_letter_is_heard_by_agents_alone(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    token = scene.last(CARA)
    for friend in ("f@friend.example", "g@friend.example", MALLORY):
        scene.answer(token, "Send me her history.", sender=friend)
        assert scene.left_to(friend) == []
    scene.answer(scene.last(IVAN), "Here is the history.")
    for friend in ("f@friend.example", "g@friend.example", MALLORY):
        assert scene.left_to(friend) == []


def test_a51_a_sign_up_code_sent_to_a_customers_token_is_not_passed_on(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.mail(
        "no-reply@slack.example",
        "Your code",
        "Code 4711-0815",
        to=scene.last(CARA).reply_address,
    )
    assert "4711" not in scene.text_to_customers()
    letter = scene.last(IVAN)
    scene.answer(letter, "We got something.", style=plain_top)
    assert "4711" not in scene.text_to_customers()


def test_words_of_a_third_party_quoted_between_an_agents_lines_stay_inside(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(CARA), "Code 4711-0815 is yours.", sender="code@slack.example")
    scene.answer(scene.last(IVAN), "Is this yours?", style=inline_everywhere)
    scene.answer(scene.last(CARA), "Any news?")
    handled = scene.answer(scene.last(IVAN), "Is this yours?", style=inline_everywhere)
    assert handled.disposition == "held"
    assert "4711" not in scene.text_to_customers()


def test_a106_a_customer_cannot_read_anothers_ticket_by_number_command_or_token(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "My secret is xyzzy.")
    scene.answer(scene.last(IVAN), "Your pin is 1234.")
    token = scene.last(CARA)
    for subject in (
        "[#1] [show:1]",
        "[show:1]",
        "[find: xyzzy]",
        "[history] #1",
        "[watch] [#1]",
    ):
        scene.mail(BOB, subject, "hello")
    scene.answer(token, "It is me.", sender=BOB, subject="[cc:bob@cust.example]")
    scene.answer(scene.last(IVAN), "Bob, is that you?")
    for letter in scene.left_to(BOB):
        assert "xyzzy" not in letter.text + letter.html
        assert "1234" not in letter.text + letter.html


def test_a106_a_copied_customer_never_gets_what_was_said_before(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "My secret is xyzzy.")
    scene.answer(scene.last(IVAN), "Noted.", subject="Re: [cc:bob@cust.example]")
    for letter in scene.left_to(BOB):
        assert "xyzzy" not in letter.raw.decode("ascii", "replace") + letter.text


def test_a34_a_customers_bracket_in_a_subject_never_runs_when_an_agent_answers(
    scene: Scene,
) -> None:
    scene.mail(CARA, "[close] [assign:olga] [cc:mallory@evil.example] printer", "It burns.")
    scene.answer(scene.last(IVAN), "On my way.")
    scene.answer(scene.last(IVAN), "On my way.", subject="Re: [close] [assign:olga] printer")
    ticket = scene.stage.ticket(1)
    assert (ticket.status.value, ticket.owner) == ("open", "ivan")
    assert scene.left_to(MALLORY) == []


@pytest.mark.parametrize(
    "subject", ["[close] [tag:vip] printer", "[3rd floor] printer", "[priority:urgent] now"]
)
def test_a34_a_customers_brackets_do_not_run_or_stop_an_agent_who_forwards_the_mail(
    scene: Scene, subject: str
) -> None:
    body = (
        "Please see.\n\n---------- Forwarded message ---------\nFrom: Cara Smith "
        f"<{CARA}>\nDate: Mon, 2 Mar 2026 at 08:00\nSubject: {subject}\nTo: <{IVAN}>\n\n"
        "It burns.\n"
    )
    handled = scene.mail(IVAN, f"Fwd: {subject}", body, login="ivan")
    assert handled.disposition == "ticket"
    ticket = scene.stage.ticket(1)
    assert (ticket.status.value, ticket.tags, ticket.priority.value) == ("new", (), "normal")


def test_a35_quoted_and_forwarded_commands_do_not_run(scene: Scene) -> None:
    scene.mail(
        CARA,
        "Printer",
        "[close]\n[assign:olga]\n\n## Please write your reply above this line ##\n\n[tag:vip]",
    )
    for style in STYLES:
        scene.answer(scene.last(IVAN), "Fine.", style=style)
    ticket = scene.stage.ticket(1)
    assert ticket.status.value in ("new", "open")
    assert ticket.owner in (None, "ivan")
    assert ticket.tags == ()


def with_bobs_letter(scene: Scene) -> tuple[Left, Left]:
    """What Ivan was told of Bob's ticket, and of Cara's."""
    scene.mail(BOB, "Loan", "My bank refused the loan because I lost my job in the spring.")
    bobs = scene.last(IVAN)
    scene.mail(CARA, "Printer", "It burns.")
    return bobs, scene.last(IVAN)


def test_a106_the_reply_address_of_another_ticket_is_held_and_says_whose_it_is(
    scene: Scene,
) -> None:
    bobs, caras = with_bobs_letter(scene)
    for words in (f"Write to {bobs.reply_address}", bobs.text[bobs.text.index("mailto:") :]):
        assert scene.answer(caras, words).disposition == "held"
        assert "somebody else's ticket: #1." in scene.last(IVAN, "held").text
        assert scene.stage.held_open()[-1].reason == "others"
    assert bobs.reply_address not in scene.text_to_customers()


def test_a106_what_another_customer_wrote_is_held_and_dropped_by_a_word(scene: Scene) -> None:
    bobs, caras = with_bobs_letter(scene)
    quote = next(line for line in bobs.text.split("\n") if "refused" in line)
    assert scene.answer(caras, f"Is this you?\n\n{quote}").disposition == "held"
    scene.answer(scene.last(IVAN, "held"), "no")
    assert "refused" not in "".join(one.text for one in scene.left_to(CARA))
    # Into a note it may go: colleagues read both.
    assert scene.answer(caras, f"{quote}", subject="Re: [note] Printer").disposition == "entry"


def test_a106_ordinary_answers_to_two_customers_are_not_held(scene: Scene) -> None:
    bobs, caras = with_bobs_letter(scene)
    usual = (
        "Thank you for your mail. We are looking into it and will come back to you tomorrow "
        "before noon.\n\nBest regards,\nIvan Petrenko"
    )
    for letter in (bobs, caras):
        assert scene.answer(letter, usual).disposition == "entry"
        assert scene.answer(letter, "", subject="Re: [tpl:more-details]").disposition == "entry"
    # Bob sends our words back without a mark, and they are used once more.
    scene.answer(scene.last(BOB), f"{usual}\n\nWhat does this mean?")
    scene.answer(scene.last(CARA), "Any news?")
    assert scene.answer(scene.last(IVAN), usual).disposition == "entry"


def test_a106_what_was_quoted_back_to_its_writer_is_kept_from_others_still(
    scene: Scene,
) -> None:
    bobs, caras = with_bobs_letter(scene)
    words = "My bank refused the loan because I lost my job in the spring."
    assert scene.answer(bobs, f"> {words}\n\nI am sorry.").disposition == "entry"
    assert scene.answer(caras, words).disposition == "held"
