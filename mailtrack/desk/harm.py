"""An answer that would do harm as it stands: it is held, and its agent is asked.

Overtaken by a colleague's, on its way to others than it was written to, or with words that its
reader must not see. What exactly is looked for stands in ``guards`` and ``others_words``.
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.agent_words import in_one_line
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.guards import collision, leaks_line, leaks_note, leaks_token
from mailtrack.desk.holding import HoldReason, Own, hold_collision, hold_unproved
from mailtrack.desk.others_words import tickets_quoted
from mailtrack.desk.policy import Agent
from mailtrack.desk.threads import Thread, named_numbers
from mailtrack.desk.visibility import customers_on
from mailtrack.tickets.ticket import Ticket

SHOWN_CHARS_MAX: Final = 300
_MAIL_FILES: Final = (".eml", ".msg")


def astray(
    case: Case,
    agent: Agent,
    thread: Thread,
    tickets: tuple[Ticket, ...],
    *,
    would: tuple[str, ...],
) -> Outcome | None:
    """What holds words back whose ticket went into another one: others would get them.

    ``would`` says who. None if the ticket is where it was, or the same people are there.
    """
    named = (case.context.ticket(number) for number in named_numbers(case, thread))
    meant = tuple(one for one in named if one is not None)
    there = {one.person for ticket in meant for one in customers_on(ticket)}
    readers = {one.person for ticket in tickets for one in customers_on(ticket)}
    is_merged = any(one.merged_into for one in meant)
    if not is_merged or readers <= there or case.is_granted(HoldReason.READERS):
        return None
    return said("leak", "it would go to others than those it was written to") + hold_unproved(
        case, HoldReason.READERS, agent=agent, ticket=tickets[0], would=would, own=Own()
    )


def harm_in(
    case: Case,
    agent: Agent,
    tickets: tuple[Ticket, ...],
    *,
    readers: tuple[Ticket, ...],
    text: str,
    typed: str,
) -> Outcome | None:
    """What holds an answer to these tickets back, None if nothing does.

    ``readers`` are the tickets whose customers get it: another one when it is split off.
    ``text`` is what would leave, ``typed`` what the agent typed of it: a canned answer or a
    farewell is no secret of another ticket.
    """
    return (
        _overtaken(case, agent, tickets[0], text)
        or _with_a_mail(case, agent, tickets[0])
        or _with_words_of_others(case, agent, tickets[0], readers, typed)
        or _with_words_of_ours(case, agent, tickets, text)
    )


def _overtaken(case: Case, agent: Agent, ticket: Ticket, text: str) -> Outcome | None:
    theirs = collision(case, ticket, agent)
    if theirs is None or case.is_granted(HoldReason.COLLISION):
        return None
    return said("collision", f"{theirs.author} answered since") + hold_collision(
        case, agent=agent, ticket=ticket, theirs=theirs, text=text
    )


def _with_a_mail(case: Case, agent: Agent, ticket: Ticket) -> Outcome | None:
    if not _attaches_mail(case) or case.is_granted(HoldReason.ATTACHED):
        return None
    would = tuple(one.name for one in case.mail.attachments)
    return said("leak", "a whole mail is attached to the answer") + hold_unproved(
        case, HoldReason.ATTACHED, agent=agent, ticket=ticket, would=would, own=Own()
    )


def _with_words_of_others(
    case: Case, agent: Agent, ticket: Ticket, readers: tuple[Ticket, ...], typed: str
) -> Outcome | None:
    if case.is_granted(HoldReason.OTHERS):
        return None
    numbers = tickets_quoted(case, readers, typed)
    if not numbers:
        return None
    shown = ", ".join(f"#{number}" for number in numbers)
    own = Own(quotes=numbers)
    return said("leak", f"the answer repeats what stands in {shown}") + hold_unproved(
        case, HoldReason.OTHERS, agent=agent, ticket=ticket, would=(), own=own
    )


def _with_words_of_ours(
    case: Case, agent: Agent, tickets: tuple[Ticket, ...], text: str
) -> Outcome | None:
    """Who let another's words through let none of these through: a reply address is a key."""
    if case.is_granted(HoldReason.LEAK) or not _repeats_internal(case, tickets, text):
        return None
    would = (in_one_line(text)[:SHOWN_CHARS_MAX],)
    return said("leak", "the answer repeats what only agents are shown") + hold_unproved(
        case, HoldReason.LEAK, agent=agent, ticket=tickets[0], would=would, own=Own()
    )


def _repeats_internal(case: Case, tickets: tuple[Ticket, ...], text: str) -> bool:
    return leaks_token(text) or any(
        leaks_note(one, text) or leaks_line(case, one, text) for one in tickets
    )


def _attaches_mail(case: Case) -> bool:
    """Whether a mail stands in the answer as a file: some mail programs reply so by themselves.

    Ours to the agent has notes and their reply address in it. Whose it is stands in its bytes,
    which a letter passes on as they are: so any is asked about.
    """
    return any(
        one.content_type == "message/rfc822" or one.name.casefold().endswith(_MAIL_FILES)
        for one in case.mail.attachments
    )
