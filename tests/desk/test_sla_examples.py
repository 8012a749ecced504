"""What is promised, by the worked examples of the SLA definition, each by its number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk.calendars import K, L, M, at, hours
from desk.sla_case import (
    FIRST,
    HIGH,
    NEXT,
    NORMAL,
    OFFICE,
    RESOLUTION,
    UPDATE,
    URGENT,
    VIP,
    Case,
    policy_of,
    resolved_on_tuesday,
)

from mailtrack.desk.promises import Calendar
from mailtrack.desk.routing import RoutingFacts
from mailtrack.desk.rules import Condition, Match, When
from mailtrack.desk.sla import (
    AgentAnswered,
    AnswerRevoked,
    CustomerWrote,
    Merged,
    Opened,
    PromiseChanged,
    Reopened,
    SplitOff,
    StatusChanged,
    Voided,
    choose,
)
from mailtrack.tickets.clock import ClockState
from mailtrack.tickets.ticket import Priority, Status


@pytest.mark.parametrize(
    ("example", "calendar", "priority", "opened", "due"),
    [
        (1, K, NORMAL, "03-02 10:00", "03-02 18:00"),
        (2, K, HIGH, "03-06 17:30", "03-09 12:30"),
        (3, K, URGENT, "03-07 12:00", "03-09 10:00"),
        (4, K, URGENT, "03-02 07:00", "03-02 10:00"),
        (5, L, URGENT, "03-02 12:30", "03-02 14:30"),
        (6, K, NORMAL, "04-02 16:00", "04-07 15:00"),
        (7, K, HIGH, "12-24 11:00", "12-28 11:00"),
        (18, None, HIGH, "03-29 01:30", "03-29 06:30"),
        (19, None, HIGH, "10-25 01:30", "10-25 04:30"),
        (23, M, URGENT, "03-02 16:30", "03-03 08:00"),
        (30, K, NORMAL, "03-03 15:00", "03-04 14:00"),
        (31, K, NORMAL, "03-02 16:00", "03-03 15:00"),
        (32, K, HIGH, "03-02 11:00", "03-02 15:00"),
    ],
)
def test_the_first_reply_falls_due(
    example: int, calendar: Calendar | None, priority: Priority, opened: str, due: str
) -> None:
    case = Case(policy_of(calendar), priority).on(opened, Opened())
    assert case.due(FIRST) == at(due), example


@pytest.mark.parametrize(
    ("reply", "state"),
    [("03-02 14:00:00", ClockState.MET), ("03-02 14:00:01", ClockState.MISSED)],
)
def test_a_reply_at_the_last_second_is_met_and_one_later_is_not(
    reply: str, state: ClockState
) -> None:
    """Example 8."""
    case = Case(priority=HIGH).on("03-02 10:00", Opened()).on(reply, AgentAnswered())
    assert case.clock(FIRST).state is state
    assert case.clock(FIRST).elapsed_seconds - hours(4) == int(reply[-2:])
    assert case.clock(FIRST).stopped_at == at(reply)
    assert case.clock(FIRST).due_at is None


def test_the_next_reply_counts_from_the_oldest_unanswered_mail() -> None:
    """Example 9."""
    case = Case(priority=HIGH).on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    case.on("03-02 11:00", CustomerWrote()).on("03-02 12:00", CustomerWrote())
    assert case.due(NEXT) == at("03-02 15:00")
    case.on("03-02 14:30", AgentAnswered())
    assert case.clock(NEXT).state is ClockState.MET
    assert case.clock(NEXT).elapsed_seconds == hours(3.5)
    case.on("03-02 15:00", CustomerWrote())
    assert case.clock(NEXT, cycle=2).started_at == at("03-02 15:00")


def test_waiting_for_the_customer_pauses_the_resolution() -> None:
    """Example 10."""
    case = Case().on("03-02 09:00", Opened())
    assert case.due(RESOLUTION) == at("03-06 13:00")
    case.on("03-02 11:00", AgentAnswered(), status=Status.WAITING)
    assert case.clock(RESOLUTION).state is ClockState.PAUSED
    assert case.due(RESOLUTION) is None
    assert case.clock(RESOLUTION).elapsed_seconds == hours(2)
    case.on("03-04 15:00", CustomerWrote(), status=Status.OPEN)
    assert case.due(RESOLUTION) == at("03-10 17:00")


def test_a_pause_outside_the_hours_is_no_pause() -> None:
    """Example 11."""
    case = Case().on("03-04 09:00", Opened()).on("03-04 10:00", AgentAnswered())
    before = case.due(RESOLUTION)
    case.on("03-06 19:00", StatusChanged(), status=Status.WAITING)
    case.on("03-08 20:00", CustomerWrote(), status=Status.OPEN)
    assert case.due(RESOLUTION) == before == at("03-10 13:00")


def test_raising_the_priority_grants_the_new_target_from_now() -> None:
    """Example 12."""
    case = Case().on("03-02 09:00", Opened())
    case.on("03-02 12:00", PromiseChanged(), priority=URGENT)
    assert case.due(FIRST) == at("03-02 13:00")
    assert case.clock(FIRST).is_rebased
    assert case.clock(FIRST).breached_at is None
    met = replace(case).on("03-02 13:00", AgentAnswered()).clock(FIRST)
    assert (met.state, met.elapsed_seconds) == (ClockState.MET, hours(4))
    assert case.on("03-02 13:00:01", AgentAnswered()).clock(FIRST).state is ClockState.MISSED


def test_without_rebase_raising_the_priority_breaks_the_promise_at_once() -> None:
    """Example 12, the other way."""
    strict = policy_of(K, rebase=False)
    case = Case(strict).on("03-02 09:00", Opened())
    case.on("03-02 12:00", PromiseChanged(), priority=URGENT)
    assert case.clock(FIRST).breached_at == at("03-02 12:00")
    assert not case.clock(FIRST).is_rebased


def test_raising_the_priority_early_counts_from_the_start() -> None:
    """Example 13."""
    case = Case().on("03-02 09:00", Opened())
    case.on("03-02 09:20", PromiseChanged(), priority=URGENT)
    assert case.due(FIRST) == at("03-02 10:00")
    assert not case.clock(FIRST).is_rebased


def test_a_breach_stays_when_the_priority_is_lowered() -> None:
    """Example 14."""
    case = Case(priority=URGENT).on("03-02 09:00", Opened())
    case.on("03-02 11:00", PromiseChanged(), priority=NORMAL)
    assert case.due(FIRST) == at("03-02 17:00")
    assert case.clock(FIRST).breached_at == at("03-02 10:00:01")
    assert case.on("03-02 12:00", AgentAnswered()).clock(FIRST).state is ClockState.MISSED


def test_reopening_resumes_the_resolution_and_waits_for_an_answer() -> None:
    """Example 15."""
    case = resolved_on_tuesday()
    assert case.clock(RESOLUTION).elapsed_seconds == hours(11)
    finished = case.clock(RESOLUTION)
    case.on("03-05 10:00", Reopened(at("03-05 10:00")), status=Status.OPEN)
    assert case.due(RESOLUTION, cycle=2) == at("03-10 12:00")
    assert case.clock(NEXT).started_at == at("03-05 10:00")
    assert case.clock(RESOLUTION) == finished
    case.on("03-10 12:00", AgentAnswered(), status=Status.RESOLVED)
    assert case.clock(RESOLUTION, cycle=2).elapsed_seconds == hours(40)
    assert case.clock(RESOLUTION, cycle=2).state is ClockState.MET


def test_thanks_start_nothing_and_reopening_later_waits_since_the_thanks() -> None:
    """Example 16."""
    case = resolved_on_tuesday().on("03-05 10:00", CustomerWrote())
    assert case.live() == []
    case.on("03-05 11:00", Reopened(at("03-05 10:00")), status=Status.OPEN)
    assert case.clock(NEXT).started_at == at("03-05 10:00")
    assert case.due(NEXT) == at("03-05 18:00")
    assert case.due(RESOLUTION, cycle=2) == at("03-10 13:00")


@pytest.mark.parametrize(
    ("recognised", "due", "is_rebased"),
    [("03-07 12:40", "03-07 13:00", False), ("03-07 13:30", "03-07 14:30", True)],
)
def test_another_policy_and_calendar_count_from_the_start(
    recognised: str, due: str, is_rebased: bool
) -> None:
    """Example 24."""
    case = Case(priority=HIGH).on("03-07 12:00", Opened())
    assert case.due(FIRST) == at("03-09 13:00")
    case.on(recognised, PromiseChanged(), policy=VIP)
    assert case.due(FIRST) == at(due)
    assert case.clock(FIRST).is_rebased is is_rebased
    assert case.clock(FIRST).policy == "vip"


def test_a_holiday_that_is_added_moves_what_is_due() -> None:
    """Example 25."""
    without = replace(K, overrides=tuple(o for o in K.overrides if o[0].month != 5))
    case = Case(policy_of(without)).on("04-30 16:00", Opened())
    assert case.due(FIRST) == at("05-01 15:00")
    case.on("04-30 17:00", PromiseChanged(), policy=OFFICE)
    assert case.due(FIRST) == at("05-04 15:00")


def test_updates_are_owed_since_the_last_answer_while_work_is_ours() -> None:
    """Example 28."""
    targets = ((UPDATE, NORMAL, hours(4)), (NEXT, NORMAL, hours(4)))
    case = Case(policy_of(None, targets=targets)).on("03-02 09:00", Opened())
    assert case.live() == []
    assert case.on("03-02 10:00", AgentAnswered()).due(UPDATE) == at("03-02 14:00")
    case.on("03-02 13:00", AgentAnswered())
    assert case.clock(UPDATE).state is ClockState.MET
    assert case.due(UPDATE, cycle=2) == at("03-02 17:00")
    case.on("03-02 15:00", StatusChanged(), status=Status.WAITING)
    assert case.clock(UPDATE, cycle=2).elapsed_seconds == hours(2)
    case.on("03-02 20:00", CustomerWrote(), status=Status.OPEN)
    assert case.due(UPDATE, cycle=2) == at("03-02 22:00")
    assert case.clock(NEXT).started_at == at("03-02 20:00")


def test_a_merged_ticket_has_waited_as_long_as_the_older_one() -> None:
    """Example 29."""
    older = Case(priority=HIGH).on("03-02 10:00", Opened())
    case = Case(priority=HIGH).on("03-02 11:00", Opened())
    case.on("03-02 11:30", Merged(older.clocks))
    assert case.due(FIRST) == at("03-02 14:00")
    older.on("03-02 11:30", Voided(), status=Status.CLOSED)
    assert older.clock(FIRST).state is ClockState.VOID


def test_what_waited_for_a_mail_that_was_split_off_is_void() -> None:
    """Example 30 starts the new ticket's clock; this is what becomes of the old one's."""
    targets = ((NEXT, NORMAL, hours(4)),)
    case = Case(policy_of(None, targets=targets)).on("03-02 09:00", Opened())
    case.on("03-02 10:00", CustomerWrote()).on("03-02 11:00", CustomerWrote())
    case.on("03-02 12:00", SplitOff(at("03-02 11:00")))
    assert case.clock(NEXT).state is ClockState.VOID
    assert case.due(NEXT, cycle=2) == at("03-02 15:00")
    case.on("03-02 13:00", SplitOff(at("03-02 11:00")))
    assert case.due(NEXT, cycle=2) == at("03-02 15:00")
    case.on("03-02 14:00", SplitOff())
    assert case.live() == []


def test_an_undone_answer_was_never_given() -> None:
    """Example 33."""
    case = Case(priority=HIGH).on("03-02 10:00", Opened())
    untouched = case.clock(FIRST)
    case.on("03-02 13:59:30", AgentAnswered())
    assert case.clock(FIRST).state is ClockState.MET
    case.on("03-02 13:59:50", AnswerRevoked(at("03-02 13:59:30")))
    assert case.due(FIRST) == untouched.due_at == at("03-02 14:00")
    case.on("03-02 14:30", StatusChanged())
    assert case.clock(FIRST).breached_at == at("03-02 14:00:01")


def test_an_answer_that_bounced_was_never_given() -> None:
    """Example 34."""
    case = Case(priority=HIGH).on("03-02 10:00", Opened()).on("03-02 12:00", AgentAnswered())
    case.on("03-02 12:02", AnswerRevoked(at("03-02 12:00")))
    assert case.due(FIRST) == at("03-02 14:00")
    assert case.clock(FIRST).stopped_at is None


def test_a_pinned_date_stays_until_it_is_unpinned() -> None:
    """Example 36."""
    case = Case().on("03-02 09:00", Opened())
    friday = at("03-06 15:00")
    case.on("03-02 10:00", PromiseChanged(), pinned_at=friday)
    assert case.due(RESOLUTION) == friday
    case.on("03-02 11:00", PromiseChanged(), priority=URGENT)
    assert case.due(RESOLUTION) == friday
    case.on("03-03 10:00", AgentAnswered(), status=Status.WAITING)
    assert case.due(RESOLUTION) is None
    case.on("03-04 10:00", CustomerWrote(), status=Status.OPEN)
    assert case.due(RESOLUTION) == friday
    case.on("03-04 11:00", PromiseChanged(), pinned_at=None, priority=NORMAL)
    assert case.due(RESOLUTION) == at("03-09 13:00")


def test_spam_is_neither_met_nor_missed() -> None:
    """Example 38."""
    case = Case().on("03-02 10:00", Opened())
    case.on("03-02 10:30", Voided(), status=Status.CLOSED)
    assert [one.state for one in case.clocks] == [ClockState.VOID, ClockState.VOID]
    case.on("03-02 11:00", Reopened(at("03-02 10:00")), status=Status.NEW)
    assert case.due(FIRST, cycle=2) == at("03-02 18:00")
    assert case.clock(RESOLUTION, cycle=2).elapsed_seconds == hours(0.5)


def test_the_first_policy_in_file_wins_and_a_pinned_one_before() -> None:
    """Example 39."""
    vip = When(all=(Condition("customer_type", ((Match.EXACT, "VIP"),), "sla.yaml:2"),))
    first = policy_of(K, name="first", when=vip)
    second, third = policy_of(K, name="second"), policy_of(K, name="third")
    policies = (first, second, third)
    assert choose(policies, RoutingFacts(customer_type="vip"), pinned=None) is first
    assert choose(policies, RoutingFacts(), pinned=None) is second
    assert choose(policies, RoutingFacts(), pinned="third") is third
    assert choose(policies, RoutingFacts(), pinned="gone") is second
    assert choose((first,), RoutingFacts(), pinned=None) is None


@pytest.mark.parametrize("pause_on_hold", [True, False])
def test_hold_pauses_the_resolution_only_if_the_policy_says_so(pause_on_hold: bool) -> None:
    """Example 40."""
    targets = ((RESOLUTION, NORMAL, hours(16)), (FIRST, NORMAL, hours(20)))
    policy = policy_of(K, targets=targets, pause_on_hold=pause_on_hold)
    case = Case(policy).on("03-02 11:00", Opened())
    case.on("03-03 10:00", StatusChanged(), status=Status.HOLD)
    assert case.clock(FIRST).state is ClockState.RUNNING
    if pause_on_hold:
        assert case.clock(RESOLUTION).elapsed_seconds == hours(8)
        assert case.clock(RESOLUTION).state is ClockState.PAUSED
    else:
        assert case.due(RESOLUTION) == at("03-03 18:00")
