"""Spans and dates as people type them in a bracket, in English, Russian and Ukrainian."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from mailtrack.desk.brackets import folded

SPAN_MAX: Final = timedelta(days=3650)
DAY_ENDS: Final = time(18, 0)  # a date without an hour is meant by the end of the working day

_UNIT_WORDS: Final = (
    (1, "m min mins minute minutes м мин минут хв хвилин хвилини"),
    (60, "h hr hrs hour hours ч час часа часов год години годин"),
    (1440, "d day days д дн день дня дней днів дні"),
    (10080, "w week weeks н нед недели недель тиж тижні тижнів"),
)
_UNITS: Final = {word: minutes for minutes, words in _UNIT_WORDS for word in words.split()}
_SPAN_PIECE: Final = re.compile(r"(\d{1,5})\s*([^\W\d_]{1,10})")
_DAYS: Final = {
    name: index
    for index, names in enumerate(
        (
            "mon monday пн понедельник понеділок",
            "tue tuesday вт вторник вівторок",
            "wed wednesday ср среда среду середа середу",
            "thu thursday чт четверг четвер",
            "fri friday пт пятница пятницу п'ятниця п'ятницю",
            "sat saturday сб суббота субботу субота суботу",
            "sun sunday вс нд воскресенье неділя неділю",
        )
    )
    for name in map(folded, names.split())
}
_TODAY: Final = frozenset(map(folded, ("today", "сегодня", "сьогодні")))
_TOMORROW: Final = frozenset(map(folded, ("tomorrow", "завтра")))
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})$")
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})$")
_DOT_DATE: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})$")


def span_from(text: str) -> timedelta | None:
    """The span that ``1h 30m``, ``25`` (minutes) or ``2д`` spell; None if it is no span."""
    typed = text.strip().casefold()
    if typed.isdecimal() and len(typed) <= 5:
        return timedelta(minutes=int(typed))
    pieces = _SPAN_PIECE.findall(typed)
    if not pieces or _SPAN_PIECE.sub("", typed).strip(" ,+-и"):
        return None
    minutes = 0
    for figure, unit in pieces:
        if unit not in _UNITS:
            return None
        minutes += int(figure) * _UNITS[unit]
    return min(timedelta(minutes=minutes), SPAN_MAX)


def instant_from(text: str, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant that ``fri 15:00``, ``2026-12-01``, ``tomorrow`` or ``2d`` names, or None.

    Dates are the desk's local ones; a date without an hour means 18:00. ``now`` is aware; the
    answer is in its time zone.
    """
    span = None if text.strip().isdecimal() else span_from(text)
    if span is not None:
        return now + span
    local = now.astimezone(zone)
    words = text.strip().split()
    hour = _clock(words[-1]) if words else None
    day_words = words[:-1] if hour is not None else words
    day = _day(day_words, local) if day_words else local
    if day is None or not words:
        return None
    wall = (hour or DAY_ENDS).replace(tzinfo=None)
    wanted = datetime.combine(day.date(), wall, tzinfo=zone)
    if not day_words and wanted <= local:
        wanted += timedelta(days=1)
    return wanted.astimezone(now.tzinfo)


def _clock(word: str) -> time | None:
    found = _CLOCK.match(word)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def _day(words: list[str], local: datetime) -> datetime | None:
    word = folded(" ".join(words))
    if word in _TODAY:
        return local
    if word in _TOMORROW:
        return local + timedelta(days=1)
    if word in _DAYS:
        return local + timedelta(days=(_DAYS[word] - local.weekday() - 1) % 7 + 1)
    return _dated(words[0], local) if len(words) == 1 else None


def _dated(word: str, local: datetime) -> datetime | None:
    iso, dotted = _ISO_DATE.match(word), _DOT_DATE.match(word)
    if iso:
        year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
    elif dotted:
        year, month, day = int(dotted[3]), int(dotted[2]), int(dotted[1])
    else:
        return None
    try:
        return local.replace(year=year, month=month, day=day)
    except ValueError:
        return None
