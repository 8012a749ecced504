"""The look-up: what is known about what a mail asks, and only that."""

from datetime import datetime, timedelta

import pytest
from store.desk import (
    DANA,
    MINUTE,
    NOON,
    decided,
    entry,
    letter,
    opened,
    participant,
    reading,
    ticket,
    token,
    write,
)

from mailtrack.store import tickets
from mailtrack.store.database import Database, Session
from mailtrack.store.lookup import (
    INVOLVED_MAX,
    SAME_BYTES_WITHIN,
    SAME_CONTENT_WITHIN,
    UNDO_WITHIN,
    look_up,
    next_numbers,
)
from mailtrack.store.outgoing import claim, mark_sent
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    Field,
    IssueToken,
    OpenTicket,
    SetClocks,
)
from mailtrack.tickets.ticket import Status
from mailtrack.tickets.token import Purpose, TokenText

SECOND = timedelta(seconds=1)


def asked(session: Session, now: datetime = NOON, **given: object) -> Context:
    return look_up(session, reading(**{"spool_id": "asked"} | given), now=now)


def bearing(*handles: str) -> tuple[TokenText, ...]:
    return tuple(TokenText(Purpose.REPLY, "a", handle, "mac") for handle in handles)


def merge(number: int, into: int) -> Decision:
    return decided(Change(number, Field.MERGED_INTO, "", str(into), "@ivan"))


def test_an_empty_desk_knows_nothing(database: Database) -> None:
    with database.reading() as session:
        assert asked(session, numbers=(1,), known_ids=("<a@b>",)) == Context()
        assert next_numbers(session) == (1, 1)


# Seen before (S1 to S4).


@pytest.mark.parametrize(
    ("given", "is_seen"),
    [
        ({"spool_id": "s1"}, True),  # the same spool file once more
        ({"raw_sha256": "raw-s1"}, True),  # S1: the same bytes by another way
        ({"content_hash": "content-s1"}, True),  # S3: only the Message-ID was changed
        ({"content_hash": "content-s1", "sender_key": "eve@other.example"}, False),
        ({"content_hash": "content-s1", "sender_key": None}, False),
        ({"message_id": "<s1@client.example>"}, False),  # S4: other bytes under the same id
        ({}, False),
    ],
)
def test_a_mail_is_seen_by_id_bytes_or_content(
    database: Database, given: dict[str, object], is_seen: bool
) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        assert (asked(session, **given).seen is not None) is is_seen


@pytest.mark.parametrize(
    ("given", "within"),
    [
        ({"raw_sha256": "raw-s1"}, SAME_BYTES_WITHIN),
        ({"content_hash": "content-s1"}, SAME_CONTENT_WITHIN),
    ],
)
def test_a_mail_is_seen_for_a_while(
    database: Database, given: dict[str, object], within: timedelta
) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        assert asked(session, NOON + within - SECOND, **given).seen is not None
        assert asked(session, NOON + within, **given).seen is None


def test_mails_without_content_are_not_copies_of_each_other(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1", content_hash="")
        assert asked(session, content_hash="").seen is None


def test_a_copy_is_a_copy_of_the_first(database: Database) -> None:
    copy = Decision(Disposition.DUPLICATE, number=1)
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, copy, "s2", NOON + MINUTE, raw_sha256="raw-s1")
        seen = asked(session, NOON + 2 * MINUTE, raw_sha256="raw-s1").seen
    assert seen is not None
    assert (seen.spool_id, seen.disposition, seen.number) == ("s1", "ticket", 1)


def test_a_copy_of_a_copy_is_none_when_the_first_was_long_ago(database: Database) -> None:
    copy = Decision(Disposition.DUPLICATE, number=1)
    with database.transaction() as session:
        write(session, opened(1), "s1", content_hash="same")
        write(session, copy, "s2", NOON + 9 * MINUTE, content_hash="same")
        assert asked(session, NOON + 11 * MINUTE, content_hash="same").seen is None


# Tickets.


def test_all_evidence_brings_its_ticket_the_strongest_first(database: Database) -> None:
    with database.transaction() as session:
        for number in range(1, 6):
            write(session, opened(number), f"s{number}")
        write(session, decided(IssueToken(token("handle", 4))), "t")
        found = asked(
            session,
            tokens=bearing("handle", "unknown"),
            known_ids=("<nobody@knows>", "<e3@client.example>"),
            numbers=(2, 4, 99),
            wants=(("show", "#5"),),
        )
    assert [one.number for one in found.tickets] == [4, 3, 2, 5]
    assert [one.handle for one in found.tokens] == ["handle"]
    assert [one.number for one in found.known_ids] == [3]


def test_a_number_that_no_ticket_can_have_is_passed_over(database: Database) -> None:
    with database.reading() as session:
        found = asked(
            session, numbers=(0, -1, 10**30), wants=(("show", "9" * 40), ("show", "x"))
        )
    assert found.tickets == ()
    assert found.found == ((), ())


def test_the_tickets_of_one_mail_are_bounded(database: Database) -> None:
    with database.transaction() as session:
        for number in range(1, INVOLVED_MAX + 2):
            write(session, opened(number), f"s{number}")
        found = asked(session, numbers=tuple(range(1, INVOLVED_MAX + 2)))
    assert len(found.tickets) == INVOLVED_MAX


def test_a_merge_is_followed_to_its_end(database: Database) -> None:
    with database.transaction() as session:
        for number in (1, 2, 3):
            write(session, opened(number), f"s{number}")
        write(session, merge(1, 2), "m1")
        write(session, merge(2, 3), "m2")
        found = asked(session, numbers=(1,))
    assert [one.number for one in found.tickets] == [1, 2, 3]


def test_a_ring_of_merges_ends(database: Database) -> None:
    with database.transaction() as session:
        for number in (1, 2):
            write(session, opened(number), f"s{number}")
        write(session, merge(1, 2), "m1")
        write(session, merge(2, 1), "m2")
        found = asked(session, numbers=(2,))
    assert [one.number for one in found.tickets] == [2, 1]


def test_a_long_chain_of_merges_is_cut(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "MERGE_HOPS_MAX", 2)
    with database.transaction() as session:
        for number in (1, 2, 3, 4):
            write(session, opened(number), f"s{number}")
        for number in (1, 2, 3):
            write(session, merge(number, number + 1), f"m{number}")
        found = asked(session, numbers=(1,))
    assert [one.number for one in found.tickets] == [1, 2, 3]


def test_a_ticket_shows_the_latest_of_what_was_said(database: Database) -> None:
    more = tickets.ENTRIES_MAX + 1
    entries = tuple(AddEntry(entry(f"x{count}", message_id=None)) for count in range(more))
    changes = tuple(
        Change(1, Field.MINUTES_SPENT, str(count), str(count + 1), "@ivan")
        for count in range(tickets.JOURNAL_MAX + 1)
    )
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(*entries, *changes), "s2")
        (found,) = asked(session, numbers=(1,)).tickets
    assert [one.id for one in found.entries] == [f"x{count}" for count in range(1, more)]
    assert [row.old for row in found.journal] == [
        str(count) for count in range(1, tickets.JOURNAL_MAX + 1)
    ]


@pytest.mark.parametrize("extra", [0, 1])
def test_the_text_of_an_entry_is_bounded(database: Database, extra: int) -> None:
    text = "ї" * (tickets.TEXT_CHARS_MAX + extra)
    with database.transaction() as session:
        write(session, decided(OpenTicket(ticket()), AddEntry(entry(text=text))))
        ((found,),) = (one.entries for one in asked(session, numbers=(1,)).tickets)
    assert found.text == "ї" * tickets.TEXT_CHARS_MAX


@pytest.mark.parametrize(("age", "is_there"), [(-SECOND, True), (timedelta(0), False)])
def test_an_expired_token_is_no_token_of_the_ticket(
    database: Database, age: timedelta, is_there: bool
) -> None:
    expiring = token("handle", expires_at=NOON + MINUTE)
    bounce = token("bounce", purpose=Purpose.BOUNCE, letter_id="l1")
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(IssueToken(expiring), IssueToken(bounce)), "s2")
        found = asked(session, NOON + MINUTE + age, numbers=(1,), tokens=bearing("handle"))
    assert [one.handle for one in found.tickets[0].tokens] == ["handle"] * is_there
    assert [one.handle for one in found.tokens] == ["handle"]  # what it was is still known


# Message-IDs.


def test_ids_come_in_the_order_of_the_mail(database: Database) -> None:
    with database.transaction() as session:
        for number in (1, 2):
            write(session, opened(number), f"s{number}")
        ids = ("<e2@client.example>", "<e1@client.example>")
        assert tuple(one.message_id for one in asked(session, known_ids=ids).known_ids) == ids


def test_an_id_of_ours_is_not_shadowed_by_one_who_copies_it(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(letters=(letter("l1"),)), "s2")
        write(session, opened(2, requester="eve@other.example"), "s3")
        forged = entry("x", 2, author="eve@other.example", message_id="<l1@help.example>")
        write(session, decided(AddEntry(forged)), "s4")
        found = asked(session, known_ids=("<l1@help.example>",)).known_ids
    last_wins = {one.message_id: one for one in found}
    assert len(found) == 2
    assert last_wins["<l1@help.example>"].number == 1


# Letters.


def test_letters_are_told_apart_by_what_became_of_them(database: Database) -> None:
    letters = tuple(letter(f"l{count}", not_before=NOON + count * MINUTE) for count in (1, 2))
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(letters=letters), "s2")
        claim(session, now=NOON + MINUTE, limit=1, lease=MINUTE)
        mark_sent(session, "l1", NOON + MINUTE)
        found = asked(session, numbers=(1,))
    ((sent,), (unsent,)) = found.sent, found.unsent
    assert (sent.id, sent.state, sent.left_at) == ("l1", "sent", NOON + MINUTE)
    assert (unsent.id, unsent.state, unsent.left_at) == ("l2", "waiting", None)


def test_a_bounce_token_finds_its_letter(database: Database) -> None:
    bounce = token("bounce", purpose=Purpose.BOUNCE, letter_id="l1")
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(letters=(letter("l1", tokens=(bounce,)),)), "s2")
        found = asked(session, tokens=bearing("bounce")).bounced
    assert found is not None
    assert (found.id, found.recipient, found.name) == ("l1", DANA, "acknowledged")


# Undo.


def test_undoable_is_the_last_decision_of_that_agent_on_each_ticket(database: Database) -> None:
    def change(number: int, field: Field, old: str, new: str, actor: str = "@ivan") -> Effect:
        return Change(number, field, old, new, actor)

    with database.transaction() as session:
        for number in (1, 2):
            write(session, opened(number), f"s{number}")
        write(session, decided(change(1, Field.OWNER, "", "olga")), "first", NOON)
        both = (
            change(1, Field.QUEUE, "support", "billing"),
            change(1, Field.CATEGORY, "", "x"),
        )
        write(session, decided(*both), "second", NOON + MINUTE)
        write(session, decided(change(2, Field.CATEGORY, "", "y")), "third", NOON + MINUTE)
        write(session, decided(change(1, Field.PRIORITY, "normal", "high", "@olga")), "hers")
        found = asked(session, agent="ivan", numbers=(1, 2)).undoable
        nobodys = asked(session, numbers=(1, 2)).undoable
    assert [(row.number, row.field) for row in found] == [
        (1, "queue"),
        (1, "category"),
        (2, "category"),
    ]
    assert nobodys == ()


@pytest.mark.parametrize(("age", "count"), [(-SECOND, 1), (timedelta(0), 0)])
def test_what_was_done_long_ago_is_not_undone(
    database: Database, age: timedelta, count: int
) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, decided(Change(1, Field.OWNER, "", "ivan", "@ivan")), "s2")
        found = asked(session, NOON + UNDO_WITHIN + age, agent="ivan", numbers=(1,))
    assert len(found.undoable) == count


# Questions.


def test_questions_are_answered_in_their_order(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1, owner="ivan"), "s1")
        write(session, opened(2, queue="billing"), "s2")
        write(session, opened(3, owner="ivan", status=Status.CLOSED), "s3")
        wants = (
            ("mine", "ivan"),
            ("find", "burns status:closed"),
            ("queue", "billing"),
            ("show", "2"),
            ("dance", "now"),
        )
        found = asked(session, wants=wants).found
    assert [[line.number for line in lines] for lines in found] == [[1], [3], [2], [2], []]


def test_a_list_begins_with_what_is_due_next(database: Database) -> None:
    def clock(minutes: int, state: ClockState = ClockState.RUNNING) -> Clock:
        due = NOON + minutes * MINUTE
        return Clock(Metric.FIRST_REPLY, 1, "gold", state, NOON, 60, due_at=due)

    with database.transaction() as session:
        for number in (1, 2, 3, 4):
            at = NOON - number * MINUTE
            write(session, opened(number, opened_at=at), f"s{number}")
        write(session, decided(SetClocks(1, (clock(9),)), SetClocks(2, (clock(5),))), "t1")
        write(session, decided(SetClocks(3, (clock(1, ClockState.MET),))), "t2")
        (lines,) = asked(session, wants=(("queue", "support"),)).found
    assert [line.number for line in lines] == [2, 1, 4, 3]
    assert lines[0].next_due_at == NOON + 5 * MINUTE
    assert lines[2].next_due_at is None


@pytest.mark.parametrize(("name", "shown"), [("Dana Client", "Dana Client"), ("", DANA)])
def test_a_line_shows_the_requester_as_people_know_them(
    database: Database, name: str, shown: str
) -> None:
    with database.transaction() as session:
        write(session, opened(1, participants=(participant(name=name),)), "s1")
        ((line,),) = asked(session, wants=(("show", "1"),)).found
    assert line.requester_shown == shown
