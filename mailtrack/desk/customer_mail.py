"""A mail from somebody who is no agent: a new ticket, or more words in one that is there.

A stranger who holds somebody's token is heard, but only by agents. Nothing a customer writes
is ever passed on to another customer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mailtrack.desk.acknowledging import acknowledge
from mailtrack.desk.after import after
from mailtrack.desk.bearers import holder_of, is_leaked, told_of_token
from mailtrack.desk.brackets import folded
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.copying import copied, told_of
from mailtrack.desk.hearing import News, tell_agents
from mailtrack.desk.holding import GROUPED, HoldReason, hold, tell_admins
from mailtrack.desk.identity import Writer, needs_origin_of_customers
from mailtrack.desk.letter_views import Event
from mailtrack.desk.opening import (
    customer_effects,
    entry_from,
    note_from_rule,
    open_ticket,
    requester_from,
)
from mailtrack.desk.policy import Role
from mailtrack.desk.promised import clocks_after, promise_of
from mailtrack.desk.showing import shown_person
from mailtrack.desk.sla import CustomerWrote, Opened, Reopened
from mailtrack.desk.storms import FLOOD_TOLD_AFTER, flood_ticket, is_flood, muting
from mailtrack.desk.threads import Thread
from mailtrack.desk.views import Caution, CautionView
from mailtrack.mail.machine_signs import is_absence_subject
from mailtrack.mail.message import Kind
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    Field,
    Hold,
)
from mailtrack.tickets.reading import Verdict
from mailtrack.tickets.storm import FLOOD_TAG
from mailtrack.tickets.ticket import Entry, EntryKind, Status, Ticket

PARTNER_TAGS_MAX: Final = 5
# A short thank-you in the languages of the desk: it wakes nobody and opens nothing again (S38).
_THANKS: Final = tuple(
    map(
        folded,
        "thanks|thank you|thx|cheers|great|perfect|спасибо|благодарю|отлично|дякую|дякуємо"
        "|дуже дякую|danke|merci|gracias|dziękuję|ok|okay|got it|super|супер|ок".split("|"),
    )
)


def decide_customer(case: Case, writer: Writer, thread: Thread) -> Decision:
    """What becomes of a customer's mail."""
    ticket = thread.ticket
    if ticket is None:
        return _open(case, writer, thread, follows=thread.expired)
    if thread.is_stranger:
        return _third_party(case, writer, thread, ticket)
    if _is_long_finished(case, ticket):
        return _open(case, writer, thread, follows=ticket)
    return _append(case, writer, thread, ticket)


def _append(case: Case, writer: Writer, thread: Thread, ticket: Ticket) -> Decision:
    is_disproved = writer.origin.verdict is Verdict.FAIL
    entry = entry_from(
        case,
        ticket.number,
        kind=EntryKind.MAIL,
        author=writer.person,
        shown=_name(writer, ticket),
        is_verified=_is_verified(case, writer, thread),
        is_internal=is_disproved,
    )
    effects: tuple[Effect, ...] = (AddEntry(entry), *customer_effects(case, writer))
    if is_disproved:
        cautions = (CautionView(Caution.FAILED),)
        return _told(case, writer, thread, ticket, effects, entry, Event.MAIL, cautions)
    if ticket.status.is_finished and is_thanks(case):
        quiet = Outcome(effects, (), thread.trace) + said("thanks", "filed, stays finished")
        return _decision(quiet, Disposition.ENTRY, ticket.number, writer)
    if ticket.status.is_finished and is_absence_subject(case.mail.subject):
        effects = (*effects, *copied(case, writer, ticket))
        return _told(case, writer, thread, ticket, effects, entry, Event.MAIL, ())
    change = (*_reopening(ticket, writer), *_learned_tags(case, writer, ticket))
    joins = copied(case, writer, ticket)
    changed = (*effects, *joins, *change)
    now = after(ticket, changed)
    is_reopened = ticket.status.is_finished
    waits = Reopened(case.envelope.received_at) if is_reopened else CustomerWrote()
    clocks = clocks_after(case, now, waits)
    event = Event.REOPENED if is_reopened else Event.MAIL
    everything = (*changed, *clocks)
    careful = told_of(joins)
    if ticket.participant(writer.person) is None:
        careful = (*careful, CautionView(Caution.MERGED_OUTSIDER, writer.person))
    if is_leaked(thread, writer):
        shown = _shown_holder(case, thread)
        careful = (told_of_token(thread, writer, shown=shown), *careful)
    return _told(case, writer, thread, ticket, everything, entry, event, careful)


def _is_verified(case: Case, writer: Writer, thread: Thread) -> bool:
    """Whether agents may take the author for granted: security section 3.4.

    Their own token or our letter to them is enough where no origin can be proved; somebody
    else's token is not, even for who is on the ticket.
    """
    if writer.origin.verdict is not Verdict.NONE:
        return writer.origin.verdict is Verdict.PASS
    return thread.has_capability and not needs_origin_of_customers(case.policy)


def _name(writer: Writer, ticket: Ticket) -> str:
    """What agents call the writer: today's name, the one we know, or the address."""
    known = ticket.participant(writer.person)
    name = writer.mailbox.name or (known.mailbox.name if known else "")
    return name or str(writer.mailbox.address)


def _told(
    case: Case,
    writer: Writer,
    thread: Thread,
    ticket: Ticket,
    effects: tuple[Effect, ...],
    entry: Entry,
    event: Event,
    cautions: tuple[CautionView, ...],
) -> Decision:
    now = after(ticket, effects)
    until, braked = muting(case, now, entry)
    outcome = Outcome(effects, (), thread.trace) + braked
    changes = tuple(one for one in effects if isinstance(one, Change))
    news = News(event, now, writer.person, entry, changes, cautions)
    outcome += tell_agents(case, news, kept_until=until)
    return _decision(outcome, Disposition.ENTRY, ticket.number, writer)


def _third_party(case: Case, writer: Writer, thread: Thread, ticket: Ticket) -> Decision:
    entry = entry_from(
        case,
        ticket.number,
        kind=EntryKind.THIRD_PARTY,
        author=writer.person,
        shown=writer.mailbox.name or str(writer.mailbox.address),
        is_verified=False,
        is_internal=True,
    )
    effects: tuple[Effect, ...] = (AddEntry(entry),)
    now = after(ticket, effects)
    until, braked = muting(case, now, entry)
    news = News(
        Event.THIRD_PARTY,
        now,
        writer.person,
        entry,
        cautions=(told_of_token(thread, writer, shown=_shown_holder(case, thread)),),
        also=_told_besides(case, writer, thread),
    )
    outcome = Outcome(effects, (), thread.trace) + said(
        "thread", "the writer is not on the ticket: for agents only, and nothing goes back"
    )
    outcome += braked + tell_agents(case, news, kept_until=until)
    return _decision(outcome, Disposition.ENTRY, ticket.number, writer)


def _grouped(case: Case, writer: Writer, thread: Thread, parent: Ticket) -> Decision:
    """One more of a flood: it stands in the flood's ticket, and can become one of its own."""
    item, outcome = hold(case, HoldReason.FLOOD, agent=None, ticket=parent)
    is_disproved = writer.origin.verdict is Verdict.FAIL
    entry = entry_from(
        case,
        parent.number,
        kind=EntryKind.MAIL,
        author=writer.person,
        shown=_name(writer, parent),
        is_verified=not is_disproved,
        is_internal=is_disproved,
    )
    grouped: tuple[Effect, ...] = (AddEntry(entry), Hold(replace(item, state=GROUPED)))
    now = after(parent, grouped)
    news = News(Event.MAIL, now, writer.person, entry)
    told = tell_agents(case, news, kept_until=case.fresh.now + FLOOD_TOLD_AFTER)
    why = said("brake", f"too many new tickets from this sender: filed in #{parent.number}")
    outcome = Outcome(grouped, (), (*thread.trace, *outcome.trace)) + why + told
    return _decision(outcome, Disposition.ENTRY, parent.number, writer)


def _shown_holder(case: Case, thread: Thread) -> str:
    name = holder_of(thread)
    return shown_person(case.policy, f"@{name}") if name else thread.holder or ""


def _told_besides(case: Case, writer: Writer, thread: Thread) -> tuple[str, ...]:
    """Whose token leaked must know, and the admins (A5)."""
    name = holder_of(thread)
    if name is None or not is_leaked(thread, writer):
        return ()
    admins = (one.name for one in case.policy.agents if one.role is Role.ADMIN)
    return (name, *admins)


def _open(case: Case, writer: Writer, thread: Thread, *, follows: Ticket | None) -> Decision:
    floods = is_flood(case) and not case.is_granted(HoldReason.FLOOD)
    parent = flood_ticket(case) if floods else None
    if parent is not None:
        return _grouped(case, writer, thread, parent)
    opened = open_ticket(
        case,
        requester_from(writer.person, writer.mailbox),
        subject=case.mail.subject,
        linked=follows.number if follows else None,
        tags=(FLOOD_TAG,) if floods else (),
    )
    route, ticket = opened.route, opened.ticket
    if (route.hold or route.spam) and not case.is_granted(HoldReason.RULE):
        item, outcome = hold(case, HoldReason.RULE, agent=None, ticket=None)
        held = Outcome(trace=(*thread.trace, *route.trace)) + outcome
        # Spam is in the list of held mail; telling of each one would be spam of our own.
        held += Outcome() if route.spam else tell_admins(case, item)
        return _decision(held, Disposition.HELD, None, writer)
    entry = entry_from(
        case,
        ticket.number,
        kind=EntryKind.MAIL,
        author=writer.person,
        shown=writer.mailbox.name or str(writer.mailbox.address),
        is_verified=writer.origin.verdict is not Verdict.FAIL,
    )
    notes = (note_from_rule(case, ticket.number, route.note),) if route.note else ()
    joins = copied(case, writer, ticket)
    known = customer_effects(case, writer)
    added: tuple[Effect, ...] = (AddEntry(entry), *notes, *known, *joins)
    now = after(ticket, added)
    clocks = clocks_after(case, now, Opened())
    outcome = Outcome(trace=thread.trace) + opened.outcome + Outcome((*added, *clocks))
    now = after(now, clocks)
    promise = promise_of(case.policy, now)
    outcome += acknowledge(
        case,
        writer,
        now,
        calendar=promise.calendar if promise else None,
        canned=route.canned,
    )
    if floods:
        outcome += said("brake", "too many new tickets from this sender: what follows is here")
    news = News(
        Event.NEW,
        now,
        writer.person,
        entry,
        cautions=(
            *_cautions(case, writer, thread, follows),
            *told_of(joins),
            *((CautionView(Caution.FLOOD),) if floods else ()),
        ),
        also=(*_second_teams(case, ticket), *_named(case, route.notify)),
    )
    return _decision(
        outcome + tell_agents(case, news), Disposition.TICKET, ticket.number, writer
    )


def is_thanks(case: Case) -> bool:
    """Whether the mail is nothing but a short thank-you."""
    text = case.mail.reply.strip()
    if len(text) > case.policy.thanks_chars_max or "?" in text or case.mail.attachments:
        return False
    return any(folded(text).startswith(word) for word in _THANKS)


def _reopening(ticket: Ticket, writer: Writer) -> tuple[Change, ...]:
    """A customer's mail opens what was finished, and what waited for them."""
    if not (ticket.status.is_finished or ticket.status is Status.WAITING):
        return ()
    status, opened = ticket.status.value, Status.OPEN.value
    return (Change(ticket.number, Field.STATUS, status, opened, writer.person),)


def _learned_tags(case: Case, writer: Writer, ticket: Ticket) -> tuple[Change, ...]:
    """The number that another desk gives our ticket is kept in subjects from now on (S42)."""
    known = ticket.partner_tags
    is_on = writer.person == ticket.requester
    new = tuple(one for one in case.reading.partner_tags if one not in known) if is_on else ()
    if not new or len(known) + len(new) > PARTNER_TAGS_MAX:
        return ()
    old, learned = "\n".join(known), "\n".join((*known, *new))
    return (Change(ticket.number, Field.PARTNER_TAGS, old, learned, writer.person),)


def _is_long_finished(case: Case, ticket: Ticket) -> bool:
    finished = ticket.finished_at
    return (
        ticket.status.is_finished
        and finished is not None
        and case.envelope.received_at - finished > case.policy.reopen_within
    )


def _cautions(
    case: Case, writer: Writer, thread: Thread, follows: Ticket | None
) -> tuple[CautionView, ...]:
    found = []
    if writer.origin.verdict is Verdict.FAIL:
        found.append(CautionView(Caution.FAILED))
    if thread.expired is not None:
        found.append(CautionView(Caution.EXPIRED, str(thread.expired.number)))
    elif follows is not None:
        found.append(CautionView(Caution.FOLLOW_UP, str(follows.number)))
    elif thread.hint is not None:
        found.append(CautionView(Caution.RELATED, str(thread.hint)))
    if case.mail.is_shallow:
        found.append(CautionView(Caution.SHALLOW))
    return tuple(found)


def _second_teams(case: Case, ticket: Ticket) -> tuple[str, ...]:
    """The teams of our other addresses that the same mail was written to (S39).

    The first address does not count: a rule may have moved the ticket away from its team.
    """
    if ticket.owner is not None or case.mail.kind is not Kind.HUMAN:
        return ()
    addresses = (
        *case.envelope.rcpt_to,
        *(one.address for one in (*case.mail.to, *case.mail.cc)),
    )
    written_to = {case.policy.queue_of(address) for address in addresses}
    queues = written_to - {None, ticket.queue, case.reading.queue}
    teams = (case.policy.team(queue) for queue in sorted(map(str, queues)))
    return tuple(name for team in teams for name in team)


def _named(case: Case, who: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in who if case.policy.agent(name))


def _decision(
    outcome: Outcome, disposition: Disposition, number: int | None, writer: Writer
) -> Decision:
    return Decision(
        disposition, outcome.effects, outcome.letters, outcome.trace, number, writer.person
    )
