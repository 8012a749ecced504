"""A ticket as effects leave it: the same that the store makes of the rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from desk.cases import BOB, CARA, NOW, TICKET, entry, mailbox, participant, token

from mailtrack.desk.after import after, changed
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Effect,
    EndHold,
    Field,
    IssueToken,
    Join,
    KnowCustomer,
    Leave,
    LetterBounced,
    LinkTickets,
    MoveEntry,
    OpenTicket,
    RevokeToken,
    SetAway,
    SetClocks,
    StopLetter,
    TakeTurn,
    WithdrawEntry,
)
from mailtrack.tickets.ticket import EntryKind, Part, Priority, Status, Visibility

LATER = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "new", "attribute", "value"),
    [
        (Field.STATUS, "closed", "status", Status.CLOSED),
        (Field.OWNER, "ivan", "owner", "ivan"),
        (Field.OWNER, "", "owner", None),
        (Field.QUEUE, "billing", "queue", "billing"),
        (Field.PRIORITY, "high", "priority", Priority.HIGH),
        (Field.CATEGORY, "refunds", "category", "refunds"),
        (Field.CATEGORY, "", "category", None),
        (Field.TAGS, "a b", "tags", ("a", "b")),
        (Field.TAGS, "", "tags", ()),
        (Field.DUE_AT, LATER.isoformat(), "due_at", LATER),
        (Field.DUE_AT, "", "due_at", None),
        (Field.SLA_POLICY, "gold", "sla_policy", "gold"),
        (Field.SLA_POLICY, "", "sla_policy", None),
        (Field.MINUTES_SPENT, "25", "minutes_spent", 25),
        (Field.LANGUAGE, "uk", "language", "uk"),
        (Field.MERGED_INTO, "7", "merged_into", 7),
        (Field.MERGED_INTO, "", "merged_into", None),
        (Field.PARTNER_TAGS, "ACME-1\nACME-2", "partner_tags", ("ACME-1", "ACME-2")),
        (Field.PARTNER_TAGS, "", "partner_tags", ()),
        (Field.REQUESTER, BOB, "requester", BOB),
    ],
)
def test_each_field_is_set_from_its_text(
    field: Field, new: str, attribute: str, value: object
) -> None:
    assert getattr(changed(TICKET, field, new), attribute) == value
    assert getattr(after(TICKET, (Change(1, field, "", new, ""),)), attribute) == value


def test_every_field_has_a_row_above() -> None:
    for field in Field:
        text = {"status": "open", "priority": "low", "minutes_spent": "1", "due_at": ""}
        assert changed(TICKET, field, text.get(field.value, "")) is not None


CLOCK = Clock(Metric.FIRST_REPLY, 1, "p", ClockState.RUNNING, NOW, 60)


@pytest.mark.parametrize(
    ("effect", "attribute", "value"),
    [
        (Join(1, participant(BOB, Part.CC), ""), "participants",
         (participant(CARA), participant(BOB, Part.CC))),
        (Join(1, participant(CARA, Part.CC), ""), "participants",
         (participant(CARA, Part.CC),)),
        (Leave(1, CARA, ""), "participants", ()),
        (Leave(1, BOB, ""), "participants", (participant(CARA),)),
        (LinkTickets(1, 7), "linked", (7,)),
        (SetClocks(1, (CLOCK,)), "clocks", (CLOCK,)),
        (IssueToken(token(CARA)), "tokens", (token(CARA),)),
    ],
)  # fmt: skip
def test_each_effect_on_the_ticket(effect: Effect, attribute: str, value: object) -> None:
    assert getattr(after(TICKET, (effect,)), attribute) == value


@pytest.mark.parametrize(
    "effect",
    [
        OpenTicket(TICKET),
        EndHold("H1", "released", "@ivan"),
        StopLetter("l1", "@ivan"),
        TakeTurn("support", "ivan"),
        KnowCustomer(mailbox(CARA), "en"),
        SetAway("ivan", None),
        LetterBounced("l1", "5.1.1", "", is_permanent=True),
        Change(2, Field.STATUS, "new", "closed", ""),
        AddEntry(entry("x", number=2)),
        Leave(2, CARA, ""),
        SetClocks(2, (CLOCK,)),
    ],
    ids=lambda effect: type(effect).__name__,
)
def test_what_is_not_about_the_ticket_leaves_it_alone(effect: Effect) -> None:
    assert after(TICKET, (effect,)) == TICKET


def test_an_entry_is_the_newest_and_the_ticket_changed_with_it() -> None:
    ticket = after(TICKET, (AddEntry(entry("a")), AddEntry(entry("b", minutes=5))))
    assert [one.text for one in ticket.entries] == ["a", "b"]
    assert ticket.changed_at == entry("b", minutes=5).at


def test_an_answer_that_was_stopped_is_a_note() -> None:
    answer = entry("Idiot.", kind=EntryKind.ANSWER, author="@ivan")
    other = entry("Dear Cara", kind=EntryKind.ANSWER, author="@ivan", minutes=1)
    ticket = replace(TICKET, entries=(answer, other))
    left = after(ticket, (WithdrawEntry(1, answer.id),)).entries
    assert [(one.kind, one.visibility) for one in left] == [
        (EntryKind.NOTE, Visibility.INTERNAL),
        (EntryKind.ANSWER, Visibility.PUBLIC),
    ]


def test_an_entry_goes_to_another_ticket_with_its_writers_id() -> None:
    mail = replace(entry("The fax."), message_id="<fax@cust.example>")
    ticket = after(TICKET, (AddEntry(mail),))
    move = MoveEntry(1, replace(mail, number=2), "@ivan")
    here, there = after(ticket, (move,)), after(replace(TICKET, number=2), (move,))
    assert (mail in here.entries, here.thread) == (False, TICKET.thread)
    assert there.entries[-1] == replace(mail, number=2)
    assert there.thread[-1].message_id == "<fax@cust.example>"
    assert after(replace(ticket, number=3), (move,)).entries == ticket.entries


def test_a_revoked_token_is_gone() -> None:
    ticket = replace(TICKET, tokens=(token(CARA), token(BOB)))
    assert after(ticket, (RevokeToken(token(CARA).handle),)).tokens == (token(BOB),)


def test_effects_follow_one_another() -> None:
    effects = (
        Change(1, Field.STATUS, "new", "open", ""),
        Change(1, Field.STATUS, "open", "closed", ""),
    )
    assert after(TICKET, effects).status is Status.CLOSED
