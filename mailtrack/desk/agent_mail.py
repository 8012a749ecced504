"""A mail from an agent: commands, an answer, a note, a question, a ticket on somebody's behalf.

Commands come only from what the agent typed. All commands of a mail happen, or none; if any
check speaks against the mail, nothing is done, nothing is sent, and the agent is asked.
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.agent_words import (
    has_files,
    in_one_line,
    says_nothing,
    typed_text,
    with_farewell,
)
from mailtrack.desk.carrying_out import Work, carried_out, decided
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.commands.obey import Obeyed, Scene, obey
from mailtrack.desk.commands.order import Group, Problem, Refusal
from mailtrack.desk.commands.splitting import went_to
from mailtrack.desk.commands.table import understood
from mailtrack.desk.foretold import foretold
from mailtrack.desk.harm import astray, harm_in
from mailtrack.desk.holding import (
    HoldReason,
    Own,
    answer_refused,
    hold_refused,
    hold_unproved,
    leave_to_admins,
)
from mailtrack.desk.identity import Deed, Trust, Writer, trust
from mailtrack.desk.policy import Agent, Role
from mailtrack.desk.reading import commands_below
from mailtrack.desk.threads import Thread, answered_entry, is_reply_to_note, survivor
from mailtrack.desk.typed import typed_brackets
from mailtrack.desk.visibility import customers_on
from mailtrack.mail.message import Kind
from mailtrack.tickets.decision import (
    Decision,
    Disposition,
    Join,
)
from mailtrack.tickets.reading import Bracket, Verdict
from mailtrack.tickets.ticket import Part, Ticket

REACHES_CHARS_MAX: Final = 200


def work_on_tickets(case: Case, writer: Writer, thread: Thread, agent: Agent) -> Decision:
    """What becomes of an agent's mail about tickets that are there, or about none."""
    tickets = _tickets(case, thread)
    ticket = tickets[0] if tickets else None
    brackets = typed_brackets(case, tickets)
    typed = typed_text(case)
    text = with_farewell(case, typed)
    slips = _slips(case, brackets, text)
    if slips:
        return _refused(case, slips, agent, ticket=ticket, text=text)
    answered = answered_entry(case)
    since = case.envelope.received_at if case.grant else None
    scene = Scene(agent, case.policy, case.context, case.fresh, answered, since)
    result = obey(brackets, tickets, scene=scene)
    if not isinstance(result, Obeyed):
        if not text and brackets and all(map(is_question, brackets)):
            outcome = answer_refused(case, result, agent=agent, ticket=ticket)
            return decided(outcome, Disposition.COMMAND, ticket, agent)
        return _refused(case, result, agent, ticket=ticket, text=text)
    is_note = result.is_note or _is_internal(case, thread, agent)
    work = Work(agent, tickets, brackets, text, is_note, result, has_files(case))
    return (
        _held_for_split(case, work, answered)
        or _held_for_proof(case, writer, thread, work)
        or _held_for_harm(case, thread, work, typed)
        or carried_out(case, thread, work)
    )


def _slips(case: Case, brackets: tuple[Bracket, ...], text: str) -> tuple[Refusal, ...]:
    """What cannot have been meant, whatever the commands: nothing, or commands below words."""
    if says_nothing(case, brackets, text):
        return (Refusal(f"({case.mail.subject})", Problem.NOTHING_NEW, ""),)
    is_typed = case.grant is None and case.mail.kind is Kind.HUMAN
    below = commands_below(text) if is_typed else ()
    return tuple(Refusal(one.raw, Problem.NOT_ON_TOP, one.word, (one.raw,)) for one in below)


def is_question(bracket: Bracket) -> bool:
    """Whether a bracket changes no ticket: refused, there is nothing of it to keep."""
    found = understood(bracket)
    return found is not None and found[0].group in (Group.QUESTIONS, Group.ADMIN)


def _tickets(case: Case, thread: Thread) -> tuple[Ticket, ...]:
    first = (thread.ticket,) if thread.ticket else ()
    named = tuple(survivor(case.context, number) for number in case.reading.numbers)
    others = tuple(one for one in named if one is not None)
    by_number = {one.number: one for one in (*first, *others)}
    # A reply is about its own ticket; numbers in a fresh subject may name several.
    return first if thread.token else tuple(by_number.values())


def _is_internal(case: Case, thread: Thread, agent: Agent) -> bool:
    return (
        is_reply_to_note(case, thread)
        or agent.role is Role.LIGHT
        or case.mail.kind is not Kind.HUMAN
    )


def _refused(
    case: Case,
    refusals: tuple[Refusal, ...],
    agent: Agent,
    *,
    ticket: Ticket | None,
    text: str,
) -> Decision:
    trace = Outcome()
    for one in refusals:
        trace += said("commands", f"{one.bracket}: {one.problem.value}")
    outcome = trace + hold_refused(case, refusals, agent=agent, ticket=ticket, text=text)
    return decided(outcome, Disposition.HELD, ticket, agent)


def _held_for_proof(case: Case, writer: Writer, thread: Thread, work: Work) -> Decision | None:
    deed = _deed(case, work)
    reason = HoldReason.STEP_UP if deed is Deed.STEP_UP else HoldReason.UNPROVED
    verdict = trust(
        deed,
        has_capability=thread.has_capability,
        origin=writer.origin.verdict,
        policy=case.policy,
    )
    if verdict is Trust.DO or case.is_granted(reason) or case.is_granted(HoldReason.STEP_UP):
        return None
    ticket = work.tickets[0] if work.tickets else None
    if deed is Deed.STEP_UP and writer.origin.verdict is Verdict.FAIL:
        outcome = leave_to_admins(case, ticket)
        return decided(outcome, Disposition.HELD, ticket, work.agent)
    would = (
        *foretold(case, work.brackets),
        *work.obeyed.means,
        *_reaches(case, work),
    )
    everyday = trust(
        Deed.EVERYDAY,
        has_capability=thread.has_capability,
        origin=writer.origin.verdict,
        policy=case.policy,
    )
    own = Own(_adds(work), len(work.tickets)) if everyday is Trust.DO else None
    outcome = said("trust", f"{deed.value}: {writer.origin.verdict.value}, asked to confirm")
    outcome += hold_unproved(
        case,
        reason,
        agent=work.agent,
        ticket=ticket,
        would=would,
        cautions=work.obeyed.warnings,
        own=own,
    )
    return decided(outcome, Disposition.HELD, ticket, work.agent)


def _adds(work: Work) -> tuple[str, ...]:
    """The customers' addresses that would hear of the tickets from now on."""
    joins = (one for one in work.obeyed.effects if isinstance(one, Join))
    people = (one.participant for one in joins if one.participant.part is Part.CC)
    return tuple(dict.fromkeys(str(one.mailbox.address) for one in people))


def _reaches(case: Case, work: Work) -> tuple[str, ...]:
    """To whom a confirmation would send the words: it must not come as a surprise."""
    if work.is_note or not work.has_words:
        return ()
    people = (one.mailbox for ticket in work.spoken_to for one in customers_on(ticket))
    names = ", ".join(dict.fromkeys(map(str, people)))
    words = in_one_line(work.words_on(case, work.spoken_to[0])) if names else ""
    return (f"→ {names}: {words[:REACHES_CHARS_MAX]}",) if names else ()


def _deed(case: Case, work: Work) -> Deed:
    if work.obeyed.needs_confirmation:
        return Deed.STEP_UP
    only_asks = bool(work.obeyed.questions) and not work.obeyed.effects
    return Deed.QUESTION if only_asks and not work.has_words else Deed.EVERYDAY


def _held_for_split(case: Case, work: Work, answered: str | None) -> Decision | None:
    """An answer to a mail that has a ticket of its own by now: others are on that one."""
    ticket = work.tickets[0] if work.tickets else None
    gone = went_to(ticket, answered) if ticket else None
    if gone is None or not work.has_words or work.is_note or case.grant is not None:
        return None
    elsewhere = Refusal(f"#{gone}", Problem.WENT_ELSEWHERE, "")
    return _refused(case, (elsewhere,), work.agent, ticket=ticket, text=work.text)


def _held_for_harm(case: Case, thread: Thread, work: Work, typed: str) -> Decision | None:
    if work.is_note or not work.has_words or not work.tickets:
        return None
    agent, tickets = work.agent, work.tickets
    outcome = None
    if work.split_off is None:
        outcome = astray(case, agent, thread, tickets, would=_reaches(case, work))
    if outcome is None:
        text = work.words_on(case, work.spoken_to[0])
        outcome = harm_in(case, agent, tickets, readers=work.spoken_to, text=text, typed=typed)
    if outcome is None:
        return None
    return decided(outcome, Disposition.HELD, tickets[0], agent)
