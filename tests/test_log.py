"""The log: what may leave, and in what shape."""

import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack import log
from mailtrack.mail.address import Address

TOKEN = "rk" + "abc23xyz" + "m" * 20
ROOT = Path(__file__).parents[1]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_with_event_room_level_and_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.set_up(json=True)
    log.get("mailtrack.intake.spool").info("mail_spooled", spool_id="1", size_bytes=7)
    (line,) = lines(capsys)
    at = str(line.pop("at"))
    assert at.endswith("Z")
    assert datetime.fromisoformat(at).tzinfo == UTC
    assert line == {
        "event": "mail_spooled",
        "room": "intake.spool",
        "level": "info",
        "spool_id": "1",
        "size_bytes": 7,
    }


def test_away_from_a_terminal_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up()
    log.get("x").info("mail_spooled")
    assert lines(capsys)[0]["event"] == "mail_spooled"


def test_for_people_it_is_a_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(json=False)
    log.get("x").info("mail_spooled", spool_id="17")
    text = capsys.readouterr().err
    assert "mail_spooled" in text
    assert "spool_id=17" in text


def test_below_the_level_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(level="warning", json=True)
    logger = log.get("x")
    logger.info("mail_spooled")
    logger.warning("relay_recovered")
    assert [line["event"] for line in lines(capsys)] == ["relay_recovered"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("dana@client.example", "d***@client.example"),
        ("550 <dana@client.example>: no", "550 <d***@client.example>: no"),
        (f"support+{TOKEN}@help.example", "s***@help.example"),
        (f"{TOKEN}@reply.help.example", "r***@reply.help.example"),
        (f"<{TOKEN}.abc@reply.help.example>", "<r***@reply.help.example>"),
        (TOKEN, "r…abc"),
        (TOKEN.upper(), "R…ABC"),
        (f"see {TOKEN}.", "see r…abc."),
        (f"x{TOKEN}", f"x{TOKEN}"),
        ("дана@клієнт.example", "д***@клієнт.example"),
        (Address("dana", "client.example"), "d***@client.example"),
        (("a@b.example", 3), ["a***@b.example", 3]),
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\u2028\x85", "\\u2028\\x85"),
        (None, None),
        (True, True),
        (1.5, 1.5),
        (datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02T00:00:00+00:00"),
        (ValueError("for a@b.example"), "ValueError: for a***@b.example"),
        ("x" * 501, "x" * 500),
    ],
)
def test_a_value_is_made_safe(
    capsys: pytest.CaptureFixture[str], value: object, kept: object
) -> None:
    log.set_up(json=True)
    log.get("x").info("event_happened", reason=value)
    assert lines(capsys)[0]["reason"] == kept


@pytest.mark.parametrize("key", ["subject", "body", "text", "password", "token"])
def test_what_is_private_by_its_name_is_never_said(
    capsys: pytest.CaptureFixture[str], key: str
) -> None:
    log.set_up(json=True)
    log.get("x").info("event_happened", **{key: "secret"})
    assert "secret" not in capsys.readouterr().err


def test_a112_a_traceback_is_redacted_and_cannot_pass_for_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.set_up(json=False)
    forged = f"for dana@client.example {TOKEN}\n2026-03-02 [info] all_is_well\x1b[2J"
    try:
        raise ValueError(forged)
    except ValueError:
        log.get("x").exception("mail_failed")
    text = capsys.readouterr().err
    assert "dana@" not in text
    assert TOKEN not in text
    assert "\x1b[2J" not in text
    assert not re.search(r"^2026-03-02", text, re.MULTILINE)


def test_libraries_come_out_in_the_same_shape_and_only_their_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.set_up(level="debug", json=True)
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    logging.getLogger("apscheduler.scheduler").warning("late for %s", "dana@client.example")
    logging.getLogger("mail.log").warning("unrecognised: XYZZY")
    (line,) = lines(capsys)
    assert line["event"] == "late for d***@client.example"
    assert line["room"] == "apscheduler.scheduler"
    assert line["level"] == "warning"


@given(st.text(), st.text())
def test_a112_no_text_breaks_the_line_or_steers_the_terminal(one: str, other: str) -> None:
    safe = log.redacted(f"{one}@{other}")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", safe)


@pytest.mark.parametrize("text", ["a" * 10**6, "a@" * 10**6, "@" * 10**6, "a." * 10**6])
def test_a_long_value_costs_no_more_than_a_short_one(text: str) -> None:
    assert len(log.redacted(text)) <= 4 * log.VALUE_CHARS_MAX


def test_a_key_in_the_rooms_of_intake_and_outbox_is_in_the_vocabulary() -> None:
    used: set[str] = set()
    for room in ("intake", "outbox"):
        for file in (ROOT / "mailtrack" / room).glob("*.py"):
            for call in re.findall(
                r"logger\.\w+\(([^()]*(?:\([^()]*\)[^()]*)*)\)", file.read_text()
            ):
                used |= set(re.findall(r"\b(\w+)=", call))
    assert used - set(log.KEYS) == {"exc_info"}
