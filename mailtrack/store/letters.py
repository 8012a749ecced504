"""What is remembered of letters, for the look-up: the recent ones, and those not yet gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, Select, bindparam, select

from mailtrack.store import rows
from mailtrack.store.tables import LETTER, LETTER_MAIL, LetterState
from mailtrack.tickets.letter import SentLetter

SENT_MAX: Final = 20  # per ticket: enough to know the quotes of a long conversation
UNSENT_MAX: Final = 50  # per ticket

_LETTERS: Final = select(LETTER, LETTER_MAIL.c.text).join(
    LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id
)
_RECENT: Final = (
    _LETTERS.where(
        LETTER.c.number == bindparam("number"),
        LETTER.c.state.not_in((LetterState.WAITING.value, LetterState.STOPPED.value)),
    )
    .order_by(LETTER.c.id.desc())
    .limit(SENT_MAX)
)
_UNSENT: Final = (
    _LETTERS.where(
        LETTER.c.number == bindparam("number"),
        LETTER.c.due_at.is_not(None),
        LETTER.c.state == LetterState.WAITING.value,
    )
    .order_by(LETTER.c.due_at.desc())
    .limit(UNSENT_MAX)
)
_ONE: Final = _LETTERS.where(LETTER.c.letter_id == bindparam("letter_id"))


def sent_letters(connection: Connection, numbers: Iterable[int]) -> tuple[SentLetter, ...]:
    """The latest letters of these tickets that left, are leaving or failed, oldest first."""
    return _of_tickets(connection, _RECENT, numbers)


def unsent_letters(connection: Connection, numbers: Iterable[int]) -> tuple[SentLetter, ...]:
    """The letters of these tickets that can still be stopped, the next to leave first."""
    return _of_tickets(connection, _UNSENT, numbers)


def letter_of(connection: Connection, letter_id: str) -> SentLetter | None:
    """What is remembered of one letter."""
    row = connection.execute(_ONE, {"letter_id": letter_id}).first()
    return rows.sent_letter_from(row) if row is not None else None


def _of_tickets(
    connection: Connection, statement: Select[*tuple[object, ...]], numbers: Iterable[int]
) -> tuple[SentLetter, ...]:
    letters: list[SentLetter] = []
    for number in numbers:
        latest = connection.execute(statement, {"number": number}).all()
        letters += map(rows.sent_letter_from, reversed(latest))
    return tuple(letters)
