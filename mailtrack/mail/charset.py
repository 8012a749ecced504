"""From bytes to text: the ladder of charsets, and the home of chardet.

Declared charset, its alias as real mail means it, strict UTF-8, the detector, and at last
windows-1252 with replacements. The rung that held is told, so that it can be noted as a
defect. Only names in the table below are ever handed to a codec: Python's own codecs hold
ciphers, compressors and an interpreter of escapes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import chardet

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


# Names as mail writes them, without case and punctuation, and the codec that reads what senders
# mean by them: a smaller set under a label is read as the superset that is really used.
_CODECS: Final = {
    "ascii": "us-ascii",
    "usascii": "us-ascii",
    "ansix341968": "us-ascii",
    "646": "us-ascii",
    "iso646us": "us-ascii",
    "utf8": "utf-8",
    "unicode11utf8": "utf-8",
    "utf8mb4": "utf-8",
    "utf7": "utf-7",
    "unicode11utf7": "utf-7",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "ucs2": "utf-16",
    "utf32": "utf-32",
    "utf32le": "utf-32-le",
    "utf32be": "utf-32-be",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso88591": "cp1252",
    "88591": "cp1252",
    "ansi": "cp1252",
    "cp819": "cp1252",
    "latin2": "iso8859-2",
    "latin9": "iso8859-15",
    "iso88599": "cp1254",
    "latin5": "cp1254",
    "iso885911": "cp874",
    "tis620": "cp874",
    "windows874": "cp874",
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "euccn": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "windows936": "gb18030",
    "xgbk": "gb18030",
    "gb18030": "gb18030",
    "chinese": "gb18030",
    "hzgb2312": "hz",
    "hz": "hz",
    "big5": "cp950",
    "big5hkscs": "big5hkscs",
    "cnbig5": "cp950",
    "xxbig5": "cp950",
    "cp950": "cp950",
    "windows950": "cp950",
    "euctw": "big5hkscs",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "euckr": "cp949",
    "cp949": "cp949",
    "uhc": "cp949",
    "windows949": "cp949",
    "xwindows949": "cp949",
    "korean": "cp949",
    "johab": "johab",
    "iso2022kr": "iso2022_kr",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "mskanji": "cp932",
    "windows31j": "cp932",
    "cp932": "cp932",
    "eucjp": "euc_jp",
    "xeucjp": "euc_jp",
    "iso2022jp": "iso2022_jp_ext",
    "iso2022jp1": "iso2022_jp_ext",
    "iso2022jp2": "iso2022_jp_2",
    "iso2022jp3": "iso2022_jp_3",
    "iso2022jp2004": "iso2022_jp_2004",
    "iso2022jpms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "koi8r": "koi8-u",
    "koi8": "koi8-u",
    "koi8u": "koi8-u",
    "koi8ru": "koi8-u",
    "koi8t": "koi8-t",
    "cp866": "cp866",
    "ibm866": "cp866",
    "dos866": "cp866",
    "cp1125": "cp1125",
    "ptcp154": "ptcp154",
    "macintosh": "mac-roman",
    "mac": "mac-roman",
    "macroman": "mac-roman",
    "xmacroman": "mac-roman",
    "xmaccyrillic": "mac-cyrillic",
    "maccyrillic": "mac-cyrillic",
    "xmacce": "mac-latin2",
    "iso88598i": "iso8859-8",
    "iso88598e": "iso8859-8",
    "iso88596i": "iso8859-6",
    "hebrew": "iso8859-8",
    "greek": "iso8859-7",
    "arabic": "iso8859-6",
    "cyrillic": "iso8859-5",
    "viscii": "cp1258",
    "tcvn": "cp1258",
    "nextstep": "cp1252",
    "hproman8": "hp-roman8",
    "xuserdefined": "",
    "unknown": "",
    "unknown8bit": "",
    "default": "",
    "binary": "",
    "none": "",
}
_FAMILY: Final = re.compile(r"(?:x|cs)?(iso8859|windows|win|cp|ibm|dos|cswindows)(\d{1,5})\Z")
_PAGES: Final = frozenset(
    "437 737 775 850 852 855 856 857 858 860 861 862 863 864 865 866 869 874 932 949 950 1006 "
    "1125 1250 1251 1252 1253 1254 1255 1256 1257 1258".split()
)
_ISO_PARTS: Final = frozenset(str(number) for number in range(1, 17) if number != 12)
_NOT_NAME: Final = re.compile(r"[^a-z0-9]")

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
) | {f"iso8859-{part}" for part in _ISO_PARTS}
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


def codec_from(name: str) -> str | None:
    """The codec for a charset name of a mail, None if the name is not one we trust."""
    key = _NOT_NAME.sub("", name.lower())
    if key in _CODECS:
        return _CODECS[key] or None
    family = _FAMILY.match(key)
    if not family:
        return None
    kind, number = family.groups()
    if kind == "iso8859":
        return f"iso8859-{number}" if number in _ISO_PARTS else None
    return f"cp{number}" if number in _PAGES else None


def text_from(
    content: bytes, declared: str | None = None, *, hint: str | None = None
) -> Decoded:
    """The text of ``content``; never fails. ``declared`` is the charset's name in the mail.

    ``hint`` is the charset that other parts of the same mail name; it is tried where there is
    no label, before anything is guessed from the bytes.
    """
    codec = codec_from(declared) if declared else None
    if content.isascii() and b"\x1b" not in content and codec not in _NOT_ASCII:
        return Decoded(content.decode("ascii"), "us-ascii", Rung.DECLARED)
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
