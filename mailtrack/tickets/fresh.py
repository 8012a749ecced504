"""Time and chance, handed in: the only input of a decision that cannot be repeated.

Everything random in a decision is derived from one seed by name, so that a test that gives the
seed states finished letters to the byte, and a decision made twice is the same decision.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mailtrack.tickets.token import HANDLE_CHARS

SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is new in this decision. ``now`` is aware UTC.

    ``number``, ``held_number`` and ``quarantine_number`` are the next free ones; a decision
    opens at most one ticket and holds or sets apart at most one mail. ``decision_id`` is unique
    for ever: the spool id of the mail, or of the tick.
    """

    now: datetime
    number: int
    held_number: int
    decision_id: str
    seed: bytes = field(repr=False)
    quarantine_number: int = 1

    def handle(self, label: str) -> str:
        """A new token handle, always the same for the same label of one decision."""
        return (
            base64.b32encode(self._draw(f"handle/{label}"))
            .decode("ascii")
            .lower()[:HANDLE_CHARS]
        )

    def id(self, label: str) -> str:
        """A new id of 32 hexadecimal characters, the same for the same label."""
        return self._draw(f"id/{label}")[:16].hex()

    def _draw(self, label: str) -> bytes:
        return hmac.digest(self.seed, label.encode(), "sha256")
