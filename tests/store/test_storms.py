"""Marks of storms: one of a kind, counted up, kept to their hour; and how much is usual."""

from datetime import timedelta

import pytest
from store.desk import DANA, MINUTE, NOON, decided, letter, opened, reading, write

from mailtrack.store import lookup, storms
from mailtrack.store.database import Database
from mailtrack.tickets.decision import EndMark, SetMark
from mailtrack.tickets.storm import Mark, StormMark

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MUTED = StormMark(Mark.MUTED, NOON + HOUR, 1, said="too many")
KEPT = StormMark(Mark.KEPT, NOON + HOUR, 1, "@ivan", "mail")


def test_a_mark_is_in_force_until_its_hour_and_due_from_then_on(database: Database) -> None:
    with database.transaction() as session:
        write(session, decided(*opened().effects, SetMark(MUTED), SetMark(KEPT)))
        connection = session.connection()
        within = storms.marks_in_force(connection, (1,), now=NOON + HOUR - SECOND)
        past = storms.marks_in_force(connection, (1,), now=NOON + HOUR)
        elsewhere = storms.marks_in_force(connection, (2,), now=NOON)
        early = lookup.look_up_storms(session, now=NOON + HOUR - SECOND)
        due = lookup.look_up_storms(session, now=NOON + HOUR)
    assert (within, past, elsewhere) == ((MUTED,), (), ())
    assert early.marks == ()
    assert set(due.marks) == {MUTED, KEPT}
    assert [line.number for line in due.lines] == [1]


def test_a_mark_that_stands_counts_and_keeps_its_hour(database: Database) -> None:
    later = StormMark(Mark.KEPT, NOON + 2 * HOUR, 1, "@ivan", "reopened")
    with database.transaction() as session:
        write(session, decided(SetMark(KEPT)))
        write(session, decided(SetMark(later)), "s2")
        (mark,) = lookup.look_up_storms(session, now=NOON + HOUR).marks
        assert (mark.count, mark.until, mark.said) == (2, NOON + HOUR, "reopened")
        write(session, decided(EndMark(mark)), "s3")
        assert lookup.look_up_storms(session, now=NOON + 9 * HOUR).marks == ()


def test_a_mark_that_nobody_has_told_of_yet_begins_anew(database: Database) -> None:
    late = StormMark(Mark.MUTED, NOON + HOUR, 1)
    with database.transaction() as session:
        write(session, decided(SetMark(StormMark(Mark.MUTED, NOON - SECOND, 1))))
        write(session, decided(SetMark(late)), "s2")
        found = storms.marks_in_force(session.connection(), (1,), now=NOON)
    assert [one.until for one in found] == [late.until]


def test_notifications_are_counted_in_spans_of_ten_minutes(database: Database) -> None:
    told = [
        letter(f"l{n}", None, name="notification", person="@ivan", recipient="i@help.example")
        for n in range(3)
    ]
    with database.transaction() as session:
        write(session, decided(letters=(told[0],)))
        write(session, decided(letters=(told[1], letter("other", None))), "s2")
        (state,) = lookup.agents(session.connection())
        assert (state.name, state.notified_count, state.notified_since) == ("ivan", 2, NOON)
        storms.count_notifications(session.connection(), (told[2],), at=NOON + 10 * MINUTE)
        (state,) = lookup.agents(session.connection())
    assert (state.notified_count, state.notified_since) == (1, NOON + 10 * MINUTE)


@pytest.mark.parametrize(
    ("age_days", "this_hour", "usual"),
    [(15, 59, None), (13, 60, None), (15, 60, 2 / 14), (15, 1_000, 2 / 14)],
)
def test_the_usual_is_of_this_hour_in_a_fortnight_and_of_no_younger_desk(
    database: Database, age_days: int, this_hour: int, usual: float | None
) -> None:
    asked = NOON + age_days * DAY
    with database.transaction() as session:
        write(session, decided(letters=(letter("first", None),)))  # long ago
        for place, hours in enumerate((-1, 0.5, 0.9, 1.5, 25.5)):
            at = asked - 7 * DAY - timedelta(hours=hours)
            found = decided(letters=(letter(f"l{place}", None),))
            write(session, found, f"t{place}", at=at)
        found = storms.usual_acknowledgements(
            session.connection(), now=asked, this_hour=this_hour
        )
    assert found == usual


def test_the_flood_of_a_sender_is_the_open_ticket_that_bears_its_tag(
    database: Database,
) -> None:
    with database.transaction() as session:
        write(session, opened(tags=("flood",)))
        theirs = lookup.look_up(session, reading("asked"), now=NOON)
        others = lookup.look_up(session, reading("asked", sender_key="e@x.example"), now=NOON)
        late = lookup.look_up(session, reading("asked"), now=NOON + DAY)
    assert theirs.automatic.flood == 1
    assert [one.number for one in theirs.tickets] == [1]
    assert (others.automatic.flood, others.tickets) == (None, ())
    assert late.automatic.flood is None
    assert theirs.customer is None or theirs.customer.person == DANA
