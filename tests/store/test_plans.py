"""The hot path goes by keys: no statement of it reads a table that grows from end to end."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event
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

from mailtrack.store.database import Database, Session
from mailtrack.store.lookup import held_to_decide, look_up, look_up_tick, next_numbers
from mailtrack.store.outgoing import claim, mark_retry, mark_sent, next_due_at
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    EndHold,
    Field,
    Hold,
    Join,
    KnowCustomer,
    Leave,
    LetterBounced,
    LinkTickets,
    MoveEntry,
    RevokeToken,
    SetAway,
    SetClocks,
    StopLetter,
    TakeTurn,
    WithdrawEntry,
)
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.ticket import Part
from mailtrack.tickets.token import Purpose, TokenText

# One row an agent, or a group of them; and the rows of SQLite's own making.
SMALL = {"agent", "turn", "CONSTANT"}


@contextmanager
def plans() -> Iterator[dict[str, list[str]]]:
    """What SQLite does for each statement that is executed meanwhile."""
    seen: dict[str, list[str]] = {}

    def explain(_c: object, cursor: object, sql: str, values: object, *_: object) -> None:
        if sql not in seen and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b", sql):
            one = values[0] if isinstance(values, list) else values
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", one)
            seen[sql] = [row[3] for row in cursor.fetchall()]

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def tables_scanned(steps: list[str]) -> set[str]:
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN ")}
    return {name for name in scanned if not name.startswith(("(", "anon"))} - SMALL


def everything(session: Session) -> None:
    """Each question and each effect of the hot path, once."""
    clock = Clock(Metric.UPDATE, 1, "gold", ClockState.RUNNING, NOON, 60, next_rung_at=NOON)
    write(session, opened(1, owner="ivan"), "s1")
    write(session, opened(2), "s2")
    effects = (
        AddEntry(entry("x")),
        WithdrawEntry(1, "x"),
        MoveEntry(1, entry("x", number=2), "@ivan"),
        *(Change(1, field, "", "closed", "@ivan") for field in (Field.STATUS, Field.TAGS)),
        Change(1, Field.OWNER, "ivan", "olga", "@ivan"),
        Join(1, participant("@olga", Part.WATCHER), "@ivan"),
        Leave(1, "@olga", "@ivan"),
        LinkTickets(1, 2),
        RevokeToken("none"),
        SetClocks(1, (clock,)),
        SetClocks(1, ()),
        SetClocks(1, (clock,)),
        Hold(held_mail("H1")),
        EndHold("H1", "released", "@ivan"),
        StopLetter("none", "@ivan"),
        TakeTurn("support", "ivan"),
        KnowCustomer(mailbox(DANA, "Dana"), "en"),
        KnowCustomer(mailbox(DANA, "Dana C"), "uk"),
        SetAway("ivan", None),
        LetterBounced("none", None, "", is_permanent=False),
    )
    bounce = token("bounce22", purpose=Purpose.BOUNCE, letter_id="l1")
    confirm = token("confirm2", purpose=Purpose.CONFIRM, held_id="H1")
    letters = (letter("l1", tokens=(token(), bounce, confirm)), letter("l2"), letter("l3", 2))
    write(session, decided(*effects, letters=letters), "s3")
    handles = ("handle22", "bounce22", "confirm2")
    asked = reading(
        "s4",
        agent="ivan",
        tokens=tuple(TokenText(Purpose.REPLY, "a", handle, "mac") for handle in handles),
        known_ids=("<l1@help.example>", "<e2@client.example>"),
        numbers=(1, 2),
        has_words=True,
        typed_tokens=(TokenText(Purpose.REPLY, "a", "handle22", "mac"),),
        brackets=(Bracket("why", "", "[why]"),),
    )
    look_up(session, asked, now=NOON + MINUTE)
    look_up_tick(session, now=NOON, limit=10)
    next_numbers(session)
    held_to_decide(session, 10)
    claim(session, now=NOON, limit=1, lease=MINUTE)
    mark_retry(session, "l1", NOON, "451")
    claim(session, now=NOON, limit=1, lease=MINUTE)
    mark_sent(session, "l1", NOON)
    next_due_at(session, NOON)


def test_no_statement_of_the_hot_path_reads_a_whole_table(database: Database) -> None:
    with plans() as seen, database.transaction() as session:
        everything(session)
    assert len(seen) > 50  # else this test looks at nothing
    assert {sql: steps for sql, steps in seen.items() if tables_scanned(steps)} == {}


@pytest.mark.parametrize(
    ("step", "tables"),
    [
        ("SCAN letter", {"letter"}),
        ("SCAN letter USING INDEX letter_due", {"letter"}),
        ("SEARCH letter USING INDEX letter_due (due_at<?)", set()),
        ("SCAN agent", set()),
        ("SCAN (subquery-2)", set()),
    ],
)
def test_a_scan_is_told_from_a_search(step: str, tables: set[str]) -> None:
    assert tables_scanned([step]) == tables
