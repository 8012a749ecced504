"""What the admin wants, compiled once from the YAML files. ``config`` makes these values.

Frozen values with no default that a reader would have to guess: defaults of keys live in
``config.models`` beside the key's comment. Every value that came from a line of YAML and can
decide something knows its ``where``: ``rules.yaml:12``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailtrack.mail.address import Address
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.ticket import PersonId, Priority, Status, agent_id
from mailtrack.tickets.token import KeyRing

if TYPE_CHECKING:
    from mailtrack.desk.letters import Stationery


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
    """What is known of customers whose address or domain matches ``glob``."""

    glob: str
    organisation: str | None
    type: str | None
    language: str | None
    sla: str | None
    where: str


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


@dataclass(frozen=True, slots=True)
class Brakes:
    """The bounds on what leaves by itself: each a number of letters or mails in a span."""

    acks_to_sender_10_minutes_max: int = 1
    acks_to_sender_day_max: int = 3
    acks_same_subject_week_max: int = 1
    acks_to_domain_hour_max: int = 30
    acks_hour_max: int = 60
    errors_to_sender_day_max: int = 4
    tickets_from_sender_hour_max: int = 30
    mails_in_ticket_10_minutes_max: int = 10


# ---- routing -----------------------------------------------------------------------------------


class Match(StrEnum):
    """How a condition's values are compared with the text they look at."""

    WORDS = "words"  # whole words or phrases, case folded, in any script
    GLOB = "glob"  # the whole value, * and ?
    REGEX = "regex"  # RE2, searched
    EXACT = "exact"  # one of these values, case folded


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing to look at, and the values any of which fits.

    ``subject`` is a key of ``routing.CONDITIONS``: subject, body, from, to, header, list,
    attachment, language, customer_type, organisation, queue, tag, size, reply, time.
    ``name`` is the header's name for ``header``. ``values`` are ``(how, text)``.
    """

    subject: str
    values: tuple[tuple[Match, str], ...]
    where: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """A tree of conditions: all of ``all``, at least one of ``any`` (if any), none of ``none``."""

    all: tuple[Condition | When, ...] = ()
    any: tuple[Condition | When, ...] = ()
    none: tuple[Condition | When, ...] = ()


@dataclass(frozen=True, slots=True)
class Assign:
    """To whom: ``how`` is person, round_robin, least_busy or skill; ``what`` names it."""

    how: str
    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Then:
    """What a rule does. None or empty: leaves it alone."""

    queue: str | None = None
    priority: Priority | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    assign: Assign | None = None
    sla: str | None = None
    canned: str | None = None
    note: str | None = None
    notify: tuple[str, ...] = ()
    hold: bool = False
    spam: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of ``rules.yaml``, in the order of the file."""

    name: str
    when: When
    then: Then
    stop: bool
    where: str


# ---- SLA ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """Working hours of one day by the wall clock; ``closes`` <= ``opens`` runs past midnight."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a promise runs. ``week`` holds the windows of Monday to Sunday, 7 tuples.

    ``overrides`` replace the windows of a date; a holiday is an override with no window.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    overrides: tuple[tuple[date, tuple[Window, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """One promise. ``when`` picks the tickets (an empty one picks all); the first in file wins.

    ``targets`` are ``(metric, priority, seconds)``; a metric with no row is not promised.
    ``calendar`` None runs day and night.
    """

    name: str
    when: When
    calendar: Calendar | None
    targets: tuple[tuple[Metric, Priority, int], ...]
    pause_on_hold: bool
    rebase: bool
    where: str

    def target(self, metric: Metric, priority: Priority) -> int | None:
        """The promised seconds, None if nothing is promised."""
        return next((s for m, p, s in self.targets if m == metric and p == priority), None)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the escalation ladder.

    ``percent`` of the target (100 is the breach), or ``after`` the breach. ``tell`` holds
    ``owner``, ``lead``, ``queue``, agent names or addresses of agents.
    """

    percent: int | None
    after: timedelta | None
    tell: tuple[str, ...]
    where: str

    @property
    def name(self) -> str:
        """How the rung is remembered as told: ``80%``, ``breach``, ``+4h``."""
        if self.after is not None:
            return f"+{int(self.after.total_seconds())}s"
        return "breach" if self.percent == 100 else f"{self.percent}%"


# ---- the whole ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policy:
    """All that the admin decided. ``addresses`` maps our address keys to queue names.

    ``undo_delay`` is how long an agent's answer waits so that ``[undo]`` can stop it.
    ``reopen_within``: a mail to a ticket finished longer ago opens a linked follow-up.
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
    rules: tuple[Rule, ...]
    sla_policies: tuple[SlaPolicy, ...]
    ladder: tuple[Rung, ...]
    trust: TrustPolicy
    undo_delay: timedelta
    reopen_within: timedelta
    token_life_after_close: timedelta
    thanks_chars_max: int
    attachments_bytes_max: int
    brakes: Brakes
    keys: KeyRing = field(repr=False)
    stationery: Stationery = field(repr=False)
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    statuses_shown: tuple[Status, ...] = tuple(Status)

    def agent(self, name: str) -> Agent | None:
        """The agent of that name in ``people.yaml``, active or not."""
        return next((one for one in self.agents if one.name == name), None)

    def agent_at(self, address_key: str) -> Agent | None:
        """The agent who has that address, active or not."""
        return next((one for one in self.agents if address_key in one.emails), None)

    def queue(self, name: str) -> Queue | None:
        """The queue of that name."""
        return next((one for one in self.queues if one.name == name), None)

    def is_ours(self, address: Address) -> bool:
        """Whether mail to this address comes back to us: a desk address or a reply address."""
        return self.queue_of(address) is not None or address.domain == self.reply_domain

    def queue_of(self, address: Address) -> str | None:
        """The queue of one of our addresses, its plus part aside; None if it is not ours."""
        local, _ = address.tag(self.delimiter)
        plain = Address(local, address.domain).key
        table = dict(self.addresses)
        return table.get(address.key, table.get(plain))
