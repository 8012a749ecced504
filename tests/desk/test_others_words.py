"""Another customer's words in an answer: what is held, and the many answers that are not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk.cases import (
    BOB,
    CARA,
    POLICY,
    TICKET,
    case,
    entry,
    mail_from,
    numbered,
    participant,
    token,
)
from desk.test_guards import sent

from mailtrack.desk.brackets import folded
from mailtrack.desk.others_words import COMMON_AUTHORS, tickets_quoted
from mailtrack.desk.shingles import SHINGLE_WORDS, Seeker, shingles_of, words_of
from mailtrack.tickets.context import Context, Elsewhere
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.ticket import EntryKind, Part, Ticket

WORDS = "my contract ends in may and I will leave for your rival because of the bill"
SECRET = Elsewhere(2, BOB, EntryKind.MAIL, f"Hello,\n\n{WORDS}.\nBob")


def quoted(
    text: str,
    *said: Elsewhere,
    here: tuple[Ticket, ...] = (TICKET,),
    letters: tuple[SentLetter, ...] = (),
) -> tuple[int, ...]:
    context = Context(tickets=here, sent=letters, elsewhere=said)
    return tickets_quoted(case(mail_from("ivan@help.example"), context=context), here, text)


@pytest.mark.parametrize(
    ("words", "is_held"),
    [(SHINGLE_WORDS - 1, False), (SHINGLE_WORDS, False), (SHINGLE_WORDS + 1, True)],
)
def test_two_runs_of_eight_words_of_another_customer_are_held(
    words: int, *, is_held: bool
) -> None:
    text = "Dear Cara, " + " ".join(WORDS.split()[:words]) + " and so on."
    assert quoted(text, SECRET) == ((2,) if is_held else ())


def test_case_punctuation_and_line_breaks_hide_nothing() -> None:
    assert quoted("> " + WORDS.upper().replace(" ", ",\n> "), SECRET) == (2,)


def test_two_runs_in_two_mails_of_the_same_ticket_are_two() -> None:
    words = WORDS.split()
    one, two = " ".join(words[:8]), " ".join(words[8:16])
    halves = (replace(SECRET, text=one), replace(SECRET, text=two))
    assert quoted(f"{one} x {two}", *halves) == (2,)
    assert quoted(f"{one} x {two}", halves[0], replace(halves[1], number=3)) == ()


@pytest.mark.parametrize(
    ("given", "is_held"),
    [
        ({"kind": EntryKind.THIRD_PARTY, "author": "x@else.example"}, True),
        ({"kind": EntryKind.NOTE, "author": "@olga"}, True),
        ({"kind": EntryKind.ANSWER, "author": "@olga"}, False),  # it has left already
        ({"kind": EntryKind.MACHINE}, False),
        ({"author": CARA}, False),  # her own words in another ticket
        ({"number": 1, "author": CARA}, False),
        ({"number": 1}, True),  # by a merge: he is not on her ticket
    ],
)  # fmt: skip
def test_what_is_kept_from_the_customer(given: dict[str, object], *, is_held: bool) -> None:
    assert bool(quoted(WORDS, replace(SECRET, **given))) is is_held


def test_what_was_said_in_this_ticket_may_be_said_again() -> None:
    here = replace(TICKET, entries=(entry(f"Our footer: {WORDS}."),))
    assert quoted(WORDS, SECRET, here=(here,)) == ()
    note = replace(TICKET, entries=(entry(WORDS, kind=EntryKind.NOTE, author="@ivan"),))
    assert quoted(WORDS, SECRET, here=(note,)) == ()  # it is held as a note
    bounce = replace(TICKET, entries=(entry(WORDS, kind=EntryKind.MACHINE, author=""),))
    assert quoted(WORDS, SECRET, here=(bounce,)) == (2,)


def test_what_our_letters_to_this_customer_said_may_be_said_again() -> None:
    assert quoted(WORDS, SECRET, letters=(sent(CARA, WORDS),)) == ()
    assert quoted(WORDS, SECRET, letters=(sent("@ivan", WORDS),)) == (2,)
    assert quoted(WORDS, SECRET, letters=(sent(BOB, WORDS, number=2),)) == (2,)


def test_what_the_desk_answers_to_others_as_well_may_be_said_again() -> None:
    answer = replace(SECRET, kind=EntryKind.ANSWER, author="@ivan", number=3)
    assert quoted(WORDS, SECRET, answer) == ()  # the newest first
    assert quoted(WORDS, answer, SECRET) == (2,), "it only quoted what he had written"
    assert quoted(WORDS, SECRET, answer, SECRET) == (2,)


def test_a_canned_answer_that_a_customer_sent_back_is_nobodys_secret() -> None:
    words = next(one for one in POLICY.stationery.canned_words if len(words_of(one)) > 20)
    to_cara, to_bob = words.replace("…", "Cara"), words.replace("…", "Bob")
    assert len(shingles_of(to_cara) & shingles_of(to_bob)) > 2
    assert quoted(to_cara, replace(SECRET, text=to_bob)) == ()


@pytest.mark.parametrize("people", [COMMON_AUTHORS - 1, COMMON_AUTHORS])
def test_words_in_the_tickets_of_many_are_nobodys(people: int) -> None:
    said = tuple(replace(SECRET, number=n + 2, author=f"c{n}@x.example") for n in range(people))
    assert len(quoted(WORDS, *said)) == (people if people < COMMON_AUTHORS else 0)


def test_each_of_several_tickets_has_its_own_secrets() -> None:
    his = replace(numbered(3), requester=BOB, participants=(participant(BOB),))
    assert quoted(WORDS, SECRET, here=(his,)) == ()
    shared = replace(his, participants=(participant(BOB), participant(CARA, Part.CC)))
    assert quoted(WORDS, SECRET, here=(shared,)) == (2,)
    assert quoted(WORDS, SECRET, here=(his, TICKET)) == (2,)


def test_a_reply_address_says_whose_it_is() -> None:
    context = Context(tickets=(TICKET,), typed_tokens=(token(BOB, number=7), token(CARA)))
    one = case(mail_from("ivan@help.example"), context=context)
    assert tickets_quoted(one, (TICKET,), "x") == (7,)


def test_the_cheap_look_never_overlooks_a_run() -> None:
    words = words_of(WORDS)
    for start in range(len(words) - SHINGLE_WORDS + 1):
        run = words[start : start + SHINGLE_WORDS]
        for before in range(SHINGLE_WORDS):
            answer = " ".join([*["oh"] * before, *run, "well"])
            assert Seeker(answer).may_find(WORDS)
    assert not Seeker("These are all different.").may_find(WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "E-mail, don't_stop! Ёлка — «ещё» 2.5%",
        "a\x00b c\u3002d",
        "«\u00ad» x\ud800y",
        "",
        "- -",
    ],
)
def test_words_are_compared_as_the_commands_are(text: str) -> None:
    assert words_of(text) == [word for word in map(folded, text.split()) if word]
