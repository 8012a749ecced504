"""From bytes to text: the ladder of charsets, and the home of chardet.

Declared charset, its alias as real mail means it, strict UTF-8, the detector, and at last
windows-1252 with replacements. The rung that held is told, so that it can be noted as a
defect. Which names are handed to a codec at all is in ``charset_names``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import chardet

from mailtrack.mail.charset_names import ISO_PARTS, codec_from
from mailtrack.mail.limits import DETECTOR_BYTES_MAX


class Rung(StrEnum):
    """Which step of the ladder read the text."""

    DECLARED = "declared"
    UTF8 = "utf-8"
    DETECTED = "detected"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the codec that made it, and the rung it was found on."""

    text: str
    codec: str
    rung: Rung


# What the detector may answer. Its rare alphabets (Macintosh, EBCDIC, DOS) win on short texts
# by chance and are hardly ever right in mail.
_DETECTABLE: Final = frozenset(
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8-u cp866 cp932 "
    "cp949 gb18030 cp950 euc_jp iso2022_jp_ext iso2022_kr hz cp874 iso8859-2 "
    "iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-15 utf-16 utf-16-le utf-16-be "
    "utf-32".split()
)
_ESCAPED: Final = (
    (b"\x1b$)C", "iso2022_kr"),
    (b"\x1b$", "iso2022_jp_ext"),
    (b"\x1b(J", "iso2022_jp_ext"),
)
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_NOT_ASCII: Final = frozenset(
    ("utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
)
_SINGLE_BYTE: Final = frozenset(
    "us-ascii cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8-u "
    "mac-roman".split()
) | {f"iso8859-{part}" for part in ISO_PARTS}
_SUPERSETS: Final = {
    "cp1252": ("latin-1",),
    "cp950": ("big5hkscs",),
    "euc_jp": ("euc_jis_2004",),
    "cp1254": ("iso8859-9",),
    "iso2022_jp_ext": ("iso2022_jp_2", "iso2022_jp_3"),
    "utf-16": ("utf-16-le", "utf-16-be"),
}
_OVERRULING_LETTERS: Final = 3
# A charset that fits all but one high byte in so many is right, and the bytes are damaged.
_LOSS_SHARE: Final = 20
_META: Final = re.compile(
    rb"(?i)<meta[^<>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?([a-z0-9_.:-]{1,40})"
)
_META_BYTES: Final = 4096
_JIS: Final = range(0x21, 0x7F)
_ESCAPE: Final = re.compile(rb"(\x1b(?:\$[@B]|\$\([@BD]|\([BJI]))")
# No language writes controls or private signs; a guess that gives them is wrong.
_C1: Final = re.compile("[\x80-\x9f\ue000-\uf8ff]")
# Greek, Cyrillic, Hebrew and Arabic words, and such with a Latin neighbour inside.
_FOREIGN_WORD: Final = re.compile("[\u0370-\u06ff]+")
_MIXED: Final = re.compile("[A-Za-z][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z]")
# Two high bytes in a row, or three at all: less says nothing of an alphabet.
_TELLING: Final = re.compile(rb"[\x80-\xff]{2}|(?:[\x80-\xff][^\x80-\xff]+){2}[\x80-\xff]")
_LATIN: Final = frozenset("cp1250 cp1254 cp1257 cp1258 iso8859-2 iso8859-15".split())
_RIVAL_SHARE: Final = 0.6
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def text_from(
    content: bytes, declared: str | None = None, *, hint: str | None = None
) -> Decoded:
    """The text of ``content``; never fails. ``declared`` is the charset's name in the mail.

    ``hint`` is the charset that other parts of the same mail name; it is tried where there is
    no label, before anything is guessed from the bytes.
    """
    codec = codec_from(declared) if declared else None
    if content.isascii() and b"\x1b" not in content and codec not in _NOT_ASCII:
        return Decoded(clean(content.decode("ascii")), "us-ascii", Rung.DECLARED)
    decoded = _climb(content, codec, codec_from(hint) if hint else None)
    text = decoded.text
    if "\ufeff" in text:
        text = text.removeprefix("\ufeff")
    return Decoded(clean(text), decoded.codec, decoded.rung)


def is_utf8(content: bytes) -> bool:
    """Whether the bytes need no guess."""
    return content.isascii() or _strict(content, "utf-8") is not None


def charset_in_html(content: bytes) -> str:
    """The charset that HTML names in its own head, ``""`` if it names none."""
    found = _META.search(content[:_META_BYTES])
    return found[1].decode("ascii") if found else ""


def clean(text: str) -> str:
    """``text`` in NFC, without NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", text))


def _climb(content: bytes, codec: str | None, hint: str | None) -> Decoded:
    marked = next((found for mark, found in _MARKS if content.startswith(mark)), None)
    if marked and marked != codec and (text := _strict(content, marked)) is not None:
        return Decoded(text, marked, Rung.UTF8)
    utf8 = None if codec == "utf-8" else _strict(content, "utf-8")
    # A single-byte label fits any bytes, so it proves little; several letters that are UTF-8
    # by chance are next to impossible in a real language.
    if utf8 is not None and _is_stronger(utf8, codec) and not content.isascii():
        return Decoded(utf8, "utf-8", Rung.UTF8)
    if codec:
        for candidate in (codec, *_SUPERSETS.get(codec, ())):
            if (text := _strict(content, candidate)) is not None:
                return Decoded(text, candidate, Rung.DECLARED)
        if codec.startswith("iso2022_jp") and (text := _japanese(content)) is not None:
            return Decoded(text, "cp932", Rung.DECLARED)
    if utf8 is not None and b"\x1b" not in content:
        return Decoded(utf8, "utf-8", Rung.UTF8)
    return _guessed(content, codec, hint)


def _is_stronger(utf8: str, codec: str | None) -> bool:
    """Whether valid UTF-8 with these letters speaks louder than the label."""
    if codec is None or codec == "us-ascii":
        return True
    if codec not in _SINGLE_BYTE:
        return False
    letters = {char for char in utf8 if char > "\x7f" and char.isalpha()}
    return len(letters) >= _OVERRULING_LETTERS


def _guessed(content: bytes, codec: str | None, hint: str | None) -> Decoded:
    """What is left when neither the label nor strict UTF-8 fits."""
    unlabelled = codec is None or codec == "us-ascii"
    escaped = _escaped(content) if unlabelled else None
    if escaped is not None:
        return escaped
    damaged = _damaged(content, "utf-8" if unlabelled else codec or "utf-8")
    if damaged is not None:
        return damaged
    if unlabelled and hint and (text := _strict(content, hint)) is not None:
        return Decoded(text, hint, Rung.DETECTED)
    western = Decoded(content.decode("cp1252", "replace"), "cp1252", Rung.REPLACED)
    return _detected(content) or western


def _escaped(content: bytes) -> Decoded | None:
    """Text in a 7-bit charset of East Asia that shows itself by its escapes."""
    for mark, codec in _ESCAPED:
        if mark in content and (text := _strict(content, codec)) is not None:
            return Decoded(text, codec, Rung.DETECTED)
    return None


def _damaged(content: bytes, codec: str) -> Decoded | None:
    """The text if ``codec`` is right for nearly all high bytes, so that only few are broken."""
    text = content.decode(codec, "replace")
    high = len(_HIGH.findall(content)) or len(content)
    return (
        Decoded(text, codec, Rung.REPLACED)
        if text.count("\ufffd") * _LOSS_SHARE <= high
        else None
    )


def _detected(content: bytes) -> Decoded | None:
    """The most likely text, None if nothing in ``_DETECTABLE`` gives words of a language."""
    if not _TELLING.search(content):
        return None
    best = 0.0
    found: Decoded | None = None
    for answer in chardet.detect_all(_sample(content)):
        codec = codec_from(answer["encoding"] or "")
        if answer["confidence"] < best * _RIVAL_SHARE:
            break
        text = _strict(content, codec) if codec in _DETECTABLE else None
        if codec is None or text is None or not _has_likely_words(text):
            continue
        if found is None:
            found, best = Decoded(text, codec, Rung.DETECTED), answer["confidence"]
        elif codec == "cp1252" and found.codec in _LATIN:
            # Among near rivals of one script the one that is used most is the likeliest.
            return Decoded(text, codec, Rung.DETECTED)
    return found


def _has_likely_words(text: str) -> bool:
    """Whether hardly any word mixes two scripts, and nothing in it is no letter at all."""
    if _C1.search(text):
        return False
    sample = text[:DETECTOR_BYTES_MAX]
    return len(_MIXED.findall(sample)) * 4 <= len(_FOREIGN_WORD.findall(sample))


def _sample(content: bytes) -> bytes:
    """The lines that say something about the alphabet: those with high bytes."""
    if len(content) <= DETECTOR_BYTES_MAX:
        return content
    lines: list[bytes] = []
    size = 0
    for line in content.split(b"\n"):
        if not line.isascii():
            lines.append(line)
            size += len(line) + 1
            if size > DETECTOR_BYTES_MAX:
                break
    return b"\n".join(lines)[: DETECTOR_BYTES_MAX * 2]


def _japanese(content: bytes) -> str | None:
    """ISO-2022-JP with the vendors' rows (circled digits, No. signs), read as Shift JIS."""
    pieces: list[bytes] = []
    is_double = False
    for piece in _ESCAPE.split(content):
        if _ESCAPE.fullmatch(piece):
            is_double = piece.startswith(b"\x1b$")
        else:
            pieces.append(_shifted(piece) if is_double else piece)
    return _strict(b"".join(pieces), "cp932")


def _shifted(pairs: bytes) -> bytes:
    """JIS X 0208 rows and cells as Shift JIS; line ends pass."""
    shifted = bytearray()
    position = 0
    while position < len(pairs):
        row, cell = pairs[position], pairs[position + 1 : position + 2]
        if row not in _JIS or not cell or cell[0] not in _JIS:
            shifted.append(row)
            position += 1
            continue
        low = cell[0] + (0x1F if row % 2 else 0x7E)
        high = (row - 0x21) // 2 + 0x81
        shifted.append(high + (0x40 if high > 0x9F else 0))
        shifted.append(low + (1 if row % 2 and low >= 0x7F else 0))
        position += 2
    return bytes(shifted)


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, ValueError):
        return None
