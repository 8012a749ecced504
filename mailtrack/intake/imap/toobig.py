"""A mail over the limit stays where it is; a stub of it, made here, is what the desk gets.

The stub has the original's header, less what speaks of a body that is not there and of
signatures over it, and a text that says where the mail lies. The envelope marks it, so that
nobody takes our words for the writer's.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.intake.imap.trouble import words_from

_DROPPED: Final = re.compile(
    rb"(?i)(?:content-[a-z-]+|mime-version|dkim-signature|arc-[a-z-]+|authentication-results"
    rb"|domainkey-signature|x-mailtrack-[a-z-]+|lines)[ \t]*:"
)
_FIELD: Final = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")


def stub_of(header: bytes, *, size_bytes: int, size_bytes_max: int, where: str) -> bytes:
    """The mail that stands for one that was not fetched."""
    text = (
        f"This mail is {_shown(size_bytes)}. The desk takes at most {_shown(size_bytes_max)}, "
        "so its text and its attachments were not fetched.\r\n\r\n"
        f"The whole mail was left where it is: {words_from(where.encode())}. "
        "It bears the flag $MailtrackTooBig there.\r\n"
    )
    return (
        b"".join(line + b"\r\n" for line in _kept(header))
        + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + b"Content-Transfer-Encoding: 8bit\r\n\r\n"
        + text.encode("utf-8")
    )


def _kept(header: bytes) -> list[bytes]:
    """The lines of the fields that stay; a field that was cut off at the end does not."""
    lines = header.replace(b"\r\n", b"\n").split(b"\n")
    kept: list[bytes] = []
    keeps = False
    for line in lines:
        if not line:
            break
        if line[:1] not in (b" ", b"\t"):
            keeps = bool(_FIELD.match(line)) and not _DROPPED.match(line)
        if keeps:
            kept.append(line)
    return kept


def _shown(size_bytes: int) -> str:
    return f"{size_bytes / (1024 * 1024):.1f} MB"
