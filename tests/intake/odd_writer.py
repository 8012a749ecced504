"""The process that writes for the daemon, with something wrong: `odd_writer.py WHAT FD NEW`.

``dies:POINT`` kills itself, ``sync:NUMBER`` has a disk that fails with this error, ``bug``
meets a mistake of ours, ``old`` is of another version, ``mute`` never says that it is up,
``hangs`` takes orders and does nothing, ``sticks`` never gets over its first order and goes on
with the others, ``babbles`` speaks another language.
"""

import functools
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from mailtrack.intake import spoolchild, spooldisk
from mailtrack.intake.spooldraft import Draft


def main(what: str, descriptor: int, new: Path) -> None:
    kind, _, argument = what.partition(":")
    match kind:
        case "dies":
            die_at(argument)
        case "sync":
            sync = functools.partial(fail, OSError(int(argument), os.strerror(int(argument))))
            spoolchild.SpoolDisk = functools.partial(spooldisk.SpoolDisk, sync=sync)
        case "bug":
            Draft.finish = functools.partialmethod(fail, ValueError("a bug"))
        case "old":
            spoolchild.__version__ = "0.0.0"
        case "mute":
            signal.pause()
        case "hangs":
            spoolchild.WriterThreads.add = lambda *_: None
        case "sticks":
            stick_at_first()
        case "babbles":
            socket.socket(fileno=descriptor).sendall(b"HTTP/1.1 400 Bad Request\r\n")
            signal.pause()
    spoolchild.main(descriptor, new)


def stick_at_first() -> None:
    """The thread that has the first mail never comes back."""
    finish, firsts = Draft.finish, iter([True])

    def trap(*arguments: Any) -> None:
        if next(firsts, False):
            threading.Event().wait()
        finish(*arguments)

    Draft.finish = trap


def die_at(point: str) -> None:
    """A method of SpoolDisk, and before or after it."""
    name, moment = point.split(".")
    method = getattr(spooldisk.SpoolDisk, name)

    def trap(*arguments: Any) -> None:
        if moment == "after":
            method(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(spooldisk.SpoolDisk, name, trap)


def fail(*arguments: Any) -> NoReturn:
    """The first or second argument says how."""
    raise next(one for one in arguments if isinstance(one, Exception))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
