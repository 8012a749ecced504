"""What the operator says of a mailbox, as values."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

SEEN: Final = "\\Seen"
DELETED: Final = "\\Deleted"
DONE: Final = "$MailtrackDone"
TOO_BIG: Final = "$MailtrackTooBig"


class Security(StrEnum):
    """How the connection is made private."""

    TLS = "tls"  # from the first byte
    STARTTLS = "starttls"  # required: a server that does not offer it gets no password
    NONE = "none"  # loopback only


class FirstStart(StrEnum):
    """What becomes of the mail that is in a folder when it is first looked into."""

    ALL = "all"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where an OAuth access token is read, anew for each connection: a file or a command."""

    file: Path | None = None
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox. ``password`` None: by ``token``. ``move_to`` goes before ``is_flagged``.

    ``fallback`` is the address of ours, as text, that mail belongs to which names none of ours.
    """

    host: str
    port: int
    user: str
    security: Security
    fallback: str
    password: str | None = field(default=None, repr=False)
    token: TokenSource | None = None
    ca: Path | None = None
    folders: tuple[str, ...] = ("INBOX",)
    is_flagged: bool = True
    move_to: str | None = None
    trusted_header: str | None = None
    idle_seconds: float = 540.0
    poll_seconds: float = 60.0
    first_start: FirstStart = FirstStart.ALL

    @property
    def name(self) -> str:
        """What the ledger, the log and ``mailtrack status`` call it."""
        return f"{self.user} at {self.host}"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, so that plain text reaches nobody else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
