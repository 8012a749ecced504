"""YAML text as parser events, and what is wrong with its writing in words that help to mend it.

Only here and in ``nodes`` is ruamel.yaml used. Read ``nodes`` next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.events import Event
from ruamel.yaml.reader import ReaderError


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the YAML itself. ``key`` is the path, ``""`` if unknown."""

    place: Place
    found: str
    mend: str
    key: str = ""


class Unreadable(Exception):
    """The text is no YAML from this fault on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.found)
        self.fault = fault


TAB_FOUND: Final = "a tab stands here, and YAML allows none in the indentation"
TAB_MEND: Final = "Replace it with spaces"

# What the parser says, in the words of somebody who has to mend it; the first that fits.
_SYNTAX: Final = (
    ("found character '\\t'", TAB_FOUND, TAB_MEND),
    (
        "mapping values are not allowed",
        "a second ': ' stands in one line, or the line before is indented differently",
        "Write text that holds ': ' in quotes, or align the key with its neighbours",
    ),
    (
        "could not find expected ':'",
        "a key has no ':' after it",
        "Write 'key: value', with a blank after the colon",
    ),
    (
        "unexpected end of stream",
        "a quote is opened here and never closed",
        "Close it; to write a quote inside of quotes, double it",
    ),
    (
        "that cannot start any token",
        "a value cannot begin with this character",
        "Write the value in quotes",
    ),
    (
        "expected ',' or",
        "a list or mapping in brackets is opened before this and not closed",
        "Put the missing comma or closing bracket before this place",
    ),
    (
        "but found '?'",
        "a key stands among the items of a list",
        "Indent it so that it belongs to one item, or take the '-' away",
    ),
    (
        "expected <block end>",
        "this line is not aligned with the ones above it",
        "Give keys of one level the same indentation",
    ),
    (
        "unknown escape character",
        "a backslash in double quotes begins an escape that YAML does not know",
        "Use single quotes: '\\d+' means itself there",
    ),
    ("tag handle", "a value cannot begin with '!'", "Write the value in quotes"),
)


def events_of(text: str) -> Iterator[Event]:
    """The parser's events of ``text``. Raises ``Unreadable`` where they end early."""
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        raise Unreadable(_syntax_fault(text, error)) from error
    except ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, error.position - before.rfind("\n"))
        fault = Fault(place, "a control character stands here", "Delete it; it cannot be seen")
        raise Unreadable(fault) from error


def place_of(mark: StreamMark) -> Place:
    """The parser's position, counted from 1."""
    return Place(mark.line + 1, mark.column + 1)


def without_tab(text: str, fault: Fault) -> str | None:
    """The text with the tabs of that line turned into blanks; None if it was not for a tab."""
    if fault.found != TAB_FOUND:
        return None
    lines = text.split("\n")
    above, line = lines[: fault.place.line - 1], lines[fault.place.line - 1]
    if "\t" not in line:
        return None
    indentation = _indentation(line)
    if "\t" in indentation:
        lines[fault.place.line - 1] = _blanks(indentation, above) + line.lstrip()
    else:
        lines[fault.place.line - 1] = line.replace("\t", " ")
    return "\n".join(lines)


def _syntax_fault(text: str, error: MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "it cannot be read"
    if "end of stream" in problem and error.context_mark is not None:
        mark = error.context_mark
    place = Place(1, 1) if mark is None else place_of(mark)
    lines = text.split("\n")
    indentation = _indentation(lines[place.line - 1]) if place.line <= len(lines) else ""
    if "\t" in indentation:
        return Fault(Place(place.line, indentation.index("\t") + 1), TAB_FOUND, TAB_MEND)
    for begin, found, mend in _SYNTAX:
        if begin in problem:
            return Fault(place, found, mend)
    return Fault(place, problem, "See the lines before this place, too")


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _blanks(indentation: str, above: list[str]) -> str:
    """Blanks of the depth that was likely meant, judged by the line before."""
    plain = indentation.replace("\t", "")
    previous = next((line for line in reversed(above) if line.strip()), "")
    is_opener = previous.split(" #")[0].rstrip().endswith(":")
    return plain or " " * (len(_indentation(previous)) + (2 if is_opener else 0))
