"""The escalation ladder: which rungs of a ticket's clocks are due, and which were told.

A rung is told inside the hours of its policy unless the ticket is urgent. After a time in
which nobody was told, the due rungs of one clock become one; no rung is told twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mailtrack.desk.calendar import add_seconds, is_open, next_open
from mailtrack.desk.promises import Calendar, Rung, SlaPolicy
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.ticket import Priority

# A tick comes a little after the instant it is for. A rung at closing time is still told then.
LATE_MAX: Final = timedelta(minutes=15)

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class DueRung:
    """What is to be told about one clock: its highest due rung.

    ``tell`` is everybody whom this rung and the ``lower`` ones told with it name. ``due_at``
    is when the promise falls or fell due, ``at`` when the rung did.
    """

    metric: Metric
    cycle: int
    rung: Rung
    tell: tuple[str, ...]
    due_at: datetime
    at: datetime
    lower: tuple[Rung, ...] = ()


def rungs_due(
    clocks: tuple[Clock, ...],
    *,
    ladder: tuple[Rung, ...],
    policies: tuple[SlaPolicy, ...],
    priority: Priority,
    now: datetime,
) -> tuple[DueRung, ...]:
    """What is to be told now, at most one for each running clock."""
    found = (
        _due_rung(clock, ladder, calendar_of(clock, policies), priority=priority, now=now)
        for clock in clocks
    )
    return tuple(one for one in found if one is not None)


def told(
    clocks: tuple[Clock, ...],
    rungs: tuple[DueRung, ...],
    *,
    ladder: tuple[Rung, ...],
    policies: tuple[SlaPolicy, ...],
    priority: Priority,
    now: datetime,
) -> tuple[Clock, ...]:
    """The clocks after ``rungs`` were told at ``now``, each with the instant of its next rung.

    To be kept even if ``rungs`` is empty: what is due outside the hours waits for the next
    opening.
    """
    names = {(one.metric, one.cycle): _names(one) for one in rungs}
    marked: list[Clock] = []
    for clock in clocks:
        new = tuple(
            name
            for name in names.get((clock.metric, clock.cycle), ())
            if name not in clock.rungs_told
        )
        calendar = calendar_of(clock, policies)
        after = replace(clock, rungs_told=(*clock.rungs_told, *new))
        marked.append(with_next_rung(after, ladder, calendar, priority=priority, now=now))
    return tuple(marked)


def with_next_rung(
    clock: Clock,
    ladder: tuple[Rung, ...],
    calendar: Calendar | None,
    *,
    priority: Priority,
    now: datetime,
) -> Clock:
    """The clock with the earliest instant at which a rung of it can be told."""
    instants = _untold(clock, ladder, calendar, priority=priority)
    first = min((instant for _, instant in instants), default=None)
    if first is not None and first <= now and not _may_tell(first, calendar, priority, now):
        first = next_open(calendar, now)
    return replace(clock, next_rung_at=first)


def calendar_of(clock: Clock, policies: tuple[SlaPolicy, ...]) -> Calendar | None:
    """The hours of the clock's policy; None if they are all day or the policy is gone."""
    return next((one.calendar for one in policies if one.name == clock.policy), None)


def _due_rung(
    clock: Clock,
    ladder: tuple[Rung, ...],
    calendar: Calendar | None,
    *,
    priority: Priority,
    now: datetime,
) -> DueRung | None:
    due = [
        (rung, instant)
        for rung, instant in _untold(clock, ladder, calendar, priority=priority)
        if instant <= now
    ]
    if not due or clock.due_at is None:
        return None
    due.sort(key=lambda pair: _height(pair[0]))
    latest = max(instant for _, instant in due)
    if not _may_tell(latest, calendar, priority, now):
        return None
    *lower, (highest, instant) = due
    tell = dict.fromkeys(name for rung, _ in reversed(due) for name in rung.tell)
    below = tuple(rung for rung, _ in lower)
    return DueRung(
        clock.metric, clock.cycle, highest, tuple(tell), clock.due_at, instant, below
    )


def _untold(
    clock: Clock, ladder: tuple[Rung, ...], calendar: Calendar | None, *, priority: Priority
) -> list[tuple[Rung, datetime]]:
    """The rungs that were not told, each with its instant; none unless the clock runs."""
    if clock.state is not ClockState.RUNNING or clock.due_at is None:
        return []
    some = [rung for rung in ladder if rung.name not in clock.rungs_told]
    return [(rung, _instant(clock, rung, calendar, priority=priority)) for rung in some]


def _instant(
    clock: Clock, rung: Rung, calendar: Calendar | None, *, priority: Priority
) -> datetime:
    """When a rung of a running clock falls due.

    A share of the target counts working time, as the target does. Time after the breach is
    time by the clock on the wall, and then waits for an opening.
    """
    assert clock.due_at is not None
    if rung.after is not None:
        instant = add_seconds(None, clock.due_at, int(rung.after.total_seconds()))
    elif rung.percent is None or rung.percent == 100:
        instant = clock.due_at
    else:
        start = clock.resumed_at or clock.started_at
        share = -(-clock.target_seconds * rung.percent // 100)
        instant = add_seconds(calendar, start, share - clock.elapsed_seconds)
    return instant if priority is Priority.URGENT else _inside(instant, calendar)


def _inside(instant: datetime, calendar: Calendar | None) -> datetime:
    """The instant if it is working time or its very end, else the next opening."""
    if is_open(calendar, instant - _SECOND):
        return instant
    return next_open(calendar, instant)


def _may_tell(
    instant: datetime, calendar: Calendar | None, priority: Priority, now: datetime
) -> bool:
    is_prompt = now - instant <= LATE_MAX
    return is_prompt or priority is Priority.URGENT or is_open(calendar, now)


def _height(rung: Rung) -> tuple[bool, float]:
    if rung.after is not None:
        return True, rung.after.total_seconds()
    return False, rung.percent or 0


def _names(due: DueRung) -> tuple[str, ...]:
    return tuple(rung.name for rung in (*due.lower, due.rung))
