"""A storm has passed, or began: one letter tells what was kept back, or what goes on.

Called when the clock strikes, with the marks whose hour has come; see ``storms`` for how they
came to be.
"""

from __future__ import annotations

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.late import told_of_late
from mailtrack.desk.letter_views import DigestView, StormView
from mailtrack.desk.machines import admins_of
from mailtrack.desk.policy import Agent
from mailtrack.desk.showing import desk_view, line_view
from mailtrack.desk.storms import BREAKER_SAID, LOOP_SAID
from mailtrack.desk.views import DigestLineView, Goes, ListLineView, RouteView, StormLineView
from mailtrack.desk.writing import Style, recipient_of, write_letter
from mailtrack.tickets.decision import EndMark
from mailtrack.tickets.storm import Mark, StormDue, StormMark


def storms_passed(case: Case, due: StormDue) -> Outcome:
    """The letters that these marks have become, and the end of the marks."""
    outcome = Outcome(tuple(map(EndMark, due.marks)))
    desk = case.policy.queues[0].address
    lines = {one.number: line_view(one, case.policy, desk) for one in due.lines}
    alerts = _of(due, Mark.ALERT)
    told: dict[str, list[StormMark]] = {}
    for mark in _of(due, Mark.KEPT):
        told.setdefault(mark.person, []).append(mark)
    for agent in case.policy.agents:
        kept = told.get(agent.id, [])
        if agent.is_active and kept:
            outcome += _digest(case, agent, tuple(kept), lines)
    for admin in admins_of(case) if alerts else ():
        outcome += _storm(case, admin, alerts, lines)
    outcome += told_of_late(case, _of(due, Mark.LATE), lines)
    for mark in _of(due, Mark.UNSAID):
        outcome += said("breaker", f"closed; {mark.count} acknowledgements were not sent")
    return outcome


def _of(due: StormDue, kind: Mark) -> tuple[StormMark, ...]:
    return tuple(mark for mark in due.marks if mark.mark is kind)


def _digest(
    case: Case, agent: Agent, kept: tuple[StormMark, ...], lines: dict[int, ListLineView]
) -> Outcome:
    view = DigestView(
        desk=desk_view(case.policy, case.policy.queues[0].address),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.COMMANDS),
        lines=tuple(
            DigestLineView(lines[mark.number], mark.count)
            for mark in kept
            if mark.number in lines
        ),
    )
    to, style = recipient_of(agent), Style(why="digest")
    return Outcome(
        letters=(write_letter(case, "digest", to, view=view, ticket=None, style=style),)
    )


def _storm(
    case: Case, admin: Agent, alerts: tuple[StormMark, ...], lines: dict[int, ListLineView]
) -> Outcome:
    view = StormView(
        desk=desk_view(case.policy, case.policy.queues[0].address),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.COMMANDS),
        is_breaker_open=any(mark.person == BREAKER_SAID for mark in alerts),
        is_loop_seen=any(mark.person == LOOP_SAID for mark in alerts),
        storms=tuple(
            StormLineView(lines[mark.number], mark.person == BREAKER_SAID)
            for mark in alerts
            if mark.number in lines
        ),
    )
    to, style = recipient_of(admin), Style(why="storm")
    return Outcome(
        letters=(write_letter(case, "storm", to, view=view, ticket=None, style=style),)
    )
