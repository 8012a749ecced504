"""The relay breaker: when the relay as a whole is in trouble, all letters wait, unblamed.

After each pause one letter goes ahead; if it gets through the rest follow. Times are seconds of
a clock that only goes forward.
"""

from __future__ import annotations

from typing import Final

PAUSE_SECONDS_FIRST: Final = 5.0
PAUSE_SECONDS_MAX: Final = 300.0
_DOUBLINGS_MAX: Final = 16


class Breaker:
    """Counts the relay's failures in a row."""

    def __init__(self) -> None:
        self._failures = 0
        self._open_until = 0.0

    @property
    def is_tripped(self) -> bool:
        """Whether the relay was in trouble when last heard of."""
        return self._failures > 0

    def pause_left(self, now: float) -> float:
        """How many seconds nothing is to be sent; 0 when something may."""
        return max(0.0, self._open_until - now)

    def trip(self, now: float) -> bool:
        """Note a failure; whether it is the first. Several within one pause count once."""
        if self.pause_left(now) > 0:
            return False
        doublings = min(self._failures, _DOUBLINGS_MAX)
        self._failures += 1
        self._open_until = now + min(PAUSE_SECONDS_FIRST * 2**doublings, PAUSE_SECONDS_MAX)
        return self._failures == 1

    def reset(self) -> bool:
        """Note a success; whether it ended a trouble."""
        was_tripped = self.is_tripped
        self._failures, self._open_until = 0, 0.0
        return was_tripped
