"""``outgoing`` of mailtrack.yaml: the relay, the signatures, the patience and the brakes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mailtrack.config.kinds import Duration, SecretText, Section, Size, Text, spelt
from mailtrack.config.words import duration_from, size_from


class DkimSign(StrEnum):
    """When letters are signed."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class DkimSection(Section):
    """Signatures on what leaves, where the relay does not sign."""

    sign: DkimSign = Field(
        DkimSign.AUTO,
        description="auto: if there is a key. always: a missing key is a mistake. never: the "
        "relay does it.",
    )
    selector: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")] = Field(
        "mailtrack",
        description="The name under which the public key stands in DNS: "
        "<selector>._domainkey.<domain>.",
    )
    domain: Text | None = Field(
        None,
        description="In whose name: the domain of your addresses, or one above it. Letters "
        "from other domains are not signed. Default: that of the first of desk.addresses.",
    )
    key: SecretText | None = Field(
        None,
        description="The private key, RSA in PEM: {file: /path/to/it}, made by `mailtrack "
        "dkim-key`. Better as credential dkim-key of systemd.",
    )


class OutgoingSection(Section):
    """How letters leave."""

    smarthost: Text | None = Field(
        None,
        description="The relay that letters go to: smtp://user@relay.example:587 (STARTTLS is "
        "required, except on loopback) or smtps://user@relay.example:465. Its certificate must "
        "be valid for this very name. "
        "null: each letter goes to a Maildir below the state folder, mail/<address>/.",
    )
    password: SecretText | None = Field(
        None,
        description="The password for the relay: {file: /path/to/file}. Better kept out of the "
        "YAML: as credential smtp-password of systemd, or in MAILTRACK_SMTP_PASSWORD.",
    )
    tls_ca: Text | None = Field(
        None,
        description="A PEM file with the authority that signed the relay's certificate, if "
        "that is one of your own. With it TLS is required of a relay on loopback, too.",
    )
    dkim: DkimSection = Field(
        default_factory=DkimSection, description="DKIM signatures on what leaves."
    )
    connections_max: Annotated[int, Field(ge=1, le=50)] = Field(
        4,
        description="Connections to the relay at one time. All but one may serve the same "
        "destination, so that a slow one does not stop the others.",
    )
    letters_10_minutes_max: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        300,
        description="When more letters than this have gone to the relay in ten minutes, what "
        "the desk writes to customers by itself waits. The words of people, and letters to "
        "agents, go on.",
    )
    give_up_after: Duration = spelt(
        "5d", duration_from, "How long a letter that cannot leave is tried again and again."
    )
    warn_after: Duration = spelt(
        "4h", duration_from, "After this long without success its author is told."
    )
    attachments_max: Size = spelt(
        "18MB",
        size_from,
        "The attachments of one letter together; what is above is named in the letter and kept "
        "in the ticket.",
    )
