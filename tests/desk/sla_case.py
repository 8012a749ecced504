"""A ticket's clocks as the SLA tests drive them, and the promises of the worked examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from desk.calendars import K, at, hours

from mailtrack.desk.promises import Calendar, Rung, SlaPolicy
from mailtrack.desk.rules import When
from mailtrack.desk.sla import AgentAnswered, ClockEvent, Opened, advance
from mailtrack.tickets.clock import Clock, Metric
from mailtrack.tickets.ticket import Priority, Status

URGENT, HIGH, NORMAL = Priority.URGENT, Priority.HIGH, Priority.NORMAL
FIRST, NEXT, UPDATE, RESOLUTION = (
    Metric.FIRST_REPLY,
    Metric.NEXT_REPLY,
    Metric.UPDATE,
    Metric.RESOLUTION,
)
REPLY_HOURS = {URGENT: 1, HIGH: 4, NORMAL: 8}
RESOLUTION_HOURS = {URGENT: 8, NORMAL: 40}


def policy_of(
    calendar: Calendar | None,
    *,
    targets: tuple[tuple[Metric, Priority, int], ...] | None = None,
    pause_on_hold: bool = False,
    rebase: bool = True,
    name: str = "standard",
    when: When | None = None,
) -> SlaPolicy:
    replies = ((m, p, hours(h)) for m in (FIRST, NEXT) for p, h in REPLY_HOURS.items())
    resolutions = ((RESOLUTION, p, hours(h)) for p, h in RESOLUTION_HOURS.items())
    return SlaPolicy(
        name=name,
        when=when or When(),
        calendar=calendar,
        targets=(*replies, *resolutions) if targets is None else targets,
        pause_on_hold=pause_on_hold,
        rebase=rebase,
        where="sla.yaml:3",
    )


OFFICE = policy_of(K)
VIP = policy_of(None, targets=((FIRST, HIGH, hours(1)),), name="vip")


@dataclass
class Case:
    """A ticket's clocks, driven by what happens; the status stays until it is said anew."""

    policy: SlaPolicy | None = OFFICE
    priority: Priority = NORMAL
    status: Status = Status.OPEN
    pinned_at: datetime | None = None
    ladder: tuple[Rung, ...] = ()
    clocks: tuple[Clock, ...] = field(default=())

    def on(self, when: datetime | str, event: ClockEvent, **changes: object) -> Case:
        for name, value in changes.items():
            setattr(self, name, value)
        self.clocks = advance(
            self.clocks,
            event,
            policy=self.policy,
            priority=self.priority,
            status=self.status,
            ladder=self.ladder,
            at=at(when) if isinstance(when, str) else when,
            pinned_at=self.pinned_at,
        )
        return self

    def clock(self, metric: Metric, cycle: int = 1) -> Clock:
        return next(one for one in self.clocks if (one.metric, one.cycle) == (metric, cycle))

    def live(self) -> list[Metric]:
        return [one.metric for one in self.clocks if one.is_live]

    def due(self, metric: Metric, cycle: int = 1) -> datetime | None:
        return self.clock(metric, cycle).due_at


def resolved_on_tuesday() -> Case:
    case = Case().on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    return case.on("03-03 11:00", AgentAnswered(), status=Status.RESOLVED)
