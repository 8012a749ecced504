"""What ``sla.yaml`` promises, as values: calendars, policies, the escalation ladder.

``sla`` keeps the clocks by them, ``calendar`` does the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from mailtrack.desk.rules import When
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.ticket import Priority


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of one day by the wall clock; ``closes`` <= ``opens`` runs past midnight."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a promise runs. ``week`` holds the windows of Monday to Sunday, 7 tuples.

    ``overrides`` replace the windows of a date; a holiday is an override with no window.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    overrides: tuple[tuple[date, tuple[Window, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """One promise. ``when`` picks the tickets (an empty one picks all); the first in file wins.

    ``targets`` are ``(metric, priority, seconds)``; a metric with no row is not promised.
    ``calendar`` None runs day and night.
    """

    name: str
    when: When
    calendar: Calendar | None
    targets: tuple[tuple[Metric, Priority, int], ...]
    pause_on_hold: bool
    rebase: bool
    where: str

    def target(self, metric: Metric, priority: Priority) -> int | None:
        """The promised seconds, None if nothing is promised."""
        return next((s for m, p, s in self.targets if m == metric and p == priority), None)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the escalation ladder.

    ``percent`` of the target (100 is the breach), or ``after`` the breach. ``tell`` holds
    ``owner``, ``lead``, ``queue``, agent names or addresses of agents.
    """

    percent: int | None
    after: timedelta | None
    tell: tuple[str, ...]
    where: str

    @property
    def name(self) -> str:
        """How the rung is remembered as told: ``80%``, ``breach``, ``+4h``."""
        if self.after is not None:
            return f"+{int(self.after.total_seconds())}s"
        return "breach" if self.percent == 100 else f"{self.percent}%"
