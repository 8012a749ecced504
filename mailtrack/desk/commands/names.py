"""Names as agents type them: colleagues and queues, whole or by a unique beginning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

from mailtrack.desk.brackets import folded
from mailtrack.desk.commands.order import Asked, Problem, Refusal
from mailtrack.desk.policy import Agent, Queue

SUGGESTIONS_MAX: Final = 4
T = TypeVar("T")
_ME: Final = frozenset({"me", "self", "мне", "мені", "я", "себе", "собі"})


def agent_named(asked: Asked) -> Agent | Refusal:
    """The one active agent whom the argument names, or why nobody is named."""
    typed = folded(asked.argument)
    if typed in _ME:
        return asked.actor
    active = tuple(agent for agent in asked.policy.agents if agent.is_active)
    for fits in (_is_exact, _begins):
        found = tuple(agent for agent in active if fits(agent, typed))
        if len(found) == 1:
            return found[0]
        if found:
            names = tuple(agent.name for agent in found[:SUGGESTIONS_MAX])
            return asked.refuse(Problem.AMBIGUOUS_PERSON, *names)
    near = nearest(typed, (agent.name for agent in active))
    return asked.refuse(Problem.UNKNOWN_PERSON, *near)


def queue_named(asked: Asked) -> Queue | Refusal:
    """The one queue that the argument names."""
    names = tuple(queue.name for queue in asked.policy.queues)
    name = one_of(asked.argument, names)
    queue = asked.policy.queue(name) if name else None
    if queue is None:
        return asked.refuse(Problem.UNKNOWN_QUEUE, *nearest(asked.argument, names))
    return queue


def one_of(typed: str, names: Iterable[str]) -> str | None:
    """The name that is typed, whole or by a unique beginning, without case and punctuation."""
    wanted = folded(typed)
    known = {folded(name): name for name in names}
    if not wanted or wanted in known:
        return known.get(wanted)
    begun = [name for key, name in known.items() if key.startswith(wanted)]
    return begun[0] if len(begun) == 1 else None


def value_of(typed: str, words: Mapping[str, T]) -> T | None:
    """The value that is typed, by any of its words or a beginning that only it has."""
    wanted = folded(typed)
    known = {folded(word): value for word, value in words.items()}
    if not wanted or wanted in known:
        return known.get(wanted)
    begun = {value for key, value in known.items() if key.startswith(wanted)}
    return begun.pop() if len(begun) == 1 else None


def nearest(typed: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that look most like what was typed, best first; all if there are few."""
    known = {folded(name): name for name in names}
    close = get_close_matches(folded(typed), known, n=SUGGESTIONS_MAX, cutoff=0.5)
    if not close and len(known) <= SUGGESTIONS_MAX:
        close = list(known)
    return tuple(known[key] for key in close)


def _is_exact(agent: Agent, typed: str) -> bool:
    keys = (agent.name, agent.shown, *agent.emails)
    return typed in {folded(key) for key in keys}


def _begins(agent: Agent, typed: str) -> bool:
    keys = (agent.name, agent.shown, *agent.shown.split())
    return bool(typed) and any(folded(key).startswith(typed) for key in keys)
