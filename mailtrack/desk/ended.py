"""An admin decided about mail that an agent was asked about: the agent hears of it, once.

Only registered agents are told, at their registered address, and only which mail it was: who is
merely claimed to have written it, and is no agent, hears nothing (no oracle, no backscatter).
"""

from __future__ import annotations

from collections.abc import Iterable

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.holding import desk_address
from mailtrack.desk.letter_views import DoneView
from mailtrack.desk.policy import Agent
from mailtrack.desk.showing import desk_view
from mailtrack.desk.views import Done, Goes, RouteView
from mailtrack.desk.writing import Style, recipient_of, write_letter
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.decision import Effect, EndHold
from mailtrack.tickets.token import Purpose


def tell_asked(case: Case, effects: Iterable[Effect], *, by: Agent) -> Outcome:
    """One letter to each agent whose word was waited for, about all that ``by`` decided."""
    held = (one for one in case.context.waiting if isinstance(one, HeldMail))
    asked = {one.held_id: one.person for one in held}
    ended = tuple(one for one in effects if isinstance(one, EndHold))
    outcome = Outcome()
    for agent in case.policy.agents:
        theirs = tuple(one for one in ended if asked.get(one.held_id) == agent.id)
        if theirs and agent.is_active and agent.id != by.id:
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
