"""What each event does to the clocks beside the worked examples, and the laws of histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from desk.calendars import L, at, hours
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
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.clocks import CYCLES_MAX
from mailtrack.desk.promises import SlaPolicy
from mailtrack.desk.sla import (
    AgentAnswered,
    AnswerRevoked,
    ClockEvent,
    CustomerWrote,
    Merged,
    Opened,
    PromiseChanged,
    Reopened,
    StatusChanged,
    Voided,
)
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.ticket import Priority, Status


def test_a_fraction_of_a_second_breaks_no_promise() -> None:
    late = at("03-02 14:00") + timedelta(microseconds=999_999)
    case = Case(priority=HIGH).on("03-02 10:00", Opened()).on(late, AgentAnswered())
    assert case.clock(FIRST).state is ClockState.MET


def test_a_rebased_promise_is_never_later_than_the_old_one() -> None:
    case = Case().on("03-02 09:00", Opened())
    case.on("03-02 16:30", PromiseChanged(), priority=URGENT)
    assert case.due(FIRST) == at("03-02 17:00")


def test_a_customer_mail_that_opens_the_ticket_again_needs_no_event_of_its_own() -> None:
    case = resolved_on_tuesday().on("03-05 10:00", CustomerWrote(), status=Status.OPEN)
    assert case.due(RESOLUTION, cycle=2) == at("03-10 12:00")
    assert case.live() == [NEXT, RESOLUTION]


def test_a_merged_ticket_that_was_answered_answers_for_the_other_one_too() -> None:
    older = Case().on("03-02 10:00", Opened())
    case = Case().on("03-02 11:00", Opened()).on("03-02 11:10", AgentAnswered())
    case.on("03-02 11:30", Merged(older.clocks))
    assert case.clock(NEXT).started_at == at("03-02 10:00")
    assert case.due(NEXT) == at("03-02 18:00")
    assert case.clock(RESOLUTION).started_at == at("03-02 10:00")
    assert case.due(RESOLUTION) == older.due(RESOLUTION)


def test_a_mail_after_a_revoked_answer_waits_with_the_ones_before() -> None:
    case = Case(priority=HIGH).on("03-02 10:00", Opened()).on("03-02 11:00", AgentAnswered())
    case.on("03-02 12:00", CustomerWrote()).on("03-02 12:30", AnswerRevoked(at("03-02 11:00")))
    assert case.live() == [FIRST]
    assert case.due(FIRST) == at("03-02 14:00")


def test_a_revoked_answer_that_another_one_followed_moves_the_stop() -> None:
    case = Case(priority=HIGH).on("03-02 10:00", Opened()).on("03-02 11:00", AgentAnswered())
    case.on("03-02 12:00", CustomerWrote()).on("03-02 13:00", AgentAnswered())
    revoked = AnswerRevoked(at("03-02 11:00"), next_answer_at=at("03-02 13:00"))
    case.on("03-02 13:30", revoked)
    assert case.clock(FIRST).stopped_at == at("03-02 13:00")
    assert case.clock(FIRST).elapsed_seconds == hours(3)
    assert case.clock(NEXT).state is ClockState.VOID


def test_a_revoked_greeting_leaves_the_mail_that_came_after_it_waiting() -> None:
    case = Case().on("03-02 10:00", Opened(by_agent=True))
    case.on("03-02 11:00", AgentAnswered()).on("03-02 12:00", CustomerWrote())
    case.on("03-02 12:30", AnswerRevoked(at("03-02 11:00")))
    assert case.clock(NEXT).state is ClockState.RUNNING


def test_the_update_that_a_revoked_answer_gave_is_owed_again() -> None:
    updates = policy_of(None, targets=((UPDATE, NORMAL, hours(4)),))
    case = Case(updates).on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    case.on("03-02 12:00", AgentAnswered())
    case.on("03-02 12:05", AnswerRevoked(at("03-02 12:00")))
    assert case.due(UPDATE) == at("03-02 14:00")
    assert case.clock(UPDATE, cycle=2).state is ClockState.VOID
    case.on("03-02 12:10", StatusChanged(), status=Status.WAITING)
    assert case.clock(UPDATE).elapsed_seconds == hours(2) + 600


def test_a_revoked_answer_to_a_finished_ticket_does_not_count() -> None:
    case = Case().on("03-02 10:00", Opened())
    case.on("03-02 11:00", AgentAnswered(), status=Status.CLOSED)
    case.on("03-02 11:02", AnswerRevoked(at("03-02 11:00")))
    assert case.clock(FIRST).state is ClockState.VOID


def test_a_date_may_be_pinned_where_nothing_is_promised() -> None:
    case = Case(policy=None).on("03-02 09:00", Opened())
    assert case.clocks == ()
    case.on("03-02 10:00", PromiseChanged(), pinned_at=at("03-07 15:00"))
    assert case.due(RESOLUTION) == at("03-07 15:00")
    missed = replace(case).on("03-07 15:00:01", AgentAnswered(), status=Status.RESOLVED)
    assert missed.clock(RESOLUTION).state is ClockState.MISSED
    case.on("03-03 10:00", PromiseChanged(), pinned_at=None, status=Status.OPEN)
    assert case.clock(RESOLUTION).state is ClockState.VOID


def test_a_date_pinned_in_the_past_is_broken_when_it_is_pinned() -> None:
    case = Case().on("03-02 09:00", Opened())
    case.on("03-03 10:00", PromiseChanged(), pinned_at=at("03-02 12:00"))
    assert case.clock(RESOLUTION).breached_at == at("03-03 10:00")


def test_a_pinned_date_that_passes_in_a_pause_is_broken_when_work_goes_on() -> None:
    case = Case().on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    case.on("03-02 10:00", PromiseChanged(), pinned_at=at("03-03 12:00"))
    case.on("03-02 11:00", StatusChanged(), status=Status.WAITING)
    case.on("03-05 10:00", CustomerWrote(), status=Status.OPEN)
    assert case.clock(RESOLUTION).breached_at == at("03-05 10:00")


S = ClockState


@pytest.mark.parametrize(
    ("status", "first", "update", "resolution"),
    [
        (Status.NEW, S.RUNNING, S.RUNNING, S.RUNNING),
        (Status.OPEN, S.RUNNING, S.RUNNING, S.RUNNING),
        (Status.WAITING, S.RUNNING, S.PAUSED, S.PAUSED),
        (Status.HOLD, S.RUNNING, S.RUNNING, S.RUNNING),
        (Status.RESOLVED, S.VOID, S.VOID, S.MET),
        (Status.CLOSED, S.VOID, S.VOID, S.MET),
    ],
)
def test_statuses_and_clocks(
    status: Status, first: ClockState, update: ClockState, resolution: ClockState
) -> None:
    targets = tuple((metric, NORMAL, hours(8)) for metric in Metric)
    case = Case(policy_of(None, targets=targets)).on("03-02 10:00", Opened())
    case.on("03-02 11:00", AgentAnswered()).on("03-02 12:00", CustomerWrote())
    case.on("03-02 13:00", StatusChanged(), status=status)
    states = [case.clock(metric).state for metric in (NEXT, UPDATE, RESOLUTION)]
    assert states == [first, update, resolution]


def test_closing_without_a_word_hides_no_breach() -> None:
    case = Case(priority=URGENT).on("03-02 09:00", Opened())
    case.on("03-02 10:00:01", StatusChanged(), status=Status.CLOSED)
    assert case.clock(FIRST).state is ClockState.MISSED


def test_after_closing_time_a_promise_is_kept_until_the_next_opening() -> None:
    """Due exactly at closing: in the evening no more than the target was used."""
    for reply, state in (
        ("03-02 21:00", ClockState.MET),
        ("03-03 09:00:00", ClockState.MET),
        ("03-03 09:00:01", ClockState.MISSED),
    ):
        case = Case().on("03-02 10:00", Opened()).on(reply, AgentAnswered())
        assert case.clock(FIRST).state is state, reply


def test_an_agent_who_writes_first_owes_no_first_reply() -> None:
    targets = tuple((metric, NORMAL, hours(8)) for metric in Metric)
    case = Case(policy_of(None, targets=targets)).on("03-02 10:00", Opened(by_agent=True))
    assert case.live() == [UPDATE, RESOLUTION]


def test_what_was_not_promised_before_starts_when_the_ticket_was_opened() -> None:
    case = Case(policy=None).on("03-02 09:00", Opened())
    opened = PromiseChanged(opened_at=at("03-02 09:00"), is_answered=False)
    case.on("03-02 10:00", opened, policy=OFFICE)
    assert case.due(FIRST) == at("03-02 17:00")
    assert case.due(RESOLUTION) == at("03-06 13:00")
    late = Case(policy=None).on("03-05 10:00", opened, policy=OFFICE)
    assert late.clock(FIRST).is_rebased
    assert late.due(FIRST) == at("03-05 18:00")
    answered = Case(policy=None).on(
        "03-02 10:00", PromiseChanged(at("03-02 09:00")), policy=OFFICE
    )
    assert answered.live() == [RESOLUTION]


def test_what_is_not_promised_any_longer_counts_only_if_it_was_broken() -> None:
    case = Case(priority=URGENT).on("03-02 09:00", Opened())
    case.on("03-02 11:00", PromiseChanged(), policy=None)
    assert case.clock(FIRST).state is ClockState.MISSED
    assert case.clock(RESOLUTION).state is ClockState.VOID


def test_a_reopened_breach_stays_a_breach() -> None:
    case = Case(priority=URGENT).on("03-02 09:00", Opened())
    case.on("03-03 10:00", AgentAnswered(), status=Status.RESOLVED)
    assert case.clock(RESOLUTION).state is ClockState.MISSED
    case.on("03-04 10:00", CustomerWrote(), status=Status.OPEN)
    assert case.clock(RESOLUTION, cycle=2).breached_at == at("03-02 17:00:01")
    assert case.due(RESOLUTION, cycle=2) == at("03-02 17:00")


def test_a_rebase_in_a_pause_grants_no_more_than_was_left() -> None:
    case = Case().on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    case.on("03-03 18:00", StatusChanged(), status=Status.WAITING)
    case.on("03-04 10:00", PromiseChanged(), priority=URGENT)
    assert case.clock(RESOLUTION).is_rebased
    case.on("03-05 09:00", CustomerWrote(), status=Status.OPEN)
    assert case.due(RESOLUTION) == at("03-05 17:00")


@pytest.mark.parametrize("exchanges", [CYCLES_MAX, CYCLES_MAX + 1])
def test_an_endless_conversation_has_bounded_clocks(exchanges: int) -> None:
    last = Case().on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    waiting = last.on("03-02 10:00", CustomerWrote()).clock(NEXT)
    ended = replace(waiting, cycle=exchanges - 1, state=ClockState.MET, due_at=None)
    last.clocks = (ended,)
    last.on("03-02 11:00", CustomerWrote())
    assert len(last.clocks) == (2 if exchanges <= CYCLES_MAX else 1)


events = st.sampled_from(
    [
        (Opened(), Status.NEW),
        (CustomerWrote(), Status.OPEN),
        (AgentAnswered(), Status.OPEN),
        (AgentAnswered(), Status.WAITING),
        (AgentAnswered(), Status.RESOLVED),
        (StatusChanged(), Status.HOLD),
        (StatusChanged(), Status.WAITING),
        (StatusChanged(), Status.CLOSED),
        (PromiseChanged(), Status.OPEN),
        (PromiseChanged(at("03-02 09:00"), is_answered=False), Status.OPEN),
        (Reopened(at("03-02 09:00")), Status.OPEN),
        (AnswerRevoked(at("03-02 10:00")), Status.OPEN),
        (Voided(), Status.CLOSED),
    ]
)
histories = st.lists(
    st.tuples(
        st.integers(0, hours(30)),
        events,
        st.sampled_from([URGENT, HIGH, NORMAL]),
        st.sampled_from([OFFICE, policy_of(L, rebase=False), VIP, policy_of(None), None]),
        st.sampled_from([None, at("03-03 12:00"), at("03-08 12:00")]),
    ),
    max_size=12,
)


@given(histories)
def test_any_history_leaves_clocks_that_agree_with_themselves(
    history: list[
        tuple[int, tuple[ClockEvent, Status], Priority, SlaPolicy | None, datetime | None]
    ],
) -> None:
    case, now = Case(), at("03-02 09:00")
    for seconds, (event, status), priority, policy, pin in history:
        now += timedelta(seconds=seconds)
        before = case.clocks
        case.on(now, event, status=status, priority=priority, policy=policy, pinned_at=pin)
        for old, new in zip(before, case.clocks, strict=False):
            assert (old.metric, old.cycle) == (new.metric, new.cycle)
            if not old.is_live and not isinstance(event, AnswerRevoked):
                assert new == old
            if old.breached_at and new.state is not ClockState.VOID:
                assert new.breached_at == old.breached_at
        live = case.live()
        assert len(live) == len(set(live))
        assert not (status.is_finished and live)
        for clock in case.clocks:
            agrees_with_itself(clock, now)


def agrees_with_itself(clock: Clock, now: datetime) -> None:
    is_running = clock.state is ClockState.RUNNING
    assert (clock.due_at is not None) is (clock.resumed_at is not None) is is_running
    assert (clock.stopped_at is not None) is not clock.is_live
    assert clock.elapsed_seconds >= 0 and clock.target_seconds >= 0
    assert clock.breached_at is None or clock.breached_at <= now
    if clock.state is ClockState.MET:
        assert clock.breached_at is None
    if clock.state is ClockState.MISSED:
        assert clock.breached_at is not None


def test_an_update_whose_answer_is_revoked_while_we_wait_stands_still() -> None:
    updates = policy_of(None, targets=((UPDATE, NORMAL, hours(4)),))
    case = Case(updates).on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    case.on("03-02 12:00", AgentAnswered(), status=Status.WAITING)
    case.on("03-02 12:05", AnswerRevoked(at("03-02 12:00")))
    assert case.clock(UPDATE).state is ClockState.PAUSED
    assert case.clock(UPDATE).elapsed_seconds == hours(2)


def test_reopening_an_answered_ticket_owes_no_reply() -> None:
    case = resolved_on_tuesday().on("03-05 10:00", Reopened(), status=Status.OPEN)
    assert case.live() == [RESOLUTION]


def test_a_ticket_that_came_later_and_was_answered_changes_nothing_when_it_is_merged() -> None:
    younger = Case().on("03-02 12:00", Opened()).on("03-02 12:10", AgentAnswered())
    case = Case().on("03-02 10:00", Opened())
    before = case.clocks
    case.on("03-02 13:00", Merged(younger.clocks))
    assert case.clocks == before


def test_of_two_merged_pauses_the_longer_work_counts() -> None:
    older = Case().on("03-02 09:00", Opened()).on("03-02 10:00", AgentAnswered())
    case = Case().on("03-02 11:00", Opened()).on("03-02 11:10", AgentAnswered())
    case.on("03-02 12:00", StatusChanged(), status=Status.WAITING)
    case.on("03-02 13:00", Merged(older.clocks))
    assert case.clock(RESOLUTION).state is ClockState.PAUSED
    assert case.clock(RESOLUTION).elapsed_seconds == hours(4)


def test_an_answer_to_a_finished_ticket_begins_no_update() -> None:
    updates = policy_of(None, targets=((UPDATE, NORMAL, hours(4)),))
    case = Case(updates).on("03-02 09:00", Opened())
    case.on("03-02 10:00", AgentAnswered(), status=Status.CLOSED)
    assert case.clocks == ()
