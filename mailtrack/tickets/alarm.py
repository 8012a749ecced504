"""Alarms: what is wrong with the desk itself, and what is remembered of it.

A *trouble* is a fact of this moment. An *alarm* is the row that says since when, whether
anybody was told, and when it was over, so that a restart neither repeats nor forgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

# What alarms are called. ``imap`` has its account behind a colon: ``imap:me@help.example``.
INTAKE_SILENT: Final = "intake_silent"
IMAP: Final = "imap"
RELAY_DOWN: Final = "relay_down"
LETTERS_PAUSED: Final = "letters_paused"
DISK_LOW: Final = "disk_low"
SPOOL_STUCK: Final = "spool_stuck"
OUTBOX_STUCK: Final = "outbox_stuck"
CLOCK_JUMP: Final = "clock_jump"
SYNC_FAILED: Final = "sync_failed"
QUARANTINE_GROWING: Final = "quarantine_growing"
KINDS: Final = (
    INTAKE_SILENT,
    IMAP,
    RELAY_DOWN,
    LETTERS_PAUSED,
    DISK_LOW,
    SPOOL_STUCK,
    OUTBOX_STUCK,
    CLOCK_JUMP,
    SYNC_FAILED,
    QUARANTINE_GROWING,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is wrong now. ``since`` None: since it is first seen; aware UTC."""

    name: str
    reason: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is remembered of a trouble.

    ``seen_at`` is when it was last there. ``told_at`` None: it is too young to be told.
    ``ended_at`` is set when it has been away for a while. ``ran`` is the state that the
    admin's command was last run for: ``raised``, ``ended``, or ``""``.
    """

    name: str
    since: datetime
    seen_at: datetime
    reason: str
    told_at: datetime | None = None
    ended_at: datetime | None = None
    ran: str = ""

    @property
    def kind(self) -> str:
        """The name without what it is about."""
        return self.name.partition(":")[0]

    @property
    def is_raised(self) -> bool:
        """Whether it was told, and goes on."""
        return self.told_at is not None and self.ended_at is None

    @property
    def to_run(self) -> str:
        """The state that the admin's command is still to be run for; ``""`` for none."""
        if self.told_at is None:
            return ""
        state = "raised" if self.ended_at is None else "ended"
        return "" if self.ran == state else state


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database knows of the desk's health.

    ``usual`` counts, for each of the last weeks, the mails in the hours that are silent now, to
    a bound. ``untried_since`` is since when the oldest letter that was never tried could leave.
    """

    last_mail_at: datetime | None = None
    usual: tuple[int, ...] = ()
    untried_since: datetime | None = None
    quarantined: int = 0
