"""One DKIM-Signature (RFC 6376), read and hashed: everything but its key.

The canonical forms are our own, because the library's are not linear (a line of a hundred
thousand blanks holds it for minutes) and parse the header again in a way of their own; what
the key says is dkimpy's matter, in ``signature_key``. A signature that leaves a way open to
change the mail under it is refused here: ``l=``, a field of identity that is not signed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mailtrack.mail.address import domain_from
from mailtrack.mail.form import form_from, left_open
from mailtrack.mail.limits import SIGNATURE_BYTES_MAX, SIGNED_FIELDS_MAX
from mailtrack.mail.message import Signature

ALGORITHMS: Final = ("rsa-sha256", "ed25519-sha256")  # RFC 8301, RFC 8463
# Message-ID too: an agent's mail that comes again under another id would be another mail (A4).
_MUST_SIGN: Final = ("from", "subject", "date", "message-id")
_BLANKS: Final = re.compile(rb"[\t ]+")
_SPACE: Final = re.compile(rb"[\t \r\n]+")
_SELECTOR: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_SELECTOR_LABELS_MAX: Final = 5
_SECONDS_MAX: Final = 253_402_300_799  # the end of the year 9999
_FORMS: Final = (b"simple", b"relaxed")


@dataclass(frozen=True, slots=True)
class RawField:
    """A header field to the byte: its name as written, and all behind the colon, unfolded."""

    written: bytes
    value: bytes

    @property
    def name(self) -> str:
        """The name in lower case."""
        return self.written.decode("ascii").lower()


class Body:
    """The body of a mail; its hash in either canonical form is made once."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._hashes: dict[bytes, bytes] = {}

    def hash(self, form: bytes) -> bytes:
        """SHA-256 of the body in the form of that name (RFC 6376 section 3.4)."""
        if form not in self._hashes:
            content = self.content
            if form == b"relaxed":
                # After the first step each run is one blank, so that the second is linear.
                content = _BLANKS.sub(b" ", content).replace(b" \r\n", b"\r\n")
            content = _without_empty_lines_below(content)
            if content or form == b"simple":
                content += b"\r\n"
            self._hashes[form] = hashlib.sha256(content).digest()
        return self._hashes[form]


def signature_from(field: RawField, fields: list[RawField], body: Body) -> Signature:
    """The signature in ``field`` over the header ``fields`` and the body."""
    tags = tags_from(field.value) if len(field.value) <= SIGNATURE_BYTES_MAX else None
    domain = _domain_in(tags or {})
    if tags is None or domain is None:
        return Signature("", flaw="a signature cannot be read")
    names = _names_in(tags)
    form = form_from((one.name, one.value) for one in fields)
    flaw = _flaw(tags, body) or left_open(form, names, body.content)
    once = tuple(dict.fromkeys(names))
    if flaw:
        return Signature(domain, signed=once, flaw=f"the signature of {domain} {flaw}")
    header_form, _ = _forms(tags)
    signed = _signed_bytes(field, fields, names, header_form)
    return Signature(
        domain,
        tags["s"],
        tags["a"],
        once,
        hashlib.sha256(signed).digest(),
        _decoded(tags["b"]) or b"",
        _instant(tags.get("x")),
    )


def tags_from(value: bytes) -> dict[str, str] | None:
    """A tag list (RFC 6376 section 3.2); None if it is none or names one tag twice."""
    tags: dict[str, str] = {}
    for piece in value.decode("latin-1").split(";"):
        if not piece.strip():
            continue
        name, equals, content = piece.partition("=")
        name = name.strip()
        if not equals or not name.isascii() or not name.replace("_", "").isalnum():
            return None
        if name in tags:
            return None
        tags[name] = content.strip()
    return tags


def _domain_in(tags: dict[str, str]) -> str | None:
    domain = tags.get("d", "")
    return domain_from(domain) if domain.isascii() else None


def _flaw(tags: dict[str, str], body: Body) -> str:
    """Why this signature proves nothing whatever its key says; ``""`` if nothing speaks
    against it."""
    names = _names_in(tags)
    missing = [name for name in _MUST_SIGN if name not in names]
    header_form, body_form = _forms(tags)
    rows = (
        (tags.get("v") != "1", "is of another version"),
        (tags.get("a") not in ALGORITHMS, f"is made by {tags.get('a', 'nothing')[:20]}"),
        ("l" in tags, "covers only the beginning of the mail (l=)"),
        (bool(missing), f"does not cover {', '.join(missing)}"),
        (len(names) > SIGNED_FIELDS_MAX, "names too many fields"),
        (header_form not in _FORMS or body_form not in _FORMS, "has an unknown form"),
        (tags.get("q", "dns/txt") != "dns/txt", "keeps its key elsewhere"),
        (not _is_selector(tags.get("s", "")), "names no key"),
        (not _decoded(tags.get("b", "")), "is empty"),
        ("x" in tags and _instant(tags["x"]) is None, "has an unreadable end (x=)"),
    )
    for is_so, said in rows:
        if is_so:
            return said
    is_same = _decoded(tags.get("bh", "")) == body.hash(body_form)
    return "" if is_same else "does not fit the text, which was changed on the way"


def _forms(tags: dict[str, str]) -> tuple[bytes, bytes]:
    header, _, body = tags.get("c", "simple/simple").partition("/")
    return header.encode("latin-1"), (body or "simple").encode("latin-1")


def _names_in(tags: dict[str, str]) -> list[str]:
    return [name.strip().lower() for name in tags.get("h", "").split(":")]


def _is_selector(selector: str) -> bool:
    labels = selector.split(".")
    return len(labels) <= _SELECTOR_LABELS_MAX and all(map(_SELECTOR.fullmatch, labels))


def _signed_bytes(
    field: RawField, fields: list[RawField], names: list[str], form: bytes
) -> bytes:
    """What the signature signs: the named fields, from below, and itself without ``b=``."""
    by_name: dict[str, list[RawField]] = {}
    for one in fields:
        by_name.setdefault(one.name, []).append(one)
    chosen = [by_name[name].pop() for name in names if by_name.get(name)]
    unsigned = RawField(field.written, _without_b(field.value))
    lines = [_canonical(one, form) for one in (*chosen, unsigned)]
    return b"\r\n".join(lines)


def _canonical(field: RawField, form: bytes) -> bytes:
    if form == b"simple":
        return field.written + b":" + field.value
    value = _SPACE.sub(b" ", field.value.replace(b"\r\n", b"")).strip()
    return field.written.lower().rstrip() + b":" + value


def _without_b(value: bytes) -> bytes:
    """The field with an empty ``b=``, all blanks around it kept as they stand."""
    pieces = value.split(b";")
    for index, piece in enumerate(pieces):
        name, _, _ = piece.partition(b"=")
        if name.strip() == b"b":
            pieces[index] = name + b"="
            break
    return b";".join(pieces)


def _without_empty_lines_below(content: bytes) -> bytes:
    # All line ends are CRLF by now, so that what is cut are whole ones.
    return content.rstrip(b"\r\n")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return None


def _instant(seconds: str | None) -> datetime | None:
    if seconds is None or not (seconds.isascii() and seconds.isdigit() and len(seconds) < 20):
        return None
    return datetime.fromtimestamp(min(int(seconds), _SECONDS_MAX), UTC)
