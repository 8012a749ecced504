"""What holds an answer back: a colleague's newer answer, words of a note, a reply address."""

from __future__ import annotations

import re
from typing import Final

from mailtrack.desk.brackets import folded
from mailtrack.desk.case import Case
from mailtrack.desk.policy import Agent
from mailtrack.tickets.ticket import Entry, EntryKind, Ticket, Visibility
from mailtrack.tickets.token import token_text_from

SHINGLE_WORDS: Final = 8
SHINGLES_MIN: Final = 2  # so many distinct runs of words make a leak: security section 6.9
WORDS_MAX: Final = 20_000
_BEFORE_AT: Final = re.compile(r"(?<![A-Za-z2-7])(?:%2[Bb])?([A-Za-z2-7]{30})@")


def collision(case: Case, ticket: Ticket, agent: Agent) -> Entry | None:
    """A colleague's answer that came after the letter which this mail answers.

    None when the mail does not say what it answers: then nobody can tell.
    """
    answered = {letter.message_id: letter.written_at for letter in case.context.sent}
    seen = tuple(answered[one] for one in case.reading.known_ids if one in answered)
    if not seen:
        return None
    since = max(seen)
    newer = (
        entry
        for entry in ticket.entries
        if entry.kind is EntryKind.ANSWER and entry.author != agent.id and entry.at > since
    )
    return next(newer, None)


def leaks_note(ticket: Ticket, text: str) -> bool:
    """Whether the text repeats enough of an internal entry that somebody must look at it."""
    said = _shingles(text)
    return any(
        len(said & _shingles(entry.text)) >= SHINGLES_MIN
        for entry in ticket.entries
        if entry.visibility is Visibility.INTERNAL and entry.kind is not EntryKind.MACHINE
    )


def leaks_token(text: str) -> bool:
    """Whether the text holds somebody's reply address: a quote of ours that was not cut."""
    found = _BEFORE_AT.findall(text)
    return any(token_text_from(one) is not None for one in found)


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = [word for word in map(folded, text.split()[:WORDS_MAX]) if word]
    last = len(words) - SHINGLE_WORDS + 1
    return frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(max(0, last)))
