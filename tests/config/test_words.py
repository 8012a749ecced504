"""The words of the YAML files: what each parser takes, at both sides of its borders."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from mailtrack.config import words
from mailtrack.config.words import DURATION_DAYS_MAX, Listen
from mailtrack.desk.promises import Window


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("40h", 144_000),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1h 30m", 5400),
        ("1h30m", 5400),
        ("90 s", 90),
        ("5 min", 300),
        ("2H", 7200),
        ("0s", 0),
        (f"{DURATION_DAYS_MAX}d", DURATION_DAYS_MAX * 86_400),
    ],
)
def test_a_length_of_time(text: str, seconds: int) -> None:
    assert words.duration_from(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "10", "h", "1y", "1.5h", "-1h", "1h,30m", "1h x", f"{DURATION_DAYS_MAX + 1}d"],
)
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(PydanticCustomError, match=r"Write it like 30m"):
        words.duration_from(text)


@given(st.integers(min_value=0, max_value=DURATION_DAYS_MAX * 86_400))
def test_a_length_is_read_as_it_is_shown(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert words.duration_from(words.shown_duration(length)) == length


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("10", 10),
        ("1KB", 1024),
        ("25MB", 26_214_400),
        ("25 MiB", 26_214_400),
        ("2g", 2 << 30),
    ],
)
def test_a_size(text: str, size: int) -> None:
    assert words.size_from(text) == size


@pytest.mark.parametrize("text", ["", "MB", "1.5MB", "-1", "25 mega", "1TB"])
def test_no_size(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="Write it like 500KB"):
        words.size_from(text)


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("09:00-18:00", time(9), time(18)),
        ("9:00 - 18:30", time(9), time(18, 30)),
        ("09.00–18.00", time(9), time(18)),
        ("22:00-06:00", time(22), time(6)),
        ("00:00-24:00", time(0), time(0)),
        ("09:00-24:00", time(9), time(0)),
    ],
)
def test_hours(text: str, opens: time, closes: time) -> None:
    assert words.window_from(text) == Window(opens, closes)


@pytest.mark.parametrize(
    "text",
    ["", "09:00", "9-18", "09:00-25:00", "09:60-10:00", "24:30-01:00", "09:00-09:00", "a-b"],
)
def test_no_hours(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        words.window_from(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sat, sun", (5, 6)),
        ("mon-wed, sat", (0, 1, 2, 5)),
        ("fri-mon", (4, 5, 6, 0)),
        ("Monday - Thursday", (0, 1, 2, 3)),
        ("thurs", (3,)),
        ("daily", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_days_of_the_week(text: str, days: tuple[int, ...]) -> None:
    assert words.days_from(text) == days


@pytest.mark.parametrize("text", ["", "mon-fry", "mo", "monkey", "mon,,tue", "1-5"])
def test_no_days_of_the_week(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="mon-fri"):
        words.days_from(text)


def test_a_date() -> None:
    assert words.date_from("2028-02-29") == date(2028, 2, 29)


@pytest.mark.parametrize("text", ["2026-02-29", "25.12.2026", "2026-1-1", "20261225", "today"])
def test_no_date(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        words.date_from(text)


@pytest.mark.parametrize(
    ("text", "rung"),
    [
        ("1%", (1, None)),
        ("80 %", (80, None)),
        ("100%", (100, None)),
        ("breach", (100, None)),
        ("+4h", (None, timedelta(hours=4))),
    ],
)
def test_a_moment_of_the_escalation(
    text: str, rung: tuple[int | None, timedelta | None]
) -> None:
    assert words.rung_from(text) == rung


@pytest.mark.parametrize("text", ["0%", "101%", "80", "-80%", "+", "+soon", "after", "٨٠%"])
def test_no_moment_of_the_escalation(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        words.rung_from(text)


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("127.0.0.1:2525", Listen("127.0.0.1", 2525)),
        ("localhost:0", Listen("localhost", 0)),
        ("[::1]:65535", Listen("::1", 65535)),
        ("*:25", Listen("", 25)),
        ("unix:/run/x.sock", Listen("", 0, Path("/run/x.sock"))),
    ],
)
def test_where_to_listen(text: str, listen: Listen) -> None:
    assert words.listen_from(text) == listen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2525",
        ":25",
        "host:",
        "host:smtp",
        "host:65536",
        "::1:25",
        "unix:",
        "unix:x",
        "h:٢٥",
    ],
)
def test_nowhere_to_listen(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="Write host:port"):
        words.listen_from(text)


@pytest.mark.parametrize("listen", ["127.0.0.1:2525", "[::1]:25", "unix:/run/x.sock"])
def test_where_to_listen_is_shown_as_it_is_written(listen: str) -> None:
    assert str(words.listen_from(listen)) == listen


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Europe/Kiyv", "'Europe/Kyiv'"),
        ("berlin", "'Europe/Berlin'"),
        ("Europe/Kyiw", "'Europe/Kyiv'"),
        ("/etc/passwd", "Area/City"),
        ("Mars/Olympus Mons", "Area/City"),
        ("\0", "Area/City"),
        ("", "Area/City"),
    ],
)
def test_no_time_zone(text: str, meant: str) -> None:
    with pytest.raises(PydanticCustomError, match=meant):
        words.zone_from(text)


def test_a_time_zone() -> None:
    assert words.zone_from("Europe/Kyiv").key == "Europe/Kyiv"


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_in_words(text: str) -> None:
    for parse in (
        words.duration_from,
        words.size_from,
        words.window_from,
        words.days_from,
        words.date_from,
        words.rung_from,
        words.listen_from,
        words.mail_address_from,
    ):
        try:
            parse(text)
        except PydanticCustomError as error:
            context = error.context or {}
            assert context["found"], parse
            assert context["mend"], parse
