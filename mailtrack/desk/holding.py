"""Mail that waits for somebody's word: security section 2.4. Held is never lost.

The agent it claims to be from is asked at the registered address; machines cannot confirm. What
is released is decided again under a ``Grant``, so that there is one way for a mail to take
effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mailtrack.desk.case import Case, Outcome
from mailtrack.desk.commands.order import Refusal
from mailtrack.desk.foretold import shown_subject
from mailtrack.desk.identity import can_prove_agents, needs_origin, writer_of
from mailtrack.desk.letter_views import (
    CollisionView,
    HeldConfirmView,
    HeldListView,
    LetterView,
    RefusedView,
)
from mailtrack.desk.policy import Agent, Policy, Role
from mailtrack.desk.showing import action, desk_view, entry_view, ticket_view
from mailtrack.desk.tokens import has_own_token
from mailtrack.desk.views import (
    ActionView,
    Goes,
    HeldView,
    ProblemView,
    RouteView,
    SuggestionView,
    mailto,
)
from mailtrack.desk.writing import (
    Style,
    queue_for,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.mail.address import Address
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.decision import Hold, NoteHeld, Reason
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.reading import Verdict
from mailtrack.tickets.ticket import Entry, Ticket
from mailtrack.tickets.token import Purpose
from mailtrack.tickets.waiting import HeldNote

OPENING_CHARS_MAX: Final = 300
RELEASE: Final = "release"  # as it was written
SEND: Final = "send"  # the words alone, without the commands
DROP: Final = "drop"
GROUPED: Final = "grouped"  # not held: it stands in the ticket of a flood
HELD_TEXT_CHARS_MAX: Final = 20_000
ADMINS_TOLD_HOUR_MAX: Final = 30  # letters; the rest is in the daily list of held mail


class HoldReason(StrEnum):
    """Why a mail is held; a release permits exactly this, and what was permitted before."""

    COMMANDS = "commands"  # a command that cannot be done
    UNPROVED = "unproved"  # nothing proves that the agent wrote it
    STEP_UP = "step_up"  # must be confirmed even by the right person
    COLLISION = "collision"  # a colleague has answered since
    LEAK = "leak"  # the answer repeats an internal note, or holds a reply address
    OTHERS = "others"  # the answer repeats what another customer wrote
    ATTACHED = "attached"  # a whole mail is attached to the answer, perhaps one of ours
    READERS = "readers"  # its ticket was merged: others would get it than it was written to
    FLOOD = "flood"  # one of too many from one sender
    RULE = "rule"  # a rule of the admin holds it
    NO_SENDER = "no_sender"  # From cannot be read as one address
    LOOP = "loop"  # it has been through too many servers, and came where no refusal is possible
    TOO_BIG = "too_big"  # an agent's mail whose words were not fetched


@dataclass(frozen=True, slots=True)
class Own:
    """What an agent who is known asked for: people to add, and on how many tickets.

    ``quotes`` are tickets of others whose words it seems to repeat.
    """

    adds: tuple[str, ...] = ()
    tickets: int = 1
    quotes: tuple[int, ...] = ()


def hold(
    case: Case, reason: HoldReason, *, agent: Agent | None, ticket: Ticket | None
) -> tuple[HeldMail, Outcome]:
    """The held item, and its effect. ``agent`` is who can release it besides the admins."""
    before = case.grant.permits.split() if case.grant else ()
    corrected = case.grant.brackets if case.grant else None
    held = HeldMail(
        held_id=f"H{case.fresh.held_number}",
        spool_id=case.envelope.spool_id,
        raw_sha256=case.envelope.sha256,
        reason=reason.value,
        person=agent.id if agent else None,
        number=ticket.number if ticket else None,
        subject=shown_subject(case),
        sender_shown=case.mail.sender_shown,
        at=case.envelope.received_at,
        state="held",
        grant=" ".join(dict.fromkeys((*before, reason.value))),
        envelope=case.envelope,
        brackets=None if corrected is None else tuple((b.word, b.argument) for b in corrected),
    )
    trace = (Reason("held", f"{held.held_id}: {reason.value}"),)
    return held, Outcome(effects=(Hold(held),), trace=trace)


def tell_admins(case: Case, held: HeldMail) -> Outcome:
    """A letter to each admin about a mail that only they can decide, a tap away."""
    outcome = Outcome()
    if case.context.automatic.admins_told_hour >= ADMINS_TOLD_HOUR_MAX:
        reason = Reason(
            "brake", f"the admins had {ADMINS_TOLD_HOUR_MAX} such letters this hour"
        )
        return Outcome(trace=(reason,))
    for admin in case.policy.agents:
        if not admin.is_active or admin.role is not Role.ADMIN:
            continue
        style = Style(held_id=held.held_id, why=held.reason)
        to = recipient_of(admin)
        address = token_address(case, None, reply_token(case, to, ticket=None, style=style))
        both = taps(case.policy, admin, address, words=(RELEASE, DROP))
        view = HeldListView(
            desk=desk_view(case.policy, desk_address(case, None)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=both,
            held=(replace(held_view(held), actions=both),),
        )
        letter = write_letter(case, "held_list", to, view=view, ticket=None, style=style)
        outcome += Outcome(letters=(letter,))
    return outcome


def leave_to_admins(case: Case, ticket: Ticket | None) -> Outcome:
    """A grave command under a name that was disproved: nobody is asked to confirm an attack."""
    held, outcome = hold(case, HoldReason.STEP_UP, agent=None, ticket=ticket)
    why = Outcome(trace=(Reason("trust", "disproved: only an admin can release it"),))
    return outcome + tell_admins(case, held) + why


def hold_refused(
    case: Case, refusals: tuple[Refusal, ...], *, agent: Agent, ticket: Ticket | None, text: str
) -> Outcome:
    """Commands that cannot be done: nothing is done or sent, and the agent is told why."""
    held, outcome = hold(case, HoldReason.COMMANDS, agent=agent, ticket=ticket)
    # Words that may have been meant as a note are not offered to the customer at a tap.
    may_be_note = any("[note]" in one.suggestions for one in refusals)
    first = SEND if text.strip() and not may_be_note else None

    def view(address: Address) -> LetterView:
        return RefusedView(
            desk=desk_view(case.policy, desk_address(case, ticket)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=taps(case.policy, agent, address, words=(first, DROP)),
            ticket=ticket_view(ticket, case.policy) if ticket else None,
            subject=case.mail.subject,
            problems=tuple(_problem(case, one, refusals, address) for one in refusals),
            fixed=_fixed(case, refusals, address),
            held_text=text[:HELD_TEXT_CHARS_MAX],
        )

    return outcome + _ask(case, "refused", held, agent=agent, ticket=ticket, view=view)


def answer_refused(
    case: Case, refusals: tuple[Refusal, ...], *, agent: Agent, ticket: Ticket | None
) -> Outcome:
    """A question that cannot be answered is only answered: there is nothing to keep."""
    most = case.policy.brakes.errors_to_sender_day_max
    if case.context.automatic.errors_to_sender_day >= most:
        return Outcome(trace=(Reason("brake", f"{agent.name} had {most} such letters today"),))
    to, style = recipient_of(agent), Style(purpose=Purpose.NOTE, why="refused")
    address = token_address(case, ticket, reply_token(case, to, ticket=ticket, style=style))
    view = RefusedView(
        desk=desk_view(case.policy, desk_address(case, ticket)),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.NOTE if ticket else Goes.COMMANDS),
        ticket=ticket_view(ticket, case.policy) if ticket else None,
        subject=case.mail.subject,
        problems=tuple(
            ProblemView(
                one.bracket,
                one.problem.value,
                one.what,
                tuple(SuggestionView(text, mailto(address, text)) for text in one.suggestions),
            )
            for one in refusals
        ),
    )
    letter = write_letter(case, "refused", to, view=view, ticket=ticket, style=style)
    return Outcome(letters=(letter,))


def hold_unproved(
    case: Case,
    reason: HoldReason,
    *,
    agent: Agent,
    ticket: Ticket | None,
    would: tuple[str, ...],
    cautions: tuple[str, ...] = (),
    own: Own | None = None,
) -> Outcome:
    """Is this from you? ``would`` is what it would carry out, ``cautions`` what to mind then.

    ``own`` is set where nobody doubts that, and only the deed has to be confirmed.
    """
    held, outcome = hold(case, reason, agent=agent, ticket=ticket)

    def view(address: Address) -> LetterView:
        return HeldConfirmView(
            desk=desk_view(case.policy, desk_address(case, ticket)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=taps(case.policy, agent, address, words=(RELEASE, DROP)),
            held=held_view(held),
            opening=case.mail.reply[:OPENING_CHARS_MAX],
            would=would,
            cautions=cautions,
            is_own=own is not None,
            adds=own.adds if own else (),
            tickets=own.tickets if own else 1,
            quotes=own.quotes if own else (),
            peer=case.envelope.peer,
            proof=case.reading.origin.said if can_prove_agents(case.policy) else "",
            is_usual=needs_origin(case.policy) and not can_prove_agents(case.policy),
        )

    return outcome + _ask(
        case, "held", held, agent=agent, ticket=ticket, view=view, is_own=own is not None
    )


def hold_collision(
    case: Case, *, agent: Agent, ticket: Ticket, theirs: Entry, text: str
) -> Outcome:
    """A colleague answered the same state first: their answer is shown, this one waits."""
    held, outcome = hold(case, HoldReason.COLLISION, agent=agent, ticket=ticket)

    def view(address: Address) -> LetterView:
        return CollisionView(
            desk=desk_view(case.policy, desk_address(case, ticket)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=taps(case.policy, agent, address, words=(RELEASE, DROP)),
            ticket=ticket_view(ticket, case.policy),
            theirs=entry_view(theirs),
            yours=text[:HELD_TEXT_CHARS_MAX],
        )

    return outcome + _ask(
        case, "collision", held, agent=agent, ticket=ticket, view=view, is_own=True
    )


def held_view(held: HeldMail) -> HeldView:
    """A held mail as letters show it."""
    return HeldView(
        held.held_id, held.sender_shown, held.subject, held.reason, held.at, held.number
    )


def _ask(
    case: Case,
    name: str,
    held: HeldMail,
    *,
    agent: Agent,
    ticket: Ticket | None,
    view: Callable[[Address], LetterView],
    is_own: bool = False,
) -> Outcome:
    # What is not asked about now is asked in one letter with others, at a beat of the clock.
    recent, waiting = case.context.automatic, case.policy.waiting
    if recent.errors_to_sender_day >= case.policy.brakes.errors_to_sender_day_max:
        return Outcome(trace=(Reason("held", f"{agent.name} was asked often enough today"),))
    is_enough = name == "held" and recent.questions_to_sender_hour >= waiting.questions_hour_max
    # Whose address is a list, say, is not written to for each forgery. Their own mails are
    # asked about all the same.
    is_silent = recent.unanswered_by_sender_day >= waiting.unanswered_day_max
    if is_enough or (is_silent and not (is_own or _is_theirs(case, agent))):
        return Outcome(trace=(Reason("held", f"{agent.name} is asked later, in one letter"),))
    to = recipient_of(agent)
    style = Style(held_id=held.held_id, why=held.reason)
    address = token_address(case, ticket, reply_token(case, to, ticket=ticket, style=style))
    letter: Letter = write_letter(
        case, name, to, view=view(address), ticket=ticket, style=style
    )
    return Outcome((NoteHeld((held.held_id,), HeldNote.ASKED),), (letter,))


def _is_theirs(case: Case, agent: Agent) -> bool:
    """Whether something speaks for it that this agent wrote: a proof, or a token of theirs."""
    verdict = case.reading.origin.verdict
    if verdict is not Verdict.NONE:
        return verdict is Verdict.PASS
    writer = writer_of(case.mail, case.reading.origin, case.policy)
    return writer is not None and writer.person == agent.id and has_own_token(case, writer)


def taps(
    policy: Policy, agent: Agent, address: Address, *, words: tuple[str | None, ...]
) -> tuple[ActionView, ...]:
    """The answers to a question, a tap each; ``address`` carries its confirm token."""
    return tuple(
        action(word, policy=policy, language=agent.language, address=address)
        for word in words
        if word is not None
    )


def _problem(
    case: Case, refusal: Refusal, refusals: tuple[Refusal, ...], address: Address
) -> ProblemView:
    suggestions = tuple(
        SuggestionView(text, mailto(address, _corrected(case, refusals, refusal, text)))
        for text in refusal.suggestions
    )
    return ProblemView(refusal.bracket, refusal.problem.value, refusal.what, suggestions)


def _fixed(
    case: Case, refusals: tuple[Refusal, ...], address: Address
) -> tuple[SuggestionView, ...]:
    if len(refusals) < 2 or not all(one.suggestions for one in refusals):
        return ()
    best = {one.bracket: one.suggestions[0] for one in refusals}
    brackets = case.grant.brackets if case.grant and case.grant.brackets else None
    typed = tuple(best.get(one.raw, one.raw) for one in brackets or case.reading.brackets)
    text = " ".join(typed)
    return (SuggestionView(text, mailto(address, f"[release] {text}")),)


def _corrected(case: Case, refusals: tuple[Refusal, ...], refusal: Refusal, text: str) -> str:
    """The subject that releases the mail with one bracket mended and the others as typed."""
    wrong = {one.bracket for one in refusals}
    brackets = case.grant.brackets if case.grant and case.grant.brackets else None
    kept = (one.raw for one in brackets or case.reading.brackets if one.raw not in wrong)
    return " ".join(("[release]", text, *kept)) if refusal.bracket else "[release]"


def desk_address(case: Case, ticket: Ticket | None) -> Address:
    """The address of the queue that a letter about this ticket, or this mail, comes from."""
    return queue_for(case.policy, ticket.queue if ticket else case.reading.queue).address
