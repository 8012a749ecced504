"""Who hears of what: the letters that follow from something that happened in a ticket.

One mail in makes at most one mail out for each person, and nobody is told of their own action
(SPEC section 1, law 7). Which agents hear is ``hearers``; what customers get, ``to_customers``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailtrack.desk.brackets import folded
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.enclosing import Enclosed, enclosed
from mailtrack.desk.letter_views import AnswerView, Event, NotificationView, StatusView
from mailtrack.desk.letters import Stationery
from mailtrack.desk.policy import Agent, Policy, Role
from mailtrack.desk.showing import (
    action,
    actions_on,
    change_views,
    desk_view,
    earlier_views,
    entry_view,
    public_view,
    requester_view,
    shown_person,
    ticket_view,
)
from mailtrack.desk.storms import kept_back
from mailtrack.desk.views import (
    ActionView,
    Caution,
    CautionView,
    Goes,
    PersonView,
    PublicPersonView,
    RouteView,
)
from mailtrack.desk.visibility import as_agent, customers_on, on, visible_to
from mailtrack.desk.writing import (
    Recipient,
    Style,
    queue_for,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.mail.address import Address
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import Change, Field
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    Part,
    Participant,
    PersonId,
    Status,
    Ticket,
)
from mailtrack.tickets.token import Purpose

INTERNAL_EVENTS: Final = frozenset({Event.NOTE, Event.THIRD_PARTY})
STATUS_LETTERS: Final = {Status.RESOLVED: "resolved", Status.CLOSED: "closed"}
_MENTION: Final = re.compile(r"(?<![\w@.])@(?:\"([^\"\n]{1,60})\"|([^\s\"]{1,100}))")
_FROM_CUSTOMERS: Final = frozenset({Event.NEW, Event.MAIL, Event.REOPENED, Event.THIRD_PARTY})


@dataclass(frozen=True, slots=True)
class News:
    """Something happened. ``ticket`` is as it is now; ``actor`` is not told.

    ``also`` are the names of agents who hear besides: mentioned, named by a rule, or the team
    of a second queue that was written to.
    """

    event: Event
    ticket: Ticket
    actor: PersonId
    entry: Entry | None = None
    changes: tuple[Change, ...] = ()
    cautions: tuple[CautionView, ...] = ()
    also: tuple[str, ...] = ()


def tell_agents(case: Case, news: News, *, kept_until: datetime | None = None) -> Outcome:
    """A notification to each agent who hears of the news.

    ``kept_until`` is when a brake of the ticket lets them hear it; None if they hear it now.
    """
    heard = hearers(news, policy=case.policy, context=case.context, now=case.fresh.now)
    # Whom the customer wrote to directly as well has the mail already (S86).
    has_it = _written_to(case) if news.event is Event.MAIL else frozenset()
    outcome = Outcome()
    for agent, event in heard:
        if has_it.isdisjoint(agent.emails):
            outcome += _told(case, news, agent, event, kept_until)
    return outcome


def _told(
    case: Case, news: News, agent: Agent, event: Event, kept_until: datetime | None
) -> Outcome:
    kept = kept_back(case, agent, news.ticket, event, until=kept_until)
    if kept is not None:
        return Outcome((kept,)) + said("brake", f"{agent.name} is told in one letter later")
    return Outcome(letters=(_notification(case, news, agent, event),))


def hearers(
    news: News, *, policy: Policy, context: Context, now: datetime
) -> tuple[tuple[Agent, Event], ...]:
    """The agents who hear of the news, each with what the news is to them."""
    events: dict[str, Event] = {}
    for name in (*_concerned(news, policy, context, now), *news.also):
        events.setdefault(name, news.event)
    for change in news.changes:
        if change.field is Field.OWNER and change.new:
            events[change.new] = Event.ASSIGNED
        if change.field is Field.OWNER and change.old:
            events.setdefault(change.old, news.event)
    muted = {one.person for one in news.ticket.with_part(Part.MUTED)}
    agents = ((policy.agent(name), event) for name, event in events.items())
    return tuple(
        (agent, event)
        for agent, event in agents
        if agent is not None
        and visible_to(as_agent(agent), news.entry or news.ticket)
        and agent.id not in (news.actor, news.ticket.requester)
        and (agent.id not in muted or agent.name == news.ticket.owner)
    )


def to_customers(
    case: Case, ticket: Ticket, *, entry: Entry, agent: Agent, words: str
) -> Outcome:
    """An agent's answer to the requester and everybody copied, each a copy of their own.

    Whom the agent's own mail program has sent it to does not get it twice (S86).
    """
    has_it = _written_to(case)
    letters = tuple(
        _answer(case, ticket, one, entry=entry, agent=agent, words=words)
        for one in customers_on(ticket)
        if one.person != agent.id
        and visible_to(on(ticket, one.person), entry)
        and one.mailbox.address.key not in has_it
        and not case.policy.is_ours(one.mailbox.address)
    )
    return Outcome(letters=letters)


def tell_status(case: Case, ticket: Ticket, *, status: Status, agent: Agent) -> Outcome:
    """The letter that a ticket was resolved or closed, when no words of an agent told it."""
    name = STATUS_LETTERS.get(status)
    if name is None or status not in case.policy.status_letters:
        return Outcome()
    letters = []
    for one in ticket.with_part(Part.REQUESTER):
        if one.person == agent.id or not visible_to(on(ticket, one.person), ticket):
            continue
        to = customer_recipient(case.policy, ticket, one)
        view = StatusView(
            desk=desk_view(case.policy, queue_for(case.policy, ticket.queue).address),
            zone=case.policy.zone,
            now=case.fresh.now,
            ticket=public_view(ticket),
            customer=PublicPersonView(one.mailbox.name),
            agent=PublicPersonView(agent.shown),
        )
        style = Style(sender_name=agent.shown, delay=case.policy.undo_delay, why="status")
        letters.append(write_letter(case, name, to, view=view, ticket=ticket, style=style))
    return Outcome(letters=tuple(letters))


def customer_recipient(policy: Policy, ticket: Ticket, participant: Participant) -> Recipient:
    """A participant who is written to as a customer, in the ticket's language."""
    language = ticket.language if ticket.language in policy.languages else policy.language
    return Recipient(participant.person, participant.mailbox, language, False)


def mentioned(text: str, policy: Policy) -> tuple[str, ...]:
    """The agents that ``@ivan``, ``@"Ivan Petrenko"``, ``@ivan@help.example`` mean, by name."""
    names: list[str] = []
    for found in _MENTION.finditer(text):
        key = folded(found[1] or found[2])
        named = [
            agent.name
            for agent in policy.agents
            if agent.is_active
            and key in {folded(one) for one in (agent.name, agent.shown, *agent.emails)}
        ]
        names += named if len(named) == 1 else []
    return tuple(dict.fromkeys(names))


def _concerned(news: News, policy: Policy, context: Context, now: datetime) -> tuple[str, ...]:
    ticket = news.ticket
    watchers = tuple(one.person[1:] for one in ticket.with_part(Part.WATCHER))
    # Who is gone from people.yaml, or not active in it, hears nothing: the team does.
    owner = (ticket.owner,) if ticket.owner and _is_active(ticket.owner, policy) else ()
    talkers: tuple[str, ...] = ()
    if news.event is Event.NOTE:
        notes = (entry for entry in ticket.entries if entry.kind is EntryKind.NOTE)
        talkers = tuple(entry.author[1:] for entry in notes if entry.author.startswith("@"))
    people = (*owner, *watchers, *talkers)
    is_covered = any(
        f"@{name}" != news.actor and not _is_away(name, context, now) for name in owner
    )
    needs_somebody = news.event in _FROM_CUSTOMERS or news.event is Event.NOTE
    called = (*people, *news.also)
    has_hearer = is_covered or (news.event is Event.NOTE and _others(called, news.actor))
    if needs_somebody and not has_hearer:
        people = (*people, *policy.team(ticket.queue))
    return people


def _is_active(name: str, policy: Policy) -> bool:
    agent = policy.agent(name)
    return agent is not None and agent.is_active


def _others(people: tuple[str, ...], actor: PersonId) -> bool:
    return any(f"@{name}" != actor for name in people)


def _is_away(name: str, context: Context, now: datetime) -> bool:
    return any(
        state.name == name and state.away_until is not None and state.away_until > now
        for state in context.agents
    )


def _notification(case: Case, news: News, agent: Agent, event: Event) -> Letter:
    ticket, policy = news.ticket, case.policy
    is_internal = news.event in INTERNAL_EVENTS or agent.role is Role.LIGHT
    given = news.entry.attachments if news.entry else ()
    along = enclosed(given, bytes_max=policy.attachments_bytes_max)
    style = Style(
        purpose=Purpose.NOTE if is_internal else Purpose.REPLY,
        sender_name=_sender_shown(news, policy),
        attachments=along.files,
        entry_id=news.entry.id if news.entry else None,
        delay=policy.undo_delay if news.event is Event.ANSWER else Style().delay,
        why=event.value,
    )
    to = recipient_of(agent)
    address = token_address(case, ticket, reply_token(case, to, ticket=ticket, style=style))
    view = NotificationView(
        desk=desk_view(policy, queue_for(policy, ticket.queue).address),
        zone=policy.zone,
        now=case.fresh.now,
        route=route_of(ticket, policy, is_internal=is_internal),
        actions=(
            *_about_stranger(news, agent, policy, address),
            *actions_on(
                ticket,
                policy=policy,
                reader=agent,
                address=address,
            ),
        ),
        event=event,
        ticket=ticket_view(ticket, policy),
        actor=_sender_shown(news, policy),
        entry=entry_view(news.entry) if news.entry else None,
        changes=change_views(news.changes, policy),
        cautions=(*news.cautions, *_left_out(along)),
        earlier=earlier_views(ticket, news.entry),
        is_mine=ticket.owner == agent.name,
    )
    return write_letter(case, "notification", to, view=view, ticket=ticket, style=style)


def _about_stranger(
    news: News, agent: Agent, policy: Policy, address: Address
) -> tuple[ActionView, ...]:
    """What can become of somebody who is not on the ticket: let in, or another ticket."""
    entry = news.entry
    if news.event is not Event.THIRD_PARTY or entry is None or agent.role is Role.LIGHT:
        return ()
    typed = (("allow", entry.author), ("split", news.ticket.place(entry.id)))
    return tuple(
        action(
            word,
            policy=policy,
            language=agent.language,
            address=address,
            typed=f"[{word}:{argument}] [#{news.ticket.number}]",
        )
        for word, argument in typed
    )


def _left_out(along: Enclosed) -> tuple[CautionView, ...]:
    names = ", ".join(along.left_out)
    return (CautionView(Caution.LEFT_OUT, names),) if names else ()


def _with_names(words: str, along: Enclosed, stationery: Stationery, language: str) -> str:
    """The agent's words, and the names of the files that could not go along."""
    if not along.left_out:
        return words
    phrase = stationery.label(language, "cautions", Caution.LEFT_OUT.value)
    return f"{words}\n\n{phrase.format(detail=', '.join(along.left_out))}"


def route_of(ticket: Ticket, policy: Policy, *, is_internal: bool) -> RouteView:
    """Where a reply to a letter about this ticket goes."""
    if is_internal:
        return RouteView(Goes.NOTE)
    copied = tuple(
        PersonView(one.mailbox.name, str(one.mailbox.address))
        for one in customers_on(ticket)
        if one.part is Part.CC
    )
    return RouteView(Goes.CUSTOMER, (requester_view(ticket, policy), *copied))


def _sender_shown(news: News, policy: Policy) -> str:
    if news.entry is not None and news.entry.author == news.actor:
        return news.entry.author_shown
    return shown_person(policy, news.actor) if news.actor else ""


def _written_to(case: Case) -> frozenset[str]:
    """The keys of the addresses that the mail itself names as its readers."""
    return frozenset(one.address.key for one in (*case.mail.to, *case.mail.cc))


def _answer(
    case: Case, ticket: Ticket, one: Participant, *, entry: Entry, agent: Agent, words: str
) -> Letter:
    policy = case.policy
    to = customer_recipient(policy, ticket, one)
    along = enclosed(entry.attachments, bytes_max=policy.attachments_bytes_max)
    is_first = not any(
        thread.is_ours for thread in ticket.thread if thread.person == one.person
    )
    view = AnswerView(
        desk=desk_view(policy, queue_for(policy, ticket.queue).address),
        zone=policy.zone,
        now=case.fresh.now,
        ticket=public_view(ticket),
        agent=PublicPersonView(agent.shown),
        words=_with_names(words, along, policy.stationery, to.language),
        is_first=is_first,
    )
    style = Style(
        is_automatic=False,
        sender_name=agent.shown,
        delay=policy.undo_delay,
        entry_id=entry.id,
        attachments=along.files,
        why="answer",
    )
    return write_letter(case, "answer", to, view=view, ticket=ticket, style=style)
