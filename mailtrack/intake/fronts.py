"""All the ways in that listen, as one table: a new one is a file here and a row in it.

The pipe is no row: it is a process of its own, see ``pipe``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mailtrack.intake.lmtp import LmtpFront
from mailtrack.intake.smtp import SmtpFront
from mailtrack.mail.envelope import Front

FRONTS: Final[Mapping[Front, type[SmtpFront]]] = {
    Front.SMTP: SmtpFront,
    Front.LMTP: LmtpFront,
}
