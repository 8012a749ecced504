"""A mail that is coming in: a small one stays in memory, of a large one only the last piece.

So many large mails at one time cost disk, not memory. What is written so far lies under the
spool's ``tmp/`` and is gone when the client goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mailtrack.intake.spoolfile import opening_of
from mailtrack.intake.spoolwriter import SPILL_BYTES, SpoolWriter
from mailtrack.mail.envelope import Envelope


class Incoming:
    """Collects one mail, piece by piece. End it with ``store``, or else with ``discard``.

    ``beginning`` is enough of it to look at its head: the first ``SPILL_BYTES``, or all.
    """

    def __init__(
        self, envelope: Envelope, writer: SpoolWriter, check_room: Callable[[], None]
    ) -> None:
        self.size_bytes = 0
        self._envelope = envelope
        self._draft = writer.new_draft()
        self._writer = writer
        self._check_room = check_room
        self._held = b""
        self._beginning: bytes | None = None
        self._is_handed_over = False

    @property
    def beginning(self) -> bytes:
        """The first part of the mail, its head unless that is absurdly long."""
        return self._held if self._beginning is None else self._beginning

    async def add(self, piece: bytes) -> None:
        """Take the next piece. Raises SpoolFull or TemporaryFailure: then discard."""
        self.size_bytes += len(piece)
        self._held = self._held + piece if self._held else piece
        if len(self._held) < SPILL_BYTES:
            return
        self._check_room()
        written, self._held = self._held, b""
        if self._beginning is None:
            self._beginning = written[:SPILL_BYTES]
        opening = opening_of(self._envelope)
        await self._writer.in_thread(lambda: self._draft.write(opening, written))

    async def store(self, received_at: datetime, rest: bytes = b"") -> Envelope:
        """The envelope with its id, once the mail, ``rest`` included, survives a power cut.

        A cancelled caller does not stop it. Raises SpoolFull or TemporaryFailure, and then the
        mail was not accepted.
        """
        self._check_room()
        self._is_handed_over = True
        envelope = replace(self._envelope, received_at=received_at)
        return await self._writer.store(self._draft, envelope, self._held + rest)

    def store_now(self, raw: bytes) -> Envelope:
        """The same for a whole mail and without a loop."""
        self._check_room()
        self._is_handed_over = True
        return self._writer.store_now(self._draft, self._envelope, raw)

    def discard(self) -> None:
        """Forget the mail, unless it was handed over; doing it again changes nothing."""
        if not self._is_handed_over:
            self._is_handed_over = True
            if self._beginning is not None:
                self._writer.later(self._draft.discard)
