"""The errands that wait, are half done, or were done: rows that a restart does not lose."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from mailtrack.store.tables import ERRAND
from mailtrack.tickets.errand import Errand, ErrandDone, ErrandKind

WAITING: Final = "waiting"
CLEARING: Final = "clearing"  # the rows are done, the files are not
DONE: Final = "done"


def entrust(connection: Connection, errand: Errand) -> None:
    """The errand waits."""
    connection.execute(
        insert(ERRAND).values(
            errand_id=errand.id,
            kind=errand.kind.value,
            about=errand.about,
            number=errand.number,
            by=errand.by,
            at=errand.at,
            state=WAITING,
            gone="[]",
            done="{}",
        )
    )


def next_errand(connection: Connection) -> tuple[int, Errand, str] | None:
    """The oldest errand that is not done: its serial number, itself, its state."""
    statement = select(ERRAND).where(ERRAND.c.state.in_((WAITING, CLEARING)))
    row = connection.execute(statement.order_by(ERRAND.c.id).limit(1)).first()
    if row is None:
        return None
    errand = Errand(row.errand_id, ErrandKind(row.kind), row.about, row.number, row.by, row.at)
    return row.id, errand, row.state


def clear(
    connection: Connection, errand_id: str, done: ErrandDone, *, gone: tuple[str, ...]
) -> None:
    """The rows are done; these raw mails are to go. From here on it is not done again.

    What it was about is forgotten.
    """
    _set(
        connection, errand_id, state=CLEARING, about="", gone=json.dumps(gone), done=_dump(done)
    )


def cleared(connection: Connection, errand_id: str) -> tuple[ErrandDone, tuple[str, ...]]:
    """What ``clear`` wrote."""
    row = connection.execute(select(ERRAND).where(ERRAND.c.errand_id == errand_id)).one()
    facts: dict[str, Any] = json.loads(row.done)
    for name, value in facts.items():
        facts[name] = tuple(value) if isinstance(value, list) else value
    return ErrandDone(**facts), tuple(json.loads(row.gone))


def end(connection: Connection, errand_id: str, done: ErrandDone) -> None:
    """The errand is done."""
    _set(connection, errand_id, state=DONE, gone="[]", done=_dump(done))


def _set(connection: Connection, errand_id: str, **cells: str) -> None:
    connection.execute(update(ERRAND).where(ERRAND.c.errand_id == errand_id).values(**cells))


def _dump(done: ErrandDone) -> str:
    return json.dumps(asdict(done))
