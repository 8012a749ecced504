"""What a decision writes beside its ticket: tokens, letters, clocks, people, held mail."""

from datetime import timedelta

from sqlalchemy import select
from store.desk import (
    DANA,
    MINUTE,
    NOON,
    context_of,
    decided,
    held_mail,
    kept,
    letter,
    mailbox,
    opened,
    reading,
    token,
    write,
)

from mailtrack.store.database import Database, Session
from mailtrack.store.ledger import end_release
from mailtrack.store.lookup import (
    held_open,
    held_to_decide,
    look_up,
    look_up_tick,
    next_numbers,
)
from mailtrack.store.tables import LETTER, TOKEN
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.decision import (
    Change,
    Decision,
    Disposition,
    EndHold,
    Field,
    Hold,
    IssueToken,
    KnowCustomer,
    Leave,
    LetterBounced,
    RevokeToken,
    SetAway,
    SetClocks,
    StopLetter,
    TakeTurn,
)
from mailtrack.tickets.reading import Bracket, Reading
from mailtrack.tickets.ticket import (
    Status,
)
from mailtrack.tickets.token import Purpose, TokenText


def with_token(handle: str) -> dict[str, object]:
    return {"tokens": (TokenText(Purpose.CONFIRM, "a", handle, "mac"),)}


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
