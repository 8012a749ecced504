"""``[word:argument]`` as typed in a subject or on the top lines of a body: syntax only.

What a word means is the matter of ``commands``. This scanner is linear, bounded, and leaves
alone what help desks and gateways put into brackets themselves: ``[#1042]``, ``[EXT]``,
``[SPAM?]``, a mailing list's tag, a partner desk's ``[ACME-991]``.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.tickets.reading import Bracket

BRACKETS_MAX: Final = 20
NUMBERS_MAX: Final = 50
BRACKET_CHARS_MAX: Final = 200
TOP_LINES_MAX: Final = 20

_BRACKET: Final = re.compile(rf"\[([^\[\]\r\n]{{1,{BRACKET_CHARS_MAX}}})\]")
_NOT_OF_WORDS: Final = re.compile(r"[\W_]+")
_NUMBER: Final = re.compile(r"\[#(\d{1,12})\]|(?<![\w#&/])#(\d{1,12})(?!\w)")
_OUR_NUMBER: Final = re.compile(r"\[#\d{1,12}\]")
_PARTNER_TAG: Final = re.compile(r"[A-Z][A-Z0-9]{1,15}[-#: ]{1,2}\d{1,12}")
_WORD: Final = re.compile(r"\s*([^\s:=]{1,60})\s*[:=]?\s*(.*)", re.DOTALL)

# What gateways and filters stamp on subjects. Compared without case and punctuation.
_STAMP_WORDS: Final = """
    ext extern external externe externo externí внешнее зовнішній externalemail externalsender
    spam suspectedspam possiblespam probablespam junk bulk phish phishing caution warning
    вниманиевнешнееписьмо зовнішнійлист newsletter marketing encrypted secure confidential sec
    unclassified verdacht
"""
_STAMPS: Final = frozenset(_STAMP_WORDS.split())
_PREFIX: Final = re.compile(
    r"\s*(?:re|aw|antw|sv|vs|vá|odp|ha|отв|ответ|відп|на|fw|fwd|wg|tr|rv|enc|пересл|пер)"
    r"(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:\uff1a]",
    re.IGNORECASE,
)
PREFIXES_MAX: Final = 10


def without_prefixes(subject: str) -> str:
    """The subject without its ``Re:``, ``Fwd:``, ``Відп:`` in front, however many."""
    for _ in range(PREFIXES_MAX):
        found = _PREFIX.match(subject)
        if found is None:
            break
        subject = subject[found.end() :]
    return subject.strip()


def is_forward_subject(subject: str) -> bool:
    """Whether the subject begins with a forwarding prefix of any of our languages."""
    found = _PREFIX.match(subject)
    head = found.group(0).strip().rstrip(":\uff1a").lower() if found else ""
    return head in {"fw", "fwd", "wg", "tr", "rv", "enc", "пересл", "пер"}


def numbers_in(subject: str) -> tuple[int, ...]:
    """The ticket numbers a subject names, ``[#1042]`` or ``#1042``, in order, each once."""
    found = (int(one or two) for one, two in _NUMBER.findall(subject[:1000]))
    return tuple(dict.fromkeys(found))[:NUMBERS_MAX]


def without_numbers(subject: str) -> str:
    """The subject without any ``[#1042]``, which names another ticket than the one it opens."""
    return " ".join(_OUR_NUMBER.sub(" ", subject).split())


def partner_tags_in(subject: str) -> tuple[str, ...]:
    """The tags of other help desks in a subject: ``ACME-991``, without the brackets."""
    inside = (found.strip() for found in _BRACKET.findall(subject[:1000]))
    return tuple(text for text in inside if _PARTNER_TAG.fullmatch(text))[:5]


def brackets_in_subject(subject: str) -> tuple[Bracket, ...]:
    """The brackets of a subject that may be commands, in order."""
    return _brackets(subject[:1000], from_body=False)


def brackets_on_top(body: str) -> tuple[tuple[Bracket, ...], str]:
    """The brackets that stand on lines of their own above the text, and the text below them."""
    lines = body.split("\n")
    found: list[Bracket] = []
    taken = 0
    for count, line in enumerate(lines[:TOP_LINES_MAX], start=1):
        if not line.strip():
            continue
        on_line = _brackets(line, from_body=True)
        if not on_line or _BRACKET.sub("", line).strip(" \t,;#0123456789"):
            break
        found += on_line
        taken = count
    if not found:
        return (), body
    return tuple(found[:BRACKETS_MAX]), "\n".join(lines[taken:]).strip("\n")


def brackets_in_front(line: str) -> tuple[tuple[Bracket, str], ...]:
    """The brackets that a line begins with, each with what stands behind it."""
    found: list[tuple[Bracket, str]] = []
    while len(found) < BRACKETS_MAX and (match := _BRACKET.match(line.lstrip())):
        line = line.lstrip()[match.end() :]
        found += ((one, line) for one in _brackets(match.group(0), from_body=True))
    return tuple(found)


def without_brackets(subject: str, taken: tuple[Bracket, ...]) -> str:
    """The subject without these brackets, its blanks closed up."""
    for bracket in taken:
        subject = subject.replace(bracket.raw, " ", 1)
    return " ".join(subject.split())


def folded(text: str) -> str:
    """A word as words are compared: without case, blanks and punctuation, ё as е."""
    return _NOT_OF_WORDS.sub("", text.casefold().replace("ё", "е"))


def _brackets(text: str, *, from_body: bool) -> tuple[Bracket, ...]:
    found = []
    for match in _BRACKET.finditer(text):
        inside = match.group(1)
        if _is_stamp(inside):
            continue
        parts = _WORD.fullmatch(inside)
        if parts:
            word, argument = parts.group(1).strip(), parts.group(2).strip()
            found.append(Bracket(word, argument, match.group(0), from_body))
    return tuple(found[:BRACKETS_MAX])


def _is_stamp(inside: str) -> bool:
    text = inside.strip()
    is_number = text.startswith("#") and text[1:].isdigit()
    return is_number or bool(_PARTNER_TAG.fullmatch(text)) or folded(text) in _STAMPS
