"""Guesses at reply tokens: who made how many lately, and whose tokens are not looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from mailtrack.store.cells import Cells
from mailtrack.store.tables import BRAKED_PEER, GUESS
from mailtrack.tickets.context import Guesses

WITHIN: Final = timedelta(hours=1)
COUNTED_MAX: Final = 1_000  # more than any brake asks for

_OF_PEER: Final = (
    select(func.count())
    .select_from(
        select(GUESS.c.id)
        .where(GUESS.c.peer == bindparam("peer"), GUESS.c.at > bindparam("since"))
        .limit(COUNTED_MAX)
        .subquery()
    )
    .scalar_subquery()
)
_OF_ALL: Final = (
    select(func.count())
    .select_from(
        select(GUESS.c.id).where(GUESS.c.at > bindparam("since")).limit(COUNTED_MAX).subquery()
    )
    .scalar_subquery()
)
_UNTIL: Final = (
    select(BRAKED_PEER.c.until).where(BRAKED_PEER.c.peer == bindparam("peer")).scalar_subquery()
)
_LAST: Final = select(func.max(BRAKED_PEER.c.until)).scalar_subquery()
_ASK: Final = select(
    _OF_PEER.label("of_peer"), _OF_ALL.label("of_all"),
    _UNTIL.label("until"), _LAST.label("last"),
)  # fmt: skip
_COUNT: Final = insert(GUESS)
_FORGET: Final = delete(GUESS).where(GUESS.c.at <= bindparam("since"))
_BRAKE: Final = insert(BRAKED_PEER)
_BRAKE_AGAIN: Final = (
    update(BRAKED_PEER)
    .where(BRAKED_PEER.c.peer == bindparam("of"))
    .values(until=bindparam("then"))
)


def guesses_of(connection: Connection, peer: str, *, now: datetime) -> Guesses:
    """What is known of this peer's guesses, and of everybody's, in the last hour."""
    row = connection.execute(_ASK, {"peer": peer, "since": now - WITHIN}).one()
    return Guesses(row.of_peer, row.of_all, row.until, row.last)


def count(connection: Connection, peer: str, number: int, *, at: datetime) -> None:
    """So many guesses more; those of more than an hour ago are forgotten."""
    connection.execute(_FORGET, {"since": at - WITHIN})
    new: list[Cells] = [{"peer": peer, "at": at}] * number
    if new:
        connection.execute(_COUNT, new)


def brake(connection: Connection, peer: str, until: datetime) -> None:
    """The tokens of this peer are not looked at until then."""
    done = connection.execute(_BRAKE_AGAIN, {"of": peer, "then": until})
    if done.rowcount == 0:
        connection.execute(_BRAKE, {"peer": peer, "until": until})
