"""The books of the desk, read whole and compared with each other: for ``mailtrack fsck``.

Nothing is changed here; ``repair`` makes anew what is derived from something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DatabaseError

from mailtrack.store.codec import attachments_from_json, mail_from_json, texts_from_json
from mailtrack.store.database import Session
from mailtrack.store.personal import ERASED_KEY
from mailtrack.store.status import HANDLED_COUNT
from mailtrack.store.tables import (
    AGENT,
    ENTRY,
    LETTER,
    LETTER_MAIL,
    RECEIPT,
    TAG,
    TICKET,
    LetterState,
)
from mailtrack.store.writing import LOAD
from mailtrack.tickets.decision import Disposition

# A lease is a minute: a claim this old belongs to nobody who is alive.
CLAIM_AGE_MAX: Final = timedelta(minutes=10)
BROKEN_ROWS_SAID_MAX: Final = 5

_INDEX_CHECK: Final = text(
    "INSERT INTO entry_search(entry_search, rank) VALUES('integrity-check', 1)"
)
_LOADS: Final = (
    select(TICKET.c.owner, func.count().label("tickets"))
    .where(TICKET.c.owner.is_not(None), TICKET.c.status.in_(LOAD))
    .group_by(TICKET.c.owner)
)


@dataclass(frozen=True, slots=True)
class HandledMail:
    """One mail that has a receipt."""

    spool_id: str
    raw_sha256: str | None
    is_quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Needed:
    """A raw mail that something in the books is read from, and what that is, in words."""

    raw_sha256: str
    by: str


@dataclass(frozen=True, slots=True)
class Audit:
    """All receipts of mails, oldest first, and what does not fit, as sentences.

    ``handled`` counts a mail once, though one that was released has two receipts.

    ``mendable`` is what ``repair`` can make right, ``problems`` what it cannot.
    """

    handled: int
    receipts: tuple[HandledMail, ...]
    needed: tuple[Needed, ...]
    problems: tuple[str, ...]
    mendable: tuple[str, ...] = ()


def broken_pages(session: Session) -> tuple[str, ...]:
    """What SQLite itself finds wrong with its file; nothing else is worth asking then."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return ()
    found = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
    said = (" ".join(str(one).split()) for one in found if one != "ok")
    return tuple(f"the database file is damaged: {one}" for one in said)


def audit(session: Session, *, now: datetime) -> Audit:
    """Read and compare everything; takes time on a large desk, and holds nobody up."""
    connection = session.connection()
    mails = connection.execute(
        select(RECEIPT.c.spool_id, RECEIPT.c.raw_sha256, RECEIPT.c.disposition)
        .where(RECEIPT.c.is_tick.is_(False), RECEIPT.c.sender_key.is_distinct_from(ERASED_KEY))
        .order_by(RECEIPT.c.at)
    )
    receipts = tuple(
        HandledMail(row.spool_id, row.raw_sha256, row.disposition == Disposition.QUARANTINED)
        for row in mails
    )
    return Audit(
        connection.execute(HANDLED_COUNT).scalar_one(),
        receipts,
        tuple(_needed(connection)),
        (*_broken_references(connection), *_tickets_that_do_not_fit(connection)),
        (*_derived(connection), *_stale_claims(connection, now)),
    )


def index_problem(session: Session) -> str | None:
    """What is wrong with the full text index; None if it says what the entries say.

    The question takes the write lock for as long as it takes to read all entries.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return None
    try:
        with connection.begin_nested():
            connection.execute(_INDEX_CHECK)
    except DatabaseError:
        return "the search index does not agree with the entries"
    return None


def _needed(connection: Connection) -> Iterator[Needed]:
    """The raw mails whose attachments a letter that has not left still has to carry."""
    waiting = (
        select(LETTER.c.letter_id, LETTER.c.number, LETTER_MAIL.c.mail)
        .join(LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id)
        .where(LETTER.c.state.in_((LetterState.WAITING.value, LetterState.CLAIMED.value)))
    )
    for row in connection.execute(waiting):
        for ref in mail_from_json(row.mail).attachments:
            yield Needed(ref.raw_sha256, f"letter {row.letter_id} of ticket #{row.number}")
    said = select(ENTRY.c.number, ENTRY.c.attachments).where(ENTRY.c.attachments != "[]")
    for number, attachments in connection.execute(said):
        for ref in attachments_from_json(attachments):
            yield Needed(ref.raw_sha256, f"a file in ticket #{number}")


def _broken_references(connection: Connection) -> Iterator[str]:
    numbers = set(connection.execute(select(TICKET.c.number)).scalars())
    for row in connection.execute(select(RECEIPT.c.spool_id, RECEIPT.c.number)):
        if row.number is not None and row.number not in numbers:
            yield f"receipt {row.spool_id} names ticket #{row.number}, which is not there"
    for row in connection.execute(select(LETTER.c.letter_id, LETTER.c.number)):
        if row.number is not None and row.number not in numbers:
            yield f"letter {row.letter_id} is about ticket #{row.number}, which is not there"
    wordless = (
        select(LETTER.c.letter_id)
        .outerjoin(LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id)
        .where(LETTER_MAIL.c.letter_id.is_(None), LETTER.c.due_at.is_not(None))
    )
    for letter_id in connection.execute(wordless).scalars():
        yield f"letter {letter_id} waits, but its words are not there"
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(
            BROKEN_ROWS_SAID_MAX
        )
        for table, row_id, parent, _ in broken:
            yield f"row {row_id} of table {table} refers to a {parent} that is not there"


def _tickets_that_do_not_fit(connection: Connection) -> Iterator[str]:
    silent = select(TICKET.c.number).where(
        TICKET.c.number.not_in(select(ENTRY.c.number).distinct())
    )
    for number in connection.execute(silent.order_by(TICKET.c.number)).scalars():
        yield f"ticket #{number} has no entry"


def _derived(connection: Connection) -> Iterator[str]:
    indexed = {(row.tag, row.number) for row in connection.execute(select(TAG))}
    if indexed != tags_said(connection):
        yield "the index of tags does not agree with the tickets"
    for name, tickets in loads_that_differ(connection):
        yield f"agent {name} has {tickets} open tickets, and another number is written down"


def _stale_claims(connection: Connection, now: datetime) -> Iterator[str]:
    old = (
        select(func.count())
        .select_from(LETTER)
        .where(LETTER.c.state == LetterState.CLAIMED.value)
        .where(LETTER.c.due_at < now - CLAIM_AGE_MAX)
    )
    count = connection.execute(old).scalar_one()
    if count:
        letters = "letter is" if count == 1 else "letters are"
        yield f"{count} {letters} claimed by a sender that is gone"


def tags_said(connection: Connection) -> set[tuple[str, int]]:
    """Each tag of each ticket, as the tickets themselves say."""
    tickets = connection.execute(
        select(TICKET.c.number, TICKET.c.tags).where(TICKET.c.tags != "[]")
    )
    return {(tag, row.number) for row in tickets for tag in texts_from_json(row.tags)}


def loads_that_differ(connection: Connection) -> tuple[tuple[str, int], ...]:
    """The agents whose load is written down wrongly, with the right number."""
    counted = {row.owner: row.tickets for row in connection.execute(_LOADS)}
    written = connection.execute(select(AGENT.c.name, AGENT.c.open_tickets))
    return tuple(
        (row.name, counted.get(row.name, 0))
        for row in written
        if row.open_tickets != counted.get(row.name, 0)
    )
