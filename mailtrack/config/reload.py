"""Changed files: noticed by times and sizes, read again, used only if they are good."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mailtrack.config.known import FILES
from mailtrack.config.load import Loaded, load
from mailtrack.config.stamps import Stamp, files_below, stamps_of
from mailtrack.errors import ConfigError


class Watched:
    """The files of a desk, and how they were when they were last read.

    ``templates`` are folders of the operator's own; a change in them counts, too, and one in
    the file with the ``keys``, None if it is not to be watched.
    """

    def __init__(
        self,
        folder: Path,
        templates: tuple[Path, ...] = (),
        *,
        environ: Mapping[str, str] = os.environ,
        keys: Path | None = None,
    ) -> None:
        self._folder = folder
        self._templates = templates
        self._environ = environ
        self._keys = (keys,) if keys is not None else ()
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

    def _look(self) -> tuple[Stamp, ...]:
        yaml = (self._folder / name for name in FILES)
        return stamps_of((*yaml, *self._keys, *files_below(self._templates)))
