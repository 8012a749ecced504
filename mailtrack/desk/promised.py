"""What the desk does, told to the SLA clocks of the ticket: which event each happening is.

``sla`` says what an event does to a clock. The policy of a ticket is chosen when it is opened
and stands in it by name; the clocks count from the instant our server took the mail in.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailtrack.desk.case import Case
from mailtrack.desk.policy import Policy
from mailtrack.desk.promises import SlaPolicy
from mailtrack.desk.sla import (
    AgentAnswered,
    AnswerRevoked,
    ClockEvent,
    CustomerWrote,
    Merged,
    Opened,
    PromiseChanged,
    Reopened,
    SplitOff,
    StatusChanged,
    Voided,
    advance,
)
from mailtrack.desk.visibility import Reader, visible_to
from mailtrack.tickets.clock import Clock
from mailtrack.tickets.decision import Effect, SetClocks
from mailtrack.tickets.ticket import Entry, EntryKind, Status, Ticket


def promise_of(policy: Policy, ticket: Ticket) -> SlaPolicy | None:
    """The SLA policy of a ticket; None if nothing is promised, or it is gone from the file."""
    return next((one for one in policy.sla_policies if one.name == ticket.sla_policy), None)


def clocks_after(case: Case, ticket: Ticket, *events: ClockEvent) -> tuple[Effect, ...]:
    """The clocks of ``ticket``, which is as the mail leaves it, after these events."""
    clocks = ticket.clocks
    for event in events:
        clocks = _advanced(case, ticket, clocks, event)
    return () if clocks == ticket.clocks else (SetClocks(ticket.number, clocks),)


def clocks_of_change(
    case: Case, before: Ticket, now: Ticket, *, is_answer: bool
) -> tuple[Effect, ...]:
    """What an agent's mail does to the clocks: an answer, a status, a promise, an undo."""
    events: list[ClockEvent] = [*_revoked(before, now)]
    if before.status.is_finished and not now.status.is_finished:
        # What an answer reopens waits for nobody: that very answer is given.
        events.append(Reopened(None if is_answer else unanswered_since(before)))
    elif before.status is not now.status:
        events.append(StatusChanged())
    if _promise(before) != _promise(now):
        events.append(PromiseChanged(now.opened_at, is_answered=_is_answered(now)))
    if is_answer:
        # The answer first: a clock that it stops must not be stopped by the status instead.
        events.insert(0, AgentAnswered())
    return clocks_after(case, now, *events)


def clocks_of_bounce(case: Case, ticket: Ticket, entry_id: str | None) -> tuple[Effect, ...]:
    """An answer that did not arrive was never given."""
    answers = tuple(one for one in ticket.entries if one.kind is EntryKind.ANSWER)
    bounced = next((one for one in answers if one.id == entry_id), None)
    if bounced is None:
        return ()
    return clocks_after(case, ticket, _revoking(bounced, answers), StatusChanged())


def clocks_of_merge(
    policy: Policy, gone: Ticket, into: Ticket, *, at: datetime
) -> tuple[Effect, ...]:
    """The survivor keeps the earlier start; the clocks of the other never count."""
    merged = _advance(policy, into, into.clocks, Merged(gone.clocks), at)
    void = _advance(policy, gone, gone.clocks, Voided(), at)
    return (*_set(into, merged), *_set(gone, void))


def clocks_of_split(
    policy: Policy, left: Ticket, new: Ticket, *, at: datetime
) -> tuple[Effect, ...]:
    """What went counts from when it came; what is left waits for nothing that went."""
    waits = _advance(policy, left, left.clocks, SplitOff(unanswered_since(left)), at)
    return (*_set(left, waits), *clocks_anew(policy, new, at=at))


def clocks_anew(policy: Policy, ticket: Ticket, *, at: datetime) -> tuple[Effect, ...]:
    """The clocks as the entries of the ticket alone would have made them: a merge undone."""
    is_open = replace(ticket, status=Status.OPEN)
    opened = Opened(by_agent=[one.kind for one in ticket.entries[:1]] == [EntryKind.ANSWER])
    clocks = _advance(policy, is_open, (), opened, ticket.opened_at)
    for entry in ticket.entries[1:]:
        if entry.kind is EntryKind.ANSWER:
            clocks = _advance(policy, is_open, clocks, AgentAnswered(), entry.at)
        elif _is_wait(entry):
            clocks = _advance(policy, is_open, clocks, CustomerWrote(), entry.at)
    return _set(ticket, _advance(policy, ticket, clocks, StatusChanged(), at))


def _set(ticket: Ticket, clocks: tuple[Clock, ...]) -> tuple[Effect, ...]:
    return () if clocks == ticket.clocks else (SetClocks(ticket.number, clocks),)


def unanswered_since(ticket: Ticket) -> datetime | None:
    """When the oldest customer mail since the last answer came; None if all are answered."""
    since: datetime | None = None
    for entry in ticket.entries:
        if entry.kind is EntryKind.ANSWER:
            since = None
        elif _is_wait(entry):
            since = since or entry.at
    return since


def _is_wait(entry: Entry) -> bool:
    """Whether a customer waits for an answer to it: who it names may read their own words.

    They may not where the proof of origin failed.
    """
    return entry.kind is EntryKind.MAIL and visible_to(Reader(entry.author), entry)


def _advanced(
    case: Case, ticket: Ticket, clocks: tuple[Clock, ...], event: ClockEvent
) -> tuple[Clock, ...]:
    return _advance(case.policy, ticket, clocks, event, case.envelope.received_at)


def _advance(
    policy: Policy,
    ticket: Ticket,
    clocks: tuple[Clock, ...],
    event: ClockEvent,
    at: datetime,
) -> tuple[Clock, ...]:
    return advance(
        clocks,
        event,
        policy=promise_of(policy, ticket),
        priority=ticket.priority,
        status=ticket.status,
        ladder=policy.ladder,
        at=at,
        pinned_at=ticket.due_at,
    )


def _revoked(before: Ticket, now: Ticket) -> tuple[AnswerRevoked, ...]:
    """The answers that are none any more: an undo made notes of them."""
    answers = tuple(one for one in before.entries if one.kind is EntryKind.ANSWER)
    kinds = {one.id: one.kind for one in now.entries}
    gone = (one for one in answers if kinds.get(one.id) is EntryKind.NOTE)
    return tuple(_revoking(one, answers) for one in gone)


def _revoking(answer: Entry, answers: tuple[Entry, ...]) -> AnswerRevoked:
    later = (one.at for one in answers if one.at > answer.at)
    return AnswerRevoked(answer.at, min(later, default=None))


def _promise(ticket: Ticket) -> tuple[object, ...]:
    return (ticket.priority, ticket.sla_policy, ticket.due_at)


def _is_answered(ticket: Ticket) -> bool:
    return any(entry.kind is EntryKind.ANSWER for entry in ticket.entries)
