"""The daemon works under the directives of its unit, as far as they can be had without systemd.

`sandboxed.py` puts up the fence and starts the real daemon in it. What of it breaks the daemon
is a mistake in the unit or in the daemon.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sandboxed
from process import MAILTRACK, Process, text_of
from servers.machine import lacking, program
from waiting import wait_for

from mailtrack.reader import NICENESS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SANDBOXED = Path(__file__).with_name("sandboxed.py")
CARA, IVAN = "cara@cust.example", "ivan@help.example"
TRIES = """
import ctypes, os, socket, sys, mmap
from pathlib import Path
state, config = map(Path, sys.argv[1:])

def fails(what, *arguments, **named):
    try:
        what(*arguments, **named)
    except OSError as error:
        print(error.errno, end=" ")
    else:
        print("done", end=" ")

(state / "probe").write_text("this may be written")
print(oct((state / "probe").stat().st_mode & 0o777), end=" ")
fails(os.chmod, config, 0o777)
fails(Path("/etc/probe").write_text, "x")
fails((Path.home() / "probe").write_text, "x")
fails(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW)
fails(mmap.mmap, -1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)
fails(os.chown, state / "probe", 1, 1)
fails(os.sched_setscheduler, 0, os.SCHED_BATCH, os.sched_param(0))
fails(os.listdir, "/proc/sys")
print(Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0])
"""


@pytest.fixture
def fence(tmp_path: Path) -> tuple[str, ...]:
    """The words that start a program in it; skipped where the machine refuses."""
    if os.geteuid() != 0:
        lacking("only root may put up the fence of the unit.")
    program("systemd-analyze", package="systemd")
    (tmp_path / "state").mkdir()
    (tmp_path / "config").mkdir()
    words = (sys.executable, str(SANDBOXED), str(tmp_path / "state"), str(tmp_path / "config"))
    tried = subprocess.run((*words, "/bin/true"), check=False, capture_output=True, text=True)
    if tried.returncode == sandboxed.REFUSED:
        lacking(f"this machine refuses a part of the fence: {tried.stderr.strip()}.")
    assert tried.returncode == 0, tried.stderr
    return words


def test_the_fence_of_the_unit_holds(fence: tuple[str, ...]) -> None:
    words = (*fence, sys.executable, "-c", TRIES, *fence[2:4])
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    read_only, not_permitted, no_family, not_there = "30", "1", "97", "2"
    assert done.stdout.split()[:-1] == [
        "0o600", read_only, read_only, read_only, no_family, not_permitted, not_permitted,
        not_permitted, not_there,
    ]  # fmt: skip
    assert int(done.stdout.split()[-1], 16) == 0, "no capability is left"


@pytest.fixture
def desk(
    fence: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Process]:
    place = tmp_path / "state" / "lmtp.sock"
    made = Process(tmp_path, (r"^  # lmtp: .*", f'  lmtp: {{listen: "unix:{place}"}}'))
    made.command = (*fence, *MAILTRACK)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "state" / "notify"))
    yield made
    made.kill()


def test_the_daemon_lives_in_the_fence_of_its_unit(desk: Process) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(desk.state / "notify"))
        systemd.settimeout(60)
        desk.start()
        assert systemd.recv(100) == b"READY=1"
        desk.write(CARA, "Printer on fire", "It burns.")
        acknowledged = desk.wait_for_letters(CARA, 1, seconds=60)
        assert "Printer on fire" in str(acknowledged["subject"])
        # Long enough that only a worker may read it.
        desk.write(
            "dora@cust.example", "A long story", "Once upon a time.\n" * 20_000 + "The end."
        )
        wait_for(
            lambda: any("A long story" in str(one["subject"]) for one in desk.letters(IVAN)), 90
        )
        workers = psutil.Process(desk.pid).children(recursive=True)
        assert NICENESS in {one.nice() for one in workers}, "heavy mail waits for light"
        desk.answer(desk.letters(IVAN)[0], IVAN, "Pull the plug.", adds="[close]")
        assert "Pull the plug." in text_of(desk.wait_for_letters(CARA, 2, seconds=60))
        assert desk.stop() == 0
        told = systemd.recv(100)
        while told == b"WATCHDOG=1":
            told = systemd.recv(100)
        assert told == b"STOPPING=1"
    found = desk.ask("status")
    assert sum(found["mails"].values()) == 3  # type: ignore[attr-defined]
    assert found["quarantined"] == 0
    assert desk.ask("fsck", "--deep")["problems"] == []
    assert "Traceback" not in desk.log()
    assert "worker" not in desk.log(), "no reader died"
    open_to_others = [
        path for path in desk.state.rglob("*")
        if path.stat().st_mode & 0o007 and path.name not in ("lmtp.sock", "notify")
    ]  # fmt: skip
    assert open_to_others == []
