"""The brakes on a storm: what is filed without a word now, and told in one letter later.

A limit defers and reports; it never drops a mail. Security section 4.3 is the definition; what
the marks become when their hour has come is in ``digests``.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from mailtrack.desk.brackets import folded
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.policy import Agent
from mailtrack.tickets.decision import Effect, SetMark
from mailtrack.tickets.storm import Mark, StormMark
from mailtrack.tickets.ticket import Entry, EntryKind, Ticket

MUTED_FOR: Final = timedelta(hours=1)
BREAKER_OPEN_FOR: Final = timedelta(hours=1)
FLOOD_TOLD_AFTER: Final = timedelta(hours=1)
NOTIFIED_IN: Final = timedelta(minutes=10)
# Admins hear of storms in tickets once an hour at most, and of one ticket once a day.
ALERTS_APART: Final = timedelta(hours=1)
TICKET_TOLD_FOR: Final = timedelta(days=1)
IDENTICAL_WITHIN: Final = timedelta(days=1)
BODY_CHARS_COMPARED: Final = 2_000
BREAKER_FROM: Final = 60  # acknowledgements in an hour; fewer are no storm on any desk
MUTED_SAID: Final = "muted"
BREAKER_SAID: Final = "breaker"
LOOP_SAID: Final = "loop"
_DIGITS: Final = re.compile(r"\d+")


def muting(case: Case, ticket: Ticket, entry: Entry) -> tuple[datetime | None, Outcome]:
    """Until when the news of this ticket are kept back, None if they are told as they come.

    ``ticket`` holds the entry already. A ticket that gets too many mails at once, or the same
    words again and again, is muted for an hour, and the admins are told so.
    """
    until = _until(case, Mark.MUTED, ticket.number)
    if until is not None:
        return until, said("brake", "the ticket is muted: told in one letter later")
    why = _why_muted(case, ticket, entry)
    if why is None:
        return None, Outcome()
    until = case.fresh.now + MUTED_FOR
    muted = StormMark(Mark.MUTED, until, ticket.number, said=why)
    effects: tuple[Effect, ...] = (SetMark(muted), *_alert(case, ticket.number))
    return until, Outcome(effects) + said("brake", f"{why}: told in one letter in an hour")


def kept_back(
    case: Case, agent: Agent, ticket: Ticket, event: str, *, until: datetime | None
) -> Effect | None:
    """What takes the place of a notification, None if it is sent.

    ``until`` is when the ticket's own brake ends; an agent who was told very much in the last
    minutes hears the rest in one letter when those are over.
    """
    until = until or _overwhelmed(case, agent)
    if until is None:
        return None
    return SetMark(StormMark(Mark.KEPT, until, ticket.number, agent.id, event))


def breaker(case: Case, number: int) -> Outcome | None:
    """What there is instead of an acknowledgement while the breaker is open; None if closed.

    It opens when the desk has sent as many as it may in an hour, or five times what is usual
    at this time of day, and the admins are told once.
    """
    until = _until(case, Mark.BREAKER, 0)
    if until is not None:
        return Outcome((_unsaid(until),)) + said(
            "acknowledgement", "none: the breaker is open, the desk had sent too many at once"
        )
    why = _why_open(case)
    if why is None:
        return None
    until = case.fresh.now + BREAKER_OPEN_FOR
    alert = StormMark(Mark.ALERT, case.fresh.now, number, BREAKER_SAID, why)
    effects = (SetMark(StormMark(Mark.BREAKER, until, said=why)), _unsaid(until))
    return Outcome((*effects, SetMark(alert))) + said("acknowledgement", f"none: {why}")


def is_flood(case: Case) -> bool:
    """Whether the sender has opened as many tickets in this hour as one sender may."""
    most = case.policy.brakes.tickets_from_sender_hour_max
    return case.context.automatic.tickets_from_sender_hour >= most


def flood_ticket(case: Case) -> Ticket | None:
    """The ticket that takes the rest of this sender's flood, None if it is yet to be opened."""
    number = case.context.automatic.flood
    return case.context.ticket(number) if number is not None else None


def loop_seen(case: Case) -> tuple[Effect, ...]:
    """The admins are told, once a day, that a letter of ours came back as a new mail (S65)."""
    now = case.fresh.now
    if _until(case, Mark.TOLD, 0, LOOP_SAID) is not None:
        return ()
    marks = (
        StormMark(Mark.ALERT, now, 0, LOOP_SAID, LOOP_SAID),
        StormMark(Mark.TOLD, now + TICKET_TOLD_FOR, 0, LOOP_SAID),
    )
    return tuple(map(SetMark, marks))


def standing(case: Case, mark: Mark, number: int, person: str = "") -> StormMark | None:
    """The mark of that kind, ticket and person whose hour has not come; None if none stands."""
    found = (
        one
        for one in case.context.marks
        if (one.mark, one.number, one.person) == (mark, number, person)
        and one.until > case.fresh.now
    )
    return next(found, None)


def _until(case: Case, mark: Mark, number: int, person: str = "") -> datetime | None:
    found = standing(case, mark, number, person)
    return found.until if found else None


def _why_muted(case: Case, ticket: Ticket, entry: Entry) -> str | None:
    brakes = case.policy.brakes
    most = brakes.mails_in_ticket_10_minutes_max
    if case.context.automatic.mails_in_ticket_10_minutes >= most:
        return f"more than {most} mails in this ticket in ten minutes"
    same = brakes.identical_mails_max
    if _is_said_more_often(ticket, entry, same):
        return f"the same words came more than {same} times"
    return None


def _is_said_more_often(ticket: Ticket, entry: Entry, times: int) -> bool:
    """Whether this person has said the same words more often than that lately."""
    lately = [
        one.text
        for one in ticket.entries
        if one.author == entry.author
        and one.kind in (EntryKind.MAIL, EntryKind.THIRD_PARTY)
        and one.at > entry.at - IDENTICAL_WITHIN
    ]
    if len(lately) <= times or not (key := _body_key(entry.text)):
        return False
    return sum(_body_key(text) == key for text in lately) > times


def _body_key(text: str) -> str:
    """Words without case, blanks, marks and numbers: a machine counts, and says the same."""
    return _DIGITS.sub("", folded(text[:BODY_CHARS_COMPARED]))


def _alert(case: Case, number: int) -> tuple[Effect, ...]:
    now = case.fresh.now
    told = _until(case, Mark.TOLD, number)
    if told is not None:
        return ()
    lately = _until(case, Mark.TOLD, 0)
    marks = (
        StormMark(Mark.ALERT, lately or now, number, MUTED_SAID, MUTED_SAID),
        StormMark(Mark.TOLD, now + TICKET_TOLD_FOR, number),
        *(() if lately else (StormMark(Mark.TOLD, now + ALERTS_APART),)),
    )
    return tuple(map(SetMark, marks))


def _overwhelmed(case: Case, agent: Agent) -> datetime | None:
    state = next((one for one in case.context.agents if one.name == agent.name), None)
    if state is None or state.notified_since is None:
        return None
    until = state.notified_since + NOTIFIED_IN
    most = case.policy.brakes.notifications_to_agent_10_minutes_max
    return until if state.notified_count >= most and until > case.fresh.now else None


def _unsaid(until: datetime) -> Effect:
    return SetMark(StormMark(Mark.UNSAID, until))


def _why_open(case: Case) -> str | None:
    lately, brakes = case.context.automatic, case.policy.brakes
    count = lately.acknowledgements_hour
    most = brakes.acks_hour_max
    if count >= most:
        return f"{count} were sent for the whole desk in an hour, the limit is {most}"
    usual = lately.acknowledgements_usual
    if usual is None:
        return None
    if count < max(BREAKER_FROM, brakes.acks_times_usual_max * usual):
        return None
    return f"{count} were sent in an hour, {usual:.0f} are usual now"
