"""The rows of each effect: one function an effect, called by ``ledger`` and nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from mailtrack.mail.address import Mailbox
from mailtrack.store import rows
from mailtrack.store.cells import (
    Cells,
    cells_from_clock,
    cells_from_entry,
    cells_from_participant,
    cells_from_ticket,
    cells_from_token,
)
from mailtrack.store.codec import json_from_pairs, json_from_texts
from mailtrack.store.fields import cells_from_change, texts_from_change
from mailtrack.store.search import index_entry
from mailtrack.store.tables import (
    AGENT,
    CLOCK,
    CUSTOMER,
    ENTRY,
    HELD,
    KNOWN_ID,
    LETTER,
    LINK,
    PARTICIPANT,
    TAG,
    TICKET,
    TOKEN,
    TURN,
    HeldState,
    LetterState,
)
from mailtrack.tickets.clock import Clock
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Effect,
    EndHold,
    Field,
    Join,
    Leave,
    LetterBounced,
    LinkTickets,
    MoveEntry,
    OpenTicket,
    WithdrawEntry,
)
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    Participant,
    PersonId,
    Status,
    Ticket,
    Visibility,
)
from mailtrack.tickets.token import Token

# Whose tickets count as an agent's load: those that somebody has to do something about.
LOAD: Final = (Status.NEW.value, Status.OPEN.value)

_OPEN: Final = (HeldState.HELD.value, HeldState.DROPPED.value)  # the second only to restore
_TICKET: Final = insert(TICKET)
_PARTICIPANT: Final = insert(PARTICIPANT)
_TAG: Final = insert(TAG)
_LINK: Final = insert(LINK)
_ENTRY: Final = insert(ENTRY)
_TOKEN: Final = insert(TOKEN)
_CLOCK: Final = insert(CLOCK)
_LEAVE: Final = delete(PARTICIPANT).where(
    PARTICIPANT.c.number == bindparam("of"), PARTICIPANT.c.person == bindparam("who")
)
_REVOKE_OF: Final = (
    update(TOKEN)
    .where(TOKEN.c.number == bindparam("of"), TOKEN.c.person == bindparam("who"))
    .values(is_revoked=True)
)
_REVOKE: Final = update(TOKEN).where(TOKEN.c.handle == bindparam("of")).values(is_revoked=True)
_USE: Final = (
    update(TOKEN)
    .where(TOKEN.c.handle == bindparam("of"))
    .values(
        use_count=TOKEN.c.use_count + 1,
        last_used_at=bindparam("at"),
        strangers=bindparam("who"),
    )
)
_KNOWN_HANDLES: Final = select(TOKEN.c.handle).where(
    TOKEN.c.handle.in_(bindparam("handles", expanding=True))
)
_CLOCKS: Final = select(CLOCK).where(CLOCK.c.number == bindparam("of"))
_DROP_CLOCK: Final = delete(CLOCK).where(
    CLOCK.c.number == bindparam("of"),
    CLOCK.c.metric == bindparam("of_metric"),
    CLOCK.c.cycle == bindparam("of_cycle"),
)
_TOUCH: Final = (
    update(TICKET).where(TICKET.c.number == bindparam("of")).values(changed_at=bindparam("at"))
)
_CUSTOMER: Final = select(CUSTOMER).where(CUSTOMER.c.person == bindparam("of"))
_OWNERS: Final = select(TICKET.c.owner).where(
    TICKET.c.number.in_(bindparam("numbers", expanding=True)), TICKET.c.owner.is_not(None)
)
_LOAD: Final = (
    select(func.count())
    .select_from(TICKET)
    .where(TICKET.c.owner == bindparam("owner"), TICKET.c.status.in_(LOAD))
)


def open_ticket(connection: Connection, ticket: Ticket) -> None:
    """The ticket with its people, tags and links; the rest of it comes by other effects."""
    connection.execute(_TICKET, cells_from_ticket(ticket))
    if ticket.participants:
        connection.execute(
            _PARTICIPANT,
            [cells_from_participant(one, ticket.number) for one in ticket.participants],
        )
    if ticket.tags:
        _write_tags(connection, ticket.number, ticket.tags)
    for other in ticket.linked:
        link(connection, ticket.number, other)


def add_entry(connection: Connection, entry: Entry) -> None:
    """The entry, and the words it can be found by."""
    done = connection.execute(_ENTRY, cells_from_entry(entry))
    key = done.inserted_primary_key
    assert key is not None
    index_entry(connection, key.id)


def move_entry(connection: Connection, number: int, entry: Entry) -> None:
    """The entry, and the id that its writer's next mail may answer, go to another ticket."""
    moved = connection.execute(
        update(ENTRY)
        .where(ENTRY.c.entry_id == entry.id, ENTRY.c.number == number)
        .values(number=entry.number, kind=entry.kind.value, visibility=entry.visibility.value)
    )
    assert moved.rowcount == 1, f"there is no such entry in {number} to move"
    connection.execute(
        update(KNOWN_ID)
        .where(
            KNOWN_ID.c.message_id == entry.message_id,
            KNOWN_ID.c.number == number,
            KNOWN_ID.c.person == entry.author,
            KNOWN_ID.c.is_ours.is_(False),
        )
        .values(number=entry.number)
    )


def withdraw_entry(connection: Connection, number: int, entry_id: str) -> None:
    """The answer never left: what is kept of it is a note."""
    connection.execute(
        update(ENTRY)
        .where(ENTRY.c.entry_id == entry_id, ENTRY.c.number == number)
        .values(kind=EntryKind.NOTE.value, visibility=Visibility.INTERNAL.value)
    )


def change_field(connection: Connection, change: Change, *, at: datetime) -> None:
    """One field of a ticket; ``finished_at`` and the index of tags follow."""
    statement = update(TICKET).where(TICKET.c.number == change.number)
    if change.field is Field.STATUS:
        # From resolved to closed is still finished since the first of the two.
        is_finished = Status(change.new).is_finished
        since = func.coalesce(TICKET.c.finished_at, at) if is_finished else None
        statement = statement.values(finished_at=since)
    cells = cells_from_change(change.field, change.new)
    done = connection.execute(statement.values(changed_at=at, **cells))
    assert done.rowcount == 1, f"there is no ticket {change.number} to change"
    if change.field is Field.TAGS:
        connection.execute(delete(TAG).where(TAG.c.number == change.number))
        _write_tags(connection, change.number, texts_from_change(Field.TAGS, change.new))


def join(connection: Connection, number: int, participant: Participant) -> None:
    """The participant, in place of any part they had."""
    connection.execute(_LEAVE, {"of": number, "who": participant.person})
    connection.execute(_PARTICIPANT, cells_from_participant(participant, number))


def leave(connection: Connection, number: int, person: PersonId) -> None:
    """No part any more, and no token that opens anything."""
    connection.execute(_LEAVE, {"of": number, "who": person})
    connection.execute(_REVOKE_OF, {"of": number, "who": person})


def link(connection: Connection, number: int, other: int) -> None:
    """Both ends of a link, once."""
    known = connection.execute(
        select(LINK.c.other).where(LINK.c.number == number, LINK.c.other == other)
    )
    if number == other or known.first() is not None:
        return
    ends: list[Cells] = [
        {"number": number, "other": other},
        {"number": other, "other": number},
    ]
    connection.execute(_LINK, ends)


def issue_tokens(connection: Connection, tokens: Iterable[Token]) -> None:
    """The tokens that have no row yet. Those that have one stay as they are, revoked or not."""
    by_handle = {token.handle: token for token in tokens}
    if not by_handle:
        return
    known = connection.execute(_KNOWN_HANDLES, {"handles": tuple(by_handle)})
    for row in known:
        del by_handle[row.handle]
    if by_handle:
        connection.execute(_TOKEN, list(map(cells_from_token, by_handle.values())))


def revoke_token(connection: Connection, handle: str) -> None:
    """The token of this handle is good for nothing."""
    connection.execute(_REVOKE, {"of": handle})


def use_token(
    connection: Connection, handle: str, *, strangers: tuple[PersonId, ...], at: datetime
) -> None:
    """The token brought one mail more; ``strangers`` are all who used it and should not."""
    connection.execute(_USE, {"of": handle, "at": at, "who": json_from_texts(strangers)})


def set_clocks(connection: Connection, number: int, clocks: tuple[Clock, ...]) -> None:
    """The clocks of a ticket are these. Only those that differ are written."""
    wanted = {(clock.metric.value, clock.cycle): clock for clock in clocks}
    gone: list[Cells] = []
    for row in connection.execute(_CLOCKS, {"of": number}):
        key = (row.metric, row.cycle)
        if wanted.get(key) == rows.clock_from(row):
            del wanted[key]
        else:
            gone.append({"of": number, "of_metric": row.metric, "of_cycle": row.cycle})
    if gone:
        connection.execute(_DROP_CLOCK, gone)
    if wanted:
        new = [cells_from_clock(clock, number) for clock in wanted.values()]
        connection.execute(_CLOCK, new)


def end_hold(connection: Connection, effect: EndHold) -> None:
    """A mail that waits was released or dropped; one that waits no longer stays as it is."""
    ended: Cells = {"state": HeldState(effect.state).value, "ended_by": effect.by}
    if effect.brackets is not None:
        ended["brackets"] = json_from_pairs(effect.brackets)
    connection.execute(
        update(HELD)
        .where(
            HELD.c.serial == rows.serial_from(effect.held_id),
            HELD.c.state.in_(_OPEN if effect.restores else _OPEN[:1]),
        )
        .values(**ended)
    )


def stop_letter(connection: Connection, letter_id: str, *, by: PersonId) -> None:
    """The letter will not leave. One that is claimed may have left, and stays as it is."""
    connection.execute(
        update(LETTER)
        .where(LETTER.c.letter_id == letter_id, LETTER.c.state == LetterState.WAITING.value)
        .values(state=LetterState.STOPPED.value, due_at=None, reason=f"stopped by {by}")
    )


def take_turn(connection: Connection, group: str, agent: str) -> None:
    """The round robin of the group went on to the agent."""
    done = connection.execute(update(TURN).where(TURN.c.group == group).values(agent=agent))
    if done.rowcount == 0:
        connection.execute(insert(TURN).values(group=group, agent=agent))


def know_customer(
    connection: Connection, mailbox: Mailbox, *, language: str | None, at: datetime
) -> None:
    """What is new of a customer; an empty name or no language leaves what was known."""
    person = mailbox.address.key
    known = connection.execute(_CUSTOMER, {"of": person}).first()
    if known is None:
        row = {"person": person, "name": mailbox.name, "language": language}
        connection.execute(insert(CUSTOMER).values(**row, first_seen_at=at))
        return
    learned = {"name": mailbox.name or known.name, "language": language or known.language}
    if learned != {"name": known.name, "language": known.language}:
        connection.execute(
            update(CUSTOMER).where(CUSTOMER.c.person == person).values(**learned)
        )


def set_away(connection: Connection, agent: str, until: datetime | None) -> None:
    """The agent is away until then, or here again."""
    done = connection.execute(
        update(AGENT).where(AGENT.c.name == agent).values(away_until=until)
    )
    if done.rowcount == 0:
        row = {"name": agent, "open_tickets": 0, "away_until": until}
        connection.execute(insert(AGENT).values(**row))


def note_bounce(connection: Connection, bounce: LetterBounced, *, at: datetime) -> None:
    """The letter left, and did not arrive."""
    connection.execute(
        update(LETTER)
        .where(LETTER.c.letter_id == bounce.letter_id)
        .values(
            bounced_at=at,
            bounce_status=bounce.status,
            bounce_diagnostic=bounce.diagnostic,
            bounce_is_permanent=bounce.is_permanent,
        )
    )


def touch_tickets(connection: Connection, effects: tuple[Effect, ...], *, at: datetime) -> None:
    """The tickets of these effects changed now, unless opening or changing them said so."""
    touched: dict[int, None] = {}
    said: set[int] = set()
    for effect in effects:
        match effect:
            case OpenTicket(ticket):
                said.add(ticket.number)
            case Change(number):
                said.add(number)
            case AddEntry(entry):
                touched[entry.number] = None
            case MoveEntry(number, entry):
                touched |= {number: None, entry.number: None}
            case Join(number) | Leave(number) | LinkTickets(number) | WithdrawEntry(number):
                touched[number] = None
            case _:
                pass
    rest: list[Cells] = [{"of": n, "at": at} for n in touched if n not in said]
    if rest:
        connection.execute(_TOUCH, rest)


def count_open_tickets(connection: Connection, effects: tuple[Effect, ...]) -> None:
    """Count the load of every agent anew whose load these effects may have changed.

    Counted, not added to: a count cannot drift, and an agent's open tickets are few.
    """
    numbers: set[int] = set()
    owners: set[str] = set()
    for effect in effects:
        match effect:
            case OpenTicket(ticket) if ticket.owner:
                owners.add(ticket.owner)
            case Change(_, Field.OWNER, old, new):
                owners |= {old, new}
            case Change(number, Field.STATUS, old, new) if (old in LOAD) != (new in LOAD):
                numbers.add(number)
            case _:
                pass
    if numbers:
        owners |= set(connection.execute(_OWNERS, {"numbers": tuple(numbers)}).scalars())
    for owner in sorted(owners - {""}):
        load = connection.execute(_LOAD, {"owner": owner}).scalar_one()
        _write_load(connection, owner, load)


def _write_load(connection: Connection, owner: str, load: int) -> None:
    done = connection.execute(
        update(AGENT).where(AGENT.c.name == owner).values(open_tickets=load)
    )
    if done.rowcount == 0:
        connection.execute(insert(AGENT).values(name=owner, open_tickets=load))


def _write_tags(connection: Connection, number: int, tags: tuple[str, ...]) -> None:
    cells: list[Cells] = [{"tag": tag, "number": number} for tag in dict.fromkeys(tags)]
    if cells:
        connection.execute(_TAG, cells)
