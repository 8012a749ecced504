"""Carries out all commands of a mail on its tickets, or none of them.

Nothing happens here: the answer is effects, or every refusal at once. Status goes last,
whatever the order in which the words were typed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from itertools import cycle
from typing import Final

from mailtrack.desk.after import after
from mailtrack.desk.brackets import folded
from mailtrack.desk.commands.order import (
    Argument,
    Asked,
    Command,
    Done,
    Problem,
    Question,
    Refusal,
)
from mailtrack.desk.commands.table import BY_WORD, understood
from mailtrack.desk.policy import BULK, Agent, Policy, Role, StepUp
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import Effect, OpenTicket
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.ticket import Ticket

BULK_MAX: Final = 40  # less than the numbers that are read, so that none is left out silently
QUESTIONS_MAX: Final = 1  # one mail in, at most one mail out for each person
_BY_ARGUMENT: Final = frozenset({"cc"})  # what they are given says whether it is grave
_RANKS: Final = tuple(Role)

Order = tuple[Bracket, Command]


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What all commands of a mail come to, together."""

    effects: tuple[Effect, ...] = ()
    is_note: bool = False
    canned: str | None = None
    questions: tuple[tuple[Question, str], ...] = ()
    needs_confirmation: bool = False
    means: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Who commands, and all they may refer to; the last two as in ``Asked``."""

    actor: Agent
    policy: Policy
    context: Context
    fresh: Fresh
    answered: str | None = None
    confirmed_since: datetime | None = None


def obey(
    brackets: tuple[Bracket, ...], tickets: tuple[Ticket, ...], *, scene: Scene
) -> Obeyed | tuple[Refusal, ...]:
    """What the brackets come to on each of the tickets; every refusal if any is refused.

    With no ticket, only commands that need none can be done.
    """
    read = tuple(_order(bracket, scene.actor) for bracket in brackets)
    refusals = tuple(found for found in read if isinstance(found, Refusal))
    if refusals:
        return refusals
    orders = tuple(found for found in read if not isinstance(found, Refusal))
    if len(tickets) > BULK_MAX:
        return tuple(Refusal(b.raw, Problem.TOO_MANY, b.word) for b, _ in orders) or (
            Refusal("", Problem.TOO_MANY, ""),
        )
    orders = tuple(sorted(orders, key=lambda order: order[1].is_last))
    outcomes: list[Done | Refusal] = []
    for ticket in tickets or (None,):
        outcomes += _on_one(orders, ticket, scene)
    refusals = tuple(dict.fromkeys(one for one in outcomes if isinstance(one, Refusal)))
    if refusals:
        return refusals
    done = tuple(one for one in outcomes if isinstance(one, Done))
    if sum(isinstance(effect, OpenTicket) for one in done for effect in one.effects) > 1:
        return tuple(Refusal(b.raw, Problem.TOO_MANY, b.word) for b, _ in orders)
    step_up = scene.policy.step_up
    is_bulk = BULK in step_up.words and len(tickets) > step_up.bulk_above
    together = _together(done, is_bulk=is_bulk)
    if len(together.questions) > QUESTIONS_MAX:
        return _too_many_questions(orders, done)
    return together


def _on_one(
    orders: tuple[Order, ...], ticket: Ticket | None, scene: Scene
) -> list[Done | Refusal]:
    outcomes: list[Done | Refusal] = []
    for bracket, command in orders:
        asked = Asked(
            bracket.argument,
            bracket,
            scene.actor,
            ticket,
            scene.policy,
            scene.context,
            scene.fresh,
            scene.answered,
            scene.confirmed_since,
        )
        outcome = _confirmed(command, _run(command, asked), scene.policy.step_up)
        outcomes.append(outcome)
        if isinstance(outcome, Done) and ticket is not None:
            ticket = after(ticket, outcome.effects)
    return outcomes


def _run(command: Command, asked: Asked) -> Done | Refusal:
    if command.needs_ticket and asked.ticket is None:
        return asked.refuse(Problem.NEEDS_TICKET)
    if command.argument is Argument.NEEDED and not asked.argument:
        return Refusal(
            asked.bracket.raw, Problem.MISSING_ARGUMENT, command.word, (command.example,)
        )
    return command.run(asked)


def _confirmed(command: Command, outcome: Done | Refusal, step_up: StepUp) -> Done | Refusal:
    """The outcome, to be confirmed first if the admin wants that of this command."""
    if isinstance(outcome, Refusal):
        return outcome
    is_grave = outcome.needs_confirmation or command.word not in _BY_ARGUMENT
    return replace(outcome, needs_confirmation=is_grave and command.word in step_up.words)


def _order(bracket: Bracket, actor: Agent) -> Order | Refusal:
    found = understood(bracket)
    if found is None:
        return Refusal(bracket.raw, Problem.UNKNOWN_WORD, bracket.word, _meant(bracket, actor))
    command, argument = found
    if not may_command(actor, command):
        return Refusal(bracket.raw, Problem.NOT_ALLOWED, bracket.word)
    if command.argument is Argument.NONE and argument:
        # "[close:#101]" is no wish to close this one.
        return Refusal(bracket.raw, Problem.UNKNOWN_VALUE, argument, (command.example,))
    return replace(bracket, argument=argument), command


def may_command(actor: Agent, command: Command) -> bool:
    """Whether the role of an agent is enough for a command."""
    return _RANKS.index(actor.role) >= _RANKS.index(command.role)


def _meant(bracket: Bracket, actor: Agent) -> tuple[str, ...]:
    allowed = [key for key, command in BY_WORD.items() if may_command(actor, command)]
    near = get_close_matches(folded(bracket.word), allowed, n=3, cutoff=0.6)
    words = tuple(dict.fromkeys(BY_WORD[key].word for key in near))
    tail = f":{bracket.argument}" if bracket.argument else ""
    return tuple(
        f"[{word}]" if BY_WORD[folded(word)].argument is Argument.NONE else f"[{word}{tail}]"
        for word in words
    )


def _too_many_questions(
    orders: tuple[Order, ...], done: tuple[Done, ...]
) -> tuple[Refusal, ...]:
    """A refusal of each bracket that asks for a letter; ``done`` repeats for each ticket."""
    asking = (order[0] for order, one in zip(cycle(orders), done, strict=False) if one.question)
    return tuple(
        Refusal(bracket.raw, Problem.TOO_MANY, bracket.word)
        for bracket in dict.fromkeys(asking)
    )


def _together(done: tuple[Done, ...], *, is_bulk: bool) -> Obeyed:
    questions = tuple(dict.fromkeys(one.question for one in done if one.question))
    canned = tuple(one.canned for one in done if one.canned)
    return Obeyed(
        effects=tuple(effect for one in done for effect in one.effects),
        is_note=any(one.is_note for one in done),
        canned=canned[0] if canned else None,
        questions=questions,
        needs_confirmation=is_bulk or any(one.needs_confirmation for one in done),
        means=tuple(text for one in done for text in one.means),
        warnings=tuple(dict.fromkeys(text for one in done for text in one.warnings)),
    )
