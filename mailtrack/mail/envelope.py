"""What the transport said about a mail: RFC 5321 envelope facts, apart from the message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from mailtrack.mail.address import Address


class Front(StrEnum):
    """The ways in."""

    SMTP = "smtp"
    SUBMISSION = "submission"  # SMTP, of people who log in
    LMTP = "lmtp"
    IMAP = "imap"
    PIPE = "pipe"
    IMPORT = "import"  # mail of the past, from the operator: nobody hears of it


class RawFile(NamedTuple):
    """A raw mail that is too large to be handed around: a file, and where in it it begins."""

    path: Path
    start_bytes: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """The envelope of one accepted mail.

    ``spool_id`` is unique for ever and sorts in the order of acceptance. ``mail_from`` is None
    for the null reverse-path ``<>``. ``received_at`` is aware UTC, the instant of acceptance
    (of an imported mail, what its Date says).
    ``sha256`` is of the raw mail as it was accepted. ``authenticated_as`` is the SMTP AUTH
    login, None if there was none. ``peer`` is the client's IP address, ``""`` if there is none
    (a Unix socket, the pipe). ``is_encrypted`` says that the client spoke TLS to us.
    ``full_size_bytes`` is set for a stub of ours, which stands for a mail of that size that was
    too big to be fetched. ``waiting_since`` is when it came into the mailbox from which it was
    fetched, aware UTC; None if it came to us directly, or if the mailbox did not say.
    """

    spool_id: str
    mail_from: Address | None
    rcpt_to: tuple[Address, ...]
    received_at: datetime
    front: Front
    peer: str
    size_bytes: int
    sha256: str
    authenticated_as: str | None = None
    is_encrypted: bool = False
    full_size_bytes: int | None = None
    waiting_since: datetime | None = None

    @property
    def came_at(self) -> datetime:
        """When the mail was there for us to take: here, or in a mailbox of ours."""
        return min(self.received_at, self.waiting_since or self.received_at)
