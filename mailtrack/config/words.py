"""The words of the YAML files: durations, sizes, hours, dates, zones, addresses, listeners.

Each parser takes the text as written and gives a value, or raises ``wrong(...)`` with what was
found and how it should be written. Nothing else in this room takes such a text apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic_core import PydanticCustomError

from mailtrack.config.page import closest, shown_text
from mailtrack.desk.promises import Window
from mailtrack.mail.address import Address, address_from

DURATION_DAYS_MAX: Final = 3660
PORT_MAX: Final = 65535
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_UNIT_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "min": 60, "s": 1}
_SIZE_UNITS: Final = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SPAN: Final = re.compile(r"(\d{1,9}) ?(w|d|h|min|m|s)(?: |$|(?=\d))", re.IGNORECASE)
_SIZE: Final = re.compile(r"(\d{1,12}) ?([KMG]?)(?:i?B)?", re.IGNORECASE)
_CLOCK: Final = re.compile(r"([01]?\d|2[0-4])[:.]([0-5]\d)")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DURATION_MEND: Final = "Write it like 30m, 4h, 1h 30m, 2d or 10s"
_HOURS_MEND: Final = (
    'Write it like "09:00-18:00", or ["09:00-13:00", "14:00-18:00"] for a break'
)


def wrong(found: str, mend: str) -> PydanticCustomError:
    """The error that a validator raises so that the operator reads exactly these words."""
    return PydanticCustomError("wrong", "{found}. {mend}", {"found": found, "mend": mend})


def duration_from(text: str) -> timedelta:
    """``1h 30m``, ``40h``, ``2d``, ``90s``; the units w d h m (min) s."""
    clean = text.strip()
    position, seconds = 0, 0
    while match := _SPAN.match(clean, position):
        seconds += int(match[1]) * _UNIT_SECONDS[match[2].lower()]
        position = match.end()
    if position != len(clean) or not clean:
        raise wrong(f"{shown_text(text)} is no length of time", _DURATION_MEND)
    if seconds > DURATION_DAYS_MAX * _UNIT_SECONDS["d"]:
        raise wrong(f"{shown_text(text)} is more than ten years", _DURATION_MEND)
    return timedelta(seconds=seconds)


def size_from(text: str) -> int:
    """Bytes of ``25MB``, ``500 KB``, ``2G``; the units count in steps of 1024."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise wrong(f"{shown_text(text)} is no size", "Write it like 500KB, 25MB or 2GB")
    return int(match[1]) * _SIZE_UNITS[match[2].upper()]


def zone_from(text: str) -> ZoneInfo:
    """A zone of the IANA table, such as ``Europe/Kyiv``."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        mend = _zone_mend(text)
        raise wrong(f"{shown_text(text)} is no time zone", mend) from error


def _zone_mend(text: str) -> str:
    zones = _zones()
    by_city = [one for one in zones if one.split("/")[-1].casefold() == text.casefold()]
    near = by_city[0] if by_city else closest(text, zones)
    hint = "Write Area/City as in the IANA table, such as Europe/Kyiv or UTC"
    return f"Did you mean '{near}'?" if near else hint


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def date_from(text: str) -> date:
    """A date like ``2026-12-25``, and no other spelling of it."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise wrong(f"{shown_text(text)} is a day that does not exist", "Correct it") from error
    raise wrong(f"{shown_text(text)} is no date", "Write year-month-day, like 2026-12-25")


def window_from(text: str) -> Window:
    """``09:00-18:00``; a closing time at or before the opening runs past midnight."""
    begin, dash, end = text.replace("–", "-").partition("-")
    if not dash:
        raise wrong(f"{shown_text(text)} are no hours", _HOURS_MEND)
    opens, closes = _clock_from(begin, text), _clock_from(end, text)
    if opens == closes and "24" not in end:
        shown = f"{shown_text(text)} opens and closes at the same time"
        raise wrong(shown, 'Write "00:00-24:00" for the whole day')
    return Window(opens, closes)


def _clock_from(text: str, whole: str) -> time:
    match = _CLOCK.fullmatch(text.strip())
    if match is None or (match[1] == "24" and match[2] != "00"):
        raise wrong(f"{shown_text(whole)} are no hours", _HOURS_MEND)
    return time(int(match[1]) % 24, int(match[2]))


def time_from(text: str) -> time:
    """``08:30``."""
    return _clock_from(text.strip(), text)


def days_from(text: str) -> tuple[int, ...]:
    """The weekdays, Monday 0, of ``mon-fri``, ``sat``, ``mon, wed`` or ``daily``."""
    if text.strip().casefold() in ("daily", "every day"):
        return tuple(range(7))
    days: list[int] = []
    for part in text.split(","):
        begin, dash, end = part.partition("-")
        first = _day_from(begin, text)
        last = _day_from(end, text) if dash else first
        length = (last - first) % 7 + 1
        days.extend((first + step) % 7 for step in range(length))
    return tuple(days)


def _day_from(text: str, whole: str) -> int:
    name = text.strip().casefold()
    short = name[:3]
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if short in DAYS and full[DAYS.index(short)].startswith(name):
        return DAYS.index(short)
    raise wrong(
        f"{shown_text(whole)} are no days of the week",
        "Write mon, tue, wed, thu, fri, sat, sun, a range like mon-fri, or daily",
    )


def minutes_of(window: Window) -> tuple[int, int]:
    """The minutes of the day when a window opens and closes; past midnight is above 1440."""
    opens = window.opens.hour * 60 + window.opens.minute
    closes = window.closes.hour * 60 + window.closes.minute
    return opens, closes if closes > opens else closes + 1440


def mail_address_from(text: str) -> Address:
    """One plain address, without a display name."""
    address = address_from(text)
    if address is None:
        raise wrong(
            f"{shown_text(text)} is no mail address", "Write it plainly: support@help.example"
        )
    return address


def rung_from(text: str) -> tuple[int | None, timedelta | None]:
    """The percent of the target, or the time after the breach: ``80%``, ``breach``, ``+4h``."""
    clean = text.strip()
    mend = "Write a share like 80%, the word breach, or a time after it like +4h"
    if clean == "breach":
        return 100, None
    if clean.startswith("+"):
        return None, duration_from(clean[1:])
    number = clean.removesuffix("%").strip()
    if not clean.endswith("%") or not number.isascii() or not number.isdigit():
        raise wrong(f"{shown_text(text)} is no moment of an escalation", mend)
    if not 1 <= int(number) <= 100:
        raise wrong(
            f"{shown_text(text)} is not between 1% and 100%",
            "100% is the breach; write +4h for four hours after it",
        )
    return int(number), None


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a front listens: a TCP port of ``host``, or the Unix socket ``path``."""

    host: str
    port: int
    path: Path | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen_from(text: str) -> Listen:
    """``127.0.0.1:2525``, ``[::1]:25``, ``*:25`` (all addresses) or ``unix:/run/x.sock``."""
    mend = "Write host:port, such as 127.0.0.1:2525 or [::1]:2525, or unix:/path/to/socket"
    if text.startswith("unix:"):
        path = Path(text.removeprefix("unix:"))
        if not path.is_absolute():
            raise wrong(f"{shown_text(text)} is no absolute path", mend)
        return Listen("", 0, path)
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or (":" in bare and bare == host) or not port.isascii() or not port.isdigit():
        raise wrong(f"{shown_text(text)} is nothing to listen at", mend)
    if int(port) > PORT_MAX:
        raise wrong(f"port {port} is above {PORT_MAX}", mend)
    return Listen("" if bare == "*" else bare, int(port))


def shown_duration(length: timedelta) -> str:
    """The shortest way to write a length: ``1h 30m``."""
    seconds = int(length.total_seconds())
    shown = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            shown.append(f"{count}{unit}")
    return " ".join(shown) or "0s"


def shown_window(window: Window) -> str:
    """``09:00-18:00``."""
    return f"{window.opens:%H:%M}-{window.closes:%H:%M}"
