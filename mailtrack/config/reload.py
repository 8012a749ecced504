"""Changed files: noticed by times and sizes, read again, used only if they are good."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mailtrack.config.known import FILES
from mailtrack.config.load import Loaded, load
from mailtrack.errors import ConfigError

TEMPLATES_WATCHED_MAX: Final = 2000

_Seen = dict[str, tuple[int, int, int]]


class Watched:
    """The files of a desk, and how they were when they were last read.

    ``templates`` are folders of the operator's own; a change in them counts, too.
    """

    def __init__(
        self,
        folder: Path,
        templates: tuple[Path, ...] = (),
        *,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._folder = folder
        self._templates = templates
        self._environ = environ
        self._seen = self._look()

    def has_changed(self) -> bool:
        """Whether a file was changed, added or taken away since the last reading."""
        return self._look() != self._seen

    def reload(self) -> Loaded | ConfigError:
        """The desk as the files are now, or what is wrong with them: a value, not raised.

        Either way these files count as read; a broken one is told once, not at every look.
        """
        # Looked at before they are read: a change in between is seen at the next look.
        self._seen = self._look()
        try:
            loaded = load(self._folder, environ=self._environ)
        except ConfigError as error:
            return error
        if loaded.config.templates != self._templates:
            self._templates = loaded.config.templates
            self._seen = self._look()
        return loaded

    def _look(self) -> _Seen:
        return {str(path): seen for path in self._paths() if (seen := _stamp(path)) is not None}

    def _paths(self) -> Iterator[Path]:
        for name in FILES:
            yield self._folder / name
        count = 0
        for folder in self._templates:
            for path in sorted(folder.rglob("*")):
                count += 1
                if count > TEMPLATES_WATCHED_MAX:
                    return
                yield path


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
