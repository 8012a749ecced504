"""Files that were written into a text by uuencode, from before there was MIME."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Final

from mailtrack.mail.limits import UUENCODED_FILES_MAX

_BEGIN: Final = re.compile(
    rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{0,255})\r?\n", re.MULTILINE
)
_END: Final = re.compile(rb"^(?:`|[ ]?)?\r?\n?^end[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class UuencodedFile:
    """One file: its name as it was written, and its bytes."""

    name: bytes
    content: bytes


def without_files(content: bytes) -> tuple[bytes, tuple[UuencodedFile, ...]]:
    """The text around the files, and the files. Broken ones stay in the text."""
    if b"begin" not in content:
        return content, ()
    files: list[UuencodedFile] = []
    kept: list[bytes] = []
    position = 0
    while len(files) < UUENCODED_FILES_MAX and (begin := _BEGIN.search(content, position)):
        end = _END.search(content, begin.end())
        decoded = uudecoded(content[begin.end() : end.start()]) if end else None
        if end is None:
            break
        if decoded is None:
            kept.append(content[position : begin.end()])
            position = begin.end()
            continue
        files.append(UuencodedFile(begin[1].strip(), decoded))
        kept.append(content[position : begin.start()])
        position = end.end()
    kept.append(content[position:])
    return b"".join(kept), tuple(files)


def uudecoded(body: bytes) -> bytes | None:
    """The bytes of the lines between ``begin`` and ``end``, None if they are no uuencode."""
    pieces: list[bytes] = []
    for line in body.splitlines():
        if not line.strip():
            continue
        piece = _line(line)
        if piece is None:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _line(line: bytes) -> bytes | None:
    length = (line[0] - 32) & 63
    # Blanks at the end of a line are often lost on the way; they stand for zeros.
    if not 32 <= line[0] <= 96 or len(line) + 4 < 1 + (length + 2) // 3 * 4:
        return None
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders pad a line with garbage; its length byte says what counts.
        try:
            return binascii.a2b_uu(line[: 1 + (length * 4 + 5) // 3])
        except binascii.Error:
            return None
