"""Tickets as they stand, read whole but bounded: the recent of what was said and changed.

Every statement goes by a key that starts with the ticket's number, so a look-up costs the same
in a desk of ten tickets and of a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Integer, Select, bindparam, func, or_, select

from mailtrack.store import rows
from mailtrack.store.codec import trace_from_json
from mailtrack.store.tables import (
    CLOCK,
    ENTRY,
    JOURNAL,
    KNOWN_ID,
    LINK,
    PARTICIPANT,
    RECEIPT,
    TICKET,
    TOKEN,
)
from mailtrack.tickets.ticket import Ticket
from mailtrack.tickets.token import Purpose, Token

ENTRIES_MAX: Final = 50
TEXT_CHARS_MAX: Final = 65_536  # of one entry
JOURNAL_MAX: Final = 50
THREAD_MAX: Final = 200
PARTICIPANTS_MAX: Final = 200
TOKENS_MAX: Final = 200
LINKS_MAX: Final = 100
TRACES_MAX: Final = 3  # and that of the decision that opened it, which says where it went
MERGE_HOPS_MAX: Final = 20

_NUMBER: Final = bindparam("number", type_=Integer)
_TICKET: Final = select(TICKET).where(TICKET.c.number == _NUMBER)
_PARTICIPANTS: Final = (
    select(PARTICIPANT)
    .where(PARTICIPANT.c.number == _NUMBER)
    .order_by(PARTICIPANT.c.id)
    .limit(PARTICIPANTS_MAX)
)
# A mail may hold a megabyte of text; fifty of them at once help nobody.
_TEXT: Final = func.substr(ENTRY.c.text, 1, TEXT_CHARS_MAX).label("text")
_ENTRIES: Final = (
    select(*(column for column in ENTRY.c if column.name != "text"), _TEXT)
    .where(ENTRY.c.number == _NUMBER)
    .order_by(ENTRY.c.id.desc())
    .limit(ENTRIES_MAX)
)
_ENTRIES_COUNT: Final = select(func.count()).select_from(ENTRY).where(ENTRY.c.number == _NUMBER)
_JOURNAL: Final = (
    select(JOURNAL)
    .where(JOURNAL.c.number == _NUMBER)
    .order_by(JOURNAL.c.id.desc())
    .limit(JOURNAL_MAX)
)
_THREAD: Final = (
    select(KNOWN_ID)
    .where(KNOWN_ID.c.number == _NUMBER)
    .order_by(KNOWN_ID.c.id.desc())
    .limit(THREAD_MAX)
)
# No bound: there is at most one clock an answer, and `SetClocks` has to name them all.
_CLOCKS: Final = (
    select(CLOCK)
    .where(CLOCK.c.number == _NUMBER)
    .order_by(CLOCK.c.started_at, CLOCK.c.metric, CLOCK.c.cycle)
)
# A ticket has a bounce token a letter, which nobody asks for by ticket.
_TOKENS: Final = (
    select(TOKEN)
    .where(
        TOKEN.c.number == _NUMBER,
        or_(TOKEN.c.purpose == Purpose.REPLY.value, TOKEN.c.purpose == Purpose.NOTE.value),
        TOKEN.c.is_revoked.is_(False),
    )
    .order_by(TOKEN.c.issued_at.desc(), TOKEN.c.handle)
    .limit(TOKENS_MAX)
)
_TRACES: Final = select(RECEIPT.c.spool_id, RECEIPT.c.trace).where(RECEIPT.c.number == _NUMBER)
_FIRST_TRACE: Final = _TRACES.order_by(RECEIPT.c.at).limit(1)
_LAST_TRACES: Final = _TRACES.order_by(RECEIPT.c.at.desc()).limit(TRACES_MAX)
_LINKS: Final = (
    select(LINK.c.other).where(LINK.c.number == _NUMBER).order_by(LINK.c.other).limit(LINKS_MAX)
)


def load_tickets(
    connection: Connection, numbers: Iterable[int], *, now: datetime | None = None
) -> tuple[Ticket, ...]:
    """The tickets of these numbers in this order, then those they were merged into.

    Numbers of no ticket are passed over. Tokens that have expired at ``now`` are left out.
    """
    found: dict[int, Ticket] = {}
    wanted = tuple(dict.fromkeys(numbers))
    for _ in range(1 + MERGE_HOPS_MAX):
        loaded = tuple(_load(connection, number, now=now) for number in wanted)
        found |= {ticket.number: ticket for ticket in loaded if ticket is not None}
        heirs = (ticket.merged_into for ticket in loaded if ticket is not None)
        wanted = tuple(dict.fromkeys(one for one in heirs if one and one not in found))
        if not wanted:
            break
    return tuple(found.values())


def with_reasons(connection: Connection, ticket: Ticket) -> Ticket:
    """The ticket with the trace of the decision that opened it, and of the latest."""
    asked = {"number": ticket.number}
    latest = connection.execute(_LAST_TRACES, asked).all()
    receipts = (*connection.execute(_FIRST_TRACE, asked), *reversed(latest))
    traces = {row.spool_id: row.trace for row in receipts}
    reasons = (reason for trace in traces.values() for reason in trace_from_json(trace))
    return replace(ticket, reasons=tuple(reasons))


def _load(connection: Connection, number: int, *, now: datetime | None) -> Ticket | None:
    asked = {"number": number}

    def found(statement: Select[*tuple[object, ...]]) -> Sequence[rows.Found]:
        return connection.execute(statement, asked).all()

    row = connection.execute(_TICKET, asked).first()
    if row is None:
        return None
    tokens = (rows.token_from(row) for row in reversed(found(_TOKENS)))
    entries = found(_ENTRIES)
    are_all = len(entries) < ENTRIES_MAX
    count = len(entries) if are_all else connection.execute(_ENTRIES_COUNT, asked).scalar_one()
    return replace(
        rows.ticket_from(row),
        linked=tuple(row.other for row in found(_LINKS)),
        participants=tuple(map(rows.participant_from, found(_PARTICIPANTS))),
        entries=tuple(map(rows.entry_from, reversed(entries))),
        entries_before=count - len(entries),
        journal=tuple(map(rows.journal_row_from, reversed(found(_JOURNAL)))),
        clocks=tuple(map(rows.clock_from, found(_CLOCKS))),
        tokens=tuple(token for token in tokens if _is_live(token, now)),
        thread=tuple(map(rows.thread_id_from, reversed(found(_THREAD)))),
    )


def _is_live(token: Token, now: datetime | None) -> bool:
    return now is None or token.expires_at is None or now < token.expires_at
