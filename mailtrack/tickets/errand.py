"""Errands: what an admin asks for that is done to stored data after the mail is decided.

Handing out or erasing what is kept of a person touches files, and a decision touches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailtrack.tickets.ticket import PersonId


class ErrandKind(StrEnum):
    """What is to be done."""

    EXPORT = "export"  # everything that is kept of a person, as files
    ERASE = "erase"  # everything that is kept of a person is gone
    REDACT = "redact"  # some words are gone from one ticket
    EXPIRE = "expire"  # tickets finished before a date are forgotten; nobody asked


@dataclass(frozen=True, slots=True)
class Errand:
    """One errand. ``about`` is the person's key, or for ``REDACT`` the words that must go.

    ``EXPIRE`` is by ``""``, and ``about`` is the date in ISO 8601.

    ``number`` is the ticket of ``REDACT``, 0 otherwise. ``by`` is the admin who confirmed it.
    """

    id: str
    kind: ErrandKind
    about: str = field(repr=False)
    number: int
    by: PersonId
    at: datetime


@dataclass(frozen=True, slots=True)
class ErrandDone:
    """What became of it, as the admin is told: counts by what was counted, lines to review.

    ``place`` is the file of an export. ``numbers`` are the tickets that were touched, ``kept``
    those that a legal hold protects, ``review`` those in which others may quote the person.
    """

    place: str = ""
    entries: int = 0
    mails: int = 0
    letters: int = 0
    numbers: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    review: tuple[int, ...] = ()
