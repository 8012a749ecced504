"""What holds an answer back: a colleague's newer answer, words of a note, a reply address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mailtrack.desk.case import Case
from mailtrack.desk.policy import Agent
from mailtrack.desk.reading import tokens_in_text
from mailtrack.desk.shingles import SHINGLES_MIN, shingles_of
from mailtrack.desk.visibility import is_internal
from mailtrack.mail.echoes import bare
from mailtrack.tickets.ticket import Entry, EntryKind, Ticket

LINE_CHARS_MIN: Final = 12  # letters and figures; anybody may write a shorter line
LINES_MAX: Final = 2_000
LETTERS_MAX: Final = 10  # the latest: somebody quotes what they answer
_GUTTER: Final = "│"
_QUOTES: Final = (">", "│", "|")


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
    said = shingles_of(text)
    return any(
        len(said & shingles_of(entry.text)) >= SHINGLES_MIN for entry in _internal(ticket)
    )


def leaks_token(text: str) -> bool:
    """Whether the text holds somebody's reply address: a quote of ours that was not cut."""
    return bool(tokens_in_text(text))


def leaks_line(case: Case, ticket: Ticket, text: str) -> bool:
    """Whether a line of the text is one that only agents are shown.

    A line of what stands around the words in our letters to agents, a quoted line of a note, or
    a whole note of one line: too little for ``leaks_note``, and enough to do harm.
    """
    around, notes, whole = _around(case, ticket), set[str](), set[str]()
    for entry in _internal(ticket):
        lines = [line for line in map(bare, entry.text.split("\n")[:LINES_MAX]) if line]
        notes.update(lines)
        whole.update(lines if len(lines) == 1 else ())
    public = bare("\n".join(f"{e.subject}\n{e.text}" for e in _public(ticket)))
    for raw in text.split("\n")[:LINES_MAX]:
        line = bare(raw)
        is_quoted = raw.lstrip().startswith(_QUOTES)
        is_ours = line in around or line in whole or (is_quoted and line in notes)
        # The last question reads all of the ticket: it is asked of few lines.
        if len(line) >= LINE_CHARS_MIN and is_ours and line not in public:
            return True
    return False


def _around(case: Case, ticket: Ticket) -> set[str]:
    """The lines of our latest letters to agents that are not an entry's own words."""
    letters = [
        one
        for one in case.context.sent
        if one.number == ticket.number and one.person.startswith("@")
    ]
    lines = (line for one in letters[-LETTERS_MAX:] for line in one.text.split("\n"))
    return {bare(line) for line in lines if not line.startswith(_GUTTER)}


def _internal(ticket: Ticket) -> Iterator[Entry]:
    return (
        entry
        for entry in ticket.entries
        if entry.kind is not EntryKind.MACHINE and is_internal(entry)
    )


def _public(ticket: Ticket) -> Iterator[Entry]:
    return (entry for entry in ticket.entries if not is_internal(entry))
