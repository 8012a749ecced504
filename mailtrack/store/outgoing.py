"""The outbox: letters that wait are claimed, handed over by ``outbox``, and marked.

At least once: a letter is claimed under a lease, and one whose sender died is claimed again
with the same Message-ID. The order of letters to one person in one ticket is kept. This file is
all that ``outbox`` sees of the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, exists, func, select, update

from mailtrack.mail.message import OutgoingMail
from mailtrack.store.codec import mail_from_json
from mailtrack.store.database import Database as Database
from mailtrack.store.database import Session as Session
from mailtrack.store.database import savepoint as savepoint
from mailtrack.store.tables import LETTER, LETTER_MAIL, LetterState
from mailtrack.tickets.ticket import PersonId

REASON_CHARS_MAX: Final = 500

_EARLIER: Final = LETTER.alias("earlier")
# A letter waits in line behind any earlier one of the same ticket to the same address. Letters
# about no ticket have no line: NULL equals nothing.
_IS_IN_LINE: Final = exists().where(
    _EARLIER.c.number == LETTER.c.number,
    _EARLIER.c.due_at.is_not(None),
    _EARLIER.c.recipient == LETTER.c.recipient,
    _EARLIER.c.id < LETTER.c.id,
)
_DUE: Final = (
    select(
        LETTER.c.letter_id,
        LETTER.c.name,
        LETTER.c.person,
        LETTER.c.number,
        LETTER.c.written_at,
        LETTER.c.entry_id,
        LETTER.c.attempts,
        LETTER_MAIL.c.mail,
    )
    .join(LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id)
    .where(LETTER.c.due_at <= bindparam("now"), ~_IS_IN_LINE)
    .order_by(LETTER.c.due_at, LETTER.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=LETTER)
)
_CLAIM: Final = (
    update(LETTER)
    .where(LETTER.c.letter_id == bindparam("of"))
    .values(
        state=LetterState.CLAIMED.value,
        due_at=bindparam("until"),
        attempts=LETTER.c.attempts + 1,
    )
)
_RELEASE_CLAIMS: Final = (
    update(LETTER)
    .where(LETTER.c.state == LetterState.CLAIMED.value)
    .values(state=LetterState.WAITING.value, due_at=LETTER.c.not_before)
)
_MARK: Final = (
    update(LETTER)
    .where(LETTER.c.letter_id == bindparam("of"), LETTER.c.state == LetterState.CLAIMED.value)
    .values(
        state=bindparam("to"),
        due_at=bindparam("until"),
        ended_at=bindparam("end"),
        reason=bindparam("because"),
    )
)
_NEXT_DUE: Final = select(func.min(LETTER.c.due_at)).where(
    LETTER.c.due_at.is_not(None), ~_IS_IN_LINE
)
_COUNTS: Final = select(LETTER.c.state, func.count().label("letters")).group_by(LETTER.c.state)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter that is ours to hand over until the lease ends.

    ``attempts`` counts this one, so it is 1 the first time. ``number`` is None for a letter
    about no ticket. ``written_at`` is when it was decided, aware UTC. ``entry_id`` is the
    entry whose words it carries, if it carries any.
    """

    letter_id: str
    mail: OutgoingMail
    attempts: int
    number: int | None
    written_at: datetime
    name: str
    person: PersonId
    entry_id: str | None = None


@dataclass(frozen=True, slots=True)
class LetterCounts:
    """How many letters stand in each state."""

    waiting: int = 0
    claimed: int = 0
    sent: int = 0
    failed: int = 0
    stopped: int = 0


def claim(
    session: Session, *, now: datetime, limit: int, lease: timedelta
) -> tuple[Claimed, ...]:
    """Take up to ``limit`` letters that are due, the longest due first, until ``now + lease``.

    A letter whose lease has ended is due again. Commit before handing anything over.
    """
    connection = session.connection()
    due = connection.execute(_DUE, {"now": now, "limit": limit}).all()
    if due:
        until = now + lease
        connection.execute(_CLAIM, [{"of": row.letter_id, "until": until} for row in due])
    return tuple(
        Claimed(
            letter_id=row.letter_id,
            mail=mail_from_json(row.mail),
            attempts=row.attempts + 1,
            number=row.number,
            written_at=row.written_at,
            name=row.name,
            person=row.person,
            entry_id=row.entry_id,
        )
        for row in due
    )


def mark_sent(session: Session, letter_id: str, at: datetime) -> None:
    """The relay has taken the letter."""
    _mark(session, letter_id, state=LetterState.SENT, ended_at=at)


def mark_retry(session: Session, letter_id: str, not_before: datetime, reason: str) -> None:
    """The relay could not take it now: it waits until then, and what is behind it waits too."""
    _mark(session, letter_id, state=LetterState.WAITING, due_at=not_before, reason=reason)


def mark_failed(session: Session, letter_id: str, at: datetime, reason: str) -> None:
    """The letter is given up. What waited behind it may leave."""
    _mark(session, letter_id, state=LetterState.FAILED, ended_at=at, reason=reason)


def release_claims(session: Session) -> None:
    """Every claimed letter waits again, due at once: for a start after a crash.

    Only the one daemon that holds the spool's lock may say so; it may send again what a killed
    one had handed over and not yet marked, under the same Message-ID.
    """
    session.connection().execute(_RELEASE_CLAIMS)


def next_due_at(session: Session, now: datetime) -> datetime | None:
    """When the next letter can be claimed, not before ``now``; None if nothing waits."""
    due = session.connection().execute(_NEXT_DUE).scalar()
    return None if due is None else max(due, now)


def counts(session: Session) -> LetterCounts:
    """How many letters stand in each state."""
    found = session.connection().execute(_COUNTS)
    return LetterCounts(**{row.state: row.letters for row in found})


def _mark(
    session: Session,
    letter_id: str,
    *,
    state: LetterState,
    due_at: datetime | None = None,
    ended_at: datetime | None = None,
    reason: str = "",
) -> None:
    # Only what is claimed: a sender that was slower than its lease does not call back a letter
    # that another has sent since.
    session.connection().execute(
        _MARK,
        {
            "of": letter_id,
            "to": state.value,
            "until": due_at,
            "end": ended_at,
            "because": reason[:REASON_CHARS_MAX],
        },
    )
