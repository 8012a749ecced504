"""``mailtrack status``: how the desk stands, and by its exit code whether all is well."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mailtrack.config import Loaded
from mailtrack.intake.imap.ledger import FolderStatus, statuses
from mailtrack.intake.spool import Floor
from mailtrack.intake.spoollock import is_at_work
from mailtrack.operator.place import loaded_desk, open_database
from mailtrack.places import Places
from mailtrack.store.alarms import look_up_alarms
from mailtrack.store.status import DeskStatus, status
from mailtrack.tickets.alarm import Alarm
from mailtrack.watch import disk_low, stuck

NOT_WELL: Final = 1  # the exit code when an alarm is raised, or nobody is at work
DESK_DOWN: Final = "desk_down"
NAMES_MAX: Final = 100_000


def run(arguments: Namespace) -> int:
    """Print it, for people or for scripts."""
    loaded = loaded_desk(arguments)
    database = open_database(loaded)
    try:
        with database.reading() as session:
            found, alarms = status(session), look_up_alarms(session)
    finally:
        database.close()
    raised = (*(one for one in alarms if one.is_raised), *_seen_from_here(loaded, alarms))
    waiting = count_files(loaded, "new")
    imap = statuses(loaded.config.state)
    if arguments.json:
        print(_as_json(found, waiting, raised, imap))
    else:
        print(_page(found, waiting, raised, imap))
    return NOT_WELL if raised else os.EX_OK


def count_files(loaded: Loaded, folder: str) -> int:
    """How many mails lie in a folder of the spool."""
    place: Path = Places(loaded.config.state).spool / folder
    return sum(1 for _ in place.iterdir()) if place.is_dir() else 0


def _seen_from_here(loaded: Loaded, alarms: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """What is wrong now, though the watch may not have looked; and that nobody is at work."""
    spool, now = Places(loaded.config.state).spool, datetime.now(UTC)
    if not spool.is_dir():
        return ()
    names = sorted(one.name for one in (spool / "new").glob("[0-9]*"))[:NAMES_MAX]
    wait = loaded.policy.alarms.mails_wait_max
    floor = Floor(loaded.config.limits.free_disk_bytes_min)
    troubles = (*stuck(tuple(names), wait, now), *disk_low(spool, floor))
    known = {one.name for one in alarms if one.is_raised}
    down = Alarm(DESK_DOWN, now, now, "no mailtrack is at work on this spool", told_at=now)
    seen = (Alarm(one.name, now, now, one.reason, told_at=now) for one in troubles)
    new = tuple(one for one in seen if one.name not in known)
    return new if is_at_work(spool) else (down, *new)


def _as_json(
    found: DeskStatus,
    waiting: int,
    raised: tuple[Alarm, ...],
    imap: tuple[FolderStatus, ...],
) -> str:
    return json.dumps(
        {
            "alarms": [
                {"name": one.name, "since": one.since.isoformat(), "reason": one.reason}
                for one in raised
            ],
            "mails": dict(found.mails),
            "mails_handled": sum(count for _, count in found.mails),
            "spool_waiting": waiting,
            "imap": [asdict(one) for one in imap],
            "tickets": dict(found.tickets),
            "letters": asdict(found.letters),
            "held": found.held,
            "quarantined": found.quarantined,
            "oldest_letter_at": found.oldest_letter_at and found.oldest_letter_at.isoformat(),
        },
        indent=1,
    )


def _page(
    found: DeskStatus,
    waiting: int,
    raised: tuple[Alarm, ...],
    imap: tuple[FolderStatus, ...],
) -> str:
    letters = ", ".join(
        f"{count} {name}" for name, count in asdict(found.letters).items() if count
    )
    rows = [
        *(("ALARM", f"{one.name} since {one.since:%Y-%m-%d %H:%M} UTC: {one.reason}")
          for one in raised),
        ("mails handled", ", ".join(f"{count} {name}" for name, count in found.mails)),
        ("waiting in the spool", str(waiting)),
        ("tickets", ", ".join(f"{count} {name}" for name, count in found.tickets)),
        ("letters", letters),
        ("held for somebody's word", str(found.held)),
        ("quarantined", str(found.quarantined)),
        *((f"{one.folder} of {one.account}"[:60], _imap_line(one)) for one in imap),
    ]  # fmt: skip
    return "\n".join(f"{name + ':':26} {text or 'none'}" for name, text in rows)


def _imap_line(one: FolderStatus) -> str:
    parts = [f"{one.state} since {one.since}", f"{one.taken} taken"]
    if one.last_mail_at:
        parts.append(f"the last at {one.last_mail_at}")
    if one.error:
        parts.append(f"last error at {one.error_at}: {one.error}")
    return ", ".join(parts)
