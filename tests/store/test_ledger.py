"""Decisions become rows, and the rows say what the effects said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
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
    ticket,
    token,
    write,
)
from store.values import instants, mailboxes, names, texts

from mailtrack.desk.after import after
from mailtrack.store.database import Database, Session
from mailtrack.store.ledger import AlreadyApplied, end_release, record_tick
from mailtrack.store.lookup import (
    held_open,
    held_to_decide,
    look_up,
    look_up_tick,
    next_numbers,
    ticket_of,
)
from mailtrack.store.tables import LETTER, TOKEN
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    EndHold,
    Field,
    Hold,
    IssueToken,
    Join,
    KnowCustomer,
    Leave,
    LetterBounced,
    LinkTickets,
    MoveEntry,
    OpenTicket,
    RevokeToken,
    SetAway,
    SetClocks,
    StopLetter,
    TakeTurn,
    WithdrawEntry,
)
from mailtrack.tickets.reading import Bracket, Reading
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
from mailtrack.tickets.token import Purpose, TokenText


def kept(session: Session, number: int = 1) -> Ticket:
    found = ticket_of(session, number)
    assert found is not None
    return found


def context_of(session: Session, now: datetime = NOON, **asked: object) -> Context:
    return look_up(session, reading(**{"spool_id": "asked"} | asked), now=now)


def with_token(handle: str) -> dict[str, object]:
    return {"tokens": (TokenText(Purpose.CONFIRM, "a", handle, "mac"),)}


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


# Tokens.


def test_who_leaves_has_no_token_any_more(database: Database) -> None:
    theirs, others = token("theirs"), token("others", person="@ivan")
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(IssueToken(theirs), IssueToken(others)), "s2")
        write(session, decided(Leave(1, DANA, "@ivan")), "s3")
        assert [one.handle for one in kept(session).tokens] == ["others"]
        (found,) = context_of(session, **with_token("theirs")).tokens
    assert found.is_revoked


def test_a_revoked_token_is_found_as_revoked(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(IssueToken(token("handle"))), "s2")
        write(session, decided(RevokeToken("handle")), "s3")
        (found,) = context_of(session, **with_token("handle")).tokens
        assert found.is_revoked
        assert kept(session).tokens == ()


def test_a_token_that_is_carried_again_stays_as_it_is(database: Database) -> None:
    same = token("same")
    with database.transaction() as session:
        write(session, opened(1))
        letters = (letter("l1", tokens=(same,)), letter("l2", tokens=(same,)))
        write(session, decided(letters=letters), "s2")
        write(session, decided(RevokeToken("same")), "s3")
        write(session, decided(letters=(letter("l3", tokens=(same,)),)), "s4")
        (found,) = context_of(session, **with_token("same")).tokens
        rows = session.connection().execute(select(TOKEN.c.handle)).all()
    assert found.is_revoked
    assert len(rows) == 1


# Letters.


def test_a_letter_waits_and_its_id_is_known(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(letters=(letter("l1"),)), "s2")
        found = context_of(session, known_ids=("<l1@help.example>",))
        thread = [(one.message_id, one.is_ours) for one in kept(session).thread]
    assert [(one.id, one.state, one.text) for one in found.unsent] == [
        ("l1", "waiting", "The words of l1.")
    ]
    assert [(one.number, one.person, one.is_ours) for one in found.known_ids] == [
        (1, DANA, True)
    ]
    assert thread == [("<e1@client.example>", False), ("<l1@help.example>", True)]


def test_a_stopped_letter_is_neither_sent_nor_unsent(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(letters=(letter("l1"), letter("l2"))), "s2")
        write(session, decided(StopLetter("l1", "@ivan")), "s3")
        found = context_of(session, numbers=(1,))
    assert ([one.id for one in found.sent], [one.id for one in found.unsent]) == ([], ["l2"])


def test_a_bounce_is_written_to_its_letter(database: Database) -> None:
    bounce = LetterBounced("l1", "5.1.1", "no such user", is_permanent=True)
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(letters=(letter("l1"),)), "s2")
        write(session, decided(bounce), "s3", NOON + MINUTE)
        row = session.connection().execute(select(LETTER)).one()
    assert (row.bounced_at, row.bounce_status) == (NOON + MINUTE, "5.1.1")
    assert (row.bounce_diagnostic, row.bounce_is_permanent) == ("no such user", True)


# Clocks.


def running(metric: Metric, due: timedelta) -> Clock:
    at = NOON + due
    return Clock(
        metric,
        1,
        "gold",
        ClockState.RUNNING,
        NOON,
        3600,
        resumed_at=NOON,
        due_at=at,
        next_rung_at=at,
    )


def test_a_tick_finds_what_is_due_the_longest_due_first(database: Database) -> None:
    with database.transaction() as session:
        for number, minutes in ((1, 3), (2, 1), (3, 9)):
            write(session, opened(number), f"s{number}")
            clock = running(Metric.FIRST_REPLY, minutes * MINUTE)
            write(session, decided(SetClocks(number, (clock,))), f"t{number}")
        found = look_up_tick(session, now=NOON + 3 * MINUTE, limit=10)
        first = look_up_tick(session, now=NOON + 3 * MINUTE, limit=1)
        write(
            session, decided(SetClocks(3, (running(Metric.UPDATE, 2 * MINUTE), clock))), "both"
        )
        both = look_up_tick(session, now=NOON + 9 * MINUTE, limit=10)
        none = look_up_tick(session, now=NOON + MINUTE - timedelta(microseconds=1), limit=10)
    assert [one.number for one in found] == [2, 1]
    assert [one.number for one in first] == [2]
    assert [one.number for one in both] == [2, 3, 1]
    assert none == ()


def test_clocks_that_are_set_take_the_place_of_all(database: Database) -> None:
    one, other = running(Metric.FIRST_REPLY, MINUTE), running(Metric.RESOLUTION, MINUTE)
    with database.transaction() as session:
        write(session, opened(1))
        write(session, decided(SetClocks(1, (one, other))), "s2")
        write(session, decided(SetClocks(1, (other,))), "s3")
        assert kept(session).clocks == (other,)
        write(session, decided(SetClocks(1, ())), "s4")
        assert kept(session).clocks == ()


# People.


def test_the_load_of_an_agent_is_what_is_new_or_open(database: Database) -> None:
    def load(session: Session) -> dict[str, int]:
        return {one.name: one.open_tickets for one in context_of(session).agents}

    def change(field: Field, old: str, new: str) -> Decision:
        return decided(Change(1, field, old, new, "@ivan"))

    with database.transaction() as session:
        write(session, opened(1, owner="ivan"), "s1")
        write(session, opened(2, owner="ivan", status=Status.OPEN), "s2")
        write(session, opened(3, owner="ivan", status=Status.CLOSED), "s3")
        assert load(session) == {"ivan": 2}
        write(session, change(Field.OWNER, "ivan", "olga"), "s4")
        assert load(session) == {"ivan": 1, "olga": 1}
        write(session, change(Field.STATUS, "new", "waiting"), "s5")
        assert load(session) == {"ivan": 1, "olga": 0}
        write(session, change(Field.STATUS, "waiting", "open"), "s6")
        assert load(session) == {"ivan": 1, "olga": 1}
        write(session, change(Field.OWNER, "olga", ""), "s7")
        assert load(session) == {"ivan": 1, "olga": 0}


def test_an_agent_is_away_and_comes_back(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1, owner="ivan"), "s1")
        write(session, decided(SetAway("ivan", NOON + MINUTE), SetAway("olga", NOON)), "s2")
        ivan, olga = context_of(session).agents
        assert (ivan.away_until, ivan.open_tickets) == (NOON + MINUTE, 1)
        assert (olga.away_until, olga.open_tickets) == (NOON, 0)
        write(session, decided(SetAway("ivan", None)), "s3")
        assert context_of(session).agents[0].away_until is None


def test_turns_go_on(database: Database) -> None:
    with database.transaction() as session:
        write(session, decided(TakeTurn("support", "ivan"), TakeTurn("billing", "olga")), "s1")
        write(session, decided(TakeTurn("support", "petr")), "s2")
        assert context_of(session).turns == (("billing", "olga"), ("support", "petr"))


def test_what_is_learned_of_a_customer_adds_up(database: Database) -> None:
    def learn(session: Session, name: str, language: str | None, spool_id: str) -> None:
        effect = KnowCustomer(mailbox("Dana@client.example", name), language)
        write(session, decided(effect), spool_id, NOON + MINUTE)

    with database.transaction() as session:
        assert context_of(session).customer is None
        write(session, opened(1), "s1")
        learn(session, "Dana", None, "s2")
        learn(session, "", "uk", "s3")
        found = context_of(session).customer
    assert found is not None
    assert (found.person, found.name, found.language) == (DANA, "Dana", "uk")
    assert (found.first_seen_at, found.tickets_count) == (NOON + MINUTE, 1)


# Held mail.


def test_a_held_mail_waits_is_released_decided_again_and_done(database: Database) -> None:
    held = held_mail("H1", "s1", number=None)
    brackets = (("close", ""), ("assign", "olga"))

    def again(session: Session) -> Reading:
        return reading("s1")

    with database.transaction() as session:
        write(session, decided(Hold(held), disposition=Disposition.HELD), "s1")
        assert next_numbers(session) == (1, 2)
        assert held_open(session) == (held,)
        assert held_to_decide(session, 10) == ()
        seen = look_up(session, again(session), now=NOON).seen
        assert seen is not None and seen.held_id == "H1"

        write(session, decided(EndHold("H1", "released", "@ivan", brackets)), "s2")
        ((found, grant),) = held_to_decide(session, 10)
        assert (found.state, found.envelope) == ("released", held.envelope)
        assert (grant.held_id, grant.by, grant.permits) == ("H1", "@ivan", "origin")
        assert grant.brackets == (
            Bracket("close", "", "[close]"),
            Bracket("assign", "olga", "[assign:olga]"),
        )
        assert look_up(session, again(session), now=NOON).seen is None

        write(session, opened(1), "s1.H1", raw_sha256="raw-s1")
        end_release(session, "H1")
        assert held_to_decide(session, 10) == ()
        assert held_open(session) == ()
        assert look_up(session, again(session), now=NOON).seen is not None


def test_a_held_mail_ends_once(database: Database) -> None:
    with database.transaction() as session:
        write(session, decided(Hold(held_mail("H1"))), "s1")
        write(session, decided(EndHold("H1", "dropped", "@ada")), "s2")
        write(session, decided(EndHold("H1", "released", "@ivan")), "s3")
        assert held_to_decide(session, 10) == ()
        end_release(session, "H1")
        assert held_open(session) == ()


def test_a_confirm_token_finds_what_it_is_about(database: Database) -> None:
    held = held_mail("H1")
    confirm = token("confirm", 0, purpose=Purpose.CONFIRM, ticket_uuid="", held_id="H1")
    with database.transaction() as session:
        write(session, decided(Hold(held), IssueToken(confirm)), "s1")
        assert context_of(session, **with_token("confirm")).waiting == (held,)
        assert context_of(session).waiting == ()
