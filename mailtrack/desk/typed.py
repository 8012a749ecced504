"""Which brackets of a mail its agent typed, and which a customer had put into the subject.

A customer's ``[close]`` must never run when an agent answers; a customer's ``[note]`` must
never keep an agent's own from being one.
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.brackets import (
    brackets_in_subject,
    folded,
    without_brackets,
    without_prefixes,
)
from mailtrack.desk.case import Case
from mailtrack.desk.commands.table import BY_WORD
from mailtrack.desk.letters import subject_for_agent
from mailtrack.mail.message import Kind
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.ticket import Ticket

NOTE: Final = "note"


def typed_brackets(case: Case, tickets: tuple[Ticket, ...]) -> tuple[Bracket, ...]:
    """The brackets that the agent typed: not those that a customer put into the subject.

    A mail that did not come from a person's own hand commands nothing.
    """
    if case.grant is not None and case.grant.brackets is not None:
        # Whatever is corrected or left out: a note that was meant as one stays one.
        notes = tuple(b for b in case.reading.brackets if is_note(b))
        return (*case.grant.brackets, *notes)
    if case.mail.kind is not Kind.HUMAN:
        return ()
    quoted = "" if _is_subject_ours(case, tickets) else "\n".join(_quotable(tickets))
    # Words for colleagues stay inside even where nobody can tell who typed the bracket.
    return tuple(
        b for b in case.reading.brackets if b.from_body or b.raw not in quoted or is_note(b)
    )


def is_note(bracket: Bracket) -> bool:
    """Whether a bracket says that the words are for colleagues only."""
    command = BY_WORD.get(folded(bracket.word))
    return command is not None and command.word == NOTE


def _is_subject_ours(case: Case, tickets: tuple[Ticket, ...]) -> bool:
    """Whether each bracket in the subject is the agent's own.

    It is where the rest is the subject of our letter, in which a customer's brackets are
    round, and where there is no rest, as after a tap: but for a customer who wrote none.
    """
    rest = _rest(case.mail.subject)
    is_letters = any(rest == folded(subject_for_agent(t.number, t.subject)) for t in tickets)
    numbers = {"", *(str(one.number) for one in tickets)}
    is_tap = rest in numbers and numbers.isdisjoint(map(_rest, _quotable(tickets)))
    return is_letters or is_tap


def _rest(subject: str) -> str:
    """What stands in a subject besides the brackets, as it is compared."""
    return folded(without_prefixes(without_brackets(subject, brackets_in_subject(subject))))


def _quotable(tickets: tuple[Ticket, ...]) -> tuple[str, ...]:
    """The subjects that others than agents wrote in these tickets."""
    entries = (entry for one in tickets for entry in one.entries)
    written = (one.subject for one in entries if not one.author.startswith("@"))
    return (*(one.subject for one in tickets), *written)
