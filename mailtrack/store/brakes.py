"""What left by itself lately: the numbers that keep automatic letters from running away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Label, bindparam, func, select

from mailtrack.mail.address import address_from
from mailtrack.store.tables import LETTER, TICKET, Brake, LetterState
from mailtrack.tickets.context import RecentAutomatic
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.reading import Reading
from mailtrack.tickets.ticket import PersonId, Ticket

# Names of the desk's letters. An "answer" counts only if nobody wrote it: a canned one. What an
# agent's deed brings about ("closed", a notification) answers no mail and can start no loop.
_BRAKES: Final = {
    **dict.fromkeys(("acknowledged", "answer"), Brake.ACKNOWLEDGEMENT),
    **dict.fromkeys(("refused", "held", "collision"), Brake.ERROR),
    **dict.fromkeys(
        ("found", "listed", "shown", "why", "help", "canned_list", "done"), Brake.ANSWER
    ),
}

_TEN_MINUTES: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)

_TO_SENDER: Final = LETTER.c.person == bindparam("person")


def _letters(label: str, brake: Brake, *conditions: ColumnElement[bool]) -> Label[int]:
    of_brake = (LETTER.c.brake == brake.value, LETTER.c.state != LetterState.STOPPED.value)
    counted = select(func.count()).select_from(LETTER).where(*of_brake, *conditions)
    return counted.label(label)


def _since(name: str) -> ColumnElement[bool]:
    return LETTER.c.written_at > bindparam(name)


_TICKETS_FROM_SENDER: Final = (
    select(func.count())
    .select_from(TICKET)
    .where(
        TICKET.c.requester == bindparam("person"),
        TICKET.c.opened_at > bindparam("hour"),
    )
    .label("tickets_hour")
)
_COUNTS: Final = select(
    _letters("ten_minutes", Brake.ACKNOWLEDGEMENT, _TO_SENDER, _since("ten_minutes")),
    _letters("day", Brake.ACKNOWLEDGEMENT, _TO_SENDER, _since("day")),
    _letters(
        "same_subject_week",
        Brake.ACKNOWLEDGEMENT,
        _TO_SENDER,
        _since("week"),
        LETTER.c.subject_key == bindparam("subject_key"),
    ),
    _letters(
        "domain_hour",
        Brake.ACKNOWLEDGEMENT,
        LETTER.c.domain == bindparam("domain"),
        _since("hour"),
    ),
    _letters("site_hour", Brake.ACKNOWLEDGEMENT, _since("hour")),
    _letters("errors_day", Brake.ERROR, _TO_SENDER, _since("day")),
    _letters("answers_hour", Brake.ANSWER, _TO_SENDER, _since("hour")),
    _TICKETS_FROM_SENDER,
)


def brake_of(letter: Letter) -> Brake | None:
    """The brake that a letter counts for; None for one that answers no mail by itself."""
    return _BRAKES.get(letter.name) if letter.is_automatic else None


def recent_automatic(
    connection: Connection,
    reading: Reading,
    *,
    person: PersonId | None,
    tickets: tuple[Ticket, ...],
    now: datetime,
) -> RecentAutomatic:
    """What left for this sender lately. Letters that were stopped do not count.

    ``person`` is who claims to write, None if nobody can be named. The count of mails in a
    ticket is that of the busiest one involved, and ends at what ``Ticket.entries`` holds.
    """
    sender = address_from(reading.sender_key or "")
    row = connection.execute(
        _COUNTS,
        {
            "person": person or "",
            "domain": sender.domain if sender else "",
            "subject_key": reading.subject_key,
            "ten_minutes": now - _TEN_MINUTES,
            "hour": now - _HOUR,
            "day": now - _DAY,
            "week": now - _WEEK,
        },
    ).one()
    return RecentAutomatic(
        to_sender_10_minutes=row.ten_minutes,
        to_sender_day=row.day,
        to_sender_same_subject_week=row.same_subject_week,
        to_domain_hour=row.domain_hour,
        acknowledgements_hour=row.site_hour,
        tickets_from_sender_hour=row.tickets_hour,
        mails_in_ticket_10_minutes=max(
            (_mails_since(ticket, now - _TEN_MINUTES) for ticket in tickets), default=0
        ),
        errors_to_sender_day=row.errors_day,
        answers_to_sender_hour=row.answers_hour,
    )


def _mails_since(ticket: Ticket, since: datetime) -> int:
    return sum(entry.at > since and entry.raw_sha256 is not None for entry in ticket.entries)
