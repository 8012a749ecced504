"""Status and owner: where a ticket stands and whose it is."""

from __future__ import annotations

from collections.abc import Callable

from mailtrack.desk.commands.names import agent_named, nearest, value_of
from mailtrack.desk.commands.order import Asked, Done, Problem, Refusal
from mailtrack.tickets.decision import Change, Field
from mailtrack.tickets.ticket import Status

# What agents call a status in any of our languages, beyond its own name.
_STATUS_WORDS = {
    **{status.value: status for status in Status},
    "solved": Status.RESOLVED, "fixed": Status.RESOLVED, "done": Status.RESOLVED,
    "pending": Status.WAITING, "wait": Status.WAITING, "onhold": Status.HOLD,
    "close": Status.CLOSED, "resolve": Status.RESOLVED, "reopen": Status.OPEN,
    "новый": Status.NEW, "открыт": Status.OPEN, "ожидание": Status.WAITING,
    "отложен": Status.HOLD, "решен": Status.RESOLVED, "закрыт": Status.CLOSED,
    "новий": Status.NEW, "відкритий": Status.OPEN, "очікування": Status.WAITING,
    "відкладено": Status.HOLD, "вирішено": Status.RESOLVED, "закрито": Status.CLOSED,
}  # fmt: skip


def to_status(status: Status) -> Callable[[Asked], Done | Refusal]:
    """The command that sets one fixed status."""

    def run(asked: Asked) -> Done | Refusal:
        return _set(asked, Field.STATUS, status)

    return run


def any_status(asked: Asked) -> Done | Refusal:
    """``[status:…]``: the status that the argument names."""
    status = value_of(asked.argument, _STATUS_WORDS)
    if status is None:
        near = nearest(asked.argument, (status.value for status in Status))
        return asked.refuse(Problem.UNKNOWN_VALUE, *near)
    return _set(asked, Field.STATUS, status)


def take(asked: Asked) -> Done | Refusal:
    """``[take]``: the ticket is mine."""
    return _set(asked, Field.OWNER, asked.actor.name)


def assign(asked: Asked) -> Done | Refusal:
    """``[assign:ivan]`` and ``[pass:petr]``: the ticket is that agent's."""
    agent = agent_named(asked)
    return agent if isinstance(agent, Refusal) else _set(asked, Field.OWNER, agent.name)


def unassign(asked: Asked) -> Done | Refusal:
    """``[unassign]``: the ticket is nobody's and goes back to its queue."""
    return _set(asked, Field.OWNER, "")


def _set(asked: Asked, field: Field, new: str) -> Done:
    ticket = asked.about
    old = ticket.status if field is Field.STATUS else ticket.owner or ""
    if old == new:
        return Done()
    return Done((Change(ticket.number, field, str(old), str(new), asked.actor.id),))
