"""Who gets a new ticket: a person, the next in turn, the least busy, the skilled.

Inactive, light and away agents and those whose hands are full are passed over. Nobody at all
is an answer too: the ticket stays in its queue, where everybody sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailtrack.desk.policy import Agent, Role
from mailtrack.desk.rules import Assign
from mailtrack.tickets.context import AgentState
from mailtrack.tickets.decision import Reason

REASONS_SHOWN_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Assigned:
    """``agent`` is None if nobody could take it. ``turn`` is ``(group, agent)`` to remember."""

    agent: str | None
    turn: tuple[str, str] | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Staff:
    """The agents as they are now."""

    agents: tuple[Agent, ...]
    states: dict[str, AgentState]
    turns: dict[str, str]
    now: datetime

    def busy(self, agent: Agent) -> int:
        """How many open tickets the agent has."""
        state = self.states.get(agent.name)
        return state.open_tickets if state else 0

    def absence(self, agent: Agent) -> str | None:
        """Why the agent can be given nothing at all, None if they can."""
        state = self.states.get(agent.name)
        if not agent.is_active:
            return f"{agent.name} is not active"
        if agent.role is Role.LIGHT:
            return f"{agent.name} only writes notes"
        if state and state.away_until and state.away_until > self.now:
            return f"{agent.name} is away"
        return None

    def hindrance(self, agent: Agent) -> str | None:
        """Why the agent is given nothing when tickets are shared out, None if they can be."""
        absence = self.absence(agent)
        if absence is not None or agent.tickets_max is None:
            return absence
        busy = self.busy(agent)
        if busy < agent.tickets_max:
            return None
        return f"{agent.name} has {busy} of {agent.tickets_max} tickets"


# The best of some agents who can take a ticket: one at least.
_Choice = Callable[[_Staff, tuple[Agent, ...]], tuple[Agent, ...]]


def assign(
    how: Assign,
    agents: tuple[Agent, ...],
    states: tuple[AgentState, ...],
    turns: tuple[tuple[str, str], ...],
    *,
    queue: str,
    language: str,
    now: datetime,
) -> Assigned:
    """Who gets a ticket in ``queue`` that is written in ``language``.

    ``what`` names the person, the queue whose agents share (empty: the ticket's own), or the
    skills, all of which are needed; ``among`` lists the agents who share, instead of a queue.
    The limit of ``tickets_max`` holds where tickets are shared out; a person whom a rule names
    gets them all, as by an agent's command.
    """
    staff = _Staff(agents, {one.name: one for one in states}, dict(turns), now)
    if how.how == "person":
        return _person(how, staff)
    if how.how == "round_robin":
        group, name = _group(how, agents, queue=queue)
        return _shared(how, staff, group, name=name, best=_anybody)
    if how.how == "least_busy":
        group, name = _group(how, agents, queue=queue)
        return _shared(how, staff, group, name=name, best=_least_busy)
    if how.how == "skill":
        skilled = _skilled(agents, how.what, queue=queue)
        return _shared(how, staff, skilled, name=how.what, best=_fluent_in(language))
    return _nobody(how, f"{how.how!r} is no way to assign")


def _person(how: Assign, staff: _Staff) -> Assigned:
    agent = next((one for one in staff.agents if one.name == how.what), None)
    if agent is None:
        return _nobody(how, f"there is no agent {how.what!r}")
    absence = staff.absence(agent)
    if absence is not None:
        return _nobody(how, absence)
    return Assigned(agent.name, None, Reason("assign", agent.name, how.where))


def _shared(
    how: Assign,
    staff: _Staff,
    group: tuple[Agent, ...],
    *,
    name: str,
    best: _Choice,
) -> Assigned:
    """The best of those who can; among equals the one whose turn it is."""
    hindrances = {one.name: staff.hindrance(one) for one in group}
    able = tuple(one for one in group if hindrances[one.name] is None)
    passed_over = [said for said in hindrances.values() if said][:REASONS_SHOWN_MAX]
    turn = f"{how.how} {name}"
    if not able:
        return _nobody(how, "; ".join([f"{turn}: nobody can take it", *passed_over]))
    chosen = _next_in_turn(group, best(staff, able), staff.turns.get(turn))
    said = "; ".join([f"{turn}: {chosen.name}", *passed_over])
    return Assigned(chosen.name, (turn, chosen.name), Reason("assign", said, how.where))


def _next_in_turn(
    group: tuple[Agent, ...], candidates: tuple[Agent, ...], last: str | None
) -> Agent:
    """The first candidate after the last turn, in the order of the file and round again."""
    names = [one.name for one in group]
    start = names.index(last) + 1 if last in names else 0
    order = (*group[start:], *group[:start])
    return next(one for one in order if one in candidates)


def _anybody(_: _Staff, some: tuple[Agent, ...]) -> tuple[Agent, ...]:
    return some


def _least_busy(staff: _Staff, some: tuple[Agent, ...]) -> tuple[Agent, ...]:
    fewest = min(map(staff.busy, some))
    return tuple(one for one in some if staff.busy(one) == fewest)


def _fluent_in(language: str) -> _Choice:
    """The least busy of those who speak the language, or of all if nobody does."""

    def choose(staff: _Staff, some: tuple[Agent, ...]) -> tuple[Agent, ...]:
        fluent = tuple(
            one for one in some if language == one.language or language in one.skills
        )
        return _least_busy(staff, fluent or some)

    return choose


def _group(
    how: Assign, agents: tuple[Agent, ...], *, queue: str
) -> tuple[tuple[Agent, ...], str]:
    """Who shares, in the order of the files, and the name by which their turn is remembered."""
    if how.among:
        return tuple(one for one in agents if one.name in how.among), ",".join(how.among)
    name = how.what or queue
    return _members(agents, name), name


def _members(agents: tuple[Agent, ...], queue: str) -> tuple[Agent, ...]:
    return tuple(one for one in agents if queue in one.queues)


def _skilled(agents: tuple[Agent, ...], what: str, *, queue: str) -> tuple[Agent, ...]:
    """Those who have all the skills: of the ticket's queue, or of the desk if none is there."""
    needed = set(what.casefold().replace(",", " ").split())
    able = tuple(one for one in agents if needed <= {skill.casefold() for skill in one.skills})
    return _members(able, queue) or able


def _nobody(how: Assign, why: str) -> Assigned:
    return Assigned(None, None, Reason("assign", f"nobody: {why}", how.where))
