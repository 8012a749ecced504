"""Tickets and entries as letters show them: snapshots turned into views.

What a customer may see is made by ``public_view`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final

from mailtrack.desk.policy import Agent, CustomerRule, Policy, Role
from mailtrack.desk.views import (
    ActionView,
    ChangeView,
    DeskView,
    EntryView,
    FileView,
    ListLineView,
    PersonView,
    PublicTicketView,
    TicketView,
    mailto,
)
from mailtrack.desk.visibility import is_internal
from mailtrack.mail.address import Address
from mailtrack.tickets.decision import Change, Field
from mailtrack.tickets.ticket import (
    Entry,
    PersonId,
    Ticket,
    TicketLine,
)

EARLIER_MAX: Final = 3


def desk_view(policy: Policy, address: Address) -> DeskView:
    """The desk, at the address that the letter comes from."""
    return DeskView(policy.desk_name, str(address))


def public_view(ticket: Ticket) -> PublicTicketView:
    """All of a ticket that may be shown to a customer."""
    return PublicTicketView(ticket.number, _subject_of(ticket))


def _subject_of(ticket: Ticket) -> str:
    """The subject with the number of another desk in it, by which they know it again (S42)."""
    tags = (f"[{tag}]" for tag in ticket.partner_tags)
    return " ".join((*(tag for tag in tags if tag not in ticket.subject), ticket.subject))


def ticket_view(ticket: Ticket, policy: Policy) -> TicketView:
    """A ticket for agents."""
    known = customer_rule(policy, ticket.requester)
    return TicketView(
        number=ticket.number,
        subject=_subject_of(ticket),
        status=ticket.status,
        queue=ticket.queue,
        priority=ticket.priority,
        owner=shown_agent(policy, ticket.owner) if ticket.owner else None,
        requester=requester_view(ticket, policy),
        opened_at=ticket.opened_at,
        organisation=known.organisation if known else None,
        customer_type=known.type if known else None,
        tags=ticket.tags,
        category=ticket.category,
        next_due_at=next_due_at(ticket),
        minutes_spent=ticket.minutes_spent,
        language=ticket.language,
    )


def next_due_at(ticket: Ticket) -> datetime | None:
    """The date an agent pinned, else the earliest running deadline, else None."""
    running = (clock.due_at for clock in ticket.clocks if clock.is_live and clock.due_at)
    return ticket.due_at or min(running, default=None)


def requester_view(ticket: Ticket, policy: Policy) -> PersonView:
    """The requester as agents see them."""
    participant = ticket.participant(ticket.requester)
    if participant is None:
        return PersonView("", ticket.requester)
    mailbox = participant.mailbox
    is_agent = policy.agent_at(mailbox.address.key) is not None
    return PersonView(mailbox.name, str(mailbox.address), is_agent)


def entry_view(entry: Entry, place: int | None = None) -> EntryView:
    """An entry for agents; ``place`` numbers it in its ticket."""
    return EntryView(
        author=entry.author_shown,
        at=entry.at,
        kind=entry.kind,
        text=entry.text,
        attachments=tuple(FileView(one.name, one.size_bytes) for one in entry.attachments),
        is_verified=entry.is_verified,
        is_internal=is_internal(entry),
        place=place or 0,
    )


def earlier_views(ticket: Ticket, entry: Entry | None) -> tuple[EntryView, ...]:
    """The entries before this one, newest first, a few."""
    others = tuple(one for one in ticket.entries if entry is None or one.id != entry.id)
    return tuple(entry_view(one) for one in reversed(others[-EARLIER_MAX:]))


def change_views(
    changes: Iterable[Change], policy: Policy, *, actor: str = ""
) -> tuple[ChangeView, ...]:
    """What changed, owners by the names people know."""
    return tuple(
        ChangeView(
            change.field,
            _shown_value(change.field, change.old, policy),
            _shown_value(change.field, change.new, policy),
            actor,
        )
        for change in changes
    )


def shown_agent(policy: Policy, name: str) -> str:
    """An agent's name as people know it; the key itself if the agent is gone."""
    agent = policy.agent(name)
    return agent.shown if agent else name


def shown_person(policy: Policy, person: PersonId) -> str:
    """A person as people know them: ``@ivan`` by name, a customer by address."""
    return shown_agent(policy, person[1:]) if person.startswith("@") else person


def line_view(line: TicketLine, policy: Policy, desk: Address) -> ListLineView:
    """A ticket as a line of a list; a tap asks for the whole of it."""
    return ListLineView(
        number=line.number,
        subject=line.subject,
        status=line.status,
        queue=line.queue,
        priority=line.priority,
        owner=shown_agent(policy, line.owner) if line.owner else None,
        requester=line.requester_shown,
        changed_at=line.changed_at,
        next_due_at=line.next_due_at,
        snippet=line.snippet,
        href=mailto(desk, f"[show:{line.number}]"),
    )


def line_of(ticket: Ticket, policy: Policy) -> TicketLine:
    """A ticket as one line."""
    requester = requester_view(ticket, policy)
    return TicketLine(
        ticket.number,
        ticket.subject,
        ticket.status,
        ticket.queue,
        ticket.priority,
        ticket.owner,
        requester.shown or requester.email,
        ticket.opened_at,
        ticket.changed_at,
        next_due_at(ticket),
    )


def actions_on(
    ticket: Ticket, *, policy: Policy, reader: Agent, address: Address
) -> tuple[ActionView, ...]:
    """The action bar: mails to the reader's own token, with the command in the subject."""
    words: tuple[str, ...] = ("note", "show")
    if reader.role is not Role.LIGHT:
        first = "wait" if ticket.owner == reader.name else "take"
        words = (
            ("reopen", *words)
            if ticket.status.is_finished
            else (first, "resolve", "close", *words)
        )
    return tuple(
        action(
            word,
            policy=policy,
            language=reader.language,
            address=address,
            number=ticket.number,
        )
        for word in words
    )


def action(
    word: str,
    *,
    policy: Policy,
    language: str,
    address: Address,
    number: int | None = None,
    typed: str | None = None,
) -> ActionView:
    """One tap: ``typed`` is the subject it prepares, by default ``[word]`` and the number."""
    subject = typed or (f"[{word}] [#{number}]" if number else f"[{word}]")
    label = policy.stationery.label(language, "actions", word)
    return ActionView(word, label, subject, mailto(address, subject))


def customer_rule(policy: Policy, person: PersonId) -> CustomerRule | None:
    """What ``people.yaml`` knows of a customer: the first rule that fits address or domain."""
    domain = person.rpartition("@")[2]
    for rule in policy.customers:
        glob = rule.glob.casefold()
        if fnmatchcase(person if "@" in glob else domain, glob):
            return rule
    return None


def _shown_value(field: Field, text: str, policy: Policy) -> str:
    if field is Field.OWNER and text:
        return shown_agent(policy, text)
    return text
