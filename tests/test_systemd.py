"""The units keep what we promise: hardly any exposure, and nothing systemd stumbles over."""

import re
import subprocess
from pathlib import Path

from servers.machine import program

UNITS = Path(__file__).parent.parent / "systemd"
EXPOSURE_MAX = 1.5


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
    assert len(units) == 2
    complaints = [
        line
        for line in analyse("verify", "--man=no", *units).splitlines()
        # The desk is not installed in /opt where the tests run.
        if "mailtrack." in line and "is not executable" not in line
    ]
    assert complaints == []
