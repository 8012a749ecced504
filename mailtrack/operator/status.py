"""``mailtrack status``: how the desk stands."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from mailtrack.config import Loaded
from mailtrack.intake.imap.ledger import FolderStatus, statuses
from mailtrack.operator.place import loaded_desk, open_database
from mailtrack.store.status import DeskStatus, status


def run(arguments: Namespace) -> int:
    """Print it, for people or for scripts."""
    loaded = loaded_desk(arguments)
    database = open_database(loaded)
    try:
        with database.reading() as session:
            found = status(session)
    finally:
        database.close()
    waiting = count_files(loaded, "new")
    imap = statuses(loaded.config.state)
    print(_as_json(found, waiting, imap) if arguments.json else _page(found, waiting, imap))
    return os.EX_OK


def count_files(loaded: Loaded, folder: str) -> int:
    """How many mails lie in a folder of the spool."""
    place: Path = loaded.config.state / "spool" / folder
    return sum(1 for _ in place.iterdir()) if place.is_dir() else 0


def _as_json(found: DeskStatus, waiting: int, imap: tuple[FolderStatus, ...]) -> str:
    return json.dumps(
        {
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


def _page(found: DeskStatus, waiting: int, imap: tuple[FolderStatus, ...]) -> str:
    letters = ", ".join(
        f"{count} {name}" for name, count in asdict(found.letters).items() if count
    )
    rows = [
        ("mails handled", ", ".join(f"{count} {name}" for name, count in found.mails)),
        ("waiting in the spool", str(waiting)),
        ("tickets", ", ".join(f"{count} {name}" for name, count in found.tickets)),
        ("letters", letters),
        ("held for somebody's word", str(found.held)),
        ("quarantined", str(found.quarantined)),
        *((f"{one.folder} of {one.account}"[:60], _imap_line(one)) for one in imap),
    ]
    return "\n".join(f"{name + ':':27}{text or 'none'}" for name, text in rows)


def _imap_line(one: FolderStatus) -> str:
    parts = [f"{one.state} since {one.since}", f"{one.taken} taken"]
    if one.last_mail_at:
        parts.append(f"the last at {one.last_mail_at}")
    if one.error:
        parts.append(f"last error at {one.error_at}: {one.error}")
    return ", ".join(parts)
