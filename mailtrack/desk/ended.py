"""An admin decided about mail that an agent was asked about: the agent hears of it, once.

The operator's word at the command line counts for an admin's. Only registered agents are told,
at their registered address, and only which mail it was: who is merely claimed to have written
it, and is no agent, hears nothing (no oracle, no backscatter).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.commands.admins import end_of
from mailtrack.desk.holding import desk_address
from mailtrack.desk.letter_views import DoneView
from mailtrack.desk.policy import Agent, Policy
from mailtrack.desk.showing import desk_view
from mailtrack.desk.ticking import case_without_mail
from mailtrack.desk.views import Done, Goes, RouteView
from mailtrack.desk.writing import Style, recipient_of, write_letter
from mailtrack.tickets.context import Context, HeldMail
from mailtrack.tickets.decision import Decision, Disposition, Effect, EndHold
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.token import Purpose

OPERATOR: Final = "@operator"  # who decided at the command line


def decide_at_command_line(
    held: HeldMail, word: str, *, policy: Policy, fresh: Fresh
) -> Decision | None:
    """What ``release`` or ``reject`` of the operator's does; None if it is decided already.

    Without the desk's keys no letter can be written, and nobody is told.
    """
    effect = end_of(held, word, OPERATOR, restores=True)
    if effect is None:
        return None
    case = case_without_mail(policy, fresh, Context(waiting=(held,)))
    outcome = Outcome((effect,)) + said("held", f"{held.held_id}: {word} at the command line")
    if policy.keys.keys:
        outcome += tell_asked(case, outcome.effects)
    return Decision(Disposition.TICK, outcome.effects, outcome.letters, outcome.trace)


def tell_asked(case: Case, effects: Iterable[Effect]) -> Outcome:
    """One letter to each agent whose word was waited for, about all that others decided."""
    held = (one for one in case.context.waiting if isinstance(one, HeldMail))
    asked = {one.held_id: one.person for one in held}
    ended = tuple(one for one in effects if isinstance(one, EndHold))
    outcome = Outcome()
    for agent in case.policy.agents:
        theirs = tuple(
            one for one in ended if asked.get(one.held_id) == agent.id and one.by != agent.id
        )
        if theirs and agent.is_active:
            outcome += _told(case, agent, theirs)
    return outcome


def _told(case: Case, agent: Agent, ended: tuple[EndHold, ...]) -> Outcome:
    states = {one.state for one in ended}
    done = Done.DECIDED_BY_ADMIN
    if len(states) == 1:
        done = Done.RELEASED_BY_ADMIN if "released" in states else Done.DROPPED_BY_ADMIN
    names = ", ".join(one.held_id for one in ended)
    view = DoneView(
        desk=desk_view(case.policy, desk_address(case, None)),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.COMMANDS),
        done=done,
        held_id=names,
    )
    style = Style(purpose=Purpose.NOTE, why=done.value)
    letter = write_letter(
        case, "done", recipient_of(agent), view=view, ticket=None, style=style
    )
    return Outcome(letters=(letter,)) + said("held", f"{names}: {agent.name} is told")
