"""What is promised to a customer, and what each event does to the clocks of a ticket.

first reply: from the opening to the first public answer. next reply: from the oldest mail that
is unanswered since the last answer. update: since the last answer, while work is ours.
resolution: from the opening to resolved, less the pauses. Notes, acknowledgements, assignment,
snoozing and machine-made mail are no events at all.

``clocks`` is the arithmetic of one clock, ``escalation`` tells people, ``calendar`` knows the
hours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from mailtrack.desk.clocks import (
    REPLIES,
    Terms,
    cycles,
    elapsed_at,
    moved,
    paused,
    promised_anew,
    running,
    started,
    started_late,
    stopped,
    voided,
    whole_second,
    with_breach,
)
from mailtrack.desk.escalation import DueRung as DueRung
from mailtrack.desk.escalation import rungs_due as rungs_due
from mailtrack.desk.escalation import told as told
from mailtrack.desk.escalation import with_next_rung
from mailtrack.desk.promises import Rung, SlaPolicy
from mailtrack.desk.routing import RoutingFacts, fits
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.ticket import Priority, Status

Clocks = tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket was opened: by a customer's mail, or by an agent who wrote to a customer.

    A mail that an agent forwarded or opened on a customer's behalf is the customer's.
    """

    by_agent: bool = False


@dataclass(frozen=True, slots=True)
class CustomerWrote:
    """A public mail of the requester or a copied customer that asks for an answer."""


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """An agent's words went to the customer."""


@dataclass(frozen=True, slots=True)
class AnswerRevoked:
    """An answer was undone or bounced: it was never sent.

    ``answered_at`` is when it had been given, ``next_answer_at`` when the next one was.
    """

    answered_at: datetime
    next_answer_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Only the status is another one."""


@dataclass(frozen=True, slots=True)
class PromiseChanged:
    """Another priority, policy, calendar or pinned date holds.

    ``opened_at`` lets what was not promised before start when the ticket was opened; None
    starts nothing. ``is_answered`` tells whether an agent has answered since.
    """

    opened_at: datetime | None = None
    is_answered: bool = True


@dataclass(frozen=True, slots=True)
class Reopened:
    """A finished ticket is worked on again.

    ``unanswered_since`` is the oldest customer mail since the last answer, None if none.
    """

    unanswered_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """Another ticket became part of this one. These were its clocks; ``Voided`` ends them."""

    others: Clocks


@dataclass(frozen=True, slots=True)
class SplitOff:
    """A customer's mail went to a ticket of its own, and nobody waits for an answer to it here.

    ``unanswered_since`` is the oldest mail that is left and unanswered, None if none is.
    """

    unanswered_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Voided:
    """The ticket was none: spam, or it went into another one."""


ClockEvent = (
    Opened
    | CustomerWrote
    | AgentAnswered
    | AnswerRevoked
    | StatusChanged
    | PromiseChanged
    | Reopened
    | Merged
    | SplitOff
    | Voided
)


def choose(
    policies: tuple[SlaPolicy, ...], facts: RoutingFacts, *, pinned: str | None
) -> SlaPolicy | None:
    """The policy of a ticket: the pinned one by its name, else the first in file that fits."""
    by_name = next((one for one in policies if one.name == pinned), None)
    return by_name or next((one for one in policies if fits(one.when, facts)), None)


def advance(
    clocks: Clocks,
    event: ClockEvent,
    *,
    policy: SlaPolicy | None,
    priority: Priority,
    status: Status,
    ladder: tuple[Rung, ...],
    at: datetime,
    pinned_at: datetime | None = None,
) -> Clocks:
    """The clocks of a ticket after an event, finished ones included, in the order of starting.

    Policy, priority, status and the date an agent pinned are those after the event; ``at`` is
    when our server took the mail in. Finished measurements never change, except by a revoked
    answer. A breach that happened stays, whatever is promised later.
    """
    pin = whole_second(pinned_at) if pinned_at else None
    terms = Terms(policy, priority, status, whole_second(at), pin)
    clocks = tuple(with_breach(clock, terms, at=terms.at) for clock in clocks)
    clocks = _followed(_after(clocks, event, terms), terms)
    clocks = tuple(with_breach(clock, terms, at=terms.at) for clock in clocks)
    return tuple(
        with_next_rung(clock, ladder, terms.calendar, priority=priority, now=terms.at)
        for clock in clocks
    )


def _after(clocks: Clocks, event: ClockEvent, terms: Terms) -> Clocks:
    match event:
        case Opened(by_agent):
            return _opened(clocks, terms, by_agent=by_agent)
        case CustomerWrote():
            return _unanswered(clocks, terms, since=terms.at)
        case AgentAnswered():
            return _answered(clocks, terms)
        case AnswerRevoked():
            return _revoked(clocks, event, terms)
        case StatusChanged():
            return clocks
        case PromiseChanged():
            return _promised(clocks, event, terms)
        case Reopened(since):
            return _reopened(clocks, terms, since=since)
        case Merged(others):
            return _merged(clocks, others, terms)
        case SplitOff(since):
            return _split_off(clocks, terms, since=since)
        case Voided():
            return tuple(
                voided(one, terms, at=terms.at) if one.is_live else one for one in clocks
            )
        case _:
            assert_never(event)


def _opened(clocks: Clocks, terms: Terms, *, by_agent: bool) -> Clocks:
    first = Metric.UPDATE if by_agent else Metric.FIRST_REPLY
    clocks = _begun(clocks, first, terms, start=terms.at)
    return _begun(clocks, Metric.RESOLUTION, terms, start=terms.at)


def _begun(
    clocks: Clocks, metric: Metric, terms: Terms, *, start: datetime, is_late: bool = False
) -> Clocks:
    """One cycle more of a metric, if it is promised and no other one runs.

    ``is_late``: nothing was promised before now.
    """
    before = cycles(clocks, metric)
    if terms.status.is_finished or (before and before[-1].is_live):
        return clocks
    cycle = before[-1].cycle + 1 if before else 1
    begin = started_late if is_late else started
    clock = begin(metric, cycle, start, terms=terms)
    return (*clocks, clock) if clock else clocks


def _unanswered(clocks: Clocks, terms: Terms, *, since: datetime) -> Clocks:
    """A customer waits since then; a clock that runs already started earlier and goes on."""
    if any(clock.is_live and clock.metric in REPLIES for clock in clocks):
        return clocks
    return _begun(clocks, Metric.NEXT_REPLY, terms, start=since)


def _answered(clocks: Clocks, terms: Terms) -> Clocks:
    ended = tuple(
        stopped(clock, terms, at=terms.at)
        if clock.is_live and clock.metric is not Metric.RESOLUTION
        else clock
        for clock in clocks
    )
    return _begun(ended, Metric.UPDATE, terms, start=terms.at)


def _revoked(clocks: Clocks, event: AnswerRevoked, terms: Terms) -> Clocks:
    """As if the answer had not been given: what it ended goes on, what it began is void."""
    answered_at = whole_second(event.answered_at)
    again = whole_second(event.next_answer_at) if event.next_answer_at else None
    # The mail of a customer who wrote after the answer is covered by the wait that goes on.
    begun = {Metric.UPDATE}
    if any(one.metric in REPLIES and one.stopped_at == answered_at for one in clocks):
        begun.add(Metric.NEXT_REPLY)
    changed: list[Clock] = []
    for clock in clocks:
        if clock.metric is Metric.RESOLUTION or clock.state is ClockState.VOID:
            changed.append(clock)
        elif clock.stopped_at == answered_at:
            changed.append(_revived(clock, terms, since=answered_at, until=again))
        elif clock.metric in begun and _is_after(clock, answered_at, again):
            changed.append(voided(clock, terms, at=terms.at))
        else:
            changed.append(clock)
    return tuple(changed)


def _revived(clock: Clock, terms: Terms, *, since: datetime, until: datetime | None) -> Clock:
    if until is not None:
        return stopped(running(clock, terms, since=since), terms, at=until)
    if terms.runs(clock.metric) or terms.status.is_finished:
        return running(clock, terms, since=since)
    return paused(clock, terms, since=since)


def _is_after(clock: Clock, answered_at: datetime, again: datetime | None) -> bool:
    """Whether a clock began after the answer, and before the next one."""
    return clock.started_at >= answered_at and (again is None or clock.started_at < again)


def _promised(clocks: Clocks, event: PromiseChanged, terms: Terms) -> Clocks:
    clocks = tuple(promised_anew(one, terms) if one.is_live else one for one in clocks)
    start = whole_second(event.opened_at) if event.opened_at else None
    if not cycles(clocks, Metric.RESOLUTION) and (start or terms.pinned_at):
        clocks = _begun(clocks, Metric.RESOLUTION, terms, start=start or terms.at, is_late=True)
    if not cycles(clocks, Metric.FIRST_REPLY) and start and not event.is_answered:
        clocks = _begun(clocks, Metric.FIRST_REPLY, terms, start=start, is_late=True)
    return clocks


def _reopened(clocks: Clocks, terms: Terms, *, since: datetime | None) -> Clocks:
    clocks = _resumed(clocks, Metric.RESOLUTION, terms)
    if since is None:
        return clocks
    since = whole_second(since)
    first = cycles(clocks, Metric.FIRST_REPLY)
    if first and first[-1].state is ClockState.VOID and first[-1].started_at == since:
        return _begun(clocks, Metric.FIRST_REPLY, terms, start=since)
    return _unanswered(clocks, terms, since=since)


def _resumed(clocks: Clocks, metric: Metric, terms: Terms) -> Clocks:
    """The finished measurement stays; a new cycle goes on with what it had used."""
    before = cycles(clocks, metric)
    target = terms.target(metric)
    if not before or before[-1].is_live or target is None or terms.status.is_finished:
        return clocks
    last = before[-1]
    again = replace(
        last,
        cycle=last.cycle + 1,
        policy=terms.policy_name,
        target_seconds=max(target, last.target_seconds) if last.is_rebased else target,
    )
    return (*clocks, running(again, terms, since=terms.at))


def _merged(clocks: Clocks, others: Clocks, terms: Terms) -> Clocks:
    """The earlier of two starts counts."""
    waits = [one.started_at for one in others if one.is_live and one.metric in REPLIES]
    if waits:
        clocks = _unanswered(clocks, terms, since=min(waits))
        clocks = tuple(
            moved(one, min(waits), terms=terms)
            if one.is_live and one.metric in REPLIES and min(waits) < one.started_at
            else one
            for one in clocks
        )
    other = next((one for one in cycles(others, Metric.RESOLUTION) if one.is_live), None)
    return tuple(
        _joined(one, other, terms)
        if other and one.is_live and one.metric is Metric.RESOLUTION
        else one
        for one in clocks
    )


def _split_off(clocks: Clocks, terms: Terms, *, since: datetime | None) -> Clocks:
    """The wait since the mail that went never counts; that since a later one does."""
    last = cycles(clocks, Metric.NEXT_REPLY)[-1:]
    waits = last[0] if last and last[0].is_live else None
    start = whole_second(since) if since else None
    if waits is None or waits.started_at == start:
        return clocks
    ended = voided(waits, terms, at=terms.at)
    clocks = tuple(ended if clock is waits else clock for clock in clocks)
    return _begun(clocks, Metric.NEXT_REPLY, terms, start=start) if start else clocks


def _joined(clock: Clock, other: Clock, terms: Terms) -> Clock:
    """A resolution that has used as much as the older of two."""
    if other.started_at >= clock.started_at:
        return clock
    used = max(elapsed_at(one, terms.calendar, terms.at) for one in (clock, other))
    still = replace(
        paused(clock, terms, since=terms.at), started_at=other.started_at, elapsed_seconds=used
    )
    return running(still, terms, since=terms.at) if terms.runs(clock.metric) else still


def _followed(clocks: Clocks, terms: Terms) -> Clocks:
    """The live clocks run, pause or stop as the status says."""
    last = cycles(clocks, Metric.RESOLUTION)[-1:]
    if last and last[0].state in (ClockState.MET, ClockState.MISSED):
        clocks = _resumed(clocks, Metric.RESOLUTION, terms)
    return tuple(_following(clock, terms) if clock.is_live else clock for clock in clocks)


def _following(clock: Clock, terms: Terms) -> Clock:
    if terms.status.is_finished:
        is_kept = clock.metric is Metric.RESOLUTION
        return stopped(clock, terms, at=terms.at, is_kept=is_kept)
    if terms.runs(clock.metric):
        is_running = clock.state is ClockState.RUNNING
        return clock if is_running else running(clock, terms, since=terms.at)
    return clock if clock.state is ClockState.PAUSED else paused(clock, terms, since=terms.at)
