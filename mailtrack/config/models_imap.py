"""The keys of ``intake.imap``: one mailbox that mail is fetched from."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from mailtrack.config.kinds import (
    Duration,
    MailAddress,
    Name,
    SecretText,
    Section,
    Text,
    Texts,
    spelt,
)
from mailtrack.config.words import duration_from

FOLDERS_MAX: Final = 20
ACCOUNTS_MAX: Final = 20


class ImapSecurity(StrEnum):
    """How the connection is made private."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class TrustedHeader(StrEnum):
    """The fields in which mailbox servers write down the recipient."""

    DELIVERED_TO = "Delivered-To"
    X_ORIGINAL_TO = "X-Original-To"
    ENVELOPE_TO = "Envelope-To"


class OldMail(StrEnum):
    """What becomes of the mail that is in a folder when it is first looked into."""

    ALL = "all"
    NEW = "new"


class OauthSection(Section):
    """Where an OAuth access token comes from; it is read anew for each connection."""

    file: Text | None = Field(
        None, description="A file that something else keeps fresh; its text is the token."
    )
    command: Text | None = Field(
        None,
        description="A command that prints the token; it has 30 seconds. It is run without a "
        "shell.",
    )


class ImapSection(Section):
    """One mailbox that mail is fetched from."""

    host: Name = Field(description="The server.", examples=["imap.help.example"])
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="Default: 993 with security tls, 143 otherwise."
    )
    user: Text = Field(description="The login.", examples=["support@help.example"])
    password: SecretText | None = Field(
        None,
        description="The password: {file: /path/to/file}. Better kept out of the YAML: as "
        "credential imap-password of systemd (imap-password-2 for the second account), or in "
        "MAILTRACK_IMAP_PASSWORD.",
    )
    oauth: OauthSection | None = Field(
        None, description="Log in by XOAUTH2 instead: {file: ...} or {command: ...}."
    )
    security: ImapSecurity = Field(
        ImapSecurity.TLS,
        description="tls: from the first byte. starttls: required, nothing is said without. "
        "none: only to this machine. Certificates are always verified.",
    )
    ca: Text | None = Field(
        None,
        description="A PEM file with the authority of your own that has signed the server's "
        "certificate. Default: those of the system.",
    )
    folders: Texts = Field(
        ("INBOX",), description="The folders to fetch from, as people see their names."
    )
    after: Annotated[str, Field(pattern=r"^(flag|leave|move:.+)$")] = Field(
        "flag",
        description="What becomes of a mail that was taken. flag: it is marked as read and "
        "with $MailtrackDone. move:Done: it goes to that folder, which is made if it is "
        "missing. leave: nothing.",
    )
    first_start: OldMail = Field(
        OldMail.ALL,
        description="The mail that is in a folder when it is first looked into. all: each of "
        "them is taken, read or unread, oldest first. new: only what comes from then on.",
    )
    trusted_recipient_header: TrustedHeader | None = Field(
        None,
        description="The field in which your server writes whom a mail was delivered to; the "
        "topmost counts. Only if the server always writes it. Default: To and Cc are looked "
        "through for addresses of the desk.",
    )
    address: MailAddress | None = Field(
        None,
        description="The address of the desk that mail belongs to which names none, such as a "
        "blind copy; one of desk.addresses. Default: the user, if that is one of them, else "
        "the first.",
    )
    idle_max: Duration = spelt(
        "9m",
        duration_from,
        "How long one IDLE lasts; some providers cut connections that are silent for longer.",
    )
    poll: Duration = spelt(
        "1m", duration_from, "How often to look if the server cannot tell us by itself (IDLE)."
    )
