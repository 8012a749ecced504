"""The clock strikes: which rungs of which tickets are due, and who is told in one mail each.

The same path as a mail: values in, one ``Decision`` out. All that is due for a person now
stands in one letter, so that a morning after a weekend is one mail (S75).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mailtrack.desk.case import Case, Outcome
from mailtrack.desk.digests import storms_passed
from mailtrack.desk.escalation import DueRung, rungs_due, told
from mailtrack.desk.letter_views import ReminderView
from mailtrack.desk.policy import Agent, Policy, Role
from mailtrack.desk.showing import actions_on, desk_view, line_of, line_view
from mailtrack.desk.views import Goes, RouteView, RungView
from mailtrack.desk.writing import (
    Style,
    queue_for,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import ParsedMail
from mailtrack.tickets.context import AgentState, Context
from mailtrack.tickets.decision import IssueToken, Reason, SetClocks
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Reading
from mailtrack.tickets.storm import StormDue
from mailtrack.tickets.ticket import Ticket
from mailtrack.tickets.token import Purpose, Token

Due = tuple[Ticket, DueRung]
NO_STORMS: Final = StormDue()


def decide_tick(
    tickets: tuple[Ticket, ...],
    *,
    agents: tuple[AgentState, ...],
    policy: Policy,
    fresh: Fresh,
    storms: StormDue = NO_STORMS,
) -> Outcome:
    """The reminders that are due at ``fresh.now`` for these tickets, and of ``storms``."""
    case = case_without_mail(policy, fresh, Context(agents=agents))
    effects, by_agent, trace = [], dict[str, list[Due]](), []
    for ticket in tickets:
        rungs = rungs_due(
            ticket.clocks,
            ladder=policy.ladder,
            policies=policy.sla_policies,
            priority=ticket.priority,
            now=fresh.now,
        )
        clocks = told(
            ticket.clocks,
            rungs,
            ladder=policy.ladder,
            policies=policy.sla_policies,
            priority=ticket.priority,
            now=fresh.now,
        )
        effects.append(SetClocks(ticket.number, clocks))
        for rung in rungs:
            said = f"#{ticket.number} {rung.metric.value} {rung.rung.name}"
            trace.append(Reason("escalation", said, rung.rung.where))
            for agent in _told_of(ticket, rung, policy, agents, fresh):
                by_agent.setdefault(agent.name, []).append((ticket, rung))
    outcome = Outcome(tuple(effects), (), tuple(trace)) + storms_passed(case, storms)
    for name, due in by_agent.items():
        reader = policy.agent(name)
        if reader is not None:
            outcome += _reminder(case, reader, due)
    return outcome


def case_without_mail(policy: Policy, fresh: Fresh, context: Context) -> Case:
    """A case about no mail, for letters that the desk writes of its own accord."""
    envelope = Envelope(fresh.decision_id, None, (), fresh.now, Front.PIPE, "", 0, "")
    reading = Reading(
        spool_id=fresh.decision_id,
        raw_sha256="",
        content_hash="",
        message_id=None,
        sender_key=None,
        agent=None,
        queue=policy.queues[0].name,
    )
    return Case(ParsedMail(), envelope, reading, context, policy, fresh)


def _told_of(
    ticket: Ticket,
    rung: DueRung,
    policy: Policy,
    agents: tuple[AgentState, ...],
    fresh: Fresh,
) -> tuple[Agent, ...]:
    """The agents whom a rung names; a team in place of an owner who is away or nobody."""
    away = {one.name for one in agents if one.away_until and one.away_until > fresh.now}
    names: list[str] = []
    for who in rung.tell:
        if who == "owner":
            owner = policy.agent(ticket.owner) if ticket.owner else None
            has_owner = owner is not None and owner.is_active and owner.name not in away
            names += [ticket.owner or ""] if has_owner else policy.team(ticket.queue)
        elif who == "lead":
            names += _leads(policy, ticket.queue)
        elif who == "queue":
            names += policy.team(ticket.queue)
        else:
            names.append(_name_of(policy, who))
    found = (policy.agent(name) for name in dict.fromkeys(names))
    return tuple(agent for agent in found if agent is not None and agent.is_active)


def _leads(policy: Policy, queue: str) -> Iterable[str]:
    leads = [
        one for one in policy.agents if one.is_active and one.role in (Role.LEAD, Role.ADMIN)
    ]
    own = [one.name for one in leads if queue in one.queues and one.role is Role.LEAD]
    return own or [one.name for one in leads]


def _name_of(policy: Policy, who: str) -> str:
    by_address = policy.agent_at(who)
    return by_address.name if by_address else who


def _reminder(case: Case, agent: Agent, due: list[Due]) -> Outcome:
    pressing = sorted(due, key=lambda one: one[1].due_at)
    first = pressing[0][0]
    alone = first if all(ticket.number == first.number for ticket, _ in due) else None
    view = ReminderView(
        desk=desk_view(case.policy, queue_for(case.policy, first.queue).address),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.NOTE if alone else Goes.COMMANDS),
        rungs=tuple(_rung(case, agent, *one) for one in pressing),
    )
    style = Style(purpose=Purpose.NOTE, why="reminder")
    to = recipient_of(agent)
    letter = write_letter(case, "reminder", to, view=view, ticket=alone, style=style)
    # The letter brings only its own token; the links name each ticket by one of its own.
    issued = dict.fromkeys(_token(case, agent, ticket) for ticket, _ in pressing)
    return Outcome(tuple(map(IssueToken, issued)), (letter,))


def _rung(case: Case, agent: Agent, ticket: Ticket, rung: DueRung) -> RungView:
    desk = queue_for(case.policy, ticket.queue).address
    return RungView(
        ticket=line_view(line_of(ticket, case.policy), case.policy, desk),
        metric=rung.metric,
        due_at=rung.due_at,
        is_breached=rung.due_at <= case.fresh.now,
        actions=actions_on(
            ticket,
            policy=case.policy,
            reader=agent,
            address=token_address(case, ticket, _token(case, agent, ticket)),
        ),
    )


def _token(case: Case, agent: Agent, ticket: Ticket) -> Token:
    style = Style(purpose=Purpose.NOTE)
    return reply_token(case, recipient_of(agent), ticket=ticket, style=style)
