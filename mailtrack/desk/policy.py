"""What the admin wants, compiled once from the YAML files. ``config`` makes these values.

Frozen values with no default that a reader would have to guess: defaults of keys live in
``config.models`` beside the key's comment. Every value that came from a line of YAML and can
decide something knows its ``where``: ``rules.yaml:12``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from mailtrack.desk.letters import Stationery
from mailtrack.desk.promises import Rung, SlaPolicy
from mailtrack.desk.proofs import DkimTrust, Relay
from mailtrack.desk.routing import Routing
from mailtrack.mail.address import Address
from mailtrack.tickets.ticket import PersonId, Status, agent_id
from mailtrack.tickets.token import KeyRing


class Role(StrEnum):
    """What an agent may do; each role may all that the ones before it may."""

    LIGHT = "light"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent of ``people.yaml``. ``emails`` are address keys; letters go to ``address``."""

    name: str
    shown: str
    address: Address
    emails: tuple[str, ...]
    role: Role
    queues: tuple[str, ...]
    skills: tuple[str, ...]
    language: str
    is_active: bool
    tickets_max: int | None
    where: str

    @property
    def id(self) -> PersonId:
        """The person id of this agent."""
        return agent_id(self.name)


@dataclass(frozen=True, slots=True)
class CustomerRule:
    """What is known of customers whose address or domain matches ``glob``.

    ``also`` are the keys of the other addresses of the one person that ``glob`` names.
    """

    glob: str
    organisation: str | None
    type: str | None
    language: str | None
    sla: str | None
    where: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """A team's list of tickets. ``address`` is what its letters come from."""

    name: str
    address: Address
    shown: str


class ReplyMode(StrEnum):
    """Where a reply token stands in our addresses."""

    PLUS = "plus"  # support+TOKEN@help.example
    SUBDOMAIN = "subdomain"  # TOKEN@reply.help.example
    HEADERS = "headers"  # nowhere: Message-IDs alone


class TrustPolicy(StrEnum):
    """How much proof an agent's mail needs; ``auto`` is the default (SPEC section 4)."""

    AUTO = "auto"
    STRICT = "strict"
    CAPABILITY = "capability"


class AutoAck(StrEnum):
    """Who gets an acknowledgement; ``auto`` is ALIGNED where origin can be proved, else ANY."""

    AUTO = "auto"
    ALIGNED = "aligned"
    ANY = "any"
    NEVER = "never"


# Where millions have their mailboxes: one domain there is many senders.
FREEMAIL: Final = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com",
    "yahoo.com", "icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "web.de",
    "t-online.de", "mail.ru", "yandex.ru", "ukr.net", "i.ua", "proton.me", "protonmail.com",
    "qq.com", "163.com",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brakes:
    """The bounds on what leaves by itself: each a number of letters or mails in a span."""

    acks_to_sender_10_minutes_max: int = 1
    acks_to_sender_day_max: int = 3
    acks_same_subject_week_max: int = 1
    acks_to_domain_hour_max: int = 30
    acks_to_freemail_hour_max: int = 200
    freemail_domains: tuple[str, ...] = FREEMAIL
    acks_hour_max: int = 60
    acks_times_usual_max: int = 5
    errors_to_sender_day_max: int = 20
    questions_hour_max: int = 30
    tickets_from_sender_hour_max: int = 30
    mails_in_ticket_10_minutes_max: int = 10
    identical_mails_max: int = 3
    notifications_to_agent_10_minutes_max: int = 60


class Silence(StrEnum):
    """How a silent intake is noticed, where no length of time is set."""

    AUTO = "auto"  # by what came in the same hours of the last weeks
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """When the desk raises its voice about itself.

    ``silent_after`` a length of time: no mail for so long is an alarm, at any hour.
    """

    silent_after: timedelta | Silence = Silence.AUTO
    mails_wait_max: timedelta = timedelta(minutes=10)
    letters_wait_max: timedelta = timedelta(minutes=30)
    quarantined_max: int = 10


@dataclass(frozen=True, slots=True)
class WaitingPolicy:
    """How long mail waits for somebody's word, and how often anybody is told of it.

    ``confirm_within`` is how long a question can be answered. Nobody is asked more than
    ``questions_hour_max`` times an hour; the rest is asked in one letter. Who leaves
    ``unanswered_day_max`` questions of a day unanswered gets one letter more about all that
    nobody proves to be theirs, and then none for a day. Admins are reminded
    of a mail when it is as old as each of ``remind_after``, and get the list of all at
    ``list_at`` of the desk's zone. After ``keep_for`` it is put by as rejected. Of quarantine
    they have a letter in ``quarantine_letter_every`` at most.
    """

    confirm_within: timedelta = timedelta(hours=24)
    questions_hour_max: int = 5
    unanswered_day_max: int = 3
    remind_after: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(hours=72))
    list_at: time = time(8, 30)
    keep_for: timedelta = timedelta(days=30)
    quarantine_letter_every: timedelta = timedelta(minutes=10)


BULK: Final = "bulk"
# What nobody takes back: it may go unasked only where agents are proved.
NEVER_UNASKED: Final = ("erase", "export", "redact")


@dataclass(frozen=True, slots=True)
class StepUp:
    """What is confirmed even by the right person (security section 2.2).

    ``words`` are commands, and ``bulk`` for one mail about more than ``bulk_above`` tickets.
    ``cc`` means people from outside of the customer's own domains.
    """

    words: tuple[str, ...] = ("merge", "split", "allow", "cc", BULK, *NEVER_UNASKED)
    bulk_above: int = 10


@dataclass(frozen=True, slots=True)
class Policy:
    """All that the admin decided. ``addresses`` maps our address keys to queue names.

    ``agent_token_life`` is how long an agent's reply token is good for.
    ``undo_delay`` is how long an agent's answer waits so that ``[undo]`` can stop it.
    ``reopen_within``: a mail to a ticket finished longer ago opens a linked follow-up.
    ``origin_methods`` are the ways to prove a From address that are configured, anybody's;
    ``agent_methods`` those that prove agents alone, by a login. ``relay`` and ``dkim`` say how
    far they go (``desk.origin``).
    ``reply_domain`` stands in our Message-IDs; in mode ``subdomain`` all its mail is ours.
    ``status_letters`` are the statuses a customer is told of when no words tell them.
    ``aliases`` maps a customer's further address keys to the one that names them.
    ``web_forms`` are the address keys of forms that write for the person in Reply-To.
    ``thanks_chars_max``: a shorter thank-you leaves a finished ticket finished (S38).
    """

    desk_name: str
    language: str
    languages: tuple[str, ...]
    zone: ZoneInfo
    addresses: tuple[tuple[str, str], ...]
    queues: tuple[Queue, ...]
    reply_mode: ReplyMode
    reply_domain: str
    delimiter: str
    agents: tuple[Agent, ...]
    customers: tuple[CustomerRule, ...]
    routing: Routing
    sla_policies: tuple[SlaPolicy, ...]
    ladder: tuple[Rung, ...]
    trust: TrustPolicy
    undo_delay: timedelta
    reopen_within: timedelta
    token_life_after_close: timedelta
    agent_token_life: timedelta
    thanks_chars_max: int
    attachments_bytes_max: int
    brakes: Brakes
    keys: KeyRing = field(repr=False)
    stationery: Stationery = field(repr=False)
    origin_methods: tuple[str, ...] = ()
    agent_methods: tuple[str, ...] = ()
    step_up: StepUp = StepUp()
    relay: Relay | None = None
    dkim: DkimTrust | None = None
    autoack: AutoAck = AutoAck.AUTO
    autoack_not_after: timedelta = timedelta(days=1)
    mail_bytes_max: int = 25 * 1024 * 1024
    web_forms: tuple[str, ...] = ()
    status_letters: tuple[Status, ...] = (Status.RESOLVED, Status.CLOSED)
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    aliases: Mapping[str, PersonId] = field(default_factory=dict)
    waiting: WaitingPolicy = WaitingPolicy()
    alarms: AlarmPolicy = AlarmPolicy()

    def person_at(self, address_key: str) -> PersonId:
        """The customer whose address that is: one of several may stand for all of them."""
        return self.aliases.get(address_key, address_key)

    def agent(self, name: str) -> Agent | None:
        """The agent of that name in ``people.yaml``, active or not."""
        return next((one for one in self.agents if one.name == name), None)

    def agent_at(self, address_key: str) -> Agent | None:
        """The agent who has that address, active or not."""
        return next((one for one in self.agents if address_key in one.emails), None)

    def queue(self, name: str) -> Queue | None:
        """The queue of that name."""
        return next((one for one in self.queues if one.name == name), None)

    def team(self, queue: str) -> tuple[str, ...]:
        """The names of the active agents who work a queue, in the order of ``people.yaml``."""
        return tuple(one.name for one in self.agents if one.is_active and queue in one.queues)

    def is_ours(self, address: Address) -> bool:
        """Whether mail to this address comes back to us: a desk address or a reply address."""
        if self.reply_mode is ReplyMode.SUBDOMAIN and address.domain == self.reply_domain:
            return True
        return self.queue_of(address) is not None

    def queue_of(self, address: Address) -> str | None:
        """The queue of one of our addresses, its plus part aside; None if it is not ours."""
        local, _ = address.tag(self.delimiter)
        plain = Address(local, address.domain).key
        table = dict(self.addresses)
        return table.get(address.key, table.get(plain))
