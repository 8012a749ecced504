"""A desk whose four files a test writes, and what loading says about them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailtrack.config import Loaded, load
from mailtrack.errors import ConfigError, Mistake

# The least that loads: three lines, so that line numbers in tests are easy to count.
DESK = "desk:\n  name: Help\n  addresses: {support@help.example: support}\n"
PEOPLE = "agents:\n  ivan: {email: ivan@help.example, skills: [sip]}\n"

Write = Callable[..., Path]
Load = Callable[..., Loaded]
Mistakes = Callable[..., tuple[Mistake, ...]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the files of a desk: ``write(rules="rules: ...")``; "" leaves one away."""

    def write_files(**files: str) -> Path:
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        for name, text in {"mailtrack": DESK, "people": PEOPLE, **files}.items():
            if text:
                (folder / f"{name}.yaml").write_bytes(text.encode())
        return folder

    return write_files


@pytest.fixture
def loaded(write: Write, tmp_path: Path) -> Load:
    """Loads a desk that is right."""

    def load_files(*, environ: dict[str, str] | None = None, **files: str) -> Loaded:
        surroundings = {"MAILTRACK_STATE": str(tmp_path / "state"), **(environ or {})}
        return load(write(**files), environ=surroundings)

    return load_files


@pytest.fixture
def mistakes(write: Write, tmp_path: Path) -> Mistakes:
    """All that is wrong with a desk; none if it loads."""

    def load_files(**files: str) -> tuple[Mistake, ...]:
        try:
            load(write(**files), environ={"MAILTRACK_STATE": str(tmp_path / "state")})
        except ConfigError as error:
            return error.mistakes
        return ()

    return load_files
