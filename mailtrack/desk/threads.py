"""To which ticket a mail belongs: the first hit of security section 3.3, each with its check.

A mail of the writer's that was split off since and that they answer now, else the token, then
ids we issued, then the writer's own earlier ids, then ``[#1042]``, then the number that another
desk gave the matter. Titles never join anything. A token from the wrong hand is heard, but its
words stay internal: read ``Thread.is_stranger``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mailtrack.desk.case import Case
from mailtrack.desk.identity import Writer, needs_origin_of_customers
from mailtrack.desk.tokens import answered_token, has_own_token, live_token
from mailtrack.tickets.context import Context, KnownId
from mailtrack.tickets.decision import Reason
from mailtrack.tickets.reading import Verdict
from mailtrack.tickets.ticket import SPLIT_FROM, PersonId, Ticket
from mailtrack.tickets.token import Purpose, Token

MERGES_MAX: Final = 20
CUSTOMER: Final = "customer"  # the role of a token; an agent's has a term of its own


class Via(StrEnum):
    """What named the ticket."""

    TOKEN = "token"
    ISSUED_ID = "issued_id"
    OWN_ID = "own_id"
    NUMBER = "number"
    PARTNER_TAG = "partner_tag"


@dataclass(frozen=True, slots=True)
class Thread:
    """The ticket a mail belongs to, or None.

    ``holder`` is whom the token or id was given to; ``token`` the row, if a token named it.
    ``is_stranger``: the writer is not on the ticket. ``hint`` is a ticket that it may belong to
    but for which nothing speaks but a claim. ``has_capability``: the token or issued id is the
    writer's own. ``expired`` is a ticket of the writer's, closed so long ago that its tokens
    open nothing any more.
    """

    ticket: Ticket | None = None
    via: Via | None = None
    holder: PersonId | None = None
    token: Token | None = None
    is_stranger: bool = False
    has_capability: bool = False
    hint: int | None = None
    expired: Ticket | None = None
    trace: tuple[Reason, ...] = ()


def match_thread(case: Case, writer: Writer | None) -> Thread:
    """The ticket this mail belongs to, by the strongest evidence it brings."""
    found = (
        _by_split(case, writer)
        or _by_token(case, writer)
        or _by_issued_id(case, writer)
        or _by_own_id(case, writer)
        or _by_number(case, writer)
        or _by_partner_tag(case, writer)
        or Thread(hint=_hint(case), trace=(Reason("thread", "nothing names a ticket"),))
    )
    return found if found.has_capability else _with_own_token(case, writer, found)


def answered_entry(case: Case) -> str | None:
    """The id of the entry that a letter of ours was about which this mail answers, if one."""
    answered = case.reading.answered_id
    letters = (*case.context.sent, *case.context.unsent)
    return next((one.entry_id for one in letters if one.message_id == answered), None)


def named_numbers(case: Case, thread: Thread) -> tuple[int, ...]:
    """The tickets that the mail was written about, whatever they were merged into since."""
    if thread.token is not None:
        return (thread.token.number,) if thread.token.number else ()
    return (*case.reading.numbers, *(one.number for one in case.context.known_ids))


def is_reply_to_note(case: Case, thread: Thread) -> bool:
    """Whether the mail answers a letter whose replies are for colleagues alone.

    A token that has died, or is not looked at for now, still says what its letter was: nobody's
    note becomes an answer because a stranger has used its address.
    """
    if thread.token is not None:
        return thread.token.purpose is Purpose.NOTE
    seen = (*case.reading.tokens, *case.reading.id_tokens[:1])
    return any(one.purpose is Purpose.NOTE for one in seen)


def survivor(context: Context, number: int) -> Ticket | None:
    """The ticket of that number, or the one that took its place; None if there is none."""
    ticket = context.ticket(number)
    for _ in range(MERGES_MAX):
        if ticket is None or ticket.merged_into is None:
            break
        ticket = context.ticket(ticket.merged_into)
    return ticket


def _by_split(case: Case, writer: Writer | None) -> Thread | None:
    """An answer to a customer's own mail that was split off, whatever token it brings.

    Their mail program takes the address of the ticket it was written to. It is theirs by the
    same checks as any mail of their own, or by a token of their own.
    """
    ticket = _answered_split(case, writer) if writer else None
    if writer is None or ticket is None:
        return None
    token = live_token(case, Purpose.REPLY)
    has_own = token is not None and token.person == writer.person
    is_claimed = writer.origin.verdict is not Verdict.FAIL and has_own
    if not (is_claimed or _is_proved_participant(case, writer, ticket)):
        return None
    reason = Reason("thread", f"answers a mail that was split off to #{ticket.number}")
    return Thread(ticket, Via.OWN_ID, trace=(reason,))


def _answered_split(case: Case, writer: Writer) -> Ticket | None:
    """The ticket of the writer's that began with the mail which they answer now."""
    answered = case.reading.answered_id
    numbers = (
        one.number
        for one in case.context.known_ids
        if one.message_id == answered and not one.is_ours and one.person == writer.person
    )
    ticket = case.context.ticket(next(numbers, 0))
    if answered is None or ticket is None or ticket.merged_into is not None:
        return None
    is_theirs = ticket.requester == writer.person
    return ticket if is_theirs and _is_split_off(ticket, answered) else None


def _is_split_off(ticket: Ticket, message_id: str) -> bool:
    """Whether the mail of that id came into this ticket by a split."""
    ids = {one.id for one in ticket.entries if one.message_id == message_id}
    return any(row.field == SPLIT_FROM and row.old in ids for row in ticket.journal)


def _by_token(case: Case, writer: Writer | None) -> Thread | None:
    token = live_token(case, Purpose.REPLY, Purpose.NOTE)
    ticket = survivor(case.context, token.number) if token else None
    if token is None or ticket is None:
        return None
    person = writer.person if writer else ""
    is_own = token.person == person
    if token.role == CUSTOMER and _has_expired(case, ticket):
        reason = Reason("thread", f"a reply token of #{ticket.number}, closed too long ago")
        expired = ticket if is_own else None
        return Thread(
            via=Via.TOKEN, token=token, hint=ticket.number, expired=expired, trace=(reason,)
        )
    conflict = any(
        known.is_ours and known.number not in (token.number, ticket.number)
        for known in case.context.known_ids
    )
    return Thread(
        ticket,
        Via.TOKEN,
        token.person,
        token,
        is_stranger=not (is_own or (writer is not None and _is_there(writer, ticket))),
        has_capability=is_own,
        trace=(
            Reason("thread", f"reply token of {token.person} names #{ticket.number}"),
            *((Reason("thread", "references name another ticket"),) if conflict else ()),
        ),
    )


def _with_own_token(case: Case, writer: Writer | None, found: Thread) -> Thread:
    """A letter about no ticket, say a list, has a token too: it proves who answers."""
    is_own = writer is not None and has_own_token(case, writer)
    return replace(found, has_capability=is_own)


def _by_issued_id(case: Case, writer: Writer | None) -> Thread | None:
    known = _first_known(case, is_ours=True)
    if known is None or writer is None or known.person != writer.person:
        return None
    ticket = survivor(case.context, known.number)
    if ticket is None or not any(
        _is_there(writer, one) for one in (ticket, case.context.ticket(known.number)) if one
    ):
        return None
    reason = Reason("thread", f"answers a letter we sent to {known.person}")
    is_fresh = writer.agent is None or _is_fresh(case, known)
    token = answered_token(case, writer, Purpose.REPLY, Purpose.NOTE)
    return Thread(
        ticket, Via.ISSUED_ID, known.person, token, has_capability=is_fresh, trace=(reason,)
    )


def _is_fresh(case: Case, known: KnownId) -> bool:
    """Whether an agent got that letter so lately that a token in it would be good still."""
    since = case.fresh.now - case.policy.agent_token_life
    letter = next(
        (one for one in case.context.sent if one.message_id == known.message_id), None
    )
    return letter is None or letter.written_at > since


def _by_own_id(case: Case, writer: Writer | None) -> Thread | None:
    known = _first_known(case, is_ours=False)
    ticket = survivor(case.context, known.number) if known else None
    is_agent = writer is not None and writer.agent is not None
    if ticket is None or not (is_agent or _is_proved_participant(case, writer, ticket)):
        return None
    return Thread(
        ticket, Via.OWN_ID, trace=(Reason("thread", "answers a mail of this ticket"),)
    )


def _by_number(case: Case, writer: Writer | None) -> Thread | None:
    for number in case.reading.numbers:
        ticket = survivor(case.context, number)
        if ticket is None or writer is None:
            continue
        named = case.context.ticket(number)
        is_theirs = any(
            _is_recent_participant(case, writer, one) for one in (ticket, named) if one
        )
        if writer.agent is not None or is_theirs:
            reason = Reason("thread", f"the subject names #{number}")
            return Thread(ticket, Via.NUMBER, trace=(reason,))
    return None


def _by_partner_tag(case: Case, writer: Writer | None) -> Thread | None:
    """Another desk's mail under its own number joins what it asked for, without ours (S42)."""
    tags = set(case.reading.partner_tags)
    for named in case.context.tickets:
        ticket = survivor(case.context, named.number)
        if writer is None or ticket is None or not tags.intersection(named.partner_tags):
            continue
        if _is_recent_participant(case, writer, ticket):
            shown = ", ".join(sorted(tags.intersection(named.partner_tags)))
            reason = Reason("thread", f"the subject bears {shown}, the writer's own number")
            return Thread(ticket, Via.PARTNER_TAG, trace=(reason,))
    return None


def _has_expired(case: Case, ticket: Ticket) -> bool:
    """Whether the ticket was finished so long ago that its tokens open nothing (A60)."""
    finished = ticket.finished_at
    return finished is not None and (
        case.fresh.now - finished >= case.policy.token_life_after_close
    )


def _is_there(writer: Writer, ticket: Ticket) -> bool:
    """Whether the writer is on the ticket still; an agent may answer any."""
    return writer.agent is not None or ticket.participant(writer.person) is not None


def _is_recent_participant(case: Case, writer: Writer, ticket: Ticket) -> bool:
    finished = ticket.finished_at
    is_old = finished is not None and case.fresh.now - finished > case.policy.reopen_within
    return not is_old and _is_proved_participant(case, writer, ticket)


def _is_proved_participant(case: Case, writer: Writer | None, ticket: Ticket) -> bool:
    if writer is None or ticket.participant(writer.person) is None:
        return False
    if writer.origin.verdict is Verdict.FAIL:
        return False
    return writer.origin.verdict is Verdict.PASS or not needs_origin_of_customers(case.policy)


def _first_known(case: Case, *, is_ours: bool) -> KnownId | None:
    by_id = {known.message_id: known for known in case.context.known_ids}
    answered = (one for one in case.reading.known_ids if one != case.reading.message_id)
    in_order = (by_id.get(message_id) for message_id in answered)
    return next((one for one in in_order if one and one.is_ours is is_ours), None)


def _hint(case: Case) -> int | None:
    own = case.reading.message_id
    known = (one.number for one in case.context.known_ids if one.message_id != own)
    named = (*known, *case.reading.numbers)
    return next((number for number in named if case.context.ticket(number)), None)
