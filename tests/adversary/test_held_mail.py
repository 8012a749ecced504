"""Held mail: who may release it, how, and how often."""

from datetime import timedelta

from adversary.scene import (
    ADA,
    CARA,
    IVAN,
    MALLORY,
    OLGA,
    SUPPORT,
    Scene,
    a_ticket,
)
from client import Left


def held(scene: Scene) -> Left:
    """A forged [close] with words; the question that the real Ivan got."""
    a_ticket(scene)
    scene.mail(IVAN, "[#1] [close]", "Pay to Malta.", mail_from=MALLORY)
    return scene.last(IVAN, "held")


def closed(scene: Scene) -> bool:
    return scene.stage.ticket(1).status.value == "closed"


def test_the_real_agent_releases_with_ok(scene: Scene) -> None:
    scene.answer(held(scene), "ok")
    assert closed(scene)


NO_YES = (
        "", "What is this? I did not write it.", "ok?", "OK who wrote this? It was not me.",
        "Yes?", "Да нет, это не я", "да что это такое", "Так не писав я цього", "okay, weird",
        "Si no fui yo", "I am away. ok", "> ok",
)  # fmt: skip


def test_a32_only_a_plain_yes_as_the_first_line_releases(scene: Scene) -> None:
    letter = held(scene)
    for words in NO_YES:
        scene.answer(letter, words)
        assert not closed(scene), words
    assert "Malta" not in scene.text_to_customers()


def test_a31_an_out_of_office_that_begins_with_ok_confirms_nothing(scene: Scene) -> None:
    letter = held(scene)
    for headers in (
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "auto_reply"},
        {"X-Autoreply": "yes"},
        {"X-Auto-Response-Suppress": "All"},
        {"Subject": "Automatic reply: held"},
    ):
        scene.answer(letter, "ok", headers=headers)
    scene.answer(letter, "ok", headers={"List-Id": "<all.help.example>"})
    assert not closed(scene)


def test_a32_a_quoted_ok_and_quoted_links_release_nothing(scene: Scene) -> None:
    letter = held(scene)
    scene.answer(letter, "\n> ok\n> [release]\n")
    scene.mail(IVAN, f"Fwd: {letter.header('Subject')}", f"fyi\n\n{letter.text}", to=OLGA)
    assert not closed(scene)


def test_a33_the_question_releases_once_and_for_nobody_else(scene: Scene) -> None:
    letter = held(scene)
    for sender in (MALLORY, CARA, OLGA):
        scene.answer(letter, "ok", sender=sender)
        scene.answer(letter, "", sender=sender, subject="[release]")
    assert not closed(scene)
    scene.answer(letter, "ok")
    assert closed(scene)
    answers = len(scene.left_to(CARA))
    scene.answer(scene.last(CARA), "Why?")
    scene.answer(letter, "ok")
    scene.answer(letter, "yes", subject="[release]")
    assert scene.stage.ticket(1).status.value == "open"
    assert len(scene.left_to(CARA)) == answers


def test_a33_a_question_answered_too_late_or_under_a_failed_proof_releases_nothing(
    scene: Scene,
) -> None:
    letter = held(scene)
    scene.answer(letter, "ok", login="mallory")
    assert not closed(scene)
    scene.stage.move_to(scene.stage.now + timedelta(days=31))
    scene.answer(letter, "ok")
    assert not closed(scene)


def test_a_release_that_the_forger_wrote_into_the_subject_does_not_come_back(
    scene: Scene,
) -> None:
    a_ticket(scene)
    for subject in ("[#1] [close] [release]", "[#1] [close] [release:H1]", "[#1] [send] [yes]"):
        scene.mail(IVAN, subject, "Pay to Malta.", mail_from=MALLORY)
        scene.answer(scene.last(IVAN), "I did not write this.")
    assert not closed(scene)
    assert "Malta" not in scene.text_to_customers()


def test_a_dropped_mail_stays_dropped(scene: Scene) -> None:
    letter = held(scene)
    scene.answer(letter, "no")
    scene.answer(letter, "ok")
    assert not closed(scene)


def test_what_an_admin_writes_below_a_decision_opens_no_ticket_and_the_asked_agent_hears(
    scene: Scene,
) -> None:
    held(scene)
    # Confirmed, or proved: it is the same.
    scene.mail(ADA, "[reject:H1]", "Never to Malta.")
    assert scene.last(IVAN).name == "held"
    scene.answer(scene.last(ADA, "held"), "ok")
    assert scene.last(IVAN).name == "done"
    scene.mail(IVAN, "[#1] [close]", "Pay to Gozo.", mail_from=MALLORY)
    waiting = scene.stage.held_open()
    scene.mail(ADA, f"Yes, please [release:{waiting[0].held_id}]", "It is fine.", login=ADA)
    assert scene.last(IVAN).name == "done"
    assert closed(scene)
    assert len(waiting) == 1
    assert scene.stage.held_open() == ()
    assert scene.stage.ticket(2) is None


def test_what_a_customer_wrote_into_the_subject_decides_about_no_held_mail(
    scene: Scene,
) -> None:
    held(scene)
    scene.mail(ADA, "Re: [release:H1] Printer", "What does she mean?", login=ADA)
    scene.mail(ADA, "Fwd: [release:H1]", "See below.", login=ADA)
    assert not closed(scene)
    assert len(scene.stage.held_open()) == 1


def test_an_answer_to_a_customer_that_tells_of_a_decision_is_her_ticket(scene: Scene) -> None:
    a_ticket(scene)
    scene.mail(OLGA, "[#1] [close]", "Pay to Malta.", mail_from=MALLORY)
    headers = {"To": CARA, "Cc": SUPPORT}
    scene.mail(ADA, "Let through [reject:H1]", "Write again.", headers=headers, login=ADA)
    assert scene.stage.ticket(2).requester == CARA
    assert not scene.stage.held_open()
    assert scene.last(OLGA).name == "done"


def test_a59_a_confirm_or_bounce_token_is_no_reply_address(scene: Scene) -> None:
    letter = held(scene)
    scene.mail(OLGA, "[close]", "Hm.", to=letter.reply_address)
    scene.answer(scene.last(IVAN, "notification"), "Hello Cara.")
    bounce = scene.last(CARA, "answer").mail_from
    scene.mail(MALLORY, "hi", "let me in", to=bounce)
    scene.mail(IVAN, "[close]", "Pay to Malta.", to=bounce)
    assert not closed(scene)
    assert "Malta" not in scene.text_to_customers()


def test_an_answer_held_for_two_reasons_is_asked_about_twice_and_not_for_ever(
    scene: Scene,
) -> None:
    """A mail without proof that also repeats a note: each reason is asked about once."""
    letter = a_ticket(scene)
    scene.answer(letter, "The serial is 4711-0815-2342.", subject="[note]")
    scene.mail(IVAN, "[#1]", "The serial is 4711-0815-2342.")
    for _ in range(2):
        scene.answer(scene.last(IVAN, "held"), "ok")
    assert "4711-0815-2342" in scene.last(CARA, "answer").text
    assert scene.stage.held_open() == ()


def test_a_corrected_command_that_needs_a_confirmation_is_not_corrected_for_ever(
    scene: Scene,
) -> None:
    letter = a_ticket(scene)
    scene.answer(letter, "Hello both.", subject="[asign:ivan] [cc:pat@out.example]")
    question = scene.last(IVAN, "refused")
    scene.answer(question, "", subject="[release] [assign:ivan] [cc:pat@out.example]")
    scene.answer(scene.last(IVAN, "held"), "ok")
    assert scene.stage.held_open() == ()
    assert scene.stage.ticket(1).owner == "ivan"
    assert [one.name for one in scene.left_to("pat@out.example")] == ["answer"]
