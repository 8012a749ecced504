"""``mailtrack quarantine``: mail that broke its readers."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from mailtrack.intake.spool import Spool
from mailtrack.operator.place import NoDesk, loaded_desk


def run(arguments: Namespace) -> int:
    """List, show the raw mail, or let it be tried again."""
    loaded = loaded_desk(arguments)
    folder = loaded.config.state / "spool"
    if not folder.is_dir():
        raise NoDesk(f"no desk has run here yet: {folder} is missing")
    spool = Spool(folder)
    if arguments.action == "list":
        print("\n".join(spool.quarantined()) or "Nothing is in quarantine.")
        return os.EX_OK
    if arguments.spool_id not in spool.quarantined():
        print(f"{arguments.spool_id} is not in quarantine", file=sys.stderr)
        return os.EX_USAGE
    if arguments.action == "retry":
        spool.release(arguments.spool_id)
        print(f"{arguments.spool_id} is tried again by the running desk.")
        return os.EX_OK
    place = folder / "quarantine" / f"{arguments.spool_id}.eml"
    sys.stdout.buffer.write(place.read_bytes())
    return os.EX_OK
