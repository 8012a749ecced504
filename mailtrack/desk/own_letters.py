"""Letters that the desk writes of its own accord: nobody's mail asked for them.

A letter that could not leave is told to its author, with its words; mistakes in changed files
and mail that waits for a decision are told to the admins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailtrack.desk.case import Case, Outcome
from mailtrack.desk.hearing import route_of
from mailtrack.desk.late import listed
from mailtrack.desk.letter_views import ConfigBrokenView, UndeliverableView
from mailtrack.desk.machines import admins_of
from mailtrack.desk.policy import Agent, Policy, Role
from mailtrack.desk.showing import actions_on, desk_view, ticket_view
from mailtrack.desk.ticking import case_without_mail
from mailtrack.desk.views import Goes, RouteView
from mailtrack.desk.writing import (
    Style,
    queue_for,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.errors import Mistake
from mailtrack.mail.address import Address
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import Decision, Disposition, Reason
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import SentLetter, late_notice
from mailtrack.tickets.storm import StormMark
from mailtrack.tickets.ticket import Ticket
from mailtrack.tickets.token import Purpose


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A letter that could not leave. ``is_final``: we gave up; else we go on trying.

    ``is_blocked``: our own gate keeps it, which is a fault of the desk and no relay's.
    """

    letter: SentLetter
    reason: str
    is_final: bool
    is_blocked: bool = False


def decide_undelivered(
    undelivered: Undelivered, ticket: Ticket | None, *, policy: Policy, fresh: Fresh
) -> Decision:
    """Tell the author of a letter that it could not leave (S69); an admin if it has none.

    Of one that was blocked the admins hear as well.
    """
    case = case_without_mail(policy, fresh, Context())
    outcome = Outcome()
    told = _authors(case, undelivered.letter, ticket)
    for agent in dict.fromkeys((*told, *(admins_of(case) if undelivered.is_blocked else ()))):
        outcome += _undeliverable(case, undelivered, ticket, agent=agent)
    reason = Reason("outbox", f"{undelivered.letter.name} did not leave: {undelivered.reason}")
    return Decision(Disposition.TICK, (), outcome.letters, (reason,))


def decide_unacknowledged(
    number: int,
    since: datetime,
    *,
    marks: tuple[StormMark, ...],
    policy: Policy,
    fresh: Fresh,
) -> Decision:
    """An acknowledgement was stopped, for it would come days late: the admins get a list."""
    case = case_without_mail(policy, fresh, Context(marks=marks))
    reason = Reason("acknowledgement", "stopped: it could not leave for too long")
    return Decision(Disposition.TICK, listed(case, number, since), (), (reason,))


def decide_config_broken(
    mistakes: tuple[Mistake, ...], *, since: datetime | None, policy: Policy, fresh: Fresh
) -> Decision:
    """Tell the admins what is wrong in their files; the last good rules go on (S77)."""
    case = case_without_mail(policy, fresh, Context())
    view = ConfigBrokenView(
        desk=desk_view(policy, _first_address(policy)),
        zone=policy.zone,
        now=fresh.now,
        route=RouteView(Goes.COMMANDS),
        mistakes=mistakes,
        since=since,
    )
    style = Style(why="config_broken")
    letters = tuple(
        write_letter(
            case, "config_broken", recipient_of(one), view=view, ticket=None, style=style
        )
        for one in admins_of(case)
    )
    return Decision(Disposition.TICK, (), letters, (Reason("config", "the files are broken"),))


def _undeliverable(
    case: Case, undelivered: Undelivered, ticket: Ticket | None, *, agent: Agent
) -> Outcome:
    letter, policy = undelivered.letter, case.policy
    why = "undeliverable" if undelivered.is_final else late_notice(letter.id)
    is_internal = agent.role is Role.LIGHT
    purpose = Purpose.NOTE if is_internal else Purpose.REPLY
    to, style = recipient_of(agent), Style(purpose=purpose, why=why)
    token = reply_token(case, to, ticket=ticket, style=style)
    address = token_address(case, ticket, token)
    view = UndeliverableView(
        desk=desk_view(policy, queue_for(policy, ticket.queue if ticket else "").address),
        zone=policy.zone,
        now=case.fresh.now,
        route=route_of(ticket, policy, is_internal=is_internal)
        if ticket
        else RouteView(Goes.COMMANDS),
        actions=actions_on(
            ticket,
            policy=policy,
            reader=agent,
            address=address,
        )
        if ticket
        else (),
        ticket=ticket_view(ticket, policy) if ticket else None,
        recipient=letter.recipient,
        subject=letter.subject,
        written_at=letter.written_at,
        is_final=undelivered.is_final,
        reason=undelivered.reason,
        words=letter.text,
    )
    return Outcome(
        letters=(
            write_letter(case, "undeliverable", to, view=view, ticket=ticket, style=style),
        )
    )


def _authors(case: Case, letter: SentLetter, ticket: Ticket | None) -> tuple[Agent, ...]:
    """Who is told: the author of the words, else the owner, else the team, else the admins.

    A letter to an agent that could not leave is told to the admins: that mailbox is theirs to
    mend, and telling it to itself would not arrive either.
    """
    if letter.person.startswith("@") or ticket is None:
        return tuple(one for one in admins_of(case) if one.id != letter.person)
    entry = next((one for one in ticket.entries if one.id == letter.entry_id), None)
    name = entry.author[1:] if entry and entry.author.startswith("@") else ticket.owner
    names = (name,) if name else case.policy.team(ticket.queue)
    agents = (case.policy.agent(one) for one in names)
    return tuple(one for one in agents if one and one.is_active) or admins_of(case)


def _first_address(policy: Policy) -> Address:
    return policy.queues[0].address
