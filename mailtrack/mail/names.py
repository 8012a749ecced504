"""Names of attached files: safe to show, to store as text and to put into a mail again.

A name is metadata and never a path. The rule is the same everywhere, so that a file has one
name however often its mail is read.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from mailtrack.mail.limits import FILENAME_BYTES_MAX

_SEPARATOR: Final = re.compile(r"[/\\]")
_FORBIDDEN: Final = frozenset('<>:"|?*')
_RESERVED: Final = re.compile(
    r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?=\.|\Z)"
)
_ENDINGS: Final = {
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/rfc822-headers": "txt",
    "message/rfc822": "eml",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "message/feedback-report": "txt",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/pgp-signature": "asc",
    "application/pgp-encrypted": "asc",
    "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m",
    "application/ms-tnef": "dat",
    "application/json": "json",
    "application/xml": "xml",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "video/mp4": "mp4",
}


def safe_name(filename: str, *, index: int, content_type: str) -> str:
    """A name that is safe, stable and never empty; at most 120 bytes with its last ending."""
    name = _SEPARATOR.split(filename)[-1]
    name = unicodedata.normalize("NFC", "".join(char for char in name if _is_kept(char)))
    name = " ".join(name.split()).lstrip(". ").rstrip(". ")
    if not name and content_type == "text/calendar":
        return "invite.ics"
    if not name:
        return f"attachment-{index + 1}.{_ENDINGS.get(content_type, 'bin')}"
    if _RESERVED.match(name):
        name = "_" + name
    return _shortened(name)


def _is_kept(char: str) -> bool:
    # Cc, Cf, Co, Cs, Cn: controls, bidi and zero-width marks, private use, nothing at all.
    return char not in _FORBIDDEN and (
        (char.isascii() and char >= " " and char != "\x7f")
        or (not char.isascii() and unicodedata.category(char)[0] != "C")
    )


def _shortened(name: str) -> str:
    if len(name.encode()) <= FILENAME_BYTES_MAX:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = f".{ending}" if dot and stem and len(ending.encode()) <= 16 else ""
    stem = stem if tail else name
    room = FILENAME_BYTES_MAX - len(tail.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + tail
