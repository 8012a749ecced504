"""The desk raises its voice: which troubles the admins are told of, and when they are over.

Each is told once, and once that it is over; a trouble that comes and goes within minutes is one
trouble. What is measured, and by whom, is not known here: read ``watch`` for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.letter_views import AlarmView
from mailtrack.desk.machines import admins_of
from mailtrack.desk.policy import AlarmPolicy, Policy, Silence
from mailtrack.desk.showing import desk_view
from mailtrack.desk.ticking import case_without_mail
from mailtrack.desk.views import AlarmItemView, Goes, RouteView
from mailtrack.desk.writing import Style, recipient_of, write_letter
from mailtrack.tickets.alarm import (
    IMAP,
    INTAKE_SILENT,
    OUTBOX_STUCK,
    QUARANTINE_GROWING,
    RELAY_DOWN,
    Alarm,
    Figures,
    Trouble,
)
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import SetAlarm
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.token import Purpose

TROUBLES_MAX: Final = 50
REASON_CHARS_MAX: Final = 300
# A relay that restarts, a login that fails once: nobody is woken for two minutes of it.
PATIENCE: Final = {RELAY_DOWN: timedelta(minutes=2), IMAP: timedelta(minutes=2)}
QUIET: Final = timedelta(minutes=5)  # away for so long it is over
SEEN_EVERY: Final = timedelta(minutes=1)  # a row is not written at every look
SILENCE_MIN: Final = timedelta(hours=1)  # a silence that is learned is never shorter
USUAL_WEEKS: Final = 3  # this many weeks are looked at, and all of them must have had
USUAL_MAILS_MIN: Final = 5  # so many mails in the very hours that are silent now


def troubles_in(
    figures: Figures, *, policy: AlarmPolicy, now: datetime, wall: datetime
) -> tuple[Trouble, ...]:
    """What the figures of the database say is wrong. ``wall`` is the time of the machine."""
    found = []
    if figures.last_mail_at is not None and _is_silent(figures, policy=policy, now=wall):
        hours = (wall - figures.last_mail_at).total_seconds() / 3600
        reason = f"no mail has come in for {hours:.1f} hours"
        found.append(Trouble(INTAKE_SILENT, reason, now))
    untried = figures.untried_since
    if untried is not None and now - untried >= policy.letters_wait_max:
        minutes = (now - untried).total_seconds() / 60
        found.append(Trouble(OUTBOX_STUCK, f"a letter waits for {minutes:.0f} minutes", now))
    if figures.quarantined >= policy.quarantined_max:
        reason = f"mails that could not be read: {figures.quarantined}"
        found.append(Trouble(QUARANTINE_GROWING, reason, now))
    return tuple(found)


def _is_silent(figures: Figures, *, policy: AlarmPolicy, now: datetime) -> bool:
    assert figures.last_mail_at is not None, "troubles_in asked"
    age = now - figures.last_mail_at
    if policy.silent_after is Silence.NEVER:
        return False
    if isinstance(policy.silent_after, timedelta):
        return age >= policy.silent_after
    is_known = len(figures.usual) == USUAL_WEEKS
    return is_known and age >= SILENCE_MIN and min(figures.usual) >= USUAL_MAILS_MIN


def decide_alarms(
    troubles: Iterable[Trouble], alarms: tuple[Alarm, ...], *, policy: Policy, fresh: Fresh
) -> Outcome:
    """What is to be remembered of these troubles, and one letter to each admin if need be."""
    known = {one.name: one for one in alarms}
    now = fresh.now
    named = {one.name: one for one in tuple(troubles)[:TROUBLES_MAX]}
    after = [_seen(known.get(name), one, now) for name, one in named.items()]
    after += [_missed(one, now) for one in alarms if one.name not in named]
    changed = [one for one in after if one != known.get(one.name)]
    outcome = Outcome(tuple(SetAlarm(one) for one in changed))
    raised = tuple(one for one in changed if one.told_at == now)
    ended = tuple(one for one in changed if one.ended_at == now and one.told_at is not None)
    for one in (*raised, *ended):
        outcome += said("alarm", f"{one.name} {one.to_run}: {one.reason}")
    if raised or ended:
        outcome += _told(case_without_mail(policy, fresh, Context()), raised, ended)
    return outcome


def _seen(alarm: Alarm | None, trouble: Trouble, now: datetime) -> Alarm:
    """The alarm of a trouble that is there."""
    reason = trouble.reason[:REASON_CHARS_MAX]
    if alarm is None or alarm.ended_at is not None:
        ran = "" if alarm is None or alarm.ran == "ended" else alarm.ran
        alarm = Alarm(trouble.name, trouble.since or now, now, reason, ran=ran)
    is_old = now - alarm.since >= PATIENCE.get(alarm.kind, timedelta(0))
    is_news = alarm.told_at is None and is_old
    if is_news or now - alarm.seen_at >= SEEN_EVERY:
        # What was a missing folder may be a refused login by now.
        alarm = replace(alarm, seen_at=now, reason=reason)
    return replace(alarm, told_at=now) if is_news else alarm


def _missed(alarm: Alarm, now: datetime) -> Alarm:
    """The alarm of a trouble that is not there now."""
    if alarm.ended_at is not None:
        return alarm
    is_over = alarm.told_at is None or now - alarm.seen_at >= QUIET
    return replace(alarm, ended_at=now) if is_over else alarm


def _told(case: Case, raised: tuple[Alarm, ...], ended: tuple[Alarm, ...]) -> Outcome:
    outcome = Outcome()
    for admin in admins_of(case):
        view = AlarmView(
            desk=desk_view(case.policy, case.policy.queues[0].address),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.COMMANDS),
            raised=tuple(map(_item, raised)),
            ended=tuple(map(_item, ended)),
        )
        style = Style(purpose=Purpose.NOTE, why="alarm")
        letter = write_letter(
            case, "alarm", recipient_of(admin), view=view, ticket=None, style=style
        )
        outcome += Outcome(letters=(letter,))
    return outcome


def _item(alarm: Alarm) -> AlarmItemView:
    about = alarm.name.partition(":")[2]
    return AlarmItemView(alarm.kind, about, alarm.reason, alarm.since)
