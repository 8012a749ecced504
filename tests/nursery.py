"""Desks that are born quickly: one interpreter that has imported the house, and forks.

A start of `python -m mailtrack` is a second of imports and a tenth of a second of the desk.
Who starts it a thousand times keeps one of these: each line on stdin (a JSON list: file of the
log, words of the command) is answered with the process id of a new desk in a group of its
own. What it runs from there on is what the command runs; nothing was begun before the fork.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from mailtrack import __main__ as command
from mailtrack import cli
from mailtrack.operator import serve

assert serve, "imported for those who are born"


class Nursling:
    """One of them, seen from the tests; like a Popen, as far as `Process` needs one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):  # dead, and its mother has buried it
            self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """None while it lives, then 0: its exit code is its mother's."""
        return 0 if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """0 when it is dead; TimeoutExpired if it is not in time."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired("a desk", timeout or 0)
        return 0

    def _has_ended(self, timeout: float | None) -> bool:
        if self._handle is None:
            return True
        if not select.select([self._handle], [], [], timeout)[0]:
            return False
        os.close(self._handle)
        self._handle = None
        return True

    def send_signal(self, number: int) -> None:
        """As it says."""
        os.kill(self.pid, number)


class Nursery:
    """The mother. `close` ends her; her children outlive her."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._mother = subprocess.Popen(
            (sys.executable, __file__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            text=True,
        )

    def bear(self, log: Path, *words: str) -> Nursling:
        """A new process that runs `mailtrack WORDS…`."""
        assert self._mother.stdin is not None and self._mother.stdout is not None
        self._mother.stdin.write(json.dumps([str(log), *words]) + "\n")
        self._mother.stdin.flush()
        return Nursling(int(self._mother.stdout.readline()))

    def close(self) -> None:
        """No more."""
        self._mother.communicate()


def _live(log: str, words: list[str]) -> None:
    with contextlib.suppress(PermissionError):  # its mother was faster
        os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    silence = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((silence, 0), (said, 1), (said, 2)):
        os.dup2(ours, theirs)
    os.closerange(3, 64)
    sys.modules["__main__"] = command  # what its own workers begin with
    code = cli.main(words)
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for line in sys.stdin:
        log, *words = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _live(log, words)
        with contextlib.suppress(OSError):  # a group of its own before anybody can kill it
            os.setpgid(pid, pid)
        print(pid, flush=True)
