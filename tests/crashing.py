"""The desk, killed at one named point: `python tests/crashing.py POINT serve --config …`.

A point is `module:Qualified.name:before` or `…:after`. The first time that it is reached the
whole process group dies by SIGKILL, as in a power cut; nothing of the product knows of it. The
process that writes for the desk has the same trap.
"""

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailtrack import cli
from mailtrack.intake import spoolchild, spoolprocess

AS_WRITER = "--as-writer"


def arm(point: str) -> None:
    """Put the trap where the point says."""
    module, path, moment = point.split(":")
    holder: Any = importlib.import_module(module)
    *owners, name = path.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    setattr(holder, name, _trapped(getattr(holder, name), moment))


def _trapped(function: Callable[..., Any], moment: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def trap(*arguments: Any, **named: Any) -> Any:
        if moment == "after":
            function(*arguments, **named)
        os.killpg(0, signal.SIGKILL)

    return trap


if __name__ == "__main__":
    arm(sys.argv[1])
    if sys.argv[2] == AS_WRITER:
        sys.exit(spoolchild.main(int(sys.argv[3]), Path(sys.argv[4])))
    spoolprocess.COMMAND = (sys.executable, __file__, sys.argv[1], AS_WRITER)
    sys.exit(cli.main(sys.argv[2:]))
