"""Values to rows: each function gives the cells of one row, by column name."""

from __future__ import annotations

from datetime import datetime

from mailtrack.store.codec import (
    json_from_attachments,
    json_from_envelope,
    json_from_mail,
    json_from_pairs,
    json_from_texts,
)
from mailtrack.store.rows import serial_from
from mailtrack.store.tables import Brake, LetterState
from mailtrack.tickets.clock import Clock
from mailtrack.tickets.context import HeldMail, KnownId
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.ticket import Entry, JournalRow, Participant, Ticket
from mailtrack.tickets.token import Token

Cell = str | int | bool | datetime | None
Cells = dict[str, Cell]


def cells_from_ticket(ticket: Ticket) -> Cells:
    """The row of the ticket's own fields."""
    return {
        "number": ticket.number,
        "uuid": ticket.uuid,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "queue": ticket.queue,
        "priority": ticket.priority.value,
        "requester": ticket.requester,
        "language": ticket.language,
        "opened_at": ticket.opened_at,
        "changed_at": ticket.changed_at,
        "category": ticket.category,
        "tags": json_from_texts(ticket.tags),
        "owner": ticket.owner,
        "finished_at": ticket.finished_at,
        "due_at": ticket.due_at,
        "sla_policy": ticket.sla_policy,
        "minutes_spent": ticket.minutes_spent,
        "merged_into": ticket.merged_into,
        "partner_tags": json_from_texts(ticket.partner_tags),
    }


def cells_from_participant(participant: Participant, number: int) -> Cells:
    """The row of a participant."""
    return {
        "number": number,
        "person": participant.person,
        "part": participant.part.value,
        "name": participant.mailbox.name,
        "local": participant.mailbox.address.local,
        "domain": participant.mailbox.address.domain,
    }


def cells_from_entry(entry: Entry) -> Cells:
    """The row of an entry."""
    return {
        "entry_id": entry.id,
        "number": entry.number,
        "kind": entry.kind.value,
        "visibility": entry.visibility.value,
        "author": entry.author,
        "author_shown": entry.author_shown,
        "at": entry.at,
        "subject": entry.subject,
        "text": entry.text,
        "message_id": entry.message_id,
        "raw_sha256": entry.raw_sha256,
        "attachments": json_from_attachments(entry.attachments),
        "is_verified": entry.is_verified,
    }


def cells_from_journal_row(change: JournalRow) -> Cells:
    """The row of a change."""
    return {
        "decision_id": change.decision_id,
        "number": change.number,
        "at": change.at,
        "actor": change.actor,
        "field": change.field,
        "old": change.old,
        "new": change.new,
    }


def cells_from_clock(clock: Clock, number: int) -> Cells:
    """The row of an SLA clock."""
    return {
        "number": number,
        "metric": clock.metric.value,
        "cycle": clock.cycle,
        "policy": clock.policy,
        "state": clock.state.value,
        "started_at": clock.started_at,
        "target_seconds": clock.target_seconds,
        "elapsed_seconds": clock.elapsed_seconds,
        "resumed_at": clock.resumed_at,
        "due_at": clock.due_at,
        "stopped_at": clock.stopped_at,
        "breached_at": clock.breached_at,
        "is_rebased": clock.is_rebased,
        "rungs_told": json_from_texts(clock.rungs_told),
        "next_rung_at": clock.next_rung_at,
    }


def cells_from_token(token: Token) -> Cells:
    """The row of a token."""
    return {
        "handle": token.handle,
        "purpose": token.purpose.value,
        "number": token.number,
        "ticket_uuid": token.ticket_uuid,
        "person": token.person,
        "role": token.role,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "is_revoked": token.is_revoked,
        "held_id": token.held_id,
        "letter_id": token.letter_id,
        "strangers": json_from_texts(token.strangers),
        "last_used_at": token.last_used_at,
        "use_count": token.use_count,
    }


def cells_from_known_id(known: KnownId) -> Cells:
    """The row of a Message-ID."""
    return {
        "message_id": known.message_id,
        "number": known.number,
        "person": known.person,
        "is_ours": known.is_ours,
    }


def cells_from_held(held: HeldMail) -> Cells:
    """The row of a mail that waits."""
    serial = serial_from(held.held_id)
    assert serial is not None, held.held_id
    return {
        "serial": serial,
        "spool_id": held.spool_id,
        "raw_sha256": held.raw_sha256,
        "reason": held.reason,
        "person": held.person,
        "number": held.number,
        "subject": held.subject,
        "sender_shown": held.sender_shown,
        "at": held.at,
        "state": held.state,
        "permits": held.grant,
        "brackets": None if held.brackets is None else json_from_pairs(held.brackets),
        "envelope": json_from_envelope(held.envelope),
        "reminders": 0,
    }


def cells_from_letter(letter: Letter, *, brake: Brake | None, written_at: datetime) -> Cells:
    """The outbox row of a new letter."""
    return {
        "letter_id": letter.id,
        "name": letter.name,
        "person": letter.person,
        "number": letter.number,
        "recipient": letter.mail.recipient.key,
        "domain": letter.mail.recipient.domain,
        "subject": letter.mail.subject,
        "subject_key": letter.subject_key,
        "message_id": letter.mail.message_id,
        "is_automatic": letter.is_automatic,
        "brake": brake.value if brake else None,
        "why": letter.why,
        "entry_id": letter.entry_id,
        "state": LetterState.WAITING.value,
        "written_at": written_at,
        "not_before": letter.not_before,
        "due_at": letter.not_before,
        "attempts": 0,
        "reason": "",
        "bounce_diagnostic": "",
    }


def cells_from_letter_mail(letter: Letter) -> Cells:
    """The row of a letter's words."""
    return {
        "letter_id": letter.id,
        "text": letter.mail.text,
        "mail": json_from_mail(letter.mail),
    }
