"""What waits for somebody's word, as a tick sees it, and what could not be read at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from mailtrack.tickets.ticket import PersonId, Ticket

# Names of a ``LastDone``: when the daily list was last due; when quarantine was last told of.
LIST_DONE: Final = "held-list"
QUARANTINE_TOLD: Final = "quarantine-told"


class QuarantineState(StrEnum):
    """What became of a mail that could not be read."""

    KEPT = "kept"  # set apart, and somebody should look at it
    RETRY = "retry"  # somebody wants it tried again; its file is still set apart
    TRYING = "trying"  # its file is back in the spool
    READ = "read"  # it was read and decided; its stub ticket does not know yet
    ENDED = "ended"  # it was read and decided
    REJECTED = "rejected"  # an admin does not want it; the file stays where it is


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A mail that broke its readers. ``quarantine_id`` reads ``Q3``.

    ``number`` is its stub ticket. ``ended_by`` is who had it tried again or rejected it, None
    for nobody. ``is_told``: the admins had a letter that names it.
    """

    quarantine_id: str
    spool_id: str
    at: datetime
    reason: str
    tries: int
    sender_shown: str
    size_bytes: int
    number: int
    state: QuarantineState = QuarantineState.KEPT
    ended_by: PersonId | None = None
    is_told: bool = True


class HeldNote(StrEnum):
    """What was done about a held mail, besides ending it; each is a column of its row."""

    ASKED = "asked"  # its person was asked, alone or in a list
    EXPLAINED = "explained"  # an answer was neither yes nor no, and that was said
    REMINDED = "reminded"  # the admins were reminded of it once more


@dataclass(frozen=True, slots=True)
class WaitingHeld:
    """A held mail as the tick needs it. ``person`` None: only admins can decide it."""

    held_id: str
    at: datetime
    person: PersonId | None
    number: int | None
    subject: str
    sender_shown: str
    reason: str
    is_asked: bool
    reminders: int


@dataclass(frozen=True, slots=True)
class AskedLately:
    """How often somebody was written to about held mail.

    ``in_hour`` counts the questions of the last hour, ``in_day`` the questions and complaints
    of the last day, ``digests_in_day`` those of them that asked about several mails at once.
    """

    person: PersonId
    in_hour: int
    in_day: int
    digests_in_day: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """A mail that was read after all. ``number`` is the ticket it ended in, None for none."""

    item: Quarantined
    stub: Ticket
    number: int | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that waits. ``held`` and ``quarantined`` are the oldest; the counts are of all.

    ``listed_at`` is when the last daily list was due, None if there never was one.
    ``quarantine_told_at`` is when admins last had a letter about quarantine.
    ``asked_lately`` holds everybody who was asked or told of a slip in the last day.
    """

    held: tuple[WaitingHeld, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    held_count: int = 0
    quarantined_count: int = 0
    read: tuple[Read, ...] = ()
    listed_at: datetime | None = None
    quarantine_told_at: datetime | None = None
    asked_lately: tuple[AskedLately, ...] = ()
