"""What a command is given and what it may answer: values only.

A command never raises and changes nothing itself: it answers ``Done`` with effects, or a
``Refusal`` that says what is wrong and what could have been meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mailtrack.desk.policy import Agent, Policy, Role
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import Effect
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.ticket import JournalRow, Ticket

TAKEN_APART_WITHIN: Final = timedelta(minutes=30)  # how long a merge or a split can be undone


class Problem(StrEnum):
    """Why a command cannot be carried out; the ``refused`` letter has a sentence for each."""

    UNKNOWN_WORD = "unknown_word"
    UNKNOWN_PERSON = "unknown_person"
    AMBIGUOUS_PERSON = "ambiguous_person"
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_VALUE = "unknown_value"
    UNKNOWN_CANNED = "unknown_canned"
    UNKNOWN_TICKET = "unknown_ticket"
    MISSING_ARGUMENT = "missing_argument"
    BAD_DATE = "bad_date"
    BAD_DURATION = "bad_duration"
    BAD_ADDRESS = "bad_address"
    NOT_ALLOWED = "not_allowed"
    NEEDS_TICKET = "needs_ticket"
    NOTHING_TO_UNDO = "nothing_to_undo"
    TOO_MANY = "too_many"
    NOTHING_NEW = "nothing_new"
    NO_FLOOD = "no_flood"
    SAME_TICKET = "same_ticket"
    NOT_ON_TOP = "not_on_top"
    UNKNOWN_HELD = "unknown_held"
    ALREADY_DECIDED = "already_decided"
    WHICH_MESSAGE = "which_message"
    UNKNOWN_MESSAGE = "unknown_message"
    NOT_FROM_OUTSIDE = "not_from_outside"
    FIRST_MESSAGE = "first_message"
    SEVERAL_WRITERS = "several_writers"
    IS_FLOOD = "is_flood"
    WENT_ELSEWHERE = "went_elsewhere"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that cannot be done. ``suggestions`` are brackets that could have been meant.

    ``what`` is the word or value the problem is about, as typed.
    """

    bracket: str
    problem: Problem
    what: str
    suggestions: tuple[str, ...] = ()


class Question(StrEnum):
    """A question that is answered by a letter of its own to the one who asked."""

    SHOW = "show"
    FIND = "find"
    QUEUE = "queue"
    MINE = "mine"
    WHY = "why"
    HELP = "help"
    TEMPLATES = "templates"
    UNDO = "undo"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command comes to.

    ``canned`` is a canned answer to put above the agent's words. ``needs_confirmation`` is true
    for a step that an authenticated agent must confirm by reply (security section 2.2);
    ``means`` says in lines what it comes to, ``warnings`` what they must know before they do.
    """

    effects: tuple[Effect, ...] = ()
    is_note: bool = False
    canned: str | None = None
    question: tuple[Question, str] | None = None
    needs_confirmation: bool = False
    means: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command function gets. ``ticket`` is as the commands before it leave it.

    ``ticket`` is None when the mail names none and opens none. ``answered`` is the id of the
    entry that the letter was about which the mail answers, None if it answers no such letter.
    ``confirmed_since`` is when a mail came that was held until now, None for one that is new.
    """

    argument: str
    bracket: Bracket
    actor: Agent
    ticket: Ticket | None
    policy: Policy
    context: Context
    fresh: Fresh
    answered: str | None = None
    confirmed_since: datetime | None = None

    @property
    def about(self) -> Ticket:
        """The ticket, for commands that need one: ``obey`` refuses these without."""
        assert self.ticket is not None, "only for commands with needs_ticket"
        return self.ticket

    @property
    def undoer(self) -> str:
        """Under which name an undo is journalled: a second one does not undo the first."""
        return f"{self.actor.id} (undo)"

    def undoable_on(self, number: int) -> tuple[JournalRow, ...]:
        """What the actor's last decision on that ticket changed there."""
        return tuple(row for row in self.context.undoable if row.number == number)

    def refuse(self, problem: Problem, *suggestions: str) -> Refusal:
        """A refusal of this bracket; ``suggestions`` are arguments that would be right."""
        word = self.bracket.word
        brackets = tuple(f"[{word}:{argument}]" for argument in suggestions)
        return Refusal(self.bracket.raw, problem, self.argument or word, brackets)


class Argument(StrEnum):
    """Whether a command takes an argument."""

    NONE = "none"
    OPTIONAL = "optional"
    NEEDED = "needed"


class Group(StrEnum):
    """The headings of the help letter."""

    STATUS = "status"
    OWNER = "owner"
    FIELDS = "fields"
    TEXT = "text"
    PEOPLE = "people"
    QUESTIONS = "questions"
    ADMIN = "admin"
    PRIVACY = "privacy"


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``synonyms`` are in any language, compared as ``brackets.folded`` does.

    ``example`` is a bracket that works; ``help`` is a line for each language of the desk.
    ``is_last`` commands are carried out after all others of the mail: status goes last.
    ``needs_ticket`` commands are refused on a mail that is about no ticket.
    """

    word: str
    synonyms: tuple[str, ...]
    group: Group
    argument: Argument
    role: Role
    run: Callable[[Asked], Done | Refusal]
    example: str
    help: tuple[tuple[str, str], ...]
    is_last: bool = False
    needs_ticket: bool = True
