"""One slow or dead destination must not stop the others.

Letters go through one relay, but a relay can hang over a single domain: it asks that domain's
server whether the mailbox exists, or hands over while we wait. So no domain gets all hand-overs
or all claims, and one over which the relay hung is left alone for a while, with a breaker of
its own. Times are seconds of a clock that only goes forward.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from mailtrack.outbox.breaker import Breaker
from mailtrack.store.outgoing import Room

IN_TROUBLE_MAX: Final = 1000  # beyond it the one that was first in trouble is forgotten


class Destinations:
    """What each domain has in hand, and how it fared lately.

    ``claims_max`` is for one domain; of ``hand_overs_max`` one is always left to the others,
    unless there is but one.
    """

    def __init__(self, *, claims_max: int, hand_overs_max: int) -> None:
        self._claims_max = claims_max
        self._hand_overs_max = max(1, hand_overs_max - 1)
        self._in_hand = Counter[str]()
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._breakers: dict[str, Breaker] = {}

    def room(self, now: float, *, is_storm: bool) -> Room:
        """What may be claimed now: a domain in trouble gets nothing, then one to try it.

        A claim is a commit, so a domain that has most of its share in hand gets no more until
        there is room for several.
        """
        room = {
            domain: self._claims_max - count for domain, count in self._in_hand.items() if count
        }
        left = {
            domain: count if count >= self._claims_max // 2 else 0
            for domain, count in room.items()
        }
        for domain, breaker in self._breakers.items():
            is_closed = self._in_hand[domain] > 0 or breaker.pause_left(now) > 0
            left[domain] = 0 if is_closed else 1
        return Room(self._claims_max, left, is_storm)

    def take(self, domain: str) -> None:
        """A letter to that domain is in hand."""
        self._in_hand[domain] += 1

    def let_go(self, domain: str) -> None:
        """It is no longer."""
        self._in_hand[domain] -= 1
        if self._in_hand[domain] <= 0:
            del self._in_hand[domain]

    @asynccontextmanager
    async def gate(self, domain: str) -> AsyncIterator[None]:
        """Wait until the domain may have one more hand-over."""
        gate = self._gates.setdefault(domain, asyncio.Semaphore(self._hand_overs_max))
        try:
            async with gate:
                yield
        finally:
            if self._in_hand[domain] <= 1:
                self._gates.pop(domain, None)

    def trip(self, domain: str, now: float) -> bool:
        """The relay hung over that domain; whether it is news."""
        if domain not in self._breakers and len(self._breakers) >= IN_TROUBLE_MAX:
            self._breakers.pop(next(iter(self._breakers)))
        return self._breakers.setdefault(domain, Breaker()).trip(now)

    def reset(self, domain: str) -> None:
        """The relay answered for that domain."""
        self._breakers.pop(domain, None)

    def pause_left(self, domain: str, now: float) -> float:
        """How many seconds nothing is to be sent there; 0 when something may."""
        breaker = self._breakers.get(domain)
        return breaker.pause_left(now) if breaker else 0.0

    def next_try(self, now: float) -> float | None:
        """In how many seconds the first of the domains in trouble may be tried again."""
        pauses = [one.pause_left(now) for one in self._breakers.values()]
        return min((one for one in pauses if one > 0), default=None)
