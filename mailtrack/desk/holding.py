"""Mail that waits for somebody's word: security section 2.4. Held is never lost.

The agent it claims to be from is asked at the registered address; machines cannot confirm. What
is released is decided again under a ``Grant``, so that there is one way for a mail to take
effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Final

from mailtrack.desk.brackets import folded
from mailtrack.desk.case import Case, Outcome
from mailtrack.desk.commands.order import Refusal
from mailtrack.desk.letter_views import (
    CollisionView,
    DoneView,
    HeldConfirmView,
    HeldListView,
    LetterView,
    RefusedView,
)
from mailtrack.desk.policy import Agent, Role
from mailtrack.desk.showing import action, desk_view, entry_view, ticket_view
from mailtrack.desk.views import (
    ActionView,
    Done,
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
from mailtrack.tickets.decision import EndHold, Hold, Reason
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.ticket import Entry, Ticket

OPENING_CHARS_MAX: Final = 300
RELEASE: Final = "release"  # as it was written
SEND: Final = "send"  # the words alone, without the commands
DROP: Final = "drop"
GROUPED: Final = "grouped"  # not held: it stands in the ticket of a flood
HELD_TEXT_CHARS_MAX: Final = 20_000
ADMINS_TOLD_HOUR_MAX: Final = (
    30  # letters; what is held beyond that is in the list of held mail
)

# The first word of a confirming reply, in the languages of the desk and of its neighbours.
OK_WORDS: Final = frozenset("ok okay yes confirm да так ок добре хорошо ja oui si".split())
NO_WORDS: Final = frozenset("no drop discard нет ні удалить видалити отмена скасувати".split())


_POLITE: Final = frozenset("please thanks thank you спасибо пожалуйста дякую danke".split())


class HoldReason(StrEnum):
    """Why a mail is held; a release permits exactly this, and what was permitted before."""

    COMMANDS = "commands"  # a command that cannot be done
    UNPROVED = "unproved"  # nothing proves that the agent wrote it
    STEP_UP = "step_up"  # must be confirmed even by the right person
    COLLISION = "collision"  # a colleague has answered since
    LEAK = "leak"  # the answer repeats an internal note
    FLOOD = "flood"  # one of too many from one sender
    RULE = "rule"  # a rule of the admin holds it
    NO_SENDER = "no_sender"  # From cannot be read as one address
    LOOP = "loop"  # it has been through too many servers, and came where no refusal is possible
    TOO_BIG = "too_big"  # an agent's mail whose words were not fetched


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
        subject=case.mail.subject,
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
        taps = _taps(case, admin, address, first=RELEASE)
        view = HeldListView(
            desk=desk_view(case.policy, _desk_address(case, None)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=taps,
            held=(replace(held_view(held), actions=taps),),
        )
        letter = write_letter(case, "held_list", to, view=view, ticket=None, style=style)
        outcome += Outcome(letters=(letter,))
    return outcome


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
            desk=desk_view(case.policy, _desk_address(case, ticket)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=_taps(case, agent, address, first=first),
            ticket=ticket_view(ticket, case.policy) if ticket else None,
            subject=case.mail.subject,
            problems=tuple(_problem(case, one, refusals, address) for one in refusals),
            fixed=_fixed(case, refusals, address),
            held_text=text[:HELD_TEXT_CHARS_MAX],
        )

    return outcome + _ask(case, "refused", held, agent=agent, ticket=ticket, view=view)


def hold_unproved(
    case: Case,
    reason: HoldReason,
    *,
    agent: Agent,
    ticket: Ticket | None,
    would: tuple[str, ...],
) -> Outcome:
    """Is this from you? ``would`` are the commands it would carry out."""
    held, outcome = hold(case, reason, agent=agent, ticket=ticket)

    def view(address: Address) -> LetterView:
        return HeldConfirmView(
            desk=desk_view(case.policy, _desk_address(case, ticket)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=_taps(case, agent, address, first=RELEASE),
            held=held_view(held),
            opening=case.mail.reply[:OPENING_CHARS_MAX],
            would=would,
        )

    return outcome + _ask(case, "held", held, agent=agent, ticket=ticket, view=view)


def hold_collision(
    case: Case, *, agent: Agent, ticket: Ticket, theirs: Entry, text: str
) -> Outcome:
    """A colleague answered the same state first: their answer is shown, this one waits."""
    held, outcome = hold(case, HoldReason.COLLISION, agent=agent, ticket=ticket)

    def view(address: Address) -> LetterView:
        return CollisionView(
            desk=desk_view(case.policy, _desk_address(case, ticket)),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM),
            actions=_taps(case, agent, address, first=RELEASE),
            ticket=ticket_view(ticket, case.policy),
            theirs=entry_view(theirs),
            yours=text[:HELD_TEXT_CHARS_MAX],
        )

    return outcome + _ask(case, "collision", held, agent=agent, ticket=ticket, view=view)


def held_view(held: HeldMail) -> HeldView:
    """A held mail as letters show it."""
    return HeldView(
        held.held_id, held.sender_shown, held.subject, held.reason, held.at, held.number
    )


def end_hold(case: Case, held: HeldMail, *, agent: Agent) -> Outcome:
    """What an agent's answer to the question does: release, drop, or release corrected."""
    if held.state != "held":
        return _already(case, held, agent)
    brackets = case.reading.brackets
    words = {folded(bracket.word) for bracket in brackets}
    first = _first_line(case)
    if words & {"drop", "reject", "discard"} or (not brackets and _is_plain(first, NO_WORDS)):
        return _ended(held, "dropped", agent)
    others = tuple((b.word, b.argument) for b in brackets if folded(b.word) not in _RELEASES)
    if words & _RELEASES or (not brackets and _is_plain(first, OK_WORDS)):
        is_plain = held.reason == HoldReason.COMMANDS and not others
        return _ended(held, "released", agent, () if is_plain else others or None)
    if others and held.reason == HoldReason.COMMANDS:
        return _ended(held, "released", agent, others)
    return Outcome(trace=(Reason("held", f"{held.held_id}: the answer says neither"),))


def _first_line(case: Case) -> str:
    """The first line of the agent's own: a quoted "ok" is the question's (A32)."""
    lines = (line for line in case.mail.reply.split("\n") if line.strip())
    return next((line for line in lines if not line.lstrip().startswith((">", "|"))), "")


def _is_plain(line: str, answers: frozenset[str]) -> bool:
    """Whether a line is nothing but that answer: "ok, but who wrote this?" is none."""
    first, *others = [word for word in map(folded, line.split()) if word] or [""]
    return "?" not in line and first in answers and _POLITE.issuperset(others)


def may_end(held: HeldMail, agent: Agent) -> bool:
    """Whether this agent may release or drop it: the one who was asked, or an admin."""
    return held.person == agent.id or agent.role is Role.ADMIN


_RELEASES: Final = frozenset({"release", "send", "accept", "confirm", "отправить", "надіслати"})


def _ended(
    held: HeldMail,
    state: str,
    agent: Agent,
    brackets: tuple[tuple[str, str], ...] | None = None,
) -> Outcome:
    effect = EndHold(held.held_id, state, agent.id, brackets)
    return Outcome((effect,), (), (Reason("held", f"{held.held_id} {state} by {agent.name}"),))


def _already(case: Case, held: HeldMail, agent: Agent) -> Outcome:
    view = DoneView(
        desk=desk_view(case.policy, _desk_address(case, None)),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.COMMANDS),
        done=Done.ALREADY,
        held_id=held.held_id,
    )
    to = recipient_of(agent)
    letter = write_letter(case, "done", to, view=view, ticket=None, style=Style(why="already"))
    return Outcome(letters=(letter,), trace=(Reason("held", f"{held.held_id} is decided"),))


def _ask(
    case: Case,
    name: str,
    held: HeldMail,
    *,
    agent: Agent,
    ticket: Ticket | None,
    view: Callable[[Address], LetterView],
) -> Outcome:
    most = case.policy.brakes.errors_to_sender_day_max
    if case.context.automatic.errors_to_sender_day >= most:
        return Outcome(trace=(Reason("held", f"{agent.name} was asked often enough today"),))
    to = recipient_of(agent)
    style = Style(held_id=held.held_id, why=held.reason)
    address = token_address(case, ticket, reply_token(case, to, ticket=ticket, style=style))
    letter: Letter = write_letter(
        case, name, to, view=view(address), ticket=ticket, style=style
    )
    return Outcome(letters=(letter,))


def _taps(
    case: Case, agent: Agent, address: Address, *, first: str | None
) -> tuple[ActionView, ...]:
    return tuple(
        action(
            word,
            policy=case.policy,
            language=agent.language,
            address=address,
            typed=f"[{word}]",
        )
        for word in (first, DROP)
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


def _desk_address(case: Case, ticket: Ticket | None) -> Address:
    return queue_for(case.policy, ticket.queue if ticket else case.reading.queue).address
