"""``mailtrack status``: how the desk stands."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from mailtrack.config import Loaded
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
    print(_as_json(found, waiting) if arguments.json else _page(found, waiting))
    return os.EX_OK


def count_files(loaded: Loaded, folder: str) -> int:
    """How many mails lie in a folder of the spool."""
    place: Path = loaded.config.state / "spool" / folder
    return sum(1 for _ in place.iterdir()) if place.is_dir() else 0


def _as_json(found: DeskStatus, waiting: int) -> str:
    return json.dumps(
        {
            "mails": dict(found.mails),
            "mails_handled": sum(count for _, count in found.mails),
            "spool_waiting": waiting,
            "tickets": dict(found.tickets),
            "letters": asdict(found.letters),
            "held": found.held,
            "quarantined": found.quarantined,
            "oldest_letter_at": found.oldest_letter_at and found.oldest_letter_at.isoformat(),
        },
        indent=1,
    )


def _page(found: DeskStatus, waiting: int) -> str:
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
    ]
    return "\n".join(f"{name + ':':27}{text or 'none'}" for name, text in rows)
