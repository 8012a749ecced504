"""Working time, by the worked examples of the SLA definition and by its laws."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from desk.calendars import (
    BERLIN,
    KAYAKO,
    MOSCOW,
    NEVER,
    SMALL_HOURS,
    K,
    L,
    M,
    S,
    at,
    hours,
    window,
)
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.calendar import (
    SEARCH_DAYS_MAX,
    add_seconds,
    is_open,
    next_open,
    seconds_between,
)
from mailtrack.desk.promises import Calendar, Window


@pytest.mark.parametrize(
    ("example", "calendar", "start", "promised_hours", "due"),
    [
        (1, K, "03-02 10:00", 8, "03-02 18:00"),
        (2, K, "03-06 17:30", 4, "03-09 12:30"),
        (3, K, "03-07 12:00", 1, "03-09 10:00"),
        (4, K, "03-02 07:00", 1, "03-02 10:00"),
        (5, L, "03-02 12:30", 1, "03-02 14:30"),
        (6, K, "04-02 16:00", 8, "04-07 15:00"),
        (7, K, "12-24 11:00", 4, "12-28 11:00"),
        (18, None, "03-29 01:30", 4, "03-29 06:30"),
        (19, None, "10-25 01:30", 4, "10-25 04:30"),
        (20, S, "03-28 22:00", 8, "03-29 23:00"),
        (21, S, "10-24 22:00", 8, "10-25 05:00"),
        (37, KAYAKO, "03-02 09:00", 24, "03-04 17:00"),
    ],
)
def test_due_instants_of_the_worked_examples(
    example: int, calendar: Calendar | None, start: str, promised_hours: int, due: str
) -> None:
    assert add_seconds(calendar, at(start), hours(promised_hours)) == at(due), example


@pytest.mark.parametrize(("day", "length"), [("03-29", 1.5), ("10-25", 3.5), ("03-22", 2.5)])
def test_a_window_across_a_change_of_the_clocks_has_its_real_length(
    day: str, length: float
) -> None:
    """Example 22: Sunday 02:30 to 05:00 in Berlin."""
    assert seconds_between(SMALL_HOURS, at(f"{day} 00:00"), at(f"{day} 12:00")) == hours(length)


def test_an_opening_that_does_not_exist_is_an_hour_later() -> None:
    assert next_open(SMALL_HOURS, at("03-29 00:00")) == at("03-29 03:30")


def test_an_opening_that_comes_twice_is_the_first_and_a_closing_the_second() -> None:
    shift = Calendar("shift", BERLIN, ((window("01:00", "02:30"),),) * 7)
    assert next_open(SMALL_HOURS, at("10-25 00:00")) == at("10-25 02:30", fold=0)
    assert seconds_between(shift, at("10-25 00:00"), at("10-25 12:00")) == hours(2.5)
    assert is_open(shift, at("10-25 02:29", fold=1))
    assert not is_open(shift, at("10-25 02:30", fold=1))


def test_a_closing_that_does_not_exist_is_an_hour_later() -> None:
    shift = Calendar("shift", BERLIN, ((window("01:00", "02:30"),),) * 7)
    assert seconds_between(shift, at("03-29 00:00"), at("03-29 12:00")) == hours(1.5)
    assert not is_open(shift, at("03-29 03:30"))


def test_another_zone_counts_by_its_own_clock() -> None:
    """Example 23: 16:30 in Berlin is 18:30 in Moscow, half an hour after closing."""
    due = add_seconds(M, at("03-02 16:30"), hours(1))
    assert due == at("03-03 10:00", zone=MOSCOW) == at("03-03 08:00")


@pytest.mark.parametrize(
    ("calendar", "instant", "is_working"),
    [
        (K, "03-02 08:59:59", False),
        (K, "03-02 09:00:00", True),
        (K, "03-02 17:59:59", True),
        (K, "03-02 18:00:00", False),
        (K, "03-07 12:00", False),
        (K, "04-03 12:00", False),
        (K, "12-24 12:59", True),
        (K, "12-24 13:00", False),
        (L, "03-02 13:00", False),
        (L, "03-02 14:00", True),
        (S, "03-02 05:59", True),
        (S, "03-02 06:00", False),
        (None, "03-07 03:00", True),
        (NEVER, "03-02 10:00", False),
    ],
)
def test_working_time_includes_its_opening_and_not_its_closing(
    calendar: Calendar | None, instant: str, is_working: bool
) -> None:
    assert is_open(calendar, at(instant)) is is_working


def test_the_next_opening_is_now_or_after_the_weekend() -> None:
    assert next_open(K, at("03-06 17:59")) == at("03-06 17:59")
    assert next_open(K, at("03-06 18:00")) == at("03-09 09:00")
    assert next_open(None, at("03-07 03:00")) == at("03-07 03:00")


def test_a_whole_day_is_written_with_equal_ends() -> None:
    days = Calendar("days", BERLIN, ((window("00:00", "00:00"),),) * 7)
    assert seconds_between(days, at("03-28 12:00"), at("03-30 12:00")) == hours(47)
    assert seconds_between(days, at("03-02 00:00"), at("03-03 00:00")) == hours(24)


def test_windows_that_overlap_are_counted_once() -> None:
    """The night shift of Monday runs into an early shift on Tuesday."""
    night = Calendar(
        "both", BERLIN, ((window("22:00", "06:00"), window("05:00", "09:00")),) * 7
    )
    assert seconds_between(night, at("03-02 22:00"), at("03-03 22:00")) == hours(11)


def test_a_window_past_midnight_belongs_to_the_day_it_opens_on() -> None:
    friday = Calendar("fri", BERLIN, (*((),) * 4, (window("22:00", "06:00"),), (), ()))
    assert is_open(friday, at("03-07 05:00"))
    assert not is_open(friday, at("03-06 05:00"))


def test_a_calendar_without_hours_ends_with_the_search() -> None:
    start = at("03-02 10:00")
    the_end = start + timedelta(days=SEARCH_DAYS_MAX)
    assert add_seconds(NEVER, start, 1) == the_end
    assert next_open(NEVER, start) == the_end
    assert seconds_between(NEVER, start, the_end) == 0
    short_week = Calendar("short", BERLIN, ((window("09:00", "18:00"),),))
    assert next_open(short_week, at("03-03 10:00")) == at("03-09 09:00")


def test_nothing_is_worked_backwards_and_nothing_added_is_no_time() -> None:
    assert seconds_between(K, at("03-03 10:00"), at("03-02 10:00")) == 0
    assert add_seconds(K, at("03-07 12:00"), 0) == at("03-07 12:00")
    assert add_seconds(K, at("03-07 12:00"), -5) == at("03-07 12:00")


@pytest.mark.parametrize("calendar", [None, K, NEVER])
@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_time_do_not_raise(calendar: Calendar | None, year: int) -> None:
    far = datetime(year, 12, 31, tzinfo=UTC)
    assert add_seconds(calendar, far, 10**15).tzinfo is UTC
    assert seconds_between(calendar, far, far) == 0
    assert isinstance(is_open(calendar, far), bool)


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
times = st.times().map(lambda some: some.replace(microsecond=0))
windows = st.builds(Window, times, times)
instants = st.integers(0, hours(3 * 365 * 24)).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
calendars = st.builds(
    lambda zone, week: Calendar("any", ZoneInfo(zone), (*week, (window("09:00", "18:00"),))),
    st.sampled_from(ZONES),
    st.lists(st.lists(windows, max_size=3).map(tuple), min_size=6, max_size=6),
)
either = st.one_of(st.none(), calendars)


@given(either, instants, st.integers(0, hours(60)))
def test_what_was_added_lies_between(
    calendar: Calendar | None, start: datetime, seconds: int
) -> None:
    assert seconds_between(calendar, start, add_seconds(calendar, start, seconds)) == seconds


@given(either, instants, st.integers(1, hours(60)))
def test_a_due_instant_is_never_outside_the_hours_but_may_be_their_end(
    calendar: Calendar | None, start: datetime, seconds: int
) -> None:
    due = add_seconds(calendar, start, seconds)
    assert is_open(calendar, due - timedelta(microseconds=1))


@given(either, st.lists(instants, min_size=3, max_size=3))
def test_time_adds_up_and_never_runs_backwards(
    calendar: Calendar | None, some: list[datetime]
) -> None:
    first, second, third = sorted(some)
    parts = [seconds_between(calendar, a, b) for a, b in pairwise((first, second, third))]
    assert min(parts) >= 0
    assert sum(parts) == seconds_between(calendar, first, third)
    assert add_seconds(calendar, first, 3600) <= add_seconds(calendar, second, 3600)


@given(st.sampled_from(ZONES), instants)
def test_a_calendar_that_never_closes_is_no_calendar(zone: str, start: datetime) -> None:
    always = Calendar("always", ZoneInfo(zone), ((Window(time(0), time(0)),),) * 7)
    assert seconds_between(always, start, start + timedelta(days=9)) == hours(9 * 24)
    assert is_open(always, start)
