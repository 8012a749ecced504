"""Sizes and hours as a rule writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.spans import hours_from, sizes_from

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        (">10MB", 10 * MB + 1, None),
        (">= 10 MB", 10 * MB, None),
        ("10mb", 10 * MB, None),
        ("<10MiB", 0, 10 * MB - 1),
        ("<=500 kB", 0, 500 * 1024),
        ("1MB-5MB", MB, 5 * MB),
        ("1G", 1024 * MB, None),
        ("100", 100, None),
    ],
)
def test_sizes(text: str, least: int, most: int | None) -> None:
    sizes = sizes_from(text)
    assert sizes is not None
    assert sizes.holds(least) and not sizes.holds(least - 1)
    assert most is None or (sizes.holds(most) and not sizes.holds(most + 1))
    assert most is not None or sizes.holds(2**60)


@pytest.mark.parametrize(
    "text", ["", ">", "MB", "10 XB", "=>10", "5MB-1MB", "1-2-3", "-5", "٣MB"]
)
def test_what_is_no_size(text: str) -> None:
    assert sizes_from(text) is None


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        # 2 March 2026 is a Monday.
        ("09:00-18:00", "03-02 08:59", False),
        ("09:00-18:00", "03-02 09:00", True),
        ("09:00-18:00", "03-02 17:59", True),
        ("09:00-18:00", "03-02 18:00", False),
        ("18:00-09:00", "03-02 23:00", True),
        ("18:00-09:00", "03-02 08:59", True),
        ("18:00-09:00", "03-02 12:00", False),
        ("mon-fri", "03-06 23:59", True),
        ("mon-fri", "03-07 00:00", False),
        ("sat,sun", "03-08 12:00", True),
        ("Saturday Sunday", "03-08 12:00", True),
        ("fri-mon", "03-02 12:00", True),
        ("fri-mon", "03-03 12:00", False),
        ("fri 22:00-06:00", "03-07 05:59", True),
        ("fri 22:00-06:00", "03-06 05:59", False),
        ("sun 22:00-06:00", "03-02 05:59", True),
        ("mon–fri 9:00-24:00", "03-02 23:59", True),
        ("mon 00:00-24:00", "03-02 00:00", True),
        ("mon 00:00-24:00", "03-03 00:00", False),
    ],
)
def test_hours(text: str, moment: str, expected: bool) -> None:
    hours = hours_from(text)
    assert hours is not None
    at = datetime.fromisoformat(f"2026-{moment}").replace(tzinfo=UTC)
    assert hours.holds(at) is expected


@pytest.mark.parametrize(
    "text", ["", "noon", "25:00-26:00", "09:60-10:00", "24:30-25:00", "mo", "mon-xyz", "9-18"]
)
def test_what_are_no_hours(text: str) -> None:
    assert hours_from(text) is None


@given(st.text())
def test_anything_can_be_asked(text: str) -> None:
    sizes_from(text)
    hours_from(text)
