"""What an admin is told when an errand is done: how much, where, what is left to look at."""

from __future__ import annotations

from mailtrack.desk.letter_views import ErrandView
from mailtrack.desk.policy import Policy
from mailtrack.desk.showing import desk_view
from mailtrack.desk.ticking import case_without_mail
from mailtrack.desk.views import Goes, RouteView
from mailtrack.desk.writing import Style, recipient_of, write_letter
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import Decision, Disposition, Reason
from mailtrack.tickets.errand import Errand, ErrandDone
from mailtrack.tickets.fresh import Fresh


def decide_errand_done(
    errand: Errand, done: ErrandDone, *, policy: Policy, fresh: Fresh
) -> Decision:
    """A letter to the admin who asked, if they are one still. It does not say about whom."""
    reason = Reason("errand", f"{errand.kind.value} by {errand.by.lstrip('@')}")
    admin = next((one for one in policy.agents if one.id == errand.by and one.is_active), None)
    if admin is None:
        return Decision(Disposition.TICK, trace=(reason,))
    view = ErrandView(
        desk=desk_view(policy, policy.queues[0].address),
        zone=policy.zone,
        now=fresh.now,
        route=RouteView(Goes.COMMANDS),
        kind=errand.kind.value,
        done=done,
    )
    case = case_without_mail(policy, fresh, Context())
    letter = write_letter(
        case, "errand", recipient_of(admin), view=view, ticket=None, style=Style(why="errand")
    )
    return Decision(Disposition.TICK, letters=(letter,), trace=(reason,))
