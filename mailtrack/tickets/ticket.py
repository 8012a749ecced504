"""A ticket and what stands in it, as the desk sees them: a snapshot, never a row.

A *person* is named by a ``PersonId``: ``@ivan`` is the agent of that name in ``people.yaml``,
anything else is the key of a customer's address (``cara@cust.example``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailtrack.mail.address import Mailbox
from mailtrack.mail.message import AttachmentRef
from mailtrack.tickets.clock import Clock
from mailtrack.tickets.token import Token

PersonId = str


def agent_id(name: str) -> PersonId:
    """The person id of the agent whose key in ``people.yaml`` is ``name``."""
    return f"@{name}"


class Status(StrEnum):
    """Where a ticket stands; what each means for the clocks is in ``desk.sla``."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    HOLD = "hold"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_finished(self) -> bool:
        """Whether nobody is expected to do anything: resolved or closed."""
        return self in (Status.RESOLVED, Status.CLOSED)


class Priority(StrEnum):
    """How urgent a ticket is, from least to most."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Visibility(StrEnum):
    """Who may ever read an entry: everybody on the ticket, or agents only."""

    PUBLIC = "public"
    INTERNAL = "internal"


class EntryKind(StrEnum):
    """What an entry is: it decides the colour of a notification and what SLA clocks do."""

    MAIL = "mail"  # a customer's mail
    ANSWER = "answer"  # an agent's words to the customer
    NOTE = "note"  # an agent's words to agents
    MACHINE = "machine"  # machine-made mail: filed, answered by nothing
    THIRD_PARTY = "third_party"  # a stranger who held somebody's token: internal
    STUB = "stub"  # stands for a mail that could not be read


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said in a ticket. ``text`` is the new words; the whole is in the raw.

    ``id`` is unique for ever. ``author`` is who wrote it, ``author_shown`` as people know them.
    ``raw_sha256`` finds the raw mail, None for what was not a mail. ``is_verified`` is False
    when nothing proved that the author wrote it.
    """

    id: str
    number: int
    kind: EntryKind
    visibility: Visibility
    author: PersonId
    author_shown: str
    at: datetime
    subject: str
    text: str
    message_id: str | None
    raw_sha256: str | None
    attachments: tuple[AttachmentRef, ...] = ()
    is_verified: bool = True


class Part(StrEnum):
    """What somebody is to a ticket."""

    REQUESTER = "requester"
    CC = "cc"  # a customer who is copied
    WATCHER = "watcher"  # an agent who hears of everything
    MUTED = "muted"  # an agent who hears of nothing


@dataclass(frozen=True, slots=True)
class Participant:
    """A person on a ticket, at the address that letters to them go to."""

    person: PersonId
    mailbox: Mailbox
    part: Part


@dataclass(frozen=True, slots=True)
class ThreadId:
    """A Message-ID in one person's own view of the conversation, oldest first.

    ``is_ours`` tells a letter we sent to them from a mail they sent to us.
    """

    person: PersonId
    message_id: str
    is_ours: bool


# The fields of journal rows that are no field of a ticket: people and entries come and go.
JOINED = "join"
LEFT = "leave"
SPLIT_OFF = "split"  # old: the id of the entry that went; new: the number it went to
SPLIT_FROM = "split_from"  # there: its id, and the number it came from


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One change that was made. ``decision_id`` groups what one mail or tick changed.

    ``old`` and ``new`` are the texts of the field (see ``effects.Change``).
    """

    decision_id: str
    number: int
    at: datetime
    actor: PersonId
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the trace: which rule spoke, what it said, and where it is written.

    ``where`` is ``rules.yaml:12`` for what an admin wrote, ``""`` for our own law.
    """

    rule: str
    said: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket, with the recent of its entries and journal (oldest first).

    ``uuid`` never shows and goes into token MACs. ``finished_at`` is since when it is resolved
    or closed. ``due_at`` is a date an agent pinned. ``merged_into`` names the ticket that
    took this one's place. ``partner_tags`` are other desks' subject tags, ``[ACME-991]``.
    ``reasons`` are the trace of the last decisions about it, what ``[why]`` shows.
    ``entries_before`` counts the older entries that are not among ``entries``.
    """

    number: int
    uuid: str
    subject: str
    status: Status
    queue: str
    priority: Priority
    requester: PersonId
    language: str
    opened_at: datetime
    changed_at: datetime
    category: str | None = None
    tags: tuple[str, ...] = ()
    owner: str | None = None
    finished_at: datetime | None = None
    due_at: datetime | None = None
    sla_policy: str | None = None
    minutes_spent: int = 0
    merged_into: int | None = None
    linked: tuple[int, ...] = ()
    partner_tags: tuple[str, ...] = ()
    participants: tuple[Participant, ...] = ()
    entries: tuple[Entry, ...] = ()
    journal: tuple[JournalRow, ...] = ()
    clocks: tuple[Clock, ...] = ()
    tokens: tuple[Token, ...] = ()
    thread: tuple[ThreadId, ...] = ()
    reasons: tuple[Reason, ...] = ()
    entries_before: int = 0

    def place(self, entry_id: str) -> int | None:
        """Which of its entries that is, from 1, as people count them; None if it is none."""
        ids = [one.id for one in self.entries]
        return self.entries_before + ids.index(entry_id) + 1 if entry_id in ids else None

    def participant(self, person: PersonId) -> Participant | None:
        """That person's place on this ticket, None if they have none."""
        return next((one for one in self.participants if one.person == person), None)

    def with_part(self, *parts: Part) -> tuple[Participant, ...]:
        """The participants who have one of these parts, in order."""
        return tuple(one for one in self.participants if one.part in parts)


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket as one line of a list; ``next_due_at`` is the earliest running SLA deadline."""

    number: int
    subject: str
    status: Status
    queue: str
    priority: Priority
    owner: str | None
    requester_shown: str
    opened_at: datetime
    changed_at: datetime
    next_due_at: datetime | None
    snippet: str = ""
