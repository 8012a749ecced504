"""Files as they come: bytes that are read, bytes that cannot be, how much is told at once."""

from pathlib import Path

import pytest
from config.conftest import DESK, Mistakes, Write

from mailtrack.config import load
from mailtrack.config.load import MISTAKES_MAX
from mailtrack.config.page import FILE_BYTES_MAX
from mailtrack.errors import ConfigError


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_files_of_windows_editors_are_read(write: Write, before: bytes, ending: str) -> None:
    folder = write()
    text = DESK + "  timezone: Nowhere\n"
    (folder / "mailtrack.yaml").write_bytes(before + text.replace("\n", ending).encode())
    with pytest.raises(ConfigError) as caught:
        load(folder, environ={})
    (told,) = caught.value.mistakes
    assert (told.line, told.column) == (4, 13)


@pytest.mark.parametrize(
    ("content", "place", "found"),
    [
        (b"desk:\n  name: \xff\n", (2, 9), "UTF-8"),
        (b"#" * FILE_BYTES_MAX + b"\n", (1, 1), "larger than"),
        (b"#" * (FILE_BYTES_MAX - 1) + b"\n", (1, 1), "not there, or empty"),
    ],
)
def test_a_file_that_cannot_be_text_or_is_too_large_is_told(
    write: Write, content: bytes, place: tuple[int, int], found: str
) -> None:
    folder = write()
    (folder / "mailtrack.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(folder, environ={})
    (told,) = caught.value.mistakes
    assert (told.line, told.column) == place
    assert found in told.found


def test_a_broken_file_makes_no_mistakes_of_what_refers_to_it(mistakes: Mistakes) -> None:
    rules = "rules: [{name: r, then: {assign: olga, queue: sales, sla: gold}}]\n"
    told = mistakes(mailtrack="desk: [", people="agents: {", sla="policies: '", rules=rules)
    assert [Path(one.file).name for one in told] == [
        "mailtrack.yaml",
        "people.yaml",
        "sla.yaml",
    ]


@pytest.mark.parametrize("count", [MISTAKES_MAX, MISTAKES_MAX + 1])
def test_no_more_mistakes_are_told_than_anybody_mends_at_once(
    mistakes: Mistakes, count: int
) -> None:
    told = mistakes(
        rules="rules:\n" + "".join(f"  - {{name: r{n}, stop: never}}\n" for n in range(count))
    )
    assert len(told) == count
    assert ("1 more mistakes" in told[-1].found) is (count > MISTAKES_MAX)
