"""Times as scenarios write them."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def at_from(text: str, zone: ZoneInfo) -> datetime:
    """`2026-03-02 09:00` or with seconds, by the desk's clock, as aware UTC."""
    form = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return datetime.strptime(text, form).replace(tzinfo=zone).astimezone(UTC)


def span_from(text: str) -> timedelta:
    """`4h`, `1d 30m`."""
    pieces = re.findall(r"(\d+)([smhd])", text)
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in pieces), timedelta())


def shown_at(instant: datetime, zone: ZoneInfo) -> str:
    """An instant as `at_from` reads it."""
    local = instant.astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
