"""The outbox: letters that wait are claimed, handed over by ``outbox``, and marked.

At least once: a letter is claimed under a lease, and one whose sender died is claimed again
with the same Message-ID. The order of letters to one person in one ticket is kept. This file is
all that ``outbox`` sees of the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import FromClause, Row, bindparam, exists, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from mailtrack.mail.message import OutgoingMail
from mailtrack.store.codec import mail_from_json
from mailtrack.store.database import Database as Database
from mailtrack.store.database import Session as Session
from mailtrack.store.database import savepoint as savepoint
from mailtrack.store.tables import LETTER, LETTER_MAIL, LetterState
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.ticket import PersonId

REASON_CHARS_MAX: Final = 500
CLAIM_ROUNDS_MAX: Final = 4  # each leaves out the destinations that had their share

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIER: Final = LETTER.alias("earlier")


def _is_urgent(letter: FromClause) -> ColumnElement[bool]:
    """What leaves in a storm, too: a person's own words, and whatever goes to an agent."""
    return or_(letter.c.is_automatic.is_(False), letter.c.person.startswith("@"))


# A letter waits in line behind any earlier one of the same ticket to the same address. Letters
# about no ticket have no line: NULL equals nothing.
_IS_IN_LINE: Final = exists().where(
    _EARLIER.c.number == LETTER.c.number,
    _EARLIER.c.due_at.is_not(None),
    _EARLIER.c.recipient == LETTER.c.recipient,
    _EARLIER.c.id < LETTER.c.id,
)
_MAY_GO: Final = (~_IS_IN_LINE, LETTER.c.domain.not_in(bindparam("closed", expanding=True)))
# In a storm the line is one of urgent letters: what pauses must not hold up an agent's words.
_MAY_GO_IN_STORM: Final = (
    ~_IS_IN_LINE.where(_is_urgent(_EARLIER)),
    LETTER.c.domain.not_in(bindparam("closed", expanding=True)),
    _is_urgent(LETTER),
)
_COLUMNS: Final = (
    LETTER.c.letter_id,
    LETTER.c.name,
    LETTER.c.person,
    LETTER.c.number,
    LETTER.c.written_at,
    LETTER.c.not_before,
    LETTER.c.entry_id,
    LETTER.c.attempts,
    LETTER.c.is_automatic,
    LETTER.c.brake,
    LETTER.c.domain,
    LETTER.c.reason,
    LETTER.c.why,
    LETTER_MAIL.c.mail,
)
_LETTERS: Final = select(*_COLUMNS).join(
    LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id
)
_DUE: Final = (
    _LETTERS.where(
        LETTER.c.due_at <= bindparam("now"),
        or_(
            LETTER.c.state == LetterState.CLAIMED.value,
            LETTER.c.letter_id.not_in(bindparam("landing", expanding=True)),
        ),
    )
    .order_by(LETTER.c.due_at, LETTER.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=LETTER)
)
_DUE_NOW: Final = _DUE.where(*_MAY_GO)
_DUE_IN_STORM: Final = _DUE.where(*_MAY_GO_IN_STORM)
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
        attempts=LETTER.c.attempts - bindparam("pardoned"),
    )
)
_FIRST_DUE: Final = select(func.min(LETTER.c.due_at)).where(LETTER.c.due_at.is_not(None))
_NEXT_DUE: Final = _FIRST_DUE.where(*_MAY_GO)
_NEXT_DUE_IN_STORM: Final = _FIRST_DUE.where(*_MAY_GO_IN_STORM)
# By the index of what is due: all that waits, and nothing of the million that left.
_OVERDUE: Final = (
    _LETTERS.where(
        LETTER.c.due_at > _EPOCH,
        LETTER.c.state == LetterState.WAITING.value,
        LETTER.c.not_before <= bindparam("before"),
    )
    .order_by(LETTER.c.not_before, LETTER.c.id)
    .limit(bindparam("limit"))
)
_END_WAITING: Final = (
    update(LETTER)
    .where(LETTER.c.letter_id == bindparam("of"), LETTER.c.state == LetterState.WAITING.value)
    .values(
        state=bindparam("to"),
        due_at=None,
        ended_at=bindparam("end"),
        reason=bindparam("because"),
    )
)
_WITHDRAW: Final = (
    update(LETTER)
    .where(
        LETTER.c.due_at > _EPOCH,
        LETTER.c.state == LetterState.WAITING.value,
        LETTER.c.why == bindparam("notice"),
    )
    .values(state=LetterState.STOPPED.value, due_at=None, reason="the letter has left since")
)
_COUNTS: Final = select(LETTER.c.state, func.count().label("letters")).group_by(LETTER.c.state)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter that is ours to hand over until the lease ends.

    ``attempts`` counts this one, so it is 1 the first time. ``number`` is None for a letter
    about no ticket. ``written_at`` is when it was decided, ``ready_at`` when it was to leave,
    aware UTC. ``entry_id`` is the entry whose words it carries, if it carries any. ``brake`` is
    the ``Brake`` it counts for, ``reason`` what kept it at the last try, ``why`` it is sent.
    """

    letter_id: str
    mail: OutgoingMail
    attempts: int
    number: int | None
    written_at: datetime
    name: str
    person: PersonId
    entry_id: str | None = None
    ready_at: datetime = _EPOCH
    is_automatic: bool = True
    brake: str | None = None
    reason: str = ""
    why: str = ""

    def unsent(self, *, is_final: bool) -> SentLetter:
        """The letter as the desk knows it: one that waits still, or that will never leave."""
        return SentLetter(
            id=self.letter_id,
            name=self.name,
            person=self.person,
            number=self.number,
            recipient=str(self.mail.recipient),
            message_id=self.mail.message_id,
            subject=self.mail.subject,
            text=self.mail.text,
            state=(LetterState.FAILED if is_final else LetterState.WAITING).value,
            written_at=self.written_at,
            left_at=None,
            entry_id=self.entry_id,
        )


@dataclass(frozen=True, slots=True)
class Room:
    """What may be claimed now. ``left`` is how many more may go to the domains it names.

    Any other domain may have ``each_max``. In a storm only what is urgent goes.
    """

    each_max: int
    left: Mapping[str, int] = field(default_factory=dict)
    is_storm: bool = False

    @property
    def closed(self) -> tuple[str, ...]:
        """The domains that get nothing now."""
        return tuple(domain for domain, count in self.left.items() if count <= 0)


NO_BOUND: Final = Room(each_max=2**31)


@dataclass(frozen=True, slots=True)
class LetterCounts:
    """How many letters stand in each state."""

    waiting: int = 0
    claimed: int = 0
    sent: int = 0
    failed: int = 0
    stopped: int = 0
    blocked: int = 0


def claim(
    session: Session,
    *,
    now: datetime,
    limit: int,
    lease: timedelta,
    room: Room = NO_BOUND,
    in_flight: Collection[str] = (),
) -> tuple[Claimed, ...]:
    """Take up to ``limit`` letters that are due, the longest due first, until ``now + lease``.

    A letter whose lease has ended is due again. Of those ``in_flight``, which the caller hands
    over, that lease alone is renewed: one that was marked to wait is left until it has landed.
    Commit before handing anything over.
    """
    taken: list[Claimed] = []
    counts, closed = Counter[str](), set(room.closed)
    for _ in range(CLAIM_ROUNDS_MAX):
        wanted = limit - len(taken)
        due = _due(session, now, wanted, closed, room, in_flight) if wanted > 0 else ()
        fitting = [row for row in due if _fits(row.domain, counts, room)]
        if fitting:
            until = now + lease
            asked = [{"of": row.letter_id, "until": until} for row in fitting]
            session.connection().execute(_CLAIM, asked)
        taken += (_claimed_from(row, tries=row.attempts + 1) for row in fitting)
        if len(fitting) == len(due):
            break
        closed |= {row.domain for row in due} - {row.domain for row in fitting}
        closed |= {domain for domain in counts if counts[domain] >= _share(domain, room)}
    return tuple(taken)


def _due(
    session: Session,
    now: datetime,
    limit: int,
    closed: set[str],
    room: Room,
    in_flight: Collection[str],
) -> tuple[Row[*tuple[Any, ...]], ...]:
    statement = _DUE_IN_STORM if room.is_storm else _DUE_NOW
    asked = {
        "now": now,
        "limit": limit,
        "closed": sorted(closed),
        "landing": sorted(in_flight),
    }
    return tuple(session.connection().execute(statement, asked))


def _fits(domain: str, counts: Counter[str], room: Room) -> bool:
    """Whether one more for that domain is within its share; if so it is counted."""
    if counts[domain] >= _share(domain, room):
        return False
    counts[domain] += 1
    return True


def _share(domain: str, room: Room) -> int:
    return room.left.get(domain, room.each_max)


def _claimed_from(row: Row[*tuple[Any, ...]], *, tries: int) -> Claimed:
    return Claimed(
        letter_id=row.letter_id,
        mail=mail_from_json(row.mail),
        attempts=tries,
        number=row.number,
        written_at=row.written_at,
        name=row.name,
        person=row.person,
        entry_id=row.entry_id,
        ready_at=row.not_before,
        is_automatic=row.is_automatic,
        brake=row.brake,
        reason=row.reason,
        why=row.why,
    )


def mark_sent(session: Session, letter_id: str, at: datetime) -> None:
    """The relay has taken the letter."""
    _mark(session, letter_id, state=LetterState.SENT, ended_at=at)


def mark_retry(
    session: Session,
    letter_id: str,
    not_before: datetime,
    reason: str,
    *,
    is_blamed: bool = True,
) -> None:
    """It could not be taken now: it waits until then, and what is behind it waits too.

    Not blamed: this try does not count as one.
    """
    _mark(
        session,
        letter_id,
        state=LetterState.WAITING,
        due_at=not_before,
        reason=reason,
        pardoned=0 if is_blamed else 1,
    )


def mark_failed(session: Session, letter_id: str, at: datetime, reason: str) -> None:
    """The letter is given up. What waited behind it may leave."""
    _mark(session, letter_id, state=LetterState.FAILED, ended_at=at, reason=reason)


def mark_blocked(session: Session, letter_id: str, at: datetime, reason: str) -> None:
    """Our own gate keeps the letter: it would have been unsafe to send."""
    _mark(session, letter_id, state=LetterState.BLOCKED, ended_at=at, reason=reason)


def mark_stopped(session: Session, letter_id: str, at: datetime, reason: str) -> None:
    """The letter will not leave, and nobody misses it."""
    _mark(session, letter_id, state=LetterState.STOPPED, ended_at=at, reason=reason)


def overdue(session: Session, *, before: datetime, limit: int) -> tuple[Claimed, ...]:
    """The letters that were to leave before then and wait still, the oldest first."""
    asked = {"before": before, "limit": limit}
    found = session.connection().execute(_OVERDUE, asked)
    return tuple(_claimed_from(row, tries=row.attempts) for row in found)


def fail_waiting(session: Session, letter_id: str, at: datetime, reason: str) -> None:
    """A letter that waits is given up without another try."""
    session.connection().execute(
        _END_WAITING,
        {
            "of": letter_id,
            "to": LetterState.FAILED.value,
            "end": at,
            "because": reason[:REASON_CHARS_MAX],
        },
    )


def withdraw_notice(session: Session, notice: str) -> None:
    """What says that a letter is late, and waits itself, is not sent: the letter has left."""
    session.connection().execute(_WITHDRAW, {"notice": notice})


def release_claims(session: Session) -> None:
    """Every claimed letter waits again, due at once: for a start after a crash.

    Only the one daemon that holds the spool's lock may say so; it may send again what a killed
    one had handed over and not yet marked, under the same Message-ID.
    """
    session.connection().execute(_RELEASE_CLAIMS)


def next_due_at(session: Session, now: datetime, room: Room = NO_BOUND) -> datetime | None:
    """When the next letter can be claimed, not before ``now``; None if nothing waits."""
    statement = _NEXT_DUE_IN_STORM if room.is_storm else _NEXT_DUE
    due = session.connection().execute(statement, {"closed": sorted(room.closed)}).scalar()
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
    pardoned: int = 0,
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
            "pardoned": pardoned,
        },
    )
