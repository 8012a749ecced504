"""Where the signature of a mail begins: what its writer did not write this time.

Folded are signatures after ``-- ``, the footers of phones and mailing lists, a farewell with a
name, and a block of name and ways to reach it. The last lines decide, and what reads like a
sentence is never folded.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.mail.phrases import quotes
from mailtrack.mail.quotes import clean_line, is_rule

SIGNATURE_LINES_MAX: Final = 25
FAREWELL_LINES_MAX: Final = 12
FOOTER_WORDS_MAX: Final = 9
FOOTER_CHARS_MAX: Final = 140
NAME_LINE_CHARS_MAX: Final = 70
ROUNDS_MAX: Final = 4


def signature_start(lines: list[str]) -> int:
    """The index of the first signature line; the number of lines if there is none.

    A mail that would be nothing but signature has none.
    """
    end = len(lines)
    for _ in range(ROUNDS_MAX):
        start = _one_signature(lines[:end])
        if start >= end or not any(line.strip() for line in lines[:start]):
            break
        end = start
    return end


def _one_signature(lines: list[str]) -> int:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    tail = lines[max(0, end - SIGNATURE_LINES_MAX) : end]
    offset = end - len(tail)
    for rule in _RULES:
        start = rule(tail)
        if start < len(tail):
            return offset + start
    return len(lines)


def _delimiter(tail: list[str]) -> int:
    """``-- `` on a line of its own (RFC 3676 section 4.3), unless it stands in a diff."""
    if any(line.startswith(("@@ ", "diff ", "+++ ", "--- ")) for line in tail):
        return _diff_delimiter(tail)
    for index in range(len(tail) - 1, -1, -1):
        if tail[index].rstrip() in ("--", "—", "– –", "- --"):
            return index
    return len(tail)


def _diff_delimiter(tail: list[str]) -> int:
    """In a diff only the exact delimiter after the last hunk counts."""
    for index in range(len(tail) - 1, -1, -1):
        if tail[index] == "-- ":
            return index
        if tail[index].startswith(("@@ ", "+", "-", "diff ")):
            break
    return len(tail)


def _list_footer(tail: list[str]) -> int:
    for index, line in enumerate(tail):
        if is_rule(line) and len(line.strip()) >= 10:
            below = " ".join(clean_line(text).lower() for text in tail[index + 1 :])
            if any(words in below for words in quotes.LIST_FOOTERS):
                return index
    is_bare_link = (
        bool(tail) and tail[-1].strip().startswith("http") and " " not in tail[-1].strip()
    )
    return len(tail) - 1 if is_bare_link and "listinfo" in tail[-1] else len(tail)


def _mobile_footer(tail: list[str]) -> int:
    if not tail:
        return 0
    return len(tail) - 1 if is_mobile_footer(tail[-1]) else len(tail)


def is_mobile_footer(line: str) -> bool:
    """Whether a line is one that phones and web mail add by themselves."""
    words = clean_line(line).lower().strip("*_-[]() ")
    if len(words) > FOOTER_CHARS_MAX or len(words.split()) > FOOTER_WORDS_MAX:
        return False
    return words.startswith(quotes.MOBILE_FOOTERS)


def _farewell(tail: list[str]) -> int:
    for index in range(len(tail) - 1, max(-1, len(tail) - FAREWELL_LINES_MAX), -1):
        words = clean_line(tail[index]).lower().strip("*_ ,.!-–—\t")
        if words in quotes.FAREWELLS:
            return index if _is_name_block(tail[index + 1 :]) else len(tail)
        if _is_sentence(tail[index]):
            break
    return len(tail)


def _is_name_block(lines: list[str]) -> bool:
    return all(
        len(line.strip()) <= NAME_LINE_CHARS_MAX and not _is_sentence(line) for line in lines
    )


_POSTSCRIPT: Final = re.compile(r"p\.? ?s\b|n\.? ?b\b|з\.? ?і\b|п\.? ?с\b|p\.? ?p\. ?s")


def _is_sentence(line: str) -> bool:
    """Whether a line reads like prose: words in small letters, or the marks of a sentence."""
    text = clean_line(line)
    if text.endswith(("?", "!")) or _POSTSCRIPT.match(text.lower()):
        return True
    words = text.split()
    small = sum(
        1 for word in words if word[0].islower() and "@" not in word and "." not in word[:-1]
    )
    return len(words) >= 4 and small * 2 >= len(words)


_DASHED_NAME: Final = re.compile(
    r"[-–—~/]{1,2} ?[^\W\d_a-z][\w.'-]{0,30}(?: [^\W\d_a-z][\w.'-]{0,30}){0,2}"
)


def _dashed_name(tail: list[str]) -> int:
    """``-Ann Lee`` or ``/John`` as the last line, apart from a list of points above it."""
    if len(tail) < 2 or not _DASHED_NAME.fullmatch(clean_line(tail[-1])):
        return len(tail)
    return len(tail) if tail[-2].lstrip()[:1] in ("-", "–", "—", "~", "/") else len(tail) - 1


_CONTACT: Final = re.compile(
    r"(?:\S{1,60}@\S{1,80}|https?://\S{1,200}|www\.\S{1,100}"
    r"|(?:\w{1,8}[.:] ?)?\+?[\d ()./-]{7,24})"
)
_NAME: Final = re.compile(r"[^\W\d_a-z][\w.'-]{0,30}(?: [^\W\d_a-z][\w.'-]{0,30}){1,3}")


def _contact_block(tail: list[str]) -> int:
    """The last paragraph, if it is a name and below it ways to reach it."""
    start = len(tail)
    while start and tail[start - 1].strip():
        start -= 1
    block = [clean_line(line) for line in tail[start:]]
    if start == 0 or not 2 <= len(block) <= 8 or not _NAME.fullmatch(block[0]):
        return len(tail)
    known = [bool(_CONTACT.fullmatch(line)) or is_mobile_footer(line) for line in block[1:]]
    return start if sum(known) * 2 >= len(known) else len(tail)


_RULES: Final = (
    _list_footer,
    _delimiter,
    _contact_block,
    _mobile_footer,
    _farewell,
    _dashed_name,
)
