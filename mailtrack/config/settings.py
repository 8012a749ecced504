"""``Config``: how the daemon runs, as opposed to what it decides, which is ``Policy``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from mailtrack.config.models import LogFormat, LogLevel
from mailtrack.config.words import Listen


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate that a front shows; both are PEM files that were readable at load."""

    certificate: Path
    key: Path
    is_implicit: bool = False  # spoken from the first byte, rather than after STARTTLS


@dataclass(frozen=True, slots=True)
class Listener:
    """One way in over a socket; ``tls`` None offers no STARTTLS."""

    listen: Listen
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """The way in for agents who log in. ``passwords`` holds a login and a hash a line."""

    listener: Listener
    passwords: Path


@dataclass(frozen=True, slots=True)
class FrontLimits:
    """The bounds of the ways in."""

    mail_bytes_max: int
    recipients_max: int
    connections_max: int
    connections_per_peer_max: int
    connection_time_max: timedelta
    free_disk_bytes_min: int


class Encryption(StrEnum):
    """How the connection to the relay is made private."""

    TLS = "tls"  # from the first byte: smtps
    STARTTLS = "starttls"  # required: a relay that does not offer it gets nothing
    NONE = "none"  # loopback and Unix sockets only


@dataclass(frozen=True, slots=True)
class Smarthost:
    """The relay that letters go to. ``user`` and ``password`` None: no login.

    ``ca`` is a PEM file with the authority to trust, None: those of the system.
    """

    host: str
    port: int
    encryption: Encryption
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Dkim:
    """How letters are signed; ``key`` is an RSA key in PEM that was looked at."""

    domain: str
    selector: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How letters leave; ``smarthost`` None puts them into Maildirs below ``maildirs``.

    ``dkim`` None: they are not signed.
    """

    smarthost: Smarthost | None
    maildirs: Path
    connections_max: int
    letters_10_minutes_max: int
    give_up_after: timedelta
    warn_after: timedelta
    dkim: Dkim | None = None


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """One mailbox to fetch from. ``password`` None: by the token, from a file or a command.

    ``move_to`` None and ``is_flagged`` False: what was taken stays as it was.
    """

    host: str
    port: int
    user: str
    encryption: Encryption
    fallback: str
    password: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    token_command: tuple[str, ...] = ()
    ca: Path | None = None
    folders: tuple[str, ...] = ("INBOX",)
    is_flagged: bool = True
    move_to: str | None = None
    trusted_header: str | None = None
    idle_seconds: float = 540.0
    poll_seconds: float = 60.0
    takes_old_mail: bool = True


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """The bounds of the processes that read mail."""

    workers: int
    seconds_max: int
    memory_bytes_max: int


@dataclass(frozen=True, slots=True)
class Config:
    """How the daemon runs. Paths are absolute; ``state`` may not exist yet.

    A change of any of these needs a restart; a change of the ``Policy`` does not.
    """

    state: Path
    storage_url: str = field(repr=False)
    hostname: str
    smtp: Listener | None
    lmtp: Listener | None
    imap: tuple[ImapAccount, ...]
    submission: Submission | None
    limits: FrontLimits
    outgoing: Outgoing
    reader: ReaderLimits
    log_level: LogLevel
    log_format: LogFormat
    templates: tuple[Path, ...]
    alarm_command: tuple[str, ...] = ()
    keep_closed: timedelta | None = None

    def changed_since(self, other: Config) -> tuple[str, ...]:
        """The keys of mailtrack.yaml, or their parents, whose values differ."""
        return tuple(
            dict.fromkeys(
                key
                for field, key in _KEYS.items()
                if getattr(self, field) != getattr(other, field)
            )
        )


_KEYS: Final = {
    "state": "state",
    "storage_url": "storage",
    "hostname": "intake.hostname",
    "smtp": "intake.smtp",
    "lmtp": "intake.lmtp",
    "imap": "intake.imap",
    "submission": "intake.submission",
    "limits": "intake.limits",
    "outgoing": "outgoing",
    "reader": "reader",
    "log_level": "log",
    "log_format": "log",
    "alarm_command": "alarms.command",
    "keep_closed": "retention",
}
