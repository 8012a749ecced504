"""A mail opens a ticket: who asks, where it goes by the rules, and who gets it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mailtrack.desk.assignment import assign
from mailtrack.desk.brackets import partner_tags_in, without_numbers, without_prefixes
from mailtrack.desk.case import Case, Outcome
from mailtrack.desk.conditions import RoutingFacts
from mailtrack.desk.identity import Writer
from mailtrack.desk.policy import CustomerRule, Policy
from mailtrack.desk.routing import Route
from mailtrack.desk.showing import customer_rule
from mailtrack.desk.sla import choose
from mailtrack.desk.writing import fresh_uuid
from mailtrack.mail.address import Mailbox
from mailtrack.mail.message import AttachmentRef, ParsedMail
from mailtrack.tickets.decision import (
    AddEntry,
    Effect,
    KnowCustomer,
    LinkTickets,
    OpenTicket,
    Reason,
    TakeTurn,
)
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    Part,
    Participant,
    PersonId,
    Priority,
    Status,
    Ticket,
    Visibility,
)

SUBJECT_CHARS_MAX: Final = 255
TEXT_CHARS_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket as its first mail opens it, its entries not yet added.

    ``facts`` are what the rules saw; ``route`` what they said.
    """

    ticket: Ticket
    route: Route
    facts: RoutingFacts
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the rules want a ticket. ``sla_policy`` is the promise's name, None for none."""

    route: Route
    queue: str
    sla_policy: str | None


def placed(policy: Policy, facts: RoutingFacts, known: CustomerRule | None) -> Placed:
    """Where the rules want a ticket of these facts; a queue that is no more keeps it here."""
    route = policy.routing.route(facts)
    queue = route.queue if route.queue and policy.queue(route.queue) else facts.queue
    pinned = route.sla or (known.sla if known else None)
    promise = choose(policy.sla_policies, replace(facts, queue=queue), pinned=pinned)
    return Placed(route, queue, promise.name if promise else None)


def open_ticket(
    case: Case,
    requester: Participant,
    *,
    subject: str,
    owner: str | None = None,
    linked: int | None = None,
    tags: tuple[str, ...] = (),
) -> Opened:
    """The ticket that this mail opens for ``requester``, routed and assigned.

    ``owner`` is set when an agent opens it for themselves; ``linked`` is a ticket it follows.
    ``tags`` are there besides those of the rules.
    """
    known = customer_rule(case.policy, requester.person)
    language = language_for(case, known)
    facts = facts_of(case, known=known, language=language, queue=case.reading.queue)
    place = placed(case.policy, facts, known)
    route = place.route
    ticket = Ticket(
        number=case.fresh.number,
        uuid=fresh_uuid(case.fresh),
        subject=subject_of(subject),
        status=Status.OPEN if owner else Status.NEW,
        queue=place.queue,
        priority=route.priority or Priority.NORMAL,
        requester=requester.person,
        language=language,
        opened_at=case.envelope.received_at,
        changed_at=case.envelope.received_at,
        category=route.category,
        tags=tuple(sorted({*route.tags, *tags})),
        owner=owner,
        sla_policy=place.sla_policy,
        partner_tags=partner_tags_in(subject),
        participants=(requester,),
    )
    assigned = _assigned(case, ticket, route)
    ticket = replace(ticket, owner=ticket.owner or assigned.owner)
    effects: tuple[Effect, ...] = (OpenTicket(ticket), *assigned.effects)
    if linked is not None:
        effects = (*effects, LinkTickets(ticket.number, linked))
        ticket = replace(ticket, linked=(linked,))
    return Opened(ticket, route, facts, Outcome(effects, (), (*route.trace, *assigned.trace)))


@dataclass(frozen=True, slots=True)
class _Given:
    owner: str | None = None
    effects: tuple[Effect, ...] = ()
    trace: tuple[Reason, ...] = ()


def _assigned(case: Case, ticket: Ticket, route: Route) -> _Given:
    if route.assign is None or ticket.owner is not None:
        return _Given()
    found = assign(
        route.assign,
        case.policy.agents,
        case.context.agents,
        case.context.turns,
        queue=ticket.queue,
        language=ticket.language,
        now=case.fresh.now,
    )
    turn = (TakeTurn(*found.turn),) if found.turn else ()
    return _Given(found.agent, turn, (found.reason,))


def facts_of(
    case: Case, *, known: CustomerRule | None, language: str, queue: str, is_reply: bool = False
) -> RoutingFacts:
    """What the rules may look at in this mail."""
    mail = case.mail
    return RoutingFacts(
        subject=mail.subject,
        body=mail.reply,
        sender=case.reading.sender_key,
        to=(*case.reading.rcpt_keys, *(one.address.key for one in (*mail.to, *mail.cc))),
        headers=mail.headers,
        list_id=mail.header("list-id"),
        attachments=tuple((one.name, one.content_type) for one in mail.attachments),
        language=language,
        customer_type=known.type if known else None,
        organisation=known.organisation if known else None,
        queue=queue,
        size_bytes=case.envelope.size_bytes,
        is_reply=is_reply,
        at=case.envelope.received_at.astimezone(case.policy.zone),
    )


def language_for(case: Case, known: CustomerRule | None) -> str:
    """The language to write to this customer in: what an admin says, what they write, ours."""
    record = case.context.customer
    wishes = (
        known.language if known else None,
        case.mail.language,
        record.language if record else None,
    )
    return next((one for one in wishes if one in case.policy.languages), case.policy.language)


def customer_effects(case: Case, writer: Writer) -> tuple[Effect, ...]:
    """What the mail taught us of its writer."""
    return (KnowCustomer(writer.mailbox, case.mail.language),)


def requester_from(person: PersonId, mailbox: Mailbox) -> Participant:
    """The participant who asks."""
    return Participant(person, mailbox, Part.REQUESTER)


def subject_of(subject: str) -> str:
    """A subject as a ticket keeps it: one bounded line, no prefixes, no ticket's number."""
    return " ".join(without_prefixes(without_numbers(subject)).split())[:SUBJECT_CHARS_MAX]


def entry_from(
    case: Case,
    number: int,
    *,
    kind: EntryKind,
    author: PersonId,
    shown: str,
    text: str | None = None,
    is_verified: bool = True,
    is_internal: bool = False,
    label: str = "entry",
) -> Entry:
    """The mail as an entry; ``text`` None means the words its writer added."""
    is_public = not is_internal and kind in (EntryKind.MAIL, EntryKind.ANSWER)
    return Entry(
        id=case.fresh.id(label),
        number=number,
        kind=kind,
        visibility=Visibility.PUBLIC if is_public else Visibility.INTERNAL,
        author=author,
        author_shown=shown,
        at=case.envelope.received_at,
        subject=case.mail.subject[:SUBJECT_CHARS_MAX],
        text=(case.mail.reply if text is None else text)[:TEXT_CHARS_MAX],
        message_id=case.mail.message_id,
        raw_sha256=case.envelope.sha256,
        attachments=attachments_of(case.mail, case.envelope.sha256),
        is_verified=is_verified,
    )


def attachments_of(mail: ParsedMail, raw_sha256: str) -> tuple[AttachmentRef, ...]:
    """The mail's attachments as references into its raw copy."""
    return tuple(
        AttachmentRef(
            raw_sha256, one.index, one.name, one.content_type, one.size_bytes, one.content_id
        )
        for one in mail.attachments
    )


def note_from_rule(case: Case, number: int, text: str) -> Effect:
    """The note that a rule adds."""
    entry = Entry(
        id=case.fresh.id("rule-note"),
        number=number,
        kind=EntryKind.NOTE,
        visibility=Visibility.INTERNAL,
        author="",
        author_shown="rules.yaml",
        at=case.envelope.received_at,
        subject="",
        text=text,
        message_id=None,
        raw_sha256=None,
    )
    return AddEntry(entry)
