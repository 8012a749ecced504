"""``[undo]``: stop my letters that have not left, and take back what I changed last."""

from __future__ import annotations

from mailtrack.desk.commands.joining import unmerged
from mailtrack.desk.commands.order import Asked, Done, Problem, Question, Refusal
from mailtrack.desk.commands.splitting import TO_CUSTOMERS, Late, unsplit
from mailtrack.tickets.decision import (
    Change,
    Effect,
    Field,
    MoveEntry,
    StopLetter,
    WithdrawEntry,
)
from mailtrack.tickets.ticket import JournalRow, Status, Ticket

_FIELDS = {field.value: field for field in Field}


def undo(asked: Asked) -> Done | Refusal:
    """Everything of it that can still be undone; refused if there is nothing at all.

    Words that have left cannot be called back, and what they brought about by themselves stays:
    a ticket that looks untouched beside an answer that was given would mislead everybody.
    """
    ticket = asked.about
    apart = unmerged(asked) or unsplit(asked)
    if isinstance(apart, Late):
        return Done(question=(Question.TOO_LATE, ""))
    is_fields_too = not apart or _brings_back(apart, ticket)
    fields = _taken_back(asked, ticket) if is_fields_too else ()
    effects = tuple(dict.fromkeys((*_stopped(asked, ticket), *apart, *fields)))
    if not effects and _has_left(asked, ticket):
        return Done(question=(Question.TOO_LATE, ""))
    if not effects:
        return asked.refuse(Problem.NOTHING_TO_UNDO)
    text = "\n\n".join(
        entry.text
        for one in asked.context.tickets
        for entry in one.entries
        if WithdrawEntry(one.number, entry.id) in effects
    )
    return Done(effects, question=(Question.UNDO, text))


def _brings_back(apart: tuple[Effect, ...], ticket: Ticket) -> bool:
    """Whether a split is taken back in the ticket that was split: its fields go back too."""
    moves = (one.entry for one in apart if isinstance(one, MoveEntry))
    return any(entry.number == ticket.number for entry in moves)


def _stopped(asked: Asked, ticket: Ticket) -> tuple[Effect, ...]:
    mine = {entry.id for entry in ticket.entries if entry.author == asked.actor.id}
    letters = tuple(
        letter
        for letter in asked.context.unsent
        if letter.number == ticket.number and letter.entry_id in mine
    )
    entries = dict.fromkeys(letter.entry_id for letter in letters if letter.name == "answer")
    stops = tuple(StopLetter(letter.id, asked.actor.id) for letter in letters)
    return stops + tuple(WithdrawEntry(ticket.number, entry) for entry in entries if entry)


def _taken_back(asked: Asked, ticket: Ticket) -> tuple[Effect, ...]:
    rows = asked.undoable_on(ticket.number)
    if _has_left(asked, ticket):
        rows = tuple(row for row in rows if not _is_implied(row, asked.actor.name))
    now = {row.field: row.new for row in ticket.journal}
    return tuple(_reverse(asked, row) for row in reversed(rows) if _is_mine_still(row, now))


def _is_implied(row: JournalRow, name: str) -> bool:
    """Whether an answer does this by itself: it opens a ticket, and takes one of nobody."""
    opened = (Field.STATUS.value, Status.NEW.value, Status.OPEN.value)
    return (row.field, row.old, row.new) in (opened, (Field.OWNER.value, "", name))


def _has_left(asked: Asked, ticket: Ticket) -> bool:
    """Whether my last decision on this ticket wrote a letter to customers that is out."""
    decided_at = {row.at for row in asked.undoable_on(ticket.number)}
    return any(
        letter.name in TO_CUSTOMERS
        and letter.number == ticket.number
        and letter.left_at is not None
        and letter.written_at in decided_at
        for letter in asked.context.sent
    )


def _is_mine_still(row: JournalRow, now: dict[str, str]) -> bool:
    # What somebody changed again since is theirs, and stays.
    return row.field in _FIELDS and now.get(row.field, row.new) == row.new


def _reverse(asked: Asked, row: JournalRow) -> Change:
    return Change(row.number, _FIELDS[row.field], row.new, row.old, asked.undoer)
