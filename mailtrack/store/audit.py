"""The books of the desk, read whole and compared with each other: for ``mailtrack fsck``."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from mailtrack.store.database import Session
from mailtrack.store.tables import ENTRY, LETTER, RECEIPT, TICKET


@dataclass(frozen=True, slots=True)
class HandledMail:
    """One mail that has a receipt."""

    spool_id: str
    raw_sha256: str | None


@dataclass(frozen=True, slots=True)
class Audit:
    """All receipts of mails, oldest first, and what does not fit, as sentences."""

    receipts: tuple[HandledMail, ...]
    problems: tuple[str, ...]


def audit(session: Session) -> Audit:
    """Read and compare everything; takes time on a large desk, and holds nobody up."""
    connection = session.connection()
    mails = connection.execute(
        select(RECEIPT.c.spool_id, RECEIPT.c.raw_sha256)
        .where(RECEIPT.c.is_tick.is_(False))
        .order_by(RECEIPT.c.at)
    )
    receipts = tuple(HandledMail(row.spool_id, row.raw_sha256) for row in mails)
    numbers = {row.number for row in connection.execute(select(TICKET.c.number))}
    problems = [
        f"receipt {row.spool_id} names ticket #{row.number}, which is not there"
        for row in connection.execute(select(RECEIPT.c.spool_id, RECEIPT.c.number))
        if row.number is not None and row.number not in numbers
    ]
    problems += [
        f"letter {row.letter_id} is about ticket #{row.number}, which is not there"
        for row in connection.execute(select(LETTER.c.letter_id, LETTER.c.number))
        if row.number is not None and row.number not in numbers
    ]
    with_entries = {row.number for row in connection.execute(select(ENTRY.c.number).distinct())}
    problems += [f"ticket #{number} has no entry" for number in sorted(numbers - with_entries)]
    return Audit(receipts, tuple(problems))
