"""A mail that nobody could read: a stub ticket stands for it, and the admins are told once.

Only what the transport said is used: whatever broke three readers is not looked into again
(security section 5.4). The raw mail is kept apart, and can be tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.machines import admins_of
from mailtrack.desk.opening import requester_from
from mailtrack.desk.policy import Policy
from mailtrack.desk.ticking import case_without_mail
from mailtrack.desk.waiting import tell_of_quarantine
from mailtrack.desk.writing import fresh_uuid
from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.envelope import Envelope
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import (
    AddEntry,
    Decision,
    Disposition,
    LastDone,
    OpenTicket,
    Quarantine,
    QuarantineAgain,
)
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.ticket import Entry, EntryKind, Priority, Status, Ticket, Visibility
from mailtrack.tickets.waiting import QUARANTINE_TOLD, Quarantined, QuarantineState

NOBODY = Address("nobody", "invalid")  # RFC 2606 section 2: never delivered to anybody


@dataclass(frozen=True, slots=True)
class Poison:
    """Why a mail could not be read, and after how many tries."""

    reason: str
    tries: int


def decide_poison(
    envelope: Envelope,
    poison: Poison,
    *,
    told_at: datetime | None,
    policy: Policy,
    fresh: Fresh,
) -> Decision:
    """The stub ticket of a mail that broke its readers, and the letters to the admins.

    ``told_at`` is when they last had one: soon after it this mail waits for a collected letter.
    """
    case = replace(case_without_mail(policy, fresh, Context()), envelope=envelope)
    every = policy.waiting.quarantine_letter_every
    is_told = told_at is None or fresh.now - told_at >= every
    item = Quarantined(
        quarantine_id=f"Q{fresh.quarantine_number}",
        spool_id=envelope.spool_id,
        at=envelope.received_at,
        reason=poison.reason,
        tries=poison.tries,
        sender_shown=str(envelope.mail_from or "<>"),
        size_bytes=envelope.size_bytes,
        number=fresh.number,
        is_told=is_told,
    )
    ticket, entry = _stub(case, poison, item)
    why = f"{item.quarantine_id}: {poison.reason} (tries: {poison.tries})"
    outcome = said("quarantine", why)
    outcome += Outcome((OpenTicket(ticket), AddEntry(entry), Quarantine(item)))
    if is_told:
        outcome += Outcome((LastDone(QUARANTINE_TOLD, fresh.now),))
        outcome += tell_of_quarantine(case, (item,), admins_of(case), is_again=False)
    return _quarantined(outcome, item)


def decide_poison_again(
    item: Quarantined, poison: Poison, *, policy: Policy, fresh: Fresh
) -> Decision:
    """It was tried anew on somebody's word, in vain: they are told why (S8)."""
    case = case_without_mail(policy, fresh, Context())
    again = replace(
        item, state=QuarantineState.KEPT, reason=poison.reason, tries=item.tries + poison.tries
    )
    asked = tuple(one for one in admins_of(case) if one.id == item.ended_by)
    outcome = said("quarantine", f"{item.quarantine_id} again: {poison.reason}")
    outcome += Outcome((QuarantineAgain(item.quarantine_id, again.reason, again.tries),))
    outcome += tell_of_quarantine(case, (again,), asked or admins_of(case), is_again=True)
    return _quarantined(outcome, item)


def _quarantined(outcome: Outcome, item: Quarantined) -> Decision:
    return Decision(
        Disposition.QUARANTINED,
        outcome.effects,
        outcome.letters,
        outcome.trace,
        item.number,
    )


def _stub(case: Case, poison: Poison, item: Quarantined) -> tuple[Ticket, Entry]:
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
            f"{item.quarantine_id} · mailtrack quarantine show {envelope.spool_id}"
        ),
        message_id=None,
        raw_sha256=envelope.sha256,
        is_verified=False,
    )
    return ticket, entry
