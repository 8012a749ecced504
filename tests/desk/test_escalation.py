"""Who is told of a promise, when, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from desk.calendars import K, at, hours
from desk.sla_case import (
    FIRST,
    HIGH,
    NORMAL,
    OFFICE,
    RESOLUTION,
    URGENT,
    Case,
    policy_of,
)
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.escalation import LATE_MAX
from mailtrack.desk.promises import Rung
from mailtrack.desk.sla import (
    AgentAnswered,
    DueRung,
    Opened,
    PromiseChanged,
    StatusChanged,
    rungs_due,
    told,
)
from mailtrack.tickets.ticket import Status

HALF = Rung(50, None, ("owner",), "sla.yaml:9")
MOST = Rung(80, None, ("owner",), "sla.yaml:10")
BREACH = Rung(100, None, ("owner", "lead"), "sla.yaml:11")
HOUR_AFTER = Rung(None, timedelta(hours=1), ("ada",), "sla.yaml:12")
LADDER = (HALF, MOST, BREACH, HOUR_AFTER)
FIRST_ONLY = policy_of(K, targets=tuple(t for t in OFFICE.targets if t[0] is FIRST))


def first_reply(opened: str, priority: object = HIGH, **more: object) -> Case:
    return Case(FIRST_ONLY, ladder=LADDER).on(opened, Opened(), priority=priority, **more)


def due_at(case: Case, now: datetime) -> tuple[DueRung, ...]:
    return rungs_due(
        case.clocks,
        ladder=case.ladder,
        policies=(FIRST_ONLY, OFFICE),
        priority=case.priority,
        now=now,
    )


def tick(case: Case, now: datetime) -> list[str]:
    """The names of the rungs that are told at ``now``; the case remembers them."""
    due = due_at(case, now)
    case.clocks = told(
        case.clocks,
        due,
        ladder=case.ladder,
        policies=(FIRST_ONLY, OFFICE),
        priority=case.priority,
        now=now,
    )
    return [one.rung.name for one in due]


def rings(case: Case, count: int) -> list[tuple[datetime, list[str]]]:
    """The instants of the next rungs and what is told at each."""
    heard: list[tuple[datetime, list[str]]] = []
    for _ in range(count):
        instant = case.clock(FIRST).next_rung_at
        if instant is None:
            break
        heard.append((instant, tick(case, instant)))
    return heard


def test_warnings_before_at_and_after_the_breach() -> None:
    """Example 26."""
    assert rings(first_reply("03-02 10:00"), 9) == [
        (at("03-02 12:00"), ["50%"]),
        (at("03-02 13:12"), ["80%"]),
        (at("03-02 14:00"), ["breach"]),
        (at("03-02 15:00"), ["+3600s"]),
    ]


def test_nobody_is_warned_at_the_weekend() -> None:
    """Example 27."""
    heard = rings(first_reply("03-06 17:30"), 2)
    assert heard == [(at("03-09 10:30"), ["50%"]), (at("03-09 11:42"), ["80%"])]


def test_a_rung_is_told_at_its_instant_and_not_a_second_before() -> None:
    case = first_reply("03-02 10:00")
    assert tick(case, at("03-02 11:59:59")) == []
    assert tick(case, at("03-02 12:00:00")) == ["50%"]
    assert tick(case, at("03-02 12:00:00")) == []


def test_after_a_downtime_the_due_rungs_of_a_clock_become_one() -> None:
    case = first_reply("03-02 10:00")
    (due,) = due_at(case, at("03-02 14:20"))
    assert due.rung is BREACH
    assert due.lower == (HALF, MOST)
    assert due.tell == ("owner", "lead")
    assert (due.due_at, due.at) == (at("03-02 14:00"), at("03-02 14:00"))
    assert tick(case, at("03-02 14:20")) == ["breach"]
    assert case.clock(FIRST).rungs_told == ("50%", "80%", "breach")
    assert tick(case, at("03-02 14:21")) == []
    assert tick(case, at("03-02 15:00")) == ["+3600s"]
    assert case.clock(FIRST).next_rung_at is None


def test_people_of_the_lower_rungs_hear_of_it_too() -> None:
    case = first_reply("03-02 10:00")
    (due,) = due_at(case, at("03-02 16:00"))
    assert due.rung is HOUR_AFTER
    assert due.tell == ("ada", "owner", "lead")


def test_what_falls_due_at_closing_time_is_told_then() -> None:
    case = first_reply("03-02 10:00", NORMAL)
    case.ladder = (BREACH,)
    assert tick(case, at("03-02 18:00:20")) == ["breach"]


def test_what_was_missed_in_the_evening_waits_for_the_morning() -> None:
    case = first_reply("03-02 10:00", NORMAL)
    case.ladder = (BREACH,)
    assert tick(case, at("03-02 18:00") + LATE_MAX + timedelta(seconds=1)) == []
    assert case.clock(FIRST).next_rung_at == at("03-03 09:00")
    assert tick(case, at("03-03 09:00")) == ["breach"]
    on_time = first_reply("03-02 10:00", NORMAL)
    on_time.ladder = (BREACH,)
    assert tick(on_time, at("03-02 18:00") + LATE_MAX) == ["breach"]


def test_time_after_a_breach_goes_on_at_night_and_waits_for_the_morning() -> None:
    case = first_reply("03-02 10:00", NORMAL)
    case.ladder = (HOUR_AFTER,)
    case.on("03-02 10:00", StatusChanged())
    assert case.clock(FIRST).next_rung_at == at("03-03 09:00")


def test_of_what_is_urgent_people_hear_at_night() -> None:
    case = first_reply("03-02 17:00", URGENT)
    heard = rings(case, 9)
    assert heard[-2:] == [
        (at("03-02 18:00"), ["breach"]),
        (at("03-02 19:00"), ["+3600s"]),
    ]
    late = first_reply("03-02 17:00", URGENT)
    assert tick(late, at("03-02 23:00")) == ["+3600s"]


@pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED])
def test_a_clock_that_does_not_run_warns_nobody(status: Status) -> None:
    resolution = policy_of(K, targets=((RESOLUTION, HIGH, hours(4)),))
    case = Case(resolution, HIGH, ladder=LADDER).on("03-02 10:00", Opened())
    assert case.clock(RESOLUTION).next_rung_at == at("03-02 12:00")
    case.on("03-02 11:00", StatusChanged(), status=status)
    assert case.clock(RESOLUTION).next_rung_at is None
    assert tick(case, at("03-05 12:00")) == []


def test_an_answer_ends_the_warnings() -> None:
    case = first_reply("03-02 10:00").on("03-02 13:00", AgentAnswered())
    assert tick(case, at("03-02 16:00")) == []


def test_a_pause_moves_the_warnings() -> None:
    resolution = policy_of(K, targets=((RESOLUTION, HIGH, hours(4)),))
    case = Case(resolution, HIGH, ladder=LADDER).on("03-02 10:00", Opened())
    case.on("03-02 11:00", StatusChanged(), status=Status.WAITING)
    case.on("03-03 10:00", StatusChanged(), status=Status.OPEN)
    assert case.clock(RESOLUTION).next_rung_at == at("03-03 11:00")


def test_a_promise_that_becomes_tighter_is_warned_of_at_once() -> None:
    case = first_reply("03-02 09:00", NORMAL)
    case.on("03-02 12:00", PromiseChanged(), priority=URGENT)
    assert tick(case, at("03-02 12:00")) == ["50%"]
    assert case.clock(FIRST).next_rung_at == at("03-02 12:12")


def test_what_was_told_stays_told_when_the_priority_changes() -> None:
    case = first_reply("03-02 10:00")
    assert tick(case, at("03-02 13:30")) == ["80%"]
    case.on("03-02 13:40", PromiseChanged(), priority=NORMAL)
    assert case.clock(FIRST).next_rung_at == at("03-02 18:00")


def test_a_policy_that_is_gone_is_told_by_the_clock_on_the_wall() -> None:
    case = first_reply("03-06 17:30")
    now = at("03-07 12:00")
    (due,) = rungs_due(case.clocks, ladder=LADDER, policies=(), priority=HIGH, now=now)
    assert (due.rung, due.at) == (MOST, at("03-06 20:42"))


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("after", [timedelta(hours=4), timedelta.max])
def test_a_date_pinned_at_the_end_of_time_can_be_kept(year: int, after: timedelta) -> None:
    ladder = (*LADDER, Rung(None, after, ("ada",), "sla.yaml:13"))
    pin = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    nothing = policy_of(K, targets=())
    case = Case(nothing, HIGH, ladder=ladder).on("03-02 10:00", Opened())
    case.on("03-02 10:00", PromiseChanged(at("03-02 10:00")), pinned_at=pin)
    case.on("03-02 11:00", StatusChanged(), status=Status.WAITING)
    case.on("03-02 12:00", StatusChanged(), status=Status.OPEN)
    due = case.clock(RESOLUTION).due_at
    assert due is not None
    assert (due < at("03-02 10:00")) is (year == 1)
    assert tick(case, at("03-02 12:00")) == ([ladder[-1].name] if year == 1 else [])


ticks = st.lists(st.integers(1, hours(12)), max_size=40)


@given(
    ticks,
    st.sampled_from([URGENT, HIGH, NORMAL]),
    st.sampled_from(["03-02 10:00", "03-06 17:30"]),
)
def test_whenever_it_ticks_each_rung_is_told_once_and_none_is_lost(
    steps: list[int], priority: object, opened: str
) -> None:
    case, now = first_reply(opened, priority), at(opened)
    heard: list[str] = []
    for _ in range(len(steps) + len(LADDER)):
        at_the_latest = case.clock(FIRST).next_rung_at or now
        now = now + timedelta(seconds=steps.pop()) if steps else at_the_latest
        due = due_at(case, now)
        assert len(due) <= 1
        heard += [rung.name for one in due for rung in (*one.lower, one.rung)]
        tick(case, now)
        after = case.clock(FIRST).next_rung_at
        assert after is None or after > now
    assert sorted(heard) == sorted(rung.name for rung in LADDER)
    assert sorted(case.clock(FIRST).rungs_told) == sorted(heard)
