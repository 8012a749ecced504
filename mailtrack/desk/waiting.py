"""At a beat of the clock: who is told of mail that waits for somebody's word.

Agents get in one letter what they could not be asked about one by one; admins get a list a day,
a reminder when a mail has waited long, and in one letter what came into quarantine since the
last. All of it stands in rows, so that a restart neither repeats nor forgets.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.holding import DROP, RELEASE, SEND, HoldReason, taps
from mailtrack.desk.letter_views import HeldDigestView, HeldListView, QuarantinedView
from mailtrack.desk.machines import admins_of
from mailtrack.desk.policy import Agent, Policy
from mailtrack.desk.showing import desk_view
from mailtrack.desk.ticking import case_without_mail
from mailtrack.desk.views import ActionView, ApartView, Goes, HeldView, RouteView, mailto
from mailtrack.desk.writing import (
    Recipient,
    Style,
    queue_for,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import (
    Change,
    Effect,
    EndHold,
    EndQuarantine,
    Field,
    IssueToken,
    LastDone,
    LinkTickets,
    NoteHeld,
    TellQuarantine,
)
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.ticket import Status
from mailtrack.tickets.token import Purpose
from mailtrack.tickets.waiting import (
    LIST_DONE,
    QUARANTINE_TOLD,
    AskedLately,
    HeldNote,
    Quarantined,
    QuarantineState,
    Read,
    Waiting,
    WaitingHeld,
)

SHOWN_MAX: Final = 50  # of each kind in one letter
SILENT_FOR: Final = timedelta(days=1)
RETENTION: Final = "@retention"


def decide_waiting(waiting: Waiting, *, policy: Policy, fresh: Fresh) -> Outcome:
    """All that is to be done about what waits at ``fresh.now``; empty if nothing is."""
    case = case_without_mail(policy, fresh, Context())
    outcome, kept = _put_by(case, waiting.held)
    outcome += _digests(case, waiting, kept)
    outcome += _admins_told(case, waiting, kept)
    outcome += _collected(case, waiting)
    for one in waiting.read:
        outcome += _read_after_all(one)
    return outcome


def list_due_at(now: datetime, policy: Policy) -> datetime:
    """When the last daily list was due: today's hour, or yesterday's before it; aware UTC."""
    local = now.astimezone(policy.zone)
    day = local.date()
    if local.time() < policy.waiting.list_at:
        day -= timedelta(days=1)
    due = datetime.combine(day, policy.waiting.list_at, tzinfo=policy.zone)
    return due.astimezone(UTC)


def apart_view(one: Quarantined, actions: tuple[ActionView, ...]) -> ApartView:
    """A mail that could not be read, as letters show it."""
    return ApartView(
        one.quarantine_id,
        one.at,
        one.sender_shown,
        one.size_bytes,
        one.tries,
        one.reason,
        one.number,
        actions,
    )


def tell_of_quarantine(
    case: Case, items: tuple[Quarantined, ...], admins: Iterable[Agent], *, is_again: bool
) -> Outcome:
    """A letter to each of the admins; an answer to one about one mail decides about it."""
    outcome = Outcome()
    alone = items[0] if len(items) == 1 else None
    for admin in admins:
        to = recipient_of(admin)
        tapped = [(one, _admin_taps(case, admin, one.quarantine_id)) for one in items]
        held_id = alone.quarantine_id if alone else None
        style = Style(purpose=Purpose.NOTE, held_id=held_id, why="quarantined")
        view = QuarantinedView(
            desk=desk_view(case.policy, queue_for(case.policy, "").address),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.CONFIRM if alone else Goes.COMMANDS),
            apart=tuple(apart_view(one, actions) for one, (actions, _) in tapped),
            is_again=is_again,
        )
        letter = write_letter(case, "quarantined", to, view=view, ticket=None, style=style)
        tokens = tuple(effect for _, (_, effects) in tapped for effect in effects)
        outcome += Outcome(_but_its_own(tokens, letter), (letter,))
    return outcome


def _put_by(
    case: Case, held: tuple[WaitingHeld, ...]
) -> tuple[Outcome, tuple[WaitingHeld, ...]]:
    """What waited too long is rejected, and kept; the rest waits on."""
    until = case.fresh.now - case.policy.waiting.keep_for
    old = tuple(one for one in held if one.at <= until)
    outcome = Outcome(tuple(EndHold(one.held_id, "dropped", RETENTION) for one in old))
    for one in old:
        outcome += said("held", f"{one.held_id} waited too long, and is put by as rejected")
    return outcome, tuple(one for one in held if one.at > until)


def _digests(case: Case, waiting: Waiting, held: tuple[WaitingHeld, ...]) -> Outcome:
    """One letter for each agent about all that they were not asked about yet."""
    outcome = Outcome()
    busy = {one.person for one in waiting.asked_lately if _is_asked_enough(case, one, held)}
    unasked: dict[str, list[WaitingHeld]] = {}
    for one in held:
        if one.person is not None and not one.is_asked:
            unasked.setdefault(one.person, []).append(one)
    for person, items in unasked.items():
        agent = case.policy.agent(person.removeprefix("@"))
        if agent is not None and agent.is_active and person not in busy:
            outcome += _digest(case, agent, items[:SHOWN_MAX])
    return outcome


def _is_asked_enough(case: Case, asked: AskedLately, held: tuple[WaitingHeld, ...]) -> bool:
    """Whether somebody is left alone for now.

    Who answers nothing gets one letter about the rest, when no more of it has come for an
    hour, and none for a day then.
    """
    policy, since = case.policy, case.fresh.now - SILENT_FOR
    unanswered = sum(
        one.person == asked.person and one.is_asked and one.at > since for one in held
    )
    is_silent = unanswered >= policy.waiting.unanswered_day_max
    return (
        asked.in_hour >= policy.waiting.questions_hour_max
        or asked.in_day >= policy.brakes.errors_to_sender_day_max
        or (is_silent and bool(asked.in_hour or asked.digests_in_day))
    )


def _digest(case: Case, agent: Agent, items: list[WaitingHeld]) -> Outcome:
    to, tokens, shown = recipient_of(agent), list[Effect](), list[HeldView]()
    for one in items:
        token = reply_token(case, to, ticket=None, style=Style(held_id=one.held_id))
        first = SEND if one.reason == HoldReason.COMMANDS else RELEASE
        address = token_address(case, None, token)
        shown.append(_held_view(one, taps(case.policy, agent, address, words=(first, DROP))))
        tokens.append(IssueToken(token))
    view = HeldDigestView(
        desk=desk_view(case.policy, queue_for(case.policy, "").address),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.COMMANDS),
        held=tuple(shown),
    )
    style = Style(purpose=Purpose.NOTE, why="held_digest")
    letter = write_letter(case, "held_digest", to, view=view, ticket=None, style=style)
    ids = tuple(one.held_id for one in items)
    trace = said("held", f"{agent.name} is asked about {', '.join(ids)} in one letter")
    return trace + Outcome((*tokens, NoteHeld(ids, HeldNote.ASKED)), (letter,))


def _admins_told(case: Case, waiting: Waiting, held: tuple[WaitingHeld, ...]) -> Outcome:
    """The list of the day, or else a reminder of what has waited long by now."""
    due_at = list_due_at(case.fresh.now, case.policy)
    if waiting.listed_at is None:
        return Outcome((LastDone(LIST_DONE, due_at),))
    is_daily = waiting.listed_at < due_at
    late = tuple(one for one in held if _reminders_due(case, one) > one.reminders)
    outcome = Outcome((LastDone(LIST_DONE, due_at),)) if is_daily else Outcome()
    for one in late:
        noted = NoteHeld((one.held_id,), HeldNote.REMINDED)
        outcome += Outcome((noted,) * (_reminders_due(case, one) - one.reminders))
    shown = held if is_daily else late
    kept = QuarantineState.KEPT
    apart = tuple(one for one in waiting.quarantined if one.state is kept) if is_daily else ()
    if not shown and not apart:
        return outcome
    count = waiting.held_count + waiting.quarantined_count if is_daily else len(late)
    for admin in admins_of(case):
        outcome += _list(
            case, admin, shown[:SHOWN_MAX], apart[:SHOWN_MAX], count=count, is_daily=is_daily
        )
    return outcome + said("held", f"the admins are told of {count} mails that wait")


def _reminders_due(case: Case, one: WaitingHeld) -> int:
    age = case.fresh.now - one.at
    return sum(age >= after for after in case.policy.waiting.remind_after)


def _list(
    case: Case,
    admin: Agent,
    held: tuple[WaitingHeld, ...],
    apart: tuple[Quarantined, ...],
    *,
    count: int,
    is_daily: bool,
) -> Outcome:
    tokens, shown, unread = list[Effect](), list[HeldView](), list[ApartView]()
    for one in held:
        actions, issued = _admin_taps(case, admin, one.held_id)
        shown.append(_held_view(one, actions))
        tokens += issued
    for other in apart:
        actions, issued = _admin_taps(case, admin, other.quarantine_id)
        unread.append(apart_view(other, actions))
        tokens += issued
    view = HeldListView(
        desk=desk_view(case.policy, queue_for(case.policy, "").address),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.COMMANDS),
        held=tuple(shown),
        apart=tuple(unread),
        more=max(0, count - len(shown) - len(unread)),
        is_daily=is_daily,
        is_reminder=not is_daily,
    )
    style = Style(purpose=Purpose.NOTE, why="held_list")
    to = recipient_of(admin)
    letter = write_letter(case, "held_list", to, view=view, ticket=None, style=style)
    return Outcome(tuple(tokens), (letter,))


def _collected(case: Case, waiting: Waiting) -> Outcome:
    """What came into quarantine while the admins had been told of another only just."""
    last, every = waiting.quarantine_told_at, case.policy.waiting.quarantine_letter_every
    untold = tuple(
        one
        for one in waiting.quarantined
        if one.state is QuarantineState.KEPT and not one.is_told
    )[:SHOWN_MAX]
    if not untold or (last is not None and case.fresh.now - last < every):
        return Outcome()
    ids = tuple(one.quarantine_id for one in untold)
    noted = Outcome((TellQuarantine(ids), LastDone(QUARANTINE_TOLD, case.fresh.now)))
    trace = said("quarantine", f"the admins are told of {', '.join(ids)}")
    return noted + trace + tell_of_quarantine(case, untold, admins_of(case), is_again=False)


def _read_after_all(one: Read) -> Outcome:
    """A mail that could not be read was read: its stub has done its service."""
    stub, effects = one.stub, list[Effect]()
    if one.number is not None and one.number != stub.number:
        effects.append(LinkTickets(stub.number, one.number))
    if not stub.status.is_finished:
        closed = Status.CLOSED.value
        effects.append(Change(stub.number, Field.STATUS, stub.status.value, closed, ""))
    ended = EndQuarantine(one.item.quarantine_id, QuarantineState.ENDED, None)
    trace = said("quarantine", f"{one.item.quarantine_id} was read after all")
    return trace + Outcome((*effects, ended))


def _admin_taps(
    case: Case, admin: Agent, waiting_id: str
) -> tuple[tuple[ActionView, ...], tuple[Effect, ...]]:
    """Release and reject, a tap each under a confirm token of the admin's own."""
    to: Recipient = recipient_of(admin)
    token = reply_token(case, to, ticket=None, style=Style(held_id=waiting_id))
    address = token_address(case, None, token)
    label = case.policy.stationery.label
    actions = tuple(
        ActionView(
            f"{word}:{waiting_id}",
            label(admin.language, "actions", key),
            f"[{word}:{waiting_id}]",
            mailto(address, f"[{word}:{waiting_id}]"),
        )
        for word, key in (("release", "let_through"), ("reject", "reject"))
    )
    return actions, (IssueToken(token),)


def _but_its_own(tokens: tuple[Effect, ...], letter: Letter) -> tuple[Effect, ...]:
    own = {token.handle for token in letter.tokens}
    return tuple(
        one for one in tokens if not (isinstance(one, IssueToken) and one.token.handle in own)
    )


def _held_view(one: WaitingHeld, actions: tuple[ActionView, ...]) -> HeldView:
    return HeldView(
        one.held_id, one.sender_shown, one.subject, one.reason, one.at, one.number, actions
    )
