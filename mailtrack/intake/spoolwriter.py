"""How a mail comes to disk: write, sync, rename, sync the folder; many at a time.

A few threads write: each takes some of the mails that wait, writes all of them and only then
syncs them, so that they share the disk's journal; the renames of all that are written share one
sync of the folder. Ids are given at the rename, under a lock, so that they rise in the order of
acceptance and nobody who looks at ``new/`` can overlook a mail that is older than another.

A thread that comes back from the disk waits for the loop to let Python go. Few threads, few
calls, and one message to the loop for many mails are what makes this quick.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.spooldraft import Draft
from mailtrack.mail.envelope import Envelope

logger = log.get(__name__)

WRITERS_MAX: Final = 4  # threads; each waits for the disk most of the time
SHARE_MAX: Final = 16  # mails that one of them takes at a time
# So many mails within so short a time are a rush: a desk that is busy with them takes fewer.
RUSH_MAILS: Final = 24
RUSH_SECONDS: Final = 0.25

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpoolFull(TemporaryFailure):
    """There is no room for another mail; there may be later (SMTP 452 4.3.1)."""


@dataclass(frozen=True, slots=True)
class _Order:
    """A mail to be stored, what of it is not yet written, and where its id is waited for."""

    draft: Draft
    rest: bytes
    named: asyncio.Future[str]


_Outcome = tuple[_Order, str | Exception]


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
        self.is_broken = False
        self._drafts = drafts
        self._new = new
        self._published = published
        self._sync = sync
        self._mark = secrets.token_hex(4)  # no two processes share one
        self._draft_numbers = count()
        self._last_us = 0
        self._writers = ThreadPoolExecutor(WRITERS_MAX, thread_name_prefix="spool")
        self._gate = threading.Lock()
        self._waiting: deque[_Order] = deque()
        self._writing = 0  # threads at work on what waits
        self._naming = threading.Lock()
        self._written: deque[_Order] = deque()
        self._stores: set[asyncio.Future[str]] = set()
        self._stored_at: deque[float] = deque(maxlen=RUSH_MAILS)  # monotonic

    @property
    def is_in_a_rush(self) -> bool:
        """Whether the last ``RUSH_MAILS`` mails came within ``RUSH_SECONDS``."""
        times = self._stored_at
        return len(times) == RUSH_MAILS and time.monotonic() - times[0] < RUSH_SECONDS

    def begin_above(self, microseconds: int) -> None:
        """Give only ids that are newer than this, should the clock have been put back."""
        self._last_us = max(self._last_us, microseconds)

    def draft_path(self) -> Path:
        """A name that nobody has, for a mail that has no id yet."""
        return self._drafts / f"{self._mark}.{next(self._draft_numbers)}"

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Wait for the disk. Raises SpoolFull or TemporaryFailure."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._writers, work)
        except OSError as error:
            raise _failure_from(error) from error

    def later(self, work: Callable[[], None]) -> None:
        """Have something done that nobody waits for."""
        self._writers.submit(work)

    async def store(self, draft: Draft, rest: bytes) -> Envelope:
        """Add ``rest``, and make it a mail; the answer is the envelope with its id and hash.

        A cancelled caller does not stop it. Raises SpoolFull or TemporaryFailure.
        """
        loop = asyncio.get_running_loop()
        named: asyncio.Future[str] = loop.create_future()
        self._stores.add(named)
        named.add_done_callback(self._forget)
        with self._gate:
            self._waiting.append(_Order(draft, rest, named))
            is_wanted = self._writing < WRITERS_MAX
            self._writing += is_wanted
        if is_wanted:
            self._writers.submit(self._write_what_waits, loop)
        try:
            spool_id = await asyncio.shield(named)
        except OSError as error:
            raise _failure_from(error) from error
        return replace(draft.envelope, spool_id=spool_id)

    def store_now(self, draft: Draft, raw: bytes) -> Envelope:
        """The same without a loop."""
        try:
            self._write(draft, raw)
            self._to_disk(draft)
            with self._naming:
                (spool_id,) = self._publish([draft])
        except OSError as error:
            raise _failure_from(error) from error
        self._published()
        return replace(draft.envelope, spool_id=spool_id)

    def publish_now(self, path: Path) -> str:
        """Give a finished file on the same disk an id and its place among those that wait."""
        with self._naming:
            target = self._new / self._next_id()
            path.rename(target)
            self._sync_folder()
        self._published()
        return target.name

    async def close(self) -> None:
        """Finish what is being stored."""
        await asyncio.gather(*self._stores, return_exceptions=True)
        self._writers.shutdown()

    def _forget(self, named: asyncio.Future[str]) -> None:
        self._stores.discard(named)
        if not named.cancelled():
            named.exception()  # whoever waited may be gone

    # In the threads.

    def _write_what_waits(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write and publish, some mails at a time, until nothing waits."""
        while True:
            with self._gate:
                share = min(len(self._waiting), SHARE_MAX)
                orders = [self._waiting.popleft() for _ in range(share)]
                self._writing -= not orders
            if not orders:
                return
            outcomes = self._written_of(orders)
            with self._naming:
                outcomes += self._publish_what_is_written()
            if outcomes:
                loop.call_soon_threadsafe(self._tell, outcomes)

    def _written_of(self, orders: Sequence[_Order]) -> list[_Outcome]:
        """Write all of these, then sync them; those that failed. The others wait for a name."""
        failed: list[_Outcome] = []
        for step in (self._write, self._to_disk):
            left: list[_Order] = []
            for order in orders:
                try:
                    step(order.draft, order.rest)
                except Exception as error:  # noqa: BLE001 - raised where the mail is waited for
                    failed.append((order, error))
                else:
                    left.append(order)
            orders = left
        self._written.extend(orders)
        return failed

    def _publish_what_is_written(self) -> list[_Outcome]:
        """By all threads together: who comes first publishes for the others too."""
        orders = [self._written.popleft() for _ in range(len(self._written))]
        if not orders:
            return []
        try:
            ids = self._publish([order.draft for order in orders])
        except Exception as error:  # noqa: BLE001 - raised where the mails are waited for
            return [(order, error) for order in orders]
        return list(zip(orders, ids, strict=True))

    def _tell(self, outcomes: Sequence[_Outcome]) -> None:
        """In the loop again: answer everybody who waits."""
        now = time.monotonic()
        for order, outcome in outcomes:
            if isinstance(outcome, Exception):
                order.named.set_exception(outcome)
            else:
                order.named.set_result(outcome)
                self._stored_at.append(now)
        self._published()

    def _write(self, draft: Draft, rest: bytes) -> None:
        try:
            draft.finish(rest)
        except BaseException:
            draft.discard()
            raise

    def _to_disk(self, draft: Draft, _rest: bytes = b"") -> None:
        try:
            draft.sync(self._sync_or_break)
        except BaseException:
            draft.discard()
            raise

    def _publish(self, drafts: Sequence[Draft]) -> list[str]:
        """Give each its id and sync the folder once. All of them are accepted, or none."""
        placed: list[Path] = []
        try:
            for draft in drafts:
                target = self._new / self._next_id()
                draft.path.rename(target)
                placed.append(target)
            self._sync_folder()
        except BaseException:
            for path in (*placed, *(draft.path for draft in drafts)):
                path.unlink(missing_ok=True)
            raise
        return [path.name for path in placed]

    def _sync_folder(self) -> None:
        descriptor = os.open(self._new, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._sync_or_break(descriptor)
        finally:
            os.close(descriptor)

    def _sync_or_break(self, descriptor: int) -> None:
        """Sync; after a failure that is not a full disk nothing more is accepted.

        The kernel drops the pages it could not write and the next sync says all is well:
        only a restart tells what is really on disk.
        """
        try:
            self._sync(descriptor)
        except OSError as error:
            if error.errno not in _FULL:
                self.is_broken = True
                logger.critical("spool_broken", reason=error.strerror, path=str(self._new))
            raise

    def _next_id(self) -> str:
        self._last_us = max(time.time_ns() // 1000, self._last_us + 1)
        return f"{self._last_us:016d}-{self._mark}"


def _failure_from(error: OSError) -> TemporaryFailure:
    reason = f"{error.strerror} ({errno.errorcode.get(error.errno or 0, '?')})"
    if error.errno in _FULL:
        return SpoolFull("Out of room", reason=reason)
    return TemporaryFailure("Storage failure", reason=reason)
