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
HEADER_BLOCK_LINES_MAX: Final = 16
HEADER_NAME_CHARS_MAX: Final = 30
WRAPPED_CHARS_MAX: Final = 80  # a line longer than this was not wrapped by a mail program
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
    line = line[:LINE_CHARS_LOOKED_AT]
    return " ".join((line if line.isascii() else line.translate(_FOLDED)).split())


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text, and each as rules look at it."""

    raw: list[str]
    clean: list[str]

    def unquoted(self, index: int) -> str:
        """A cleaned line without its quote prefixes."""
        if not is_quoted(self.raw[index]):
            return self.clean[index]
        return clean_line(unquoted(self.raw[index]))

    def next_line(self, index: int) -> int:
        """The index of the next line that is not blank, or the number of lines."""
        while index < len(self.clean) and not self.clean[index]:
            index += 1
        return index


def lines_from(lines: list[str]) -> Lines:
    """The lines, cleaned once for all rules."""
    return Lines(lines, [clean_line(line) for line in lines])


def lead_at(lines: Lines, index: int) -> Lead | None:
    """The lead whose decisive line has this index, or None.

    For an attribution that is its last line, for the others their first.
    """
    line = lines.clean[index]
    # Nearly all lines end here: a lead holds a colon or begins with a drawn line.
    if not line or (":" not in line and "：" not in line and line[0] not in _RULE_MARKS):
        return None
    separator = _separator_kind(line)
    if separator is not None:
        end = _after_headers(lines, lines.next_line(index + 1))
        return Lead(index, max(index + 1, end), separator)
    if line.rstrip("*_ ").endswith((":", "：")):
        attribution = _attribution_ending_at(lines, index)
        if attribution is not None:
            return attribution
    # Only the first of neighbouring headers is tried: the others are in its block.
    if header_role(line) is None or (index and header_role(lines.clean[index - 1]) is not None):
        return None
    end = _after_headers(lines, index)
    return Lead(index, end, LeadKind.HEADERS) if end else None


_RULE_MARKS: Final = "-_=*~—–─‐‑‒―−═ \t"
_REPLY_SEPARATORS: Final = frozenset(quotes.REPLY_SEPARATORS)


def is_rule(line: str) -> bool:
    """Whether a line is only a drawn one: dashes, underscores and the like."""
    marks = line.strip()
    return len(marks) >= 3 and not marks.strip(_RULE_MARKS)


def _separator_kind(line: str) -> LeadKind | None:
    inner = line.strip(_RULE_MARKS)
    is_drawn = len(line) - len(inner) >= 4 and not line[:2].strip(_RULE_MARKS)
    if not inner or not (is_drawn or inner.endswith(":")):
        return None
    words = inner.rstrip(": ").lower()
    if words.startswith(quotes.FORWARD_SEPARATORS):
        return LeadKind.FORWARD
    if is_drawn and words in _REPLY_SEPARATORS:
        return LeadKind.SEPARATOR
    if is_drawn and line.startswith("--") and _is_attribution(inner + ":", above_quote=False):
        return LeadKind.ATTRIBUTION
    return None


def _attribution_ending_at(lines: Lines, index: int) -> Lead | None:
    """The attribution that ends with this line; programs and gateways wrap it at any word."""
    above_quote = _is_above_quote(lines, index)
    window = "".join(lines.clean[max(0, index - ATTRIBUTION_LINES_MAX + 1) : index + 1])
    if not above_quote and "@" not in window and not _has_digit(window):
        return None
    first = _first_joined(lines, index)
    best = None
    for start in range(index, first - 1, -1):
        joined = " ".join(lines.clean[start : index + 1])
        if not _is_attribution(joined, above_quote=above_quote):
            continue
        line = lines.clean[start]
        if best is None or _has_digit(line) or "@" in line:
            best = start
        # A line that opens with a date or a day, with a name or a verb behind it, is the first.
        if _has_digit(line) and _opens(line) and (_has_verb(joined.lower()) or "@" in joined):
            break
    if best is None:
        return None
    return Lead(_opening_above(lines, best), index + 1, LeadKind.ATTRIBUTION)


def _first_joined(lines: Lines, index: int) -> int:
    """The highest line that may belong to an attribution which ends at ``index``."""
    first = index
    while first > max(0, index - ATTRIBUTION_LINES_MAX + 1):
        above = lines.clean[first - 1]
        if not above or is_quoted(lines.raw[first - 1]):
            break
        if above.endswith(_SENTENCE_ENDS) and not _opens(above) and "@" not in above:
            break
        first -= 1
    return first


_SENTENCE_ENDS: Final = (".", "!", "?", ":")


def _opening_above(lines: Lines, start: int) -> int:
    """One line up when the attribution's own opening was wrapped away from its date."""
    above = lines.clean[start - 1] if start else ""
    if not above or is_quoted(lines.raw[start - 1]) or len(above) > WRAPPED_CHARS_MAX:
        return start
    if above[0].isdigit() or not _has_digit(above) or not _opens(above):
        return start
    is_whole = above.endswith((*_SENTENCE_ENDS, ",")) or _OPENS_ENGLISH.match(
        lines.clean[start]
    )
    return start if is_whole else start - 1


_OPENS_ENGLISH: Final = re.compile(r"On [A-Z0-9]")


def nameless_lead_above(lines: Lines, index: int) -> int:
    """Where a lead in words we do not know begins, right above a quote that is known otherwise.

    It is ``index`` if there is none. Its form has to tell: lines that end in a colon and hold a
    date or an address, or three headers in a row.
    """
    end = index
    while end and not lines.clean[end - 1]:
        end -= 1
    first = end
    while first > max(0, end - HEADER_BLOCK_LINES_MAX) and lines.clean[first - 1]:
        first -= 1
    block = lines.clean[first:end]
    if len(block) >= 3 and all(":" in line[:HEADER_NAME_CHARS_MAX] for line in block):
        return first
    block = block[-ATTRIBUTION_LINES_MAX:]
    if not block or not block[-1].endswith((":", "：")):
        return index
    dated = [at for at, line in enumerate(block) if _has_digit(line) or "@" in line]
    return end - len(block) + dated[0] if dated else index


def _is_above_quote(lines: Lines, index: int) -> bool:
    following = lines.next_line(index + 1)
    return following < len(lines.raw) and is_quoted(lines.raw[following])


_OPENERS: Final = frozenset(quotes.ATTRIBUTION_OPENERS) | frozenset(quotes.WEEKDAYS)


def _opens(line: str) -> bool:
    """Whether a line can be the beginning of an attribution: a preposition, a day, a date."""
    word = line.split(" ", 1)[0].lower().strip(",.:*_([")
    return word[:1].isdigit() or word in _OPENERS or word.startswith(_LONG_DAYS)


_LONG_DAYS: Final = tuple(day for day in quotes.WEEKDAYS if len(day) >= 3)
_DIGIT: Final = re.compile(r"\d")
_TIME: Final = re.compile(r"\d{1,2}[:.h]\d{2}")
_DATE: Final = re.compile(r"(?:19|20)\d{2}|\d{1,2}[./-] ?\d{1,2}[./-] ?\d{2}")
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
    if address and date and (time or "<" in words or "(" in words or '"' in words):
        return True
    if not (time and date):
        return False
    if verb and _NAME_FIRST.match(text) is not None:
        return True
    return _opens(words) and (verb or any(word in words for word in _BY))


# "Ann Lee wrote on 2 March": a full name and what was done, before the date.
_NAME_FIRST: Final = re.compile(
    r"(?:[^\W\d_a-zа-я][\w.'’-]{0,30} ){2,4}(?:" + "|".join(quotes.VERBS_BEFORE_DATES) + r")\b"
)
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


def _after_headers(lines: Lines, start: int) -> int:
    """The index after the header block that begins at ``start``, or 0 if none does."""
    end, values = headers_at(lines, start)
    return end if _is_header_block(values) else 0


def headers_at(lines: Lines, start: int) -> tuple[int, dict[str, str]]:
    """The index after the header lines at ``start``, and their values by role.

    Blank lines between them and wrapped values are taken along; quote prefixes are not seen.
    """
    values: dict[str, str] = {}
    end, role, continued = start, "", 0
    for index in range(start, min(start + HEADER_BLOCK_LINES_MAX, len(lines.raw))):
        line = lines.unquoted(index)
        found = header_role(line)
        if found is not None:
            role, end, continued = found, index + 1, 0
            values.setdefault(role, _header_value(line))
        elif line and role:
            continued += 1
            if continued > CONTINUATION_LINES_MAX or not lines.unquoted(index - 1):
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
