"""The brakes: what counts as an automatic letter, to whom, and for how long."""

from datetime import datetime, timedelta

import pytest
from store.desk import DANA, MINUTE, NOON, decided, entry, letter, opened, reading, write

from mailtrack.store.database import Database, Session
from mailtrack.store.lookup import look_up
from mailtrack.tickets.context import RecentAutomatic
from mailtrack.tickets.decision import AddEntry, StopLetter
from mailtrack.tickets.letter import Letter

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def lately(session: Session, now: datetime, **given: object) -> RecentAutomatic:
    return look_up(session, reading("asked", **given), now=now).automatic


def ack(id: str = "l1", **given: object) -> Letter:
    return letter(id, None, **given)


@pytest.mark.parametrize(
    ("field", "span"),
    [
        ("to_sender_10_minutes", 10 * MINUTE),
        ("to_sender_day", DAY),
        ("to_sender_same_subject_week", 7 * DAY),
        ("to_domain_hour", HOUR),
        ("acknowledgements_hour", HOUR),
    ],
)
def test_an_acknowledgement_counts_for_its_span(
    database: Database, field: str, span: timedelta
) -> None:
    with database.transaction() as session:
        write(session, decided(letters=(ack(subject_key="fire"),)))
        within = lately(session, NOON + span - SECOND, subject_key="fire")
        past = lately(session, NOON + span, subject_key="fire")
    assert (getattr(within, field), getattr(past, field)) == (1, 0)


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ({}, (1, 0, 0)),
        ({"name": "answer"}, (1, 0, 0)),  # a canned one
        ({"name": "answer", "is_automatic": False}, (0, 0, 0)),
        ({"name": "refused"}, (0, 1, 0)),
        ({"name": "held"}, (0, 1, 0)),
        ({"name": "found"}, (0, 0, 1)),
        ({"name": "help"}, (0, 0, 1)),
        ({"name": "closed"}, (0, 0, 0)),  # an agent closed it: no answer to a mail
        ({"name": "notification"}, (0, 0, 0)),
        ({"recipient": "eve@client.example"}, (0, 0, 0)),
    ],
)
def test_a_letter_counts_for_what_it_is(
    database: Database, given: dict[str, object], counts: tuple[int, int, int]
) -> None:
    with database.transaction() as session:
        write(session, decided(letters=(ack(**given),)))
        found = lately(session, NOON)
    assert counts == (
        found.to_sender_day,
        found.errors_to_sender_day,
        found.answers_to_sender_hour,
    )


def test_what_goes_to_an_agent_counts_for_the_agent_by_any_address(database: Database) -> None:
    refused = ack(name="refused", person="@ivan", recipient="ivan@help.example")
    with database.transaction() as session:
        write(session, decided(letters=(refused,)))
        found = lately(session, NOON, agent="ivan", sender_key="ivan@home.example")
    assert found.errors_to_sender_day == 1


def test_a_letter_that_was_stopped_did_not_leave(database: Database) -> None:
    with database.transaction() as session:
        write(session, decided(letters=(ack(),)))
        write(session, decided(StopLetter("l1", "@ivan")), "s2")
        found = lately(session, NOON)
    assert found == RecentAutomatic()


def test_another_subject_is_another_subject(database: Database) -> None:
    with database.transaction() as session:
        write(session, decided(letters=(ack(subject_key="fire"),)))
        found = lately(session, NOON, subject_key="flood")
    assert (found.to_sender_day, found.to_sender_same_subject_week) == (1, 0)


def test_the_whole_domain_and_the_whole_site_count(database: Database) -> None:
    addresses = (DANA, "eve@client.example", "bob@other.example")
    letters = tuple(ack(f"l{place}", recipient=one) for place, one in enumerate(addresses))
    with database.transaction() as session:
        write(session, decided(letters=letters))
        found = lately(session, NOON)
    assert (found.to_sender_day, found.to_domain_hour, found.acknowledgements_hour) == (1, 2, 3)


def test_tickets_of_the_sender_count_for_an_hour(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, opened(2, requester="eve@client.example"), "s2")
        assert lately(session, NOON + HOUR - SECOND).tickets_from_sender_hour == 1
        assert lately(session, NOON + HOUR).tickets_from_sender_hour == 0


def test_mails_in_the_busiest_ticket_count_for_ten_minutes(database: Database) -> None:
    note = entry("note", 2, raw_sha256=None)
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, opened(2), "s2")
        write(session, decided(AddEntry(entry("more", 2)), AddEntry(note)), "s3")
        named = {"numbers": (1, 2)}
        within = lately(session, NOON + 10 * MINUTE - SECOND, **named)
        past = lately(session, NOON + 10 * MINUTE, **named)
    assert (within.mails_in_ticket_10_minutes, past.mails_in_ticket_10_minutes) == (2, 0)


def test_a_mail_of_nobody_counts_nothing_of_anybody(database: Database) -> None:
    with database.transaction() as session:
        write(session, decided(letters=(ack(),)))
        found = lately(session, NOON, sender_key=None)
    assert (found.to_sender_day, found.to_domain_hour, found.acknowledgements_hour) == (0, 0, 1)
