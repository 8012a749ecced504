"""Where a plain text stops being the writer's: quoted lines and what programs put above them.

A *lead* is such a program's words: an attribution ("On Monday Ann wrote:"), a header block
("From: Sent: To:"), a separator ("Original Message"). The words themselves are data in
``phrases/quotes.py``; ``reply`` decides what follows from a lead. Everything here looks at one
line a time, or at a few joined, and each line is cut to a bound before it is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mailtrack.mail.phrases import quotes

LINE_CHARS_LOOKED_AT: Final = 300
ATTRIBUTION_LINES_MAX: Final = 4
ATTRIBUTION_CHARS_MAX: Final = 400
HEADER_BLOCK_LINES_MAX: Final = 24
HEADER_NAME_CHARS_MAX: Final = 30
CONTINUATION_LINES_MAX: Final = 3


class LeadKind(Enum):
    """What a lead is made of."""

    ATTRIBUTION = "attribution"
    HEADERS = "headers"
    SEPARATOR = "separator"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Lead:
    """The lines ``start`` to ``end`` (exclusive) that a program put above a quoted mail."""

    start: int
    end: int
    kind: LeadKind


# Marks of direction and zero-width characters stand inside attributions of right-to-left
# languages and of Outlook; odd blanks stand before French colons.
_INVISIBLE: Final = dict.fromkeys(
    [0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)]
)
_FOLDED: Final[dict[int, int | None]] = {**_INVISIBLE, 0xA0: 0x20, 0x202F: 0x20, 0x2009: 0x20}
_QUOTE_PREFIX: Final = re.compile(r" {0,3}[>＞]")
_PREFIXES: Final = re.compile(r"(?:[ \t]?[>＞]){1,40} ?")


def is_quoted(line: str) -> bool:
    """Whether a line carries the prefix of quoted mail."""
    return _QUOTE_PREFIX.match(line) is not None


def unquoted(line: str) -> str:
    """The line without its quote prefixes."""
    found = _PREFIXES.match(line)
    return line[found.end() :] if found else line


def clean_line(line: str) -> str:
    """The line as rules look at it: bounded, without marks nobody sees, blanks folded."""
    return " ".join(line[:LINE_CHARS_LOOKED_AT].translate(_FOLDED).split())


def lead_at(lines: list[str], index: int) -> Lead | None:
    """The lead whose decisive line is ``lines[index]``, or None.

    For an attribution that is its last line, for the others their first.
    """
    line = clean_line(lines[index])
    if not line:
        return None
    separator = _separator_kind(line)
    if separator is not None:
        end = _after_headers(lines, _next_line(lines, index + 1))
        return Lead(index, max(index + 1, end), separator)
    if line.rstrip("*_ ").endswith((":", "：")):
        attribution = _attribution_ending_at(lines, index)
        if attribution is not None:
            return attribution
    end = _after_headers(lines, index)
    return Lead(index, end, LeadKind.HEADERS) if end else None


def _next_line(lines: list[str], index: int) -> int:
    """The index of the next line that is not blank, or the number of lines."""
    while index < len(lines) and not lines[index].strip():
        index += 1
    return index


_RULE_MARKS: Final = "-_=*~—–─ \t"
_REPLY_SEPARATORS: Final = frozenset(quotes.REPLY_SEPARATORS)


def is_rule(line: str) -> bool:
    """Whether a line is only a drawn one: dashes, underscores and the like."""
    marks = line.strip()
    return len(marks) >= 3 and not marks.strip(_RULE_MARKS)


def _separator_kind(line: str) -> LeadKind | None:
    inner = line.strip(_RULE_MARKS)
    is_drawn = len(line) - len(inner) >= 4 and line[:2].strip(_RULE_MARKS) == ""
    words = inner.rstrip(": ").lower()
    if not words or len(words) > ATTRIBUTION_CHARS_MAX:
        return None
    if words.startswith(quotes.FORWARD_SEPARATORS) and (is_drawn or inner.endswith(":")):
        return LeadKind.FORWARD
    if is_drawn and words in _REPLY_SEPARATORS:
        return LeadKind.SEPARATOR
    if is_drawn and line.startswith("--") and _is_attribution(inner + ":", above_quote=False):
        return LeadKind.ATTRIBUTION
    return None


def _attribution_ending_at(lines: list[str], index: int) -> Lead | None:
    """The attribution that ends with this line; programs and gateways wrap it at any word."""
    above_quote = _is_above_quote(lines, index)
    joined, best = "", None
    for start in range(index, max(index - ATTRIBUTION_LINES_MAX, -1), -1):
        line = clean_line(lines[start])
        if not line or is_quoted(lines[start]) or len(joined) > ATTRIBUTION_CHARS_MAX:
            break
        if start < index and line.endswith((".", "!", "?", ":")) and not _opens(line):
            break
        joined = f"{line} {joined}".rstrip()
        if not _is_attribution(joined, above_quote=above_quote):
            continue
        if _opens(line) and (best is None or _has_digit(line)):
            best = start
            if start < index or _has_digit(line):
                break
        elif best is None:
            best = start
    if best is None:
        return None
    best = _opening_above(lines, best)
    return Lead(best, index + 1, LeadKind.ATTRIBUTION)


def _opening_above(lines: list[str], start: int) -> int:
    """One line up when the attribution's own opening was wrapped away from its date."""
    if start == 0 or is_quoted(lines[start - 1]):
        return start
    above, first = clean_line(lines[start - 1]), clean_line(lines[start])
    opens_above = _opens(above) and not above[0].isdigit() and _has_digit(above)
    wrapped = not above.endswith((".", "!", "?", ":")) and not first.lower().startswith("on ")
    return start - 1 if above and opens_above and wrapped and len(above) < 80 else start


def _is_above_quote(lines: list[str], index: int) -> bool:
    following = _next_line(lines, index + 1)
    return following < len(lines) and is_quoted(lines[following])


_OPENERS: Final = frozenset(quotes.ATTRIBUTION_OPENERS) | frozenset(quotes.WEEKDAYS)


def _opens(line: str) -> bool:
    """Whether a line can be the beginning of an attribution: a preposition, a day, a date."""
    word = line.split(" ", 1)[0].lower().strip(",.:*_([")
    return word[:1].isdigit() or word in _OPENERS or word.startswith(_LONG_DAYS)


_LONG_DAYS: Final = tuple(day for day in quotes.WEEKDAYS if len(day) >= 3)
_DIGIT: Final = re.compile(r"\d")
_TIME: Final = re.compile(r"\d{1,2}[:.h]\d{2}")
_DATE: Final = re.compile(r"(?:19|20)\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_BY: Final = (" от ", " від ", " from ", " von ", " de ", " от:", " ад ")


def _has_digit(line: str) -> bool:
    return _DIGIT.search(line) is not None


def _is_attribution(text: str, *, above_quote: bool) -> bool:
    """Whether joined lines say who wrote the mail below, and when.

    A writer's own sentence may end in a colon and name a time or a person; so two of verb, date
    and address are asked for, or one and quoted lines right below.
    """
    words = text.rstrip("*_ ").lower()
    if not words.endswith((":", "：")) or len(words) > ATTRIBUTION_CHARS_MAX:
        return False
    verb, address = _has_verb(words), _has_address(words)
    time, date = _TIME.search(words) is not None, _DATE.search(words) is not None
    if above_quote and (verb or address or (time and date)):
        return True
    if verb and address:
        return True
    if address and date and ("<" in words or "(" in words or '"' in words):
        return True
    return time and date and _opens(words) and (verb or any(word in words for word in _BY))


_VERB_WORDS: Final = frozenset(
    verb for verb in quotes.ATTRIBUTION_VERBS if verb.isascii() or " " not in verb
)
_VERB_PHRASES: Final = tuple(
    verb for verb in quotes.ATTRIBUTION_VERBS if " " in verb or ord(verb[-1]) > 0x2E00
)


def _has_verb(words: str) -> bool:
    for word in words.split(" "):
        if word.strip(":,.;：>*_\"'") in _VERB_WORDS or word.rstrip(":") in _VERB_WORDS:
            return True
    # "wrote" sticks to the address where a gateway has eaten the blank.
    if words.endswith((">wrote:", ")wrote:", ">escribió:", ">написал:")):
        return True
    return any(phrase in words for phrase in _VERB_PHRASES)


def _has_address(words: str) -> bool:
    at = words.find("@")
    return 0 < at < len(words) - 2 and words[at - 1] > " " and words[at + 1].isalnum()


_ROLE_OF_NAME: Final = {
    name: role for role, names in quotes.HEADER_NAMES.items() for name in names
}


def header_role(line: str) -> str | None:
    """What a cleaned line names if it is a quoted header, such as ``from`` for ``Von: ...``."""
    head = line[: HEADER_NAME_CHARS_MAX + 2].lstrip("*_ ")
    colon = head.replace("：", ":").find(":")
    if not 0 < colon <= HEADER_NAME_CHARS_MAX:
        return None
    return _ROLE_OF_NAME.get(head[:colon].strip("*_ ").lower())


def _after_headers(lines: list[str], start: int) -> int:
    """The index after the header block that begins at ``start``, or 0 if none does."""
    end, values = headers_at(lines, start)
    return end if _is_header_block(values) else 0


def headers_at(lines: list[str], start: int) -> tuple[int, dict[str, str]]:
    """The index after the header lines at ``start``, and their values by role.

    Blank lines between them and wrapped values are taken along; quote prefixes are not seen.
    """
    values: dict[str, str] = {}
    end, role, continued = start, "", 0
    for index in range(start, min(start + HEADER_BLOCK_LINES_MAX, len(lines))):
        line = clean_line(unquoted(lines[index]))
        found = header_role(line) if line else None
        if found is not None:
            role, end, continued = found, index + 1, 0
            values.setdefault(role, _header_value(line))
        elif line and role:
            continued += 1
            if continued > CONTINUATION_LINES_MAX or not unquoted(lines[index - 1]).strip():
                break
            values[role] = f"{values[role]} {line}"[:LINE_CHARS_LOOKED_AT]
            # A wrapped list of addresses is the block's even when no other header follows it.
            end = index + 1 if end == index and _has_address(line) else end
        elif line:
            break
    return end, values


def _header_value(line: str) -> str:
    return line.replace("：", ":").partition(":")[2].strip("*_ ")


def _is_header_block(values: dict[str, str]) -> bool:
    """Whether these headers are a quoted mail's, and not a form that the writer filled in."""
    if "from" not in values or len(values) < 2:
        return False
    if "sent" in values and len(values) >= 3:
        return True
    if "subject" in values and ("date" in values or "to" in values):
        return True
    return _has_address(values["from"]) and bool({"sent", "date", "subject"} & values.keys())
