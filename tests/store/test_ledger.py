"""What a decision does to the rows of a ticket: once, and what its effects said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.desk import (
    DANA,
    MINUTE,
    NOON,
    context_of,
    decided,
    entry,
    kept,
    opened,
    participant,
    ticket,
    token,
    write,
)
from store.values import instants, mailboxes, names, texts

from mailtrack.desk.after import after
from mailtrack.store.database import Database
from mailtrack.store.ledger import AlreadyApplied, record_tick
from mailtrack.store.lookup import (
    next_numbers,
    ticket_of,
)
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    Field,
    IssueToken,
    Join,
    Leave,
    LinkTickets,
    MoveEntry,
    OpenTicket,
    SetClocks,
    TakeTurn,
    WithdrawEntry,
)
from mailtrack.tickets.ticket import (
    EntryKind,
    Part,
    Participant,
    Priority,
    Reason,
    Status,
    Ticket,
    Visibility,
)

# The whole: what the desk believes that effects do to a ticket is what they do to the rows.

fields_changed = st.one_of(
    st.tuples(st.just(Field.STATUS), st.sampled_from([one.value for one in Status])),
    st.tuples(st.just(Field.PRIORITY), st.sampled_from([one.value for one in Priority])),
    st.tuples(st.sampled_from([Field.QUEUE, Field.LANGUAGE, Field.REQUESTER]), names),
    st.tuples(
        st.sampled_from([Field.OWNER, Field.CATEGORY, Field.SLA_POLICY]),
        names | st.just(""),
    ),
    st.tuples(st.just(Field.MINUTES_SPENT), st.integers(0, 10**6).map(str)),
    st.tuples(st.just(Field.DUE_AT), instants.map(datetime.isoformat) | st.just("")),
    st.tuples(st.just(Field.TAGS), st.sets(names, max_size=3).map(sorted).map(" ".join)),
    st.tuples(st.just(Field.PARTNER_TAGS), st.lists(names, max_size=3).map("\n".join)),
)
people = st.sampled_from([DANA, "@ivan", "@olga", "o'brien%_@x.example"])
clocks = st.builds(
    Clock,
    metric=st.sampled_from(Metric),
    cycle=st.integers(1, 3),
    policy=names,
    state=st.sampled_from(ClockState),
    started_at=st.just(NOON),
    target_seconds=st.integers(0, 10**6),
    elapsed_seconds=st.integers(0, 10**6),
    due_at=st.none() | instants,
    is_rebased=st.booleans(),
    rungs_told=st.lists(names, max_size=2).map(tuple),
    next_rung_at=st.none() | instants,
)


def effects_on(number: int) -> st.SearchStrategy[Effect]:
    ids = st.uuids().map(lambda drawn: f"{number}-{drawn}")  # the examples share a database
    entries = st.builds(
        entry,
        id=ids,
        number=st.just(number),
        kind=st.sampled_from(EntryKind),
        visibility=st.sampled_from(Visibility),
        author=people,
        author_shown=texts,
        text=texts,
        subject=texts,
        message_id=st.none() | texts,
        is_verified=st.booleans(),
    )
    tokens = st.builds(token, handle=ids, number=st.just(number), person=people)
    once = st.lists(clocks, max_size=4, unique_by=lambda clock: (clock.metric, clock.cycle))
    return st.one_of(
        fields_changed.map(lambda pair: Change(number, pair[0], "", pair[1], "@ivan")),
        st.builds(AddEntry, entries),
        st.builds(
            Join,
            number=st.just(number),
            participant=st.builds(Participant, people, mailboxes, st.sampled_from(Part)),
            actor=people,
        ),
        st.builds(IssueToken, tokens),
        st.builds(SetClocks, st.just(number), once.map(tuple)),
    )


def comparable(one: Ticket) -> tuple[object, ...]:
    """All of a ticket that the desk foretells; what has no order, without one."""
    return (
        (one.status, one.owner, one.queue, one.priority, one.category, one.language),
        (set(one.tags), one.due_at, one.sla_policy, one.minutes_spent, one.partner_tags),
        (one.requester, one.participants, one.entries),
        {(clock.metric, clock.cycle): clock for clock in one.clocks},
        {issued.handle: issued for issued in one.tokens},
    )


@settings(max_examples=30)
@given(data=st.data())
def test_the_rows_say_what_the_effects_said(data: st.DataObject, shared: Database) -> None:
    with shared.transaction() as session:
        number, _ = next_numbers(session)
        believed = ticket(number)
        write(session, decided(OpenTicket(believed)), f"{number}-0")
        for step in range(data.draw(st.integers(1, 3))):
            effects = tuple(data.draw(st.lists(effects_on(number), max_size=5)))
            write(session, decided(*effects), f"{number}-{step + 1}")
            believed = after(believed, effects)
    with shared.reading() as session:
        assert comparable(kept(session, number)) == comparable(believed)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'desk.db'}")
    database.migrate()
    return database


# Receipts.


def test_a_decision_is_applied_once(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        with pytest.raises(AlreadyApplied):
            write(session, opened(2), "s1")
        assert ticket_of(session, 2) is None


def test_a_tick_is_applied_once(database: Database) -> None:
    strike = Decision(Disposition.TICK, (TakeTurn("support", "ivan"),))
    with database.transaction() as session:
        record_tick(session, strike, tick_id="tick-1", at=NOON)
        with pytest.raises(AlreadyApplied):
            record_tick(session, strike, tick_id="tick-1", at=NOON)


def test_a_mail_tried_again_replaces_its_quarantine(database: Database) -> None:
    apart = Decision(Disposition.QUARANTINED)
    with database.transaction() as session:
        write(session, apart, "s1")
        with pytest.raises(AlreadyApplied):
            write(session, apart, "s1")
        assert context_of(session, spool_id="s1", raw_sha256="raw-s1").seen is None
        copy = context_of(session, spool_id="s2", raw_sha256="raw-s1").seen
        assert copy is not None and copy.disposition == "quarantined"
        write(session, opened(1), "s1")
        seen = context_of(session, spool_id="s1", raw_sha256="raw-s1").seen
        assert seen is not None and (seen.disposition, seen.number) == ("ticket", 1)


def test_why_shows_how_a_ticket_began_and_what_was_last(database: Database) -> None:
    def because(said: str) -> dict[str, object]:
        return {"number": 1, "trace": (Reason("routing", said, "rules.yaml:3"),)}

    with database.transaction() as session:
        write(session, decided(OpenTicket(ticket()), **because("first")), "s0")
        for count in range(1, 6):
            write(
                session, decided(**because(f"then {count}")), f"s{count}", NOON + count * MINUTE
            )
        said = [reason.said for reason in kept(session).reasons]
    assert said == ["first", "then 3", "then 4", "then 5"]


# Tickets.


def test_an_opened_ticket_is_found_as_it_was(database: Database) -> None:
    whole = ticket(
        7,
        tags=("money", "vip"),
        owner="ivan",
        category="billing",
        due_at=NOON + MINUTE,
        sla_policy="gold",
        minutes_spent=25,
        partner_tags=("[ACME-991]", "[ACME 7]"),
        participants=(participant(name="Dana"), participant("@ivan", Part.WATCHER)),
    )
    with database.transaction() as session:
        write(session, decided(OpenTicket(whole)))
        found = kept(session, 7)
        assert found == whole


def test_a_ticket_nobody_opened_is_none(database: Database) -> None:
    with database.reading() as session:
        assert ticket_of(session, 1) is None


@pytest.mark.parametrize(
    ("steps", "since"),
    [
        (["open"], None),
        (["resolved"], 1),
        (["resolved", "closed"], 1),
        (["closed", "open"], None),
        (["resolved", "open", "closed"], 3),
    ],
)
def test_a_ticket_is_finished_since_the_first_of_its_ends(
    database: Database, steps: list[str], since: int | None
) -> None:
    with database.transaction() as session:
        write(session, opened(1))
        for count, status in enumerate(steps, start=1):
            change = Change(1, Field.STATUS, "", status, "@ivan")
            write(session, decided(change), f"s{count + 1}", NOON + count * MINUTE)
        found = kept(session)
    assert found.finished_at == (None if since is None else NOON + since * MINUTE)
    assert found.changed_at == NOON + len(steps) * MINUTE


def test_a_date_of_another_zone_is_kept_in_utc(database: Database) -> None:
    kyiv = timezone(timedelta(hours=2))
    due = datetime(2026, 3, 3, 10, 0, tzinfo=kyiv)
    change = Change(1, Field.DUE_AT, "", due.isoformat(), "@ivan")
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(change), "s2")
        found = kept(session).due_at
    assert found == due
    assert found is not None and found.tzinfo is UTC


def test_a_change_of_no_ticket_fails(database: Database) -> None:
    with pytest.raises(AssertionError), database.transaction() as session:
        write(session, decided(Change(9, Field.OWNER, "", "ivan", "@ivan")))


@pytest.mark.parametrize(
    "effect",
    [
        AddEntry(entry("e2", at=NOON + MINUTE)),
        Join(1, participant("@olga", Part.WATCHER), "@olga"),
        Leave(1, DANA, "@ivan"),
        WithdrawEntry(1, "e1"),
        MoveEntry(1, entry("e1", number=3), "@ivan"),
        Change(1, Field.QUEUE, "support", "billing", "@ivan"),
    ],
)
def test_what_is_done_to_a_ticket_changes_it_now(database: Database, effect: Effect) -> None:
    with database.transaction() as session:
        write(session, opened(1))
        write(session, opened(3), "other")
        write(session, decided(effect), "s2", NOON + MINUTE)
        assert kept(session).changed_at == NOON + MINUTE


def test_the_journal_has_a_row_for_each_change_of_fields_and_people(database: Database) -> None:
    effects = (
        Change(1, Field.OWNER, "", "ivan", "@ivan"),
        Join(1, participant("@olga", Part.WATCHER), "@ivan"),
        Leave(1, DANA, "@ivan"),
        TakeTurn("support", "ivan"),
    )
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(*effects), "s2")
        journal = [
            (row.decision_id, row.field, row.old, row.new) for row in kept(session).journal
        ]
    assert journal == [
        ("s2", "owner", "", "ivan"),
        ("s2", "join", "", "watcher @olga"),
        ("s2", "leave", DANA, ""),
    ]


def test_an_answer_that_never_left_is_a_note(database: Database) -> None:
    answer = entry("e2", kind=EntryKind.ANSWER, author="@ivan")
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(AddEntry(answer)), "s2")
        write(session, decided(WithdrawEntry(1, "e2")), "s3")
        first, last = kept(session).entries
    assert (first.kind, last.kind) == (EntryKind.MAIL, EntryKind.NOTE)
    assert last.visibility is Visibility.INTERNAL


def test_an_entry_that_moves_takes_its_writers_id_along_and_no_other(
    database: Database,
) -> None:
    mail = entry("x2", message_id="<same@client.example>")
    copied = entry("x3", author="@ivan", message_id="<same@client.example>")
    with database.transaction() as session:
        write(session, opened(1))
        write(session, opened(2), "other")
        write(session, decided(AddEntry(mail), AddEntry(copied)), "s2")
        moved = replace(mail, number=2, kind=EntryKind.NOTE, visibility=Visibility.INTERNAL)
        write(session, decided(MoveEntry(1, moved, "@ivan")), "s3")
        ids = context_of(session, known_ids=("<same@client.example>",)).known_ids
        here, there = kept(session), kept(session, 2)
    assert {(one.person, one.number) for one in ids} == {(DANA, 2), ("@ivan", 1)}
    assert "x2" not in {one.id for one in here.entries}
    assert moved in there.entries
    assert [(row.field, row.old, row.new) for row in (*here.journal, *there.journal)] == [
        ("split", "x2", "2"),
        ("split_from", "x2", "1"),
    ]


def test_a_link_is_seen_from_both_ends_and_made_once(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        write(session, opened(2, linked=(1,)), "s2")
        write(session, decided(LinkTickets(1, 2), LinkTickets(2, 1)), "s3")
        assert (kept(session, 1).linked, kept(session, 2).linked) == ((2,), (1,))
