"""The calendars of the worked examples, and how the tests write instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from mailtrack.desk.promises import Calendar, Window

BERLIN = ZoneInfo("Europe/Berlin")
MOSCOW = ZoneInfo("Europe/Moscow")


def window(opens: str, closes: str) -> Window:
    return Window(time.fromisoformat(opens), time.fromisoformat(closes))


def office(name: str, zone: ZoneInfo, *windows: Window) -> Calendar:
    """Monday to Friday, with the German holidays of 2026 and a short Christmas Eve."""
    holidays = ((4, 3), (4, 6), (5, 1), (12, 25))
    overrides: tuple[tuple[date, tuple[Window, ...]], ...] = (
        *((date(2026, month, day), ()) for month, day in holidays),
        (date(2026, 12, 24), (window("09:00", "13:00"),)),
    )
    return Calendar(name, zone, (windows,) * 5 + ((),) * 2, overrides)


K = office("K", BERLIN, window("09:00", "18:00"))
L = office("L", BERLIN, window("09:00", "13:00"), window("14:00", "18:00"))
S = Calendar("S", BERLIN, ((window("22:00", "06:00"),),) * 7)
M = Calendar("M", MOSCOW, ((window("09:00", "18:00"),),) * 5 + ((),) * 2)
KAYAKO = Calendar("09-17", BERLIN, ((window("09:00", "17:00"),),) * 5 + ((),) * 2)
SMALL_HOURS = Calendar("sun", BERLIN, ((),) * 6 + ((window("02:30", "05:00"),),))
NEVER = Calendar("never", BERLIN, ((),) * 7)


def at(text: str, *, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    """``03-02 10:00`` of 2026 by the wall clock of a zone, as aware UTC."""
    wall = datetime.fromisoformat(f"2026-{text}").replace(tzinfo=zone, fold=fold)
    return wall.astimezone(UTC)


def hours(number: float) -> int:
    """So many hours in seconds."""
    return round(number * 3600)
