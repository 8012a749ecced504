"""Where things lie below the state folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one desk, by its state folder."""

    state: Path

    @property
    def spool(self) -> Path:
        """Mail that was accepted and is not yet through."""
        return self.state / "spool"

    @property
    def archive(self) -> Path:
        """The one copy of every mail that is through."""
        return self.state / "archive"

    @property
    def probes(self) -> Path:
        """The test mails that `mailtrack check` waits for; made when there is one."""
        return self.state / "probes"
