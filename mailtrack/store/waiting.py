"""What waits for somebody's word, as rows: held mail, and mail that could not be read.

``look_up_waiting`` is asked at every beat of the clock, so it reads open rows by index and
nothing else. What is to be done about them, ``desk.waiting`` decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, assert_never

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from mailtrack.store import rows
from mailtrack.store.cells import Cells
from mailtrack.store.database import Session
from mailtrack.store.tables import (
    HELD,
    LETTER,
    RECEIPT,
    Brake,
    HeldState,
    LetterState,
)
from mailtrack.store.tables_waiting import LAST_DONE, QUARANTINE
from mailtrack.store.tickets import load_tickets
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.decision import (
    EndQuarantine,
    LastDone,
    NoteHeld,
    Quarantine,
    QuarantineAgain,
    TellQuarantine,
)
from mailtrack.tickets.waiting import (
    LIST_DONE,
    QUARANTINE_TOLD,
    AskedLately,
    HeldNote,
    Quarantined,
    QuarantineState,
    Read,
    Waiting,
)

HELD_DIGEST: Final = "held_digest"  # the letter that asks about several mails
LISTED_MAX: Final = 200  # of each kind; what is beyond is counted
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

_OPEN: Final = HELD.c.state == HeldState.HELD.value
_HELD: Final = (
    select(
        HELD.c.serial,
        HELD.c.at,
        HELD.c.person,
        HELD.c.number,
        HELD.c.subject,
        HELD.c.sender_shown,
        HELD.c.reason,
        HELD.c.asked_at,
        HELD.c.reminders,
    )
    .where(_OPEN)
    .order_by(HELD.c.serial)
    .limit(LISTED_MAX)
)
_HELD_COUNT: Final = select(func.count()).select_from(HELD).where(_OPEN)
_SET_APART: Final = QUARANTINE.c.state.in_(
    (QuarantineState.KEPT.value, QuarantineState.READ.value)
)
_QUARANTINED: Final = (
    select(QUARANTINE).where(_SET_APART).order_by(QUARANTINE.c.serial).limit(LISTED_MAX)
)
_QUARANTINED_COUNT: Final = (
    select(func.count())
    .select_from(QUARANTINE)
    .where(QUARANTINE.c.state == QuarantineState.KEPT.value)
)
_LAST_DONE: Final = select(LAST_DONE).where(LAST_DONE.c.name.in_((LIST_DONE, QUARANTINE_TOLD)))
_ASKED: Final = (
    select(
        LETTER.c.person,
        func.count().label("in_day"),
        func.count(
            case(
                (
                    (LETTER.c.brake == Brake.QUESTION.value)
                    & (LETTER.c.written_at > bindparam("hour")),
                    1,
                )
            )
        ).label("in_hour"),
        func.count(case((LETTER.c.name == HELD_DIGEST, 1))).label("digests_in_day"),
    )
    .where(
        LETTER.c.brake.is_not(None),
        LETTER.c.brake.in_((Brake.QUESTION.value, Brake.ERROR.value)),
        LETTER.c.written_at > bindparam("day"),
        LETTER.c.state != LetterState.STOPPED.value,
    )
    .group_by(LETTER.c.person)
)
_UNANSWERED: Final = (
    select(func.count())
    .select_from(HELD)
    .where(_OPEN, HELD.c.person == bindparam("person"), HELD.c.asked_at > bindparam("since"))
)
_NAMED_HELD: Final = select(HELD).where(HELD.c.serial == bindparam("serial"))
_NAMED_QUARANTINED: Final = select(QUARANTINE).where(QUARANTINE.c.serial == bindparam("serial"))
_OF_SPOOL: Final = select(QUARANTINE).where(QUARANTINE.c.spool_id == bindparam("spool_id"))
_ENDED_IN: Final = select(RECEIPT.c.spool_id, RECEIPT.c.number)
_TO_RETRY: Final = select(QUARANTINE).where(QUARANTINE.c.state == QuarantineState.RETRY.value)


def look_up_waiting(session: Session, *, now: datetime) -> Waiting:
    """All that waits now."""
    connection = session.connection()
    held = tuple(map(rows.waiting_held_from, connection.execute(_HELD)))
    apart = tuple(map(rows.quarantined_from, connection.execute(_QUARANTINED)))
    marks = {row.name: row.at for row in connection.execute(_LAST_DONE)}
    unasked = any(one.person and not one.is_asked for one in held)
    asked = (
        connection.execute(_ASKED, {"hour": now - _HOUR, "day": now - _DAY}) if unasked else ()
    )
    return Waiting(
        held=held,
        quarantined=apart,
        held_count=connection.execute(_HELD_COUNT).scalar_one() if held else 0,
        quarantined_count=connection.execute(_QUARANTINED_COUNT).scalar_one() if apart else 0,
        read=_read(connection, apart),
        listed_at=marks.get(LIST_DONE),
        quarantine_told_at=marks.get(QUARANTINE_TOLD),
        asked_lately=tuple(
            AskedLately(row.person, row.in_hour, row.in_day, row.digests_in_day)
            for row in asked
        ),
    )


def _read(connection: Connection, apart: tuple[Quarantined, ...]) -> tuple[Read, ...]:
    read = tuple(one for one in apart if one.state is QuarantineState.READ)
    if not read:
        return ()
    stubs = {one.number: one for one in load_tickets(connection, [o.number for o in read])}
    ids = [one.spool_id for one in read]
    found = connection.execute(_ENDED_IN.where(RECEIPT.c.spool_id.in_(ids)))
    numbers = {row.spool_id: row.number for row in found}
    return tuple(
        Read(one, stubs[one.number], numbers.get(one.spool_id))
        for one in read
        if one.number in stubs
    )


def named(connection: Connection, ids: Iterable[str]) -> tuple[HeldMail | Quarantined, ...]:
    """The mails of these ids, whatever became of them; those that never were are left out."""
    found: list[HeldMail | Quarantined] = []
    for one in ids:
        if (serial := rows.serial_from(one)) is not None:
            row = connection.execute(_NAMED_HELD, {"serial": serial}).first()
            found += [rows.held_from(row)] if row is not None else []
        elif (serial := rows.serial_from(one, rows.QUARANTINE_LETTER)) is not None:
            row = connection.execute(_NAMED_QUARANTINED, {"serial": serial}).first()
            found += [rows.quarantined_from(row)] if row is not None else []
    return tuple(found)


def unanswered_count(connection: Connection, person: str, *, since: datetime) -> int:
    """How many mails wait that somebody was asked about since then."""
    asked = {"person": person, "since": since}
    return int(connection.execute(_UNANSWERED, asked).scalar_one())


def quarantined_as(session: Session, spool_id: str) -> Quarantined | None:
    """The mail of that spool id if it is or was in quarantine."""
    row = session.connection().execute(_OF_SPOOL, {"spool_id": spool_id}).first()
    return rows.quarantined_from(row) if row is not None else None


def quarantined_to_retry(session: Session) -> tuple[Quarantined, ...]:
    """The mails that somebody wants tried again, and whose files are still set apart."""
    return tuple(map(rows.quarantined_from, session.connection().execute(_TO_RETRY)))


def quarantine_told_at(session: Session) -> datetime | None:
    """When the admins last had a letter about quarantine."""
    found = session.connection().execute(_LAST_DONE)
    return {row.name: row.at for row in found}.get(QUARANTINE_TOLD)


def next_quarantine_number(session: Session) -> int:
    """The next free number of a mail in quarantine, from 1."""
    last = session.connection().execute(select(func.max(QUARANTINE.c.serial))).scalar()
    return (last or 0) + 1


# Writing: called by ``ledger`` and nobody else.

Effect = NoteHeld | Quarantine | QuarantineAgain | EndQuarantine | TellQuarantine | LastDone


def write(connection: Connection, effect: Effect, *, at: datetime) -> None:
    """The rows of an effect on what waits."""
    match effect:
        case NoteHeld(held_ids, note):
            note_held(connection, held_ids, note, at=at)
        case Quarantine(item):
            set_apart(connection, item)
        case QuarantineAgain():
            set_apart_again(connection, effect)
        case EndQuarantine():
            end_quarantine(connection, effect)
        case TellQuarantine(quarantine_ids):
            tell_quarantine(connection, quarantine_ids, at=at)
        case LastDone(name, done_at):
            last_done(connection, name, done_at)
        case _:
            assert_never(effect)


def note_held(
    connection: Connection, ids: Iterable[str], note: HeldNote, *, at: datetime
) -> None:
    """What was done about mails that wait."""
    serials = [serial for one in ids if (serial := rows.serial_from(one)) is not None]
    noted = update(HELD).where(HELD.c.serial.in_(serials))
    match note:
        case HeldNote.ASKED:
            connection.execute(noted.values(asked_at=at))
        case HeldNote.EXPLAINED:
            connection.execute(noted.values(explained_at=at))
        case HeldNote.REMINDED:
            connection.execute(noted.values(reminders=HELD.c.reminders + 1))
        case _:
            assert_never(note)


def set_apart(connection: Connection, item: Quarantined) -> None:
    """A mail that could not be read."""
    connection.execute(
        insert(QUARANTINE).values(
            serial=rows.serial_from(item.quarantine_id, rows.QUARANTINE_LETTER),
            spool_id=item.spool_id,
            at=item.at,
            reason=item.reason,
            tries=item.tries,
            sender_shown=item.sender_shown,
            size_bytes=item.size_bytes,
            number=item.number,
            state=item.state.value,
            ended_by=item.ended_by,
            told_at=item.at if item.is_told else None,
        )
    )


def set_apart_again(connection: Connection, again: QuarantineAgain) -> None:
    """It was tried again in vain, and waits as before."""
    kept = QuarantineState.KEPT.value
    _change(connection, again.quarantine_id, state=kept, reason=again.reason, tries=again.tries)


def end_quarantine(
    connection: Connection, effect: EndQuarantine, *, only_from: QuarantineState | None = None
) -> None:
    """It goes on to another state; ``only_from`` leaves one of any other state alone."""
    serial = rows.serial_from(effect.quarantine_id, rows.QUARANTINE_LETTER)
    given: Cells = {"state": effect.state.value}
    if effect.by is not None:
        given["ended_by"] = effect.by
    changed = update(QUARANTINE).where(QUARANTINE.c.serial == serial)
    if only_from is not None:
        changed = changed.where(QUARANTINE.c.state == only_from.value)
    connection.execute(changed.values(**given))


def has_been_read(connection: Connection, spool_id: str) -> None:
    """A mail that was set apart was read and decided after all."""
    connection.execute(
        update(QUARANTINE)
        .where(QUARANTINE.c.spool_id == spool_id)
        .values(state=QuarantineState.READ.value)
    )


def tell_quarantine(connection: Connection, ids: Iterable[str], *, at: datetime) -> None:
    """The admins were told of these."""
    for one in ids:
        _change(connection, one, told_at=at)


def last_done(connection: Connection, name: str, at: datetime) -> None:
    """It was last done, or due, then."""
    done = connection.execute(update(LAST_DONE).where(LAST_DONE.c.name == name).values(at=at))
    if done.rowcount == 0:
        connection.execute(insert(LAST_DONE).values(name=name, at=at))


def _change(connection: Connection, quarantine_id: str, **given: object) -> None:
    serial = rows.serial_from(quarantine_id, rows.QUARANTINE_LETTER)
    connection.execute(update(QUARANTINE).where(QUARANTINE.c.serial == serial).values(**given))
