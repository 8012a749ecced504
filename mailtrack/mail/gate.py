"""The last look at a finished mail, at its bytes alone: nothing that ``compose`` knew counts.

A header that is not on the list, one too many, a line too long or a stray line end means that
somebody's text has got where only ours may stand. Such a letter is blocked, never mended.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from mailtrack.errors import MailtrackError

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
})  # fmt: skip
_IN_PARTS: Final = frozenset({
    "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
})  # fmt: skip
_FIELD: Final = re.compile(rb"([A-Za-z][A-Za-z-]{0,40}):(?: |$)")


class LetterBlocked(MailtrackError):
    """This letter must not leave; the text says why, without a word of the letter."""


def let_through(raw: bytes, *, needs_utf8: bool) -> None:
    """Nothing, or ``LetterBlocked`` if the bytes are not exactly a letter of ours."""
    lines = raw.split(b"\r\n")
    if not raw.count(b"\r") == raw.count(b"\n") == len(lines) - 1:
        raise LetterBlocked("a stray line end")
    if b"\0" in raw:
        raise LetterBlocked("a NUL byte")
    if max(map(len, lines)) > LINE_BYTES_MAX:
        raise LetterBlocked(f"a line of more than {LINE_BYTES_MAX} bytes")
    if not needs_utf8 and not raw.isascii():
        raise LetterBlocked("bytes that are not ASCII")
    names = _names(lines[: lines.index(b"")] if b"" in lines else lines)
    _check_names(names, needed=_NEEDED, allowed=_NEEDED | _OPTIONAL | EXTRA_NAMES)
    _check_parts(lines)


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
