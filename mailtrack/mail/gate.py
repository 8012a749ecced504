"""The last look at a finished mail, at its bytes alone: nothing that ``compose`` knew counts.

A header that is not on the list, one too many, a line too long or a stray line end means that
somebody's text has got where only ours may stand. Such a letter is blocked, never mended.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from mailtrack.errors import MailtrackError
from mailtrack.mail.address import Address
from mailtrack.mail.mailboxes import sender_from

LINE_BYTES_MAX: Final = 998  # RFC 5322 section 2.1.1

# What the desk may add to a letter; each at most once.
EXTRA_NAMES: Final = frozenset({
    "Auto-Submitted", "List-Id", "X-Auto-Response-Suppress", "X-Mailtrack-Loop",
    "X-Mailtrack-Ticket", "X-Mailtrack-Status", "X-Mailtrack-Priority", "X-Mailtrack-Queue",
    "X-Mailtrack-Requester", "X-Mailtrack-Event",
})  # fmt: skip
_NEEDED: Final = frozenset({
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
})  # fmt: skip
_OPTIONAL: Final = frozenset({
    "Cc", "Reply-To", "In-Reply-To", "References", "Content-Transfer-Encoding",
    "DKIM-Signature",
})  # fmt: skip
_IN_PARTS: Final = frozenset({
    "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
})  # fmt: skip
_LINE_END: Final = b"\r\n"
_OPENING: Final = b"\r\n--=_"  # of a part, or the end of the last
BLOCK_BYTES: Final = 1024 * 1024  # to be cut into lines at a time
_FIELD: Final = re.compile(rb"([A-Za-z][A-Za-z-]{0,40}):(?: |$)")


class LetterBlocked(MailtrackError):
    """This letter must not leave; the text says why, without a word of the letter."""


def let_through(raw: bytes, *, needs_utf8: bool, readers: tuple[Address, ...]) -> None:
    """Nothing, or ``LetterBlocked`` if the bytes are not exactly a letter of ours.

    ``readers`` are the addresses that To and Cc may name, in this order, and no others.
    """
    if not raw.count(b"\r") == raw.count(b"\n") == raw.count(_LINE_END):
        raise LetterBlocked("a stray line end")
    if b"\0" in raw:
        raise LetterBlocked("a NUL byte")
    if _longest_line(raw) > LINE_BYTES_MAX:
        raise LetterBlocked(f"a line of more than {LINE_BYTES_MAX} bytes")
    if not needs_utf8 and not raw.isascii():
        raise LetterBlocked("bytes that are not ASCII")
    head = _head_at(raw, 0)
    _check_names(_names(head), needed=_NEEDED, allowed=_NEEDED | _OPTIONAL | EXTRA_NAMES)
    if len(_addresses(head, b"From")) != 1:
        raise LetterBlocked("a From that is not one address")
    if (*_addresses(head, b"To"), *_addresses(head, b"Cc")) != readers:
        raise LetterBlocked("readers that are not the ones it is written to")
    _check_parts(raw)


def _longest_line(raw: bytes) -> int:
    """Its length without its end; block by block, for a letter may be large."""
    longest = at = 0
    while at < len(raw):
        is_last = len(raw) - at <= BLOCK_BYTES
        end = -1 if is_last else raw.rfind(_LINE_END, at, at + BLOCK_BYTES)
        end = end if end >= 0 else len(raw)
        longest = max(longest, *map(len, raw[at:end].split(_LINE_END)))
        at = end + len(_LINE_END)
    return longest


def _addresses(head: list[bytes], name: bytes) -> tuple[Address, ...]:
    """The addresses of a field as a stranger would read it."""
    field, is_inside = b"", False
    for line in head:
        is_inside = line.startswith(name + b":") or (is_inside and line[:1] in (b" ", b"\t"))
        field += line if is_inside else b""
    boxes = [sender_from(part) for part in _parts_of(field[len(name) + 1 :])]
    if None in boxes:
        raise LetterBlocked("an address that can be read in two ways")
    return tuple(box.address for box in boxes if box is not None)


def _parts_of(field: bytes) -> list[bytes]:
    """The field cut at its commas, but for those within quotes."""
    parts, is_quoted, is_escaped = [b""], False, False
    for byte in field:
        char = bytes([byte])
        if char == b"," and not is_quoted:
            parts.append(b"")
            continue
        if char == b'"' and not is_escaped:
            is_quoted = not is_quoted
        is_escaped = char == b"\\" and is_quoted and not is_escaped
        parts[-1] += char
    return [part for part in parts if part.strip()]


def _check_parts(raw: bytes) -> None:
    """The same for the header of each part, wherever a boundary of ours opens one."""
    at = raw.find(_OPENING)
    while at >= 0:
        line_end = raw.find(_LINE_END, at + len(_LINE_END))
        line_end = line_end if line_end >= 0 else len(raw)
        if not raw.endswith(b"--", at, line_end):
            if raw.find(_LINE_END * 2, line_end) < 0:
                raise LetterBlocked("a part without an end of its header")
            head = _head_at(raw, line_end + len(_LINE_END))
            _check_names(_names(head), needed=frozenset(), allowed=_IN_PARTS)
        at = raw.find(_OPENING, at + 1)


def _head_at(raw: bytes, start: int) -> list[bytes]:
    """The lines from there to the next one that is empty, or to the end."""
    if raw.startswith(_LINE_END, start):
        return []
    end = raw.find(_LINE_END * 2, start)
    head = raw[start:end] if end >= 0 else raw[start:].removesuffix(_LINE_END)
    return head.split(_LINE_END)


def _names(lines: list[bytes]) -> list[str]:
    names: list[str] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and names and line.strip():
            continue
        found = _FIELD.match(line)
        if found is None:
            raise LetterBlocked("a header line that is none")
        names.append(found.group(1).decode("ascii"))
    return names


def _check_names(names: list[str], *, needed: frozenset[str], allowed: frozenset[str]) -> None:
    counts = Counter(names)
    foreign = counts.keys() - allowed
    if foreign:
        raise LetterBlocked(f"a foreign header: {min(foreign)}")
    if max(counts.values(), default=1) > 1:
        raise LetterBlocked("a header that stands twice")
    if needed - counts.keys():
        raise LetterBlocked("a header is missing")
