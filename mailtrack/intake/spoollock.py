"""The lock of the spool: one daemon, or one command of the operator, has it in hand."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from mailtrack.errors import MailtrackError
from mailtrack.intake.spooldraft import FILE_MODE

# A supervisor that restarts us does not wait for the last breath of the one before.
LOCK_SECONDS_MAX: Final = 1.0
LOCK_LOOK_SECONDS: Final = 0.02


class SpoolLocked(MailtrackError):
    """Another daemon works on this spool; two would do everything twice."""


class SpoolLock:
    """The lock of the spool under ``root``. ``descriptor`` is its open file, None if let go.

    It is held as long as any process has that file open.
    """

    def __init__(self, root: Path) -> None:
        self.descriptor: int | None = None
        self._root = root

    def take(self) -> None:
        """Raises SpoolLocked if another process keeps it for ``LOCK_SECONDS_MAX``."""
        descriptor = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            _lock_soon(descriptor)
        except OSError as error:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise SpoolLocked(
                f"another mailtrack (process {holder}, or what writes for it) is at work on "
                f"the spool {self._root}; stop it first, or give this one a directory of its "
                "own"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        self.descriptor = descriptor

    def let_go(self) -> None:
        """Doing it again changes nothing."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def is_at_work(spool: Path) -> bool:
    """Whether some process, this one included, has that spool in hand; makes no file."""
    try:
        descriptor = os.open(spool / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_soon(descriptor: int) -> None:
    """Lock it, if need be when another process lets it go soon. OSError if it does not."""
    ends_at = time.monotonic() + LOCK_SECONDS_MAX
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > ends_at:
                raise
        time.sleep(LOCK_LOOK_SECONDS)
