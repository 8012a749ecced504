"""To which ticket a mail belongs: every kind of evidence, and what it is worth from whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from desk.cases import (
    BOB,
    CARA,
    NOW,
    POLICY,
    TICKET,
    case,
    entry,
    mail_from,
    numbered,
    participant,
    token,
)

from mailtrack.desk.case import Case
from mailtrack.desk.identity import writer_of
from mailtrack.desk.policy import Policy, TrustPolicy
from mailtrack.desk.threads import MERGES_MAX, Thread, Via, match_thread
from mailtrack.desk.tokens import live_token
from mailtrack.tickets.context import Context, KnownId
from mailtrack.tickets.reading import Origin, Verdict
from mailtrack.tickets.ticket import SPLIT_FROM, JournalRow, Part, Status, Ticket
from mailtrack.tickets.token import Purpose, Token

IVAN = "ivan@help.example"
OURS = "<ours@help.example>"
THEIRS = "<theirs@cust.example>"
STRICT = replace(POLICY, trust=TrustPolicy.STRICT)
FAX = replace(entry("The fax.", author=BOB, number=2), message_id=THEIRS)
SPLIT = replace(
    numbered(2),
    requester=BOB,
    participants=(participant(BOB),),
    entries=(FAX,),
    journal=(JournalRow("s0", 2, NOW, "@ivan", SPLIT_FROM, FAX.id, "1"),),
)


def matched(one: Case) -> Thread:
    return match_thread(one, writer_of(one.mail, one.reading.origin, one.policy))


def known(
    message_id: str, *, number: int = 1, person: str = CARA, is_ours: bool = True
) -> Context:
    ids = (KnownId(message_id, number, person, is_ours),)
    return Context(tickets=(TICKET, numbered(2)), known_ids=ids)


@pytest.mark.parametrize(
    ("sender", "person", "stranger", "capability"),
    [
        (CARA, CARA, False, True),
        (BOB, CARA, True, False),
        (IVAN, "@ivan", False, True),
        ("olga@help.example", "@ivan", False, False),
        (CARA, "@ivan", False, False),
        (IVAN, CARA, False, False),
    ],
)
def test_a_token_names_the_ticket_and_is_worth_what_its_bearer_is(
    sender: str, person: str, *, stranger: bool, capability: bool
) -> None:
    found = matched(case(mail_from(sender), tokens=(token(person),)))
    assert found.ticket == TICKET
    assert (found.via, found.holder) == (Via.TOKEN, person)
    assert (found.is_stranger, found.has_capability) == (stranger, capability)


@pytest.mark.parametrize("purpose", [Purpose.BOUNCE, Purpose.CONFIRM])
def test_a_token_of_another_purpose_names_nothing(purpose: Purpose) -> None:
    one = case(mail_from(CARA), tokens=(token(CARA, purpose=purpose),))
    assert matched(one).ticket is None


@pytest.mark.parametrize(
    "changed",
    [
        {"is_revoked": True},
        {"expires_at": NOW},
        {"person": BOB},
        {"role": "agent"},
        {"ticket_uuid": "u2"},
        {"held_id": "H1"},
        {"handle": "zzzzzzzz"},
    ],
)
def test_a_token_that_is_dead_or_not_the_one_that_was_made_is_none(
    changed: dict[str, str],
) -> None:
    row = replace(token(CARA), **changed)  # type: ignore[arg-type]
    context = Context(tickets=(TICKET,), tokens=(row,))
    one = case(mail_from(CARA), tokens=(token(CARA),), context=context)
    assert live_token(one, Purpose.REPLY) is None
    assert matched(one).ticket is None


def test_a_token_lives_to_its_last_second() -> None:
    row = replace(token(CARA), expires_at=NOW + timedelta(seconds=1))
    assert matched(case(mail_from(CARA), tokens=(row,))).ticket == TICKET


def test_the_first_live_token_decides() -> None:
    dead = replace(token(CARA, number=2), is_revoked=True)
    tickets = Context(tickets=(TICKET, numbered(2)), tokens=(dead, token(CARA)))
    one = case(mail_from(CARA), tokens=(dead, token(CARA)), context=tickets)
    assert matched(one).ticket == TICKET


def test_the_token_wins_over_references_and_says_so() -> None:
    context = replace(known(OURS, number=2), tokens=(token(CARA),))
    one = case(mail_from(CARA), tokens=(token(CARA),), known_ids=(OURS,), context=context)
    found = matched(one)
    assert found.ticket == TICKET
    assert any("another ticket" in reason.said for reason in found.trace)


@pytest.mark.parametrize(
    ("sender", "person", "number"),
    [
        (CARA, CARA, 1),
        (BOB, CARA, None),
        (IVAN, "@ivan", 1),
        (IVAN, CARA, None),
        (BOB, BOB, None),
    ],
)
def test_a_letter_of_ours_is_answered_by_whom_it_was_written_to(
    sender: str, person: str, number: int | None
) -> None:
    one = case(mail_from(sender), known_ids=(OURS,), context=known(OURS, person=person))
    found = matched(one)
    assert (found.ticket.number if found.ticket else None) == number
    if number:
        assert (found.via, found.has_capability) == (Via.ISSUED_ID, True)
    else:
        assert found.hint == 1


@pytest.mark.parametrize(
    ("sender", "origin", "strict", "number"),
    [
        (CARA, Verdict.NONE, False, 1),
        (CARA, Verdict.PASS, False, 1),
        (CARA, Verdict.FAIL, False, None),
        (CARA, Verdict.NONE, True, None),
        (CARA, Verdict.PASS, True, 1),
        (BOB, Verdict.PASS, False, None),
        (IVAN, Verdict.NONE, False, 1),
    ],
)
@pytest.mark.parametrize("via", [Via.OWN_ID, Via.NUMBER])
def test_a_claim_helps_only_who_is_on_the_ticket_and_proved(
    via: Via, sender: str, origin: Verdict, number: int | None, *, strict: bool
) -> None:
    by_id = via is Via.OWN_ID
    one = case(
        mail_from(sender),
        known_ids=(THEIRS,) if by_id else (),
        numbers=() if by_id else (1,),
        context=known(THEIRS, is_ours=False) if by_id else Context(tickets=(TICKET,)),
        origin=Origin(origin),
        policy=STRICT if strict else POLICY,
    )
    found = matched(one)
    assert (found.ticket.number if found.ticket else None) == number
    assert found.via is (via if number else None)
    assert found.hint == (None if number else 1)
    assert not found.has_capability


@pytest.mark.parametrize(("days", "number"), [(14, 1), (15, None)])
def test_the_number_of_a_ticket_finished_long_ago_is_no_evidence(
    days: int, number: int | None
) -> None:
    old = replace(TICKET, status=Status.CLOSED, finished_at=NOW - timedelta(days=days))
    one = case(mail_from(CARA), numbers=(1,), context=Context(tickets=(old,)))
    found = matched(one)
    assert (found.ticket.number if found.ticket else None) == number


def test_the_mails_own_id_is_no_answer_to_itself() -> None:
    context = known("<in@mail.example>", is_ours=False)
    one = case(mail_from(CARA), known_ids=("<in@mail.example>",), context=context)
    found = matched(one)
    assert (found.ticket, found.hint) == (None, None)


def test_a_copied_customer_is_on_the_ticket() -> None:
    both = replace(TICKET, participants=(*TICKET.participants, participant(BOB, Part.CC)))
    one = case(mail_from(BOB), tokens=(token(CARA),), context=Context(tickets=(both,)))
    found = matched(one)
    assert (found.is_stranger, found.has_capability) == (False, False)


def chain(length: int) -> tuple[Ticket, ...]:
    tickets = tuple(
        replace(numbered(number), merged_into=number + 1) for number in range(1, length + 1)
    )
    return (*tickets, numbered(length + 1))


@pytest.mark.parametrize(("length", "last"), [(1, 2), (MERGES_MAX, MERGES_MAX + 1)])
def test_merged_tickets_lead_to_the_one_that_is_left(length: int, last: int) -> None:
    one = case(mail_from(CARA), tokens=(token(CARA),), context=Context(tickets=chain(length)))
    found = matched(one)
    assert found.ticket is not None
    assert found.ticket.number == last


def test_merges_that_run_in_a_circle_end() -> None:
    circle = (replace(TICKET, merged_into=2), replace(numbered(2), merged_into=1))
    one = case(mail_from(CARA), tokens=(token(CARA),), context=Context(tickets=circle))
    assert matched(one).ticket is not None


def test_nothing_names_nothing() -> None:
    found = matched(case(mail_from(CARA), known_ids=("<x@y.example>",), numbers=(7,)))
    assert (found.ticket, found.via, found.hint) == (None, None, None)
    assert found.trace


def test_a_token_of_a_letter_about_no_ticket_still_proves_who_answers() -> None:
    row = Token("rxaaaaaa", Purpose.REPLY, 0, "", "@ivan", "agent", NOW)
    found = matched(case(mail_from(IVAN), tokens=(row,), numbers=(1,)))
    assert found.ticket == TICKET
    assert found.has_capability


def test_a_mail_without_a_writer_finds_its_ticket_by_token_alone() -> None:
    one = case(replace(mail_from(CARA), sender=None), tokens=(token(CARA),))
    found = match_thread(one, None)
    assert found.ticket == TICKET
    assert not found.has_capability
    assert found.is_stranger


@pytest.mark.parametrize(
    ("queue", "team"),
    [("support", ("ivan", "olga")), ("billing", ("ivanna", "lena")), ("none", ())],
)
def test_a_team_is_who_works_the_queue_and_is_still_here(
    queue: str, team: tuple[str, ...]
) -> None:
    assert POLICY.team(queue) == team


@pytest.mark.parametrize(
    ("sender", "holder", "verdict", "policy", "answered", "number"),
    [
        (BOB, CARA, Verdict.NONE, POLICY, (THEIRS,), 2),
        (BOB, CARA, Verdict.PASS, STRICT, (THEIRS,), 2),
        (BOB, CARA, Verdict.NONE, STRICT, (THEIRS,), 1),
        (BOB, CARA, Verdict.FAIL, POLICY, (THEIRS,), 1),
        (BOB, BOB, Verdict.NONE, STRICT, (THEIRS,), 2),
        (BOB, BOB, Verdict.FAIL, STRICT, (THEIRS,), 1),
        (BOB, BOB, Verdict.NONE, POLICY, (OURS, THEIRS), 1),
        (CARA, CARA, Verdict.PASS, POLICY, (THEIRS,), 1),
        (IVAN, "@ivan", Verdict.PASS, POLICY, (THEIRS,), 1),
    ],
)
def test_a47_an_answer_to_ones_own_mail_follows_it_to_the_ticket_it_was_split_off_to(
    sender: str,
    holder: str,
    verdict: Verdict,
    policy: Policy,
    answered: tuple[str, ...],
    number: int,
) -> None:
    context = Context(tickets=(TICKET, SPLIT), known_ids=(KnownId(THEIRS, 2, BOB, False),))
    one = case(
        mail_from(sender),
        tokens=(token(holder),),
        known_ids=answered,
        context=context,
        policy=policy,
        origin=Origin(verdict, "dkim"),
    )
    found = matched(one)
    assert found.ticket is not None
    assert found.ticket.number == number


@pytest.mark.parametrize(
    "changed",
    [{"journal": ()}, {"requester": CARA}, {"merged_into": 1}],
    ids=["never split", "of somebody else", "laid back"],
)
def test_a_token_counts_for_more_than_ones_own_mail_in_any_other_ticket(
    changed: dict[str, object],
) -> None:
    other = replace(SPLIT, **changed)
    context = Context(tickets=(TICKET, other), known_ids=(KnownId(THEIRS, 2, BOB, False),))
    one = case(mail_from(BOB), tokens=(token(BOB),), known_ids=(THEIRS,), context=context)
    assert matched(one).ticket == TICKET


def test_a_mail_that_answers_none_does_not_answer_itself() -> None:
    """Its own id is looked up, too, lest a letter of ours come back; it is no answer to it."""
    again = replace(mail_from(BOB), message_id=THEIRS)
    context = Context(tickets=(TICKET, SPLIT), known_ids=(KnownId(THEIRS, 2, BOB, False),))
    one = case(again, tokens=(token(BOB),), known_ids=(THEIRS,), context=context)
    assert one.reading.answered_id is None
    assert matched(one).ticket == TICKET
