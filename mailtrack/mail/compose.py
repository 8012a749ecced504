"""Building an outgoing mail: one value in, its bytes out, always the same for the same value.

Everything here is written out by hand, because the generator of the standard library raises on
some subjects, turns long Message-IDs into encoded words (which breaks threads) and can be made
to write a header of somebody else's (CVE-2024-6923). What is written is read again by a gate
that trusts none of it: a letter that does not pass is never sent. ``header_text`` makes any
text fit for a header. Read ``gate`` next.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from mailtrack.mail.address import Mailbox, address_from
from mailtrack.mail.gate import EXTRA_NAMES, let_through
from mailtrack.mail.gate import LetterBlocked as LetterBlocked
from mailtrack.mail.message import AttachmentRef, InlineFile, OutgoingMail

HEADER_CHARS_MAX: Final = 500
NAME_CHARS_MAX: Final = 64  # security section 6.1
FILENAME_CHARS_MAX: Final = 120
REFERENCES_MAX: Final = 10  # the first and the last nine: security section 6.4
ID_CHARS_MAX: Final = 900  # leaves room for the header's name in a line of 998
_FOLD_AT: Final = 76
# Whole lines. All of a large file at once would be in memory five times.
BASE64_BLOCK_BYTES: Final = 57 * 4096
_WORD_BYTES: Final = 39  # an encoded word of 64, so that its line stays within 76 (RFC 2047)

# Marks that reorder what a reader sees, and ones that nobody sees: no part of any header.
_INVISIBLE: Final = frozenset(
    "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\u061c\ufeff"
)
_UNFIT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_ID: Final = re.compile(r"<[!-;=?-~]+>")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_CID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,200}")

Fetch = Callable[[AttachmentRef], bytes]
Sign = Callable[[bytes], bytes]


def letter_bytes(mail: OutgoingMail, fetch: Fetch, sign: Sign | None = None) -> bytes:
    """The mail as it leaves: CRLF, 7-bit unless an address needs SMTPUTF8 (RFC 6531).

    ``fetch`` gives the content of an attachment; what it raises is passed on. ``sign`` puts a
    signature on top. Raises ``LetterBlocked`` when the mail must not be sent; trying again does
    not help.
    """
    raw = b"".join([_head(mail), *_body(mail, fetch)])
    raw = sign(raw) if sign is not None else raw
    readers = tuple(box.address for box in (*mail.to, *mail.cc))
    let_through(raw, needs_utf8=needs_smtputf8(mail), readers=readers)
    return raw


def needs_smtputf8(mail: OutgoingMail) -> bool:
    """Whether an address of the mail cannot travel without SMTPUTF8."""
    boxes = (mail.sender, *mail.to, *mail.cc, *([mail.reply_to] if mail.reply_to else []))
    addresses = [mail.recipient, *(box.address for box in boxes)]
    addresses += [mail.mail_from] if mail.mail_from else []
    return not all(address.is_ascii for address in addresses)


def header_text(value: str) -> str:
    """Any text as one line that is fit for a header: total, idempotent, bounded.

    Controls and marks that reorder or hide text become blanks, and a literal ``=?`` is broken
    so that nobody decodes it a second time.
    """
    composed = unicodedata.normalize("NFC", value[: HEADER_CHARS_MAX * 4])
    fit = "".join(" " if _is_unfit(char) else char for char in composed)
    return " ".join(fit.replace("=?", "= ?").split())[:HEADER_CHARS_MAX].strip()


def _is_unfit(char: str) -> bool:
    return char in _INVISIBLE or unicodedata.category(char) in _UNFIT


# --- headers ----------------------------------------------------------------------------------


def _head(mail: OutgoingMail) -> bytes:
    if mail.recipient.key not in {box.address.key for box in (*mail.to, *mail.cc)}:
        raise LetterBlocked("the recipient is not the one the letter is written to")
    if not _is_id(mail.message_id):
        raise LetterBlocked("the Message-ID is none")
    lines = [
        _field("From", [_mailbox(mail.sender)]),
        _field("To", _listed(mail.to)),
        _field("Cc", _listed(mail.cc)),
        _field("Reply-To", [_mailbox(mail.reply_to)] if mail.reply_to else []),
        _field("Subject", _words(header_text(mail.subject))) or b"Subject:\r\n",
        _field("Date", [format_datetime(mail.date.astimezone(UTC))]),
        _field("Message-ID", [mail.message_id]),
        _field("In-Reply-To", _ids((mail.in_reply_to,) if mail.in_reply_to else ())),
        _field("References", _ids(mail.references)),
        *(_extra(name, value) for name, value in mail.headers),
        b"MIME-Version: 1.0\r\n",
    ]
    return b"".join(lines)


def _extra(name: str, value: str) -> bytes:
    if name not in EXTRA_NAMES:
        raise LetterBlocked(f"a header that is not ours to set: {header_text(name)}")
    return _field(name, _words(header_text(value)))


def _field(name: str, words: list[str]) -> bytes:
    """One header, folded between words; nothing at all if there are none."""
    if not words:
        return b""
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _FOLD_AT:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return ("\r\n".join(lines) + "\r\n").encode()


def _words(text: str) -> list[str]:
    """The words of a text, encoded from the first non-ASCII one to the last (RFC 2047)."""
    words = text.split(" ") if text else []
    strange = [index for index, word in enumerate(words) if not word.isascii()]
    if not strange:
        return words
    first, last = strange[0], strange[-1] + 1
    return [*words[:first], *_encoded(" ".join(words[first:last])), *words[last:]]


def _encoded(text: str) -> list[str]:
    chunks: list[bytes] = [b""]
    for char in text:
        raw = char.encode()
        if len(chunks[-1]) + len(raw) > _WORD_BYTES:
            chunks.append(b"")
        chunks[-1] += raw
    return [f"=?utf-8?B?{base64.b64encode(chunk).decode('ascii')}?=" for chunk in chunks]


def _listed(boxes: tuple[Mailbox, ...]) -> list[str]:
    shown = [_mailbox(box) for box in boxes]
    return [f"{one}," for one in shown[:-1]] + shown[-1:]


def _mailbox(box: Mailbox) -> str:
    if address_from(str(box.address)) != box.address:
        raise LetterBlocked("an address that cannot be written")
    name = header_text(box.name)[:NAME_CHARS_MAX].strip()
    if not name:
        return str(box.address)
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{box.address}>'
    return "\r\n ".join([*_encoded(name), f"<{box.address}>"])


def _ids(ids: tuple[str, ...]) -> list[str]:
    """The ids that are ids, each whole: a stranger's may be anything."""
    clean = [one for one in ids if _is_id(one)]
    return clean if len(clean) <= REFERENCES_MAX else [clean[0], *clean[1 - REFERENCES_MAX :]]


def _is_id(text: str) -> bool:
    return len(text) <= ID_CHARS_MAX and bool(_ID.fullmatch(text))


# --- bodies -----------------------------------------------------------------------------------


def _body(mail: OutgoingMail, fetch: Fetch) -> list[bytes]:
    """The MIME body with its own Content- headers first, in pieces: files are large."""
    html = mail.html or ""
    parts: list[AttachmentRef | InlineFile] = [*mail.files, *mail.attachments]
    inline = [part for part in parts if _is_shown(part, html)]
    loose = [part for part in parts if part not in inline]
    body = [_text("plain", mail.text)]
    if mail.html is not None:
        shown = [_text("html", mail.html)]
        if inline:
            files = [_file(part, fetch, is_inline=True) for part in inline]
            shown = _multipart(mail, "related", [shown, *files])
        body = _multipart(mail, "alternative", [body, shown])
    if loose:
        files = [_file(part, fetch, is_inline=False) for part in loose]
        body = _multipart(mail, "mixed", [body, *files])
    return body


def _is_shown(part: AttachmentRef | InlineFile, html: str) -> bool:
    cid = _cid(part)
    return cid is not None and f"cid:{cid}" in html


def _cid(part: AttachmentRef | InlineFile) -> str | None:
    bare = (part.content_id or "").strip("<>")
    return bare if _CID.fullmatch(bare) else None


def _multipart(mail: OutgoingMail, subtype: str, parts: list[list[bytes]]) -> list[bytes]:
    # Neither quoted-printable nor base64 can contain "=_", so no part can contain the boundary.
    digest = hashlib.sha256(f"{subtype}/{mail.message_id}".encode()).hexdigest()[:32]
    boundary = f"=_{digest}".encode()
    head = b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n\r\n' % (
        subtype.encode(),
        boundary,
    )
    pieces = [head]
    for part in parts:
        pieces += (b"--%s\r\n" % boundary, *part, b"\r\n")
    return [*pieces, b"--%s--\r\n" % boundary]


def _text(subtype: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + b"\r\n".join(_quoted_printable(line) for line in lines)


def _quoted_printable(line: str) -> bytes:
    raw = binascii.b2a_qp(line.encode("utf-8", "replace"), istext=True)
    # "From " at the start of a line is changed on its way by programs that keep mail in mbox.
    raw = b"=46rom " + raw[5:] if raw.startswith(b"From ") else raw
    return raw.replace(b"\n", b"\r\n")


def _file(part: AttachmentRef | InlineFile, fetch: Fetch, *, is_inline: bool) -> list[bytes]:
    content = part.content if isinstance(part, InlineFile) else fetch(part)
    cid = _cid(part)
    disposition = "inline" if is_inline else "attachment"
    head = [
        _field("Content-Type", [_content_type(part.content_type)]),
        b"Content-Transfer-Encoding: base64\r\n",
        _field("Content-Disposition", [f"{disposition};", *_filename(part.name)]),
        _field("Content-ID", [f"<{cid}>"] if cid else []),
    ]
    pieces = [*head, b"\r\n"]
    for at in range(0, len(content), BASE64_BLOCK_BYTES):
        encoded = base64.encodebytes(content[at : at + BASE64_BLOCK_BYTES])
        pieces.append(encoded.replace(b"\n", b"\r\n"))
    pieces[-1] = pieces[-1].removesuffix(b"\r\n")
    return pieces


def _content_type(text: str) -> str:
    # A mail inside a mail must not be base64 (RFC 2046 section 5.2.1), so it goes as a file.
    lowered = text.lower()
    is_plain = _TYPE.fullmatch(lowered) and not lowered.startswith(("multipart/", "message/"))
    return lowered if is_plain else "application/octet-stream"


def _filename(name: str) -> list[str]:
    """The parameters of a name: plain, and as RFC 2231 where plain is not enough."""
    clean = header_text(name).replace("/", "_").replace("\\", "_")[:FILENAME_CHARS_MAX].strip()
    clean = clean or "file"
    plain = "".join(char if char.isascii() and char != '"' else "_" for char in clean)
    if plain == clean:
        return [f'filename="{plain}"']
    # Readers that know both take the first of the two, so the right one goes first.
    return [f"filename*=utf-8''{quote(clean, safe='')};", f'filename="{plain}"']
