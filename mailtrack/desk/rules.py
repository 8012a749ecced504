"""What a routing rule of ``rules.yaml`` says, as values. ``routing`` compiles and asks them.

Every value that can decide something knows its ``where``: ``rules.yaml:12``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailtrack.tickets.ticket import Priority


class Match(StrEnum):
    """How a condition's values are compared with the text they look at."""

    WORDS = "words"  # whole words or phrases, case folded, in any script
    GLOB = "glob"  # the whole value, * and ?
    REGEX = "regex"  # RE2, searched
    EXACT = "exact"  # one of these values, case folded


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing to look at, and the values any of which fits.

    ``subject`` is a key of ``routing.CONDITIONS``: subject, body, from, to, header, list,
    attachment, language, customer_type, organisation, queue, tag, size, reply, time.
    ``name`` is the header's name for ``header``. ``values`` are ``(how, text)``.
    """

    subject: str
    values: tuple[tuple[Match, str], ...]
    where: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """A tree: all of ``all``, at least one of ``any`` (if there are any), none of ``none``."""

    all: tuple[Condition | When, ...] = ()
    any: tuple[Condition | When, ...] = ()
    none: tuple[Condition | When, ...] = ()


@dataclass(frozen=True, slots=True)
class Assign:
    """To whom: ``how`` is person, round_robin, least_busy or skill; ``what`` names it.

    ``among`` are the agents to choose from, if the rule lists them; ``what`` is ``""`` then.
    """

    how: str
    what: str
    where: str
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Then:
    """What a rule does. None or empty: leaves it alone."""

    queue: str | None = None
    priority: Priority | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    assign: Assign | None = None
    sla: str | None = None
    canned: str | None = None
    note: str | None = None
    notify: tuple[str, ...] = ()
    hold: bool = False
    spam: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of ``rules.yaml``, in the order of the file."""

    name: str
    when: When
    then: Then
    stop: bool
    where: str
