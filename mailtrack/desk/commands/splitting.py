"""``[split]``: a mail that is about something else becomes a ticket of its own, and back.

The entry moves, and its writer's own id of it with it: what they answer to it goes where it is
now. Nobody who is on the old ticket is on the new one, but for the writer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from mailtrack.desk.after import after
from mailtrack.desk.commands.order import TAKEN_APART_WITHIN, Asked, Done, Problem, Refusal
from mailtrack.desk.conditions import RoutingFacts
from mailtrack.desk.opening import placed, requester_from, subject_of
from mailtrack.desk.promised import clocks_of_merge, clocks_of_split
from mailtrack.desk.showing import customer_rule
from mailtrack.desk.writing import fresh_uuid
from mailtrack.mail.address import Mailbox, address_from
from mailtrack.tickets.decision import (
    Change,
    Effect,
    Field,
    LinkTickets,
    MoveEntry,
    OpenTicket,
    StopLetter,
    WithdrawEntry,
)
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.storm import FLOOD_TAG
from mailtrack.tickets.ticket import (
    SPLIT_FROM,
    SPLIT_OFF,
    Entry,
    EntryKind,
    Priority,
    Status,
    Ticket,
    Visibility,
)

SUGGESTED_MAX: Final = 3
MESSAGES_MAX: Final = 20
OPENING_CHARS: Final = 80
NOWHERE: Final = "invalid"  # the domain of who was erased: no letter goes there (RFC 2606)
TO_CUSTOMERS: Final = frozenset({"answer", "resolved", "closed"})
_FROM_OUTSIDE: Final = frozenset({EntryKind.MAIL, EntryKind.THIRD_PARTY})
_PLACE: Final = re.compile(r"#?(\d{1,6})")


def split(asked: Asked) -> Done | Refusal:
    """``[split]`` the mail that is answered, ``[split:3]`` the third of the ticket, ``2,3``."""
    ticket = asked.about
    found = _messages(asked, ticket)
    if isinstance(found, Refusal):
        return found
    new = _opened(asked, ticket, found)
    effects: tuple[Effect, ...] = (
        OpenTicket(new),
        LinkTickets(new.number, ticket.number),
        *(MoveEntry(ticket.number, one, asked.actor.id) for one in _moved(found, new)),
    )
    clocks = clocks_of_split(
        asked.policy, after(ticket, effects), after(new, effects), at=asked.fresh.now
    )
    said = tuple(_shown(asked, ticket, one) for one in found)
    return Done((*effects, *clocks), needs_confirmation=True, means=said)


def opened_by_split(effects: tuple[Effect, ...]) -> Ticket | None:
    """The ticket that these effects of a command open, as they leave it; None if none."""
    opened = (one.ticket for one in effects if isinstance(one, OpenTicket))
    new = next(opened, None)
    return after(new, effects) if new else None


def went_to(ticket: Ticket, entry_id: str | None) -> int | None:
    """The ticket that an entry was split off to, None if it is here, or never was."""
    if entry_id is None or ticket.place(entry_id) is not None:
        return None
    rows = (
        row
        for row in reversed(ticket.journal)
        if row.field in (SPLIT_OFF, SPLIT_FROM) and row.old == entry_id
    )
    last = next(rows, None)
    return int(last.new) if last and last.field == SPLIT_OFF else None


class Late:
    """The split was answered: what has left cannot be called back."""


def unsplit(asked: Asked) -> tuple[Effect, ...] | Late:
    """What takes the actor's latest split back, asked from either half, while it can."""
    here = asked.about
    halves = _halves(asked, here)
    if halves is None:
        return ()
    old, new = halves
    left = tuple(one for one in asked.context.sent if _is_to_customer(one, new))
    wait = tuple(one for one in asked.context.unsent if _is_to_customer(one, new))
    mine = {one.id for one in new.entries if one.author == asked.actor.id}
    words = {one.entry_id for one in wait if one.entry_id}
    # An answer without a letter that waits was given, be it by the agent's own mail program.
    given = {one.id for one in new.entries if one.kind is EntryKind.ANSWER} - words
    if left or given or new.entries_before or not all(one.entry_id in mine for one in wait):
        return Late()
    stopped: tuple[Effect, ...] = (
        *(StopLetter(one.id, asked.actor.id) for one in wait),
        *(WithdrawEntry(new.number, one) for one in sorted(words)),
    )
    return (*stopped, *_laid_back(asked, old, after(new, stopped)))


def _is_to_customer(letter: SentLetter, ticket: Ticket) -> bool:
    return letter.number == ticket.number and letter.name in TO_CUSTOMERS


def _halves(asked: Asked, here: Ticket) -> tuple[Ticket, Ticket] | None:
    """The ticket that was split and the one that came of it, if that was lately."""
    since = asked.fresh.now - TAKEN_APART_WITHIN
    for row in asked.undoable_on(here.number):
        if row.field not in (SPLIT_OFF, SPLIT_FROM):
            continue
        other = asked.context.ticket(int(row.new))
        if other is None or row.at < since:
            continue
        old, new = (here, other) if row.field == SPLIT_OFF else (other, here)
        if old.merged_into is None and new.merged_into is None:
            return old, new
    return None


def _laid_back(asked: Asked, old: Ticket, new: Ticket) -> tuple[Effect, ...]:
    """All that stands in the new ticket goes back, and its number leads to the old one."""
    actor = asked.undoer
    moves = tuple(MoveEntry(new.number, _as_in(old, one), actor) for one in new.entries)
    closed = Status.CLOSED.value
    own: tuple[Effect, ...] = (
        Change(new.number, Field.MERGED_INTO, "", str(old.number), actor),
        *(
            (Change(new.number, Field.STATUS, new.status.value, closed, actor),)
            if new.status is not Status.CLOSED
            else ()
        ),
    )
    clocks = clocks_of_merge(
        asked.policy, after(new, own), after(old, moves), at=asked.fresh.now
    )
    return (*moves, *own, *clocks)


def _as_in(ticket: Ticket, entry: Entry) -> Entry:
    """The entry as it stands there: words of who is not on that ticket are for agents only."""
    entry = replace(entry, number=ticket.number)
    if entry.kind is not EntryKind.MAIL or ticket.participant(entry.author) is not None:
        return entry
    return replace(entry, kind=EntryKind.THIRD_PARTY, visibility=Visibility.INTERNAL)


def _messages(asked: Asked, ticket: Ticket) -> tuple[Entry, ...] | Refusal:
    """The entries that are meant, oldest first, or why they cannot be split off."""
    if FLOOD_TAG in ticket.tags:
        return Refusal(asked.bracket.raw, Problem.IS_FLOOD, "", ("[ungroup]",))
    meant = _meant(asked, ticket)
    if meant is None or not meant:
        unclear = Problem.UNKNOWN_MESSAGE if asked.argument else Problem.WHICH_MESSAGE
        return asked.refuse(unclear, *_suggested(ticket))
    problem = _against(asked, ticket, meant)
    return meant if problem is None else asked.refuse(problem, *_suggested(ticket))


def _meant(asked: Asked, ticket: Ticket) -> tuple[Entry, ...] | None:
    """The entries that the bracket names, None if it names one that is not there."""
    if not asked.argument:
        return tuple(one for one in ticket.entries if one.id == asked.answered)
    if _has_shifted(asked, ticket):
        return None
    places = [_PLACE.fullmatch(word) for word in asked.argument.replace(",", " ").split()]
    numbers = {int(found[1]) for found in places if found}
    if None in places or len(numbers) > MESSAGES_MAX:
        return None
    meant = tuple(one for one in ticket.entries if ticket.place(one.id) in numbers)
    return meant if len(meant) == len(numbers) else None


def _has_shifted(asked: Asked, ticket: Ticket) -> bool:
    """Whether entries went or came since the question: its places mean others by now."""
    moves = (row for row in ticket.journal if row.field in (SPLIT_OFF, SPLIT_FROM))
    since = asked.confirmed_since
    return since is not None and any(row.at >= since for row in moves)


def _against(asked: Asked, ticket: Ticket, meant: tuple[Entry, ...]) -> Problem | None:
    if any(one.kind not in _FROM_OUTSIDE for one in meant):
        return Problem.NOT_FROM_OUTSIDE
    if any(ticket.place(one.id) == 1 for one in meant):
        return Problem.FIRST_MESSAGE
    if len({one.author for one in meant}) > 1:
        return Problem.SEVERAL_WRITERS
    return None if _mailbox(asked, ticket, meant[0]) else Problem.BAD_ADDRESS


def _suggested(ticket: Ticket) -> tuple[str, ...]:
    """The places of the latest mails that can be split off."""
    places = (
        ticket.place(one.id) for one in reversed(ticket.entries) if one.kind in _FROM_OUTSIDE
    )
    return tuple(str(place) for place in places if place not in (None, 1))[:SUGGESTED_MAX]


def _mailbox(asked: Asked, ticket: Ticket, entry: Entry) -> Mailbox | None:
    """Where letters to the writer go."""
    known = ticket.participant(entry.author)
    if known is not None:
        return known.mailbox
    address = address_from(entry.author)
    if address is None or address.domain == NOWHERE or asked.policy.is_ours(address):
        return None
    name = entry.author_shown if entry.author_shown != str(address) else ""
    return Mailbox(name, address)


def _opened(asked: Asked, ticket: Ticket, found: tuple[Entry, ...]) -> Ticket:
    """The new ticket: by the rules as if its first mail had just opened it in this queue.

    It stays with who has the old one, unless a rule moves it to another team.
    """
    policy, first = asked.policy, found[0]
    mailbox = _mailbox(asked, ticket, first)
    assert mailbox is not None, "_against asked"
    known = customer_rule(policy, first.author)
    facts = RoutingFacts(
        subject=first.subject,
        body=first.text,
        sender=first.author,
        attachments=tuple((one.name, one.content_type) for one in first.attachments),
        language=ticket.language,
        customer_type=known.type if known else None,
        organisation=known.organisation if known else None,
        queue=ticket.queue,
        at=first.at.astimezone(policy.zone),
    )
    place = placed(policy, facts, known)
    route = place.route
    owner = ticket.owner if place.queue == ticket.queue else None
    return Ticket(
        number=asked.fresh.number,
        uuid=fresh_uuid(asked.fresh),
        subject=subject_of(first.subject),
        status=Status.OPEN if owner else Status.NEW,
        queue=place.queue,
        priority=route.priority or Priority.NORMAL,
        requester=first.author,
        language=ticket.language,
        opened_at=first.at,
        changed_at=asked.fresh.now,
        category=route.category,
        tags=tuple(sorted(set(route.tags))),
        owner=owner,
        sla_policy=place.sla_policy,
        participants=(requester_from(first.author, mailbox),),
    )


def _moved(found: tuple[Entry, ...], new: Ticket) -> tuple[Entry, ...]:
    """The entries as they stand in the new ticket, where their writer asks."""
    return tuple(
        replace(one, number=new.number, kind=EntryKind.MAIL, visibility=Visibility.PUBLIC)
        if one.kind is EntryKind.THIRD_PARTY
        else replace(one, number=new.number)
        for one in found
    )


def _shown(asked: Asked, ticket: Ticket, entry: Entry) -> str:
    """The message as the one who is asked to confirm has to know it."""
    at = entry.at.astimezone(asked.policy.zone)
    opening = " ".join(entry.text.split())[:OPENING_CHARS]
    place = ticket.place(entry.id)
    return f"#{ticket.number}: {place}. {entry.author_shown}, {at:%Y-%m-%d %H:%M}: {opening}"
