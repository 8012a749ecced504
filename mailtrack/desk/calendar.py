"""Working time: how many seconds of it lie between two instants, and when so many are over.

Windows are hours by the wall clock of the calendar's zone, resolved on each date, so that a
window across a change of the clocks has its real length. A calendar of None runs day and
night. Everything is UTC except the windows themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from mailtrack.desk.promises import Calendar, Window

# How far an opening is looked for. A calendar with no hours at all, which config refuses, ends
# there; so does a promise of more working time than ten years hold.
SEARCH_DAYS_MAX: Final = 3660

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
# Arithmetic on dates nearer to the ends of time than this overflows.
_FIRST: Final = datetime(2, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9900, 1, 1, tzinfo=UTC)


def seconds_between(calendar: Calendar | None, start: datetime, end: datetime) -> int:
    """Whole seconds of working time from ``start`` to ``end``; 0 if ``end`` is not later."""
    start, end = bounded(start), bounded(end)
    if end <= start:
        return 0
    if calendar is None:
        return (end - start) // _SECOND
    worked = timedelta()
    for opens, closes in _openings(calendar, start):
        if opens >= end:
            break
        worked += min(closes, end) - opens
    return worked // _SECOND


def add_seconds(calendar: Calendar | None, start: datetime, seconds: int) -> datetime:
    """When ``seconds`` of working time after ``start`` are over, in UTC.

    A sum that is full exactly at closing time stays there. 0 and less is ``start`` itself. If
    the calendar does not hold so much time, the end of the search.
    """
    start = bounded(start)
    left = timedelta(seconds=min(max(seconds, 0), SEARCH_DAYS_MAX * 86_400))
    if calendar is None or not left:
        return start + left
    for opens, closes in _openings(calendar, start):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    return start + SEARCH_DAYS_MAX * _DAY


def is_open(calendar: Calendar | None, at: datetime) -> bool:
    """Whether ``at`` is working time. The instant of opening is, that of closing is not."""
    return next_open(calendar, at) == bounded(at)


def next_open(calendar: Calendar | None, at: datetime) -> datetime:
    """``at`` itself if it is working time, else the next instant that is, in UTC."""
    at = bounded(at)
    if calendar is None:
        return at
    return next((opens for opens, _ in _openings(calendar, at)), at + SEARCH_DAYS_MAX * _DAY)


def _openings(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """What is left of the windows from ``start`` on, in order, overlaps counted once."""
    reached = start
    # A window may run past midnight, by a day at the most, and a zone may leave out a date.
    day = start.astimezone(calendar.zone).date() - 2 * _DAY
    overrides = dict(calendar.overrides)
    for _ in range(SEARCH_DAYS_MAX):
        for opens, closes in _intervals(calendar, day, overrides.get(day)):
            if max(opens, reached) < closes:
                yield max(opens, reached), closes
                reached = closes
        day += _DAY


def _intervals(
    calendar: Calendar, day: date, override: tuple[Window, ...] | None
) -> list[tuple[datetime, datetime]]:
    """The windows that open on ``day``, as instants in UTC and in order."""
    windows = override
    if windows is None:
        windows = calendar.week[day.weekday()] if day.weekday() < len(calendar.week) else ()
    return sorted(_interval(calendar, day, window) for window in windows)


def _interval(calendar: Calendar, day: date, window: Window) -> tuple[datetime, datetime]:
    last_day = day if window.opens < window.closes else day + _DAY
    opens, _ = _instants(datetime.combine(day, window.opens, calendar.zone))
    _, closes = _instants(datetime.combine(last_day, window.closes, calendar.zone))
    return opens, closes


def _instants(wall: datetime) -> tuple[datetime, datetime]:
    """A wall clock time as an opening and as a closing, in UTC.

    PEP 495: ``fold`` 0 is the first of two equal times, and moves a time that does not exist
    forward by the gap; ``fold`` 1 is the second, and moves back. An opening is the first, a
    closing the second of two; both move forward. That is always the later one for a closing.
    """
    first = wall.replace(fold=0).astimezone(UTC)
    return first, max(first, wall.replace(fold=1).astimezone(UTC))


def bounded(at: datetime) -> datetime:
    """The instant in UTC, not nearer to the ends of time than sums of ours may reach."""
    return min(max(at.astimezone(UTC), _FIRST), _LAST)
