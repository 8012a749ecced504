"""The header of a mail or of a part: where it ends, and its fields as raw bytes.

Real headers hold lines that are no header: mbox lines, badly wrapped values, garbage in
front. Such a line is skipped or taken as the end of the header by what follows it. Everything
here is one pass over bytes with bounds; nothing is decoded. ``prescan`` is who asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mailtrack.mail.limits import (
    FIELD_BYTES_MAX,
    FIELD_NAME_BYTES_MAX,
    FIELDS_MAX,
    HEADER_BYTES_MAX,
)

# RFC 5322 section 2.2 allows any printable; blanks before the colon are obsolete but seen.
_NAME: Final = re.compile(rb"([!-9;-~]{1,%d})[ \t]*:" % FIELD_NAME_BYTES_MAX)
# A line that is no field ends the header, unless one of these still follows close behind.
_KNOWN: Final = re.compile(
    rb"(?i)(?:from|to|cc|subject|date|message-id|mime-version|received|reply-to|return-path|"
    rb"content-[a-z-]+|in-reply-to|references|x-[a-z-]+|delivered-to|sender|user-agent)[ \t]*:"
)
_LOOK_AHEAD_LINES: Final = 64
# A field whose name no standard allows, such as one with 8-bit letters: it is passed over.
_BAD_FIELD: Final = re.compile(rb"[!-9;-~]{0,40}[\x80-\xff][^\s:]{0,75}:[ \t]")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its name in lower case, and its value without line ends."""

    name: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of one header in order, where its body starts, and what was wrong."""

    fields: tuple[Field, ...]
    body_start: int
    flaws: frozenset[str]

    def first(self, name: str) -> bytes | None:
        """The value of the first field of that lower-case name."""
        return next((field.value for field in self.fields if field.name == name), None)

    def all(self, name: str) -> tuple[bytes, ...]:
        """The values of all fields of that lower-case name, in order."""
        return tuple(field.value for field in self.fields if field.name == name)


def header_from(raw: bytes, start: int, end: int) -> Header:
    """The header at ``start``. Its body starts at or before ``end``."""
    reading = _Reading(raw, end)
    position = start
    limit = min(end, start + HEADER_BYTES_MAX)
    while position < limit:
        line_end = raw.find(b"\n", position, end)
        after = end if line_end < 0 else line_end + 1
        line = raw[position : min(after, position + FIELD_BYTES_MAX + 2)].rstrip(b"\r\n")
        if not reading.takes(line, after):
            return reading.header(position if line.strip() else after)
        position = after
    if position < end:
        reading.flaws.add("header.too_long")
        position = _after_blank_line(raw, position, end)
    return reading.header(position)


class _Reading:
    """A header while its lines are taken one by one."""

    def __init__(self, raw: bytes, end: int) -> None:
        self.raw = raw
        self.end = end
        self.fields: list[tuple[str, list[bytes]]] = []
        self.flaws: set[str] = set()

    def takes(self, line: bytes, after: int) -> bool:
        """Whether ``line``, which ends at ``after``, is of the header; False at its end."""
        if not line:
            return False
        if line[0] in b" \t":
            return self._takes_indented(line, after)
        if line.startswith(b"--"):  # a boundary: the empty line is missing
            self.flaws.add("header.no_blank_line")
            return False
        match = _NAME.match(line)
        return self._takes_field(line, match) if match else self._takes_stray(line, after)

    def header(self, body_start: int) -> Header:
        fields = tuple(Field(name, self._unfolded(lines)) for name, lines in self.fields)
        return Header(fields, body_start, frozenset(self.flaws))

    def _takes_indented(self, line: bytes, after: int) -> bool:
        if self.fields:
            if not line.strip() and not _goes_on(self.raw, after, self.end):
                return False
            self.fields[-1][1].append(line)
            return True
        bare = line.lstrip()
        match = _NAME.match(bare) if _KNOWN.match(bare) else None
        if match:
            return self._takes_field(bare, match)
        return self._takes_stray(line, after)

    def _takes_field(self, line: bytes, match: re.Match[bytes]) -> bool:
        if len(self.fields) >= FIELDS_MAX:
            self.flaws.add("header.too_many_fields")
        else:
            self.fields.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
        return True

    def _takes_stray(self, line: bytes, after: int) -> bool:
        """A line that is no field: garbage if fields follow, else the body begins with it."""
        if not self.fields and line.startswith((b"From ", b">From ")):
            self.flaws.add("header.mbox_line")
            return True
        is_bad_field = bool(self.fields) and bool(_BAD_FIELD.match(line))
        if not is_bad_field and not _header_follows(self.raw, after, self.end):
            self.flaws.add("header.no_blank_line")
            return False
        self.flaws.add("header.stray_line")
        if self.fields:
            self.fields[-1][1].append(b" " + line)
        return True

    def _unfolded(self, lines: list[bytes]) -> bytes:
        value = lines[0] if len(lines) == 1 else b"".join(lines)
        if len(value) > FIELD_BYTES_MAX:
            self.flaws.add("header.field_too_long")
            value = value[:FIELD_BYTES_MAX]
        return value.strip(b" \t\r")


def _goes_on(raw: bytes, position: int, end: int) -> bool:
    """Whether a field or its continuation stands right behind a line of blanks."""
    line = raw[position : min(end, position + 200)]
    return bool(_KNOWN.match(line)) or (line[:1] in (b" ", b"\t") and bool(line.strip()))


def _header_follows(raw: bytes, position: int, end: int) -> bool:
    """Whether a well-known field stands within the next lines, before a blank one."""
    for _ in range(_LOOK_AHEAD_LINES):
        line_end = raw.find(b"\n", position, min(end, position + FIELD_BYTES_MAX))
        if line_end < 0 or not raw[position:line_end].strip():
            return False
        if _KNOWN.match(raw, position):
            return True
        position = line_end + 1
    return False


def _after_blank_line(raw: bytes, position: int, end: int) -> int:
    found = [
        at for mark in (b"\n\n", b"\n\r\n") if (at := raw.find(mark, position - 2, end)) >= 0
    ]
    return min(found) + 2 + (raw[min(found) + 1 : min(found) + 2] == b"\r") if found else end
