"""Files as they stand: enough to tell whether one of them was changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

FILES_MAX: Final = 4000  # below the template folders; what is beyond is not watched

# Path, time of change in nanoseconds, bytes, inode (a replaced file may keep time and size).
Stamp: TypeAlias = tuple[str, int, int, int]


def stamps_of(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    """The stamps of those of the files that are there, in the same order."""
    return tuple(stamp for path in paths if (stamp := _stamp_of(path)) is not None)


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """All files below the folders, sorted, as many as ``FILES_MAX``."""
    count = 0
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            count += 1
            if count > FILES_MAX:
                return
            yield path


def _stamp_of(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return str(path), status.st_mtime_ns, status.st_size, status.st_ino
