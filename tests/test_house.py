"""The habits of the house that can be counted: imports, sizes, docstrings, patience.

Who may import whom stands in pyproject.toml under `tool.importlinter`, with the reasons; the
numbers stand here. An exception is a row in a table with its reason, reviewed like code.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mailtrack"
TESTS = ROOT / "tests"

FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 60

# Functions that read better in one piece than in two: "room/file.py:name" and why.
LONG_FUNCTIONS: dict[str, str] = {}
LONG_FILES: dict[str, str] = {}

# What Alembic writes is history: it is never edited, so it is not measured.
UNMEASURED = ("store/migrations/versions/",)


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not _is_unmeasured(path)]


def rooms() -> list[Path]:
    return sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


def test_imports_only_go_down() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint_imports, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_has_outgrown_its_reader() -> None:
    long = {
        name: lines
        for path in modules()
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX
        and (name := _name(path)) not in LONG_FILES
    }
    assert not long, f"more than {FILE_LINES_MAX} lines; which two things are they? {long}"


def test_no_function_has_outgrown_its_reader() -> None:
    long = {
        name: lines
        for path in modules()
        for name, lines in _functions(path)
        if lines > FUNCTION_LINES_MAX and name not in LONG_FUNCTIONS
    }
    assert not long, f"more than {FUNCTION_LINES_MAX} lines; which parts are they? {long}"


def test_the_lists_of_exceptions_name_what_is_there() -> None:
    functions = {name for path in modules() for name, _ in _functions(path)}
    files = {_name(path) for path in modules()}
    assert set(LONG_FUNCTIONS) <= functions
    assert set(LONG_FILES) <= files


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_each_room_says_what_it_is_for(room: Path) -> None:
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text()))


@pytest.mark.parametrize("room", ["mail", "tickets", "desk"])
def test_a_pure_room_never_asks_for_the_time(room: str) -> None:
    # Time enters as a value (Fresh). Turning a given moment about is allowed; asking is not.
    asking = re.compile(r"\.(now|utcnow|today)\(")
    assert _lines_with(asking, (PACKAGE / room).rglob("*.py")) == []


def test_no_test_sleeps() -> None:
    sleeping = re.compile(r"\btime\.sleep\(|\basyncio\.sleep\((?!0\))")
    allowed = {"waiting.py", "test_house.py"}
    tests = (path for path in TESTS.rglob("*.py") if path.name not in allowed)
    assert _lines_with(sleeping, tests) == [], "wait for a condition: waiting.wait_for"


def test_requirements_are_pinned_hashed_and_name_no_registry() -> None:
    for path in sorted(ROOT.glob("requirements*.txt")):
        text = path.read_text()
        assert "://" not in text, path.name
        pinned = re.findall(r"^([a-z0-9][\w.-]*)(==\S+)?.*(\\)?$", text, re.MULTILINE)
        hashes = re.findall(r"^[a-z0-9][^\n]* \\\n    --hash=sha256:", text, re.MULTILINE)
        assert all(version for _, version, _ in pinned), path.name
        assert len(hashes) == len(pinned), path.name


def _is_unmeasured(path: Path) -> bool:
    return _name(path).startswith(UNMEASURED)


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function's name and the lines of its body, without its docstring."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = (
                node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            )
            assert node.end_lineno is not None
            yield f"{_name(path)}:{node.name}", node.end_lineno - first.lineno + 1


def _lines_with(pattern: re.Pattern[str], paths: Iterator[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(paths)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]
