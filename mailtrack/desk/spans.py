"""Sizes and hours as a rule writes them: ``>10MB``, ``1MB-5MB``, ``mon-fri 18:00-09:00``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

SPAN_CHARS_MAX: Final = 60

_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SIZE: Final = re.compile(r"(\d{1,12})([kmg]?)i?b?\Z", re.ASCII)
_SPAN: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})\Z", re.ASCII)
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Sizes:
    """From so many bytes to so many, both included; ``to`` None has no end."""

    start: int
    to: int | None

    def holds(self, size_bytes: int) -> bool:
        """Whether a size lies within."""
        return self.start <= size_bytes and (self.to is None or size_bytes <= self.to)


@dataclass(frozen=True, slots=True)
class Hours:
    """Days of the week (0 is Monday) and hours; ``closes`` <= ``opens`` runs past midnight."""

    days: frozenset[int]
    opens: time
    closes: time

    def holds(self, at: datetime) -> bool:
        """Whether a moment by the wall clock lies within; the closing minute does not."""
        now, today = at.time(), at.weekday()
        if self.opens < self.closes:
            return today in self.days and self.opens <= now < self.closes
        is_of_yesterday = (today - 1) % 7 in self.days and now < self.closes
        return is_of_yesterday or (today in self.days and self.opens <= now)


def sizes_from(text: str) -> Sizes | None:
    """The sizes that ``text`` names: ``>10MB``, ``<=500 kB``, ``1MB-5MB``; None if none.

    1 MB is 1,048,576 bytes, as in the limits of mail servers. A bare size means that or more.
    """
    plain = "".join(text.casefold().split())[:SPAN_CHARS_MAX]
    least, dash, most = plain.partition("-")
    if dash:
        low, high = _bytes(least), _bytes(most)
        return None if low is None or high is None or high < low else Sizes(low, high)
    sign = plain[: len(plain) - len(plain.lstrip("<>="))]
    size = _bytes(plain[len(sign) :])
    if size is None:
        return None
    return {
        "": Sizes(size, None),
        ">=": Sizes(size, None),
        ">": Sizes(size + 1, None),
        "<": Sizes(0, size - 1),
        "<=": Sizes(0, size),
    }.get(sign)


def hours_from(text: str) -> Hours | None:
    """The hours that ``text`` names, days or hours or both; None if it names none."""
    tokens = text.casefold().replace("–", "-").replace(",", " ")[:SPAN_CHARS_MAX].split()
    days: set[int] = set()
    span = (time(0), time(0)) if tokens else None
    for token in tokens:
        if ":" in token:
            span = _span(token)
        elif named := _days(token):
            days |= named
        else:
            return None
    return Hours(frozenset(days or range(7)), *span) if span else None


def _bytes(text: str) -> int | None:
    match = _SIZE.match(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def _span(text: str) -> tuple[time, time] | None:
    match = _SPAN.match(text)
    if not match:
        return None
    opens, closes = _time(match[1], match[2]), _time(match[3], match[4])
    return None if opens is None or closes is None else (opens, closes)


def _time(hour: str, minute: str) -> time | None:
    """A time of day; 24:00 is the midnight that ends the day."""
    if (int(hour), int(minute)) == (24, 0):
        return time(0)
    return time(int(hour), int(minute)) if int(hour) < 24 and int(minute) < 60 else None


def _days(text: str) -> set[int]:
    """The days of ``mon``, ``monday`` or ``fri-mon``; empty if it is none."""
    first, dash, last = text.partition("-")
    names = (first, last) if dash else (first, first)
    if not all(len(name) >= 3 and name[:3] in _DAYS for name in names):
        return set()
    start, end = (_DAYS.index(name[:3]) for name in names)
    return {(start + step) % 7 for step in range((end - start) % 7 + 1)}
