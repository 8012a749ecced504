"""The keys below ``trust``: whom to believe, and what proves it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from mailtrack.config.kinds import (
    ITEMS_MAX,
    Duration,
    MailAddresses,
    Name,
    Section,
    Text,
    Texts,
    spelt,
)
from mailtrack.config.words import duration_from, wrong
from mailtrack.desk.commands.obey import BULK_MAX
from mailtrack.desk.policy import StepUp, TrustPolicy


class ResultMethod(StrEnum):
    """Which of the relay's results prove a From address."""

    DMARC = "dmarc"
    AUTH = "auth"


_PARTS: Final = ("spf", "dkim", "arc", "iprev", "sender-id")  # of a DMARC check


def _no_part(value: object) -> object:
    """The results by which no From address is proved are often taken for methods."""
    if isinstance(value, str) and value.lower() in _PARTS:
        found = f"'{value}' is not known here, for it proves no From address by itself"
        mend = "Let the server check DMARC, and write dmarc; or check here: trust: {dkim: {}}"
        raise wrong(found, mend)
    return value


class OtherWay(StrEnum):
    """A way in that has no listener."""

    IMAP = "imap"
    PIPE = "pipe"


class ResultsSection(Section):
    """What your own mail server writes into Authentication-Results (RFC 8601)."""

    authserv_id: Text = Field(
        description="The name it signs them with, the first word of the field. It must take "
        "out what others write under this name; 'mailtrack check --through' tries it.",
        examples=["mx.help.example"],
    )
    received_hops: Annotated[int, Field(ge=1, le=10)] = Field(
        1,
        description="Only fields above this Received field are believed, counted from the "
        "top. 1: your server writes its results above its own Received, as OpenDKIM and "
        "OpenDMARC under Postfix do, and hands mail to us itself. One more for each server in "
        "between. 'mailtrack check --through' says what is right.",
    )
    methods: tuple[Annotated[ResultMethod, BeforeValidator(_no_part)], ...] = Field(
        (ResultMethod.DMARC, ResultMethod.AUTH),
        description="Which results count. dmarc: dmarc=pass with header.from equal to the "
        "domain of From. auth: auth=pass with the login of the agent.",
        min_length=1,
    )
    logins: dict[str, Name] = Field(
        default_factory=dict,
        description="Logins of your mail server by agent, for auth: ivan.p: ivan. A login that "
        "is the agent's address needs no row.",
        max_length=ITEMS_MAX,
    )
    also: tuple[OtherWay, ...] = Field(
        (),
        description="Ways in without a listener whose mail went through the same server: imap, "
        "pipe.",
    )


class DkimSection(Section):
    """Our own check of DKIM signatures (RFC 6376). It asks the DNS."""

    domains: dict[str, Texts] = Field(
        default_factory=dict,
        description="Whose signatures prove a From domain, where that is not the domain itself "
        "alone: help.example: [help.example, help.onmicrosoft.com]. Names must be equal: a "
        "domain does not speak for those below it.",
        max_length=ITEMS_MAX,
    )
    max_age: Duration = spelt(
        "72h",
        duration_from,
        "A signed mail whose Date is older proves nothing: it may be sent again by anybody.",
    )
    max_skew: Duration = spelt(
        "15m", duration_from, "How far in the future the Date of a signed mail may be."
    )


class TrustSection(Section):
    """How much proof an agent's mail needs before it acts, and what counts as proof."""

    policy: TrustPolicy = Field(
        TrustPolicy.AUTO,
        description="auto: proof of origin is required as soon as a way to prove it is "
        "configured; until then the reply token and the agent's address together suffice for "
        "everyday commands. strict: proof is always required, without it a mail is held and "
        "its agent is asked. capability: token and address always suffice.",
    )
    reply_to_from: MailAddresses = Field(
        (),
        description="The addresses that web forms of yours write from. Who asks is then the "
        "one in Reply-To, unless the form's own origin is in doubt. They get no "
        "acknowledgement: anybody can type any address into a form.",
    )
    authentication_results: ResultsSection | None = Field(
        None,
        description="Believe the results of your own mail server, on listeners that say "
        "behind_mta: true. Default: nobody's are believed.",
    )
    trusted_peers: Texts = Field(
        (),
        description="The addresses your mail server connects from: 192.0.2.25, 10.1.0.0/16. "
        "This machine and Unix sockets need not be named.",
    )
    dkim: DkimSection | None = Field(
        None,
        description="Check DKIM signatures ourselves; {} is enough to begin. Default: no.",
    )
    step_up: Texts = Field(
        StepUp().words,
        description="What an agent confirms by a reply though nobody doubts who wrote it: "
        "commands by their English word, and bulk. cc means people from outside of the "
        "customer's domains. Name any other that changes something, such as close. erase, "
        "export and redact may be left out only where agents are proved and policy is not "
        "capability.",
    )
    bulk_above: Annotated[int, Field(ge=1, le=BULK_MAX)] = Field(
        StepUp().bulk_above,
        description="One mail that acts on more tickets than this is a bulk.",
    )
