"""What a mail brings to prove where it comes from: relays' stamps and DKIM signatures.

Read from the very bytes, and only if they can be read in one way: a header that two programs
take apart differently proves nothing to either. Whom to believe is the desk's business
(``desk.origin``), the key of a signature the DNS's; ``signed`` reads one signature.

Authentication-Results are read by a scanner of our own. The authres library recurses into
nested comments (2,000 of them end it), passes over junk behind a result, and knows nothing of
where a field stands; here whatever is not plain grammar is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mailtrack.mail.address import ascii_lower
from mailtrack.mail.fields import Header
from mailtrack.mail.headers import doubled
from mailtrack.mail.limits import (
    FIELDS_MAX,
    HEADER_BYTES_MAX,
    SIGNATURES_TRIED_MAX,
    STAMP_CHARS_MAX,
    STAMPS_MAX,
)
from mailtrack.mail.message import Provenance, Stamp
from mailtrack.mail.signed import Body, RawField, signature_from

_NAME: Final = re.compile(rb"([!-9;-~]+):")
_VERSION: Final = "1"
# RFC 8601 section 2.2 and RFC 2045: what may stand in a token or a pvalue without quotes.
_TOKEN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-./:?@[]^_`{|}~"
)
_QUOTED: Final = '"'


@dataclass(frozen=True, slots=True)
class Result:
    """One clause of an Authentication-Results field: ``dmarc=pass header.from=help.example``.

    Names are in lower case, values as they stand; comments are gone.
    """

    method: str
    verdict: str
    properties: tuple[tuple[str, str], ...] = ()

    def said(self, name: str) -> str | None:
        """The value of a property such as ``header.from``; None unless it is there once."""
        values = [value for key, value in self.properties if key == name]
        return values[0] if len(values) == 1 else None


def provenance_of(raw: bytes, header: Header) -> Provenance:
    """What ``raw`` brings. ``header`` is what our own parser makes of its header."""
    smuggled = _smuggled(raw)
    found = raw_fields(raw)
    if isinstance(found, str):
        return Provenance(flaw=found, smuggled=smuggled)
    fields, body = found
    if [field.name for field in fields] != [field.name for field in header.fields]:
        flaw = "its header can be read in two ways"
        return Provenance(flaw=flaw, smuggled=smuggled)
    twice = doubled(header)
    if twice:
        flaw = f"{twice[0].detail} stands in it more than once"
        return Provenance(flaw=flaw, smuggled=smuggled)
    signers = [field for field in fields if field.name == "dkim-signature"]
    content = Body(body)
    return Provenance(
        stamps=_stamps(header),
        signatures=tuple(
            signature_from(one, fields, content) for one in signers[:SIGNATURES_TRIED_MAX]
        ),
        smuggled=smuggled,
    )


def raw_fields(raw: bytes) -> tuple[list[RawField], bytes] | str:
    """The header fields as bytes and the body, CRLF throughout; or why there is no one reading.

    A mail from a pipe has LF alone: one kind of line end is one reading, two are two.
    """
    if b"\r" not in raw:
        raw = raw.replace(b"\n", b"\r\n")
    if not raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n"):
        return "its lines end in more than one way"
    head, blank, body = raw.partition(b"\r\n\r\n")
    if not blank or len(head) > HEADER_BYTES_MAX:
        return "its header has no end"
    lines = head.split(b"\r\n")
    if lines[0].startswith(b"From "):  # mbox: a pipe puts the envelope sender on top
        del lines[0]
    values: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        match = _NAME.match(line)
        if match:
            values.append((match[1], [line[match.end() :]]))
        elif values and line[:1] in (b" ", b"\t") and line.strip():
            values[-1][1].append(line)
        else:
            return "a line of its header is no field"
    if len(values) > FIELDS_MAX:
        return "it has too many header fields"
    return [RawField(name, b"\r\n".join(value)) for name, value in values], body


def _smuggled(raw: bytes) -> str:
    if b"\0" in raw:
        return "a NUL byte"
    crlf = raw.count(b"\r\n")
    return "a bare line feed" if crlf and raw.count(b"\n") != crlf else ""


def _stamps(header: Header) -> tuple[Stamp, ...]:
    hops = 0
    found: list[Stamp] = []
    for field in header.fields:
        if field.name == "received":
            hops += 1
        elif field.name == "authentication-results" and len(found) < STAMPS_MAX:
            found.append(Stamp(hops, field.value.decode("latin-1")[: STAMP_CHARS_MAX + 1]))
    return tuple(found)


def results_of(text: str, authserv_id: str) -> tuple[Result, ...] | None:
    """What the server of this name says in a field; None if it is not its field.

    Linear. A field of its own that strays from the grammar of RFC 8601 says nothing.
    """
    if ascii_lower(text.lstrip(" \t")[: len(authserv_id)]) != ascii_lower(authserv_id):
        return None
    tokens = _tokens(text) if len(text) <= STAMP_CHARS_MAX and text.isascii() else None
    if tokens is None:
        return ()
    clauses = _clauses(tokens)
    head = clauses[0]
    is_plain = len(head) == 1 or head[1:] == [_VERSION]
    if not is_plain or ascii_lower(head[0]) != ascii_lower(authserv_id):
        return None
    return tuple(_result(clause) for clause in clauses[1:] if clause)


def _result(clause: list[str]) -> Result:
    """``method = verdict`` and then ``name = value`` until the end; else without a verdict."""
    if len(clause) % 3 or any(mark != "=" for mark in clause[1::3]):
        return Result(ascii_lower(clause[0]).partition("/")[0], "")
    pairs = [
        (ascii_lower(name), value.removeprefix(_QUOTED))
        for name, value in zip(clause[::3], clause[2::3], strict=True)
    ]
    (method, verdict), *properties = pairs
    return Result(method.partition("/")[0], ascii_lower(verdict), tuple(properties))


def _clauses(tokens: list[str]) -> list[list[str]]:
    clauses: list[list[str]] = [[]]
    for token in tokens:
        if token == ";":
            clauses.append([])
        else:
            clauses[-1].append(token)
    return clauses


def _tokens(text: str) -> list[str] | None:
    """Words, ``;`` and ``=``; a quoted string keeps its opening quote. None for bad grammar."""
    tokens: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char in " \t":
            position += 1
        elif char in ";=":
            tokens.append(char)
            position += 1
        elif char == "(":
            position = _after_comment(text, position)
        elif char == _QUOTED:
            end = _after_quotes(text, position)
            tokens.append(text[position : end - 1])
            position = end
        else:
            end = position
            while end < len(text) and text[end] in _TOKEN:
                end += 1
            if end == position:
                return None
            tokens.append(text[position:end])
            position = end
        if position < 0:
            return None
    return tokens


def _after_comment(text: str, position: int) -> int:
    """The place behind a comment, nested ones included; -1 if it never ends."""
    depth = 0
    while position < len(text):
        char = text[position]
        depth += (char == "(") - (char == ")")
        position += 2 if char == "\\" else 1
        if depth == 0:
            return position
    return -1


def _after_quotes(text: str, position: int) -> int:
    """The place behind a quoted string; -1 if it never ends or hides something."""
    end = text.find(_QUOTED, position + 1)
    inside = text[position + 1 : end]
    return end + 1 if end > 0 and "\\" not in inside and inside.isprintable() else -1
