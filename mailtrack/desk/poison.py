"""A mail that nobody could read: a stub ticket stands for it, and the admins are told once.

Only what the transport said is used: whatever broke three readers is not looked into again
(security section 5.4). The raw mail is kept apart, and can be tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailtrack.desk.case import Case
from mailtrack.desk.letter_views import QuarantinedView
from mailtrack.desk.machines import admins_of
from mailtrack.desk.opening import requester_from
from mailtrack.desk.policy import Policy
from mailtrack.desk.showing import desk_view
from mailtrack.desk.ticking import case_without_mail
from mailtrack.desk.views import Goes, RouteView
from mailtrack.desk.writing import (
    Recipient,
    Style,
    fresh_uuid,
    queue_for,
    recipient_of,
    write_letter,
)
from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.envelope import Envelope
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import (
    AddEntry,
    Decision,
    Disposition,
    OpenTicket,
    Reason,
)
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.ticket import Entry, EntryKind, Priority, Status, Ticket, Visibility
from mailtrack.tickets.token import Purpose

NOBODY = Address("nobody", "invalid")  # RFC 2606 section 2: never delivered to anybody


@dataclass(frozen=True, slots=True)
class Poison:
    """Why a mail could not be read, and after how many tries."""

    reason: str
    tries: int


def decide_poison(
    envelope: Envelope, poison: Poison, *, policy: Policy, fresh: Fresh
) -> Decision:
    """The stub ticket of a mail that broke its readers, and the letters to the admins."""
    case = replace(case_without_mail(policy, fresh, Context()), envelope=envelope)
    ticket, entry = _stub(case, poison)
    letters = tuple(
        _told(case, ticket, poison, to=recipient_of(admin)) for admin in admins_of(case)
    )
    return Decision(
        Disposition.QUARANTINED,
        (OpenTicket(ticket), AddEntry(entry)),
        letters,
        (Reason("quarantine", f"{poison.reason} (tried {poison.tries} times)"),),
        ticket.number,
    )


def _stub(case: Case, poison: Poison) -> tuple[Ticket, Entry]:
    envelope = case.envelope
    claimed = envelope.mail_from or NOBODY
    queues = (case.policy.queue_of(address) for address in envelope.rcpt_to)
    queue = next((name for name in queues if name), case.policy.queues[0].name)
    ticket = Ticket(
        number=case.fresh.number,
        uuid=fresh_uuid(case.fresh),
        subject=f"Unreadable mail {envelope.spool_id}",
        status=Status.NEW,
        queue=queue,
        priority=Priority.NORMAL,
        requester=claimed.key,
        language=case.policy.language,
        opened_at=envelope.received_at,
        changed_at=envelope.received_at,
        participants=(requester_from(claimed.key, Mailbox("", claimed)),),
    )
    entry = Entry(
        id=case.fresh.id("stub"),
        number=ticket.number,
        kind=EntryKind.STUB,
        visibility=Visibility.INTERNAL,
        author=claimed.key,
        author_shown=str(claimed),
        at=envelope.received_at,
        subject=ticket.subject,
        text=(
            f"{poison.reason}\n\n{envelope.size_bytes} bytes, SHA-256 {envelope.sha256}\n"
            f"mailtrack quarantine show {envelope.spool_id}"
        ),
        message_id=None,
        raw_sha256=envelope.sha256,
        is_verified=False,
    )
    return ticket, entry


def _told(case: Case, ticket: Ticket, poison: Poison, *, to: Recipient) -> Letter:
    view = QuarantinedView(
        desk=desk_view(case.policy, queue_for(case.policy, ticket.queue).address),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.NOTE),
        spool_id=case.envelope.spool_id,
        received_at=case.envelope.received_at,
        sender_shown=str(case.envelope.mail_from or "<>"),
        size_bytes=case.envelope.size_bytes,
        tries=poison.tries,
        reason=poison.reason,
        number=ticket.number,
    )
    style = Style(purpose=Purpose.NOTE, why="quarantined")
    return write_letter(case, "quarantined", to, view=view, ticket=ticket, style=style)
