"""Rows to values. A row is what Core returned, its columns by name; it never leaves this room.

``cells`` goes the other way.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Row

from mailtrack.mail.address import Address, Mailbox
from mailtrack.store.codec import (
    attachments_from_json,
    envelope_from_json,
    pairs_from_json,
    texts_from_json,
)
from mailtrack.store.tables import LetterState
from mailtrack.tickets.clock import Clock, ClockState, Metric
from mailtrack.tickets.context import Grant, HeldMail, KnownId, Receipt
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    JournalRow,
    Part,
    Participant,
    Priority,
    Status,
    ThreadId,
    Ticket,
    TicketLine,
    Visibility,
)
from mailtrack.tickets.token import Purpose, Token
from mailtrack.tickets.waiting import Quarantined, QuarantineState, WaitingHeld

Found = Row[*tuple[object, ...]]

HELD_LETTER: Final = "H"
QUARANTINE_LETTER: Final = "Q"
SERIAL_DIGITS_MAX: Final = 9


def ticket_from(row: Found) -> Ticket:
    """The ticket's own fields; what stands in other tables is empty."""
    return Ticket(
        number=row.number,
        uuid=row.uuid,
        subject=row.subject,
        status=Status(row.status),
        queue=row.queue,
        priority=Priority(row.priority),
        requester=row.requester,
        language=row.language,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        category=row.category,
        tags=texts_from_json(row.tags),
        owner=row.owner,
        finished_at=row.finished_at,
        due_at=row.due_at,
        sla_policy=row.sla_policy,
        minutes_spent=row.minutes_spent,
        merged_into=row.merged_into,
        partner_tags=texts_from_json(row.partner_tags),
    )


def line_from(row: Found, *, snippet: str = "") -> TicketLine:
    """A row of ``lists`` as one line."""
    return TicketLine(
        number=row.number,
        subject=row.subject,
        status=Status(row.status),
        queue=row.queue,
        priority=Priority(row.priority),
        owner=row.owner,
        requester_shown=row.requester_name or row.requester,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        next_due_at=row.next_due_at,
        snippet=snippet,
    )


def participant_from(row: Found) -> Participant:
    """A participant of a ticket."""
    mailbox = Mailbox(row.name, Address(row.local, row.domain))
    return Participant(person=row.person, mailbox=mailbox, part=Part(row.part))


def entry_from(row: Found) -> Entry:
    """An entry of a ticket."""
    return Entry(
        id=row.entry_id,
        number=row.number,
        kind=EntryKind(row.kind),
        visibility=Visibility(row.visibility),
        author=row.author,
        author_shown=row.author_shown,
        at=row.at,
        subject=row.subject,
        text=row.text,
        message_id=row.message_id,
        raw_sha256=row.raw_sha256,
        attachments=attachments_from_json(row.attachments),
        is_verified=row.is_verified,
    )


def journal_row_from(row: Found) -> JournalRow:
    """One change that was made."""
    return JournalRow(
        decision_id=row.decision_id,
        number=row.number,
        at=row.at,
        actor=row.actor,
        field=row.field,
        old=row.old,
        new=row.new,
    )


def clock_from(row: Found) -> Clock:
    """An SLA clock."""
    return Clock(
        metric=Metric(row.metric),
        cycle=row.cycle,
        policy=row.policy,
        state=ClockState(row.state),
        started_at=row.started_at,
        target_seconds=row.target_seconds,
        elapsed_seconds=row.elapsed_seconds,
        resumed_at=row.resumed_at,
        due_at=row.due_at,
        stopped_at=row.stopped_at,
        breached_at=row.breached_at,
        is_rebased=row.is_rebased,
        rungs_told=texts_from_json(row.rungs_told),
        next_rung_at=row.next_rung_at,
    )


def token_from(row: Found) -> Token:
    """The row behind a token."""
    return Token(
        handle=row.handle,
        purpose=Purpose(row.purpose),
        number=row.number,
        ticket_uuid=row.ticket_uuid,
        person=row.person,
        role=row.role,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        is_revoked=row.is_revoked,
        held_id=row.held_id,
        letter_id=row.letter_id,
        strangers=texts_from_json(row.strangers),
        last_used_at=row.last_used_at,
        use_count=row.use_count,
    )


def known_id_from(row: Found) -> KnownId:
    """A Message-ID that we know."""
    return KnownId(row.message_id, row.number, row.person, row.is_ours)


def thread_id_from(row: Found) -> ThreadId:
    """The same Message-ID as a step of one person's conversation."""
    return ThreadId(row.person, row.message_id, row.is_ours)


def receipt_from(row: Found) -> Receipt:
    """What became of a mail."""
    held_id = held_id_from(row.held_serial)
    return Receipt(row.spool_id, row.disposition, row.number, held_id, row.at)


def held_from(row: Found) -> HeldMail:
    """A mail that waits for somebody's word."""
    return HeldMail(
        held_id=f"{HELD_LETTER}{row.serial}",
        spool_id=row.spool_id,
        raw_sha256=row.raw_sha256,
        reason=row.reason,
        person=row.person,
        number=row.number,
        subject=row.subject,
        sender_shown=row.sender_shown,
        at=row.at,
        state=row.state,
        grant=row.permits,
        envelope=envelope_from_json(row.envelope),
        brackets=None if row.brackets is None else pairs_from_json(row.brackets),
        is_explained=row.explained_at is not None,
    )


def waiting_held_from(row: Found) -> WaitingHeld:
    """A held mail as the tick needs it."""
    return WaitingHeld(
        held_id=f"{HELD_LETTER}{row.serial}",
        at=row.at,
        person=row.person,
        number=row.number,
        subject=row.subject,
        sender_shown=row.sender_shown,
        reason=row.reason,
        is_asked=row.asked_at is not None,
        reminders=row.reminders,
    )


def quarantined_from(row: Found) -> Quarantined:
    """A mail that could not be read."""
    return Quarantined(
        quarantine_id=f"{QUARANTINE_LETTER}{row.serial}",
        spool_id=row.spool_id,
        at=row.at,
        reason=row.reason,
        tries=row.tries,
        sender_shown=row.sender_shown,
        size_bytes=row.size_bytes,
        number=row.number,
        state=QuarantineState(row.state),
        ended_by=row.ended_by,
        is_told=row.told_at is not None,
    )


def serial_from(waiting_id: str, letter: str = HELD_LETTER) -> int | None:
    """The number in an id such as ``H12`` or ``Q3``; None if it is none of that letter."""
    digits = waiting_id.removeprefix(letter)
    if digits == waiting_id or not (digits.isascii() and digits.isdecimal()):
        return None
    return int(digits) if len(digits) <= SERIAL_DIGITS_MAX else None


def held_id_from(serial: int | None) -> str | None:
    """The id that people see of a held mail."""
    return None if serial is None else f"{HELD_LETTER}{serial}"


def grant_from(row: Found) -> Grant:
    """What the release of a held mail permits."""
    brackets = None
    if row.brackets is not None:
        pairs = pairs_from_json(row.brackets)
        brackets = tuple(_bracket(word, argument) for word, argument in pairs)
    held_id = f"{HELD_LETTER}{row.serial}"
    return Grant(held_id, by=row.ended_by or "", permits=row.permits, brackets=brackets)


def _bracket(word: str, argument: str) -> Bracket:
    raw = f"[{word}:{argument}]" if argument else f"[{word}]"
    return Bracket(word, argument, raw)


def sent_letter_from(row: Found) -> SentLetter:
    """What is remembered of a letter."""
    return SentLetter(
        id=row.letter_id,
        name=row.name,
        person=row.person,
        number=row.number,
        recipient=row.recipient,
        message_id=row.message_id,
        subject=row.subject,
        text=row.text,
        state=row.state,
        written_at=row.written_at,
        left_at=row.ended_at if row.state == LetterState.SENT else None,
        entry_id=row.entry_id,
    )
