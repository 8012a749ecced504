"""The parameters of Content-Type and Content-Disposition, from raw bytes in linear time.

The stdlib needs seconds for a field of a few kilobytes of parameters, so this scanner stands
in front of it. RFC 2231 (charsets, segments) and, against the standard but as mail is, RFC
2047 words and raw 8-bit bytes inside values are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import unquote_to_bytes

from mailtrack.mail.charset import text_from
from mailtrack.mail.limits import FIELD_BYTES_MAX, PARAMETERS_MAX, RFC2231_SEGMENTS_MAX
from mailtrack.mail.words import decoded_words, header_text

_PAIR: Final = re.compile(r"\\(.)")
_PATH: Final = re.compile(r"[A-Za-z]:\\[^\\]|\\\\[^\\]")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The value before the first semicolon, lower case, and the parameters by lower name."""

    value: str
    by_name: dict[str, str]

    def get(self, name: str) -> str:
        return self.by_name.get(name, "")


def parameters_from(field: bytes) -> Parameters:
    """The parts of one field. A name given twice keeps its first value."""
    # Latin-1 maps each byte to one character, so that slices stay bytes underneath.
    pieces = _pieces(field[:FIELD_BYTES_MAX].decode("latin-1"))
    # In ``text/plain charset=utf-8`` the semicolon is missing; what follows is a parameter.
    value, _, rest = next(pieces, "").strip().partition(" ")
    given = [rest, *islice(pieces, PARAMETERS_MAX)] if rest else islice(pieces, PARAMETERS_MAX)
    plain: dict[str, str] = {}
    segments: dict[str, dict[int, tuple[bool, bytes]]] = {}
    for piece in given:
        _put(piece, plain, segments)
    named = {name: _text(name, raw) for name, raw in plain.items()}
    named.update((name, _joined(parts)) for name, parts in segments.items())
    return Parameters(value.lower(), named)


def _pieces(text: str) -> Iterator[str]:
    """The stretches between semicolons that are not in quotes or comments."""
    start = position = 0
    depth = 0
    quoted = False
    while position < len(text):
        char = text[position]
        if char == "\\" and (quoted or depth):
            position += 1
        elif quoted:
            quoted = char != '"'
        elif char == '"' and not depth:
            quoted = text.find('"', position + 1) > 0  # an unclosed quote quotes nothing
        elif char == "(" and text.find(")", position) > 0:
            depth += 1
        elif char == ")" and depth:
            depth -= 1
        elif char == ";" and not depth:
            yield text[start:position]
            start = position + 1
        position += 1
    yield text[start:]


def _put(
    piece: str, plain: dict[str, str], segments: dict[str, dict[int, tuple[bool, bytes]]]
) -> None:
    """File one ``name=value`` under the plain names or under the RFC 2231 segments."""
    name, equals, value = piece.partition("=")
    name = name.strip().lower()
    if not equals or not name:
        return
    value = _unquoted(value.strip())
    base, star, mark = name.partition("*")
    if not star:
        plain.setdefault(name, value)
        return
    encoded = mark == "" or mark.endswith("*")
    number = mark.rstrip("*") or "0"
    if not (number.isascii() and number.isdigit() and len(number) <= 4):
        return
    parts = segments.setdefault(base, {})
    if len(parts) < RFC2231_SEGMENTS_MAX:
        parts.setdefault(int(number), (encoded, value.encode("latin-1")))


def _text(name: str, raw: str) -> str:
    # Only names are text for people; a boundary must stay the bytes that it is.
    return header_text(raw.encode("latin-1"))[0] if name in ("name", "filename") else raw


def _joined(parts: dict[int, tuple[bool, bytes]]) -> str:
    """The value of RFC 2231 segments, put together as bytes and then decoded once."""
    ordered = [parts[number] for number in sorted(parts)]
    charset = ""
    first_encoded, first = ordered[0]
    if first_encoded and first.count(b"'") >= 2:
        label, _, first = first.split(b"'", 2)
        charset = label.decode("latin-1")
        ordered[0] = (True, first)
    content = b"".join(unquote_to_bytes(raw) if encoded else raw for encoded, raw in ordered)
    text = text_from(content, charset or None).text
    # RFC 2047 words inside segments are forbidden and common.
    return decoded_words(text) if "=?" in text else text


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    end = value.rfind('"')
    inner = value[1:end] if end > 0 else value[1:]
    # Old browsers sent bare Windows paths, whose backslashes escape nothing.
    return inner if "\\" not in inner or _PATH.match(inner) else _PAIR.sub(r"\1", inner)
