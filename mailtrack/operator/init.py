"""``mailtrack init FOLDER``: commented files to start from."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from mailtrack.config.example import AlreadyThere, write_example


def run(arguments: Namespace) -> int:
    """Write the example; a file that is there already stays as it is."""
    folder = Path(arguments.folder)
    try:
        written = write_example(folder)
    except AlreadyThere as there:
        print(f"{there.path} is there already; nothing was written.")
        return os.EX_CANTCREAT
    for path in written:
        print(f"wrote {path}")
    print("\nEdit them, then:")
    print(f"  mailtrack check {folder}")
    print(f"  mailtrack serve --config {folder}")
    return os.EX_OK
