"""A mail that was taken too late: nobody is told "we have your message" of a week ago (S10).

The ticket is opened as always. An hour later the admins get one letter with all the people who
heard nothing, so that somebody can write to them. What is kept until then is marks of the same
kind as those of a storm: see ``storms``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.letter_views import UnacknowledgedView
from mailtrack.desk.machines import admins_of
from mailtrack.desk.showing import desk_view
from mailtrack.desk.storms import standing
from mailtrack.desk.views import Goes, ListLineView, RouteView, WaitedLineView
from mailtrack.desk.writing import Style, recipient_of, write_letter
from mailtrack.tickets.decision import Effect, SetMark
from mailtrack.tickets.storm import Mark, StormMark

TOLD_AFTER: Final = timedelta(hours=1)  # by then all that had waited is taken
LISTED_MAX: Final = 200


def too_late(case: Case, number: int) -> Outcome | None:
    """What there is instead of the acknowledgement of a mail from long ago; None if it is not.

    A held mail that somebody released was waited for, and is answered however late.
    """
    came_at, limit = case.envelope.came_at, case.policy.autoack_not_after
    if case.grant is not None or case.fresh.now - came_at <= limit:
        return None
    since = f"{came_at:%Y-%m-%d %H:%M} UTC"
    return Outcome(listed(case, number, came_at)) + said(
        "acknowledgement", f"none: the mail has waited since {since}; the admins get a list"
    )


def listed(case: Case, number: int, since: datetime) -> tuple[Effect, ...]:
    """The ticket stands in the next list of the admins, or is at least counted there."""
    known = standing(case, Mark.LATE, 0)
    until = known.until if known else case.fresh.now + TOLD_AFTER
    marks = [StormMark(Mark.LATE, until)]
    if known is None or known.count < LISTED_MAX:
        marks.append(StormMark(Mark.LATE, until, number, said=since.isoformat()))
    return tuple(map(SetMark, marks))


def told_of_late(
    case: Case, marks: tuple[StormMark, ...], lines: dict[int, ListLineView]
) -> Outcome:
    """The one letter to each admin about these people; none if there are no marks."""
    waited = sorted(
        (
            WaitedLineView(lines[mark.number], datetime.fromisoformat(mark.said))
            for mark in marks
            if mark.number in lines
        ),
        key=lambda one: (one.since, one.ticket.number),
    )
    count = max(sum(mark.count for mark in marks if not mark.number), len(waited))
    outcome = Outcome()
    for admin in admins_of(case) if count else ():
        view = UnacknowledgedView(
            desk=desk_view(case.policy, case.policy.queues[0].address),
            zone=case.policy.zone,
            now=case.fresh.now,
            route=RouteView(Goes.COMMANDS),
            count=count,
            waited=tuple(waited),
        )
        to, style = recipient_of(admin), Style(why="unacknowledged")
        letter = write_letter(case, "unacknowledged", to, view=view, ticket=None, style=style)
        outcome += Outcome(letters=(letter,))
    return outcome
