"""An agent's mail opens a ticket: forwarded for a customer, written to one, or their own.

A forwarded customer mail is the customer's ticket, the agent's words above it a note (S60). A
mail that the agent sent to the customer with the desk in Cc is their answer, and is not sent
again (S86). Anything else is the agent's own question to the desk; but what an admin writes
below ``[release:H12]`` is about the mail that waits, and opens nothing.
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.acknowledging import acknowledge
from mailtrack.desk.after import after
from mailtrack.desk.agent_words import has_files
from mailtrack.desk.brackets import is_forward_subject, without_brackets, without_prefixes
from mailtrack.desk.carrying_out import asked_told, decided
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.commands.obey import Obeyed, Scene, obey
from mailtrack.desk.commands.order import Problem, Refusal
from mailtrack.desk.commands.table import ENDS_WAITING, understood
from mailtrack.desk.foretold import foretold
from mailtrack.desk.hearing import News, tell_agents
from mailtrack.desk.holding import HoldReason, Own, hold_refused, hold_unproved, leave_to_admins
from mailtrack.desk.identity import Deed, Trust, Writer, needs_origin, trust
from mailtrack.desk.letter_views import Event
from mailtrack.desk.opening import Opened, entry_from, open_ticket, requester_from
from mailtrack.desk.policy import Agent
from mailtrack.desk.promised import clocks_after, promise_of
from mailtrack.desk.questions import answer_questions
from mailtrack.desk.reading import commands_on_top
from mailtrack.desk.sla import Opened as OpenedEvent
from mailtrack.desk.threads import Thread
from mailtrack.desk.typed import typed_brackets
from mailtrack.mail.address import Mailbox
from mailtrack.tickets.decision import AddEntry, Change, Decision, Disposition, Effect
from mailtrack.tickets.reading import Bracket, Verdict
from mailtrack.tickets.ticket import Entry, EntryKind, Participant, Ticket

CANNED: Final = "tpl"
_OPENED_FOR: Final = {
    EntryKind.NOTE: "by an agent, for the customer whose mail was forwarded",
    EntryKind.ANSWER: "by an agent, for the customer it was written to",
    EntryKind.MAIL: "by an agent, who asks",
}


def opens_ticket(case: Case, thread: Thread) -> bool:
    """Whether an agent's mail that names no ticket has something to open one with."""
    is_about_some = any(case.context.ticket(number) for number in case.reading.numbers)
    if thread.ticket is not None or is_about_some:
        return False
    if _customer(case) is None and _is_about_waiting(_commands(case, thread)):
        return False
    _, text = commands_on_top(case.mail.reply)
    is_file_alone = has_files(case) and not case.reading.brackets
    return bool(text.strip()) or is_file_alone or _forwarded(case) is not None


def open_by_agent(case: Case, writer: Writer, thread: Thread, agent: Agent) -> Decision:
    """The ticket that an agent's mail opens, with the commands it brings."""
    requester, kind = _requester(case, agent)
    own = _own_brackets(case, thread)
    in_subject = tuple(one for one in own if not one.from_body)
    subject = without_brackets(case.mail.subject, in_subject)
    owner = agent.name if kind is EntryKind.ANSWER else None
    opened = open_ticket(case, requester, subject=subject, owner=owner)
    ticket = opened.ticket
    brackets = _commands(case, thread)
    result = obey(
        brackets, (ticket,), scene=Scene(agent, case.policy, case.context, case.fresh)
    )
    if isinstance(result, Obeyed) and result.canned is not None:
        result = _unsent(brackets)
    if not isinstance(result, Obeyed):
        outcome = hold_refused(case, result, agent=agent, ticket=None, text=case.mail.reply)
        return decided(outcome, Disposition.HELD, None, agent)
    acts = bool(brackets) or (kind is not EntryKind.MAIL and needs_origin(case.policy))
    held = _held_for_proof(case, writer, agent, brackets=brackets, obeyed=result, acts=acts)
    if held is not None:
        return held
    return _opened(case, writer, agent, opened=opened, kind=kind, obeyed=result)


def _unsent(brackets: tuple[Bracket, ...]) -> tuple[Refusal, ...]:
    """A canned answer goes with an answer, and what opens a ticket sends none."""
    found = tuple(one for one in brackets if _is_canned(one))
    return tuple(Refusal(one.raw, Problem.NEEDS_TICKET, one.word) for one in found)


def _is_canned(bracket: Bracket) -> bool:
    found = understood(bracket)
    return found is not None and found[0].word == CANNED


def _is_about_waiting(brackets: tuple[Bracket, ...]) -> bool:
    """Whether all that is commanded is about mail that waits for somebody's word."""
    found = tuple(understood(one) for one in brackets)
    return bool(found) and all(one and one[0].word in ENDS_WAITING for one in found)


def _commands(case: Case, thread: Thread) -> tuple[Bracket, ...]:
    """The brackets that the agent typed, or those that take their place."""
    brackets = typed_brackets(case, ())
    if case.grant is not None and case.grant.brackets is not None:
        return brackets
    own = _own_brackets(case, thread)
    return tuple(one for one in brackets if one in own)


def _own_brackets(case: Case, thread: Thread) -> tuple[Bracket, ...]:
    """The brackets of the mail, without those of the subject that it answers or forwards.

    A letter of ours has a customer's brackets round: there all are the agent's.
    """
    subject, forwarded = case.mail.subject, case.mail.forwarded
    if thread.has_capability and not is_forward_subject(subject):
        return case.reading.brackets
    plain = without_prefixes(subject)
    theirs = plain if plain != subject.strip() else ""
    if is_forward_subject(subject) and forwarded is not None and forwarded.subject:
        theirs = forwarded.subject
    return tuple(b for b in case.reading.brackets if b.from_body or b.raw not in theirs)


def _opened(
    case: Case,
    writer: Writer,
    agent: Agent,
    *,
    opened: Opened,
    kind: EntryKind,
    obeyed: Obeyed,
) -> Decision:
    ticket = opened.ticket
    entries = _entries(case, ticket, agent, kind=kind)
    effects: tuple[Effect, ...] = (*(AddEntry(one) for one in entries), *obeyed.effects)
    now = after(ticket, effects)
    clocks = clocks_after(case, now, OpenedEvent(by_agent=kind is EntryKind.ANSWER))
    now = after(now, clocks)
    outcome = said("opened", _OPENED_FOR[kind]) + opened.outcome + Outcome((*effects, *clocks))
    if kind is EntryKind.NOTE:
        promise = promise_of(case.policy, now)
        customer = Writer(now.requester, _mailbox(now), None, writer.origin)
        calendar = promise.calendar if promise else None
        outcome += acknowledge(case, customer, now, calendar=calendar, canned=None)
    changes = tuple(one for one in obeyed.effects if isinstance(one, Change))
    news = News(Event.NEW, now, agent.id, entries[-1], changes)
    outcome += tell_agents(case, news)
    outcome += answer_questions(case, agent, obeyed.questions, (now,), changes=changes)
    outcome += asked_told(case, outcome)
    return decided(outcome, Disposition.TICKET, now, agent)


def _requester(case: Case, agent: Agent) -> tuple[Participant, EntryKind]:
    """Who asks, and what the agent's own words are in their ticket."""
    one = _customer(case)
    if one is None:
        return requester_from(agent.id, Mailbox(agent.shown, agent.address)), EntryKind.MAIL
    kind = EntryKind.ANSWER if _forwarded(case) is None else EntryKind.NOTE
    return requester_from(case.policy.person_at(one.address.key), one), kind


def _customer(case: Case) -> Mailbox | None:
    """The customer whose mail was forwarded, else who is written to; None if neither."""
    written_to = (one for one in case.mail.to if _is_customers(case, one))
    return _forwarded(case) or next(written_to, None)


def _forwarded(case: Case) -> Mailbox | None:
    """The customer whose mail was forwarded, None if none was."""
    forwarded = case.mail.forwarded
    if forwarded is None or not is_forward_subject(case.mail.subject):
        return None
    return forwarded.sender if _is_customers(case, forwarded.sender) else None


def _is_customers(case: Case, one: Mailbox) -> bool:
    is_agents = case.policy.agent_at(one.address.key) is not None
    return not is_agents and not case.policy.is_ours(one.address)


def _entries(case: Case, ticket: Ticket, agent: Agent, *, kind: EntryKind) -> tuple[Entry, ...]:
    _, text = commands_on_top(case.mail.reply)
    forwarded = case.mail.forwarded
    if kind is not EntryKind.NOTE or forwarded is None:
        author, shown = agent.id, agent.shown
        one = entry_from(case, ticket.number, kind=kind, author=author, shown=shown, text=text)
        return (one,)
    sender = forwarded.sender
    theirs = entry_from(
        case,
        ticket.number,
        kind=EntryKind.MAIL,
        author=case.policy.person_at(sender.address.key),
        shown=sender.name or str(sender.address),
        text=forwarded.text,
        is_verified=False,
    )
    _, comment = commands_on_top(forwarded.comment)
    if not comment.strip():
        return (theirs,)
    note = entry_from(
        case,
        ticket.number,
        kind=EntryKind.NOTE,
        author=agent.id,
        shown=agent.shown,
        text=comment.strip(),
        is_internal=True,
        label="comment",
    )
    return (note, theirs)


def _held_for_proof(
    case: Case,
    writer: Writer,
    agent: Agent,
    *,
    brackets: tuple[Bracket, ...],
    obeyed: Obeyed,
    acts: bool,
) -> Decision | None:
    """A fresh mail brings no capability: one that acts is confirmed unless it is proved.

    ``acts``: it commands, or speaks for a customer on a desk that could prove it. Disproved, it
    is held whatever it says, and what is grave in it waits for an admin.
    """
    deed = Deed.STEP_UP if obeyed.needs_confirmation else Deed.EVERYDAY
    verdict = trust(
        deed, has_capability=False, origin=writer.origin.verdict, policy=case.policy
    )
    reason = HoldReason.STEP_UP if deed is Deed.STEP_UP else HoldReason.UNPROVED
    is_disproved = writer.origin.verdict is Verdict.FAIL
    is_harmless = not acts and not is_disproved
    if verdict is Trust.DO or case.is_granted(reason) or is_harmless:
        return None
    if deed is Deed.STEP_UP and is_disproved:
        return decided(leave_to_admins(case, None), Disposition.HELD, None, agent)
    outcome = hold_unproved(
        case,
        reason,
        agent=agent,
        ticket=None,
        would=(*foretold(case, brackets), *obeyed.means),
        cautions=obeyed.warnings,
        own=Own() if writer.origin.verdict is Verdict.PASS else None,
    )
    return decided(outcome, Disposition.HELD, None, agent)


def _mailbox(ticket: Ticket) -> Mailbox:
    participant = ticket.participant(ticket.requester)
    assert participant is not None, "open_ticket puts the requester on the ticket"
    return participant.mailbox
