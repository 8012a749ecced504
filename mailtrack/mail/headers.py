"""The header as values: subject, ids, singletons, and the bounded list that rules look at."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final
from unicodedata import category

from mailtrack.mail.charset import Rung
from mailtrack.mail.fields import Header
from mailtrack.mail.limits import (
    FIELD_SHOWN_CHARS_MAX,
    FIELDS_SHOWN_MAX,
    ID_CHARS_MAX,
    IDS_SCANNED_MAX,
    IN_REPLY_TO_MAX,
    REFERENCES_MAX,
    SUBJECT_CHARS_MAX,
)
from mailtrack.mail.message import Defect
from mailtrack.mail.words import header_text

# RFC 5322 section 3.6 and security rule 2: a second one of these makes a mail ambiguous.
SINGLETONS: Final = (
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "content-type",
    "mime-version",
)
_ID: Final = re.compile(rf"<([^<>\s]{{1,{ID_CHARS_MAX - 2}}})>")
_CONTROLS: Final = frozenset(("Cc", "Zl", "Zp", "Cn", "Co"))
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FOLD: Final = re.compile(r"[\t\r\n]+")


def shown_headers(
    header: Header, hint: str | None = None
) -> tuple[tuple[tuple[str, str], ...], tuple[Defect, ...]]:
    """``(lower-case name, decoded value)`` in order, bounded; and how raw bytes were read."""
    shown: list[tuple[str, str]] = []
    defects: list[Defect] = []
    for field in header.fields[:FIELDS_SHOWN_MAX]:
        text, rung = header_text(field.value[: FIELD_SHOWN_CHARS_MAX * 4], hint)
        if rung is not Rung.DECLARED:
            defects.append(Defect("header.raw_8bit", f"{field.name}, read as {rung}"))
        shown.append((field.name, _FOLD.sub(" ", text)[:FIELD_SHOWN_CHARS_MAX]))
    return tuple(shown), tuple(defects)


def doubled(header: Header) -> tuple[Defect, ...]:
    """A defect for each field that may stand only once and stands more often."""
    counts = Counter(field.name for field in header.fields)
    return tuple(
        Defect("header.doubled", name) for name in SINGLETONS if counts.get(name, 0) > 1
    )


def subject_from(header: Header, hint: str | None = None) -> str:
    """The decoded subject on one line, without controls; ``""`` if there is none."""
    text = header_text(header.first("subject") or b"", hint)[0]
    if not text.isprintable():
        text = "".join(" " if _is_control(char) else char for char in text)
    return " ".join(text.split())[:SUBJECT_CHARS_MAX]


def _is_control(char: str) -> bool:
    """Whether a character moves what stands around it; soft hyphens and joiners do not."""
    return category(char) in _CONTROLS or char in _BIDI


def message_id_from(header: Header) -> str | None:
    """The Message-ID with its angle brackets, None if there is none that could be one."""
    ids = _ids(header, "message-id")
    return ids[0] if ids else None


def in_reply_to_from(header: Header) -> tuple[str, ...]:
    """The ids of In-Reply-To, which in real mail holds much else besides."""
    return _ids(header, "in-reply-to")[:IN_REPLY_TO_MAX]


def references_from(header: Header) -> tuple[str, ...]:
    """The last ids of References, in order, each once."""
    return tuple(dict.fromkeys(_ids(header, "references")))[-REFERENCES_MAX:]


def _ids(header: Header, name: str) -> tuple[str, ...]:
    found: list[str] = []
    for value in header.all(name):
        text = value.decode("utf-8", "replace")
        for match in _ID.finditer(text):
            if _is_id(match[1]):
                found.append(match[0])
            if len(found) >= IDS_SCANNED_MAX:
                return tuple(found)
    return tuple(found)


def _is_id(inside: str) -> bool:
    """Whether it has words on both sides of an ``@``, or is one word without any."""
    left, at, right = inside.rpartition("@")
    return inside.isprintable() and bool(not at or (left and right))
