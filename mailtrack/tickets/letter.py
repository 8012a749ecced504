"""A finished outgoing letter: why it is sent, to whom, not before when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailtrack.mail.message import OutgoingMail
from mailtrack.tickets.token import Token

_LATE: Final = "late "


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one person. Its text is final: a later template edit changes nothing.

    ``name`` is its row in ``LETTERS``. ``number`` is the ticket it belongs to, None for letters
    about none. ``is_automatic`` means no person wrote it for this recipient: it counts for the
    brakes and never answers a machine. ``tokens`` are the new rows its addresses need (the
    bounce token and, where none was live, a reply token). ``entry_id`` is the entry whose words
    it carries.
    """

    id: str
    name: str
    person: str
    number: int | None
    mail: OutgoingMail
    not_before: datetime
    why: str
    is_automatic: bool
    tokens: tuple[Token, ...] = ()
    entry_id: str | None = None
    subject_key: str = ""


@dataclass(frozen=True, slots=True)
class SentLetter:
    """What is remembered of a letter: enough to undo it, to match a bounce, to cut a quote.

    ``state`` is a ``LetterState`` of the store, such as ``waiting``; ``text`` is the text part
    as it left. ``left_at`` is None while it has not left.
    """

    id: str
    name: str
    person: str
    number: int | None
    recipient: str
    message_id: str
    subject: str
    text: str
    state: str
    written_at: datetime
    left_at: datetime | None
    entry_id: str | None = None


def late_notice(letter_id: str) -> str:
    """Why a letter is sent that says another is late: so that it can be taken back in time."""
    return f"{_LATE}{letter_id}"


def is_late_notice(why: str) -> bool:
    """Whether a letter with this reason says that another is late."""
    return why.startswith(_LATE)
