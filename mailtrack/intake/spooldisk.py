"""How mails come to disk: write, sync, rename, sync the folder; many at a time.

A few threads write: each takes some of the mails that wait, writes all of them and only then
syncs them, so that they share the disk's journal; the renames of all that are written share one
sync of the folder. Ids are given at the rename, under a lock, so that they rise in the order of
acceptance and nobody who looks at ``new/`` can overlook a mail that is older than another.

This runs in the daemon and in the process that writes for it (see ``spoolprocess``), so it
knows no loop and no log.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from mailtrack.intake.spooldraft import Draft

SHARE_MAX: Final = 16  # mails that a thread takes at a time
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Order(NamedTuple):
    """A mail to be stored: its draft, the envelope line's beginning, what is not yet written.

    ``above`` is the microsecond that its id must come after.
    """

    number: int
    draft: Draft
    opening: bytes
    rest: bytes
    above: int


class Outcome(NamedTuple):
    """What became of an order: stored if ``error`` is None."""

    number: int
    spool_id: str = ""
    size_bytes: int = 0
    sha256: str = ""
    error: Exception | None = None


class SpoolDisk:
    """The steps of one process. Drafts must be on the file system of ``new``.

    ``broken_because`` is set once a sync failed, and stays: nothing is accepted any more.
    """

    def __init__(self, new: Path, *, sync: Callable[[int], None] = os.fsync) -> None:
        self.broken_because: str | None = None
        self.mark = secrets.token_hex(4)  # no two processes share one
        self._new = new
        self._sync = sync
        self._last_us = 0
        self._naming = threading.Lock()
        self._written: deque[Order] = deque()

    def store(self, orders: Sequence[Order]) -> list[Outcome]:
        """Write and publish these; the outcomes that are known now.

        Threads publish for each other: some of these may be told to another of them. Raises
        nothing.
        """
        outcomes = self._write_and_sync(orders)
        with self._naming:
            return outcomes + self._publish_what_is_written()

    def store_one(self, order: Order) -> Outcome:
        """The same for one alone."""
        outcomes = self._write_and_sync([order])
        with self._naming:
            return (outcomes + self._publish_what_is_written())[0]

    def publish_file(self, path: Path, *, above: int) -> str:
        """Give a finished file on the same disk an id and its place among those that wait."""
        with self._naming:
            target = self._new / self._next_id(above)
            path.rename(target)
            self._sync_folder()
        return target.name

    def _write_and_sync(self, orders: Sequence[Order]) -> list[Outcome]:
        """Write all of these, then sync them; those that failed. The others wait for a name."""
        failed: list[Outcome] = []
        for step in (self._write, self._to_disk):
            left: list[Order] = []
            for order in orders:
                try:
                    step(order)
                except Exception as error:  # noqa: BLE001 - raised where the mail is waited for
                    failed.append(Outcome(order.number, error=error))
                else:
                    left.append(order)
            orders = left
        self._written.extend(orders)
        return failed

    def _publish_what_is_written(self) -> list[Outcome]:
        """By all threads together: who comes first publishes for the others too."""
        orders = [self._written.popleft() for _ in range(len(self._written))]
        if not orders:
            return []
        try:
            ids = self._publish(orders)
        except Exception as error:  # noqa: BLE001 - raised where the mails are waited for
            return [Outcome(order.number, error=error) for order in orders]
        return [
            Outcome(order.number, spool_id, order.draft.size_bytes, order.draft.sha256)
            for order, spool_id in zip(orders, ids, strict=True)
        ]

    def _write(self, order: Order) -> None:
        try:
            order.draft.finish(order.opening, order.rest)
        except BaseException:
            order.draft.discard()
            raise

    def _to_disk(self, order: Order) -> None:
        try:
            order.draft.sync(self._sync_or_break)
        except BaseException:
            order.draft.discard()
            raise

    def _publish(self, orders: Sequence[Order]) -> list[str]:
        """Give each its id and sync the folder once. All of them are accepted, or none."""
        placed: list[Path] = []
        try:
            for order in orders:
                target = self._new / self._next_id(order.above)
                order.draft.path.rename(target)
                placed.append(target)
            self._sync_folder()
        except BaseException:
            for path in (*placed, *(order.draft.path for order in orders)):
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
            if error.errno not in NO_ROOM:
                self.broken_because = error.strerror or str(error)
            raise

    def _next_id(self, above: int) -> str:
        self._last_us = max(time.time_ns() // 1000, self._last_us + 1, above + 1)
        return f"{self._last_us:016d}-{self.mark}"


def microseconds_of(spool_id: str) -> int:
    """The instant that an id holds, in microseconds since 1970."""
    return int(spool_id.partition("-")[0])


class WriterThreads:
    """The orders that wait, and the threads that work them off; ``tell`` is called in these."""

    def __init__(
        self,
        disk: SpoolDisk,
        threads: ThreadPoolExecutor,
        *,
        threads_max: int,
        tell: Callable[[list[Outcome]], None],
    ) -> None:
        self._disk = disk
        self._threads = threads
        self._threads_max = threads_max
        self._tell = tell
        self._gate = threading.Lock()
        self._waiting: deque[Order] = deque()
        self._at_work = 0

    def add(self, order: Order) -> None:
        """Have it written soon."""
        with self._gate:
            self._waiting.append(order)
            is_thread_wanted = self._at_work < self._threads_max
            self._at_work += is_thread_wanted
        if is_thread_wanted:
            try:
                self._threads.submit(self._work_off)
            except RuntimeError:  # the machine lets no thread begin: slowly, but not never
                self._work_off()

    def _work_off(self) -> None:
        """Write and publish, some mails at a time, until nothing waits."""
        while True:
            with self._gate:
                share = min(len(self._waiting), SHARE_MAX)
                orders = [self._waiting.popleft() for _ in range(share)]
                if not orders:
                    # Who could not begin may still come, when somebody else did the work.
                    self._at_work = max(0, self._at_work - 1)
                    return
            if outcomes := self._disk.store(orders):
                self._tell(outcomes)
