"""What left by itself lately: the numbers that keep automatic letters from running away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from mailtrack.mail.address import address_from
from mailtrack.store.storms import usual_acknowledgements
from mailtrack.store.tables import LETTER, TAG, TICKET, Brake, LetterState
from mailtrack.store.waiting import unanswered_count
from mailtrack.tickets.context import RecentAutomatic
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.reading import Reading
from mailtrack.tickets.storm import FLOOD_TAG
from mailtrack.tickets.ticket import PersonId, Status, Ticket

# Names of the desk's letters. An "answer" counts only if nobody wrote it: a canned one. What an
# agent's deed brings about ("closed", a notification) answers no mail and can start no loop.
_BRAKES: Final = {
    **dict.fromkeys(("acknowledged", "answer"), Brake.ACKNOWLEDGEMENT),
    **dict.fromkeys(("refused", "collision"), Brake.ERROR),
    **dict.fromkeys(("held", "held_digest"), Brake.QUESTION),
    "held_list": Brake.HELD,
    **dict.fromkeys(
        ("found", "listed", "shown", "why", "help", "canned_list", "done"), Brake.ANSWER
    ),
}

LETTERS_COUNTED_MAX: Final = 500  # the newest to one person: more than any brake allows

_TEN_MINUTES: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)

# Spelled out for the sake of SQLite, whose planner knows the index of these letters by it.
_IS_BRAKE: Final = LETTER.c.brake.is_not(None)
_LEFT: Final = LETTER.c.state != LetterState.STOPPED.value
_TO_PERSON: Final = (
    select(LETTER.c.brake, LETTER.c.written_at, LETTER.c.subject_key)
    .where(
        LETTER.c.person == bindparam("person"),
        _IS_BRAKE,
        LETTER.c.written_at > bindparam("week"),
        _LEFT,
    )
    .order_by(LETTER.c.written_at.desc())
    .limit(LETTERS_COUNTED_MAX)
)
_ACKNOWLEDGED: Final = (
    _IS_BRAKE,
    LETTER.c.brake == Brake.ACKNOWLEDGEMENT.value,
    LETTER.c.written_at > bindparam("hour"),
    _LEFT,
)
_IN_HOUR: Final = select(
    select(func.count())
    .select_from(LETTER)
    .where(*_ACKNOWLEDGED, LETTER.c.domain == bindparam("domain"))
    .label("domain"),
    select(func.count()).select_from(LETTER).where(*_ACKNOWLEDGED).label("site"),
    select(func.count())
    .select_from(LETTER)
    .where(
        _IS_BRAKE,
        LETTER.c.brake == Brake.HELD.value,
        LETTER.c.written_at > bindparam("hour"),
    )
    .label("held"),
    select(func.count())
    .select_from(TICKET)
    .where(TICKET.c.requester == bindparam("person"), TICKET.c.opened_at > bindparam("hour"))
    .label("tickets"),
    select(func.max(TICKET.c.number))
    .join_from(TICKET, TAG, TAG.c.number == TICKET.c.number)
    .where(
        TICKET.c.requester == bindparam("person"),
        TICKET.c.opened_at > bindparam("day"),
        TICKET.c.status.not_in([one.value for one in Status if one.is_finished]),
        TAG.c.tag == FLOOD_TAG,
    )
    .label("flood"),
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
    asked = {"person": person or "", "week": now - _WEEK}
    letters = list(connection.execute(_TO_PERSON, asked))
    if reading.on_behalf_of is not None:
        # Whoever writes in an agent's name can name any customer: theirs count as well.
        letters += connection.execute(_TO_PERSON, {**asked, "person": reading.on_behalf_of})

    def count(brake: Brake, within: timedelta) -> int:
        return sum(row.brake == brake and row.written_at > now - within for row in letters)

    asked_day = count(Brake.ERROR, _DAY) + count(Brake.QUESTION, _DAY)
    sender = address_from(reading.sender_key or "")
    asked = {"person": person or "", "domain": sender.domain if sender else ""}
    spans = {"hour": now - _HOUR, "day": now - _DAY}
    hour = connection.execute(_IN_HOUR, {**asked, **spans}).one()
    return RecentAutomatic(
        to_sender_10_minutes=count(Brake.ACKNOWLEDGEMENT, _TEN_MINUTES),
        to_sender_day=count(Brake.ACKNOWLEDGEMENT, _DAY),
        to_sender_same_subject_week=sum(
            row.brake == Brake.ACKNOWLEDGEMENT and row.subject_key == reading.subject_key
            for row in letters
        ),
        to_domain_hour=hour.domain,
        acknowledgements_hour=hour.site,
        tickets_from_sender_hour=hour.tickets,
        mails_in_ticket_10_minutes=max(
            (_mails_since(ticket, now - _TEN_MINUTES) for ticket in tickets), default=0
        ),
        errors_to_sender_day=asked_day,
        questions_to_sender_hour=count(Brake.QUESTION, _HOUR),
        answers_to_sender_hour=count(Brake.ANSWER, _HOUR),
        admins_told_hour=hour.held,
        acknowledgements_usual=usual_acknowledgements(connection, now=now, this_hour=hour.site),
        flood=hour.flood,
        unanswered_by_sender_day=unanswered_count(connection, person, since=now - _DAY)
        if person and asked_day
        else 0,
    )


def _mails_since(ticket: Ticket, since: datetime) -> int:
    return sum(entry.at > since and entry.raw_sha256 is not None for entry in ticket.entries)
