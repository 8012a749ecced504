"""How a mail comes to disk: write, sync, rename, sync the folder; many at a time.

Each file is written and synced by a thread of its own; the renames of all that wait share one
sync of the folder. Ids are given at the rename, in one thread, so that they rise in the order
of acceptance and nobody who looks at ``new/`` can overlook a mail that is older than another.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.spoolfile import head_of, sha256_of
from mailtrack.mail.envelope import Envelope

logger = log.get(__name__)

WRITERS_MAX: Final = 16  # threads; each waits for the disk most of the time
BATCH_MAX: Final = 64  # renames that share one sync of the folder
FILE_MODE: Final = 0o600

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpoolFull(TemporaryFailure):
    """There is no room for another mail; there may be later (SMTP 452 4.3.1)."""


@dataclass(frozen=True, slots=True)
class _Draft:
    path: Path
    envelope: Envelope


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
        self._naming = threading.Lock()
        self._writers = ThreadPoolExecutor(WRITERS_MAX, thread_name_prefix="spool")
        self._publisher = ThreadPoolExecutor(1, thread_name_prefix="spool-names")
        self._stores: set[asyncio.Task[Envelope]] = set()
        self._written: list[tuple[_Draft, asyncio.Future[str]]] = []
        self._publishing: asyncio.Task[None] | None = None

    def begin_above(self, microseconds: int) -> None:
        """Give only ids that are newer than this, should the clock have been put back."""
        self._last_us = max(self._last_us, microseconds)

    async def store(self, raw: bytes, envelope: Envelope) -> Envelope:
        """The envelope with its id and hash, once the mail survives a power cut.

        A cancelled caller does not stop it. Raises SpoolFull or TemporaryFailure.
        """
        store = asyncio.ensure_future(self._store(raw, envelope))
        self._stores.add(store)
        store.add_done_callback(self._stores.discard)
        return await asyncio.shield(store)

    def store_now(self, raw: bytes, envelope: Envelope) -> Envelope:
        """The same without a loop."""
        try:
            draft = self._write(raw, envelope)
            (spool_id,) = self._publish([draft])
        except OSError as error:
            raise _failure_from(error) from error
        self._published()
        return replace(draft.envelope, spool_id=spool_id)

    def publish_now(self, path: Path) -> str:
        """Give a finished file on the same disk an id and its place among those that wait."""
        target = self._new / self._next_id()
        path.rename(target)
        self._sync_folder()
        self._published()
        return target.name

    async def close(self) -> None:
        """Finish what is being stored."""
        await asyncio.gather(*self._stores, return_exceptions=True)
        self._writers.shutdown()
        self._publisher.shutdown()

    async def _store(self, raw: bytes, envelope: Envelope) -> Envelope:
        loop = asyncio.get_running_loop()
        try:
            draft = await loop.run_in_executor(self._writers, self._write, raw, envelope)
            named: asyncio.Future[str] = loop.create_future()
            self._written.append((draft, named))
            if self._publishing is None:
                self._publishing = asyncio.ensure_future(self._publish_all())
            spool_id = await named
        except OSError as error:
            raise _failure_from(error) from error
        return replace(draft.envelope, spool_id=spool_id)

    async def _publish_all(self) -> None:
        """Name what is written, as many at once as are waiting, until nothing waits."""
        loop = asyncio.get_running_loop()
        while self._written:
            batch, self._written = self._written[:BATCH_MAX], self._written[BATCH_MAX:]
            drafts = [draft for draft, _ in batch]
            try:
                ids = await loop.run_in_executor(self._publisher, self._publish, drafts)
            except Exception as error:  # noqa: BLE001 - it is raised where the mail is waited for
                for _, named in batch:
                    named.set_exception(error)
                continue
            for (_, named), spool_id in zip(batch, ids, strict=True):
                named.set_result(spool_id)
            self._published()
        self._publishing = None

    def _write(self, raw: bytes, envelope: Envelope) -> _Draft:
        """Write and sync one file under ``tmp/``; it has no id yet."""
        known = replace(envelope, sha256=sha256_of(raw))
        path = self._drafts / f"{self._mark}.{next(self._draft_numbers)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(path, flags, FILE_MODE), "wb") as file:
                file.write(head_of(known))
                file.write(raw)
                file.flush()
                self._sync_or_break(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _Draft(path, known)

    def _publish(self, drafts: Sequence[_Draft]) -> list[str]:
        """Give each draft its id and sync the folder once. All of them are accepted, or none.

        The ids are given here, in one thread, so that they rise in the order of acceptance.
        """
        placed: list[Path] = []
        try:
            for draft in drafts:
                target = self._new / self._next_id()
                draft.path.rename(target)
                placed.append(target)
            self._sync_folder()
        except OSError:
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
        with self._naming:
            self._last_us = max(time.time_ns() // 1000, self._last_us + 1)
            return f"{self._last_us:016d}-{self._mark}"


def _failure_from(error: OSError) -> TemporaryFailure:
    reason = f"{error.strerror} ({errno.errorcode.get(error.errno or 0, '?')})"
    if error.errno in _FULL:
        return SpoolFull("Out of room", reason=reason)
    return TemporaryFailure("Storage failure", reason=reason)
