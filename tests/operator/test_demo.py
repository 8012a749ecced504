"""`mailtrack demo`, as somebody sees it who has just cloned this."""

import subprocess
import sys

import pytest

SECONDS_MAX = 240.0

# With so little patience every machine is a slow one.
IMPATIENT = """
import sys
from mailtrack import cli
from mailtrack.operator import demo
demo.QUIET_SECONDS = 0.12
sys.exit(cli.main(("demo", "--fast", "--plain")))
"""


@pytest.mark.slow
def test_the_demo_waits_for_its_letters_on_a_slow_machine() -> None:
    played = subprocess.run(
        (sys.executable, "-c", IMPATIENT), capture_output=True, timeout=SECONDS_MAX, check=False
    )
    said = played.stdout.decode()
    assert played.returncode == 0, played.stderr.decode()
    assert "Did you mean" in said
    assert "That was a day." in said
