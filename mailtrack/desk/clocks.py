"""One SLA clock at a time: how it starts, pauses, runs on, stops and is promised anew.

``sla`` decides which clock an event concerns; here is the arithmetic. Times are whole seconds
(``elapsed <= target`` is met), due instants are those of the policy's calendar.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mailtrack.desk.calendar import add_seconds, bounded, seconds_between
from mailtrack.desk.promises import Calendar, SlaPolicy
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.ticket import Priority, Status

REPLIES: Final = (Metric.FIRST_REPLY, Metric.NEXT_REPLY)
CYCLES_MAX: Final = 1000  # of one metric in one ticket; later ones are not measured
NO_POLICY: Final = ""  # the policy of a clock that runs only because an agent pinned a date

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all clocks of a ticket from ``at`` on, a whole second in UTC."""

    policy: SlaPolicy | None
    priority: Priority
    status: Status
    at: datetime
    pinned_at: datetime | None

    @property
    def calendar(self) -> Calendar | None:
        """The hours that count; None is day and night."""
        return self.policy.calendar if self.policy else None

    @property
    def policy_name(self) -> str:
        """The name of the policy, ``NO_POLICY`` if none holds."""
        return self.policy.name if self.policy else NO_POLICY

    def pin(self, metric: Metric) -> datetime | None:
        """The date that an agent pinned: it is the date of the resolution."""
        return self.pinned_at if metric is Metric.RESOLUTION else None

    def target(self, metric: Metric) -> int | None:
        """The promised seconds, None if nothing is promised. A pin alone promises 0 or more."""
        promised = self.policy.target(metric, self.priority) if self.policy else None
        return 0 if promised is None and self.pin(metric) else promised

    def runs(self, metric: Metric) -> bool:
        """Whether the status lets a live clock run: the table of statuses and clocks."""
        if metric in REPLIES:
            return not self.status.is_finished
        if self.status is Status.HOLD and metric is Metric.RESOLUTION:
            return self.policy is None or not self.policy.pause_on_hold
        return self.status in (Status.NEW, Status.OPEN, Status.HOLD)


def whole_second(at: datetime) -> datetime:
    """The instant in UTC without its fraction of a second; a pin may name any year."""
    return bounded(at).replace(microsecond=0)


def cycles(clocks: Iterable[Clock], metric: Metric) -> tuple[Clock, ...]:
    """All measurements of one metric, first to last."""
    some = (clock for clock in clocks if clock.metric is metric)
    return tuple(sorted(some, key=lambda clock: clock.cycle))


def elapsed_at(clock: Clock, calendar: Calendar | None, at: datetime) -> int:
    """The seconds that a clock has used at an instant."""
    if clock.state is not ClockState.RUNNING or clock.resumed_at is None:
        return clock.elapsed_seconds
    return clock.elapsed_seconds + seconds_between(calendar, clock.resumed_at, at)


def started(metric: Metric, cycle: int, start: datetime, *, terms: Terms) -> Clock | None:
    """A new clock that runs since ``start``, None if nothing is promised."""
    target = terms.target(metric)
    if target is None or cycle > CYCLES_MAX:
        return None
    clock = Clock(
        metric, cycle, terms.policy_name, ClockState.RUNNING, start, target, resumed_at=start
    )
    return _timed(clock, terms)


def started_late(metric: Metric, cycle: int, start: datetime, *, terms: Terms) -> Clock | None:
    """A new clock for what is promised only now: it counts since ``start``.

    If more than the target has passed since, ``rebase`` grants the target from now.
    """
    clock = started(metric, cycle, start, terms=terms)
    if clock is None:
        return None
    granted = add_seconds(terms.calendar, terms.at, clock.target_seconds)
    return promised_anew(replace(clock, due_at=granted), terms)


def running(clock: Clock, terms: Terms, *, since: datetime) -> Clock:
    """The clock as it runs on from ``since`` with what it has used before."""
    resumed = replace(
        clock, state=ClockState.RUNNING, resumed_at=since, stopped_at=None, due_at=None
    )
    return _timed(resumed, terms)


def paused(clock: Clock, terms: Terms, *, since: datetime) -> Clock:
    """The clock as it stands still from ``since``; what it has used is kept."""
    elapsed = elapsed_at(clock, terms.calendar, since)
    return replace(
        clock,
        state=ClockState.PAUSED,
        elapsed_seconds=elapsed,
        resumed_at=None,
        due_at=None,
        stopped_at=None,
    )


def stopped(clock: Clock, terms: Terms, *, at: datetime, is_kept: bool = True) -> Clock:
    """The finished clock. A promise that was broken is missed; others are met.

    ``is_kept`` False: what was promised did not happen, so that without a breach the
    measurement counts as neither.
    """
    clock = with_breach(clock, terms, at=at)
    kept = ClockState.MET if is_kept else ClockState.VOID
    return replace(
        paused(clock, terms, since=at),
        state=kept if clock.breached_at is None else ClockState.MISSED,
        stopped_at=at,
        next_rung_at=None,
    )


def voided(clock: Clock, terms: Terms, *, at: datetime) -> Clock:
    """The clock as it never counts: spam, a merged ticket, a revoked answer."""
    return replace(stopped(clock, terms, at=at), state=ClockState.VOID)


def with_breach(clock: Clock, terms: Terms, *, at: datetime) -> Clock:
    """The clock with the first instant of its breach, if that is not after ``at``.

    A due instant at closing time is broken by the first second of the next opening: until
    then no more than the target was used.
    """
    if clock.state is not ClockState.RUNNING or clock.breached_at or clock.resumed_at is None:
        return clock
    if clock.due_at is None or at <= clock.due_at:
        return clock
    calendar = None if terms.pin(clock.metric) else terms.calendar
    # A pinned date may pass while the clock is paused, which breaks nothing yet.
    breach = max(add_seconds(calendar, clock.due_at, 1), clock.resumed_at)
    return replace(clock, breached_at=breach) if at >= breach else clock


def moved(clock: Clock, start: datetime, *, terms: Terms) -> Clock:
    """A running clock that never paused, as if it had started at ``start``."""
    earlier = replace(clock, started_at=start, resumed_at=start, elapsed_seconds=0)
    return _timed(earlier, terms)


def promised_anew(clock: Clock, terms: Terms) -> Clock:
    """A live clock under another target, calendar or pin, from now on.

    What was used is recomputed in the new calendar from the last resume on. If it is more than
    the new target, ``rebase`` grants the new target from now, but never more than was left.
    """
    target = terms.target(clock.metric)
    if target is None:
        return stopped(clock, terms, at=terms.at, is_kept=False)
    anew = replace(clock, policy=terms.policy_name, target_seconds=target, is_rebased=False)
    used = elapsed_at(anew, terms.calendar, terms.at)
    pin = terms.pin(clock.metric)
    is_broken = used > target if pin is None else clock.due_at is not None and pin < terms.at
    if clock.breached_at or not is_broken:
        return _timed(anew, terms)
    if pin or terms.policy is None or not terms.policy.rebase:
        return replace(_timed(anew, terms), breached_at=terms.at)
    return _rebased(clock, anew, used=used, terms=terms)


def _rebased(clock: Clock, anew: Clock, *, used: int, terms: Terms) -> Clock:
    """The target becomes what was used and what is granted, so that met stays ``<=``."""
    granted = anew.target_seconds
    if clock.due_at is None:
        granted = min(granted, max(clock.target_seconds - used, 0))
        return replace(anew, target_seconds=used + granted, is_rebased=True)
    due = min(clock.due_at, add_seconds(terms.calendar, terms.at, granted))
    granted = seconds_between(terms.calendar, terms.at, due)
    return replace(anew, target_seconds=used + granted, due_at=due, is_rebased=True)


def _timed(clock: Clock, terms: Terms) -> Clock:
    """The clock with the instant that it falls due, if it runs."""
    if clock.state is not ClockState.RUNNING or clock.resumed_at is None:
        return replace(clock, due_at=None)
    pin = terms.pin(clock.metric)
    if pin is not None:
        left = seconds_between(terms.calendar, clock.resumed_at, pin)
        return replace(clock, due_at=pin, target_seconds=clock.elapsed_seconds + left)
    left = clock.target_seconds - clock.elapsed_seconds
    if left < 0 and clock.breached_at is not None:
        return replace(clock, due_at=clock.breached_at - _SECOND)
    return replace(clock, due_at=add_seconds(terms.calendar, clock.resumed_at, max(left, 0)))
