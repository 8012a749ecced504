"""The units keep what we promise: hardly any exposure, and nothing systemd stumbles over."""

import re
import smtplib
import subprocess
from pathlib import Path

import pytest
from process import DESK, MAILTRACK, Process
from servers.machine import program
from waiting import wait_for

UNITS = Path(__file__).parent.parent / "systemd"
EXPOSURE_MAX = 1.5
CARA = "cara@cust.example"
MAIL = f"From: {CARA}\r\nTo: {DESK}\r\nSubject: Fire\r\n\r\nIt burns.\r\n"


def analyse(*words: str) -> str:
    command = [program("systemd-analyze", package="systemd"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_service_is_hardly_exposed() -> None:
    unit = UNITS / "mailtrack.service"
    answer = analyse("security", "--offline=true", "--no-pager", str(unit))
    found = re.search(r"Overall exposure level for mailtrack\.service: (\d+\.\d+)", answer)
    assert found, answer
    assert float(found[1]) <= EXPOSURE_MAX


def test_systemd_understands_every_line_of_the_units() -> None:
    units = [str(path) for path in sorted(UNITS.iterdir())]
    assert len(units) == 3
    complaints = [
        line
        for line in analyse("verify", "--man=no", *units).splitlines()
        # The desk is not installed in /opt where the tests run.
        if "mailtrack." in line and "is not executable" not in line
    ]
    assert complaints == []


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_sockets_that_systemd_opened_are_known_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    desk = Process(tmp_path, (r"^  # lmtp: .*", f'  lmtp: {{listen: "unix:{path}"}}'))
    activate = program("systemd-socket-activate", package="systemd")
    sockets = ("-l", f"127.0.0.1:{desk.port}", "-l", str(path), "--fdname=smtp:lmtp")
    # The first connection starts it, as it does on a machine that was just switched on.
    desk.start(program=(activate, *sockets, *MAILTRACK))
    try:
        desk.send(MAIL.encode(), CARA)
        with smtplib.LMTP(str(path)) as client:
            client.sendmail(CARA, [DESK], MAIL.replace("Fire", "Flood"))
        desk.wait_until_idle()
        wait_for(lambda: desk.ask("status")["mails_handled"] == 2, 60)
    finally:
        desk.kill()
