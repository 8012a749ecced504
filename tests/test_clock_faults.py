"""F30 across a restart: a clock that was set meanwhile, and one that changed to summer time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from process import Process, text_of
from waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IVAN, ADA = "ivan@help.example", "ada@help.example"
KYIV = ZoneInfo("Europe/Kyiv")
LOOKS_SECONDS_MAX = 100  # the desk looks after itself every twenty


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path)
    yield made
    made.kill()


def ask(desk: Process, number: int) -> None:
    """A customer asks; returns when the agent and the customer have heard of it."""
    sender = f"cara{number}@cust.example"
    desk.write(sender, f"Question {number}", "Please.")
    desk.wait_for_letters(sender, 1, seconds=60)
    wait_for(lambda: any(f"Question {number}" in one for one in news(desk)), 60)


def news(desk: Process) -> list[str]:
    """The subjects of what the agent was told of new mail."""
    return [str(one["subject"]) for one in desk.letters(IVAN) if "wrote" in text_of(one)]


def reminders(desk: Process) -> list[str]:
    return [text_of(one) for one in desk.letters(IVAN) if "wrote" not in text_of(one)]


def alarms(desk: Process) -> list[str]:
    texts = [text_of(one) for one in desk.letters(ADA)]
    return [one for one in texts if "clock was set by" in one]


def at(local: datetime) -> float:
    """How far the desk's clock is moved for it to show this."""
    return float(round((local - datetime.now(UTC)).total_seconds()))


def in_the_office_a_year_ahead() -> datetime:
    """On a Wednesday morning: nobody is reminded at night."""
    now = datetime.now(KYIV)
    day = now + timedelta(weeks=52, days=(2 - now.weekday()) % 7)
    return day.replace(hour=11, minute=0)


def test_f30_a_clock_set_by_a_year_during_a_restart_is_told_and_brings_no_storm(
    desk: Process,
) -> None:
    desk.start()
    for number in range(4):
        ask(desk, number)
    assert desk.stop() == 0
    year = at(in_the_office_a_year_ahead())
    desk.move_clock(year)
    desk.start()
    wait_for(lambda: alarms(desk), LOOKS_SECONDS_MAX, what="the admin is told of the jump")
    assert f"+{year:.0f} seconds while the desk was down" in alarms(desk)[0]
    wait_for(lambda: reminders(desk), 60, what="what fell due is told")
    desk.kill()
    desk.start()
    ask(desk, 4)
    assert len(reminders(desk)) == 1, "all that fell due is one mail"
    assert len(alarms(desk)) == 1
    assert desk.ask("fsck")["problems"] == []


def test_f30_hours_of_the_office_are_those_of_its_clocks_across_summer_time(
    desk: Process,
) -> None:
    """Asked on the Friday before the change, due on the Monday after it.

    Eight hours of the office for the first reply, of which 80 per cent are over on Monday at
    15:54 by the clock on the wall there. Summer time kept aside, that would be at 16:54.
    """
    april = datetime(datetime.now(KYIV).year + 1, 4, 1, tzinfo=KYIV)
    sunday = april - timedelta(days=(april.weekday() - 6) % 7 or 7)
    friday = (sunday - timedelta(days=2)).replace(hour=16, minute=30)
    monday = (sunday + timedelta(days=1)).replace(hour=15, minute=40)
    assert friday.utcoffset() != monday.utcoffset(), "the clocks are changed in between"
    desk.move_clock(at(friday))
    desk.start()
    ask(desk, 1)
    desk.stop()
    desk.move_clock(at(monday))
    desk.start()
    ask(desk, 2)
    assert reminders(desk) == []
    desk.move_clock(at(monday + timedelta(minutes=30)))
    (reminder,) = wait_for(lambda: reminders(desk), 60, what="a reminder")
    assert "#1" in reminder and "#2" not in reminder
    desk.stop()
    desk.start()
    ask(desk, 3)
    assert len(reminders(desk)) == 1
