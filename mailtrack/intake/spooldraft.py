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
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
# What the envelope line of a mail may grow by from its first byte to its last: size, hash, and
# the fraction of the second in which it came.
_LINE_RESERVE_BYTES: Final = 160


class Draft:
    """The draft at ``path``. ``size_bytes`` and ``sha256`` are right once it is finished.

    ``opening`` is the envelope line without them, as ``spoolfile.opening_of`` has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = 0
        self.sha256 = ""
        self._file: int | None = None
        self._line_bytes = 0
        self._hash = hashlib.sha256()
        self._is_discarded = False
        self._lock = threading.Lock()

    @property
    def is_begun(self) -> bool:
        """Whether a part of it is on disk."""
        return self._file is not None

    def write(self, opening: bytes, piece: bytes) -> None:
        """Add a piece of a mail that is too large to be kept in memory."""
        with self._lock:
            if self._is_discarded:
                return
            if self._file is None:
                self._line_bytes = len(opening) + _LINE_RESERVE_BYTES
                self._file = _new_file(self.path)
                _write_all(self._file, b" " * self._line_bytes)
            self._count(piece)
            _write_all(self._file, piece)

    def finish(self, opening: bytes, rest: bytes) -> None:
        """Add the last piece, or the only one, and the envelope line."""
        with self._lock:
            self._count(rest)
            self.sha256 = self._hash.hexdigest()
            line = line_of(opening, self.size_bytes, self.sha256, length=self._line_bytes)
            if self._file is None:
                self._file = _new_file(self.path)
                _write_all(self._file, line + rest)
                return
            _write_all(self._file, rest)
            os.lseek(self._file, 0, os.SEEK_SET)
            _write_all(self._file, line)

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
        self.size_bytes += len(piece)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def line_of(opening: bytes, size_bytes: int, sha256: str, *, length: int = 0) -> bytes:
    """The whole envelope line, line end included, filled up with blanks to ``length`` bytes."""
    line = b'%b"size_bytes":%d,"sha256":"%b"}' % (opening, size_bytes, sha256.encode("ascii"))
    return line.ljust(length - 2) + b"\r\n"


def _new_file(path: Path) -> int:
    """What root writes belongs to the folder's owner: else the desk could not read it."""
    file = os.open(path, _FLAGS, FILE_MODE)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        if folder.st_uid != 0:
            os.fchown(file, folder.st_uid, folder.st_gid)
    return file


def _write_all(file: int, content: bytes) -> None:
    """A disk that fills up takes a part and says so, and refuses only the next."""
    left = memoryview(content)
    while left:
        written = os.write(file, left)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left = left[written:]
