"""One file under ``tmp/``: a mail that is being written and has no id yet.

Everything here waits for the disk, so it is called in threads, and raises OSError. A draft may
be thrown away while another thread still writes to it; hence the lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from mailtrack.intake.spoolfile import head_of
from mailtrack.mail.envelope import Envelope

FILE_MODE: Final = 0o600
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
# What the envelope line of a mail may grow by from its first byte to its last: size and hash.
_HEAD_RESERVE_BYTES: Final = 128


class Draft:
    """The draft at ``path``. ``envelope`` is whole, but for the id, once it is finished."""

    def __init__(self, path: Path, envelope: Envelope) -> None:
        self.path = path
        self.envelope = envelope
        self._file: int | None = None
        self._head_bytes = 0
        self._size_bytes = 0
        self._hash = hashlib.sha256()
        self._is_discarded = False
        self._lock = threading.Lock()

    def write(self, piece: bytes) -> None:
        """Add a piece of a mail that is too large to be kept in memory."""
        with self._lock:
            if self._is_discarded:
                return
            if self._file is None:
                self._head_bytes = len(head_of(self.envelope)) + _HEAD_RESERVE_BYTES
                self._file = os.open(self.path, _FLAGS, FILE_MODE)
                _write_all(self._file, head_of(self.envelope, length=self._head_bytes))
            self._count(piece)
            _write_all(self._file, piece)

    def finish(self, rest: bytes) -> None:
        """Add the last piece, or the only one, and the envelope line."""
        with self._lock:
            self._count(rest)
            self.envelope = replace(
                self.envelope, size_bytes=self._size_bytes, sha256=self._hash.hexdigest()
            )
            if self._file is None:
                self._file = os.open(self.path, _FLAGS, FILE_MODE)
                _write_all(self._file, head_of(self.envelope) + rest)
                return
            _write_all(self._file, rest)
            os.lseek(self._file, 0, os.SEEK_SET)
            _write_all(self._file, head_of(self.envelope, length=self._head_bytes))

    def sync(self, sync: Callable[[int], None]) -> None:
        """Bring it to disk and close it."""
        with self._lock:
            assert self._file is not None, "finished before"
            sync(self._file)
            self._close()

    def discard(self) -> None:
        """Leave nothing behind; doing it again changes nothing."""
        with self._lock:
            self._is_discarded = True
            self._close()
            self.path.unlink(missing_ok=True)

    def _count(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._size_bytes += len(piece)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _write_all(file: int, content: bytes) -> None:
    """A disk that fills up takes a part and says so, and refuses only the next."""
    left = memoryview(content)
    while left:
        written = os.write(file, left)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left = left[written:]
