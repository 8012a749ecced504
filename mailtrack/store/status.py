"""How the desk stands, in numbers, and what became of each mail: for the operator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import bindparam, exists, func, select

from mailtrack.store.database import Session
from mailtrack.store.lookup import agents
from mailtrack.store.outgoing import LetterCounts, counts
from mailtrack.store.rows import held_id_from
from mailtrack.store.tables import HELD, LETTER, RECEIPT, TICKET, HeldState, LetterState
from mailtrack.tickets.context import AgentState
from mailtrack.tickets.decision import Disposition

BATCH_MAX: Final = 500  # ids in one question; SQLite allows 32,766 variables, PostgreSQL 65,535


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


@dataclass(frozen=True, slots=True)
class Account:
    """The one end state of a mail. ``number`` is the ticket it ended in.

    ``held_state`` is what became of a held mail since: held, released, dropped or done.
    """

    spool_id: str
    disposition: str
    number: int | None
    held_id: str | None
    held_state: str | None


# A mail that was released has a second receipt, which says how it ended.
_IS_DECIDED_AGAIN: Final = exists().where(
    HELD.c.serial == RECEIPT.c.held_serial, HELD.c.state == HeldState.DONE.value
)
_MAILS: Final = (
    select(RECEIPT.c.disposition, func.count().label("total"))
    .where(RECEIPT.c.is_tick.is_(False), ~_IS_DECIDED_AGAIN)
    .group_by(RECEIPT.c.disposition)
    .order_by(RECEIPT.c.disposition)
)
# What `status`, `fsck`, `backup` and `restore` call a handled mail: one rule for all of them.
HANDLED_COUNT: Final = (
    select(func.count())
    .select_from(RECEIPT)
    .where(RECEIPT.c.is_tick.is_(False), ~_IS_DECIDED_AGAIN)
)
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
_ACCOUNTS: Final = (
    select(
        RECEIPT.c.spool_id,
        RECEIPT.c.disposition,
        RECEIPT.c.number,
        RECEIPT.c.held_serial,
        HELD.c.state.label("held_state"),
    )
    .outerjoin(HELD, HELD.c.serial == RECEIPT.c.held_serial)
    .where(RECEIPT.c.spool_id.in_(bindparam("spool_ids", expanding=True)))
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


def accounts_for(session: Session, spool_ids: Iterable[str]) -> dict[str, Account]:
    """The end state of each of these mails that was handled; one that is missing was not.

    There is at most one for each id: the receipt's key sees to it.
    """
    connection = session.connection()
    accounts: dict[str, Account] = {}
    rest = iter(spool_ids)
    while batch := tuple(islice(rest, BATCH_MAX)):
        for row in connection.execute(_ACCOUNTS, {"spool_ids": batch}):
            accounts[row.spool_id] = Account(
                spool_id=row.spool_id,
                disposition=row.disposition,
                number=row.number,
                held_id=held_id_from(row.held_serial),
                held_state=row.held_state,
            )
    return accounts
