"""Words that an agent wrote for one customer, and a split, a merge or a bulk in between.

What was asked about and confirmed is what happens, to whom it was said that it would.
"""

from adversary.scene import BOB, CARA, IVAN, MALLORY, OLGA, Scene
from client import Left

ZED = "zed@zed.example"
NOTE = "Cara has never paid one invoice, legal prepares a letter to her bank on Friday."
GOOD = "Please switch the printer off at once.\nThen wait for ten minutes, and try it again."


def confirm(scene: Scene, question: Left) -> str:
    return scene.answer(question, "ok").disposition


def texts(scene: Scene, who: str) -> str:
    return "\n".join(one.header("Subject") + one.text for one in scene.left_to(who))


def with_strangers(scene: Scene) -> None:
    """A ticket of Cara's in which three others have used her token."""
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(CARA)
    for who in (BOB, MALLORY, ZED):
        scene.answer(letter, f"I am {who}, and my chair is broken.", sender=who)


def two_tickets(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.mail(BOB, "Loan", "The bank refused it.")


def merge(scene: Scene) -> None:
    scene.mail(OLGA, "[#1] [merge:2]", "")
    confirm(scene, scene.last(OLGA, "held"))
    assert scene.stage.ticket(1).merged_into == 2


def letter_from_before_a_merge(scene: Scene, *, into: str) -> Left:
    """What Ivan was told of Cara's ticket, which since is a part of one of that customer's."""
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(IVAN)
    scene.mail(into, "Loan", "The bank refused it.")
    merge(scene)
    return letter


def test_a_confirmed_split_takes_the_mail_that_was_shown_or_none(scene: Scene) -> None:
    with_strangers(scene)
    scene.mail(IVAN, "[#1] [split:3]", "The key is under the mat.")
    question = scene.last(IVAN, "held")
    assert MALLORY in question.text
    scene.mail(IVAN, "[#1] [split:2]", "")
    confirm(scene, scene.last(IVAN, "held"))
    assert confirm(scene, question) == "held"
    assert "mat" not in texts(scene, ZED)
    assert scene.last(IVAN).name == "refused"
    assert len(scene.stage.ticket(1).entries) == 3


def test_a_canned_answer_greets_who_gets_it(scene: Scene) -> None:
    two_tickets(scene)
    scene.mail(IVAN, "[#1] [#2] [tpl:more-details]", "")
    confirm(scene, scene.last(IVAN, "held"))
    assert "Hello Bob Brown," in texts(scene, BOB)
    assert "Hello Cara Smith," in texts(scene, CARA)
    assert "Cara" not in texts(scene, BOB)


def test_a_canned_answer_to_a_mail_that_is_split_off_greets_its_writer(scene: Scene) -> None:
    with_strangers(scene)
    scene.mail(IVAN, "[#1] [split:2] [tpl:more-details]", "")
    confirm(scene, scene.last(IVAN, "held"))
    assert "Hello Bob Brown," in scene.last(BOB, "answer").text
    assert "Cara" not in texts(scene, BOB)
    assert [one.name for one in scene.left_to(CARA)] == ["acknowledged"]


def test_a108_words_confirmed_for_one_customer_do_not_follow_a_merge_to_another(
    scene: Scene,
) -> None:
    two_tickets(scene)
    scene.mail(IVAN, "[#1] Printer", "The key is under the mat.")
    question = scene.last(IVAN, "held")
    merge(scene)
    confirm(scene, question)
    assert "mat" not in texts(scene, BOB)
    anew = scene.last(IVAN, "held")
    assert "→ Bob Brown <bob@cust.example>: The key is under the mat." in anew.text
    confirm(scene, anew)
    assert "mat" in scene.last(BOB, "answer").text


def test_a108_an_answer_to_a_letter_from_before_a_merge_does_not_go_to_another(
    scene: Scene,
) -> None:
    letter = letter_from_before_a_merge(scene, into=BOB)
    assert scene.answer(letter, "The key is under the mat.").disposition == "held"
    assert "mat" not in texts(scene, BOB)
    assert scene.stage.held_open()[-1].reason == "readers"
    # A note stays with colleagues, wherever it stands.
    words = scene.answer(letter, "She never pays.", subject="Re: [note] Printer")
    assert words.disposition == "entry"


def test_s33_an_answer_from_before_the_merge_of_two_tickets_of_one_customer_is_not_held(
    scene: Scene,
) -> None:
    letter = letter_from_before_a_merge(scene, into=CARA)
    assert scene.answer(letter, "Switch it off.").disposition == "entry"
    assert "Switch it off." in scene.last(CARA, "answer").text


def test_who_confirmed_words_of_several_lines_is_not_asked_twice(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.mail(IVAN, "[#1] Printer", GOOD)
    assert "ten minutes" in scene.last(IVAN, "held").text
    confirm(scene, scene.last(IVAN, "held"))
    assert "ten minutes" in scene.last(CARA, "answer").text


def test_an_answer_that_was_held_can_be_written_again_without_what_it_gave_away(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), NOTE, subject="Re: [#1] Printer [note]")
    scene.answer(scene.last(CARA), "Any news?")
    letter = scene.last(IVAN)
    assert scene.answer(letter, f"{GOOD}\n{NOTE}").disposition == "held"
    scene.answer(scene.last(IVAN, "held"), "no")
    assert scene.answer(letter, GOOD).disposition == "entry"


def test_a108_what_a_merge_brought_into_a_ticket_is_not_quoted_to_who_asked_there(
    scene: Scene,
) -> None:
    two_tickets(scene)
    merge(scene)
    secret = "I lost my job in the spring, and the bank will take the house in May."
    scene.answer(scene.last(CARA), secret)
    letter = scene.last(IVAN)
    assert "spring" in letter.text
    handled = scene.answer(letter, f"We read: {secret} Is it so?")
    assert handled.disposition == "held"
    assert scene.stage.held_open()[-1].reason == "others"
    assert "spring" not in texts(scene, BOB)
    words = scene.answer(letter, "The bank has your papers, please wait for them.")
    assert words.disposition == "entry"


def test_a106_one_answer_to_two_customers_does_not_quote_one_to_the_other(
    scene: Scene,
) -> None:
    secret = "I lost my job in the spring, and the bank will take the house in May."
    scene.mail(CARA, "Printer", "It burns.")
    scene.mail(BOB, "Loan", secret)
    scene.mail(IVAN, "[#1] [#2] Re: yours", f"We read: {secret} Is it so?")
    confirm(scene, scene.last(IVAN, "held"))
    assert scene.stage.held_open()[-1].reason == "others"
    assert "spring" not in texts(scene, CARA)
    assert "somebody else's ticket: #2." in scene.last(IVAN, "held").text


def test_a106_who_lets_another_customers_words_through_lets_no_reply_address_through(
    scene: Scene,
) -> None:
    secret = "I lost my job in the spring, and the bank will take the house in May."
    scene.mail(BOB, "Loan", secret)
    bobs = scene.last(IVAN)
    scene.mail(CARA, "Printer", "It burns.")
    caras = scene.last(IVAN)
    for address in (bobs.reply_address, caras.reply_address):
        scene.answer(caras, f"Is this you? {secret}\nWrite to {address}")
        assert scene.stage.held_open()[-1].reason == "others"
        confirm(scene, scene.last(IVAN, "held"))
        assert scene.stage.held_open()[-1].reason == "leak"
        assert "one of our reply addresses" in scene.last(IVAN, "held").text
        scene.answer(scene.last(IVAN, "held"), "no")
    assert "spring" not in texts(scene, CARA)
    # The words alone are asked about once.
    scene.answer(caras, f"Is this you? {secret}")
    confirm(scene, scene.last(IVAN, "held"))
    assert "spring" in texts(scene, CARA)
