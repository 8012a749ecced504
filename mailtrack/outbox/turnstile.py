"""The turnstile before the moment in which a crash would send a letter twice.

Between the final dot and the commit of the mark nobody knows whether the relay has the letter.
One letter at a time goes through this moment, so that a crash doubles one and not eight. A
relay that takes its time with one does not hold up the others for long.
"""

from __future__ import annotations

import asyncio
from typing import Final

TURN_SECONDS_MAX: Final = 0.5  # Postfix on the same machine answers in a twentieth of it


class Turnstile:
    """One turn at a time, or nearly."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def enter(self) -> bool:
        """Wait for the turn; False if the wait was long enough to go on without it."""
        try:
            async with asyncio.timeout(TURN_SECONDS_MAX):
                await self._turn.acquire()
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Give the turn to the next."""
        self._turn.release()


class Turn:
    """The turn of one letter: taken by the courier, ended when the letter is marked."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self._is_held = False

    async def take(self) -> None:
        """Go on when it is our turn."""
        self._is_held = self._is_held or await self._turnstile.enter()

    def end(self) -> None:
        """Let the next go; doing it again changes nothing."""
        if self._is_held:
            self._is_held = False
            self._turnstile.leave()
