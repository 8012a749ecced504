"""What is remembered of a storm until it has passed: nothing is dropped, it is only told later.

A mark stands until its hour. Then the clock tells in one letter what was kept back meanwhile,
and the mark is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from mailtrack.tickets.ticket import PersonId, TicketLine

FLOOD_TAG: Final = "flood"  # of the ticket that takes what one sender sends too much of


class Mark(StrEnum):
    """What a mark says of its ticket, its person, or the whole desk."""

    MUTED = "muted"  # the ticket: its news are kept back
    BREAKER = "breaker"  # the desk: no acknowledgements
    KEPT = "kept"  # news of a ticket for an agent, to be told in one letter
    UNSAID = "unsaid"  # acknowledgements that the open breaker kept back, counted
    ALERT = "alert"  # admins are to be told
    TOLD = "told"  # admins have been told
    LATE = "late"  # a ticket that was taken too late to acknowledge; of the desk, how many

    @property
    def is_in_force(self) -> bool:
        """Whether decisions look at it; the others only wait for their hour."""
        return self in (Mark.MUTED, Mark.BREAKER, Mark.TOLD, Mark.LATE)


@dataclass(frozen=True, slots=True)
class StormMark:
    """One mark. Of one kind, ticket and person there is one at a time; ``count`` adds up.

    ``number`` is 0 for the whole desk, ``person`` ``""`` for nobody. ``said`` is what happened
    last: an ``Event`` of a ticket, or what an alert is about.
    """

    mark: Mark
    until: datetime
    number: int = 0
    person: PersonId = ""
    said: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class StormDue:
    """The marks whose hour has come, and the tickets they are about, as lines of a list."""

    marks: tuple[StormMark, ...] = ()
    lines: tuple[TicketLine, ...] = ()
