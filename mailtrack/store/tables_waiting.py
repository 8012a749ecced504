"""The tables about what waits for somebody's word, and about the desk's own health.

They stand apart from ``tables`` for its length only; the same is true of them.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from mailtrack.store.table import Row


class QuarantineRow(Row, table=True):
    """A mail that could not be read. ``serial`` 3 is shown as ``Q3``."""

    __tablename__ = "quarantine"

    serial: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    spool_id: str = Field(unique=True)
    at: datetime
    reason: str
    tries: int
    sender_shown: str
    size_bytes: int
    number: int = Field(foreign_key="ticket.number")
    state: str = Field(index=True)
    ended_by: str | None = None
    told_at: datetime | None = None


class AlarmRow(Row, table=True):
    """What is wrong with the desk itself; see ``tickets.alarm``."""

    __tablename__ = "alarm"

    name: str = Field(primary_key=True)
    since: datetime
    seen_at: datetime
    reason: str
    told_at: datetime | None = None
    ended_at: datetime | None = None
    ran: str


class LastDoneRow(Row, table=True):
    """When something that happens now and then was last done, or due."""

    __tablename__ = "last_done"

    name: str = Field(primary_key=True)
    at: datetime


QUARANTINE = SQLModel.metadata.tables["quarantine"]
ALARM = SQLModel.metadata.tables["alarm"]
LAST_DONE = SQLModel.metadata.tables["last_done"]
