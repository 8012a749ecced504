"""Mail of the time before this desk: it becomes history, and nobody hears of it.

An operator hands it over, so who wrote what is taken as it says. No letter is written, no
command is carried out, no clock is started, nobody is assigned, and no status is changed but
one that an import gave: what a customer wrote lately waits to be answered, all else is closed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from mailtrack.desk.case import Case, said
from mailtrack.desk.identity import Writer, writer_of
from mailtrack.desk.opening import (
    customer_effects,
    entry_from,
    open_ticket,
    requester_from,
)
from mailtrack.mail.address import Mailbox
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    Field,
    OpenTicket,
)
from mailtrack.tickets.ticket import EntryKind, Status, Ticket

# What a customer wrote so lately, and nobody has answered since, waits for an answer.
STILL_WAITS: Final = timedelta(days=14)
ACTOR: Final = ""  # the journal's name for nobody


def decide_import(case: Case) -> Decision:
    """The mail as an entry of its conversation, or filed if nobody is to be seen in it."""
    if case.mail.is_machine:
        return _filed(f"a machine wrote it ({case.mail.kind_reason})")
    writer = writer_of(case.mail, case.reading.origin, case.policy)
    if writer is None:
        return _filed("nobody can be read as its sender")
    ticket = _ticket_of(case, writer)
    if ticket is not None:
        return _added(case, writer, ticket)
    asks = _who_asks(case, writer)
    if asks is None:
        return _filed("an agent wrote it to nobody who could be a customer")
    return _opened(case, writer, asks)


def _filed(why: str) -> Decision:
    return Decision(Disposition.FILED, trace=said("import", why).trace)


def _ticket_of(case: Case, writer: Writer) -> Ticket | None:
    """The ticket of a mail that this one answers, if its writer has to do with it."""
    own = case.mail.message_id
    numbers = [one.number for one in case.context.known_ids if one.message_id != own]
    tickets = {ticket.number: ticket for ticket in case.context.tickets}
    found = next((tickets[number] for number in numbers if number in tickets), None)
    if found is None or writer.agent is not None:
        return found
    return found if found.participant(writer.person) is not None else None


def _who_asks(case: Case, writer: Writer) -> Mailbox | None:
    """The customer of a new conversation: who writes, or whom an agent writes to."""
    if writer.agent is None:
        return writer.mailbox
    people = (*case.mail.to, *case.mail.cc)
    return next(
        (
            one
            for one in people
            if not case.policy.is_ours(one.address)
            and case.policy.agent_at(one.address.key) is None
        ),
        None,
    )


def _opened(case: Case, writer: Writer, asks: Mailbox) -> Decision:
    requester = requester_from(asks.address.key, asks)
    ticket = open_ticket(case, requester, subject=case.mail.subject).ticket
    status = _status_after(case, writer)
    ticket = replace(
        ticket,
        queue=case.reading.queue,
        status=Status.NEW if status is Status.OPEN else status,
        owner=None,
        sla_policy=None,
        finished_at=case.envelope.received_at if status.is_finished else None,
    )
    effects: tuple[Effect, ...] = (OpenTicket(ticket), *_entry(case, writer, ticket))
    trace = said("import", "it opens a conversation of the past").trace
    return Decision(Disposition.TICKET, effects, (), trace, ticket.number, writer.person)


def _added(case: Case, writer: Writer, ticket: Ticket) -> Decision:
    effects: tuple[Effect, ...] = _entry(case, writer, ticket)
    status = _status_after(case, writer)
    if _was_imported(ticket) and status is not ticket.status:
        change = Change(ticket.number, Field.STATUS, ticket.status, status, ACTOR)
        effects = (*effects, change)
    trace = said("import", "it answers a mail of this ticket").trace
    return Decision(Disposition.ENTRY, effects, (), trace, ticket.number, writer.person)


def _was_imported(ticket: Ticket) -> bool:
    """Whether nobody has touched it since: no owner, no clock, nobody in its journal."""
    touched = any(row.actor != ACTOR for row in ticket.journal)
    return ticket.owner is None and not ticket.clocks and not touched


def _status_after(case: Case, writer: Writer) -> Status:
    age = case.fresh.now - case.envelope.received_at
    return Status.OPEN if writer.agent is None and age <= STILL_WAITS else Status.CLOSED


def _entry(case: Case, writer: Writer, ticket: Ticket) -> tuple[Effect, ...]:
    agent = writer.agent
    entry = entry_from(
        case,
        ticket.number,
        kind=EntryKind.ANSWER if agent else EntryKind.MAIL,
        author=writer.person,
        shown=agent.shown if agent else writer.mailbox.name or str(writer.mailbox.address),
        is_verified=False,
    )
    learnt = () if agent else customer_effects(case, writer)
    return (AddEntry(entry), *learnt)
