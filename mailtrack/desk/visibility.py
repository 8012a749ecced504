"""Who may read what: the one place that answers it, for every letter, list and export.

A text is a ticket (its number and subject), what was said in it, with its files, or a mail that
waits for somebody's word. A reader is an agent, or whatever somebody else is to the ticket now:
who was taken off it reads nothing any more, and a stranger with a token never did. What only
agents read stays so when tickets are merged, linked or undone. Nothing here asks how a text
came to be internal: that is ``Entry.visibility``, and nobody but this file reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from mailtrack.desk.policy import Agent, Role
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    Part,
    Participant,
    PersonId,
    Ticket,
    TicketLine,
    Visibility,
)
from mailtrack.tickets.waiting import Quarantined

CUSTOMERS: Final = (Part.REQUESTER, Part.CC)

Text = Ticket | TicketLine | Entry | HeldMail | Quarantined


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who might read. ``role`` is an active agent's, None for anybody else.

    ``part`` is what they are to the ticket that the text stands in, None for nothing.
    """

    person: PersonId
    part: Part | None = None
    role: Role | None = None


def visible_to(reader: Reader, text: Text, *, is_history: bool = False) -> bool:
    """Whether this person may read that text.

    ``is_history``: it is read from the record, as in an export, and not told as it is said. Who
    is copied gets no history, and no customer another's mail: a merge may bring it here.
    """
    is_agent = reader.role is not None
    match text:
        case HeldMail():
            is_asked = is_agent and text.person == reader.person
            return is_asked or reader.role is Role.ADMIN
        case Quarantined():
            return reader.role is Role.ADMIN
        case TicketLine():
            return is_agent
        case Ticket():
            return is_agent or reader.part in CUSTOMERS
        case Entry():
            return is_agent or _is_for_customer(reader, text, is_history=is_history)
        case _:
            assert_never(text)


def is_internal(entry: Entry) -> bool:
    """Whether it is kept from every customer, whoever they are."""
    return entry.visibility is Visibility.INTERNAL


def _is_for_customer(reader: Reader, entry: Entry, *, is_history: bool) -> bool:
    if is_internal(entry):
        return False
    if entry.author == reader.person:
        return True
    parts = (Part.REQUESTER,) if is_history else CUSTOMERS
    return reader.part in parts and entry.kind is EntryKind.ANSWER


def as_agent(agent: Agent) -> Reader:
    """An agent as a reader: one who is not active any more is nobody."""
    return Reader(agent.id, role=agent.role if agent.is_active else None)


def on(ticket: Ticket, person: PersonId) -> Reader:
    """Somebody as the customer that they are, or are not, on this ticket."""
    place = ticket.participant(person)
    return Reader(person, place.part if place else None)


def customers_on(ticket: Ticket) -> tuple[Participant, ...]:
    """Everybody who is sent an agent's answer, in the order in which they joined."""
    return ticket.with_part(*CUSTOMERS)
