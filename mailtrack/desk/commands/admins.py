"""What admins do with mail that waits: ``[release:H12]``, ``[reject:H12, Q3]``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mailtrack.desk.commands.order import Asked, Done, Problem, Refusal
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.decision import Effect, EndHold, EndQuarantine
from mailtrack.tickets.waiting import Quarantined, QuarantineState

WAITING_IDS_MAX: Final = 50  # in one mail
_ID: Final = re.compile(r"[HQ]\d{1,9}")


def waiting_ids_in(argument: str) -> tuple[str, ...]:
    """The ``H12`` and ``Q3`` of an argument, each once; words that are none are left out."""
    words = argument.upper().replace(",", " ").split()
    return tuple(dict.fromkeys(one for one in words if _ID.fullmatch(one)))


def end_waiting(word: str) -> Callable[[Asked], Done | Refusal]:
    """The command that releases or rejects all that it names."""

    def run(asked: Asked) -> Done | Refusal:
        named = dict.fromkeys(asked.argument.upper().replace(",", " ").split())
        if len(named) > WAITING_IDS_MAX:
            return asked.refuse(Problem.TOO_MANY)
        there = {_id_of(one): one for one in asked.context.waiting}
        effects: list[Effect] = []
        for name in named:
            if name not in there:
                return Refusal(asked.bracket.raw, Problem.UNKNOWN_HELD, name)
            effect = end_of(there[name], word, asked.actor.id)
            if effect is None:
                return Refusal(asked.bracket.raw, Problem.ALREADY_DECIDED, name)
            effects.append(effect)
        return Done(tuple(effects))

    return run


def end_of(
    one: HeldMail | Quarantined, word: str, by: str, *, restores: bool = False
) -> Effect | None:
    """The effect of ``release`` or ``reject`` on a mail that waits; None if it waits no more.

    Of a mail whose commands cannot be done, the words alone are released. With ``restores`` one
    that was rejected is let through still.
    """
    is_release = word == "release"
    if isinstance(one, Quarantined):
        if one.state is not QuarantineState.KEPT:
            return None
        state = QuarantineState.RETRY if is_release else QuarantineState.REJECTED
        return EndQuarantine(one.quarantine_id, state, by)
    is_restored = restores and is_release and one.state == "dropped"
    if one.state != "held" and not is_restored:
        return None
    brackets = () if is_release and one.reason == "commands" else None
    ended = "released" if is_release else "dropped"
    return EndHold(one.held_id, ended, by, brackets, restores=restores)


def _id_of(one: HeldMail | Quarantined) -> str:
    return one.quarantine_id if isinstance(one, Quarantined) else one.held_id
