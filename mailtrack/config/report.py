"""What is wrong with the desk as a whole: names that nobody has, and the like, collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mailtrack.config.page import KeyPath, Page, did_you_mean, shown_text
from mailtrack.errors import Mistake

# Codes of countries that are taken for codes of their languages.
_COUNTRIES: Final = {"ua": "uk", "gb": "en", "us": "en"}


@dataclass(slots=True)
class Report:
    """Mistakes and warnings of all files, in the order in which they are found."""

    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)

    def wrong(self, page: Page, path: KeyPath, found: str, mend: str) -> None:
        """A mistake in the value at ``path``."""
        self.mistakes.append(page.mistake(path, found, mend))

    def wrong_key(self, page: Page, path: KeyPath, found: str, mend: str) -> None:
        """A mistake in the last key of ``path``."""
        self.mistakes.append(page.key_mistake(path, found, mend))

    def expect_file(
        self, file: Path, page: Page, path: KeyPath, mend: str = "Correct the path"
    ) -> bool:
        """Whether a file is there; if not, or if we may not look, that is told at ``path``."""
        return self._expect(file.is_file, page, path, f"{file} is not there", mend)

    def expect_folder(self, folder: Path, page: Page, path: KeyPath, mend: str) -> bool:
        """Whether a folder is there, in the same manner."""
        return self._expect(folder.is_dir, page, path, f"there is no folder {folder}", mend)

    def _expect(
        self, is_there: Callable[[], bool], page: Page, path: KeyPath, found: str, mend: str
    ) -> bool:
        try:
            if is_there():
                return True
        except PermissionError as error:
            found = f"this user may not see whether {error.filename} is there"
            mend = "Let the user that mailtrack runs as into its folder"
        except OSError as error:
            found = f"{error.filename}: {error.strerror}"
        self.wrong(page, path, found, mend)
        return False

    def warn(self, page: Page, path: KeyPath, found: str, mend: str) -> None:
        """Something that works and is likely not meant."""
        self.warnings.append(page.mistake(path, found, mend))


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one kind that exist. ``kind`` reads in a sentence: ``agent``.

    ``words`` is None if they cannot be known because their file is unreadable; then every name
    passes, so that one broken file does not make mistakes of all that refer to it.
    """

    kind: str
    home: str
    words: tuple[str, ...] | None

    def expect(self, name: str, page: Page, path: KeyPath, report: Report) -> bool:
        """Whether the name exists; if not, that is told at ``path``."""
        if self.words is None or name in self.words:
            return True
        found = f"there is no {self.kind} {shown_text(name)}"
        meant = _COUNTRIES.get(name.casefold()) if self.kind == "language" else None
        near = f"Did you mean '{meant}'?" if meant in self.words else None
        mend = near or did_you_mean(name, self.words, empty=f"Add it to {self.home}")
        report.wrong(page, path, found, mend)
        return False

    def advise(self, name: str, page: Page, path: KeyPath, report: Report) -> None:
        """Warn if the name does not exist, where an unknown one does no harm."""
        if self.words is None or name.casefold() in {one.casefold() for one in self.words}:
            return
        found = f"no {self.kind} {shown_text(name)} is in {self.home}"
        mend = did_you_mean(name, self.words, empty=f"Add it to {self.home}")
        report.warn(page, path, found, mend)


def twice(
    names: Iterable[str], page: Page, items: str, key: str
) -> tuple[tuple[int, int], ...]:
    """The places of names that stand a second time, each with the place of the first.

    They stand at ``key`` of the ``items`` of the page; what only stands in for one is no name.
    """
    first: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    for place, name in enumerate(names):
        if not page.is_whole((items, place, key)):
            continue
        if name in first:
            found.append((place, first[name]))
        first.setdefault(name, place)
    return tuple(found)
