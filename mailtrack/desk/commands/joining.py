"""Tickets that belong together, and strangers who are let in: merge, link, allow.

A merge loses nothing and hands nothing over: tokens and numbers of both lead to the survivor,
colleagues read there what was said in the other, and whoever asked in the other hears of the
survivor only if they had asked there as well (A108).
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.after import after
from mailtrack.desk.commands.order import TAKEN_APART_WITHIN, Asked, Done, Problem, Refusal
from mailtrack.desk.commands.people import CC_MAX
from mailtrack.desk.promised import clocks_anew, clocks_of_merge
from mailtrack.desk.threads import survivor
from mailtrack.desk.views import Caution
from mailtrack.mail.address import Mailbox, address_from
from mailtrack.tickets.decision import AddEntry, Change, Effect, Field, Join, Leave, LinkTickets
from mailtrack.tickets.ticket import (
    JOINED,
    Entry,
    EntryKind,
    JournalRow,
    Part,
    Participant,
    Status,
    Ticket,
    Visibility,
)

NUMBER_CHARS_MAX: Final = 9
RETOLD_CHARS_MAX: Final = 20_000


def merge(asked: Asked) -> Done | Refusal:
    """``[merge:1040]``: this ticket becomes part of 1040, and its mail goes there."""
    ticket, into = asked.about, _named(asked)
    if into is None:
        return asked.refuse(Problem.UNKNOWN_TICKET)
    if into.number == ticket.number or ticket.merged_into is not None:
        return asked.refuse(Problem.SAME_TICKET)
    own = _closed(asked, ticket, into)
    theirs = (
        AddEntry(_retold(asked, ticket, into)),
        LinkTickets(into.number, ticket.number),
        *_reopened(asked, ticket, into),
        *_people(asked, ticket, into),
    )
    clocks = clocks_of_merge(
        asked.policy, after(ticket, own), after(into, theirs), at=asked.fresh.now
    )
    return Done(
        (*own, *theirs, *clocks),
        needs_confirmation=True,
        means=(f"#{ticket.number} → #{into.number}: {into.subject} ({into.requester})",),
        warnings=_warnings(asked, ticket, into),
    )


def link(asked: Asked) -> Done | Refusal:
    """``[link:900]``: the two tickets belong together, and each says so."""
    ticket, other = asked.about, _named(asked)
    if other is None:
        return asked.refuse(Problem.UNKNOWN_TICKET)
    if other.number == ticket.number:
        return asked.refuse(Problem.SAME_TICKET)
    if other.number in ticket.linked:
        return Done()
    return Done((LinkTickets(ticket.number, other.number),))


def allow(asked: Asked) -> Done | Refusal:
    """``[allow:bob@x.example]``: a stranger who has written here gets the answers from now on.

    Only somebody who has: ``[cc:]`` is for others. What was said before stays with us.
    """
    ticket = asked.about
    address = address_from(asked.argument)
    person = asked.policy.person_at(address.key) if address else ""
    strangers = {
        one.author: one.author_shown
        for one in ticket.entries
        if one.kind is EntryKind.THIRD_PARTY and ticket.participant(one.author) is None
    }
    if address is None or person not in strangers:
        return asked.refuse(Problem.BAD_ADDRESS, *strangers)
    if asked.policy.is_ours(address) or asked.policy.agent_at(address.key):
        return asked.refuse(Problem.NOT_ALLOWED)
    if len(ticket.with_part(Part.CC)) >= CC_MAX:
        return asked.refuse(Problem.TOO_MANY)
    part = Participant(person, Mailbox(strangers[person], address), Part.CC)
    return Done((Join(ticket.number, part, asked.actor.id),), needs_confirmation=True)


def unmerged(asked: Asked) -> tuple[Effect, ...]:
    """What takes the actor's latest merge into this ticket back, if it is fresh (S52)."""
    into = asked.about
    since = asked.fresh.now - TAKEN_APART_WITHIN
    latest = max((row.at for row in asked.undoable_on(into.number)), default=since)
    effects: tuple[Effect, ...] = ()
    for ticket in asked.context.tickets:
        if ticket.merged_into != into.number:
            continue
        rows = asked.undoable_on(ticket.number)
        is_last = any(
            row.field == Field.MERGED_INTO and row.at >= max(since, latest) for row in rows
        )
        if is_last:
            effects += _taken_apart(asked, ticket, into, rows)
    return effects


def _taken_apart(
    asked: Asked, ticket: Ticket, into: Ticket, rows: tuple[JournalRow, ...]
) -> tuple[Effect, ...]:
    actor = asked.actor.id
    own = tuple(
        Change(ticket.number, Field(row.field), row.new, row.old, asked.undoer)
        for row in reversed(rows)
        if row.field in (Field.MERGED_INTO, Field.STATUS)
    )
    decision = rows[-1].decision_id
    joined = (row for row in asked.undoable_on(into.number) if row.decision_id == decision)
    left = tuple(
        Leave(into.number, row.new.partition(" ")[2], actor)
        for row in joined
        if row.field == JOINED
    )
    clocks = (
        *clocks_anew(asked.policy, after(ticket, own), at=asked.fresh.now),
        *clocks_anew(asked.policy, into, at=asked.fresh.now),
    )
    return (*own, *left, *clocks)


def _named(asked: Asked) -> Ticket | None:
    figures = asked.argument.strip("[# ]")
    if not (figures.isascii() and figures.isdecimal() and len(figures) <= NUMBER_CHARS_MAX):
        return None
    return survivor(asked.context, int(figures))


def _closed(asked: Asked, ticket: Ticket, into: Ticket) -> tuple[Effect, ...]:
    actor, number = asked.actor.id, ticket.number
    merged = Change(number, Field.MERGED_INTO, "", str(into.number), actor)
    if ticket.status is Status.CLOSED:
        return (merged,)
    closed = Status.CLOSED.value
    return (merged, Change(number, Field.STATUS, ticket.status.value, closed, actor))


def _reopened(asked: Asked, ticket: Ticket, into: Ticket) -> tuple[Effect, ...]:
    """What somebody waits for is not laid into a finished ticket."""
    if ticket.status.is_finished or not into.status.is_finished:
        return ()
    old, new = into.status.value, Status.OPEN.value
    return (Change(into.number, Field.STATUS, old, new, asked.actor.id),)


def _people(asked: Asked, ticket: Ticket, into: Ticket) -> tuple[Effect, ...]:
    """Who hears of the survivor besides: colleagues who watch, and copies of the same asker."""
    watchers = ticket.with_part(Part.WATCHER)
    copied = ticket.with_part(Part.CC) if ticket.requester == into.requester else ()
    room = max(0, CC_MAX - len(into.with_part(Part.CC)))
    new = (one for one in (*watchers, *copied[:room]) if into.participant(one.person) is None)
    return tuple(Join(into.number, one, asked.actor.id) for one in new)


def _warnings(asked: Asked, ticket: Ticket, into: Ticket) -> tuple[str, ...]:
    asker = ticket.participant(ticket.requester)
    if asker is None or into.participant(asker.person) is not None:
        return ()
    stationery, language = asked.policy.stationery, asked.actor.language
    phrase = stationery.label(language, "cautions", Caution.MERGED_OTHERS.value)
    return (phrase.format(detail=asker.mailbox.address),)


def _retold(asked: Asked, ticket: Ticket, into: Ticket) -> Entry:
    """What was said in the ticket that is no more, for colleagues.

    Of another customer it is a note, so that the guard keeps it from this one.
    """
    is_same = ticket.requester == into.requester
    head = f"#{ticket.number} → #{into.number}: {ticket.subject}"
    zone = asked.policy.zone
    told = "\n\n".join(
        f"{one.author_shown}, {one.at.astimezone(zone):%Y-%m-%d %H:%M}:\n{one.text}"
        for one in ticket.entries
    )
    return Entry(
        id=asked.fresh.id(f"merged/{ticket.number}/{into.number}"),
        number=into.number,
        kind=EntryKind.MACHINE if is_same else EntryKind.NOTE,
        visibility=Visibility.INTERNAL,
        author=asked.actor.id,
        author_shown=asked.actor.shown,
        at=asked.fresh.now,
        subject=ticket.subject,
        text=f"{head}\n\n{told[-RETOLD_CHARS_MAX:]}",
        message_id=None,
        raw_sha256=None,
    )
