"""Lists of tickets, one line each: what agents ask for with ``[queue]`` and ``[mine]``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select

from mailtrack.store import rows
from mailtrack.store.tables import CLOCK, PARTICIPANT, TICKET
from mailtrack.tickets.clock import ClockState
from mailtrack.tickets.ticket import Status, TicketLine

LINES_MAX: Final = 50

UNFINISHED: Final = tuple(status.value for status in Status if not status.is_finished)

_NEXT_DUE: Final = (
    select(func.min(CLOCK.c.due_at))
    .where(CLOCK.c.number == TICKET.c.number, CLOCK.c.state == ClockState.RUNNING.value)
    .correlate(TICKET)
    .scalar_subquery()
    .label("next_due_at")
)
_IS_REQUESTER: Final = and_(
    PARTICIPANT.c.number == TICKET.c.number, PARTICIPANT.c.person == TICKET.c.requester
)
LINES: Final = select(
    TICKET, PARTICIPANT.c.name.label("requester_name"), _NEXT_DUE
).select_from(TICKET.outerjoin(PARTICIPANT, _IS_REQUESTER))


def _pressing(condition: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    """Unfinished tickets: first those whose clock runs out next, then the oldest."""
    is_open = TICKET.c.status.in_(UNFINISHED)
    order = (_NEXT_DUE.is_(None), _NEXT_DUE, TICKET.c.opened_at, TICKET.c.number)
    return LINES.where(condition, is_open).order_by(*order).limit(LINES_MAX)


_OF_QUEUE: Final = _pressing(TICKET.c.queue == bindparam("queue"))
_OF_OWNER: Final = _pressing(TICKET.c.owner == bindparam("owner"))
_OF_REQUESTER: Final = (
    LINES.where(TICKET.c.requester == bindparam("person"))
    .order_by(TICKET.c.number.desc())
    .limit(LINES_MAX)
)
_BY_NUMBER: Final = LINES.where(TICKET.c.number.in_(bindparam("numbers", expanding=True)))


def lines_of_queue(connection: Connection, queue: str) -> tuple[TicketLine, ...]:
    """The most pressing unfinished tickets of a queue."""
    return tuple(map(rows.line_from, connection.execute(_OF_QUEUE, {"queue": queue})))


def lines_of_owner(connection: Connection, owner: str) -> tuple[TicketLine, ...]:
    """The most pressing unfinished tickets of an agent."""
    return tuple(map(rows.line_from, connection.execute(_OF_OWNER, {"owner": owner})))


def lines_of_requester(connection: Connection, person: str) -> tuple[TicketLine, ...]:
    """The latest tickets that a person opened, finished ones too."""
    return tuple(map(rows.line_from, connection.execute(_OF_REQUESTER, {"person": person})))


def lines_of_numbers(connection: Connection, numbers: Iterable[int]) -> tuple[TicketLine, ...]:
    """These tickets in this order; numbers of no ticket are passed over."""
    wanted = tuple(dict.fromkeys(numbers))
    found = {
        row.number: rows.line_from(row)
        for row in connection.execute(_BY_NUMBER, {"numbers": wanted})
    }
    return tuple(found[number] for number in wanted if number in found)
