"""Questions that agents ask by mail, each answered by one letter to the one who asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mailtrack.desk.canned import Canned, without_places
from mailtrack.desk.case import Case, Outcome
from mailtrack.desk.commands.obey import may_command
from mailtrack.desk.commands.order import Command, Group, Question
from mailtrack.desk.commands.table import COMMANDS
from mailtrack.desk.letter_views import (
    CannedAnswerView,
    CannedListView,
    DoneView,
    FoundView,
    HelpView,
    LetterView,
    ListedView,
    ShownView,
    WhyView,
)
from mailtrack.desk.policy import Agent, Policy
from mailtrack.desk.reading import queues_asked
from mailtrack.desk.showing import (
    actions_on,
    change_views,
    desk_view,
    entry_view,
    line_view,
    public_view,
    ticket_view,
)
from mailtrack.desk.views import (
    CannedView,
    ChangeView,
    Done,
    Goes,
    HelpGroupView,
    HelpRowView,
    ListLineView,
    PublicPersonView,
    RouteView,
    mailto,
)
from mailtrack.desk.visibility import as_agent, visible_to
from mailtrack.desk.writing import (
    Style,
    queue_for,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.mail.address import Address
from mailtrack.tickets.decision import Change, Field, IssueToken, Reason
from mailtrack.tickets.reading import Verdict
from mailtrack.tickets.ticket import JournalRow, Ticket, TicketLine
from mailtrack.tickets.token import Purpose

SHOWN_ENTRIES_MAX: Final = 50
OPENING_CHARS_MAX: Final = 120
SYNONYMS_SHOWN_MAX: Final = 4
UNPROVED_QUESTIONS_HOUR_MAX: Final = 10  # anybody can make an agent's name ask (A39)
_FIELDS: Final = {field.value: field for field in Field}

Asked = tuple[Question, str]


def answer_questions(
    case: Case,
    agent: Agent,
    questions: tuple[Asked, ...],
    tickets: tuple[Ticket, ...],
    *,
    changes: tuple[Change, ...] = (),
) -> Outcome:
    """A letter for each question, in the order they were asked.

    ``tickets`` are as the mail leaves them; ``changes`` are what it changed.
    """
    outcome = Outcome()
    for question, about in questions:
        if question in (Question.UNDO, Question.TOO_LATE):
            is_late = question is Question.TOO_LATE
            outcome += _undone(case, agent, about, tickets, changes=changes, is_late=is_late)
        else:
            outcome += _ANSWERS[question](case, agent, about, tickets)
    return outcome


def canned_words(case: Case, name: str, agent: Agent, ticket: Ticket) -> str:
    """A canned answer as it stands on a ticket, in the customer's language."""
    requester = ticket.participant(ticket.requester)
    view = CannedAnswerView(
        desk=desk_view(case.policy, _desk_address(case, ticket)),
        zone=case.policy.zone,
        now=case.fresh.now,
        ticket=public_view(ticket),
        customer=PublicPersonView(requester.mailbox.name if requester else ""),
        agent=PublicPersonView(agent.shown),
    )
    return case.policy.stationery.write_canned(name, ticket.language, view)


def _found(case: Case, agent: Agent, about: str, _tickets: tuple[Ticket, ...]) -> Outcome:
    lines = _answered(case, agent, "find", about)
    view = FoundView(
        **_common(case, None),
        query=about,
        lines=_lines(case, lines),
        total=len(lines),
    )
    return _letter(case, agent, "found", view)


def _queue(case: Case, agent: Agent, about: str, tickets: tuple[Ticket, ...]) -> Outcome:
    names = queues_asked(about, agent, case.policy)
    there = next((one.number for one in tickets if about and one.queue in names), None)
    lines = tuple(line for name in names for line in _answered(case, agent, "queue", name))
    view = ListedView(
        **_common(case, None),
        queue=", ".join(names),
        there=there,
        lines=_lines(case, lines),
        total=len(lines),
    )
    return _letter(case, agent, "listed", view)


def _mine(case: Case, agent: Agent, _about: str, _tickets: tuple[Ticket, ...]) -> Outcome:
    lines = _answered(case, agent, "mine", agent.name)
    view = ListedView(
        **_common(case, None), queue=None, lines=_lines(case, lines), total=len(lines)
    )
    return _letter(case, agent, "listed", view)


def _shown(case: Case, agent: Agent, about: str, tickets: tuple[Ticket, ...]) -> Outcome:
    number, reader = int(about), as_agent(agent)
    named = (one for one in (*tickets, *case.context.tickets) if one.number == number)
    there = (one for one in named if visible_to(reader, one))
    ticket = next(there, None)
    if ticket is None:
        return Outcome()
    # The whole thread holds notes: a reply to it stays internal.
    style = Style(purpose=Purpose.NOTE, why="shown")
    to = recipient_of(agent)
    address = token_address(case, ticket, reply_token(case, to, ticket=ticket, style=style))
    view = ShownView(
        desk=desk_view(case.policy, queue_for(case.policy, ticket.queue).address),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.NOTE),
        actions=actions_on(
            ticket,
            policy=case.policy,
            reader=agent,
            address=address,
        ),
        ticket=ticket_view(ticket, case.policy),
        entries=tuple(
            entry_view(one, ticket.place(one.id))
            for one in ticket.entries[-SHOWN_ENTRIES_MAX:]
            if visible_to(reader, one, is_history=True)
        ),
        changes=_journal(ticket.journal, case.policy),
        left_out=ticket.entries_before + max(0, len(ticket.entries) - SHOWN_ENTRIES_MAX),
    )
    return _letter(case, agent, "shown", view, ticket=ticket, style=style)


def _why(case: Case, agent: Agent, _about: str, tickets: tuple[Ticket, ...]) -> Outcome:
    ticket = tickets[0] if tickets else None
    view = WhyView(
        **_common(case, ticket),
        ticket=ticket_view(ticket, case.policy) if ticket else None,
        reasons=ticket.reasons if ticket else (),
    )
    style = Style(purpose=Purpose.NOTE, why="why")
    return _letter(case, agent, "why", view, ticket=ticket, style=style)


def _help(case: Case, agent: Agent, _about: str, _tickets: tuple[Ticket, ...]) -> Outcome:
    groups = tuple(
        HelpGroupView(
            case.policy.stationery.label(agent.language, "groups", group.value),
            tuple(_help_row(one, agent.language) for one in of_group),
        )
        for group in Group
        if (of_group := _commands(group, agent))
    )
    return _letter(case, agent, "help", HelpView(**_common(case, None), groups=groups))


def _commands(group: Group, agent: Agent) -> tuple[Command, ...]:
    return tuple(one for one in COMMANDS if one.group is group and may_command(agent, one))


def _templates(case: Case, agent: Agent, _about: str, tickets: tuple[Ticket, ...]) -> Outcome:
    stationery = case.policy.stationery
    ticket = tickets[0] if tickets else None
    # Tapped, it answers the customer: the letter's own address would make a note of it.
    token = reply_token(case, recipient_of(agent), ticket=ticket, style=Style())
    address = token_address(case, ticket, token)
    canned = tuple(
        CannedView(
            one.name,
            one.title,
            one.languages,
            _opening(case, one, agent, ticket),
            mailto(address, f"[tpl:{one.name}] [#{ticket.number}]") if ticket else "",
        )
        for one in map(stationery.canned, stationery.canned_names)
        if one is not None
    )
    view = CannedListView(**_common(case, None), canned=canned)
    listed = _letter(case, agent, "canned_list", view)
    return Outcome((IssueToken(token),)) + listed if ticket else listed


def _opening(case: Case, canned: Canned, agent: Agent, ticket: Ticket | None) -> str:
    """How a canned answer begins: as it would stand on this ticket, or with gaps."""
    if ticket is None:
        return without_places(canned.opening)[:OPENING_CHARS_MAX]
    return canned_words(case, canned.name, agent, ticket)[:OPENING_CHARS_MAX]


def _undone(
    case: Case,
    agent: Agent,
    about: str,
    tickets: tuple[Ticket, ...],
    *,
    changes: tuple[Change, ...],
    is_late: bool,
) -> Outcome:
    ticket = tickets[0] if tickets else None
    view = DoneView(
        **_common(case, ticket),
        done=Done.TOO_LATE if is_late else Done.UNDONE,
        changes=change_views(changes, case.policy),
        ticket=ticket_view(ticket, case.policy) if ticket else None,
        words=about,
    )
    return _letter(case, agent, "done", view, ticket=ticket, style=Style(why="undone"))


_ANSWERS: Final[dict[Question, Callable[[Case, Agent, str, tuple[Ticket, ...]], Outcome]]] = {
    Question.FIND: _found,
    Question.QUEUE: _queue,
    Question.MINE: _mine,
    Question.SHOW: _shown,
    Question.WHY: _why,
    Question.HELP: _help,
    Question.TEMPLATES: _templates,
}


def _letter(
    case: Case,
    agent: Agent,
    name: str,
    view: LetterView,
    *,
    ticket: Ticket | None = None,
    style: Style | None = None,
) -> Outcome:
    most = case.policy.brakes.questions_hour_max
    if case.reading.origin.verdict is not Verdict.PASS:
        most = min(most, UNPROVED_QUESTIONS_HOUR_MAX)
    if case.context.automatic.answers_to_sender_hour >= most:
        reason = Reason("brake", f"{agent.name} has asked {most} questions this hour")
        return Outcome(trace=(reason,))
    letter = write_letter(
        case,
        name,
        recipient_of(agent),
        view=view,
        ticket=ticket,
        style=style or Style(purpose=Purpose.NOTE, why=name),
    )
    return Outcome(letters=(letter,))


def _answered(case: Case, agent: Agent, word: str, about: str) -> tuple[TicketLine, ...]:
    for wanted, lines in zip(case.reading.wants, case.context.found, strict=False):
        if wanted == (word, about):
            return tuple(one for one in lines if visible_to(as_agent(agent), one))
    return ()


def _lines(case: Case, lines: tuple[TicketLine, ...]) -> tuple[ListLineView, ...]:
    address = _desk_address(case, None)
    return tuple(line_view(line, case.policy, address) for line in lines)


def _journal(rows: tuple[JournalRow, ...], policy: Policy) -> tuple[ChangeView, ...]:
    return tuple(
        ChangeView(_FIELDS[row.field], row.old, row.new, row.actor.lstrip("@"))
        for row in rows
        if row.field in _FIELDS
    )


def _help_row(command: Command, language: str) -> HelpRowView:
    says = dict(command.help)
    return HelpRowView(
        command.example,
        says.get(language, says["en"]),
        command.synonyms[:SYNONYMS_SHOWN_MAX],
    )


def _common(case: Case, ticket: Ticket | None):  # type: ignore[no-untyped-def]
    return {
        "desk": desk_view(case.policy, _desk_address(case, ticket)),
        "zone": case.policy.zone,
        "now": case.fresh.now,
        "route": RouteView(Goes.COMMANDS if ticket is None else Goes.NOTE),
    }


def _desk_address(case: Case, ticket: Ticket | None) -> Address:
    return queue_for(case.policy, ticket.queue if ticket else case.reading.queue).address
