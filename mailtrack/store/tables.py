"""The tables, as SQLModel classes. ``migrations`` builds them; a test holds the two together.

The hot path never makes an object of these classes: it speaks Core over the ``Table`` objects
at the end of this file, which is several times faster. Each index says which question it
answers. Datetimes are aware UTC by SQLModel's own column type, enums are their values.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Table, text
from sqlmodel import Field, SQLModel

from mailtrack.store.table import Row

# So that all tables are known where these are.
from mailtrack.store.tables_waiting import ALARM as ALARM


class LetterState(StrEnum):
    """What became of a letter so far."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    STOPPED = "stopped"
    BLOCKED = "blocked"  # by our own gate


class Brake(StrEnum):
    """What a letter that answers a mail by itself counts for; see ``brakes``."""

    ACKNOWLEDGEMENT = "acknowledgement"
    ERROR = "error"
    QUESTION = "question"
    ANSWER = "answer"
    HELD = "held"


class HeldState(StrEnum):
    """What became of a mail that waited. Released: it is to be decided again. Done: it was.

    Grouped: it stands in the ticket of a flood, and may be given one of its own.
    """

    HELD = "held"
    RELEASED = "released"
    DROPPED = "dropped"
    DONE = "done"
    GROUPED = "grouped"


class TicketRow(Row, table=True):
    """``tags`` and ``partner_tags`` are JSON lists."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ticket_by_requester", "requester", "opened_at"),
        Index("ticket_by_owner", "owner", "status"),
        Index("ticket_by_queue", "queue", "status"),
        Index("ticket_by_status", "status", "changed_at"),
        Index("ticket_by_change", "changed_at"),
    )

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    uuid: str
    subject: str
    status: str
    queue: str
    priority: str
    requester: str
    language: str
    opened_at: datetime
    changed_at: datetime
    category: str | None = None
    tags: str
    owner: str | None = None
    finished_at: datetime | None = None
    due_at: datetime | None = None
    sla_policy: str | None = None
    minutes_spent: int
    merged_into: int | None = None
    partner_tags: str


class TagRow(Row, table=True):
    """An index of ``ticket.tags``, for ``tag:`` in a search."""

    __tablename__ = "tag"

    tag: str = Field(primary_key=True)
    number: int = Field(primary_key=True, foreign_key="ticket.number", index=True)


class LinkRow(Row, table=True):
    """Each link stands here twice, once from each end."""

    __tablename__ = "link"

    number: int = Field(primary_key=True, foreign_key="ticket.number")
    other: int = Field(primary_key=True, foreign_key="ticket.number")


class ParticipantRow(Row, table=True):
    """``id`` keeps the order in which people joined."""

    __tablename__ = "participant"
    __table_args__ = (Index("participant_once", "number", "person", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(foreign_key="ticket.number")
    person: str
    part: str
    name: str
    local: str
    domain: str


class EntryRow(Row, table=True):
    """``id`` is the row of the full text index; ``entry_id`` is the entry's own."""

    __tablename__ = "entry"
    __table_args__ = (Index("entry_by_ticket", "number", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    entry_id: str = Field(unique=True)
    number: int = Field(foreign_key="ticket.number")
    kind: str
    visibility: str
    author: str
    author_shown: str
    at: datetime
    subject: str
    text: str
    message_id: str | None = None
    raw_sha256: str | None = None
    attachments: str
    is_verified: bool


class ChangeRow(Row, table=True):
    """What changed. ``journal_by_actor`` finds somebody's last decision on a ticket."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("journal_by_ticket", "number", "id"),
        Index("journal_by_actor", "number", "actor", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    decision_id: str
    number: int = Field(foreign_key="ticket.number")
    at: datetime
    actor: str
    field: str
    old: str
    new: str


class ClockRow(Row, table=True):
    """An SLA clock. ``next_rung_at`` is what a tick looks for."""

    __tablename__ = "clock"

    number: int = Field(primary_key=True, foreign_key="ticket.number")
    metric: str = Field(primary_key=True)
    cycle: int = Field(primary_key=True)
    policy: str
    state: str
    started_at: datetime
    target_seconds: int
    elapsed_seconds: int
    resumed_at: datetime | None = None
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    breached_at: datetime | None = None
    is_rebased: bool
    rungs_told: str
    next_rung_at: datetime | None = Field(default=None, index=True)


class TokenRow(Row, table=True):
    """``number`` is 0 for a token about no ticket, so there is no foreign key.

    ``strangers`` is a JSON list.
    """

    __tablename__ = "token"
    __table_args__ = (Index("token_by_ticket", "number", "purpose", "is_revoked"),)

    handle: str = Field(primary_key=True)
    purpose: str
    number: int
    ticket_uuid: str
    person: str
    role: str
    issued_at: datetime
    expires_at: datetime | None = None
    is_revoked: bool
    held_id: str | None = None
    letter_id: str | None = None
    strangers: str = Field(default="[]", sa_column_kwargs={"server_default": "[]"})
    last_used_at: datetime | None = None
    use_count: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class GuessRow(Row, table=True):
    """A token that proved nothing; ``peer`` is who sent it. Kept for the last hour only."""

    __tablename__ = "guess"
    __table_args__ = (Index("guess_by_peer", "peer", "at"), Index("guess_by_time", "at"))

    id: int | None = Field(default=None, primary_key=True)
    peer: str
    at: datetime


class BrakedPeerRow(Row, table=True):
    """A peer whose tokens are not looked at until then."""

    __tablename__ = "braked_peer"

    peer: str = Field(primary_key=True)
    until: datetime


class KnownIdRow(Row, table=True):
    """A Message-ID in one person's view. Not unique: two mails may bear the same id."""

    __tablename__ = "known_id"
    __table_args__ = (Index("known_id_by_ticket", "number", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: str = Field(index=True)
    number: int = Field(foreign_key="ticket.number")
    person: str
    is_ours: bool


class ReceiptRow(Row, table=True):
    """One mail or tick was handled. ``trace`` is why, for ``[why]``; JSON."""

    __tablename__ = "receipt"
    __table_args__ = (
        Index("receipt_by_bytes", "raw_sha256", "at"),
        Index("receipt_by_content", "content_hash", "sender_key", "at"),
        Index("receipt_by_end", "is_tick", "disposition", "held_serial"),
        Index("receipt_by_ticket", "number", "at"),
    )

    spool_id: str = Field(primary_key=True)
    disposition: str
    number: int | None = None
    held_serial: int | None = None
    at: datetime
    is_tick: bool
    raw_sha256: str | None = None
    content_hash: str
    sender_key: str | None = None
    message_id: str | None = None
    person: str | None = None
    trace: str


class HeldRow(Row, table=True):
    """``serial`` 12 is shown as ``H12``. ``state``: held, released, dropped or done."""

    __tablename__ = "held"

    serial: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    spool_id: str
    raw_sha256: str
    reason: str
    person: str | None = None
    number: int | None = None
    subject: str
    sender_shown: str
    at: datetime
    state: str = Field(index=True)
    permits: str
    envelope: str
    ended_by: str | None = None
    brackets: str | None = None
    asked_at: datetime | None = None
    explained_at: datetime | None = None
    reminders: int


class CustomerRow(Row, table=True):
    """What a customer's mail taught us."""

    __tablename__ = "customer"

    person: str = Field(primary_key=True)
    name: str
    language: str | None = None
    first_seen_at: datetime


class AgentRow(Row, table=True):
    """``open_tickets`` is counted anew whenever a ticket of theirs changes."""

    __tablename__ = "agent"

    name: str = Field(primary_key=True)
    open_tickets: int
    away_until: datetime | None = None
    notified_count: int = 0
    notified_since: datetime | None = None


class TurnRow(Row, table=True):
    """Whose turn it was last in a round robin."""

    __tablename__ = "turn"

    group: str = Field(primary_key=True)
    agent: str


class StormRow(Row, table=True):
    """A storm that is on, or what is kept back because of one; see ``tickets.storm``."""

    __tablename__ = "storm"

    mark: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    person: str = Field(primary_key=True)
    said: str
    times: int
    until: datetime = Field(index=True)


def _brake_index(name: str, *columns: str) -> Index:
    """An index of the few letters that count for a brake, and of no others.

    The migration says so to PostgreSQL too; here it would load that dialect at each start.
    """
    return Index(name, *columns, sqlite_where=text("brake IS NOT NULL"))


class LetterRow(Row, table=True):
    """One letter of the outbox, narrow on purpose: its state changes three times.

    ``due_at`` is when it may next be claimed, None once it is sent, failed or stopped;
    ``ended_at`` is when it was sent or given up. ``brake`` is the ``Brake`` it counts for.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index("letter_due", "due_at", "id"),
        Index("letter_by_state", "state"),
        Index("letter_in_line", "number", "due_at"),
        Index("letter_by_ticket", "number", "id"),
        Index("letter_told", "person", "id"),
        _brake_index("letter_to_person", "person", "written_at"),
        _brake_index("letter_to_domain", "domain", "written_at"),
        _brake_index("letter_that_brakes", "written_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    letter_id: str = Field(unique=True)
    name: str
    person: str
    number: int | None = Field(default=None, foreign_key="ticket.number")
    recipient: str
    domain: str
    subject: str
    subject_key: str
    message_id: str
    is_automatic: bool
    brake: str | None = None
    why: str
    entry_id: str | None = None
    state: str
    written_at: datetime
    not_before: datetime
    due_at: datetime | None = None
    attempts: int
    ended_at: datetime | None = None
    reason: str
    bounced_at: datetime | None = None
    bounce_status: str | None = None
    bounce_diagnostic: str
    bounce_is_permanent: bool | None = None


class LetterMailRow(Row, table=True):
    """The words of a letter. ``mail`` is the whole of it as JSON (see ``codec``).

    ``text`` stands here once more so that cutting a quote need not open the JSON.
    """

    __tablename__ = "letter_mail"

    letter_id: str = Field(primary_key=True, foreign_key="letter.letter_id")
    text: str
    mail: str


class ErrandRow(Row, table=True):
    """What is to be done to stored data. ``about`` is blank as soon as it is done.

    ``state``: waiting; clearing, when the rows are done and files are not; done. ``gone`` is a
    JSON list of the raw mails that are to go, ``done`` what the admin is told, in JSON.
    """

    __tablename__ = "errand"

    id: int | None = Field(default=None, primary_key=True)
    errand_id: str = Field(unique=True)
    kind: str
    about: str
    number: int
    by: str
    at: datetime
    state: str = Field(index=True)
    gone: str
    done: str


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


TICKET = _table("ticket")
TAG = _table("tag")
LINK = _table("link")
PARTICIPANT = _table("participant")
ENTRY = _table("entry")
JOURNAL = _table("journal")
CLOCK = _table("clock")
TOKEN = _table("token")
GUESS = _table("guess")
BRAKED_PEER = _table("braked_peer")
KNOWN_ID = _table("known_id")
RECEIPT = _table("receipt")
HELD = _table("held")
CUSTOMER = _table("customer")
AGENT = _table("agent")
TURN = _table("turn")
STORM = _table("storm")
LETTER = _table("letter")
LETTER_MAIL = _table("letter_mail")
ERRAND = _table("errand")
