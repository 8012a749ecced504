"""The phrases of a language, and how times, spans and sizes are said with them.

A language is a folder of templates; its ``phrases.j2`` holds the sentences and words that many
letters share. What a translation lacks is said in English, down to a single word of a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Final
from zoneinfo import ZoneInfo

_MINUTES_HOUR: Final = 60
_MINUTES_DAY: Final = 24 * 60
_BYTES_STEP: Final = 1024


class Phrases(SimpleNamespace):
    """All phrases of one language: macros that say a sentence, and tables of words."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    units: Mapping[str, str]


def phrases_from(own: Mapping[str, object], english: Mapping[str, object]) -> Phrases:
    """The phrases that a language sets, the English ones where it sets none."""
    merged = dict(english)
    for name, phrase in own.items():
        theirs = english.get(name)
        if isinstance(phrase, dict) and isinstance(theirs, dict):
            merged[name] = {**theirs, **phrase}
        else:
            merged[name] = phrase
    return Phrases(**merged)


def shown_time(at: datetime, zone: ZoneInfo, now: datetime, say: Phrases) -> str:
    """``Mon 2 Mar, 09:00`` on the clock of ``zone``; another year than now's is said."""
    local = at.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    day = f"{say.weekdays[local.weekday()]} {local.day} {say.months[local.month - 1]}"
    return f"{day}{year}, {local:%H:%M}"


def shown_span(minutes: int, say: Phrases) -> str:
    """``2 d 3 h``, ``3 h 20 min``, ``25 min``: the two largest units that are not nought."""
    days, rest = divmod(max(minutes, 0), _MINUTES_DAY)
    hours, left = divmod(rest, _MINUTES_HOUR)
    counted = ((days, "d"), (hours, "h"), (0 if days else left, "min"))
    parts = [f"{count} {say.units[unit]}" for count, unit in counted if count]
    return " ".join(parts) or f"0 {say.units['min']}"


def shown_size(size_bytes: int, say: Phrases) -> str:
    """``812 B``, ``120 KB``, ``3.4 MB``."""
    if size_bytes < _BYTES_STEP:
        return f"{size_bytes} {say.units['B']}"
    if size_bytes < _BYTES_STEP**2:
        return f"{round(size_bytes / _BYTES_STEP)} {say.units['KB']}"
    return f"{size_bytes / _BYTES_STEP**2:.1f} {say.units['MB']}"
