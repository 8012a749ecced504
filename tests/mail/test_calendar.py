"""Invitations as words."""

from __future__ import annotations

import pytest

from mailtrack.mail.calendar import invitation_text

EVENT = """BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
SUMMARY:Printer\\, again\r
DTSTART;TZID=Europe/Kyiv:20260302T090000\r
DTEND:20260302T080000Z\r
LOCATION:Room\r
  7\r
DESCRIPTION:Bring\\nwater\r
END:VEVENT\r
BEGIN:VEVENT\r
SUMMARY:Another\r
END:VEVENT\r
"""


def test_the_first_event_is_told():
    assert invitation_text(EVENT).split("\n") == [
        "Printer, again",
        "Begins: 2026-03-02 09:00 Europe/Kyiv",
        "Ends: 2026-03-02 08:00 UTC",
        "Where: Room 7",
        "Bring",
        "water",
    ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("DTSTART;VALUE=DATE:20260302", "Begins: 2026-03-02"),
        ("DTSTART:whenever", "Begins: whenever"),
        ("DTSTART:", ""),
        ("no colon", ""),
    ],
)
def test_times_are_shown_as_far_as_they_are_times(line, shown):
    assert invitation_text(f"BEGIN:VEVENT\n{line}\n") == shown


def test_without_an_event_there_are_no_words():
    assert invitation_text("BEGIN:VCALENDAR") == ""
