"""The marks of storms as rows, and what the breaker compares this hour with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from mailtrack.store.lists import lines_of_numbers
from mailtrack.store.rows import Found
from mailtrack.store.tables import AGENT, HELD, LETTER, STORM, Brake, HeldState
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.storm import Mark, StormDue, StormMark
from mailtrack.tickets.ticket import PersonId

MARKS_DUE_MAX: Final = 500
DAYS_COMPARED: Final = 14
COMPARED_FROM: Final = 60  # acknowledgements in an hour; below, no desk is unusual
COUNTED_HOURS_MAX: Final = 5  # beyond this many times the present hour, it is usual anyway
NOTIFIED_WITHIN: Final = timedelta(minutes=10)

_HOUR: Final = timedelta(hours=1)


def _at(name: str) -> BindParameter[datetime]:
    """A time, written as the columns write it even where nothing stands beside it."""
    return bindparam(name, type_=STORM.c.until.type)


_IN_FORCE: Final = select(STORM).where(
    STORM.c.mark.in_([one.value for one in Mark if one.is_in_force]),
    STORM.c.number.in_(bindparam("numbers", expanding=True)),
    STORM.c.until > bindparam("now"),
)
_DUE: Final = (
    select(STORM)
    .where(STORM.c.until <= bindparam("now"))
    .order_by(STORM.c.until)
    .limit(MARKS_DUE_MAX)
)
_IS_IT: Final = (
    STORM.c.mark == bindparam("of_mark"),
    STORM.c.number == bindparam("of_number"),
    STORM.c.person == bindparam("of_person"),
)
# One that is overdue and was not told yet begins anew; one that stands keeps its hour.
_AGAIN: Final = (
    update(STORM)
    .where(*_IS_IT)
    .values(
        times=STORM.c.times + 1,
        said=bindparam("what"),
        until=case((STORM.c.until > bindparam("at"), STORM.c.until), else_=_at("end")),
    )
)
_MARK: Final = insert(STORM)
_END: Final = delete(STORM).where(*_IS_IT)
_OLDEST: Final = select(func.min(LETTER.c.written_at)).where(LETTER.c.brake.is_not(None))
_NOTIFIED: Final = (
    update(AGENT)
    .where(AGENT.c.name == bindparam("of"))
    .values(
        notified_count=case(
            (AGENT.c.notified_since > bindparam("since"), AGENT.c.notified_count + 1), else_=1
        ),
        notified_since=case(
            (AGENT.c.notified_since > bindparam("since"), AGENT.c.notified_since),
            else_=_at("at"),
        ),
    )
)


def marks_in_force(
    connection: Connection, numbers: Iterable[int], *, now: datetime
) -> tuple[StormMark, ...]:
    """The marks that a decision about these tickets has to know, the desk's own included."""
    asked = {"numbers": (0, *numbers), "now": now}
    return tuple(map(_mark_from, connection.execute(_IN_FORCE, asked)))


def marks_due(connection: Connection, *, now: datetime) -> StormDue:
    """The marks whose hour has come, oldest first, at most ``MARKS_DUE_MAX``."""
    marks = tuple(map(_mark_from, connection.execute(_DUE, {"now": now})))
    numbers = tuple(dict.fromkeys(mark.number for mark in marks if mark.number))
    return StormDue(marks, lines_of_numbers(connection, numbers) if numbers else ())


def set_mark(connection: Connection, mark: StormMark, *, at: datetime) -> None:
    """The mark stands; if it stood already it counts one more and keeps its hour."""
    asked = {**_key(mark), "what": mark.said, "at": at, "end": mark.until}
    if connection.execute(_AGAIN, asked).rowcount == 0:
        cells = {
            "mark": mark.mark.value, "number": mark.number, "person": mark.person,
            "said": mark.said, "times": mark.count, "until": mark.until,
        }  # fmt: skip
        connection.execute(_MARK, cells)


def end_mark(connection: Connection, mark: StormMark) -> None:
    """The mark is gone."""
    connection.execute(_END, _key(mark))


def release_grouped(connection: Connection, number: int, *, by: PersonId) -> None:
    """Every mail that was filed together in this ticket is to be decided by itself."""
    connection.execute(
        update(HELD)
        .where(HELD.c.number == number, HELD.c.state == HeldState.GROUPED.value)
        .values(state=HeldState.RELEASED.value, ended_by=by)
    )


def usual_acknowledgements(
    connection: Connection, *, now: datetime, this_hour: int
) -> float | None:
    """How many left in this hour of the day, on average of the fortnight before.

    None if that cannot matter or is not known: a quiet hour, or a desk that is younger. It is
    not counted beyond what makes the present hour an ordinary one.
    """
    if this_hour < COMPARED_FROM:
        return None
    oldest = connection.execute(_OLDEST).scalar()
    if oldest is None or oldest > now - timedelta(days=DAYS_COMPARED):
        return None
    days = [now - timedelta(days=day) for day in range(1, DAYS_COMPARED + 1)]
    then = or_(*(LETTER.c.written_at.between(day - _HOUR, day) for day in days))
    counted = (
        select(LETTER.c.id)
        .where(LETTER.c.brake.is_not(None), LETTER.c.brake == Brake.ACKNOWLEDGEMENT.value, then)
        .limit(this_hour * COUNTED_HOURS_MAX)
        .subquery()
    )
    found = connection.execute(select(func.count()).select_from(counted)).scalar_one()
    return float(found) / DAYS_COMPARED


def count_notifications(
    connection: Connection, letters: Iterable[Letter], *, at: datetime
) -> None:
    """Count what each agent is told one by one, in spans of ten minutes."""
    for letter in letters:
        if letter.name != "notification" or not letter.person.startswith("@"):
            continue
        name = letter.person[1:]
        asked = {"of": name, "at": at, "since": at - NOTIFIED_WITHIN}
        if connection.execute(_NOTIFIED, asked).rowcount == 0:
            row = {"name": name, "open_tickets": 0, "notified_count": 1, "notified_since": at}
            connection.execute(insert(AGENT).values(**row))


def _key(mark: StormMark) -> dict[str, object]:
    return {"of_mark": mark.mark.value, "of_number": mark.number, "of_person": mark.person}


def _mark_from(row: Found) -> StormMark:
    return StormMark(Mark(row.mark), row.until, row.number, row.person, row.said, row.times)
