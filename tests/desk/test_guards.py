"""What holds an answer back: a colleague's newer answer, words of a note, a reply address."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from desk.cases import CARA, NOW, POLICY, TICKET, agent, case, entry, mail_from, token

from mailtrack.desk.guards import (
    LINE_CHARS_MIN,
    collision,
    leaks_line,
    leaks_note,
    leaks_token,
)
from mailtrack.desk.shingles import SHINGLE_WORDS
from mailtrack.tickets.context import Context
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.ticket import EntryKind, Ticket

ANSWERED = "<letter@help.example>"


def sent(person: str = "@ivan", text: str = "text", *, number: int | None = 1) -> SentLetter:
    return SentLetter(
        "l1", "notification", person, number, "x@help.example", ANSWERED, "s", text, "sent",
        NOW, NOW,
    )  # fmt: skip


def answer_at(minutes: int, author: str = "@olga") -> Ticket:
    kind = EntryKind.ANSWER
    return replace(TICKET, entries=(entry("x", kind=kind, author=author, minutes=minutes),))


@pytest.mark.parametrize(
    ("ticket", "collides"),
    [
        (answer_at(1), True),
        (answer_at(0), False),
        (answer_at(-1), False),
        (answer_at(1, author="@ivan"), False),
        (replace(TICKET, entries=(entry("x", minutes=1),)), False),
        (
            replace(
                TICKET,
                entries=(entry("x", kind=EntryKind.NOTE, author="@olga", minutes=1),),
            ),
            False,
        ),
    ],
)
def test_an_answer_that_came_since_the_letter_that_is_answered(
    ticket: Ticket, *, collides: bool
) -> None:
    context = Context(tickets=(ticket,), sent=(sent(),))
    one = case(mail_from("ivan@help.example"), known_ids=(ANSWERED,), context=context)
    assert (collision(one, ticket, agent("ivan")) is not None) is collides


def test_who_does_not_say_what_they_answer_collides_with_nothing() -> None:
    ticket = answer_at(1)
    context = Context(tickets=(ticket,), sent=(sent(),))
    one = case(mail_from("ivan@help.example"), context=context)
    assert collision(one, ticket, agent("ivan")) is None


def test_the_newest_letter_that_is_answered_counts() -> None:
    ticket = answer_at(5)
    newer = replace(
        sent(), message_id="<n@help.example>", written_at=NOW + timedelta(minutes=9)
    )
    context = Context(tickets=(ticket,), sent=(sent(), newer))
    ids = (ANSWERED, "<n@help.example>")
    one = case(mail_from("ivan@help.example"), known_ids=ids, context=context)
    assert collision(one, ticket, agent("ivan")) is None


WORDS = tuple(f"word{n}" for n in range(20))


def noted(text: str, kind: EntryKind = EntryKind.NOTE) -> Ticket:
    return replace(TICKET, entries=(entry(text, kind=kind, author="@olga"),))


@pytest.mark.parametrize(
    ("words", "leaks"),
    [(SHINGLE_WORDS - 1, False), (SHINGLE_WORDS, False), (SHINGLE_WORDS + 1, True), (20, True)],
)
def test_two_runs_of_eight_words_make_a_leak(words: int, *, leaks: bool) -> None:
    text = "Dear Cara, " + " ".join(WORDS[:words]) + " and so on."
    assert leaks_note(noted(" ".join(WORDS)), text) is leaks


@pytest.mark.parametrize(
    ("kind", "leaks"),
    [
        (EntryKind.NOTE, True),
        (EntryKind.THIRD_PARTY, True),
        (EntryKind.MAIL, False),
        (EntryKind.ANSWER, False),
        (EntryKind.MACHINE, False),
    ],
)
def test_only_what_is_internal_leaks(kind: EntryKind, *, leaks: bool) -> None:
    assert leaks_note(noted(" ".join(WORDS), kind), " ".join(WORDS)) is leaks


def test_case_and_punctuation_hide_nothing() -> None:
    assert leaks_note(noted(" ".join(WORDS)), ", ".join(WORDS).upper())


TEXT = POLICY.keys.text_of(token("@ivan"))


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        (f"support+{TEXT}@help.example", True),
        (f"mailto:support%2B{TEXT}@help.example?subject=x", True),
        (f"support+{TEXT.upper()}@help.example", True),
        (f"<{TEXT}@reply.help.example>", True),
        (f"In-Reply-To: <{TEXT}.0123456789abcdef@help.example>", True),
        (f"{TEXT}", False),
        (f"support+{TEXT[1:]}@help.example", False),
        (f"support+{TEXT}a@help.example", False),
        ("support+x" + "a" * 29 + "@help.example", False),
        ("support@help.example", False),
        ("", False),
    ],
)
def test_a_reply_address_in_an_answer(text: str, *, leaks: bool) -> None:
    assert leaks_token(text) is leaks


def leaked(text: str, *, ticket: Ticket = TICKET, letters: tuple[SentLetter, ...] = ()) -> bool:
    context = Context(tickets=(ticket,), sent=letters)
    return leaks_line(case(mail_from("ivan@help.example"), context=context), ticket, text)


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("She has not paid for years.", True),
        ("> She has not paid for years.", True),
        ("Dear Cara,\nShe has not paid for years.\nIvan", True),
        ("She has not paid.", False),
        ("It burns and burns and burns.", False),
        ("", False),
    ],
)
def test_a_whole_note_of_one_line(text: str, *, leaks: bool) -> None:
    said = entry("It burns and burns and burns.")
    ticket = replace(noted("She has not paid for years."), entries=(
        said, *noted("She has not paid for years.").entries))  # fmt: skip
    assert leaked(text, ticket=ticket) is leaks


def test_a_line_of_a_longer_note_leaks_when_it_is_quoted() -> None:
    ticket = noted("First of all: be careful.\nShe has not paid for years.")
    assert leaked("> She has not paid for years.", ticket=ticket)
    assert not leaked("She has not paid for years.", ticket=ticket)


def test_what_stands_around_the_words_in_our_letters_is_for_agents() -> None:
    letter = sent(text="Customer: Cara Smith, vip\n│ It burns and burns.\n")
    assert leaked("> Customer: Cara Smith, vip", letters=(letter,))
    assert not leaked("> It burns and burns.", letters=(letter,))
    assert not leaked("> Customer: Cara Smith, vip", letters=(replace(letter, person=CARA),))
    assert not leaked("> Customer: Cara Smith, vip", letters=(replace(letter, number=2),))


def test_a_short_line_is_anybodys() -> None:
    short, longer = "a" * (LINE_CHARS_MIN - 1), "a" * LINE_CHARS_MIN
    assert not leaked(short, ticket=noted(short))
    assert leaked(longer, ticket=noted(longer))
