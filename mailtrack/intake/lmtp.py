"""The LMTP front: a mail server hands its mail over to us (RFC 2033).

The same conversation as SMTP but for the greeting and, after the mail, one answer for each
accepted recipient: the client counts them, and waits for ever if one is missing.
"""

from __future__ import annotations

from mailtrack.intake.reception import Answer
from mailtrack.intake.session import Session, Transaction
from mailtrack.intake.smtp import SmtpFront
from mailtrack.mail.envelope import Front

NOT_LMTP = Answer(500, "5.5.1 This is LMTP: say LHLO")


class LmtpSession(Session):
    """One conversation with a mail server."""

    greeting_verb = "LHLO"
    protocol = "LMTP"

    async def smtp_LHLO(self, arg: str) -> None:
        await super().smtp_EHLO(arg)

    async def smtp_EHLO(self, _arg: str) -> None:
        await self.push(str(NOT_LMTP))

    async def smtp_HELO(self, _arg: str) -> None:
        await self.push(str(NOT_LMTP))

    async def _answer_mail(self, answer: Answer, transaction: Transaction) -> None:
        await self.push("\r\n".join(str(answer) for _ in transaction.recipients))


class LmtpFront(SmtpFront):
    """One place where mail servers hand over."""

    kind = Front.LMTP
    session_class = LmtpSession

    def counts_refusals(self, _peer: str) -> bool:
        """A mail server hands over what it was given; others have asked it."""
        return False
