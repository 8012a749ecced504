"""When a letter that could not leave is tried again (RFC 5321 section 4.5.4.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

TRIES_MIN: Final = 3
JITTER_SHARE: Final = 0.2  # so that letters put off together do not come back together

_DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))


LATE_AFTER: Final = timedelta(hours=4)
GIVE_UP_AFTER: Final = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a letter is tried before its author is told, and before it is given up.

    An acknowledgement is stopped after ``acknowledged_within``: later it is worse than none.
    """

    late_after: timedelta = LATE_AFTER
    give_up_after: timedelta = GIVE_UP_AFTER
    acknowledged_within: timedelta = timedelta(days=1)


PATIENT: Final = Patience()


def next_try(
    attempts: int,
    ready_at: datetime,
    *,
    now: datetime,
    jitter: float,
    patience: Patience = PATIENT,
) -> datetime | None:
    """When to try again after ``attempts`` (1 or more) tries; None means give up.

    ``ready_at`` is when it was to leave, ``jitter`` between -1 and 1. A try falls on the moment
    when the letter becomes late, and the last one on the moment when it is given up. A letter
    that lay in a stopped desk gets its few tries all the same.
    """
    late_at, ends_at = ready_at + patience.late_after, ready_at + patience.give_up_after
    if now >= ends_at and attempts >= TRIES_MIN:
        return None
    delay = _DELAYS[min(attempts, len(_DELAYS)) - 1]
    wanted = now + delay * (1 + JITTER_SHARE * jitter)
    for milestone in (late_at, ends_at):
        if now < milestone < wanted:
            return milestone
    return wanted
