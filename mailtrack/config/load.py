"""Loading the four files of a desk: all of it, or all that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mailtrack.config.compile import compiled
from mailtrack.config.known import FILES, Pages
from mailtrack.config.page import page_from
from mailtrack.config.report import Report
from mailtrack.config.settings import Config
from mailtrack.desk.policy import Policy
from mailtrack.errors import ConfigError, Mistake
from mailtrack.tickets.token import KeyRing

MISTAKES_MAX: Final = 200  # told in one run; nobody mends more before looking again


@dataclass(frozen=True, slots=True)
class Loaded:
    """A desk that can run. ``warnings`` are what works and is likely not meant.

    ``files`` are the YAML files that were there. ``policy.keys`` is empty until
    ``ensure_secrets`` has made the keys; then ``with_keys`` puts them in.
    """

    config: Config
    policy: Policy
    warnings: tuple[Mistake, ...]
    files: tuple[Path, ...]

    def with_keys(self, keys: KeyRing) -> Loaded:
        """The same desk with the keys that sign its reply tokens."""
        return replace(self, policy=replace(self.policy, keys=keys))


def load(folder: Path, *, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The desk that the YAML files in ``folder`` describe. Writes nothing.

    Raises ``ConfigError`` with all mistakes of all files, in the order of files and lines.
    """
    report = Report()
    pages = Pages(*(page_from(folder / name) for name in FILES))
    desk = compiled(pages, environ=environ, report=report)
    if report.mistakes or desk is None:
        raise ConfigError(_bounded(_in_order(report.mistakes, pages)))
    config, policy = desk
    files = tuple(page.path for page in pages.all() if page.path.is_file())
    return Loaded(config, policy, _in_order(report.warnings, pages), files)


def _bounded(mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
    """The first of them, and how many more there are: they go into letters and terminals."""
    if len(mistakes) <= MISTAKES_MAX:
        return mistakes
    last = mistakes[MISTAKES_MAX]
    found = f"from here on there are {len(mistakes) - MISTAKES_MAX} more mistakes"
    return (
        *mistakes[:MISTAKES_MAX],
        replace(last, key="", found=found, mend="Mend the ones above first"),
    )


def _in_order(mistakes: list[Mistake], pages: Pages) -> tuple[Mistake, ...]:
    order = {str(page.path): place for place, page in enumerate(pages.all())}

    def key(mistake: Mistake) -> tuple[int, str, int, int]:
        place = order.get(mistake.file, len(order))
        return place, mistake.file, mistake.line, mistake.column

    return tuple(sorted(dict.fromkeys(mistakes), key=key))
