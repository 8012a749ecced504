"""What became of letters is written down: all that waits for it shares one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.store.outgoing import Database, Session

logger = log.get(__name__)

STALL_SECONDS: Final = 1.0  # after trouble with the database

Mark = Callable[[Session], None]


class Marker:
    """Writes marks in batches, and goes on until the database takes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._marks: list[tuple[Mark, asyncio.Future[None]]] = []
        self._marking: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Write no more."""
        if self._marking is not None:
            self._marking.cancel()

    async def mark(self, mark: Mark) -> None:
        """Note what became of a letter; returns when it is committed."""
        marked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._marks.append((mark, marked))
        if self._marking is None:
            self._marking = asyncio.create_task(self._mark_all())
        await marked

    async def _mark_all(self) -> None:
        while self._marks:
            batch, self._marks = self._marks, []
            try:
                await asyncio.to_thread(self._mark_now, [mark for mark, _ in batch])
            except TemporaryFailure as failure:
                # Unmarked, they would leave once more: try until the database is back.
                logger.warning("outbox_stalled", reason=failure.reason)
                self._marks = batch + self._marks
                await asyncio.sleep(STALL_SECONDS)
                continue
            except Exception as error:
                logger.error("letters_unmarked", count=len(batch), exc_info=error)
            for _, marked in batch:
                if not marked.cancelled():
                    marked.set_result(None)
        self._marking = None

    def _mark_now(self, marks: Sequence[Mark]) -> None:
        with self._database.transaction() as session:
            for mark in marks:
                mark(session)
