"""Alarms as rows, and the figures that some of them are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from mailtrack.store.cells import Cells
from mailtrack.store.database import Session
from mailtrack.store.tables import LETTER, RECEIPT, LetterState
from mailtrack.store.tables_waiting import ALARM, QUARANTINE
from mailtrack.tickets.alarm import Alarm, Figures
from mailtrack.tickets.waiting import QuarantineState

ALARMS_MAX: Final = 200
WEEKS: Final = 3
COUNTED_MAX: Final = 5  # in each week: more is not asked
SPOOL_DIGITS: Final = 16  # a spool id begins with microseconds since 1970
_WEEK: Final = timedelta(days=7)

_ALARMS: Final = select(ALARM).order_by(ALARM.c.name).limit(ALARMS_MAX)
# Spool ids begin with digits, those of ticks and of operators with letters.
_LAST_MAIL: Final = select(func.max(RECEIPT.c.spool_id)).where(RECEIPT.c.spool_id < "a")
_IN_HOURS: Final = select(func.count()).select_from(
    select(RECEIPT.c.spool_id)
    .where(
        RECEIPT.c.spool_id >= bindparam("since"),
        RECEIPT.c.spool_id < bindparam("until"),
        RECEIPT.c.is_tick.is_(False),
    )
    .limit(COUNTED_MAX)
    .subquery()
)
_UNTRIED: Final = select(func.min(LETTER.c.due_at)).where(
    LETTER.c.due_at.is_not(None),
    LETTER.c.state == LetterState.WAITING.value,
    LETTER.c.attempts == 0,
)
_QUARANTINED: Final = (
    select(func.count())
    .select_from(QUARANTINE)
    .where(QUARANTINE.c.state == QuarantineState.KEPT.value)
)


def look_up_alarms(session: Session) -> tuple[Alarm, ...]:
    """All alarms that ever were, each once, by name."""
    return tuple(
        Alarm(
            row.name,
            row.since,
            row.seen_at,
            row.reason,
            row.told_at,
            row.ended_at,
            row.ran,
        )
        for row in session.connection().execute(_ALARMS)
    )


def figures(session: Session, *, wall: datetime, waiting_at: datetime | None) -> Figures:
    """What the database knows of the desk's health.

    ``wall`` is the time of the machine, which spool ids are made of. ``waiting_at`` is when the
    newest mail in the spool came: it has come, if not got through.
    """
    connection = session.connection()
    last = _last_mail_at(connection)
    if waiting_at is not None:
        last = waiting_at if last is None else max(last, waiting_at)
    return Figures(
        last_mail_at=last,
        usual=_usual(connection, last, wall) if last is not None and last < wall else (),
        untried_since=connection.execute(_UNTRIED).scalar(),
        quarantined=connection.execute(_QUARANTINED).scalar_one(),
    )


def set_alarm(connection: Connection, alarm: Alarm) -> None:
    """The alarm of that name is this one now."""
    cells: Cells = {
        "since": alarm.since,
        "seen_at": alarm.seen_at,
        "reason": alarm.reason,
        "told_at": alarm.told_at,
        "ended_at": alarm.ended_at,
        "ran": alarm.ran,
    }
    done = connection.execute(update(ALARM).where(ALARM.c.name == alarm.name).values(**cells))
    if done.rowcount == 0:
        connection.execute(insert(ALARM).values(name=alarm.name, **cells))


def note_run(session: Session, name: str, state: str) -> None:
    """The admin's command was run for this state of the alarm."""
    session.connection().execute(update(ALARM).where(ALARM.c.name == name).values(ran=state))


def instant_of(spool_id: str) -> datetime | None:
    """When a mail came, by its id; None if the id does not say."""
    digits = spool_id[:SPOOL_DIGITS]
    if len(digits) < SPOOL_DIGITS or not (digits.isascii() and digits.isdecimal()):
        return None
    return datetime.fromtimestamp(int(digits) / 1_000_000, UTC)


def _last_mail_at(connection: Connection) -> datetime | None:
    last = connection.execute(_LAST_MAIL).scalar()
    return instant_of(last) if last else None


def _usual(connection: Connection, last: datetime, wall: datetime) -> tuple[int, ...]:
    """The mails in the hours from ``last`` to ``wall``, in each of the weeks before."""
    spans = [(last - _WEEK * back, wall - _WEEK * back) for back in range(1, WEEKS + 1)]
    return tuple(
        connection.execute(
            _IN_HOURS, {"since": _id_at(since), "until": _id_at(until)}
        ).scalar_one()
        for since, until in spans
    )


def _id_at(at: datetime) -> str:
    return f"{int(at.timestamp() * 1_000_000):0{SPOOL_DIGITS}d}"
