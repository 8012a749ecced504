"""The schedule and the breaker, as tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.outbox.breaker import PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX, Breaker
from mailtrack.outbox.retry import GIVE_UP_AFTER, LATE_AFTER, TRIES_MIN, next_try

WRITTEN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("attempts", "age", "jitter", "wait"),
    [
        (1, minutes(0), 0, minutes(1)),
        (2, minutes(1), 0, minutes(5)),
        (3, minutes(6), 0, minutes(15)),
        (4, minutes(21), 0, minutes(30)),
        (5, minutes(51), 0, minutes(60)),
        (6, minutes(111), 0, minutes(120)),
        (7, minutes(231), 0, minutes(9)),  # not past the moment when it becomes late
        (8, minutes(240), 0, minutes(240)),
        (100, minutes(600), 0, minutes(240)),
        (1, minutes(0), 1, minutes(1.2)),
        (1, minutes(0), -1, minutes(0.8)),
        (9, GIVE_UP_AFTER - minutes(10), 0, minutes(10)),  # one last try
        (9, GIVE_UP_AFTER - timedelta(microseconds=1), 0, timedelta(microseconds=1)),
    ],
)
def test_each_try_has_its_wait(
    attempts: int, age: timedelta, jitter: float, wait: timedelta
) -> None:
    now = WRITTEN + age
    assert next_try(attempts, WRITTEN, now=now, jitter=jitter) == now + wait


@pytest.mark.parametrize("age", [GIVE_UP_AFTER, GIVE_UP_AFTER + minutes(1)])
def test_after_five_days_it_is_given_up(age: timedelta) -> None:
    assert next_try(20, WRITTEN, now=WRITTEN + age, jitter=0) is None


@pytest.mark.parametrize(("attempts", "is_over"), [(TRIES_MIN - 1, False), (TRIES_MIN, True)])
def test_a_letter_that_lay_in_a_stopped_desk_gets_its_few_tries(
    attempts: int, is_over: bool
) -> None:
    now = WRITTEN + 2 * GIVE_UP_AFTER
    assert (next_try(attempts, WRITTEN, now=now, jitter=0) is None) is is_over


@given(st.lists(st.floats(-1, 1), min_size=60, max_size=60))
def test_whatever_the_jitter_it_is_tried_when_late_and_ends_in_five_days(
    jitters: list[float],
) -> None:
    now, lates, tries = WRITTEN, 0, 0
    for attempts, jitter in enumerate(jitters, start=1):
        lates += now == WRITTEN + LATE_AFTER
        tries += 1
        again = next_try(attempts, WRITTEN, now=now, jitter=jitter)
        if again is None:
            break
        assert again > now
        now = again
    assert now == WRITTEN + GIVE_UP_AFTER
    assert lates == 1
    assert 30 <= tries <= 50


def test_the_breaker_waits_longer_each_time_and_not_for_ever() -> None:
    breaker, now, pauses = Breaker(), 100.0, []
    for _ in range(30):
        breaker.trip(now)
        pauses.append(breaker.pause_left(now))
        now += pauses[-1]
    assert pauses[:3] == [PAUSE_SECONDS_FIRST, 2 * PAUSE_SECONDS_FIRST, 4 * PAUSE_SECONDS_FIRST]
    assert pauses[-1] == PAUSE_SECONDS_MAX


def test_failures_within_one_pause_count_once() -> None:
    breaker = Breaker()
    assert [breaker.trip(100.0), breaker.trip(100.0), breaker.trip(104.0)] == [
        True,
        False,
        False,
    ]
    assert breaker.pause_left(100.0) == PAUSE_SECONDS_FIRST
    assert breaker.trip(100.0 + PAUSE_SECONDS_FIRST) is False
    assert breaker.is_tripped


def test_a_success_ends_the_trouble_once() -> None:
    breaker = Breaker()
    breaker.trip(100.0)
    assert [breaker.reset(), breaker.reset()] == [True, False]
    assert breaker.pause_left(100.0) == 0
    assert breaker.trip(101.0)
