"""Who hears of a ticket: watch, mute, cc, uncc."""

from __future__ import annotations

from typing import Final

from mailtrack.desk.commands.order import Asked, Done, Problem, Refusal
from mailtrack.desk.visibility import customers_on
from mailtrack.mail.address import Address, Mailbox, address_from
from mailtrack.tickets.decision import Join, Leave
from mailtrack.tickets.ticket import Part, Participant, Ticket

CC_MAX: Final = 10


def watch(asked: Asked) -> Done | Refusal:
    """``[watch]``: I hear of everything on this ticket."""
    return _join_self(asked, Part.WATCHER)


def mute(asked: Asked) -> Done | Refusal:
    """``[mute]``: I hear of nothing on this ticket, unless I own it."""
    return _join_self(asked, Part.MUTED)


def cc(asked: Asked) -> Done | Refusal:
    """``[cc:anna@acme.example]``: they get the answers from now on, never what was before.

    Who gets them already stays what they are on the ticket. Somebody from outside the
    customers' domains is confirmed first: a typo would hand the conversation to a stranger.
    """
    ticket = asked.about
    addresses = tuple(address_from(word) for word in asked.argument.replace(",", " ").split())
    if not addresses or None in addresses:
        return asked.refuse(Problem.BAD_ADDRESS)
    named = tuple(address for address in addresses if address is not None)
    if any(asked.policy.is_ours(address) for address in named):
        return asked.refuse(Problem.NOT_ALLOWED)
    joins = tuple(_join(asked, ticket, address) for address in named)
    hear = {one.person for one in customers_on(ticket)}
    new = tuple(one for one in joins if one.participant.person not in hear)
    if len(ticket.with_part(Part.CC)) + len(new) > CC_MAX:
        return asked.refuse(Problem.TOO_MANY)
    # Where everybody has a mailbox, the customer's domain is no sign of their colleagues.
    everybodys = frozenset(asked.policy.brakes.freemail_domains)
    known = {one.mailbox.address.domain for one in customers_on(ticket)} - everybodys
    outside = any(one.participant.mailbox.address.domain not in known for one in new)
    return Done(new, needs_confirmation=outside)


def uncc(asked: Asked) -> Done | Refusal:
    """``[uncc:anna@acme.example]``: they get nothing any more, and their tokens die."""
    ticket = asked.about
    address = address_from(asked.argument)
    person = asked.policy.person_at(address.key) if address else ""
    copied = tuple(one.person for one in ticket.with_part(Part.CC))
    if person not in copied:
        return asked.refuse(Problem.BAD_ADDRESS, *copied)
    return Done((Leave(ticket.number, person, asked.actor.id),))


def _join_self(asked: Asked, part: Part) -> Done:
    """Who asks there hears the answers, whatever they say, and not the notes."""
    ticket, actor = asked.about, asked.actor
    participant = Participant(actor.id, Mailbox(actor.shown, actor.address), part)
    if ticket.participant(actor.id) in (participant, *customers_on(ticket)):
        return Done()
    return Done((Join(ticket.number, participant, actor.id),))


def _join(asked: Asked, ticket: Ticket, address: Address) -> Join:
    agent = asked.policy.agent_at(address.key)
    person = agent.id if agent else asked.policy.person_at(address.key)
    part = Part.WATCHER if agent else Part.CC
    return Join(ticket.number, Participant(person, Mailbox("", address), part), asked.actor.id)
