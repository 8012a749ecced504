"""Machine-made mail is filed, answered by nothing, and changes nothing.

The one exception is a bounce that comes back to the very address we gave it (VERP): then the
agent whose words did not arrive is told, and a ticket that was thought finished is open again.
A bounce anywhere else proves nothing and has no effect (security section 4.4).
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.after import after
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.hearing import route_of
from mailtrack.desk.identity import writer_of
from mailtrack.desk.letter_views import BouncedView
from mailtrack.desk.opening import entry_from
from mailtrack.desk.policy import Agent, Role
from mailtrack.desk.promised import clocks_of_bounce
from mailtrack.desk.showing import actions_on, desk_view, ticket_view
from mailtrack.desk.threads import match_thread
from mailtrack.desk.tokens import live_token
from mailtrack.desk.writing import (
    Style,
    queue_for,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.mail.message import Bounce, Kind
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    Field,
    LetterBounced,
)
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.ticket import Entry, EntryKind, Status, Ticket
from mailtrack.tickets.token import Purpose

_TELLS_OF_FAILURE: Final = ("bounced", "undeliverable")


def decide_machine(case: Case) -> Decision:
    """What becomes of a machine's mail: an event of a known letter, an entry, or filed."""
    token = live_token(case, Purpose.BOUNCE)
    if token is not None and case.context.bounced is not None:
        return _bounced(case, case.context.bounced)
    thread = match_thread(case, writer_of(case.mail, case.reading.origin, case.policy))
    why = said("kind", f"{case.mail.kind.value}: {case.mail.kind_reason}")
    if thread.ticket is None:
        return Decision(Disposition.FILED, trace=why.trace)
    entry = _entry(case, thread.ticket)
    trace = (*why.trace, *thread.trace)
    return Decision(Disposition.ENTRY, (AddEntry(entry),), (), trace, thread.ticket.number)


def _bounced(case: Case, letter: SentLetter) -> Decision:
    bounce = case.mail.bounce or Bounce((), None, None)
    is_final = bool(bounce.permanent) and case.mail.kind is Kind.BOUNCE
    effects: tuple[Effect, ...] = (
        LetterBounced(letter.id, bounce.status, bounce.diagnostic[:500], is_final),
    )
    why = said("bounce", f"of our letter to {letter.recipient}: {bounce.status or 'no status'}")
    ticket = case.context.ticket(letter.number) if letter.number else None
    if ticket is None:
        return Decision(Disposition.FILED, effects, (), why.trace)
    if letter.person.startswith("@"):
        told = _tell_admins(case, ticket, letter, bounce) if is_final else Outcome()
        return Decision(Disposition.FILED, effects, told.letters, why.trace)
    effects = (*effects, AddEntry(_entry(case, ticket)))
    if not is_final or letter.name == "acknowledged":
        # A delay mends itself, and nobody misses an acknowledgement.
        return Decision(Disposition.ENTRY, effects, (), why.trace, ticket.number)
    if ticket.status.is_finished:
        change = Change(ticket.number, Field.STATUS, ticket.status.value, Status.OPEN.value, "")
        effects = (*effects, change)
    now = after(ticket, effects)
    effects = (*effects, *clocks_of_bounce(case, now, letter.entry_id))
    outcome = Outcome(effects, (), why.trace)
    outcome += _tell(case, now, letter, bounce, agents=_concerned(case, now, letter))
    return Decision(
        Disposition.ENTRY, outcome.effects, outcome.letters, outcome.trace, ticket.number
    )


def _tell_admins(case: Case, ticket: Ticket, letter: SentLetter, bounce: Bounce) -> Outcome:
    """An agent's mailbox is the admins' to mend; the ticket is not touched (S66).

    A letter that itself told of one that did not arrive is told of to nobody: two dead
    mailboxes would write about each other for ever.
    """
    if letter.name in _TELLS_OF_FAILURE:
        return Outcome()
    others = tuple(one for one in admins_of(case) if one.id != letter.person)
    return _tell(case, ticket, letter, bounce, agents=others)


def _tell(
    case: Case,
    ticket: Ticket,
    letter: SentLetter,
    bounce: Bounce,
    *,
    agents: tuple[Agent, ...],
) -> Outcome:
    outcome = Outcome()
    for agent in agents:
        to = recipient_of(agent)
        is_internal = agent.role is Role.LIGHT
        style = Style(purpose=Purpose.NOTE if is_internal else Purpose.REPLY, why="bounced")
        token = reply_token(case, to, ticket=ticket, style=style)
        view = BouncedView(
            desk=desk_view(case.policy, queue_for(case.policy, ticket.queue).address),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=route_of(ticket, case.policy, is_internal=is_internal),
            actions=actions_on(
                ticket,
                policy=case.policy,
                reader=agent,
                address=token_address(case, ticket, token),
            ),
            ticket=ticket_view(ticket, case.policy),
            recipient=letter.recipient,
            is_permanent=True,
            is_own=agent.name == _author(ticket, letter),
            is_mine=agent.name == ticket.owner,
            words=letter.text,
            status=bounce.status,
            diagnostic=bounce.diagnostic[:500],
        )
        outcome += Outcome(
            letters=(write_letter(case, "bounced", to, view=view, ticket=ticket, style=style),)
        )
    return outcome


def _concerned(case: Case, ticket: Ticket, letter: SentLetter) -> tuple[Agent, ...]:
    """The author of the words that did not arrive, else the owner, else the team."""
    name = _author(ticket, letter) or ticket.owner
    names = (name,) if name else case.policy.team(ticket.queue)
    agents = tuple(case.policy.agent(one) for one in names)
    active = tuple(one for one in agents if one is not None and one.is_active)
    return active or admins_of(case)


def _author(ticket: Ticket, letter: SentLetter) -> str | None:
    """The name of the agent whose words a letter to a customer said, None if nobody's."""
    if letter.person.startswith("@"):
        return None
    authors = (
        entry.author[1:]
        for entry in ticket.entries
        if entry.id == letter.entry_id and entry.author.startswith("@")
    )
    return next(authors, None)


def admins_of(case: Case) -> tuple[Agent, ...]:
    """The active admins."""
    return tuple(
        agent for agent in case.policy.agents if agent.is_active and agent.role is Role.ADMIN
    )


def _entry(case: Case, ticket: Ticket) -> Entry:
    return entry_from(
        case,
        ticket.number,
        kind=EntryKind.MACHINE,
        author=case.reading.sender_key or "",
        shown=case.mail.sender_shown,
        text=case.mail.reply or case.mail.text,
        is_verified=False,
        is_internal=True,
    )
