"""The spool: what was accepted and not yet worked through, a file per mail.

``put`` returns when the file and its name are on disk, and not before (``spoolwriter`` says
how, ``spoolfile`` what is in the file). Nothing here needs a database, and an operator can look
at all of it.

Never answer an accepted mail before ``put`` is done, and never delete from ``new/``: a mail
leaves by ``archive`` or by ``quarantine``.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from mailtrack.errors import TemporaryFailure
from mailtrack.intake.archive import Archive
from mailtrack.intake.incoming import Incoming
from mailtrack.intake.spooldraft import FILE_MODE
from mailtrack.intake.spoolfile import (
    HEAD_BYTES_MAX,
    envelope_from,
    prove_file,
    salvaged_from,
    split_file,
)
from mailtrack.intake.spoolfile import SpoolDamaged as SpoolDamaged
from mailtrack.intake.spoollock import SpoolLock, is_at_work
from mailtrack.intake.spoollock import SpoolLocked as SpoolLocked
from mailtrack.intake.spoolwriter import SpoolFull as SpoolFull
from mailtrack.intake.spoolwriter import SpoolWriter
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front, RawFile

ROOM_CHECK_SECONDS: Final = 1.0
REASON_CHARS_MAX: Final = 1000
FOLDER_MODE: Final = 0o700

# The file is gone, or lies where the disk gives nothing back.
_FILE_LOST: Final = frozenset({errno.ENOENT, errno.EIO})
_FILE_SHUT: Final = frozenset({errno.EACCES, errno.EPERM})
# Microseconds since 1970, strictly rising in a process, and the mark of that process.
_SPOOL_ID: Final = re.compile(r"(\d{16})-[0-9a-f]{8}\Z")


class SpoolShut(TemporaryFailure):
    """A waiting mail's file is not open to this user, as after `cp` by root."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The room on the disk below which nothing is accepted; the larger of the two holds."""

    bytes_min: int = 500 * 1024 * 1024
    share_min: float = 0.05


class Spool:
    """The spool under ``root``: ``tmp``, ``new``, ``attempts``, ``quarantine``.

    ``doorbell`` is called after each accepted mail and may be set later. ``sync`` is how a
    file or folder is brought to disk.
    """

    def __init__(
        self,
        root: Path,
        *,
        floor: Floor | None = None,
        doorbell: Callable[[], None] = lambda: None,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self.root = root
        self.doorbell = doorbell
        self._tmp, self._new = root / "tmp", root / "new"
        self._attempts, self._quarantine = root / "attempts", root / "quarantine"
        for folder in (root, self._tmp, self._new, self._attempts, self._quarantine):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self._floor = floor or Floor()
        self._room_checked_at = -ROOM_CHECK_SECONDS
        self._lock = SpoolLock(root)
        self._writer = SpoolWriter(
            drafts=self._tmp, new=self._new, published=self._ring, sync=sync
        )

    # Taking it into use, and leaving it.

    def lock(self) -> None:
        """Take the spool for this daemon and sweep up what a crash left half written.

        Raises SpoolLocked if another process keeps it. The pipe needs no lock.
        """
        self._lock.take()
        self._sweep()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The spool in hand for as long as a command of the operator works on it."""
        self.lock()
        try:
            yield
        finally:
            self._lock.let_go()

    async def start(self) -> None:
        """Let a process of its own write what comes in, once the spool is locked.

        Without it the spool works too, but takes fewer mails a second.
        """
        await self._writer.start_process(lock=self._lock.descriptor)

    async def close(self) -> None:
        """Finish what is being stored and let the spool go."""
        await self._writer.close()
        self._lock.let_go()

    @property
    def is_at_work(self) -> bool:
        """Whether some process, this one included, has the spool in hand."""
        return is_at_work(self.root)

    # Accepting.

    @property
    def is_broken(self) -> bool:
        """Whether the disk did not keep what it was given: nothing is accepted any more."""
        return self._writer.is_broken

    @property
    def is_in_a_rush(self) -> bool:
        """Whether mail pours in just now, faster than it could be worked on."""
        return self._writer.is_in_a_rush

    def check_room(self) -> None:
        """Raise SpoolFull or TemporaryFailure if a mail would be refused now."""
        if self._writer.is_broken:
            raise TemporaryFailure(
                "Storage failure", reason="a sync failed earlier; a restart is needed"
            )
        if time.monotonic() - self._room_checked_at < ROOM_CHECK_SECONDS:
            return
        usage = shutil.disk_usage(self.root)
        if usage.free < max(self._floor.bytes_min, self._floor.share_min * usage.total):
            raise SpoolFull("Out of room", reason=f"only {usage.free} bytes are free")
        self._room_checked_at = time.monotonic()

    def begin(
        self,
        *,
        mail_from: Address | None,
        rcpt_to: tuple[Address, ...],
        front: Front,
        peer: str,
        received_at: datetime,
        authenticated_as: str | None = None,
        is_encrypted: bool = False,
        full_size_bytes: int | None = None,
        waiting_since: datetime | None = None,
    ) -> Incoming:
        """Begin to take a mail that comes in pieces."""
        envelope = Envelope(
            spool_id="",
            mail_from=mail_from,
            rcpt_to=rcpt_to,
            received_at=received_at,
            front=front,
            peer=peer,
            size_bytes=0,
            sha256="",
            authenticated_as=authenticated_as,
            is_encrypted=is_encrypted,
            full_size_bytes=full_size_bytes,
            waiting_since=waiting_since,
        )
        return Incoming(envelope, self._writer, self.check_room)

    async def put(
        self,
        raw: bytes,
        *,
        mail_from: Address | None,
        rcpt_to: tuple[Address, ...],
        front: Front,
        peer: str,
        received_at: datetime,
        full_size_bytes: int | None = None,
        waiting_since: datetime | None = None,
    ) -> Envelope:
        """Store a mail; when this returns it survives a power cut.

        A cancelled caller does not stop it. Raises SpoolFull or TemporaryFailure, and then the
        mail was not accepted.
        """
        incoming = self.begin(
            mail_from=mail_from,
            rcpt_to=rcpt_to,
            front=front,
            peer=peer,
            received_at=received_at,
            full_size_bytes=full_size_bytes,
            waiting_since=waiting_since,
        )
        return await incoming.store(received_at, raw)

    def put_now(
        self,
        raw: bytes,
        *,
        mail_from: Address | None,
        rcpt_to: tuple[Address, ...],
        front: Front,
        peer: str,
        received_at: datetime,
    ) -> Envelope:
        """The same for a process of its own, without a loop: the pipe."""
        incoming = self.begin(
            mail_from=mail_from,
            rcpt_to=rcpt_to,
            front=front,
            peer=peer,
            received_at=received_at,
        )
        return incoming.store_now(raw)

    # Working through.

    def waiting(self, limit: int) -> tuple[str, ...]:
        """The ids of the oldest waiting mails, oldest first, ``limit`` at most."""
        return self._ids()[:limit]

    def read(self, spool_id: str) -> tuple[Envelope, bytes]:
        """The envelope and the raw mail. Raises SpoolDamaged if the file is not whole.

        SpoolShut if the file is not open to this user; TemporaryFailure if it is the world that
        fails and not the file: too many open files.
        """
        with self._failing_by_kind(spool_id):
            content = self._path(spool_id).read_bytes()
        return split_file(content, spool_id)

    def locate(self, spool_id: str) -> tuple[Envelope, RawFile]:
        """The same for a mail too large to be kept in memory: where it lies, proved whole."""
        path = self._path(spool_id)
        with self._failing_by_kind(spool_id), path.open("rb") as file:
            envelope = prove_file(file, spool_id)
            return envelope, RawFile(path, file.tell() - envelope.size_bytes)

    @contextmanager
    def _failing_by_kind(self, spool_id: str) -> Iterator[None]:
        """A file that is lost is damage of that mail; anything else is trouble of ours."""
        try:
            yield
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            if error.errno in _FILE_LOST:
                raise SpoolDamaged(spool_id, what) from error
            if error.errno in _FILE_SHUT:
                raise SpoolShut("Storage failure", reason=self._whose(spool_id)) from error
            raise TemporaryFailure("Storage failure", reason=f"{spool_id} {what}") from error

    def salvage(self, spool_id: str) -> Envelope | None:
        """What a damaged mail still tells of itself; None if its file is gone."""
        try:
            content = self._path(spool_id).read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            content = b""  # the disk does not give it back
        return salvaged_from(content, spool_id)

    def peek(self, spool_id: str, size_bytes: int) -> tuple[Envelope, bytes]:
        """The envelope and the first bytes of a mail. Raises SpoolDamaged."""
        try:
            with self._path(spool_id).open("rb") as file:
                head = file.readline(HEAD_BYTES_MAX)
                return envelope_from(head, spool_id), file.read(size_bytes)
        except OSError as error:
            raise SpoolDamaged(spool_id, f"cannot be read ({error.strerror})") from error

    def is_waiting(self, spool_id: str) -> bool:
        """Whether the mail waits here at this moment. An id that is none of ours does not."""
        return _SPOOL_ID.match(spool_id) is not None and self._path(spool_id).exists()

    def size_bytes(self, spool_id: str) -> int:
        """How large a waiting mail's file is; 0 if it is not to be had."""
        try:
            return self._path(spool_id).stat().st_size
        except OSError:
            return 0

    def attempt(self, spool_id: str) -> int:
        """Count a try at this mail, before it is made; the answer is 1 for the first.

        The count outlives this process (not a power cut, which no mail causes).
        """
        path = self._attempts / _checked(spool_id)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        try:
            os.write(descriptor, b".")
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def was_tried(self, spool_id: str) -> bool:
        """Whether a try at this mail was counted before."""
        return (self._attempts / _checked(spool_id)).exists()

    def attempts_end(self, spool_id: str) -> None:
        """Forget the tries of a mail that is through."""
        (self._attempts / _checked(spool_id)).unlink(missing_ok=True)

    def archive(self, spool_id: str, archive: Archive) -> None:
        """Move a mail that is through into the archive; doing it again changes nothing."""
        path = self._path(spool_id)
        try:
            with path.open("rb") as file:
                head = file.readline(HEAD_BYTES_MAX)
        except FileNotFoundError:
            return
        archive.put_file(path, envelope_from(head, spool_id).sha256)

    def quarantine(self, spool_id: str, reason: str) -> Path:
        """Set a mail apart that nobody can work through; its place, with a file of the reason.

        Doing it again changes nothing, whichever step a crash came after.
        """
        target = self._quarantine / f"{_checked(spool_id)}.eml"
        target.with_suffix(".reason").write_text(reason[:REASON_CHARS_MAX], "utf-8")
        try:
            self._path(spool_id).rename(target)
        except FileNotFoundError:
            if not target.exists():
                raise
        self.attempts_end(spool_id)
        return target

    def quarantined(self) -> tuple[str, ...]:
        """The ids of all mails set apart, oldest first."""
        return tuple(sorted(path.stem for path in self._quarantine.glob("*.eml")))

    def release(self, spool_id: str) -> None:
        """Let a mail that was set apart be tried again, under its old id."""
        source = self._quarantine / f"{_checked(spool_id)}.eml"
        source.rename(self._path(spool_id))
        source.with_suffix(".reason").unlink(missing_ok=True)
        self.doorbell()

    def take_back(self, path: Path) -> str:
        """Let a file of the archive be worked through again, under a new id: its id.

        For a mail that is in the archive and in no book, as after an older database was
        restored. The file moves; a crash leaves it in one of the two places.
        """
        return self._writer.publish_now(path)

    def _whose(self, spool_id: str) -> str:
        path = self._path(spool_id)
        file, folder = (_owner_of(one) for one in (path, self._new))
        return f"it belongs to {file} and cannot be read: chown {folder} {path}"

    def _ring(self) -> None:
        self.doorbell()

    def _ids(self) -> tuple[str, ...]:
        # A Path for each of a hundred thousand names would cost a second.
        return tuple(sorted(filter(_SPOOL_ID.match, os.listdir(self._new))))  # noqa: PTH208

    def _path(self, spool_id: str) -> Path:
        return self._new / _checked(spool_id)

    def _sweep(self) -> None:
        """Remove half-written files and counts of mails that are through."""
        ids = self._ids()
        if ids:
            self._writer.begin_above(int(ids[-1].partition("-")[0]))
        alive = frozenset(ids)
        for path in (*self._tmp.iterdir(), *self._attempts.iterdir()):
            if path.name not in alive:
                path.unlink(missing_ok=True)


def _owner_of(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):  # a user without a name, a file that has gone
        return "another user"


def _checked(spool_id: str) -> str:
    """A spool id becomes a path: nothing else may."""
    if not _SPOOL_ID.match(spool_id):
        raise ValueError(f"not a spool id: {spool_id!r}")
    return spool_id
