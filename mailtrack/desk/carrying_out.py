"""What an agent's mail comes to, and that it is done: its words, its commands, who hears of it.

Whether it may be done at all was asked before, in ``agent_mail``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailtrack.desk.after import after
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.commands.obey import Obeyed
from mailtrack.desk.commands.splitting import opened_by_split
from mailtrack.desk.ended import tell_asked
from mailtrack.desk.hearing import News, mentioned, tell_agents, tell_status, to_customers
from mailtrack.desk.letter_views import Event
from mailtrack.desk.opening import entry_from
from mailtrack.desk.policy import Agent
from mailtrack.desk.promised import clocks_of_change
from mailtrack.desk.questions import answer_questions, canned_words
from mailtrack.desk.threads import Thread
from mailtrack.desk.views import Caution, CautionView
from mailtrack.tickets.decision import (
    AddEntry,
    Change,
    Decision,
    Disposition,
    Effect,
    Field,
)
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.ticket import Entry, EntryKind, Status, Ticket


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


def carried_out(case: Case, thread: Thread, work: Work) -> Decision:
    """All of it: the words, the commands, and who hears of them."""
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
    outcome += asked_told(case, outcome)
    ticket_or_none = new or (work.tickets[0] if work.tickets else None)
    says = work.has_words and work.tickets
    return decided(
        outcome,
        Disposition.ENTRY if says else Disposition.COMMAND,
        ticket_or_none,
        work.agent,
    )


def asked_told(case: Case, outcome: Outcome) -> Outcome:
    """A letter to each agent whose held mail was decided about, and who gets none as it is."""
    news = tell_asked(case, outcome.effects)
    told = {letter.person for letter in outcome.letters}
    return replace(news, letters=tuple(one for one in news.letters if one.person not in told))


def decided(
    outcome: Outcome, disposition: Disposition, ticket: Ticket | None, agent: Agent
) -> Decision:
    """The decision about an agent's mail."""
    number = ticket.number if ticket else None
    return Decision(
        disposition, outcome.effects, outcome.letters, outcome.trace, number, agent.id
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
