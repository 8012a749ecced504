"""The relay that takes our letters, and how the way to it is made private."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Tls(StrEnum):
    """How the way to the relay is encrypted; ``NONE`` is for this machine only."""

    IMPLICIT = "implicit"
    REQUIRED = "required"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Relay:
    """Where letters go. ``password`` is asked anew at each login, so that it can be changed.

    ``ca`` is a PEM file with the authority to trust, None: those of the system.
    """

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: Callable[[], str] | None = field(default=None, repr=False)
    ca: Path | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
