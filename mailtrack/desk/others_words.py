"""Another customer's words in an answer: pasted from the wrong window, or quoted by mistake.

Compared with what this agent was told of lately in other tickets (``Context.elsewhere``), run
by run as for a note. What may be in many letters does not count: what was said in this ticket,
by anybody, and what the desk says or customers write here and there. Nothing is kept for this
but the entries themselves, so that what is erased is erased.
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.case import Case
from mailtrack.desk.shingles import SHINGLES_MIN, Seeker, Shingles, shingles_of
from mailtrack.desk.visibility import customers_on
from mailtrack.tickets.context import Elsewhere
from mailtrack.tickets.ticket import Entry, EntryKind, PersonId, Ticket

# Words that so many people write are nobody's: a disclaimer, a form, a news item.
COMMON_AUTHORS: Final = 3
_SECRET: Final = frozenset({EntryKind.MAIL, EntryKind.THIRD_PARTY, EntryKind.NOTE})


def tickets_quoted(case: Case, tickets: tuple[Ticket, ...], text: str) -> tuple[int, ...]:
    """The tickets whose words or reply addresses stand in an answer to these.

    An answer to several must not tell one's words to the other's customers either.
    """
    by_token = [one.number for one in case.context.typed_tokens if one.number]
    near = _near(case.context.elsewhere, text)
    found: dict[int, None] = {}
    for ticket in tickets:
        found |= dict.fromkeys(number for number in by_token if number != ticket.number)
        found |= dict.fromkeys(_by_words(case, ticket, near, text))
    return tuple(found)


def _near(elsewhere: tuple[Elsewhere, ...], text: str) -> tuple[Elsewhere, ...]:
    """What may have words in common with the text: mostly nothing, and that is seen soon."""
    secret = [one for one in elsewhere if one.kind in _SECRET]
    seeker = Seeker(text)
    if not seeker.may_find(*(one.text for one in secret)):
        return ()
    return tuple(one for one in secret if seeker.may_find(one.text))


def _by_words(
    case: Case, ticket: Ticket, near: tuple[Elsewhere, ...], text: str
) -> tuple[int, ...]:
    """The tickets with runs of words in the text that this one's customers must not read."""
    people = {one.person for one in customers_on(ticket)}
    kept = {one for one in near if _is_kept_from(one, ticket, people)}
    if not kept:
        return ()
    said = shingles_of(text) - _harmless(case, ticket)
    shared: dict[int, Shingles] = {}
    authors: dict[tuple[str, ...], set[PersonId]] = {}
    for one in reversed(case.context.elsewhere):  # the oldest first
        if one.kind is EntryKind.ANSWER:
            # What we said first and they sent back is ours; what we quoted of theirs is not.
            said -= shingles_of(one.text) - frozenset(authors)
        if one not in kept:
            continue
        common = said & shingles_of(one.text)
        shared[one.number] = shared.get(one.number, frozenset()) | common
        for run in common:
            authors.setdefault(run, set()).add(one.author)
    anybodys = {run for run, some in authors.items() if len(some) >= COMMON_AUTHORS}
    return tuple(n for n, runs in shared.items() if len(runs - anybodys) >= SHINGLES_MIN)


def _is_kept_from(one: Elsewhere, ticket: Ticket, people: set[PersonId]) -> bool:
    """Whether what was said there is not for all of these people, the customers of a ticket.

    One's own words in another ticket are. A note never is: its author reads no answers. What
    stands in the ticket itself is, but for what a merge brought there.
    """
    is_elsewhere = one.number != ticket.number or _is_outsiders(one, ticket)
    return is_elsewhere and not people <= {one.author}


def _is_outsiders(one: Elsewhere | Entry, ticket: Ticket) -> bool:
    """Whether it came into this ticket by a merge, from who is not on it."""
    return one.kind is EntryKind.MAIL and ticket.participant(one.author) is None


def _harmless(case: Case, ticket: Ticket) -> Shingles:
    """What stands in this ticket and its letters to customers, and in canned answers.

    A note here is the matter of ``guards.leaks_note``: one question is enough.
    """
    here = (
        entry.text
        for entry in ticket.entries
        if entry.kind is not EntryKind.MACHINE and not _is_outsiders(entry, ticket)
    )
    letters = (
        one.text
        for one in case.context.sent
        if one.number == ticket.number and not one.person.startswith("@")
    )
    texts = (*here, *letters, *case.policy.stationery.canned_words)
    return frozenset().union(*map(shingles_of, texts))
