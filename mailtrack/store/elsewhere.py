"""What an agent was told of lately, in whatever ticket: another customer's words, mostly.

Asked for the guard of ``desk.others_words``. It reads the entries as they are now, so that an
erasure or a redaction needs no place of its own here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from mailtrack.store.tables import ENTRY, LETTER
from mailtrack.tickets.context import Elsewhere
from mailtrack.tickets.ticket import EntryKind, PersonId

TOLD_WITHIN: Final = timedelta(days=14)
LETTERS_MAX: Final = 60  # the latest: what somebody has at hand, and pastes from by mistake
ENTRIES_MAX: Final = 60
TEXT_CHARS_MAX: Final = 4_000  # of one entry
TEXTS_CHARS_MAX: Final = 16_000  # of all: to read and compare them costs under a millisecond

_TOLD: Final = (
    select(LETTER.c.number)
    .where(
        LETTER.c.person == bindparam("agent"),
        LETTER.c.number.is_not(None),
        LETTER.c.written_at > bindparam("since"),
    )
    .order_by(LETTER.c.id.desc())
    .limit(bindparam("letters"))
)
# By the index alone, before any text is read: a ticket may hold thousands of them.
_LATEST: Final = (
    select(ENTRY.c.id)
    .where(ENTRY.c.number.in_(select(_TOLD.subquery().c.number)))
    .order_by(ENTRY.c.id.desc())
    .limit(bindparam("entries"))
)
_SAID: Final = (
    select(
        ENTRY.c.number,
        ENTRY.c.author,
        ENTRY.c.kind,
        func.substr(ENTRY.c.text, 1, TEXT_CHARS_MAX).label("text"),
    )
    .where(ENTRY.c.id.in_(_LATEST.scalar_subquery()))
    .order_by(ENTRY.c.id.desc())
)


def said_elsewhere(
    connection: Connection, agent: PersonId, *, now: datetime
) -> tuple[Elsewhere, ...]:
    """What was said in the tickets that this agent had letters about, the newest first."""
    asked = {
        "agent": agent,
        "since": now - TOLD_WITHIN,
        "letters": LETTERS_MAX,
        "entries": ENTRIES_MAX,
    }
    found, room = list[Elsewhere](), TEXTS_CHARS_MAX
    for row in connection.execute(_SAID, asked):
        room -= len(row.text)
        if room < 0:
            break
        found.append(Elsewhere(row.number, row.author, EntryKind(row.kind), row.text))
    return tuple(found)
