"""What is remembered of letters, for the look-up: the recent ones, and those not yet gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from mailtrack.store import rows
from mailtrack.store.tables import LETTER, LETTER_MAIL, LetterState
from mailtrack.tickets.letter import SentLetter

LETTERS_MAX: Final = 30  # per ticket: the quotes of a long conversation, and all that waits
TEXT_CHARS_MAX: Final = 65_536  # of one letter

_TEXT: Final = func.substr(LETTER_MAIL.c.text, 1, TEXT_CHARS_MAX).label("text")
_LETTERS: Final = select(LETTER, _TEXT).join(
    LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id
)
_RECENT: Final = (
    _LETTERS.where(LETTER.c.number == bindparam("number"))
    .order_by(LETTER.c.id.desc())
    .limit(LETTERS_MAX)
)
_ONE: Final = _LETTERS.where(LETTER.c.letter_id == bindparam("letter_id"))


def recent_letters(connection: Connection, numbers: Iterable[int]) -> tuple[SentLetter, ...]:
    """The latest letters of each of these tickets, whatever became of them, oldest first."""
    letters: list[SentLetter] = []
    for number in numbers:
        latest = connection.execute(_RECENT, {"number": number}).all()
        letters += map(rows.sent_letter_from, reversed(latest))
    return tuple(letters)


def is_unsent(letter: SentLetter) -> bool:
    """Whether the letter can still be stopped."""
    return letter.state == LetterState.WAITING


def is_sent(letter: SentLetter) -> bool:
    """Whether the letter left, or is leaving, or was tried in vain."""
    return letter.state not in (LetterState.WAITING, LetterState.STOPPED)


def letter_of(connection: Connection, letter_id: str) -> SentLetter | None:
    """What is remembered of one letter."""
    row = connection.execute(_ONE, {"letter_id": letter_id}).first()
    return rows.sent_letter_from(row) if row is not None else None
