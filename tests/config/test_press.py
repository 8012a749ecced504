"""Compiled templates kept between two starts: a start is quicker for them, and never wrong."""

from functools import partial
from pathlib import Path

import pytest

from mailtrack.config import press
from mailtrack.config.press import FILE, install_press, keep_press, recall_press
from mailtrack.desk.letters import LETTERS, Press, Stationery, TemplateMistakes, load_stationery

SHIPPED = Path(__file__).parents[2] / "templates"
LANGUAGES = ("en", "ru")


@pytest.fixture(scope="module")
def shipped() -> Press:
    """What ships, compiled once for all of these tests; only installing keeps it by itself."""
    return load_stationery((SHIPPED,), ("en", "ru", "uk")).press


@pytest.fixture(autouse=True)
def not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "INSTALLED", tmp_path / "not-installed")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A desk's own template, above the shipped ones."""
    folder = tmp_path / "own"
    (folder / "letters/en").mkdir(parents=True)
    (folder / "letters/en/acknowledged.txt.j2").write_text("{% set subject = 'Hi' %}Here.\n")
    return folder


def start(own: Path, state: Path) -> tuple[Stationery, bool]:
    """What a start loads and keeps, and whether it found what the last one had kept."""
    found = []

    def recall(mark: str) -> object:
        found.append(recall_press(state, mark))
        return found[-1]

    stationery = load_stationery((own, SHIPPED), LANGUAGES, recall=recall)
    keep_press(state, stationery.press)
    return stationery, found[-1] is not None


def test_the_second_start_writes_the_same_letters(own: Path, tmp_path: Path) -> None:
    first, is_recalled = start(own, tmp_path)
    assert not is_recalled
    second, is_recalled = start(own, tmp_path)
    assert is_recalled
    for name, views in LETTERS.items():
        for view in views:
            for language in LANGUAGES:
                written = first.write(name, language, view)
                assert second.write(name, language, view) == written


def test_a_changed_template_is_compiled_and_checked_anew(own: Path, tmp_path: Path) -> None:
    start(own, tmp_path)
    (own / "letters/en/acknowledged.txt.j2").write_text("{% set subject = 'Hi' %}There.\n")
    stationery, is_recalled = start(own, tmp_path)
    assert not is_recalled
    view = LETTERS["acknowledged"][0]
    assert stationery.write("acknowledged", "en", view).text == "There.\n"
    (own / "letters/en/acknowledged.txt.j2").write_text("{{ tiket }}")
    with pytest.raises(TemplateMistakes):
        start(own, tmp_path)


def test_another_language_is_another_press(own: Path, tmp_path: Path) -> None:
    start(own, tmp_path)
    stationery = load_stationery(
        (own, SHIPPED), ("uk",), recall=partial(recall_press, tmp_path)
    )
    assert stationery.languages == ("en", "uk")


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_damaged_file_is_not_used(shipped: Press, tmp_path: Path, cut: int) -> None:
    keep_press(tmp_path, shipped)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:cut])
    assert recall_press(tmp_path, shipped.mark) is None
    keep_press(tmp_path, shipped)
    assert recall_press(tmp_path, shipped.mark) == shipped


def test_a_file_that_others_may_write_is_not_run(shipped: Press, tmp_path: Path) -> None:
    keep_press(tmp_path, shipped)
    (tmp_path / FILE).chmod(0o620)
    assert recall_press(tmp_path, shipped.mark) is None
    keep_press(tmp_path, shipped)
    assert recall_press(tmp_path, shipped.mark) == shipped
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_state_folder_that_is_not_there_is_no_failure(shipped: Press, tmp_path: Path) -> None:
    keep_press(tmp_path / "nowhere", shipped)
    assert recall_press(tmp_path / "nowhere", shipped.mark) is None
    assert not (tmp_path / "nowhere").exists()


def test_the_first_start_finds_what_was_compiled_when_mailtrack_was_installed(
    shipped: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "INSTALLED", tmp_path / "__pycache__")
    install_press()
    for state in (tmp_path, None):
        assert recall_press(state, shipped.mark) == shipped
