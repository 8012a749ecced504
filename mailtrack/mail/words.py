"""Encoded words (RFC 2047), and text of raw header bytes.

Words that stand side by side in one charset are joined as bytes before they are decoded:
many senders cut a word in the middle of a character. What is no clean word stays as it is.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from mailtrack.mail.charset import Rung, clean, text_from
from mailtrack.mail.charset_names import codec_from
from mailtrack.mail.limits import BASE64_PIECES_MAX, ENCODED_WORDS_MAX

# Each part stops at the character that ends it, so a failed match costs its own length once.
WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\r\n]*)\?=")
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_BLANK: Final = re.compile(r"\s*\Z")


def header_text(value: bytes, hint: str | None = None) -> tuple[str, Rung]:
    """The text of an unfolded field: raw 8-bit bytes by the ladder, then its encoded words.

    ``hint`` is the charset that the rest of the mail names.
    """
    if value.isascii() and b"\x1b" not in value:
        text, rung = value.decode("ascii"), Rung.DECLARED
    else:
        decoded = text_from(value, hint=hint)
        text, rung = decoded.text, decoded.rung
    return decoded_words(text), rung


def decoded_words(text: str) -> str:
    """``text`` with its encoded words decoded; blanks between two of them are dropped."""
    if "=?" not in text:
        return clean(text)
    pieces: list[str] = []
    run: list[tuple[str, bytes]] = []
    end = 0
    for count, match in enumerate(WORD.finditer(text)):
        if count >= ENCODED_WORDS_MAX:
            break
        gap = text[end : match.start()]
        if not (run and _BLANK.match(gap)):
            pieces.append(_text_of_run(run))
            pieces.append(gap)
            run = []
        run.append((match[1].partition("*")[0].lower(), _bytes_of(match[2], match[3])))
        end = match.end()
    pieces.append(_text_of_run(run))
    pieces.append(text[end:])
    return clean("".join(pieces))


def _text_of_run(run: list[tuple[str, bytes]]) -> str:
    """The text of neighbouring words: those of one charset are one string of bytes."""
    texts: list[str] = []
    start = 0
    for index in range(1, len(run) + 1):
        if index == len(run) or run[index][0] != run[start][0]:
            texts.append(_text_of(run[start][0], [content for _, content in run[start:index]]))
            start = index
    return "".join(texts)


def _text_of(charset: str, contents: list[bytes]) -> str:
    # Stateful charsets begin each word anew in ASCII (RFC 2047 section 3), so joining is safe.
    return text_from(b"".join(contents), charset if codec_from(charset) else None).text


def _bytes_of(encoding: str, encoded: str) -> bytes:
    raw = encoded.encode("utf-8", "replace")
    if encoding in "qQ":
        return _ESCAPE.sub(lambda match: binascii.unhexlify(match[1]), raw.replace(b"_", b" "))
    return base64_bytes(raw)


def base64_bytes(raw: bytes) -> bytes:
    """The bytes of broken base64: foreign characters skipped, missing padding supplied."""
    return b"".join(_unpadded(piece) for piece in _pieces(raw) if piece)


def _pieces(raw: bytes) -> list[bytes]:
    return raw.split(b"=", BASE64_PIECES_MAX)[:BASE64_PIECES_MAX]


def _unpadded(piece: bytes) -> bytes:
    try:
        return binascii.a2b_base64(piece + b"==")
    except binascii.Error:
        # One character alone at the end holds no byte; it is dropped.
        letters = _NOT_BASE64.sub(b"", piece)
        return binascii.a2b_base64(letters[: len(letters) // 4 * 4])


_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
