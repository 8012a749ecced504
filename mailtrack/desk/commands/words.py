"""Words and questions: note, canned answers, and everything that is answered by a letter."""

from __future__ import annotations

from collections.abc import Callable

from mailtrack.desk.commands.names import nearest, one_of
from mailtrack.desk.commands.order import Asked, Done, Problem, Question, Refusal


def note(_asked: Asked) -> Done | Refusal:
    """``[note]``: these words are for colleagues only."""
    return Done(is_note=True)


def canned(asked: Asked) -> Done | Refusal:
    """``[tpl:name]``: the canned answer stands above my words."""
    names = asked.policy.stationery.canned_names
    name = one_of(asked.argument, names)
    if name is None:
        return asked.refuse(Problem.UNKNOWN_CANNED, *nearest(asked.argument, names))
    return Done(canned=name)


def ask(question: Question) -> Callable[[Asked], Done | Refusal]:
    """The command that only asks a question."""

    def run(asked: Asked) -> Done | Refusal:
        return Done(question=(question, asked.argument))

    return run


def show(asked: Asked) -> Done | Refusal:
    """``[show:1042]``, or ``[show]`` for the ticket the mail is about."""
    figures = asked.argument.strip("# ")
    if figures and not (figures.isdecimal() and len(figures) <= 12):
        return asked.refuse(Problem.UNKNOWN_TICKET)
    ticket = asked.context.ticket(int(figures)) if figures else asked.ticket
    if ticket is None:
        return asked.refuse(Problem.UNKNOWN_TICKET)
    return Done(question=(Question.SHOW, str(ticket.number)))
