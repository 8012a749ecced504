"""What the tests find on this machine: programs, free ports, folders, an ordinary user.

The servers of this folder are the real ones, run on loopback, each in a folder of its own.
Nothing system-wide is read, written or started. Where a program is missing the tests that need
it are skipped with a sentence; in continuous integration (CI=true) that is a failure.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for

LOOPBACK = "127.0.0.1"
START_SECONDS = 20.0
STOP_SECONDS = 10.0

# Below the range from which Linux takes the ports of outgoing connections, so that a port found
# free is not taken by somebody's client a moment later.
PORTS = range(15_000, 32_000)

# Debian keeps daemons where an ordinary user's PATH does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def lacking(sentence: str) -> None:
    """Skips the test because the machine lacks something, or fails it where CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{sentence} .ci/run should have seen to it.", pytrace=False)
    pytest.skip(sentence)


def program(name: str, *, package: str, folders: str = SEARCH_PATH) -> str:
    """The full path of a program; the test is skipped when it is not installed."""
    path = shutil.which(name, path=folders)
    if path is None:
        lacking(f"{name} is not installed (Debian: apt-get install {package}).")
    assert path is not None
    return path


def free_port() -> int:
    """A TCP port of loopback on which nobody listens."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise AssertionError("no free port was found in two hundred tries")


def is_listening(port: int) -> bool:
    """Whether a connection to the port of loopback is taken."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def is_root() -> bool:
    return os.geteuid() == 0


def plain_user() -> dict[str, Any]:
    """Arguments for subprocess: run as somebody who is not root.

    PostgreSQL refuses to run as root, and Dovecot is told to run as one plain user; continuous
    integration runs as root, so it becomes nobody.
    """
    if not is_root():
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def new_folder(name: str) -> Path:
    """A new folder, owned by the plain user, which every user may enter.

    pytest's own temporary folders are closed to all but the one who runs the tests, and the
    servers are somebody else. Their paths must stay short, too, for the sockets in them.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"mailtrack-{name}-"))
    folder.chmod(0o755)
    if is_root():
        shutil.chown(folder, "nobody", "nogroup")
    return folder


class Daemon:
    """A program in the foreground with its output in a file, stopped with all its children."""

    def __init__(self, command: list[str], *, log: Path, plain: bool) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **(plain_user() if plain else {}),
            )

    def wait_for_port(self, port: int) -> None:
        """Returns when the port answers; fails with the end of the log when it will not."""

        def is_up() -> bool:
            assert self._process.poll() is None, f"it stopped at once:\n{self.log_end()}"
            return is_listening(port)

        try:
            wait_for(is_up, START_SECONDS, what=f"a server on port {port}")
        except AssertionError as error:
            self.stop(signal.SIGKILL)
            raise AssertionError(f"{error}\n{self.log_end()}") from None

    def stop(self, first_signal: signal.Signals = signal.SIGTERM) -> None:
        """Asks the program to end, then makes the whole of its session end."""
        if self._process.poll() is None:
            self._process.send_signal(first_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)

    def log_end(self, lines: int = 30) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
