"""Guesses at reply tokens: counted, braked, and told to the admins once (security section 3.4).

Whoever guesses hears nothing: the mail is taken as if it had brought no token, and the answer
of the front was given long before anybody looked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.letter_views import GuessedView
from mailtrack.desk.policy import Role
from mailtrack.desk.showing import desk_view
from mailtrack.desk.tokens import is_braked, row_of
from mailtrack.desk.views import Goes, RouteView
from mailtrack.desk.writing import Style, recipient_of, write_letter
from mailtrack.tickets.decision import BrakePeer, CountGuesses
from mailtrack.tickets.letter import Letter

GUESSES_OF_PEER_MAX: Final = 20  # in an hour
GUESSES_MAX: Final = 200  # in an hour, of everybody
BRAKED_FOR: Final = timedelta(minutes=30)


def look_at_guesses(case: Case) -> Outcome:
    """What the tokens of this mail that are none of ours come to."""
    if case.grant is not None:
        return Outcome()  # counted when it came
    if is_braked(case):
        return said("token", "too many guesses came from there: no token was looked at")
    count = _guesses_in(case)
    if not count:
        return Outcome()
    peer, known = case.reading.peer, case.context.guesses
    counted = Outcome((CountGuesses(peer, count),)) + said("token", "none of ours")
    if known.of_peer + count <= GUESSES_OF_PEER_MAX and known.of_all + count <= GUESSES_MAX:
        return counted
    until = case.fresh.now + BRAKED_FOR
    is_told = known.last_until is not None and known.last_until > case.fresh.now
    letters = () if is_told else _letters(case, known.of_all + count)
    return counted + Outcome((BrakePeer(peer, until),), letters)


def _guesses_in(case: Case) -> int:
    """How many tokens nobody made. One signed by a key that was taken away is no guess."""
    keys = {key_id for key_id, _ in case.policy.keys.keys}
    texts = dict.fromkeys((*case.reading.tokens, *case.reading.id_tokens))
    rows = ((seen, row_of(case, seen)) for seen in texts if seen.key_id in keys)
    return sum(row is None or not case.policy.keys.proves(seen, row) for seen, row in rows)


def _letters(case: Case, count: int) -> tuple[Letter, ...]:
    policy = case.policy
    view = GuessedView(
        desk=desk_view(policy, policy.queues[0].address),
        zone=policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.COMMANDS),
        peer=case.reading.peer,
        count=count,
        until=case.fresh.now + BRAKED_FOR,
    )
    admins = (one for one in policy.agents if one.is_active and one.role is Role.ADMIN)
    style = Style(why="guessed")
    return tuple(
        write_letter(case, "guessed", recipient_of(one), view=view, ticket=None, style=style)
        for one in admins
    )
