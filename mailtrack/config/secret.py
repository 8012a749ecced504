"""Passwords and the like: found where the operator put them, and never shown.

The first of these that is there: systemd's ``$CREDENTIALS_DIRECTORY/<name>``, the file that
``MAILTRACK_<NAME>_FILE`` names, ``MAILTRACK_<NAME>``, what the YAML says.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mailtrack.config.kinds import SecretSource
from mailtrack.config.page import KeyPath, Page
from mailtrack.config.report import Report

SECRET_BYTES_MAX: Final = 4096
_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Secrets:
    """Looks secrets up in the surroundings and in one page."""

    page: Page
    environ: Mapping[str, str]
    report: Report

    def find(self, name: str, source: SecretSource | None, path: KeyPath) -> str | None:
        """The secret called ``name``, such as ``smtp-password``; None if there is none."""
        outside = secret_file(name, self.environ)
        if outside is not None:
            return self._text_of(outside, path)
        variable = _variable(name)
        if self.environ.get(variable):
            return self.environ[variable]
        if source is None:
            return None
        if source.file is not None:
            return self._text_of(self.page.path.parent / source.file, (*path, "file"))
        self.warn_of_readers(self.page.path, path)
        return source.text

    def warn_of_readers(self, file: Path, path: KeyPath) -> None:
        """Warn if everybody can read or change that file, which is there; by its mode alone."""
        if file.stat().st_mode & _OTHERS:
            found = f"everybody on this machine can read or change the secret in {file}"
            mend = f"chmod 0640 {file}"
            self.report.warn(self.page, path, found, mend)

    def _text_of(self, file: Path, path: KeyPath) -> str | None:
        try:
            content = file.read_bytes()[:SECRET_BYTES_MAX]
        except OSError as error:
            found = f"{file} cannot be read: {error.strerror}"
            self.report.wrong(self.page, path, found, "Make the file, readable by us only")
            return None
        self.warn_of_readers(file, path)
        return content.decode("utf-8", "replace").strip() or None


def secret_file(name: str, environ: Mapping[str, str]) -> Path | None:
    """The file in which systemd or the environment hands a secret over; None if none does."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / name).is_file():
        return Path(folder) / name
    named = environ.get(f"{_variable(name)}_FILE")
    return Path(named) if named else None


def _variable(name: str) -> str:
    return "MAILTRACK_" + name.replace("-", "_").upper()
