"""Every key of ``mailtrack.yaml``: its kind, its default and the sentence that explains it.

``mailtrack schema`` and the table of keys in ``docs/admins.md`` are made from these classes, so
a description is written for the admin who reads it there. Whether names refer to something that
exists is checked later, in ``compile``, when all files are read. The other files are in
``models_people`` and ``models_rules``; the way out is in ``models_outgoing``, whom to believe
in ``models_trust``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from mailtrack.config.kinds import (
    ITEMS_MAX,
    Count,
    Duration,
    ListenAt,
    MailAddress,
    Name,
    SecretText,
    Section,
    Size,
    Text,
    Texts,
    Zone,
    spelt,
)
from mailtrack.config.models_imap import ACCOUNTS_MAX, ImapSection
from mailtrack.config.models_outgoing import OutgoingSection
from mailtrack.config.models_trust import TrustSection
from mailtrack.config.models_waiting import AlarmsSection, HeldSection, RetentionSection
from mailtrack.config.words import duration_from, listen_from, size_from, zone_from
from mailtrack.desk.policy import AutoAck, Brakes, ReplyMode
from mailtrack.tickets.ticket import Status

_BRAKES: Final = Brakes()


class QueueSection(Section):
    """How one queue shows itself. A queue needs this only to change what is the default."""

    shown: Name | None = Field(
        None,
        description="The name in the From of its letters: 'Ivan (Shop Billing)'. "
        "Default: the name of the desk.",
    )
    address: MailAddress | None = Field(
        None,
        description="The address that its letters come from; one of desk.addresses. "
        "Default: the first of its addresses there.",
    )


class ReplySection(Section):
    """Where the secret token stands that brings an answer to its ticket."""

    mode: ReplyMode = Field(
        ReplyMode.PLUS,
        description="plus: support+TOKEN@help.example, if the mail server knows subaddresses. "
        "subdomain: TOKEN@reply.help.example, a domain of its own whose mail all comes here. "
        "headers: nowhere; answers are recognised by their References alone.",
    )
    domain: Name | None = Field(
        None,
        description="The domain of reply addresses; needed for mode subdomain. It also stands "
        "in our Message-IDs. Default: the domain of the first of desk.addresses.",
    )
    delimiter: Annotated[str, Field(pattern=r"^[-+=_]$")] = Field(
        "+",
        description="What parts address and token in mode plus: + (or -, as qmail).",
    )
    expire_after_close: Duration = spelt(
        "180d",
        duration_from,
        "How long after a ticket is closed an answer still finds it. A later one opens a new, "
        "linked ticket; nothing is lost.",
    )
    agent_token_ttl: Duration = spelt(
        "90d",
        duration_from,
        "How long an agent's reply address is good for. New letters bring a new one in time; "
        "an agent who answers an older one is asked to confirm.",
    )


class DeskSection(Section):
    """Who we are towards the people who write to us."""

    name: Name = Field(
        description="The name of the desk, as customers see it in letters.",
        examples=["Example Help"],
    )
    addresses: dict[str, Name] = Field(
        description="Our addresses and the queue that mail to each goes to: "
        "support@help.example: support. Mail to no other address is accepted.",
        min_length=1,
        max_length=ITEMS_MAX,
    )
    queues: dict[str, QueueSection] = Field(
        default_factory=dict,
        description="Queues by name. Those of desk.addresses are there already; name one here "
        "to give it another shown name, or if no address leads to it.",
    )
    language: Name = Field(
        "en",
        description="The language of letters to people whose own is not known. "
        "Letters ship in en, ru and uk.",
    )
    languages: Texts = Field(
        ("en", "ru", "uk"),
        description="All languages to write letters in. One that does not ship needs a folder "
        "of that name in the templates folder.",
    )
    timezone: Zone = spelt(
        "UTC", zone_from, "The zone of times in letters, and of calendars that name none."
    )
    reply: ReplySection = Field(
        default_factory=ReplySection, description="The reply addresses."
    )
    undo_delay: Duration = spelt(
        "60s",
        duration_from,
        "How long an agent's answer waits before it leaves, so that [undo] can stop it.",
    )
    reopen_within: Duration = spelt(
        "7d",
        duration_from,
        "A customer who writes to a ticket finished longer ago than this opens a follow-up "
        "ticket that is linked to the old one.",
    )
    thanks_chars_max: Count = Field(
        200,
        description="A thank-you shorter than this many characters does not reopen a ticket.",
    )
    status_letters: tuple[Status, ...] = Field(
        (Status.RESOLVED, Status.CLOSED),
        description="The statuses that a customer gets a letter about when an agent sets them "
        "without writing a word.",
    )
    categories: Texts = Field(
        (),
        description="The categories that rules and agents may use. Empty: any word is one.",
    )
    tags: Texts = Field(
        (), description="The tags that rules and agents may use. Empty: any word is one."
    )


class TlsSection(Section):
    """A certificate for a listener."""

    certificate: Text = Field(
        description="The PEM file of the certificate and its chain.",
        examples=["/etc/mailtrack/cert.pem"],
    )
    key: Text = Field(
        description="The PEM file of its private key.", examples=["/etc/mailtrack/key.pem"]
    )
    implicit: bool = Field(
        False,
        description="TLS from the first byte, as on port 465. Default: STARTTLS is offered.",
    )


class FrontSection(Section):
    """One way in over a socket."""

    listen: ListenAt = Field(
        description="Where to listen: host:port, [::1]:port, *:port, or unix:/path/to/socket.",
        examples=["127.0.0.1:2525"],
    )
    tls: TlsSection | None = Field(
        None, description="Offers STARTTLS with this certificate. Default: no encryption."
    )
    behind_mta: bool = Field(
        False,
        description="All mail comes here through your own mail server, and nobody else can "
        "connect. Needed for trust.authentication_results to be believed here.",
    )


class SubmissionSection(Section):
    """A way in for agents who log in; it takes mail to the desk, and nothing else."""

    listen: ListenAt = Field(
        description="Where to listen: host:port, [::1]:port or *:port.",
        examples=["*:587"],
    )
    tls: TlsSection = Field(
        description="The certificate. Nobody logs in, and no mail is taken, without TLS."
    )
    passwords: Text | None = Field(
        None,
        description="A file with one `login:hash` a line, as `mailtrack password LOGIN` prints "
        "it. A login is an agent's name in people.yaml, or one of their addresses. Better "
        "given as credential submission-passwords of systemd, or by "
        "MAILTRACK_SUBMISSION_PASSWORDS_FILE.",
        examples=["/etc/mailtrack/secrets/passwords"],
    )


class LimitsSection(Section):
    """The bounds of the ways in. They refuse for a while or defer; they never drop mail."""

    mail_size_max: Size = spelt("25MB", size_from, "A larger mail is refused (552).")
    recipients_max: Annotated[int, Field(ge=1, le=1000)] = Field(
        100, description="Recipients in one mail; the sender hands over the rest in another."
    )
    connections_max: Annotated[int, Field(ge=1, le=10_000)] = Field(
        64, description="Connections at one time; one more is asked to come back (421)."
    )
    connections_per_peer_max: Annotated[int, Field(ge=1, le=10_000)] = Field(
        16, description="Connections at one time from one IP address."
    )
    connection_time_max: Duration = spelt(
        "15m", duration_from, "A connection that is older is closed after its mail."
    )
    free_disk_min: Size = spelt(
        "500MB", size_from, "With less room for the spool, mail is asked to come back (452)."
    )


def _smtp_on_loopback() -> FrontSection:
    return FrontSection.model_construct(listen=listen_from("127.0.0.1:2525"))


class IntakeSection(Section):
    """The ways in."""

    hostname: Name | None = Field(
        None,
        description="The name this desk greets other mail servers with. "
        "Default: the domain of the first of desk.addresses.",
    )
    smtp: FrontSection | None = Field(
        default_factory=_smtp_on_loopback,
        description="The SMTP front. null: none.",
    )
    lmtp: FrontSection | None = Field(
        None, description="The LMTP front, for Postfix and others to hand over to. null: none."
    )
    imap: tuple[ImapSection, ...] = Field(
        (), description="The mailboxes to fetch mail from.", max_length=ACCOUNTS_MAX
    )
    submission: SubmissionSection | None = Field(
        None,
        description="SMTP for agents who log in: what they write is proved to be theirs. "
        "null: none.",
    )
    limits: LimitsSection = Field(default_factory=LimitsSection, description="The bounds.")


class ReaderSection(Section):
    """The processes that read mail; hostile mail is read in one that can be killed."""

    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        2, description="How many mails are read at one time."
    )
    seconds_max: Annotated[int, Field(ge=1, le=600)] = Field(
        20, description="A mail that takes longer is read in outline only."
    )
    memory_max: Size = spelt("512MB", size_from, "The memory of one reading process.")


class LogLevel(StrEnum):
    """What is worth a line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """What a line looks like."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class LogSection(Section):
    """The log, on standard error. It never holds subjects, bodies, tokens or passwords."""

    level: LogLevel = Field(LogLevel.INFO, description="The least that is worth a line.")
    format: LogFormat = Field(
        LogFormat.AUTO, description="auto: text on a terminal, JSON elsewhere."
    )


class AutoAckSection(Section):
    """The acknowledgement of a new ticket."""

    require: AutoAck = Field(
        AutoAck.AUTO,
        description="Whom to acknowledge. aligned: only senders whose origin is proved. any: "
        "everybody but machines. never: nobody. auto: aligned as soon as a way to prove a "
        "customer's origin is configured, any until then; logins prove agents alone.",
    )
    not_after: Duration = spelt(
        "1d",
        duration_from,
        "A mail that is taken later than this, because the desk was off, is not acknowledged "
        "any more: its ticket is opened, and the admins get one letter with all of these "
        "people. An acknowledgement that could not leave for so long is stopped and listed.",
    )


class BrakesSection(Section):
    """The bounds on what leaves by itself. They defer and report; they never drop mail."""

    acks_to_sender_10_minutes_max: Count = Field(
        _BRAKES.acks_to_sender_10_minutes_max,
        description="Acknowledgements to one sender in ten minutes.",
    )
    acks_to_sender_day_max: Count = Field(
        _BRAKES.acks_to_sender_day_max, description="The same in a day."
    )
    acks_same_subject_week_max: Count = Field(
        _BRAKES.acks_same_subject_week_max,
        description="Acknowledgements to one sender about one subject in a week.",
    )
    acks_to_domain_hour_max: Count = Field(
        _BRAKES.acks_to_domain_hour_max,
        description="Acknowledgements to all senders of one domain in an hour.",
    )
    acks_to_freemail_hour_max: Count = Field(
        _BRAKES.acks_to_freemail_hour_max,
        description="The same where millions have their mailboxes.",
    )
    freemail_domains: Texts = Field(
        _BRAKES.freemail_domains,
        description="Those domains. A list of your own takes the place of this one.",
    )
    acks_hour_max: Count = Field(
        _BRAKES.acks_hour_max,
        description="Acknowledgements of the whole desk in an hour. One more opens the "
        "breaker: for an hour there are none, and the admins are told.",
    )
    acks_times_usual_max: Count = Field(
        _BRAKES.acks_times_usual_max,
        description="The breaker opens as well at this many times what was usual at this hour "
        "in the last fortnight, but not below 60.",
    )
    errors_to_sender_day_max: Count = Field(
        _BRAKES.errors_to_sender_day_max,
        description="Letters to one person in a day that a command was not understood.",
    )
    tickets_from_sender_hour_max: Count = Field(
        _BRAKES.tickets_from_sender_hour_max,
        description="Tickets that one sender may open in an hour; more is filed together in "
        "one, and [ungroup] makes tickets of it.",
    )
    mails_in_ticket_10_minutes_max: Count = Field(
        _BRAKES.mails_in_ticket_10_minutes_max,
        description="Mails in one ticket in ten minutes that are notified one by one; more is "
        "told an hour later in one letter.",
    )
    identical_mails_max: Count = Field(
        _BRAKES.identical_mails_max,
        description="Mails of the same words in one ticket in a day; more is told so too.",
    )
    notifications_to_agent_10_minutes_max: Count = Field(
        _BRAKES.notifications_to_agent_10_minutes_max,
        description="Notifications to one agent in ten minutes; the rest is told in one letter "
        "when they are over.",
    )


class MailtrackFile(Section):
    """mailtrack.yaml: how this desk runs."""

    desk: DeskSection = Field(description="Who we are.")
    state: Text = Field(
        "var",
        description="The folder for everything that must survive: spool, archive, database, "
        "Maildirs, keys. Relative to where mailtrack is started; MAILTRACK_STATE and systemd's "
        "STATE_DIRECTORY go before it.",
    )
    storage: SecretText | None = Field(
        None,
        description="The database: sqlite:///path/to/file or postgresql://user@host/name. "
        "Default: mailtrack.db in the state folder. A URL with a password is better given as "
        "{file: ...}, as credential pg-dsn of systemd, or in MAILTRACK_PG_DSN.",
    )
    templates: Text | None = Field(
        None,
        description="A folder with templates of your own; each file in it replaces the one of "
        "the same name that ships. Relative to the folder of this file.",
    )
    intake: IntakeSection = Field(default_factory=IntakeSection, description="The ways in.")
    outgoing: OutgoingSection = Field(
        default_factory=OutgoingSection, description="The way out."
    )
    reader: ReaderSection = Field(
        default_factory=ReaderSection, description="How mail is read."
    )
    log: LogSection = Field(default_factory=LogSection, description="The log.")
    trust: TrustSection = Field(default_factory=TrustSection, description="Whom to believe.")
    autoack: AutoAckSection = Field(
        default_factory=AutoAckSection, description="Acknowledgements of new tickets."
    )
    brakes: BrakesSection = Field(default_factory=BrakesSection, description="The brakes.")
    alarms: AlarmsSection = Field(
        default_factory=AlarmsSection, description="When the desk raises its voice."
    )
    held: HeldSection = Field(
        default_factory=HeldSection, description="Mail that waits for somebody's word."
    )
    retention: RetentionSection = Field(
        default_factory=RetentionSection, description="What is forgotten by itself."
    )
