"""``[undo]``: stop my letters that have not left, and take back what I changed last."""

from __future__ import annotations

from mailtrack.desk.commands.order import Asked, Done, Problem, Question, Refusal
from mailtrack.tickets.decision import Change, Effect, Field, StopLetter, WithdrawEntry
from mailtrack.tickets.ticket import JournalRow, Ticket

_FIELDS = {field.value: field for field in Field}


def undo(asked: Asked) -> Done | Refusal:
    """Everything of it that can still be undone; refused if there is nothing at all."""
    ticket = asked.ticket
    assert ticket is not None, "obey refuses this without a ticket"
    stopped = _stopped(asked, ticket)
    effects = stopped + _taken_back(asked, ticket)
    if not effects:
        return asked.refuse(Problem.NOTHING_TO_UNDO)
    text = "\n\n".join(
        entry.text
        for entry in ticket.entries
        if WithdrawEntry(ticket.number, entry.id) in stopped
    )
    return Done(effects, question=(Question.UNDO, text))


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
    rows = tuple(row for row in asked.context.undoable if row.number == ticket.number)
    now = {row.field: row.new for row in ticket.journal}
    return tuple(_reverse(asked, row) for row in reversed(rows) if _is_mine_still(row, now))


def _is_mine_still(row: JournalRow, now: dict[str, str]) -> bool:
    # What somebody changed again since is theirs, and stays.
    return row.field in _FIELDS and now.get(row.field, row.new) == row.new


def _reverse(asked: Asked, row: JournalRow) -> Change:
    return Change(row.number, _FIELDS[row.field], row.new, row.old, asked.actor.id)
