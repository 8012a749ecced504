"""How subjects, links, times and sizes look in a letter."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from desk.stationery import SHIPPED, STATIONERY
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrack.desk import letter_views
from mailtrack.desk.letters import (
    LETTERS,
    subject_for_agent,
    subject_for_customer,
)
from mailtrack.desk.phrases import (
    Phrase,
    phrase_file_from,
    phrases_from,
    shown_size,
    shown_span,
    shown_time,
)
from mailtrack.desk.views import (
    FileView,
    mailto,
)
from mailtrack.mail.address import Address


@pytest.mark.parametrize(
    ("subject", "first", "later", "agent"),
    [
        ("Printer", "[#7] Printer", "Re: [#7] Printer", "[#7] Printer"),
        ("Re: Printer", "[#7] Printer", "Re: [#7] Printer", "[#7] Printer"),
        ("Re: [#7] Re: Printer", "[#7] Printer", "Re: [#7] Printer", "[#7] Printer"),
        ("[#7] [#9] x", "[#7] x", "Re: [#7] x", "[#7] x"),
        ("Printer [close]", "[#7] Printer [close]", "Re: [#7] Printer [close]",
         "[#7] Printer (close)"),
        ("[ACME-991] Printer", "[#7] [ACME-991] Printer", "Re: [#7] [ACME-991] Printer",
         "[#7] (ACME-991) Printer"),
        ("", "[#7]", "Re: [#7]", "[#7]"),
        ("a\r\nBcc: x", "[#7] a Bcc: x", "Re: [#7] a Bcc: x", "[#7] a Bcc: x"),
    ],
)  # fmt: skip
def test_subjects(subject: str, first: str, later: str, agent: str) -> None:
    assert subject_for_customer(7, subject, True) == first
    assert subject_for_customer(7, subject, False) == later
    assert subject_for_agent(7, subject) == agent
    assert subject_for_customer(7, later, False) == later


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="[]#7 close:Re\r\n=?щ", max_size=40))
def test_no_subject_brings_a_bracket_or_a_line_to_an_agent(subject: str) -> None:
    written = subject_for_agent(7, subject)
    assert written.startswith("[#7]")
    assert not {"[", "]", "\r", "\n"} & set(written.removeprefix("[#7]"))


# --- mailto -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("[close] [#1042] Printer", ""),
        ("100% & more = ? #1 + 2", "a & b\nc = d"),
        ("Принтер горить", "Дякую\n\nІван"),
        ("a\r\nBcc: x", ""),
        ("", "only a body"),
    ],
)
def test_a_mailto_link_prepares_exactly_this_mail(subject: str, body: str) -> None:
    link = mailto(Address("support+rk7&x", "help.example"), subject, body)
    assert re.fullmatch(r"[!-~]+", link)
    assert not set("\"'<>&+") & set(link.replace("&body=", ""))
    parts = urlsplit(link)
    assert (parts.scheme, unquote(parts.path)) == ("mailto", "support+rk7&x@help.example")
    fields = parse_qs(parts.query, keep_blank_values=True)
    assert fields["subject"] == [" ".join(subject.split())]
    assert fields.get("body", [""]) == ["\r\n".join(body.splitlines())]


# --- phrases and values -----------------------------------------------------------------------

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAY, _ = phrases_from(
    (),
    phrase_file_from("en", (SHIPPED / "letters/en/phrases.txt").read_text())[0],
)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 3, 2, 7, 5, tzinfo=UTC), "Mon 2 Mar, 09:05"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Sun 29 Mar, 04:00"),
        (datetime(2026, 12, 31, 22, 0, tzinfo=UTC), "Fri 1 Jan 2027, 00:00"),
        (datetime(2025, 12, 31, 21, 59, tzinfo=UTC), "Wed 31 Dec 2025, 23:59"),
    ],
)
def test_a_time_is_shown_by_the_readers_clock(at: datetime, shown: str) -> None:
    assert shown_time(at, KYIV, NOW, SAY) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        (-5, "0 min"), (0, "0 min"), (59, "59 min"), (60, "1 h"), (61, "1 h 1 min"),
        (1439, "23 h 59 min"), (1440, "1 d"), (1441, "1 d"), (1500, "1 d 1 h"),
    ],
)  # fmt: skip
def test_a_span_is_shown_by_its_two_largest_units(minutes: int, shown: str) -> None:
    assert shown_span(minutes, SAY) == shown


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (348_160, "340 KB"),
     (1024**2, "1.0 MB"), (9_400_000, "9.0 MB")],
)  # fmt: skip
def test_a_size_is_shown_in_the_unit_that_fits(size_bytes: int, shown: str) -> None:
    assert shown_size(size_bytes, SAY) == shown


def test_what_fills_a_phrase_is_not_filled_again() -> None:
    assert Phrase("{a} and {b}")(a="{b}", b="{a}", c="unused") == "{b} and {a}"
    with pytest.raises(TypeError):
        Phrase("{a}")()


def test_attachments_are_named_with_their_sizes() -> None:
    view = LETTERS["notification"][0]
    assert isinstance(view, letter_views.NotificationView)
    assert view.entry is not None
    entry = replace(view.entry, attachments=(FileView("<b>.txt", 812),))
    words = STATIONERY.write("notification", "en", replace(view, entry=entry))
    assert "Attached: <b>.txt (812 B)" in words.text
    assert "Attached: &lt;b&gt;.txt (812 B)" in (words.html or "")
