"""All the ways in that listen, as one table: a new one is a file here and a row in it.

The pipe is no row: it is a process of its own, see ``pipe``; and ``imap`` is none, because it
listens to nobody. What they share is ``Running``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from mailtrack.intake.lmtp import LmtpFront
from mailtrack.intake.smtp import SmtpFront, SubmissionFront
from mailtrack.mail.envelope import Front


class Running(Protocol):
    """A way in that is started and stopped with the daemon."""

    async def start(self) -> None:
        """Begin to take mail."""

    async def stop(self) -> None:
        """Take no new mail, finish what is in hand."""


FRONTS: Final[Mapping[Front, type[SmtpFront]]] = {
    Front.SMTP: SmtpFront,
    Front.SUBMISSION: SubmissionFront,
    Front.LMTP: LmtpFront,
}
