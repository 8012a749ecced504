"""What is kept of one person, as plain values for the files of an export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, or_, select

from mailtrack.store.personal import Belongings
from mailtrack.store.tables import CUSTOMER, ENTRY, LETTER, LETTER_MAIL, TICKET

PageOf = tuple[str, dict[str, Any]]


def pages_of(connection: Connection, found: Belongings) -> Iterator[PageOf]:
    """``(name of the file, its content)``: the person, each ticket, each letter to them.

    What only agents see stands in a folder of its own, ``internal/``: whether it may be
    handed out is for the admin to judge.
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
        for folder, visibility in (("tickets", "public"), ("internal", "internal")):
            entries = [
                _entry(row)
                for row in said
                if row.visibility == visibility and (is_own or row.author == found.person)
            ]
            if entries or folder == "tickets":
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
