"""The one look-up of a mail: all that is known about what it asks, in a bounded number of keys.

Nothing is changed here and nothing is judged: what a claim is worth, ``desk`` decides.
Read ``tickets`` for how a ticket is read whole, ``ledger`` for the other direction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select, union_all

from mailtrack.mail.address import address_from
from mailtrack.store import rows
from mailtrack.store.brakes import recent_automatic
from mailtrack.store.codec import texts_from_json
from mailtrack.store.database import Session
from mailtrack.store.elsewhere import said_elsewhere
from mailtrack.store.guesses import guesses_of
from mailtrack.store.letters import is_sent, is_unsent, letter_of, recent_letters
from mailtrack.store.lists import (
    lines_of_numbers,
    lines_of_owner,
    lines_of_queue,
    lines_of_requester,
)
from mailtrack.store.personal import ERASED_KEY
from mailtrack.store.search import find
from mailtrack.store.storms import marks_due, marks_in_force
from mailtrack.store.tables import (
    AGENT,
    CLOCK,
    CUSTOMER,
    HELD,
    JOURNAL,
    KNOWN_ID,
    RECEIPT,
    TICKET,
    TOKEN,
    TURN,
    HeldState,
)
from mailtrack.store.tickets import load_tickets, with_reasons
from mailtrack.store.waiting import named
from mailtrack.tickets.context import (
    AgentState,
    Context,
    CustomerRecord,
    Grant,
    Guesses,
    HeldMail,
    KnownId,
    Receipt,
)
from mailtrack.tickets.decision import Disposition
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.reading import Reading
from mailtrack.tickets.storm import StormDue, StormMark
from mailtrack.tickets.ticket import (
    SPLIT_FROM,
    SPLIT_OFF,
    JournalRow,
    PersonId,
    Ticket,
    TicketLine,
    agent_id,
)
from mailtrack.tickets.token import Purpose, Token, TokenText

SAME_BYTES_WITHIN: Final = timedelta(days=400)
SAME_CONTENT_WITHIN: Final = timedelta(minutes=10)
UNDO_WITHIN: Final = timedelta(days=7)
INVOLVED_MAX: Final = 50
KNOWN_IDS_MAX: Final = 200
UNDOABLE_MAX: Final = 100
HELD_MAX: Final = 200
TICKETS_COUNTED_MAX: Final = 1_000
NUMBER_DIGITS_MAX: Final = 9
LINKED_MAX: Final = 10
_NAMED_BY: Final = frozenset({"show", "merge", "link"})

# A mail that was released is decided once more, and one that could not be read may be tried
# again: neither is its own copy. A copy of a copy is judged by the first.
_IS_RELEASED: Final = exists().where(
    HELD.c.serial == RECEIPT.c.held_serial, HELD.c.state == HeldState.RELEASED.value
)
_IS_RETRIED: Final = and_(
    RECEIPT.c.disposition == Disposition.QUARANTINED.value,
    RECEIPT.c.spool_id == bindparam("spool_id"),
)
_COUNTS: Final = ~_IS_RELEASED & ~_IS_RETRIED
_IS_FIRST: Final = (RECEIPT.c.disposition != Disposition.DUPLICATE.value) & _COUNTS
_BY_ID: Final = select(RECEIPT).where(RECEIPT.c.spool_id == bindparam("spool_id"), _COUNTS)
_BY_BYTES: Final = select(RECEIPT).where(
    RECEIPT.c.raw_sha256 == bindparam("raw_sha256"),
    RECEIPT.c.at > bindparam("bytes_since"),
    _IS_FIRST,
)
_BY_CONTENT: Final = select(RECEIPT).where(
    RECEIPT.c.content_hash == bindparam("content_hash"),
    RECEIPT.c.content_hash != "",
    # What was erased is known by its content alone, and does not come back.
    or_(
        RECEIPT.c.sender_key == bindparam("sender_key"),
        RECEIPT.c.sender_key == ERASED_KEY,
    ),
    # Under its own id it is the same mail however late, say with one more Received line.
    or_(
        and_(RECEIPT.c.sender_key == ERASED_KEY, RECEIPT.c.at > bindparam("bytes_since")),
        RECEIPT.c.at > bindparam("content_since"),
        and_(
            RECEIPT.c.message_id == bindparam("message_id"),
            RECEIPT.c.at > bindparam("bytes_since"),
        ),
    ),
    _IS_FIRST,
)
_SEEN: Final = union_all(
    *(
        select(kind.order_by(RECEIPT.c.at).limit(1).subquery())
        for kind in (_BY_ID, _BY_BYTES, _BY_CONTENT)
    )
)
_TOKEN: Final = select(TOKEN).where(TOKEN.c.handle == bindparam("handle"))
# Of one id ours comes last, for a reader who keeps the last: an id that we issued is not
# shadowed by somebody who copies it into a mail of their own.
_KNOWN_IDS: Final = (
    select(KNOWN_ID)
    .where(KNOWN_ID.c.message_id.in_(bindparam("message_ids", expanding=True)))
    .order_by(KNOWN_ID.c.is_ours.desc(), KNOWN_ID.c.id.desc())
    .limit(KNOWN_IDS_MAX)
)
_TICKETS_COUNT: Final = (
    select(func.count())
    .select_from(
        select(TICKET.c.number)
        .where(TICKET.c.requester == bindparam("person"))
        .limit(TICKETS_COUNTED_MAX)
        .subquery()
    )
    .scalar_subquery()
    .label("tickets_count")
)
_TAGGED: Final = (
    select(TICKET.c.number, TICKET.c.partner_tags)
    .where(TICKET.c.requester == bindparam("person"), TICKET.c.partner_tags != "[]")
    .order_by(TICKET.c.opened_at.desc())
    .limit(INVOLVED_MAX)
)
_CUSTOMER: Final = select(CUSTOMER, _TICKETS_COUNT).where(
    CUSTOMER.c.person == bindparam("person")
)
_AGENTS: Final = select(AGENT).order_by(AGENT.c.name)
_TURNS: Final = select(TURN).order_by(TURN.c.group)
_HELD_IN: Final = select(HELD).where(HELD.c.state == bindparam("state")).order_by(HELD.c.serial)
_LAST_DECISION: Final = (
    select(JOURNAL)
    .where(
        JOURNAL.c.number == bindparam("number"),
        JOURNAL.c.actor == bindparam("actor"),
        JOURNAL.c.at > bindparam("since"),
    )
    .order_by(JOURNAL.c.id.desc())
    .limit(UNDOABLE_MAX)
)
_NEXT_NUMBERS: Final = select(
    select(func.max(TICKET.c.number)).scalar_subquery().label("ticket"),
    select(func.max(HELD.c.serial)).scalar_subquery().label("held"),
)
# Without GROUP BY, for which SQLite would read all clocks: a ticket may come up several times.
_DUE: Final = (
    select(CLOCK.c.number)
    .where(CLOCK.c.next_rung_at <= bindparam("now"))
    .order_by(CLOCK.c.next_rung_at)
    .limit(bindparam("limit"))
)


def look_up(session: Session, reading: Reading, *, now: datetime) -> Context:
    """All that is known about what this mail asks. See ``Context`` for each field."""
    connection = session.connection()
    tokens = _tokens(connection, reading)
    known_ids = _known_ids(connection, reading)
    partners = _of_partner(connection, reading)
    numbers = _numbers_named(reading, tokens, known_ids, partners)
    tickets = load_tickets(connection, numbers, now=now)
    involved = tuple(ticket.number for ticket in tickets)
    if reading.brackets:  # somebody may ask why, or take a merge or a split back
        tickets = _with_linked(connection, tickets, now=now)
        involved += _halves_of(tickets, involved)
        tickets = tuple(with_reasons(connection, ticket) for ticket in tickets)
    letters = recent_letters(connection, involved)
    person = agent_id(reading.agent) if reading.agent else reading.sender_key
    automatic = recent_automatic(connection, reading, person=person, tickets=tickets, now=now)
    if automatic.flood is not None and automatic.flood not in involved:
        tickets += load_tickets(connection, (automatic.flood,), now=now)
    return Context(
        seen=_seen(connection, reading, now=now),
        tokens=tokens,
        known_ids=known_ids,
        tickets=tickets,
        customer=_customer(connection, reading.sender_key),
        automatic=automatic,
        agents=agents(connection),
        marks=marks_in_force(connection, involved, now=now),
        turns=tuple((row.group, row.agent) for row in connection.execute(_TURNS)),
        bounced=_bounced(connection, tokens),
        sent=tuple(filter(is_sent, letters)),
        unsent=tuple(filter(is_unsent, letters)),
        guesses=guesses_of(connection, reading.peer, now=now)
        if reading.tokens or reading.id_tokens
        else Guesses(),
        undoable=_undoable(
            connection, reading.agent, numbers=[one.number for one in tickets], now=now
        ),
        found=tuple(
            _answer(connection, what, argument, now=now) for what, argument in reading.wants
        ),
        waiting=named(connection, _waiting_ids(reading, tokens)),
        typed_tokens=_token_rows(connection, reading.typed_tokens),
        elsewhere=said_elsewhere(connection, agent_id(reading.agent), now=now)
        if reading.agent and reading.has_words and involved
        else (),
    )


def _with_linked(
    connection: Connection, tickets: tuple[Ticket, ...], *, now: datetime
) -> tuple[Ticket, ...]:
    """The tickets, what was merged into them and what was split off: it is linked with them."""
    known = {ticket.number for ticket in tickets}
    linked = [number for ticket in tickets for number in ticket.linked if number not in known]
    others = load_tickets(connection, linked[-LINKED_MAX:], now=now)
    halves = _halves_of(tickets, known)
    near = tuple(one for one in others if one.merged_into in known or one.number in halves)
    return (*tickets, *near)


def _halves_of(tickets: tuple[Ticket, ...], known: Iterable[int]) -> tuple[int, ...]:
    """The numbers of the tickets that entries of these went to or came from, but ``known``."""
    rows = (row for ticket in tickets for row in ticket.journal)
    moves = (int(row.new) for row in rows if row.field in (SPLIT_OFF, SPLIT_FROM))
    aside = frozenset(known)
    return tuple(dict.fromkeys(number for number in moves if number not in aside))


def look_up_tick(session: Session, *, now: datetime, limit: int) -> tuple[Ticket, ...]:
    """The tickets with a clock whose next rung is due at ``now``, the longest due first.

    ``limit`` bounds the clocks that are looked at, so that there are at most as many tickets.
    """
    connection = session.connection()
    due = connection.execute(_DUE, {"now": now, "limit": limit})
    numbers = dict.fromkeys(due.scalars())
    heirs_too = load_tickets(connection, numbers, now=now)
    return tuple(ticket for ticket in heirs_too if ticket.number in numbers)


def look_up_storms(session: Session, *, now: datetime) -> StormDue:
    """What was kept back in a storm and is to be told at ``now``."""
    return marks_due(session.connection(), now=now)


def look_up_marks(session: Session, *, now: datetime) -> tuple[StormMark, ...]:
    """The marks of the whole desk that stand at ``now``."""
    return marks_in_force(session.connection(), (), now=now)


def next_numbers(session: Session) -> tuple[int, int]:
    """The next free ticket number and the next free number of a held mail, from 1."""
    row = session.connection().execute(_NEXT_NUMBERS).one()
    return (row.ticket or 0) + 1, (row.held or 0) + 1


def ticket_of(session: Session, number: int) -> Ticket | None:
    """The ticket of that number itself, even if it was merged; None if there is none."""
    connection = session.connection()
    found = load_tickets(connection, (number,))
    return with_reasons(connection, found[0]) if found else None


def held_to_decide(session: Session, limit: int) -> tuple[tuple[HeldMail, Grant], ...]:
    """The released mails that were not decided again yet, with what is now permitted."""
    statement = _HELD_IN.limit(limit)
    found = session.connection().execute(statement, {"state": HeldState.RELEASED.value})
    return tuple((rows.held_from(row), rows.grant_from(row)) for row in found)


def held_open(session: Session) -> tuple[HeldMail, ...]:
    """The mails that wait for somebody's word, oldest first, at most ``HELD_MAX``."""
    statement = _HELD_IN.limit(HELD_MAX)
    found = session.connection().execute(statement, {"state": HeldState.HELD.value})
    return tuple(map(rows.held_from, found))


def agents(connection: Connection) -> tuple[AgentState, ...]:
    """What is known of every agent that anything is known of, by name."""
    found = connection.execute(_AGENTS)
    return tuple(
        AgentState(
            row.name, row.open_tickets, row.away_until, row.notified_count, row.notified_since
        )
        for row in found
    )


def _seen(connection: Connection, reading: Reading, *, now: datetime) -> Receipt | None:
    asked = {
        "spool_id": reading.spool_id,
        "raw_sha256": reading.raw_sha256,
        "bytes_since": now - SAME_BYTES_WITHIN,
        "content_hash": reading.content_hash,
        "sender_key": reading.sender_key or "",
        "content_since": now - SAME_CONTENT_WITHIN,
        "message_id": reading.message_id,
    }
    row = connection.execute(_SEEN, asked).first()
    return rows.receipt_from(row) if row is not None else None


def _tokens(connection: Connection, reading: Reading) -> tuple[Token, ...]:
    return _token_rows(connection, (*reading.tokens, *reading.id_tokens))


def _token_rows(connection: Connection, texts: tuple[TokenText, ...]) -> tuple[Token, ...]:
    handles = dict.fromkeys(one.handle for one in texts)
    found = (connection.execute(_TOKEN, {"handle": handle}).first() for handle in handles)
    return tuple(rows.token_from(row) for row in found if row is not None)


def _known_ids(connection: Connection, reading: Reading) -> tuple[KnownId, ...]:
    if not reading.known_ids:
        return ()
    found = connection.execute(_KNOWN_IDS, {"message_ids": reading.known_ids}).all()
    known = map(rows.known_id_from, reversed(found))
    places = {message_id: place for place, message_id in enumerate(reading.known_ids)}
    return tuple(sorted(known, key=lambda one: places[one.message_id]))


def _numbers_named(
    reading: Reading,
    tokens: Iterable[Token],
    known_ids: Iterable[KnownId],
    partners: Iterable[int],
) -> tuple[int, ...]:
    """The tickets that any evidence names, the strongest evidence first."""
    shown = (_number_from(text) for what, text in reading.wants if what in _NAMED_BY)
    named = (
        *(token.number for token in tokens),
        *(known.number for known in known_ids),
        *(number for number in reading.numbers if 0 < number < 10**NUMBER_DIGITS_MAX),
        *shown,
        *partners,
    )
    return tuple(dict.fromkeys(number for number in named if number))[:INVOLVED_MAX]


def _of_partner(connection: Connection, reading: Reading) -> tuple[int, ...]:
    """The sender's own tickets that bear one of the other desk's tags in the subject (S42)."""
    if not reading.partner_tags or reading.sender_key is None:
        return ()
    found = connection.execute(_TAGGED, {"person": reading.sender_key})
    wanted = set(reading.partner_tags)
    return tuple(row.number for row in found if wanted & set(texts_from_json(row.partner_tags)))


def _number_from(text: str) -> int | None:
    """The ticket number that an agent typed, with or without ``#``; None if it is none."""
    digits = text.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= NUMBER_DIGITS_MAX):
        return None
    return int(digits)


def _customer(connection: Connection, key: PersonId | None) -> CustomerRecord | None:
    if key is None:
        return None
    row = connection.execute(_CUSTOMER, {"person": key}).first()
    if row is None:
        return None
    return CustomerRecord(
        row.person, row.name, row.language, row.first_seen_at, row.tickets_count
    )


def _waiting_ids(reading: Reading, tokens: tuple[Token, ...]) -> tuple[str, ...]:
    asked = (token.held_id for token in tokens if token.held_id)
    return tuple(dict.fromkeys((*reading.waiting_ids, *asked)))


def _bounced(connection: Connection, tokens: tuple[Token, ...]) -> SentLetter | None:
    letter_id = next(
        (token.letter_id for token in tokens if token.purpose is Purpose.BOUNCE), None
    )
    return letter_of(connection, letter_id) if letter_id else None


def _undoable(
    connection: Connection, agent: str | None, *, numbers: Iterable[int], now: datetime
) -> tuple[JournalRow, ...]:
    if agent is None:
        return ()
    changes: list[JournalRow] = []
    for number in numbers:
        asked = {"number": number, "actor": agent_id(agent), "since": now - UNDO_WITHIN}
        latest = [
            rows.journal_row_from(row) for row in connection.execute(_LAST_DECISION, asked)
        ]
        changes += (row for row in reversed(latest) if row.decision_id == latest[0].decision_id)
    return tuple(changes)


def _answer(
    connection: Connection, what: str, argument: str, *, now: datetime
) -> tuple[TicketLine, ...]:
    """The lines that one question is answered with; none for a question we do not know."""
    match what:
        case "find":
            return find(connection, argument, now=now)
        case "show":
            number = _number_from(argument)
            return lines_of_numbers(connection, (number,)) if number else ()
        case "queue":
            return lines_of_queue(connection, argument)
        case "mine":
            return lines_of_owner(connection, argument)
        case "erase" | "export":
            address = address_from(argument)
            return lines_of_requester(connection, address.key) if address else ()
        case _:
            return ()
