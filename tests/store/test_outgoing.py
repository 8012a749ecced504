"""The outbox: each letter once under a lease, in the order of its line, and again after it."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from store.desk import DANA, MINUTE, NOON, decided, letter, opened, outgoing_mail, write

from mailtrack.store.database import Database, Session
from mailtrack.store.lookup import letter_of
from mailtrack.store.outgoing import (
    REASON_CHARS_MAX,
    Claimed,
    LetterCounts,
    claim,
    counts,
    mark_failed,
    mark_retry,
    mark_sent,
    next_due_at,
)
from mailtrack.tickets.decision import StopLetter
from mailtrack.tickets.letter import Letter

LEASE = 5 * MINUTE
MICROSECOND = timedelta(microseconds=1)
EVE = "eve@client.example"


def put(session: Session, *letters: Letter) -> None:
    for number in sorted({one.number for one in letters if one.number}):
        write(session, opened(number), f"open-{number}")
    write(session, decided(letters=letters), "letters")


def claimed(session: Session, now: datetime = NOON, limit: int = 10) -> list[str]:
    return [one.letter_id for one in claim(session, now=now, limit=limit, lease=LEASE)]


def test_a_claimed_letter_is_the_letter_that_was_written(database: Database) -> None:
    mail = outgoing_mail("l1", text="Grüße, Олено!", headers=(("X-Mailtrack-Ticket", "1"),))
    with database.transaction() as session:
        put(session, letter("l1", mail=mail, entry_id="e1"))
        (found,) = claim(session, now=NOON, limit=10, lease=LEASE)
    assert found == Claimed(
        *("l1", mail, 1, 1, NOON, "acknowledged", DANA, "e1"),
        ready_at=NOON,
        brake="acknowledgement",
        why="a new ticket",
    )


@pytest.mark.parametrize(("early", "ids"), [(MICROSECOND, []), (timedelta(0), ["l1"])])
def test_a_letter_waits_for_its_time(
    database: Database, early: timedelta, ids: list[str]
) -> None:
    with database.transaction() as session:
        put(session, letter("l1", not_before=NOON + MINUTE))
        assert next_due_at(session, NOON) == NOON + MINUTE
        assert claimed(session, NOON + MINUTE - early) == ids


def test_a_claimed_letter_is_nobody_elses_until_the_lease_ends(database: Database) -> None:
    with database.transaction() as session:
        put(session, letter("l1"))
        assert claimed(session) == ["l1"]
        assert next_due_at(session, NOON) == NOON + LEASE
        assert claimed(session, NOON + LEASE - MICROSECOND) == []
        (again,) = claim(session, now=NOON + LEASE, limit=10, lease=LEASE)
    assert (again.letter_id, again.attempts) == ("l1", 2)
    assert again.mail.message_id == "<l1@help.example>"


def test_of_what_is_in_flight_the_lease_alone_is_renewed(database: Database) -> None:
    with database.transaction() as session:
        put(session, letter("l1", 1), letter("l2", 2))
        assert claimed(session) == ["l1", "l2"]
        # The relay is slow with one; the other is marked, but its sender has not heard of it.
        mark_retry(session, "l2", NOON + MINUTE, "busy")
        later = NOON + LEASE
        asked = {"now": later, "limit": 10, "lease": LEASE}
        renewed = claim(session, in_flight={"l1", "l2"}, **asked)
        assert [one.letter_id for one in renewed] == ["l1"]
        assert [one.letter_id for one in claim(session, **asked)] == ["l2"]


def test_the_longest_due_is_claimed_first_and_no_more_than_asked(database: Database) -> None:
    with database.transaction() as session:
        put(
            session,
            letter("l1", 1, not_before=NOON),
            letter("l2", 2, not_before=NOON - MINUTE),
            letter("l3", 3, not_before=NOON - 2 * MINUTE),
        )
        assert claimed(session, limit=2) == ["l3", "l2"]
        assert claimed(session, limit=2) == ["l1"]


def test_letters_to_one_person_in_one_ticket_leave_in_order(database: Database) -> None:
    with database.transaction() as session:
        put(
            session,
            letter("answer", 1, not_before=NOON + MINUTE),  # its undo window is open
            letter("later", 1),
            letter("to-eve", 1, recipient=EVE),
            letter("elsewhere", 2),
        )
        assert claimed(session) == ["to-eve", "elsewhere"]
        assert claimed(session, NOON + MINUTE) == ["answer"]
        assert claimed(session, NOON + MINUTE) == []  # the first is still on its way
        mark_sent(session, "answer", NOON + MINUTE)
        assert claimed(session, NOON + MINUTE) == ["later"]


@pytest.mark.parametrize("end", ["sent", "failed", "stopped"])
def test_a_letter_that_has_ended_holds_up_nobody(database: Database, end: str) -> None:
    with database.transaction() as session:
        put(session, letter("first"), letter("second"))
        if end == "stopped":
            write(session, decided(StopLetter("first", "@ivan")), "stop")
        else:
            assert claimed(session) == ["first"]
            (mark_sent if end == "sent" else _fail)(session, "first", NOON)
        assert claimed(session) == ["second"]


def _fail(session: Session, letter_id: str, at: datetime) -> None:
    mark_failed(session, letter_id, at, "550 no such user")


def test_letters_about_no_ticket_wait_for_nobody(database: Database) -> None:
    with database.transaction() as session:
        put(session, letter("one", None, not_before=NOON + MINUTE), letter("two", None))
        assert claimed(session) == ["two"]


def test_a_retry_waits_and_what_is_behind_it_waits_too(database: Database) -> None:
    with database.transaction() as session:
        put(session, letter("first"), letter("second"))
        assert claimed(session) == ["first"]
        mark_retry(session, "first", NOON + MINUTE, "451 greylisted")
        assert claimed(session) == []
        assert next_due_at(session, NOON) == NOON + MINUTE
        assert claimed(session, NOON + MINUTE) == ["first"]


def test_what_waits_behind_another_is_not_due(database: Database) -> None:
    with database.transaction() as session:
        assert next_due_at(session, NOON) is None
        put(session, letter("first", not_before=NOON + MINUTE), letter("second"))
        assert next_due_at(session, NOON) == NOON + MINUTE
        assert next_due_at(session, NOON + 9 * MINUTE) == NOON + 9 * MINUTE


def test_a_slow_sender_does_not_call_back_what_another_sent(database: Database) -> None:
    with database.transaction() as session:
        put(session, letter("l1"))
        claimed(session)
        claimed(session, NOON + LEASE)  # by another, for the first seemed dead
        mark_sent(session, "l1", NOON + LEASE)
        mark_retry(session, "l1", NOON + LEASE, "timeout")
        mark_failed(session, "l1", NOON + LEASE, "timeout")
        assert counts(session) == LetterCounts(sent=1)
        assert claimed(session, NOON + 3 * LEASE) == []


def test_a_claimed_letter_cannot_be_stopped(database: Database) -> None:
    with database.transaction() as session:
        put(session, letter("l1"))
        claimed(session)
        write(session, decided(StopLetter("l1", "@ivan")), "stop")
        assert counts(session) == LetterCounts(claimed=1)


def test_letters_are_counted_by_state(database: Database) -> None:
    with database.transaction() as session:
        assert counts(session) == LetterCounts()
        put(session, *(letter(f"l{number}", number) for number in range(1, 6)))
        write(session, decided(StopLetter("l1", "@ivan")), "stop")
        claimed(session, limit=3)
        mark_sent(session, "l2", NOON)
        mark_failed(session, "l3", NOON, "x" * (REASON_CHARS_MAX + 1))
        assert counts(session) == LetterCounts(1, 1, 1, 1, 1)
        failed = letter_of(session.connection(), "l3")
    assert failed is not None and (failed.state, failed.left_at) == ("failed", None)


def test_two_senders_never_claim_the_same_letter(
    open_database: Callable[[], Database],
) -> None:
    total = 40
    with open_database().transaction() as session:
        put(session, *(letter(f"l{count}", None) for count in range(total)))
    taken: list[str] = []

    def send(database: Database) -> None:
        while True:
            with database.transaction() as session:
                mine = claimed(session, limit=3)
            if not mine:
                return
            taken.extend(mine)

    threads = [threading.Thread(target=send, args=(open_database(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"l{count}" for count in range(total))
