"""PostgreSQL as the other store: one cluster a run, a new database for whoever asks.

It does not sync to disk: these tests ask what is stored, not what survives a power cut. A test
about crashes passes `durable=True`.
"""

import itertools
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
from servers.machine import (
    LOOPBACK,
    START_SECONDS,
    Daemon,
    free_port,
    new_folder,
    plain_user,
    program,
)
from waiting import wait_for

USER = "mailtrack"
HOMES = "/usr/lib/postgresql"
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgresql:
    """One running cluster. `stop` and `start` keep its databases."""

    host = LOOPBACK

    def __init__(self, *, durable: bool = False) -> None:
        # Debian keeps each version in a folder of its own, none of them on the PATH.
        homes = sorted(Path(HOMES).glob("*/bin"), key=_version, reverse=True)
        folders = ":".join(str(home) for home in homes) or HOMES
        self._server = program("postgres", package="postgresql", folders=folders)
        self._home = Path(self._server).parent
        self._settings = () if durable else CARELESS
        self._numbers = itertools.count(1)
        self._daemon: Daemon | None = None
        self.folder = new_folder("postgresql")
        self.port = free_port()
        self._run(
            "initdb",
            "-D",
            str(self.folder / "data"),
            "-A",
            "trust",
            "-U",
            USER,
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )

    def start(self) -> None:
        settings = [
            f"listen_addresses={self.host}",
            f"port={self.port}",
            f"unix_socket_directories={self.folder}",
            "shared_buffers=64MB",
            *self._settings,
        ]
        options = [word for setting in settings for word in ("-c", setting)]
        command = [self._server, "-D", str(self.folder / "data"), *options]
        self._daemon = Daemon(command, log=self.folder / "log", plain=True)
        self._daemon.wait_for_port(self.port)
        # The port is open before the database is; until it has started up it refuses all.
        wait_for(self._is_ready, START_SECONDS, what="PostgreSQL takes connections")

    def _is_ready(self) -> bool:
        command = [str(self._home / "pg_isready"), "-q", "-h", self.host, "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def stop(self, first_signal: signal.Signals = signal.SIGQUIT) -> None:
        """Stops at once; SIGTERM would wait until every client has gone."""
        if self._daemon is not None:
            self._daemon.stop(first_signal)
            self._daemon = None

    def freeze(self) -> None:
        """Nothing of it moves any more, and no connection ends, until `thaw`."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        main = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        # Each backend leads a session of its own, so there is no one group of all.
        for process in (psutil.Process(main), *psutil.Process(main).children()):
            process.send_signal(number)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """The URL of a new and empty database."""
        name = f"desk{next(self._numbers)}"
        self._run("createdb", "-h", self.host, "-p", str(self.port), "-U", USER, name)
        return f"postgresql://{USER}@{self.host}:{self.port}/{name}"

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self._home / name), *arguments]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **plain_user(),
        )
        assert done.returncode == 0, f"{name} failed:\n{done.stdout}\n{done.stderr}"


def _version(home: Path) -> int:
    name = home.parent.name
    return int(name) if name.isdigit() else 0
