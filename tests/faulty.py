"""Runs mailtrack in a world that fails at a step: `python faulty.py STEP FAULT serve ...`.

Nothing of mailtrack is touched: the system calls it makes are. STEP is one of the two syncs of
a mail, before or after it is done; FAULT is `kill` (as `kill -9`), or the name of an errno.
The process that writes for the desk lives in the same world, and takes the desk along.
`written` is the sync of the mail's own file, `named` the one of the folder it got its name in.
"""

import errno
import os
import signal
import sys
from pathlib import Path
from typing import Final

STEPS: Final = ("before-written", "after-written", "before-named", "after-named")
AS_WRITER: Final = "--as-writer"
IS_WRITER: Final = AS_WRITER in sys.argv
_FOLDERS: Final = {"written": "/spool/tmp/", "named": "/spool/new"}


def fail_at(step: str, fault: str) -> None:
    """Let `os.fsync` fail at this step, once."""
    when, _, what = step.partition("-")
    folder, real, left = _FOLDERS[what], os.fsync, [1]

    def fsync(descriptor: int) -> None:
        is_meant = bool(left) and folder in str(Path(f"/proc/self/fd/{descriptor}").readlink())
        if is_meant and when == "before":
            left.pop()
            strike(fault)
        real(descriptor)
        if is_meant and when == "after":
            left.pop()
            strike(fault)

    os.fsync = fsync


def strike(fault: str) -> None:
    """Die, or fail as the disk does, or as nobody foresaw."""
    if fault == "kill":
        if IS_WRITER:
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "bug":
        raise RuntimeError("the database password is hunter2")
    number: int = getattr(errno, fault)
    raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    fail_at(*sys.argv[1:3])
    from mailtrack.cli import main
    from mailtrack.intake import spoolchild, spoolprocess

    if IS_WRITER:
        sys.exit(spoolchild.main(int(sys.argv[4]), Path(sys.argv[5])))
    spoolprocess.COMMAND = (sys.executable, __file__, *sys.argv[1:3], AS_WRITER)
    sys.exit(main(sys.argv[3:]))
