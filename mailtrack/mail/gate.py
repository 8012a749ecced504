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
_FIELD: Final = re.compile(rb"([A-Za-z][A-Za-z-]{0,40}):(?: |$)")


class LetterBlocked(MailtrackError):
    """This letter must not leave; the text says why, without a word of the letter."""


def let_through(raw: bytes, *, needs_utf8: bool, readers: tuple[Address, ...]) -> None:
    """Nothing, or ``LetterBlocked`` if the bytes are not exactly a letter of ours.

    ``readers`` are the addresses that To and Cc may name, in this order, and no others.
    """
    lines = raw.split(b"\r\n")
    if not raw.count(b"\r") == raw.count(b"\n") == len(lines) - 1:
        raise LetterBlocked("a stray line end")
    if b"\0" in raw:
        raise LetterBlocked("a NUL byte")
    if max(map(len, lines)) > LINE_BYTES_MAX:
        raise LetterBlocked(f"a line of more than {LINE_BYTES_MAX} bytes")
    if not needs_utf8 and not raw.isascii():
        raise LetterBlocked("bytes that are not ASCII")
    head = lines[: lines.index(b"")] if b"" in lines else lines
    _check_names(_names(head), needed=_NEEDED, allowed=_NEEDED | _OPTIONAL | EXTRA_NAMES)
    if len(_addresses(head, b"From")) != 1:
        raise LetterBlocked("a From that is not one address")
    if (*_addresses(head, b"To"), *_addresses(head, b"Cc")) != readers:
        raise LetterBlocked("readers that are not the ones it is written to")
    _check_parts(lines)


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


def _check_parts(lines: list[bytes]) -> None:
    """The same for the header of each part, wherever a boundary of ours opens one."""
    starts = [index for index, line in enumerate(lines) if line.startswith(b"--=_")]
    for start in starts:
        if lines[start].endswith(b"--"):
            continue
        end = lines.index(b"", start)
        _check_names(_names(lines[start + 1 : end]), needed=frozenset(), allowed=_IN_PARTS)


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
