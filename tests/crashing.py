"""The desk, killed at one named point: `python tests/crashing.py POINT serve --config …`.

A point is `module:Qualified.name:before` or `…:after`. The first time that it is reached the
whole process group dies by SIGKILL, as in a power cut; nothing of the product knows of it.
"""

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from mailtrack import cli


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
    sys.exit(cli.main(sys.argv[2:]))
