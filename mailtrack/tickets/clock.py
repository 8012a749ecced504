"""An SLA clock: what one promise about one ticket has used, and when it falls due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Metric(StrEnum):
    """What is promised; the definitions are those of ``desk.sla``."""

    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    UPDATE = "update"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    """A finished clock (met, breached and stopped, void) is never changed again."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Clock:
    """One measurement. ``cycle`` counts the measurements of one metric from 1.

    All times are aware UTC, all lengths whole seconds of the policy's calendar.
    ``elapsed_seconds`` is what was used up to ``resumed_at``; while the clock runs, more has
    passed since. ``due_at`` is None while paused or finished. ``breached_at`` is the first
    instant of breach and stays once it is set. ``rungs_told`` are the escalation rungs that
    were told; ``next_rung_at`` is when the next one falls due, None if there is none.
    """

    metric: Metric
    cycle: int
    policy: str
    state: ClockState
    started_at: datetime
    target_seconds: int
    elapsed_seconds: int = 0
    resumed_at: datetime | None = None
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    breached_at: datetime | None = None
    is_rebased: bool = False
    rungs_told: tuple[str, ...] = ()
    next_rung_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether the clock can still run: it is running or paused."""
        return self.state in (ClockState.RUNNING, ClockState.PAUSED)
