"""The desk raises its voice: once when something is wrong, and once when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from desk.cases import NOW, POLICY

from mailtrack.desk.alarms import (
    PATIENCE,
    QUIET,
    SEEN_EVERY,
    SILENCE_MIN,
    TROUBLES_MAX,
    USUAL_MAILS_MIN,
    decide_alarms,
    troubles_in,
)
from mailtrack.desk.case import Outcome
from mailtrack.desk.policy import AlarmPolicy, Silence
from mailtrack.tickets.alarm import (
    DISK_LOW,
    IMAP,
    INTAKE_SILENT,
    RELAY_DOWN,
    Alarm,
    Figures,
    Trouble,
)
from mailtrack.tickets.decision import SetAlarm
from mailtrack.tickets.fresh import Fresh

LOW = Trouble(DISK_LOW, "512 MB are free")
DOWN = Trouble(RELAY_DOWN, "the relay takes no letters")
SECOND = timedelta(seconds=1)


class Desk:
    """Looks one after the other; only the rows go from one to the next, as after a restart."""

    def __init__(self) -> None:
        self.now = NOW
        self.rows: dict[str, Alarm] = {}

    def look(self, *troubles: Trouble, after: timedelta = timedelta(seconds=20)) -> Outcome:
        self.now += after
        outcome = decide_alarms(
            troubles,
            tuple(self.rows.values()),
            policy=POLICY,
            fresh=Fresh(self.now, 0, 0, f"alarm.{self.now}", b"s" * 32),
        )
        for effect in outcome.effects:
            assert isinstance(effect, SetAlarm)
            self.rows[effect.alarm.name] = effect.alarm
        return outcome


def test_s85_a_trouble_is_told_once_and_its_end_once() -> None:
    desk = Desk()
    (letter,) = desk.look(LOW).letters
    assert letter.person == "@ada"
    assert "the disk is nearly full" in letter.mail.subject
    assert "512 MB are free" in letter.mail.text
    for _ in range(10):
        assert not desk.look(LOW).letters
    assert not desk.look(after=QUIET - timedelta(minutes=2)).letters
    (letter,) = desk.look(after=QUIET).letters
    assert "Well again" in letter.mail.subject
    assert not desk.look(after=timedelta(days=1)).effects


def test_what_comes_and_goes_within_minutes_is_one_trouble() -> None:
    desk = Desk()
    assert desk.look(LOW).letters
    for _ in range(20):
        assert not desk.look().letters
        assert not desk.look(LOW, after=timedelta(minutes=2)).letters
    assert desk.rows[DISK_LOW].is_raised


def test_a_relay_that_only_restarts_wakes_nobody() -> None:
    desk = Desk()
    assert not desk.look(DOWN).letters
    assert not desk.look(after=PATIENCE[RELAY_DOWN] / 2).letters
    assert not desk.rows[RELAY_DOWN].to_run
    assert not desk.look(DOWN).letters
    assert not desk.look(DOWN, after=PATIENCE[RELAY_DOWN] - SECOND).letters
    assert desk.look(DOWN, after=SECOND).letters


def test_the_same_trouble_on_another_day_is_another_alarm() -> None:
    desk = Desk()
    desk.look(LOW)
    desk.look(after=QUIET)
    assert desk.look(LOW, after=timedelta(days=1)).letters
    assert desk.rows[DISK_LOW].since == desk.now


def test_two_at_once_are_one_letter() -> None:
    desk = Desk()
    old = replace(DOWN, since=NOW - timedelta(hours=1))
    (letter,) = desk.look(LOW, old).letters
    assert "letters do not leave" in letter.mail.text
    assert "the disk is nearly full" in letter.mail.text


def test_an_account_whose_login_fails_is_named_in_its_alarm() -> None:
    failing = Trouble("imap:support@help.example", "NO login failed", NOW - timedelta(hours=1))
    (letter,) = Desk().look(failing).letters
    assert "support@help.example" in letter.mail.text
    assert "NO login failed" in letter.mail.text


def test_an_alarm_says_what_is_wrong_now_and_is_told_once() -> None:
    desk = Desk()
    old = NOW - timedelta(hours=1)
    name = "imap:support@help.example"
    assert desk.look(Trouble(name, "no such folder", old)).letters
    assert not desk.look(Trouble(name, "login refused", old), after=SEEN_EVERY).letters
    assert desk.rows[name].reason == "login refused"
    assert desk.rows[name].is_raised


def test_a_letter_says_what_is_wrong_when_it_is_written() -> None:
    desk = Desk()
    name = "imap:support@help.example"
    assert not desk.look(Trouble(name, "no such folder")).letters
    assert not desk.look(Trouble(name, "no such folder"), after=PATIENCE[IMAP] - SECOND).letters
    (letter,) = desk.look(Trouble(name, "login refused"), after=SECOND).letters
    assert "login refused" in letter.mail.text


def test_what_a_server_says_is_bounded_and_so_are_the_troubles() -> None:
    many = tuple(Trouble(f"imap:{number}", "x" * 10_000) for number in range(TROUBLES_MAX + 1))
    desk = Desk()
    desk.look(*many)
    assert len(desk.rows) == TROUBLES_MAX
    assert max(len(one.reason) for one in desk.rows.values()) < 1_000


def silent(hours: float, usual: tuple[int, ...], rule: timedelta | Silence) -> bool:
    figures = Figures(last_mail_at=NOW - timedelta(hours=hours), usual=usual)
    policy = AlarmPolicy(silent_after=rule)
    return [one.name for one in troubles_in(figures, policy=policy, now=NOW, wall=NOW)] == [
        INTAKE_SILENT
    ]


ENOUGH = (USUAL_MAILS_MIN,) * 3
HOUR = SILENCE_MIN.total_seconds() / 3600


@pytest.mark.parametrize(
    ("hours", "usual", "rule", "is_told"),
    [
        (HOUR, ENOUGH, Silence.AUTO, True),
        (HOUR - 0.01, ENOUGH, Silence.AUTO, False),  # shorter than any that is learned
        (50, (5, 4, 5), Silence.AUTO, False),  # one of the weeks was as silent
        (50, (5, 5), Silence.AUTO, False),  # too young to know what is usual
        (4, (), timedelta(hours=4), True),
        (3.99, ENOUGH, timedelta(hours=4), False),
        (1000, ENOUGH, Silence.NEVER, False),
    ],
)
def test_s85_an_intake_silent_longer_than_usual(
    hours: float, usual: tuple[int, ...], rule: timedelta | Silence, *, is_told: bool
) -> None:
    assert silent(hours, usual, rule) is is_told


@pytest.mark.parametrize(("minutes", "is_told"), [(30, True), (29.9, False)])
def test_letters_that_nobody_tries_are_an_alarm(minutes: float, *, is_told: bool) -> None:
    figures = Figures(untried_since=NOW - timedelta(minutes=minutes))
    assert bool(_found(figures)) is is_told


@pytest.mark.parametrize(("count", "is_told"), [(10, True), (9, False)])
def test_a_growing_quarantine_is_an_alarm(count: int, *, is_told: bool) -> None:
    assert bool(_found(Figures(quarantined=count))) is is_told


def _found(figures: Figures, now: datetime = NOW) -> tuple[Trouble, ...]:
    return troubles_in(figures, policy=AlarmPolicy(), now=now, wall=now)
