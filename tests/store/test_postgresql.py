"""The same calls on PostgreSQL; what differs is in ``database`` and ``search`` only."""

import threading
from collections.abc import Iterator

import pytest
from servers.postgres import Postgresql
from store.desk import (
    DANA,
    MINUTE,
    NOON,
    decided,
    entry,
    held_mail,
    letter,
    mailbox,
    opened,
    participant,
    reading,
    token,
    write,
)

from mailtrack.errors import TemporaryFailure
from mailtrack.store.database import Database, savepoint
from mailtrack.store.ledger import AlreadyApplied
from mailtrack.store.lookup import look_up, look_up_storms, look_up_tick, ticket_of
from mailtrack.store.outgoing import claim, counts, mark_sent, next_due_at
from mailtrack.store.status import status
from mailtrack.store.waiting import look_up_waiting
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Disposition,
    EndMark,
    Field,
    Hold,
    Join,
    KnowCustomer,
    MoveEntry,
    NoteHeld,
    ReleaseGrouped,
    SetClocks,
    SetMark,
)
from mailtrack.tickets.storm import Mark, StormMark
from mailtrack.tickets.ticket import Part, Status
from mailtrack.tickets.token import Purpose, TokenText
from mailtrack.tickets.waiting import AskedLately, HeldNote


@pytest.fixture
def desk(postgresql: Postgresql) -> Iterator[Database]:
    database = Database(postgresql.new_database())
    database.migrate()
    database.migrate()
    yield database
    database.close()


def test_a_day_at_the_desk(desk: Database) -> None:
    clock = Clock(Metric.UPDATE, 1, "gold", ClockState.RUNNING, NOON, 60, next_rung_at=NOON)
    effects = (
        AddEntry(entry("x", text="Мій ПРИНТЕР горить")),
        Change(1, Field.STATUS, "new", "closed", "@ivan"),
        Change(1, Field.TAGS, "", "money vip", "@ivan"),
        Change(1, Field.OWNER, "", "ivan", "@ivan"),
        Join(1, participant("@ivan", Part.WATCHER), "@ivan"),
        SetClocks(1, (clock,)),
        KnowCustomer(mailbox(DANA, "Dana"), "uk"),
    )
    with desk.transaction() as session:
        write(session, opened(1), "s1")
        letters = (letter("l1", tokens=(token(),)), letter("l2"))
        write(session, decided(*effects, letters=letters), "s2")
        write(session, decided(Hold(held_mail("H1")), disposition=Disposition.HELD), "s3")
    with desk.reading() as session:
        asked = reading(
            "s4",
            tokens=(TokenText(Purpose.REPLY, "a", "handle22", "mac"),),
            known_ids=("<l1@help.example>",),
            wants=(("find", "принтер from:dana tag:money"), ("queue", "support")),
        )
        found = look_up(session, asked, now=NOON + MINUTE)
        (due,) = look_up_tick(session, now=NOON, limit=5)
    (ticket,) = found.tickets
    assert (ticket.status, ticket.owner, ticket.tags) == (
        Status.CLOSED,
        "ivan",
        ("money", "vip"),
    )
    assert (ticket.finished_at, ticket.clocks, due.number) == (NOON, (clock,), 1)
    assert [one.id for one in found.unsent] == ["l1", "l2"]
    assert found.found[0][0].snippet == "Мій ПРИНТЕР горить"
    assert found.automatic.to_sender_day == 2


def test_letters_are_claimed_once_and_in_order(desk: Database) -> None:
    with desk.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(letters=(letter("l1"), letter("l2"))), "s2")
    with desk.transaction() as session:
        (first,) = claim(session, now=NOON, limit=5, lease=MINUTE)
        mark_sent(session, first.letter_id, NOON)
        assert next_due_at(session, NOON) == NOON
        (second,) = claim(session, now=NOON, limit=5, lease=MINUTE)
        assert (first.letter_id, second.letter_id) == ("l1", "l2")
        assert (counts(session).sent, counts(session).claimed) == (1, 1)


def test_a_failed_savepoint_leaves_the_others(desk: Database) -> None:
    with desk.transaction() as session:
        write(session, opened(1), "s1")
        with pytest.raises(AlreadyApplied), savepoint(session):
            write(session, opened(2), "s1")
        with pytest.raises(ZeroDivisionError), savepoint(session):
            write(session, opened(2), "s2")
            raise ZeroDivisionError
        write(session, opened(3), "s3")
    with desk.reading() as session:
        assert [bool(ticket_of(session, number)) for number in (1, 2, 3)] == [True, False, True]
        assert status(session).mails == (("ticket", 2),)


def test_a_decision_on_a_world_that_changed_is_made_again(desk: Database) -> None:
    with desk.transaction() as session:
        write(session, opened(1), "s1")

    def decide_meanwhile() -> None:
        with desk.transaction() as other:
            ticket_of(other, 1)
            write(other, decided(Change(1, Field.QUEUE, "", "b", "@olga")), "s3")

    with pytest.raises(TemporaryFailure), desk.transaction() as session:
        ticket_of(session, 1)
        thread = threading.Thread(target=decide_meanwhile)
        thread.start()
        thread.join()
        write(session, decided(Change(1, Field.QUEUE, "", "c", "@ivan")), "s2")
    with desk.reading() as session:
        found = ticket_of(session, 1)
    assert found is not None and found.queue == "b"


def test_marks_of_storms_count_up_and_fall_due(desk: Database) -> None:
    kept = StormMark(Mark.KEPT, NOON + MINUTE, 1, "@ivan", "mail")
    told = letter("n1", None, name="notification", person="@ivan", recipient="i@help.example")
    with desk.transaction() as session:
        write(session, opened(1, tags=("flood",)), "s1")
        write(session, decided(SetMark(kept), letters=(told,)), "s2")
        write(session, decided(SetMark(kept), ReleaseGrouped(1, "@ivan")), "s3")
        write(session, decided(SetMark(StormMark(Mark.BREAKER, NOON + MINUTE))), "s4")
        found = look_up(session, reading("asked"), now=NOON)
        due = look_up_storms(session, now=NOON + MINUTE)
        write(session, decided(*map(EndMark, due.marks)), "s5")
        left = look_up_storms(session, now=NOON + MINUTE)
    assert (found.automatic.flood, [one.mark for one in found.marks]) == (1, [Mark.BREAKER])
    assert [(one.name, one.notified_count) for one in found.agents] == [("ivan", 1)]
    assert {(one.mark, one.count) for one in due.marks} == {(Mark.KEPT, 2), (Mark.BREAKER, 1)}
    assert [line.number for line in due.lines] == [1]
    assert left.marks == ()


def test_what_an_agent_was_told_of(desk: Database) -> None:
    told = letter("l1", 1, person="@ivan")
    with desk.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(letters=(told,)), "s2")
    with desk.reading() as session:
        asked = reading("s3", agent="ivan", has_words=True, numbers=(1,))
        (said,) = look_up(session, asked, now=NOON + MINUTE).elsewhere
    assert (said.number, said.author) == (1, DANA)


def test_an_entry_goes_to_another_ticket_and_its_asker_is_not_asked_for_ever(
    desk: Database,
) -> None:
    with desk.transaction() as session:
        write(session, opened(1), "s1")
        write(session, opened(2), "s2")
        write(session, decided(AddEntry(entry("x", message_id="<x@client.example>"))), "s3")
        write(session, decided(MoveEntry(1, entry("x", number=2), "@ivan")), "s4")
        moved = ticket_of(session, 2)
        asked = (Hold(held_mail("H1")), NoteHeld(("H1",), HeldNote.ASKED))
        letters = (
            letter("l1", name="held", person="@ivan"),
            letter("l2", name="held_digest", person="@ivan"),
        )
        write(session, decided(*asked, letters=letters), "s5")
        write(session, decided(Hold(held_mail("H2", "s7"))), "s7")
        found = look_up(session, reading("s6", agent="ivan"), now=NOON + MINUTE)
        waiting = look_up_waiting(session, now=NOON + MINUTE)
    assert moved is not None and "x" in {one.id for one in moved.entries}
    assert found.automatic.unanswered_by_sender_day == 1
    assert waiting.asked_lately == (AskedLately("@ivan", 2, 2, 1),)
