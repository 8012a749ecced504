"""``mailtrack fsck``: every accepted mail is in exactly one place, and what refers is there.

A mail is waiting in the spool, or it has one receipt and its raw copy is in the archive or in
quarantine. Exit code 0: all is well, 1: something is wrong.
"""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from mailtrack.config import Loaded
from mailtrack.intake.archive import Archive
from mailtrack.operator.place import loaded_desk, open_database
from mailtrack.store.audit import Audit, audit


@dataclass(frozen=True, slots=True)
class Found:
    """What was counted, and every problem as a sentence."""

    waiting: int
    handled: int
    quarantined: int
    problems: tuple[str, ...]


def run(arguments: Namespace) -> int:
    """Count, compare, and say."""
    loaded = loaded_desk(arguments)
    database = open_database(loaded)
    try:
        with database.reading() as session:
            found = checked(loaded, audit(session))
    finally:
        database.close()
    if arguments.json:
        print(
            json.dumps(
                {
                    "handled": found.handled,
                    "waiting": found.waiting,
                    "quarantined": found.quarantined,
                    "problems": found.problems,
                },
                indent=1,
            )
        )
    else:
        print(_page(found))
    return 1 if found.problems else 0


def checked(loaded: Loaded, books: Audit) -> Found:
    """The books against the files."""
    spool, archive = loaded.config.state / "spool", Archive(loaded.config.state / "archive")
    waiting, apart = _names(spool / "new"), _names(spool / "quarantine")
    problems = list(books.problems)
    for receipt in books.receipts:
        is_kept = receipt.raw_sha256 is None or archive.has(receipt.raw_sha256)
        if not is_kept and receipt.spool_id not in apart | waiting:
            problems.append(f"{receipt.spool_id}: handled, but its raw mail is nowhere")
    return Found(len(waiting), len(books.receipts), len(apart), tuple(problems))


def _names(folder: Path) -> frozenset[str]:
    if not folder.is_dir():
        return frozenset()
    return frozenset(path.name.partition(".")[0] for path in folder.iterdir())


def _page(found: Found) -> str:
    lines = [
        f"{found.handled} mails handled, {found.waiting} waiting in the spool, "
        f"{found.quarantined} in quarantine."
    ]
    lines += [f"problem: {text}" for text in found.problems]
    lines.append("All is well." if not found.problems else f"{len(found.problems)} problems.")
    return "\n".join(lines)
