"""Whether a signed body can be read in one way only, however its unsigned header is changed.

A signature covers the bytes of the body, but often not the Content-Type or the encoding that
say what they mean. Who sends such a mail again under another boundary, or as plain text, makes
an agent's quote or attachment the agent's own words. Large providers leave these fields out, so
they are not required: then the bytes themselves must show what they are, and must not lend
themselves to another reading in which other lines begin.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from mailtrack.mail.parameters import Parameters, parameters_from

TYPE: Final = "content-type"
ENCODING: Final = "content-transfer-encoding"

_OPEN: Final = "does not cover {}, and the mail could be read in another way"
_AS_IT_IS: Final = ("7bit", "8bit", "binary")
_MULTIPARTS: Final = ("multipart/alternative", "multipart/mixed", "multipart/related")
# Charsets in which a byte below 128 is what it is in ASCII, wherever it stands.
_CHARSET: Final = re.compile(
    r"(?:utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d|cp125\d|koi8-[ru]|)", re.IGNORECASE
)
_PREAMBLE: Final = re.compile(
    rb"(?:This is a multi-?part message in MIME format\.?[ \t]*)?(?:\r\n)*", re.IGNORECASE
)
_PART: Final = re.compile(rb"^--[^\r\n]+\r\nContent-", re.IGNORECASE | re.MULTILINE)
_JOINED: Final = re.compile(rb"=[ \t]*\r\n")  # quoted-printable goes on in the next line
_NEVER_QUOTED: Final = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r\n)")  # such as ``==``
_BROKEN: Final = re.compile(rb"=0[AaDd]")  # and breaks one within a line
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\r\n]*")
_BLANKS: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Form:
    """What a header says of the body below it, as far as it says it once."""

    types: tuple[bytes, ...]
    encodings: tuple[bytes, ...]

    @property
    def type(self) -> Parameters:
        return parameters_from(self.types[0] if self.types else b"text/plain")

    @property
    def encoding(self) -> str:
        return self.encodings[0].decode("latin-1").strip().lower() if self.encodings else "7bit"


def form_from(fields: Iterable[tuple[str, bytes]]) -> Form:
    """The form that header fields, by lower-case name, give their body."""
    there = tuple(fields)
    return Form(
        tuple(value for name, value in there if name == TYPE),
        tuple(value for name, value in there if name == ENCODING),
    )


def left_open(form: Form, signed: Collection[str], body: bytes) -> str:
    """Why the body could be read in another way, ``""`` if it could not.

    ``signed`` are the lower-case names of the fields that cannot be changed, added or removed.
    """
    if TYPE in signed and ENCODING in signed:
        return ""
    if len(form.types) > 1 or len(form.encodings) > 1:
        return "says twice what its text is"
    if form.type.value.startswith("multipart/"):
        return _open_parts(form, signed, body)
    return _open_type(form, signed, body) or _open_encoding(form, signed, body)


def _open_parts(form: Form, signed: Collection[str], body: bytes) -> str:
    if form.encoding not in _AS_IT_IS:
        return "has parts in an encoding"
    if TYPE in signed:
        return ""
    start = _PREAMBLE.match(body)
    mark = b"--" + form.type.get("boundary").encode("latin-1", "replace")
    begins = start.end() if start else 0
    first = body[begins:].partition(b"\r\n")[0]
    # A forwarded mail's own line of dashes frames text as well, but heads no part of a mail.
    is_part = _PART.match(body, begins) is not None
    is_framed = len(mark) > 2 and first.rstrip(_BLANKS) == mark and is_part
    is_closed = body.rstrip(_BLANKS).endswith(b"\r\n" + mark + b"--")
    if form.type.value in _MULTIPARTS and is_framed and is_closed:
        return ""
    return _OPEN.format("Content-Type")


def _open_type(form: Form, signed: Collection[str], body: bytes) -> str:
    if TYPE in signed:
        return ""
    is_plain = form.type.value == "text/plain" and _CHARSET.fullmatch(form.type.get("charset"))
    return _OPEN.format("Content-Type") if not is_plain or _PART.search(body) else ""


def _open_encoding(form: Form, signed: Collection[str], body: bytes) -> str:
    if ENCODING in signed:
        return ""
    if form.encoding in _AS_IT_IS:
        is_open = bool(_JOINED.search(body)) and not _NEVER_QUOTED.search(body)
    elif form.encoding == "quoted-printable":
        is_open = bool(_BROKEN.search(body))
    else:
        is_open = form.encoding != "base64" or not _BASE64.fullmatch(body)
    return _OPEN.format("Content-Transfer-Encoding") if is_open else ""
