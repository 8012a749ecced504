"""A mail from an agent: commands, an answer, a note, a question, a ticket on somebody's behalf.

Commands come only from what the agent typed. All commands of a mail happen, or none; if any
check speaks against the mail, nothing is done, nothing is sent, and the agent is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mailtrack.desk.after import after
from mailtrack.desk.agent_words import (
    has_files,
    in_one_line,
    says_nothing,
    typed_text,
    with_farewell,
)
from mailtrack.desk.brackets import without_brackets
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.commands.obey import Obeyed, Scene, obey
from mailtrack.desk.commands.order import Group, Problem, Refusal
from mailtrack.desk.commands.splitting import opened_by_split, went_to
from mailtrack.desk.commands.table import understood
from mailtrack.desk.ended import tell_asked
from mailtrack.desk.foretold import foretold
from mailtrack.desk.harm import astray, harm_in
from mailtrack.desk.hearing import News, mentioned, tell_agents, tell_status, to_customers
from mailtrack.desk.holding import (
    HoldReason,
    Own,
    answer_refused,
    hold,
    hold_refused,
    hold_unproved,
    tell_admins,
)
from mailtrack.desk.identity import Deed, Trust, Writer, trust
from mailtrack.desk.letter_views import Event
from mailtrack.desk.opening import entry_from
from mailtrack.desk.policy import Agent, Role
from mailtrack.desk.promised import clocks_of_change
from mailtrack.desk.questions import answer_questions, canned_words
from mailtrack.desk.reading import commands_below
from mailtrack.desk.threads import Thread, answered_entry, is_reply_to_note, survivor
from mailtrack.desk.typed import typed_brackets
from mailtrack.desk.views import Caution, CautionView
from mailtrack.desk.visibility import customers_on
from mailtrack.mail.message import Kind
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    Field,
    Join,
)
from mailtrack.tickets.reading import Bracket, Verdict
from mailtrack.tickets.ticket import Entry, EntryKind, Part, Status, Ticket

REACHES_CHARS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Work:
    """What an agent's mail comes to, before anybody checks whether it may be done."""

    agent: Agent
    tickets: tuple[Ticket, ...]
    brackets: tuple[Bracket, ...]
    text: str
    is_note: bool
    obeyed: Obeyed
    has_files: bool = False

    @property
    def split_off(self) -> Ticket | None:
        """The ticket that this mail splits off: its words go there."""
        return opened_by_split(self.obeyed.effects)

    @property
    def spoken_to(self) -> tuple[Ticket, ...]:
        """The tickets that the words are for."""
        return (self.split_off,) if self.split_off else self.tickets

    @property
    def has_words(self) -> bool:
        """Whether there is something to say, be it a file, to a customer or to colleagues."""
        return bool(self.text.strip()) or self.has_files or self.obeyed.canned is not None

    @property
    def silent(self) -> Work:
        """The same without a word or a file."""
        wordless = replace(self.obeyed, canned=None)
        return replace(self, text="", has_files=False, obeyed=wordless)

    def words_on(self, case: Case, ticket: Ticket) -> str:
        """What is said on that ticket: a canned answer greets who asked there."""
        if self.obeyed.canned is None:
            return self.text
        words = canned_words(case, self.obeyed.canned, self.agent, ticket)
        return f"{words}\n\n{self.text}".strip("\n")


def work_on_tickets(case: Case, writer: Writer, thread: Thread, agent: Agent) -> Decision:
    """What becomes of an agent's mail about tickets that are there, or about none."""
    tickets = _tickets(case, thread)
    brackets = typed_brackets(case, tickets)
    typed = typed_text(case)
    text = with_farewell(case, typed)
    if says_nothing(case, brackets, text):
        nothing = Refusal(f"({case.mail.subject})", Problem.NOTHING_NEW, "")
        ticket = tickets[0] if tickets else None
        return _refused(case, (nothing,), agent, ticket=ticket, text="")
    is_typed = case.grant is None and case.mail.kind is Kind.HUMAN
    if is_typed and (below := commands_below(text)):
        wrong = tuple(Refusal(b.raw, Problem.NOT_ON_TOP, b.word, (b.raw,)) for b in below)
        return _refused(case, wrong, agent, ticket=tickets[0] if tickets else None, text=text)
    answered = answered_entry(case)
    since = case.envelope.received_at if case.grant else None
    scene = Scene(agent, case.policy, case.context, case.fresh, answered, since)
    result = obey(brackets, tickets, scene=scene)
    ticket = tickets[0] if tickets else None
    if not isinstance(result, Obeyed):
        if not text.strip() and brackets and all(map(is_question, brackets)):
            outcome = answer_refused(case, result, agent=agent, ticket=ticket)
            return decided(case, outcome, Disposition.COMMAND, ticket, agent)
        return _refused(case, result, agent, ticket=ticket, text=text)
    is_note = result.is_note or _is_internal(case, thread, agent)
    work = Work(agent, tickets, brackets, text, is_note, result, has_files(case))
    return (
        _held_for_split(case, work, answered)
        or _held_for_proof(case, writer, thread, work)
        or _held_for_harm(case, thread, work, typed)
        or _carried_out(case, writer, thread, work)
    )


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
    return decided(case, outcome, Disposition.HELD, ticket, agent)


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
        return _left_to_admins(case, ticket, work.agent)
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
    return decided(case, outcome, Disposition.HELD, ticket, work.agent)


def _adds(work: Work) -> tuple[str, ...]:
    """The customers' addresses that would hear of the tickets from now on."""
    joins = (one for one in work.obeyed.effects if isinstance(one, Join))
    people = (one.participant for one in joins if one.participant.part is Part.CC)
    return tuple(dict.fromkeys(str(one.mailbox.address) for one in people))


def _left_to_admins(case: Case, ticket: Ticket | None, agent: Agent) -> Decision:
    """A grave command under a name that was disproved: nobody is asked to confirm an attack."""
    held, outcome = hold(case, HoldReason.STEP_UP, agent=None, ticket=ticket)
    outcome += tell_admins(case, held) + said(
        "trust", "disproved: only an admin can release it"
    )
    return decided(case, outcome, Disposition.HELD, ticket, agent)


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
    return decided(case, outcome, Disposition.HELD, tickets[0], agent)


def _carried_out(case: Case, writer: Writer, thread: Thread, work: Work) -> Decision:
    # Effects that name no ticket, such as a letter that is stopped, happen once.
    # So do those on a ticket that the mail is not about: one that another is merged into.
    numbers = {ticket.number for ticket in work.tickets}
    loose = tuple(one for one in work.obeyed.effects if _number_of(one) not in numbers)
    outcome = Outcome(loose, (), thread.trace)
    new = work.split_off
    here = work.silent if new else work
    for ticket in work.tickets:
        outcome += _on_ticket(case, here, ticket)
    outcome += _told_of_merge(case, work)
    outcome += _told_of_split(case, work, new) if new else Outcome()
    # Answered from the tickets as this mail leaves them.
    tickets = tuple(after(ticket, outcome.effects) for ticket in work.tickets)
    changes = tuple(one for one in outcome.effects if isinstance(one, Change))
    outcome += answer_questions(
        case, work.agent, work.obeyed.questions, tickets, changes=changes
    )
    news = tell_asked(case, outcome.effects)
    told = {letter.person for letter in outcome.letters}
    letters = tuple(one for one in news.letters if one.person not in told)
    outcome += replace(news, letters=letters)
    ticket_or_none = new or (work.tickets[0] if work.tickets else None)
    says = work.has_words and work.tickets
    return decided(
        case,
        outcome,
        Disposition.ENTRY if says else Disposition.COMMAND,
        ticket_or_none,
        work.agent,
    )


def _on_ticket(case: Case, work: Work, ticket: Ticket) -> Outcome:
    """The words and the fields of one ticket, its clocks, and everybody who hears of it."""
    agent = work.agent
    words = work.words_on(case, ticket)
    entry = _entry(case, work, ticket, words) if work.has_words else None
    is_answer = entry is not None and entry.kind is EntryKind.ANSWER
    own = tuple(one for one in work.obeyed.effects if _number_of(one) == ticket.number)
    implied = _implied(ticket, own, agent) if is_answer else ()
    effects: tuple[Effect, ...] = (*((AddEntry(entry),) if entry else ()), *implied, *own)
    if not effects:
        return Outcome()
    now = after(ticket, effects)
    clocks = clocks_of_change(case, ticket, now, is_answer=is_answer)
    now = after(now, clocks)
    outcome = Outcome((*effects, *clocks))
    changes = tuple(one for one in effects if isinstance(one, Change))
    if is_answer and entry is not None:
        outcome += to_customers(case, now, entry=entry, agent=agent, words=words)
    else:
        outcome += _status_told(case, ticket, now, agent)
    if not (entry or changes) or now.merged_into is not None:
        return outcome
    news = News(
        _event(entry, is_answer=is_answer),
        now,
        agent.id,
        entry,
        changes,
        also=mentioned(words, case.policy) if entry and not is_answer else (),
    )
    return outcome + tell_agents(case, news)


def _told_of_merge(case: Case, work: Work) -> Outcome:
    """Who takes care of the ticket that another one was merged into; once for each person."""
    told = tuple(one.entry for one in work.obeyed.effects if isinstance(one, AddEntry))
    into = case.context.ticket(told[0].number) if told else None
    if into is None:
        return Outcome()
    now = after(into, work.obeyed.effects)
    return tell_agents(case, News(Event.NOTE, now, work.agent.id, told[0]))


def _told_of_split(case: Case, work: Work, new: Ticket) -> Outcome:
    """Its words in the ticket that it splits off, or that ticket itself for who takes care.

    The agent who split it gets it too, to answer it there: they asked for it.
    """
    outcome = said("split", f"#{new.number} came out of #{work.tickets[0].number}")
    if work.has_words:
        only_said = Obeyed(canned=work.obeyed.canned)
        return outcome + _on_ticket(case, replace(work, obeyed=only_said), new)
    news = News(
        Event.NEW,
        new,
        new.requester,
        new.entries[-1],
        cautions=(CautionView(Caution.SPLIT, f"#{work.tickets[0].number}"),),
        also=(work.agent.name,),
    )
    return outcome + tell_agents(case, news)


def _entry(case: Case, work: Work, ticket: Ticket, words: str) -> Entry:
    kind = EntryKind.NOTE if work.is_note else EntryKind.ANSWER
    return entry_from(
        case,
        ticket.number,
        kind=kind,
        author=work.agent.id,
        shown=work.agent.shown,
        text=words,
        is_internal=work.is_note,
        label=f"entry/{ticket.number}",
    )


def _implied(ticket: Ticket, own: tuple[Effect, ...], agent: Agent) -> tuple[Change, ...]:
    """An answer opens a new ticket, and takes one that is nobody's."""
    named = {one.field for one in own if isinstance(one, Change)}
    changes = []
    if ticket.owner is None and Field.OWNER not in named:
        changes.append(Change(ticket.number, Field.OWNER, "", agent.name, agent.id))
    if ticket.status is Status.NEW and Field.STATUS not in named:
        new, opened = Status.NEW.value, Status.OPEN.value
        changes.append(Change(ticket.number, Field.STATUS, new, opened, agent.id))
    return tuple(changes)


def _status_told(case: Case, before: Ticket, now: Ticket, agent: Agent) -> Outcome:
    is_quiet = now.status is before.status or before.status.is_finished
    if is_quiet or now.merged_into is not None:
        return Outcome()
    return tell_status(case, now, status=now.status, agent=agent)


def _event(entry: Entry | None, *, is_answer: bool) -> Event:
    if entry is None:
        return Event.STATUS
    return Event.ANSWER if is_answer else Event.NOTE


def _number_of(effect: Effect) -> int | None:
    return getattr(effect, "number", None)


def decided(
    case: Case,
    outcome: Outcome,
    disposition: Disposition,
    ticket: Ticket | None,
    agent: Agent,
) -> Decision:
    """The decision about an agent's mail."""
    number = ticket.number if ticket else None
    return Decision(
        disposition, outcome.effects, outcome.letters, outcome.trace, number, agent.id
    )


def typed_subject(brackets: tuple[Bracket, ...], subject: str) -> str:
    """The subject without its commands, as a ticket that this mail opens should have it."""
    return without_brackets(subject, tuple(b for b in brackets if not b.from_body))
