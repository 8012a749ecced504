"""A ticket as effects leave it: what ``store`` will do to the rows, done to the snapshot.

Letters are written from the ticket as it will be, so the desk must know it before the commit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import assert_never

from mailtrack.tickets.decision import (
    AddEntry,
    BrakePeer,
    Change,
    CountGuesses,
    Effect,
    EndHold,
    EndMark,
    EndQuarantine,
    Entrust,
    Field,
    Hold,
    IssueToken,
    Join,
    KnowCustomer,
    LastDone,
    Leave,
    LetterBounced,
    LinkTickets,
    MoveEntry,
    NoteHeld,
    OpenTicket,
    Quarantine,
    QuarantineAgain,
    ReleaseGrouped,
    RevokeToken,
    SetAlarm,
    SetAway,
    SetClocks,
    SetMark,
    StopLetter,
    TakeTurn,
    TellQuarantine,
    UseToken,
    WithdrawEntry,
)
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    Priority,
    Status,
    ThreadId,
    Ticket,
    Visibility,
)


def after(ticket: Ticket, effects: tuple[Effect, ...]) -> Ticket:
    """The ticket when these effects are applied; effects on other tickets leave it alone."""
    return reduce(_after_one, effects, ticket)


def _after_one(ticket: Ticket, effect: Effect) -> Ticket:
    if isinstance(effect, MoveEntry):
        return _with_moved(ticket, effect)
    if getattr(effect, "number", ticket.number) != ticket.number:
        return ticket
    match effect:
        case AddEntry(entry):
            if entry.number != ticket.number:
                return ticket
            return _with_entry(ticket, entry)
        case WithdrawEntry(_, entry_id):
            return _without_answer(ticket, entry_id)
        case Change(_, field, _, new):
            return changed(ticket, field, new)
        case Join(_, participant):
            others = tuple(p for p in ticket.participants if p.person != participant.person)
            return replace(ticket, participants=(*others, participant))
        case Leave(_, person):
            stay = tuple(p for p in ticket.participants if p.person != person)
            live = tuple(token for token in ticket.tokens if token.person != person)
            return replace(ticket, participants=stay, tokens=live)
        case LinkTickets(_, other):
            return replace(ticket, linked=(*ticket.linked, other))
        case SetClocks(_, clocks):
            return replace(ticket, clocks=clocks)
        case IssueToken(token):
            return replace(ticket, tokens=(*ticket.tokens, token))
        case RevokeToken(handle):
            live = tuple(token for token in ticket.tokens if token.handle != handle)
            return replace(ticket, tokens=live)
        case OpenTicket() | Hold() | EndHold() | StopLetter() | TakeTurn():
            return ticket
        case KnowCustomer() | SetAway() | LetterBounced() | UseToken() | Entrust():
            return ticket
        case CountGuesses() | BrakePeer() | NoteHeld() | LastDone() | SetAlarm():
            return ticket
        case Quarantine() | QuarantineAgain() | EndQuarantine() | TellQuarantine():
            return ticket
        case SetMark() | EndMark() | ReleaseGrouped():
            return ticket
        case _:
            assert_never(effect)


def changed(ticket: Ticket, field: Field, new: str) -> Ticket:
    """The ticket with one field set from its journal text."""
    match field:
        case Field.STATUS:
            return replace(ticket, status=Status(new))
        case Field.OWNER:
            return replace(ticket, owner=new or None)
        case Field.QUEUE:
            return replace(ticket, queue=new)
        case Field.PRIORITY:
            return replace(ticket, priority=Priority(new))
        case Field.CATEGORY:
            return replace(ticket, category=new or None)
        case Field.TAGS:
            return replace(ticket, tags=tuple(new.split()))
        case Field.DUE_AT:
            return replace(ticket, due_at=datetime.fromisoformat(new) if new else None)
        case Field.SLA_POLICY:
            return replace(ticket, sla_policy=new or None)
        case Field.MINUTES_SPENT:
            return replace(ticket, minutes_spent=int(new))
        case Field.LANGUAGE:
            return replace(ticket, language=new)
        case Field.MERGED_INTO:
            return replace(ticket, merged_into=int(new) if new else None)
        case Field.PARTNER_TAGS:
            return replace(ticket, partner_tags=tuple(new.split("\n")) if new else ())
        case Field.REQUESTER:
            return replace(ticket, requester=new)
        case _:
            assert_never(field)


def _with_moved(ticket: Ticket, move: MoveEntry) -> Ticket:
    """Its id goes with it: an answer to that mail is an answer to where it is now."""
    entry = move.entry
    if entry.number == ticket.number:
        return _with_entry(ticket, entry)
    if move.number != ticket.number:
        return ticket
    gone = ThreadId(entry.author, entry.message_id or "", is_ours=False)
    return replace(
        ticket,
        entries=tuple(one for one in ticket.entries if one.id != entry.id),
        thread=tuple(one for one in ticket.thread if one != gone),
    )


def _with_entry(ticket: Ticket, entry: Entry) -> Ticket:
    """Its writer's own view of the conversation has their mail in it: letters answer it."""
    thread = ticket.thread
    if entry.message_id is not None:
        thread = (*thread, ThreadId(entry.author, entry.message_id, is_ours=False))
    entries = (*ticket.entries, entry)
    return replace(ticket, entries=entries, thread=thread, changed_at=entry.at)


def _without_answer(ticket: Ticket, entry_id: str) -> Ticket:
    entries = tuple(
        replace(entry, kind=EntryKind.NOTE, visibility=Visibility.INTERNAL)
        if entry.id == entry_id
        else entry
        for entry in ticket.entries
    )
    return replace(ticket, entries=entries)
