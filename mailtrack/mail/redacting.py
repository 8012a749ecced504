"""Words taken out of a raw mail, which stays what it was otherwise: files keep their places.

Only text parts and headers are changed; what stands in a picture or a PDF is not seen here.
The outcome is read again and compared: a mail that cannot be trusted to be clean goes whole.
"""

from __future__ import annotations

import email
from email.errors import MessageError
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message
from email.policy import compat32
from io import BytesIO
from typing import Final

from mailtrack.mail.charset import text_from
from mailtrack.mail.markers import REDACTED
from mailtrack.mail.message import ParsedMail
from mailtrack.mail.parse import facts_from, parse
from mailtrack.mail.prescan import prescan
from mailtrack.mail.words import header_text

PARTS_MAX: Final = 100  # the standard library reads more of them too slowly
_CLEAN: Final = compat32.clone(max_line_length=998)


def holds(raw: bytes, words: str) -> bool:
    """Whether the words stand anywhere in the mail that people or machines read as text."""
    facts = facts_from(raw)
    texts = (part.text or "" for part in facts.parts)
    return (
        words.encode() in raw
        or any(words in text for text in texts)
        or any(words in value for _, value in facts.headers)
        or words in parse(raw).text
    )


def without_words(raw: bytes, words: str) -> bytes | None:
    """The mail without these words; None if it cannot be had, and the mail has to go whole."""
    skeleton = prescan(raw)
    if skeleton.deep or skeleton.parts > PARTS_MAX:
        return None
    try:
        clean = _rewritten(raw, words)
    except (MessageError, LookupError, ValueError, RecursionError):
        return None
    is_kept = _files(parse(raw)) == _files(parse(clean))
    return clean if is_kept and not holds(clean, words) else None


def _files(mail: ParsedMail) -> list[tuple[int, str]]:
    return [(one.index, one.filename) for one in mail.attachments]


def _rewritten(raw: bytes, words: str) -> bytes:
    message = email.message_from_bytes(raw, policy=_CLEAN)
    for part in message.walk():
        _mend_headers(part, words)
        if part.get_content_maintype() == "text" and not part.is_multipart():
            _mend_text(part, words)
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, policy=_CLEAN).flatten(message)
    return written.getvalue()


def _mend_headers(part: Message, words: str) -> None:
    mended: list[tuple[str, str | Header]] = []
    for name, value in part.raw_items():
        text, _ = header_text(str(value).encode("utf-8", "surrogateescape"))
        is_clean = words not in text and words not in str(value)
        header = value if is_clean else Header(text.replace(words, REDACTED), "utf-8")
        mended.append((name, header))
    part._headers = mended  # type: ignore[attr-defined]


def _mend_text(part: Message, words: str) -> None:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return
    text = text_from(content, part.get_content_charset()).text
    if words not in text:
        return
    del part["Content-Transfer-Encoding"]
    part.set_payload(text.replace(words, REDACTED), "utf-8")
