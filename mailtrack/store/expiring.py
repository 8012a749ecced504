"""Tickets whose time is over: their words and people are forgotten, their numbers stay."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, select, update

from mailtrack.store.codec import texts_from_json
from mailtrack.store.personal import (
    ERASED_KEY,
    ERASED_TEXT,
    LEGAL_HOLD,
    Erased,
    empty_letters,
    still_needed,
)
from mailtrack.store.search import index_entry, unindex_entry
from mailtrack.store.tables import (
    CUSTOMER,
    ENTRY,
    HELD,
    KNOWN_ID,
    LETTER,
    PARTICIPANT,
    RECEIPT,
    TICKET,
    TOKEN,
)

TICKETS_MAX: Final = 100  # in one transaction: mail waits to be decided meanwhile
EXPIRED: Final = "expired-"
_FIND: Final = select(TICKET.c.number, TICKET.c.tags).where(
    ~TICKET.c.requester.startswith(EXPIRED)
)


def expired(connection: Connection, *, before: datetime) -> tuple[int, ...]:
    """The oldest tickets that were finished before then and are not forgotten yet."""
    found = connection.execute(
        _FIND.where(TICKET.c.finished_at < before).order_by(TICKET.c.number)
    )
    free = (row.number for row in found if LEGAL_HOLD not in texts_from_json(row.tags))
    return tuple(number for number, _ in zip(free, range(TICKETS_MAX), strict=False))


def expire(connection: Connection, numbers: tuple[int, ...]) -> Erased:
    """Forget what was said in these tickets, and by whom."""
    raws = _raws(connection, numbers)
    said = select(ENTRY.c.id).where(ENTRY.c.number.in_(numbers))
    ids = tuple(connection.execute(said).scalars())
    for row_id in ids:
        unindex_entry(connection, row_id)
    _expire_entries(connection, ids)
    for number in numbers:
        _expire_people(connection, number)
    for row_id in ids:
        index_entry(connection, row_id)
    letters = _expire_letters(connection, numbers)
    raws -= set(still_needed(connection, raws))
    for raw in raws:
        connection.execute(
            update(RECEIPT)
            .where(RECEIPT.c.raw_sha256 == raw)
            .values(sender_key=ERASED_KEY, message_id=None)
        )
    connection.execute(
        update(RECEIPT).where(RECEIPT.c.number.in_(numbers)).values(person=None, trace="[]")
    )
    connection.execute(
        update(HELD)
        .where(HELD.c.number.in_(numbers))
        .values(subject=ERASED_TEXT, sender_shown=ERASED_TEXT)
    )
    return Erased(len(ids), letters, tuple(sorted(raws)), ())


def _raws(connection: Connection, numbers: tuple[int, ...]) -> set[str]:
    asked = (
        select(RECEIPT.c.raw_sha256).where(RECEIPT.c.number.in_(numbers)),
        select(ENTRY.c.raw_sha256).where(ENTRY.c.number.in_(numbers)),
    )
    return {one for each in asked for one in connection.execute(each).scalars() if one}


def _expire_entries(connection: Connection, ids: tuple[int, ...]) -> None:
    connection.execute(
        update(ENTRY)
        .where(ENTRY.c.id.in_(ids))
        .values(
            subject=ERASED_TEXT,
            text=ERASED_TEXT,
            author_shown=ERASED_TEXT,
            attachments="[]",
            raw_sha256=None,
            message_id=None,
        )
    )


def _expire_people(connection: Connection, number: int) -> None:
    """Customers become tombstones of this ticket; who of us worked on it stays known."""
    there = connection.execute(select(PARTICIPANT).where(PARTICIPANT.c.number == number)).all()
    for row in there:
        if row.person.startswith("@"):
            continue
        stone = f"{EXPIRED}{number}-{row.id}"
        key = f"{stone}@invalid"
        connection.execute(
            update(PARTICIPANT)
            .where(PARTICIPANT.c.id == row.id)
            .values(person=key, name="", local=stone, domain="invalid")
        )
        authored = (ENTRY.c.number == number) & (ENTRY.c.author == row.person)
        connection.execute(update(ENTRY).where(authored).values(author=key))
    connection.execute(
        update(TICKET)
        .where(TICKET.c.number == number)
        .values(subject=ERASED_TEXT, requester=f"{EXPIRED}{number}@invalid")
    )
    connection.execute(delete(KNOWN_ID).where(KNOWN_ID.c.number == number))
    connection.execute(update(TOKEN).where(TOKEN.c.number == number).values(is_revoked=True))
    gone = [row.person for row in there if not row.person.startswith("@")]
    needed = select(PARTICIPANT.c.person).where(PARTICIPANT.c.person.in_(gone))
    connection.execute(
        delete(CUSTOMER).where(CUSTOMER.c.person.in_(gone), CUSTOMER.c.person.not_in(needed))
    )


def _expire_letters(connection: Connection, numbers: tuple[int, ...]) -> int:
    of_these = LETTER.c.number.in_(numbers)
    ids = tuple(connection.execute(select(LETTER.c.letter_id).where(of_these)).scalars())
    empty_letters(connection, ids)
    to_customers = of_these & ~LETTER.c.person.startswith("@")
    connection.execute(update(LETTER).where(of_these).values(subject=ERASED_TEXT, reason=""))
    connection.execute(
        update(LETTER)
        .where(to_customers)
        .values(person="expired@invalid", recipient="expired@invalid", domain="invalid")
    )
    return len(ids)
