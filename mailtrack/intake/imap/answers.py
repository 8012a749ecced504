"""What a server's responses say. Broken ones say less, never something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from mailtrack.intake.imap.wire import Response

UID_MAX: Final = 2**32 - 1
DEPTH_MAX: Final = 10

Value: TypeAlias = bytes | tuple[bytes, ...]

_TOKEN: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"|([()])|([^\s()"]+)')
_FETCH: Final = re.compile(rb"\d{1,10} FETCH \(", re.IGNORECASE)
_CODE: Final = re.compile(rb"(?i)OK \[(UIDVALIDITY|UIDNEXT) (\d{1,10})\]")
_PERMANENT: Final = re.compile(rb"(?i)OK \[PERMANENTFLAGS \(([^)]*)\)")
_DATE: Final = re.compile(
    rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})", re.ASCII
)
_MONTHS: Final = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
_EXISTS: Final = re.compile(rb"(?i)(\d{1,10}) EXISTS\b")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that was selected. ``flags`` may be set for good, None: whatever one likes."""

    uidvalidity: int
    uidnext: int | None
    exists: int
    flags: frozenset[str] | None
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was said of one mail; None is what was not said."""

    uid: int
    size_bytes: int | None = None
    internal_date: datetime | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a mail before it is fetched: ``waiting_since`` when it came there."""

    size_bytes: int
    waiting_since: datetime | None = None


def folder_from(responses: Iterable[Response], ending: bytes) -> Folder | None:
    """What SELECT said; None without a UIDVALIDITY, for then no UID means anything."""
    codes: dict[bytes, int] = {}
    flags: frozenset[str] | None = None
    exists = 0
    for response in responses:
        line = response[0]
        if code := _CODE.match(line):
            codes[code[1].upper()] = int(code[2])
        elif permanent := _PERMANENT.match(line):
            named = permanent[1].decode("ascii", "replace").split()
            flags = None if "\\*" in named else frozenset(flag.casefold() for flag in named)
        elif count := _EXISTS.match(line):
            exists = int(count[1])
    if b"UIDVALIDITY" not in codes:
        return None
    is_read_only = b"[READ-ONLY]" in ending.upper()
    return Folder(codes[b"UIDVALIDITY"], codes.get(b"UIDNEXT"), exists, flags, is_read_only)


def uids_from(responses: Iterable[Response]) -> list[int]:
    """The UIDs of a SEARCH, rising, each once."""
    found: set[int] = set()
    for response in responses:
        verb, _, rest = response[0].partition(b" ")
        if verb.upper() == b"SEARCH":
            words = rest.partition(b"(")[0].split()
            found.update(int(word) for word in words if _is_uid(word))
    return sorted(found)


def fetched_from(responses: Iterable[Response]) -> dict[int, Fetched]:
    """What FETCH said, by UID. A flag that somebody else changed may stand in between."""
    found: dict[int, Fetched] = {}
    for response in responses:
        if not _FETCH.match(response[0]):
            continue
        facts = dict(_pairs(response))
        uid = facts.get(b"UID")
        if not isinstance(uid, bytes) or not _is_uid(uid):
            continue
        size = facts.get(b"RFC822.SIZE")
        content = next((v for k, v in facts.items() if k.startswith(b"BODY[")), None)
        one = Fetched(
            int(uid),
            int(size) if isinstance(size, bytes) and size.isdigit() else None,
            _instant_from(facts.get(b"INTERNALDATE")),
            content if isinstance(content, bytes) else None,
        )
        known = found.get(one.uid)
        if known is None or (known.size_bytes is None and known.content is None):
            found[one.uid] = one
    return found


def _instant_from(value: Value | None) -> datetime | None:
    """`` 2-Mar-2026 10:00:00 +0200`` of RFC 9051; None for what is no such date."""
    found = _DATE.fullmatch(value) if isinstance(value, bytes) else None
    if found is None or found[2].lower() not in _MONTHS:
        return None
    month = _MONTHS.index(found[2].lower()) + 1
    text = f"{int(found[3]):04}-{month:02}-{int(found[1]):02}T{found[4].decode()}"
    try:
        return datetime.strptime(
            f"{text}{found[5].decode()}", "%Y-%m-%dT%H:%M:%S%z"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_uid(word: bytes) -> bool:
    return word.isdigit() and len(word) <= 10 and 0 < int(word) <= UID_MAX


def _pairs(response: Response) -> Iterator[tuple[bytes, Value]]:
    """Keys and values inside the outer parentheses."""
    tokens = _tokens(response)
    for kind, _ in tokens:
        if kind == b"(":
            break
    for kind, key in tokens:
        if kind:
            return
        opens, value = next(tokens, (b")", b""))
        if opens == b")":
            return
        nothing: Value = ()
        yield key.upper(), _list_of(tokens) if opens == b"(" else nothing if opens else value


def _list_of(tokens: Iterator[tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    depth, words = 1, []
    for kind, word in tokens:
        depth += (kind == b"(") - (kind == b")")
        if depth == 0 or depth > DEPTH_MAX:
            break
        words.append(word)
    return tuple(words)


def _tokens(response: Response) -> Iterator[tuple[bytes, bytes]]:
    """``(b"(" or b")" or b"NIL" or b"", word)``; a literal is a word."""
    lines, literals = response[0::2], response[1::2]
    for index, line in enumerate(lines):
        text = line[: line.rfind(b"{")] if index < len(literals) else line
        for match in _TOKEN.finditer(text):
            string, bracket, atom = match.groups()
            if bracket:
                yield bracket, b""
            elif string is not None:
                yield b"", re.sub(rb"\\(.)", rb"\1", string)
            else:
                yield (b"NIL", b"") if atom.upper() == b"NIL" else (b"", atom)
        if index < len(literals):
            yield b"", literals[index]
