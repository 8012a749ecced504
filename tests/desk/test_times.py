"""Spans and dates as people type them, in three languages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.commands.times import SPAN_MAX, instant_from, span_from

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=KYIV).astimezone(UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("25m", 25),
        ("25", 25),
        ("25 min", 25),
        ("1h", 60),
        ("1h 30m", 90),
        ("1h30m", 90),
        ("1h, 30m", 90),
        ("2d", 2880),
        ("1w", 10080),
        ("2д", 2880),
        ("3 часа", 180),
        ("1 час и 5 минут", 65),
        ("10 хв", 10),
        ("2 години", 120),
        ("1 тиж", 10080),
        (" 5M ", 5),
        ("0m", 0),
    ],
)
def test_a_span(typed: str, minutes: int) -> None:
    assert span_from(typed) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "typed", ["", "soon", "5 apples", "5m later", "m5", "1.5h", "-5m x", "123456"]
)
def test_what_is_no_span(typed: str) -> None:
    assert span_from(typed) is None


def test_a_span_has_an_end() -> None:
    assert span_from("3650d") == SPAN_MAX
    assert span_from("3651d") == SPAN_MAX
    assert span_from("3649d") == timedelta(days=3649)


@pytest.mark.parametrize(
    ("typed", "local"),
    [
        ("fri 15:00", "2026-03-06 15:00"),
        ("friday", "2026-03-06 18:00"),
        ("wed 15:00", "2026-03-11 15:00"),
        ("thu", "2026-03-05 18:00"),
        ("tue", "2026-03-10 18:00"),
        ("today", "2026-03-04 18:00"),
        ("tomorrow 9:30", "2026-03-05 09:30"),
        ("завтра", "2026-03-05 18:00"),
        ("сьогодні 12:00", "2026-03-04 12:00"),
        ("пт 15:00", "2026-03-06 15:00"),
        ("п'ятницю 15:00", "2026-03-06 15:00"),
        ("2026-12-01", "2026-12-01 18:00"),
        ("2026-12-01 08:15", "2026-12-01 08:15"),
        ("1.12.2026", "2026-12-01 18:00"),
        ("15:00", "2026-03-04 15:00"),
        ("09:00", "2026-03-05 09:00"),
        ("10:00", "2026-03-05 10:00"),
        ("2d", "2026-03-06 10:00"),
        ("4h", "2026-03-04 14:00"),
        ("2026-03-29 12:00", "2026-03-29 12:00"),  # the day on which the clocks change
    ],
)
def test_a_date(typed: str, local: str) -> None:
    found = instant_from(typed, now=NOW, zone=KYIV)
    assert found is not None
    assert found.astimezone(KYIV).strftime("%Y-%m-%d %H:%M") == local


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "someday",
        "fri 25:00",
        "fri 10:60",
        "2026-02-30",
        "31.02.2026",
        "5",
        "32.1.2026",
        "x y",
    ],
)
def test_what_is_no_date(typed: str) -> None:
    assert instant_from(typed, now=NOW, zone=KYIV) is None


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_a_date(typed: str) -> None:
    found = instant_from(typed, now=NOW, zone=KYIV)
    assert found is None or found.tzinfo is not None


@given(st.integers(0, 60), st.integers(0, 60))
def test_spans_add_up(hours: int, minutes: int) -> None:
    assert span_from(f"{hours}h {minutes}m") == timedelta(hours=hours, minutes=minutes)
