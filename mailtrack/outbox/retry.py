"""When a letter that could not leave is tried again (RFC 5321 section 4.5.4.1). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

GIVE_UP_AFTER: Final = timedelta(days=5)
JITTER_SHARE: Final = 0.2  # so that letters put off together do not come back together

_DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))


def next_try(
    attempts: int, written_at: datetime, *, now: datetime, jitter: float
) -> datetime | None:
    """When to try again after ``attempts`` (1 or more) tries; None means give up.

    ``jitter`` is between -1 and 1. The last try is made when the letter is five days old.
    """
    give_up_at = written_at + GIVE_UP_AFTER
    if now >= give_up_at:
        return None
    delay = _DELAYS[min(attempts, len(_DELAYS)) - 1]
    return min(now + delay * (1 + JITTER_SHARE * jitter), give_up_at)
