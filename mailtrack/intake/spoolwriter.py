"""Who brings a mail to disk, and who is told: the loop's side of ``spooldisk``.

A process of its own writes what came in one piece (see ``spoolprocess``); threads of ours write
what is too large for that, and everything while there is no such process. Few threads, few
calls, and one message to the loop for many mails are what makes this quick.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.spoolchild import Report
from mailtrack.intake.spooldisk import (
    NO_ROOM,
    Order,
    Outcome,
    SpoolDisk,
    WriterThreads,
    microseconds_of,
)
from mailtrack.intake.spooldraft import Draft
from mailtrack.intake.spoolfile import opening_of
from mailtrack.intake.spoolprocess import WriterProcess
from mailtrack.mail.envelope import Envelope

logger = log.get(__name__)

WRITERS_MAX: Final = 4  # threads; each waits for the disk most of the time
# So many mails within so short a time are a rush: a desk that is busy with them takes fewer.
RUSH_MAILS: Final = 24
RUSH_SECONDS: Final = 0.25
# What is kept in memory of a mail. A larger one, held by somebody who has to, is written by
# threads: not copied again and again, and no small one waits behind it.
SPILL_BYTES: Final = 128 * 1024
# If a mail was its death, those who come with it are not put off again and again.
PROCESS_AGAIN_SECONDS: Final = 60.0


class SpoolFull(TemporaryFailure):
    """There is no room for another mail; there may be later (SMTP 452 4.3.1)."""


class SpoolWriter:
    """Writes into ``drafts`` and publishes in ``new``, which must be on one file system.

    ``published`` is called after each batch, in the thread of the loop (or of ``store_now``).
    """

    def __init__(
        self,
        *,
        drafts: Path,
        new: Path,
        published: Callable[[], None],
        sync: Callable[[int], None],
    ) -> None:
        self._drafts = drafts
        self._new = new
        self._published = published
        self._disk = SpoolDisk(new, sync=sync)
        self._newest_us = 0  # of all ids that somebody was told, whoever gave them
        self._numbers = count()
        self._threads = ThreadPoolExecutor(WRITERS_MAX, thread_name_prefix="spool")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writers = WriterThreads(
            self._disk, self._threads, threads_max=WRITERS_MAX, tell=self._tell_loop
        )
        self._process: WriterProcess | None = None
        self._lock: int | None = None
        self._process_starts: asyncio.Task[None] | None = None
        self._process_again: asyncio.TimerHandle | None = None
        self._is_break_told = False
        self._is_closing = False
        self._stores: dict[int, asyncio.Future[Outcome]] = {}
        self._all_told = asyncio.Event()
        self._all_told.set()
        self._stored_at: deque[float] = deque(maxlen=RUSH_MAILS)  # monotonic

    @property
    def is_broken(self) -> bool:
        """Whether the disk did not keep what it was given: nothing is accepted any more."""
        return self._disk.broken_because is not None

    @property
    def is_in_a_rush(self) -> bool:
        """Whether the last ``RUSH_MAILS`` mails came within ``RUSH_SECONDS``."""
        times = self._stored_at
        return len(times) == RUSH_MAILS and time.monotonic() - times[0] < RUSH_SECONDS

    def begin_above(self, microseconds: int) -> None:
        """Give only ids that are newer than this, should the clock have been put back."""
        self._newest_us = max(self._newest_us, microseconds)

    def new_draft(self) -> Draft:
        """A draft under a name that nobody has, for a mail that has no id yet."""
        return Draft(self._drafts / f"{self._disk.mark}.{next(self._numbers)}")

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Wait for the disk. Raises SpoolFull or TemporaryFailure."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            raise _failure_from(error) from error

    def later(self, work: Callable[[], None]) -> None:
        """Have something done that nobody waits for."""
        with contextlib.suppress(RuntimeError):  # no thread begins: it is done by one of later
            self._threads.submit(work)

    async def store(self, draft: Draft, envelope: Envelope, rest: bytes) -> Envelope:
        """Add ``rest``, and make it a mail; the answer is the envelope with its id and hash.

        A cancelled caller does not stop it. Raises SpoolFull or TemporaryFailure.
        """
        loop = asyncio.get_running_loop()
        order = self._order(draft, envelope, rest)
        told = self._stores[order.number] = loop.create_future()
        self._all_told.clear()
        is_small = not draft.is_begun and len(rest) < SPILL_BYTES
        if self._process is not None and self._process.is_up and is_small:
            self._process.order(order)
        else:
            self._loop = loop
            self._writers.add(order)
        return _stored(envelope, await told)

    def store_now(self, draft: Draft, envelope: Envelope, raw: bytes) -> Envelope:
        """The same without a loop."""
        outcome = self._disk.store_one(self._order(draft, envelope, raw))
        stored = _stored(envelope, outcome)
        self.begin_above(microseconds_of(stored.spool_id))
        self._published()
        return stored

    def publish_now(self, path: Path) -> str:
        """Give a finished file on the same disk an id and its place among those that wait."""
        spool_id = self._disk.publish_file(path, above=self._newest_us)
        self._published()
        return spool_id

    async def close(self) -> None:
        """Finish what is being stored."""
        await self._all_told.wait()
        self._is_closing = True
        if self._process_again:
            self._process_again.cancel()
        if self._process_starts:
            await self._process_starts
        if self._process:
            await self._process.close()
        self._threads.shutdown()

    # The process that writes for us.

    async def start_process(self, *, lock: int | None) -> None:
        """Let a process of its own write from now on, if the machine lets it begin."""
        self._lock = lock
        await self._begin()

    def _begin(self) -> asyncio.Task[None]:
        self._process_starts = asyncio.ensure_future(self._started())
        return self._process_starts

    async def _started(self) -> None:
        process = WriterProcess(told=self._tell_of, ended=self._put_off)
        try:
            await process.start(self._new, lock=self._lock)
        except OSError as error:
            logger.warning("spool_process_missing", reason=str(error))
            self._begin_later()
        else:
            self._process = process

    def _begin_later(self) -> None:
        if not self._is_closing:
            loop = asyncio.get_running_loop()
            self._process_again = loop.call_later(PROCESS_AGAIN_SECONDS, self._begin)

    def _put_off(self, orders: Iterable[Order]) -> None:
        """It ended, and what became of these is not known: they may have been published."""
        gone = OSError(errno.EPIPE, "the process that writes ended")
        for order in orders:
            self.later(order.draft.discard)
        self._tell(Outcome(order.number, error=gone) for order in orders)
        self._begin_later()

    def _tell_of(self, report: Report) -> None:
        if report.broken_because:
            self._disk.broken_because = report.broken_because
        self._tell(report.outcomes)

    # What became of the orders.

    def _order(self, draft: Draft, envelope: Envelope, rest: bytes) -> Order:
        opening = opening_of(envelope)
        return Order(next(self._numbers), draft, opening, rest, self._newest_us)

    def _tell_loop(self, outcomes: list[Outcome]) -> None:
        assert self._loop is not None, "somebody waits there"
        self._loop.call_soon_threadsafe(self._tell, outcomes)

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        """In the loop: answer everybody who waits."""
        now = time.monotonic()
        for outcome in outcomes:
            told = self._stores.pop(outcome.number)
            if not told.cancelled():  # whoever waited may be gone
                told.set_result(outcome)
            if outcome.error is None:
                self.begin_above(microseconds_of(outcome.spool_id))
                self._stored_at.append(now)
        if not self._stores:
            self._all_told.set()
        if self.is_broken and not self._is_break_told:
            self._is_break_told = True
            reason = self._disk.broken_because
            logger.critical("spool_broken", reason=reason, path=str(self._new))
        self._published()


def _stored(envelope: Envelope, outcome: Outcome) -> Envelope:
    """The envelope of a mail that is on disk. Raises what kept it from there."""
    if isinstance(outcome.error, OSError):
        raise _failure_from(outcome.error) from outcome.error
    if outcome.error:
        raise outcome.error
    return replace(
        envelope,
        spool_id=outcome.spool_id,
        size_bytes=outcome.size_bytes,
        sha256=outcome.sha256,
    )


def _failure_from(error: OSError) -> TemporaryFailure:
    reason = f"{error.strerror} ({errno.errorcode.get(error.errno or 0, '?')})"
    if error.errno in NO_ROOM:
        return SpoolFull("Out of room", reason=reason)
    return TemporaryFailure("Storage failure", reason=reason)
