"""The error vocabulary: three families, by who must act.

A person who wrote something we cannot do is no exception here: the desk answers with a
``Refusal`` value. The world failing is a ``TemporaryFailure`` or a ``PermanentFailure``. The
operator being wrong is a ``ConfigError``, which carries every mistake at once.
"""

from __future__ import annotations

from dataclasses import dataclass


class MailtrackError(Exception):
    """The base of all errors that mailtrack raises on purpose."""


class WorldFailure(MailtrackError):
    """Something outside of us failed. ``public`` may be shown to a stranger, ``reason`` not."""

    def __init__(self, public: str, *, reason: str = "") -> None:
        super().__init__(reason or public)
        self.public = public
        self.reason = reason or public


class TemporaryFailure(WorldFailure):
    """Trying again later may help: 4xx at a front, a retry at the sender."""


class PermanentFailure(WorldFailure):
    """Trying again will not help: 5xx at a front, a given-up letter at the sender."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake of the operator, at its place in a file (line and column count from 1)."""

    file: str
    line: int
    column: int
    key: str
    found: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        subject = f"{self.key}: " if self.key else ""
        return f"{where}: {subject}{self.found}. {self.mend}".rstrip()


class ConfigError(MailtrackError):
    """The operator's files cannot be used. Holds all mistakes found, in file order."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes
