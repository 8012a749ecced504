"""What is kept of one person, as plain values for the files of an export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, or_, select

from mailtrack.store.personal import Belongings
from mailtrack.store.rows import entry_from
from mailtrack.store.tables import CUSTOMER, ENTRY, LETTER, LETTER_MAIL, TICKET
from mailtrack.tickets.ticket import Entry, Part

PageOf = tuple[str, dict[str, Any]]
# Whether the person, who is that to the ticket, may read an entry: the desk knows.
MayRead = Callable[[Entry, Part | None], bool]
OPEN: Final = "tickets"
INTERNAL: Final = "internal"


def pages_of(connection: Connection, found: Belongings, may_read: MayRead) -> Iterator[PageOf]:
    """``(name of the file, its content)``: the person, each ticket, each letter to them.

    What ``may_read`` keeps from them stands in a folder of its own, ``internal/``: whether it
    may be handed out is for the admin to judge.
    """
    known = connection.execute(
        select(CUSTOMER).where(CUSTOMER.c.person == found.person)
    ).first()
    yield "person.json", {"person": found.person, **(known._asdict() if known else {})}
    numbers = sorted((*found.own, *found.others, *found.kept))
    for ticket in connection.execute(
        select(TICKET).where(TICKET.c.number.in_(numbers)).order_by(TICKET.c.number)
    ):
        said = connection.execute(
            select(ENTRY).where(ENTRY.c.number == ticket.number).order_by(ENTRY.c.id)
        ).all()
        is_own = ticket.number not in found.others
        theirs = [row for row in said if is_own or row.author == found.person]
        part = Part.REQUESTER if is_own else None
        for folder in (OPEN, INTERNAL):
            entries = [
                _entry(row)
                for row in theirs
                if may_read(entry_from(row), part) is (folder == OPEN)
            ]
            if entries or folder == OPEN:
                facts = {
                    "number": ticket.number,
                    "subject": ticket.subject,
                    "status": ticket.status,
                    "opened_at": ticket.opened_at,
                    "finished_at": ticket.finished_at,
                    "entries": entries,
                }
                yield f"{folder}/{ticket.number}.json", facts
    to_them = or_(LETTER.c.person == found.person, LETTER.c.recipient == found.person)
    letters = (
        select(LETTER, LETTER_MAIL.c.text)
        .join(LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id)
        .where(to_them)
        .order_by(LETTER.c.id)
    )
    for row in connection.execute(letters):
        yield (
            f"letters/{row.letter_id}.json",
            {
                "to": row.recipient,
                "subject": row.subject,
                "written_at": row.written_at,
                "state": row.state,
                "text": row.text,
            },
        )


def _entry(row: object) -> dict[str, object]:
    names = ("kind", "author_shown", "at", "subject", "text", "message_id", "raw_sha256")
    return {name: getattr(row, name) for name in names}
