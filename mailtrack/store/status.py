"""How the desk stands, in numbers: for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, exists, func, select

from mailtrack.store.database import Session
from mailtrack.store.lookup import agents
from mailtrack.store.outgoing import LetterCounts, counts
from mailtrack.store.tables import HELD, LETTER, RECEIPT, TICKET, HeldState, LetterState
from mailtrack.tickets.context import AgentState
from mailtrack.tickets.decision import Disposition


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """``mails`` and ``tickets`` are ``(disposition or status, count)``, by name.

    Each mail counts once, by its last decision. ``held`` waits for somebody's word.
    ``oldest_letter_at`` is when the oldest letter that has not left was to leave, aware UTC,
    None if none waits.
    """

    mails: tuple[tuple[str, int], ...]
    tickets: tuple[tuple[str, int], ...]
    letters: LetterCounts
    held: int
    quarantined: int
    oldest_letter_at: datetime | None
    agents: tuple[AgentState, ...]


# A mail that was released has a second receipt, which says how it ended.
_IS_DECIDED_AGAIN: Final = exists().where(
    HELD.c.serial == RECEIPT.c.held_serial, HELD.c.state == HeldState.DONE.value
)
_IS_MAIL: Final = and_(RECEIPT.c.is_tick.is_(False), ~_IS_DECIDED_AGAIN)
_MAILS: Final = (
    select(RECEIPT.c.disposition, func.count().label("total"))
    .where(_IS_MAIL)
    .group_by(RECEIPT.c.disposition)
    .order_by(RECEIPT.c.disposition)
)
# What `status`, `fsck`, `backup` and `restore` call a handled mail: one rule for all of them.
HANDLED_COUNT: Final = select(func.count()).select_from(RECEIPT).where(_IS_MAIL)
_TICKETS: Final = (
    select(TICKET.c.status, func.count().label("total"))
    .group_by(TICKET.c.status)
    .order_by(TICKET.c.status)
)
_HELD: Final = (
    select(func.count()).select_from(HELD).where(HELD.c.state == HeldState.HELD.value)
)
_OLDEST: Final = select(func.min(LETTER.c.not_before)).where(
    LETTER.c.due_at.is_not(None),
    LETTER.c.state.in_((LetterState.WAITING.value, LetterState.CLAIMED.value)),
)


def status(session: Session) -> DeskStatus:
    """How the desk stands now. Reads whole indexes: for an operator, not for every mail."""
    connection = session.connection()
    mails = tuple((row.disposition, row.total) for row in connection.execute(_MAILS))
    return DeskStatus(
        mails=mails,
        tickets=tuple((row.status, row.total) for row in connection.execute(_TICKETS)),
        letters=counts(session),
        held=connection.execute(_HELD).scalar_one(),
        quarantined=dict(mails).get(Disposition.QUARANTINED.value, 0),
        oldest_letter_at=connection.execute(_OLDEST).scalar(),
        agents=agents(connection),
    )
