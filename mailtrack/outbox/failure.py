"""What became of a letter that did not reach its reader, for whoever tells its author."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailtrack.store.outgoing import Claimed


class FailureKind(StrEnum):
    """What somebody should be told of a letter."""

    LATE = "late"  # still tried
    GIVEN_UP = "given_up"  # tried for five days
    REFUSED = "refused"
    STALE = "stale"  # an acknowledgement that would come days late
    BLOCKED = "blocked"  # by our own gate: it would have been unsafe


@dataclass(frozen=True, slots=True)
class LetterFailure:
    """A letter that did not reach its reader, or not yet. ``at`` is aware UTC."""

    letter: Claimed
    kind: FailureKind
    reason: str
    at: datetime
