"""Another customer's words in an answer: pasted from the wrong window, or quoted by mistake.

Compared with what this agent was told of lately in other tickets (``Context.elsewhere``), run
by run as for a note. What may be in many letters does not count: what was said in this ticket,
by anybody, and what the desk says or customers write here and there. Nothing is kept for this
but the entries themselves, so that what is erased is erased.
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.case import Case
from mailtrack.desk.shingles import (
    SHINGLES_MIN,
    Seeker,
    Shingles,
    shingles_of,
)
from mailtrack.desk.visibility import customers_on
from mailtrack.tickets.context import Elsewhere
from mailtrack.tickets.ticket import Entry, EntryKind, PersonId, Ticket

# Words that so many people write are nobody's: a disclaimer, a form, a news item.
COMMON_AUTHORS: Final = 3
_SECRET: Final = frozenset({EntryKind.MAIL, EntryKind.THIRD_PARTY, EntryKind.NOTE})


def tickets_quoted(case: Case, tickets: tuple[Ticket, ...], text: str) -> tuple[int, ...]:
    """The other tickets whose words or reply addresses stand in an answer to these."""
    own = {ticket.number for ticket in tickets}
    by_token = (one.number for one in case.context.typed_tokens)
    aside = (number for number in by_token if number and number not in own)
    return tuple(dict.fromkeys((*aside, *_by_words(case, tickets, text))))


def _by_words(case: Case, tickets: tuple[Ticket, ...], text: str) -> tuple[int, ...]:
    people = {one.person for ticket in tickets for one in customers_on(ticket)}
    numbers = {ticket.number for ticket in tickets}
    kept = [
        one
        for one in case.context.elsewhere
        if _is_kept_from(one, people)
        and (one.number not in numbers or _is_outsiders(one, tickets))
    ]
    seeker = Seeker(text)
    if not seeker.may_find(*(one.text for one in kept)):
        return ()
    near = {one for one in kept if seeker.may_find(one.text)}
    said = shingles_of(text) - _harmless(case, tickets)
    shared: dict[int, Shingles] = {}
    authors: dict[tuple[str, ...], set[PersonId]] = {}
    for one in reversed(case.context.elsewhere):  # the oldest first
        if one.kind is EntryKind.ANSWER:
            # What we said first and they sent back is ours; what we quoted of theirs is not.
            said -= shingles_of(one.text) - frozenset(authors)
        if one not in near:
            continue
        common = said & shingles_of(one.text)
        shared[one.number] = shared.get(one.number, frozenset()) | common
        for run in common:
            authors.setdefault(run, set()).add(one.author)
    anybodys = {run for run, people in authors.items() if len(people) >= COMMON_AUTHORS}
    return tuple(n for n, runs in shared.items() if len(runs - anybodys) >= SHINGLES_MIN)


def _is_kept_from(one: Elsewhere, people: set[PersonId]) -> bool:
    """Whether what was said there is not for all of these customers.

    One's own words in another ticket are. A note never is: its author reads no answers.
    """
    return one.kind in _SECRET and not people <= {one.author}


def _is_outsiders(one: Elsewhere | Entry, tickets: tuple[Ticket, ...]) -> bool:
    """Whether it came into one of these tickets by a merge, from who is not on it."""
    here = [ticket for ticket in tickets if ticket.number == one.number]
    return one.kind is EntryKind.MAIL and not any(t.participant(one.author) for t in here)


def _harmless(case: Case, tickets: tuple[Ticket, ...]) -> Shingles:
    """What stands in these tickets and their letters to customers, and in canned answers.

    A note here is the matter of ``guards.leaks_note``: one question is enough.
    """
    numbers = {ticket.number for ticket in tickets}
    here = (
        entry.text
        for ticket in tickets
        for entry in ticket.entries
        if entry.kind is not EntryKind.MACHINE and not _is_outsiders(entry, tickets)
    )
    letters = (
        one.text
        for one in case.context.sent
        if one.number in numbers and not one.person.startswith("@")
    )
    texts = (*here, *letters, *case.policy.stationery.canned_words)
    return frozenset().union(*map(shingles_of, texts))
