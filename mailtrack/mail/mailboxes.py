"""Who a mail says it is from and to: one strict reader for identity, one tolerant for people.

The strict reader (``sender_from``) decides who somebody is. It looks at raw bytes before any
decoding and refuses whatever two programs could read in two ways. The tolerant reader is
mail-parser's, at home in ``parse``; here are the texts it is given and the answers it gives.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from mailtrack.mail.address import Address, Mailbox, address_from
from mailtrack.mail.charset import clean, text_from
from mailtrack.mail.limits import ADDRESSES_PER_FIELD_MAX, FROM_BYTES_MAX, NAME_CHARS_MAX
from mailtrack.mail.words import WORD, decoded_words, header_text

_BLANKS: Final = b" \t"
# RFC 5322 atext and the dot of obs-phrase; encoded words are made of these.
_PHRASE: Final = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~. \t"
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LOOSE_ADDRESS: Final = re.compile(r"[^\s<>()\[\]:;,\"@]{1,64}@[^\s<>()\[\]:;,\"@]{1,253}")
_ANGLE: Final = re.compile(r"<([^<>]{1,320})>")


def sender_from(field: bytes, hint: str | None = None) -> Mailbox | None:
    """The one mailbox of an unfolded From field, None if it can be read in two ways.

    Grammar: ``addr`` or ``phrase <addr>``. No groups, comments, routes, quoted local parts or
    controls; ``@`` outside the angle only within a quoted phrase. Raw 8-bit bytes are taken in
    the phrase, which is never identity, and in a domain, which becomes an A-label.
    """
    field = field.strip(_BLANKS)
    if not field or len(field) > FROM_BYTES_MAX or _CONTROL.search(field):
        return None
    if not field.endswith(b">"):
        address = _strict_address(field)
        return Mailbox("", address) if address else None
    phrase, opened, inside = field[:-1].rpartition(b"<")
    address = _strict_address(inside) if opened and _is_phrase(phrase) else None
    return Mailbox(shown_name(header_text(phrase, hint)[0]), address) if address else None


def _strict_address(raw: bytes) -> Address | None:
    """The address, None unless it is clean. ``address_from`` would forgive blanks around it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if text != text.strip() or text.count("@") != 1 else address_from(text)


def _is_phrase(phrase: bytes) -> bool:
    """Whether words, quoted strings and blanks are all there is; linear."""
    position = 0
    while position < len(phrase):
        byte = phrase[position]
        if byte == 0x22:
            position = _after_quoted(phrase, position)
            if position < 0:
                return False
        elif byte in _PHRASE or byte >= 0x80:
            position += 1
        else:
            return False
    return True


def _after_quoted(phrase: bytes, position: int) -> int:
    """The place behind a quoted string, -1 if it never ends."""
    position += 1
    while position < len(phrase):
        byte = phrase[position]
        if byte == 0x22:
            return position + 1
        position += 2 if byte == 0x5C else 1
    return -1


def readable_list(field: bytes, hint: str | None = None) -> str:
    """An address field as text for mail-parser: raw bytes and encoded words decoded.

    Words are decoded in front of the address reader, because it knows none that are split in
    the middle of a character; what they hold is quoted, so that it cannot act as syntax.
    """
    text = field.decode("ascii") if field.isascii() else text_from(field, hint=hint).text
    if "=?" not in text:
        return text
    pieces: list[str] = []
    end = 0
    quoted = False
    for run in _runs(text):
        between = text[end : run[0]]
        quoted ^= between.count('"') % 2 == 1
        words = decoded_words(text[run[0] : run[1]])
        escaped = words.replace("\\", "\\\\").replace('"', '\\"')
        pieces += (between, escaped if quoted else f'"{escaped}"')
        end = run[1]
    pieces.append(text[end:])
    return "".join(pieces)


def _runs(text: str) -> list[tuple[int, int]]:
    """The stretches of encoded words with only blanks between them."""
    runs: list[tuple[int, int]] = []
    for match in WORD.finditer(text):
        if runs and not text[runs[-1][1] : match.start()].strip():
            runs[-1] = (runs[-1][0], match.end())
        else:
            runs.append(match.span())
    return runs


def shown_name(name: str) -> str:
    """A display name for people: unquoted, on one line, bounded."""
    name = " ".join(decoded_words(name).split())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    name = name.replace('\\"', '"').replace("\\\\", "\\")
    return "".join(char for char in name if char.isprintable())[:NAME_CHARS_MAX].strip()


def mailboxes_from(pairs: list[tuple[str, str]]) -> tuple[Mailbox, ...]:
    """The clean mailboxes among ``(name, address)`` pairs, each address once."""
    found: dict[str, Mailbox] = {}
    for name, spelled in pairs[:ADDRESSES_PER_FIELD_MAX]:
        address = address_from(clean(spelled))
        if address:
            found.setdefault(address.key, Mailbox(shown_name(name), address))
    return tuple(found.values())


def loose_addresses(text: str) -> list[tuple[str, str]]:
    """What looks like an address in a field that cannot be taken apart, as nameless pairs."""
    found = islice(_LOOSE_ADDRESS.finditer(text), ADDRESSES_PER_FIELD_MAX)
    return [("", match[0]) for match in found]


def claimed_sender(text: str, pairs: list[tuple[str, str]]) -> tuple[str, str]:
    """The address and the name that a From field shows to people, as far as it shows any."""
    for name, spelled in pairs:
        if spelled:
            return clean(spelled)[:NAME_CHARS_MAX], shown_name(name)
    angle = _ANGLE.search(text)
    if angle:
        return angle[1].strip()[:NAME_CHARS_MAX], shown_name(text[: angle.start()])
    loose = _LOOSE_ADDRESS.search(text)
    return (loose[0] if loose else text.strip()[:NAME_CHARS_MAX]), ""
