"""Every conversation of `scenarios/` goes as it is written; see `script` for the format.

After a change that is meant, `UPDATE_SCENARIOS=1 pytest tests/test_scenarios.py` rewrites what
was expected; the diff is reviewed like code.
"""

import os
import re
from pathlib import Path

import pytest
from client import Left
from laws import check_letter, check_one_each
from player import Otherwise, Player, rewrite
from script import matches, scenario_from

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.mail"))
SCENARIOS_MIN = 45


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_conversation_goes_as_written(path: Path, tmp_path: Path) -> None:
    if os.environ.get("UPDATE_SCENARIOS"):
        (tmp_path / "update").mkdir()
        rewrite(path, tmp_path / "update")
    Player(scenario_from(path), tmp_path).play()
