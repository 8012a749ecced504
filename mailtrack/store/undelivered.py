"""Letters that have not left, for the operator: what waits and why, what failed, what to do.

``outgoing`` is the sender's side of the same rows. A letter that the sender has in hand is left
alone here: what becomes of it is about to be written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from mailtrack.store.database import Session
from mailtrack.store.tables import LETTER, LETTER_MAIL, LetterState

SHOWN_MAX: Final = 1000
FAILED_SHOWN: Final = timedelta(days=30)
PREFIX_CHARS_MIN: Final = 4

_WAITING: Final = (LetterState.WAITING.value, LetterState.CLAIMED.value)
_ENDED: Final = (LetterState.FAILED.value, LetterState.BLOCKED.value)
_IN_OUR_HANDS: Final = LETTER.c.state.in_((LetterState.WAITING.value, *_ENDED))


@dataclass(frozen=True, slots=True)
class UndeliveredLetter:
    """A letter that has not reached its reader. ``next_at`` None: it is not tried again."""

    letter_id: str
    name: str
    recipient: str
    number: int | None
    subject: str
    state: str
    written_at: datetime
    next_at: datetime | None
    attempts: int
    reason: str


def undelivered(session: Session, *, now: datetime) -> tuple[UndeliveredLetter, ...]:
    """All that waits, next first, then what failed lately, newest first; so many of each."""
    waiting = (
        select(LETTER)
        .where(LETTER.c.state.in_(_WAITING), LETTER.c.due_at.is_not(None))
        .order_by(LETTER.c.due_at, LETTER.c.id)
        .limit(SHOWN_MAX)
    )
    ended = (
        select(LETTER)
        .where(LETTER.c.state.in_(_ENDED), LETTER.c.ended_at > now - FAILED_SHOWN)
        .order_by(LETTER.c.ended_at.desc(), LETTER.c.id.desc())
        .limit(SHOWN_MAX)
    )
    connection = session.connection()
    rows = [*connection.execute(waiting), *connection.execute(ended)]
    return tuple(
        UndeliveredLetter(
            letter_id=row.letter_id,
            name=row.name,
            recipient=row.recipient,
            number=row.number,
            subject=row.subject,
            state=row.state,
            written_at=row.written_at,
            next_at=row.due_at,
            attempts=row.attempts,
            reason=row.reason,
        )
        for row in rows
    )


def words_of(session: Session, letter_id: str) -> str:
    """The text of a letter as it would leave."""
    asked = select(LETTER_MAIL.c.text).where(LETTER_MAIL.c.letter_id == letter_id)
    return str(session.connection().execute(asked).scalar() or "")


def try_again(session: Session, letter_id: str, *, now: datetime) -> bool:
    """The letter is due at once, with all its patience before it; False if it is not ours."""
    done = session.connection().execute(
        update(LETTER)
        .where(LETTER.c.letter_id == letter_id, _IN_OUR_HANDS)
        .values(
            state=LetterState.WAITING.value,
            due_at=now,
            not_before=now,
            ended_at=None,
            attempts=0,
        )
    )
    return done.rowcount == 1


def drop(session: Session, letter_id: str, *, now: datetime) -> bool:
    """The letter will not leave; False if the sender has it in hand or it is gone."""
    done = session.connection().execute(
        update(LETTER)
        .where(LETTER.c.letter_id == letter_id, _IN_OUR_HANDS)
        .values(
            state=LetterState.STOPPED.value,
            due_at=None,
            ended_at=now,
            reason="dropped at the command line",
        )
    )
    return done.rowcount == 1
