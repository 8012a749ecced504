"""Content-Transfer-Encoding undone, however broken: never fails, never loses what is there."""

from __future__ import annotations

import binascii
import re
from typing import Final

from mailtrack.mail.limits import BASE64_PIECES_MAX
from mailtrack.mail.uuencode import uudecoded, without_files
from mailtrack.mail.words import base64_bytes

_UUENCODE: Final = frozenset(("xuuencode", "uuencode", "xuue", "uue"))
_PLAIN: Final = frozenset(("", "7bit", "8bit", "7bits", "8bits", "binary", "plain", "none"))
_NOT_NAME: Final = re.compile(r"[^a-z0-9]")
_BLANKS: Final = re.compile(rb"\s+")
_LINE: Final = re.compile(rb"[^\n]+")
_BASE64_LINE: Final = re.compile(rb"[A-Za-z0-9+/=]*[ \t\r]*\Z")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*\Z")
# Words with single blanks between them: somebody wrote this, no encoder did.
_SENTENCE: Final = re.compile(rb"[A-Za-z,.;] [A-Za-z]+ [A-Za-z]")


def decoded(body: bytes, encoding: str, *, is_text: bool = False) -> tuple[bytes, str]:
    """The bytes of a body and the code of what was wrong with it, ``""`` if nothing was.

    Of a text labelled base64, clear words are kept: lists add footers behind its end, and
    some programs label what they never encoded.
    """
    name = _NOT_NAME.sub("", encoding.lower().partition(";")[0])
    if name == "base64":
        return _base64(body, is_text=is_text)
    if name == "quotedprintable":
        return binascii.a2b_qp(body), ""
    if name in _UUENCODE:
        _, files = without_files(body)
        if files:
            return files[0].content, ""
        return uudecoded(body) or body, "transfer.uuencode"
    return body, "" if name in _PLAIN else "transfer.unknown"


def _base64(body: bytes, *, is_text: bool) -> tuple[bytes, str]:
    clear = _clear_words_at(body) if is_text else None
    if clear == 0:
        return body, "transfer.not_base64"
    if clear:
        content, _ = _base64(body[:clear], is_text=False)
        return content + b"\n" + body[clear:].strip(), "transfer.base64_footer"
    pad = body.find(b"=")
    if pad < 0 or len(body) - pad < 8:
        try:
            return binascii.a2b_base64(body), ""
        except binascii.Error:
            return base64_bytes(body), "transfer.base64"
    return _base64_and_more(body, pad)


def _base64_and_more(body: bytes, pad: int) -> tuple[bytes, str]:
    """Base64 with something behind its padding: another piece of it, or garbage."""
    content = base64_bytes(body[:pad])
    tail = body[pad:].lstrip(b"=")
    pieces = [
        _BLANKS.sub(b"", piece)
        for piece in tail.split(b"=", BASE64_PIECES_MAX)[:BASE64_PIECES_MAX]
    ]
    if all(_BASE64.match(piece) for piece in pieces) and not len(pieces[-1]) % 4:
        more = b"".join(base64_bytes(piece) for piece in pieces)
        return content + more, "transfer.base64_pieces" if more else ""
    return content, "transfer.base64_footer"


def _clear_words_at(body: bytes) -> int | None:
    """Where clear words begin, alone or behind lines of base64; None if there are none."""
    bad = next((line for line in _LINE.finditer(body) if not _BASE64_LINE.match(line[0])), None)
    if bad is None or b" " not in body[bad.start() :].strip():
        return None
    if not body[: bad.start()].strip():
        return 0 if _SENTENCE.search(body) else None
    blank = max(body.rfind(b"\n\n", 0, bad.start()), body.rfind(b"\n\r\n", 0, bad.start()))
    return blank + 1 if blank > 0 else bad.start()
