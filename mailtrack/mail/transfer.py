"""Content-Transfer-Encoding undone, however broken: never fails, never loses what is there."""

from __future__ import annotations

import binascii
import re
from typing import Final

from mailtrack.mail.uuencode import uudecoded, without_files
from mailtrack.mail.words import base64_bytes

_UUENCODE: Final = frozenset(("x-uuencode", "uuencode", "x-uue", "uue"))
_PLAIN: Final = frozenset(("", "7bit", "8bit", "binary", "7-bit", "8-bit"))
_BASE64_LINE: Final = re.compile(rb"[A-Za-z0-9+/=\s]*\Z")
# Quoted-printable escapes may only be followed by a line end; blanks there come from the way.
_TRAILING_BLANKS: Final = re.compile(rb"[ \t]+(?=\r?\n|\Z)")


def decoded(body: bytes, encoding: str, *, has_footer: bool = False) -> tuple[bytes, str]:
    """The bytes of a body and the code of what was wrong with it, ``""`` if nothing was.

    ``has_footer`` keeps clear text behind the end of base64, which lists add to texts.
    """
    name = encoding.strip().strip("\"'").lower()
    if name == "base64":
        return _base64(body, has_footer=has_footer)
    if name == "quoted-printable":
        return binascii.a2b_qp(body), ""
    if name in _UUENCODE:
        _, files = without_files(body)
        return (
            (files[0].content, "") if files else (uudecoded(body) or body, "transfer.uuencode")
        )
    return body, "" if name in _PLAIN else "transfer.unknown"


def _base64(body: bytes, *, has_footer: bool) -> tuple[bytes, str]:
    pad = body.find(b"=")
    if pad < 0 or len(body) - pad < 8:
        try:
            return binascii.a2b_base64(body), ""
        except binascii.Error:
            return base64_bytes(body), "transfer.base64"
    # Behind the padding there is a second piece, or a footer that a list added in clear text.
    line_end = body.find(b"\n", pad)
    tail = body[line_end + 1 :].strip() if line_end >= 0 else b""
    if not tail:
        return base64_bytes(body), ""
    if _BASE64_LINE.match(tail):
        return base64_bytes(body), "transfer.base64_pieces"
    footer = b"\n" + tail if has_footer else b""
    return base64_bytes(body[:line_end]) + footer, "transfer.base64_footer"
