"""Mail that waits for somebody's word: who may say it, and what the word is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk.cases import NOW, POLICY, TICKET, agent, case, mail_from

from mailtrack.desk.brackets import brackets_in_subject, brackets_on_top
from mailtrack.desk.case import Case
from mailtrack.desk.commands.order import Problem, Refusal
from mailtrack.desk.confirming import end_hold, may_end
from mailtrack.desk.holding import (
    HELD_TEXT_CHARS_MAX,
    HoldReason,
    hold,
    hold_refused,
    hold_unproved,
    tell_admins,
)
from mailtrack.tickets.context import Context, HeldMail, RecentAutomatic
from mailtrack.tickets.decision import EndHold, Hold, NoteHeld
from mailtrack.tickets.token import Purpose

IVAN = "ivan@help.example"


def held(reason: HoldReason = HoldReason.UNPROVED, *, state: str = "held") -> HeldMail:
    one, _ = hold(case(mail_from(IVAN)), reason, agent=agent("ivan"), ticket=TICKET)
    return replace(one, state=state)


def answered(subject: str, body: str) -> Case:
    brackets = brackets_in_subject(subject) + brackets_on_top(body)[0]
    return case(mail_from(IVAN, reply=body, subject=subject), brackets=brackets)


def ended(subject: str, body: str, *, of: HoldReason = HoldReason.UNPROVED) -> EndHold | None:
    outcome = end_hold(answered(subject, body), held(of), agent=agent("ivan"))
    effects = [one for one in outcome.effects if isinstance(one, EndHold)]
    others = [one for one in outcome.effects if one not in effects]
    assert all(isinstance(one, NoteHeld) for one in others)
    assert not (effects and others)
    assert outcome.trace
    return effects[0] if effects else None


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("ok", "released"),
        ("OK.", "released"),
        ("ok, thanks", "released"),
        ("\n\nYes!\n\nIvan", "released"),
        ("да", "released"),
        ("Так", "released"),
        ("добре", "released"),
        ("ja", "released"),
        ("no", "dropped"),
        ("ні", "dropped"),
        ("нет", "dropped"),
        ("ok?", None),
        ("ok I am away", None),
        ("okra", None),
        ("not ok", None),
        ("who wrote this?", None),
        ("", None),
        ("> ok", None),
    ],
)
def test_the_first_words_of_an_answer_decide(body: str, state: str | None) -> None:
    found = ended("Re: Is this mail from you?", body)
    assert (found.state if found else None) == state


@pytest.mark.parametrize(
    ("subject", "state"),
    [
        ("[release]", "released"),
        ("[Send]", "released"),
        ("[отправить]", "released"),
        ("[надіслати]", "released"),
        ("[drop]", "dropped"),
        ("[reject]", "dropped"),
        ("[discard]", "dropped"),
        ("[close]", None),
    ],
)
def test_a_bracket_decides(subject: str, state: str | None) -> None:
    found = ended(subject, "")
    assert (found.state if found else None) == state


@pytest.mark.parametrize(
    ("subject", "of", "brackets"),
    [
        ("[release]", HoldReason.UNPROVED, None),
        ("[release] [close]", HoldReason.UNPROVED, (("close", ""),)),
        ("[release]", HoldReason.COMMANDS, ()),
        ("[release] [assign:ivan]", HoldReason.COMMANDS, (("assign", "ivan"),)),
        ("[assign:ivan] [close]", HoldReason.COMMANDS, (("assign", "ivan"), ("close", ""))),
    ],
)
def test_a_release_may_bring_the_right_commands(
    subject: str, of: HoldReason, brackets: tuple[tuple[str, str], ...] | None
) -> None:
    found = ended(subject, "", of=of)
    assert found is not None
    assert (found.state, found.brackets) == ("released", brackets)


def test_a_word_of_command_in_the_mail_itself_is_no_release() -> None:
    found = ended("Re: x [close]", "ok", of=HoldReason.UNPROVED)
    assert found is None


@pytest.mark.parametrize("state", ["released", "dropped", "done"])
def test_what_is_decided_stays_decided(state: str) -> None:
    outcome = end_hold(answered("[release]", ""), held(state=state), agent=agent("ivan"))
    assert outcome.effects == ()
    assert [one.name for one in outcome.letters] == ["done"]


@pytest.mark.parametrize(("name", "may"), [("ivan", True), ("olga", False), ("ada", True)])
def test_the_one_who_was_asked_may_end_it_and_admins(name: str, *, may: bool) -> None:
    assert may_end(held(), agent(name)) is may


def test_what_nobody_was_asked_about_only_admins_may_end() -> None:
    one = replace(held(), person=None)
    assert [a.name for a in POLICY.agents if may_end(one, a)] == ["ada"]


def test_a_held_mail_keeps_its_envelope_and_permits_what_it_waits_for() -> None:
    one, outcome = hold(
        case(mail_from(IVAN)), HoldReason.LEAK, agent=agent("ivan"), ticket=TICKET
    )
    assert (one.held_id, one.person, one.number) == ("H1", "@ivan", 1)
    assert one.grant == "leak"
    assert one.envelope.spool_id == "s1"
    assert outcome.effects == (Hold(one),)


def refusals(*brackets: str) -> tuple[Refusal, ...]:
    return tuple(Refusal(one, Problem.UNKNOWN_WORD, one, ("[close]",)) for one in brackets)


def test_the_question_goes_to_the_registered_address_under_a_token_for_this_mail() -> None:
    outcome = hold_refused(
        case(mail_from("ivan@home.example")),
        refusals("[cloze]"),
        agent=agent("ivan"),
        ticket=TICKET,
        text="x",
    )
    (letter,) = outcome.letters
    assert str(letter.mail.recipient) == IVAN
    confirm = [one for one in letter.tokens if one.purpose is Purpose.CONFIRM]
    assert [(one.held_id, one.person) for one in confirm] == [("H1", "@ivan")]
    assert confirm[0].expires_at is not None
    assert confirm[0].expires_at > NOW


def test_long_words_are_shown_in_part_and_kept_whole() -> None:
    text = "a" * (HELD_TEXT_CHARS_MAX + 1)
    outcome = hold_refused(
        case(mail_from(IVAN)), refusals("[x]"), agent=agent("ivan"), ticket=TICKET, text=text
    )
    (letter,) = outcome.letters
    shown = letter.mail.text.count("a" * 100)
    assert shown <= HELD_TEXT_CHARS_MAX // 100
    assert len(letter.mail.text) < len(text) + 5_000


@pytest.mark.parametrize(("asked", "letters"), [(19, 1), (20, 0)])
def test_an_agent_is_asked_so_often_a_day(asked: int, letters: int) -> None:
    context = Context(automatic=RecentAutomatic(errors_to_sender_day=asked))
    outcome = hold_unproved(
        case(mail_from(IVAN), context=context),
        HoldReason.UNPROVED,
        agent=agent("ivan"),
        ticket=None,
        would=("[close]",),
    )
    assert len(outcome.letters) == letters
    assert any(isinstance(one, Hold) for one in outcome.effects)


def test_each_admin_is_told_of_what_only_admins_can_decide() -> None:
    one = case(mail_from("mallory@evil.example"))
    item, _ = hold(one, HoldReason.RULE, agent=None, ticket=None)
    assert [letter.person for letter in tell_admins(one, item).letters] == ["@ada"]
