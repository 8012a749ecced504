"""Letters that wait too long, tried or not: the relay may be down, or an earlier one is first.

That somebody's words are late is told to them once; what the desk wrote by itself may be late.
Letters that nobody could try are given up only while the relay proves to be down for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from mailtrack import log
from mailtrack.outbox.failure import FailureKind, LetterFailure
from mailtrack.outbox.marker import Marker
from mailtrack.outbox.retry import Patience
from mailtrack.store import outgoing
from mailtrack.store.outgoing import Claimed, Database

logger = log.get(__name__)

OVERDUE_MAX: Final = 1000  # looked at in one go, the oldest first
EVERY_SECONDS: Final = 30.0
# After ten days off all is late and on its way: nobody is told before it had its chance.
GRACE: Final = timedelta(minutes=10)
# A relay must have been down for so long before letters that nobody tried are given up.
TROUBLE_MIN: Final = timedelta(hours=1)


class Overdue:
    """Looks at what waits, by the desk's clock. ``relay_down_since`` is set by the sender."""

    def __init__(
        self,
        database: Database,
        marker: Marker,
        *,
        now: Callable[[], datetime],
        tell: Callable[[LetterFailure], Awaitable[None]],
        patience: Patience,
    ) -> None:
        self._database, self._marker = database, marker
        self._now, self._tell, self._patience = now, tell, patience
        self._told: set[str] = set()
        self._look_from = now()
        self.relay_down_since: datetime | None = None

    def begin(self) -> None:
        """The desk starts: what waits gets its chance first."""
        self._look_from = self._now() + GRACE

    def is_late(self, letter: Claimed, now: datetime) -> bool:
        """Whether it was to leave so long ago that its author should know."""
        return now - letter.ready_at >= self._patience.late_after

    def forget(self, letter: Claimed) -> None:
        """The letter waits no longer."""
        self._told.discard(letter.letter_id)

    async def look(self) -> None:
        """Look at all that waits, if it is time to."""
        now = self._now()
        if now < self._look_from:
            return
        self._look_from = now + timedelta(seconds=EVERY_SECONDS)
        for letter in await asyncio.to_thread(self._waiting, now - self._patience.late_after):
            reason = letter.reason or "earlier letters of its ticket are on their way"
            if self._is_hopeless(letter, now):
                await self._end_untried(letter, reason)
            else:
                await self.tell_if_late(letter, reason)

    def _waiting(self, before: datetime) -> tuple[Claimed, ...]:
        with self._database.reading() as session:
            return outgoing.overdue(session, before=before, limit=OVERDUE_MAX)

    def _is_hopeless(self, letter: Claimed, now: datetime) -> bool:
        """Whether its days are over and the relay takes nothing anyway."""
        since = self.relay_down_since
        is_down = since is not None and now - since >= TROUBLE_MIN
        return is_down and now - letter.ready_at >= self._patience.give_up_after

    async def _end_untried(self, letter: Claimed, reason: str) -> None:
        now, why = self._now(), f"the relay has been in trouble for days: {reason}"
        if not letter.is_automatic:
            await self._tell(LetterFailure(letter, FailureKind.GIVEN_UP, why, now))
        self.forget(letter)
        await self._marker.mark(lambda s: outgoing.fail_waiting(s, letter.letter_id, now, why))
        logger.info("letter_given_up", letter=letter.letter_id, reason=why)

    async def tell_if_late(self, letter: Claimed, reason: str) -> None:
        """Tell once that somebody's words are late; what the desk wrote itself may be."""
        now = self._now()
        if letter.is_automatic or letter.letter_id in self._told:
            return
        if not self.is_late(letter, now):
            return
        self._told.add(letter.letter_id)
        await self._tell(LetterFailure(letter, FailureKind.LATE, reason, now))
