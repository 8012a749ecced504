"""The answer of the desk: what became of a mail, what changes, which letters leave, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailtrack.mail.address import Mailbox
from mailtrack.tickets.alarm import Alarm
from mailtrack.tickets.clock import Clock
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.errand import Errand
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.storm import StormMark
from mailtrack.tickets.ticket import Entry, Participant, PersonId, Ticket
from mailtrack.tickets.ticket import Reason as Reason
from mailtrack.tickets.token import Token
from mailtrack.tickets.waiting import HeldNote, Quarantined, QuarantineState


class Disposition(StrEnum):
    """The one end state of a mail."""

    TICKET = "ticket"  # it opened a ticket
    ENTRY = "entry"  # it stands in a ticket that was there
    COMMAND = "command"  # it held only commands or questions, and they were carried out
    FILED = "filed"  # machine-made and about nothing we know: kept, answered by nothing
    HELD = "held"  # it waits for somebody's word
    DUPLICATE = "duplicate"  # the same mail was handled before
    QUARANTINED = "quarantined"  # it could not be read; a stub ticket stands for it
    TICK = "tick"  # no mail at all: the clock struck


class Field(StrEnum):
    """The fields of a ticket that change, each journalled with its old and its new text."""

    STATUS = "status"
    OWNER = "owner"  # agent name, "" for nobody
    QUEUE = "queue"
    PRIORITY = "priority"
    CATEGORY = "category"
    TAGS = "tags"  # sorted, joined by one blank
    DUE_AT = "due_at"  # ISO 8601 in UTC, "" for none
    SLA_POLICY = "sla_policy"
    MINUTES_SPENT = "minutes_spent"
    LANGUAGE = "language"
    MERGED_INTO = "merged_into"
    PARTNER_TAGS = "partner_tags"
    REQUESTER = "requester"


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket is opened with these fields and participants; entries follow by AddEntry."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class AddEntry:
    """An entry is added to the ticket it names."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """An entry goes from the ticket ``number`` to the one that ``entry`` names now.

    ``entry`` is as it stands there, with the kind and visibility that it has there.
    """

    number: int
    entry: Entry
    actor: PersonId


@dataclass(frozen=True, slots=True)
class WithdrawEntry:
    """An answer was stopped before it left: its entry becomes an internal note."""

    number: int
    entry_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field changes, and the journal gets a row. ``old`` is what the decision saw."""

    number: int
    field: Field
    old: str
    new: str
    actor: PersonId


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody takes a part on a ticket, in place of any part they had."""

    number: int
    participant: Participant
    actor: PersonId


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody has no part on a ticket any longer, and their tokens for it die."""

    number: int
    person: PersonId
    actor: PersonId


@dataclass(frozen=True, slots=True)
class LinkTickets:
    """Two tickets belong together: a follow-up to a long-closed one, a copy, a cause."""

    number: int
    other: int


@dataclass(frozen=True, slots=True)
class IssueToken:
    """A token row that no letter of this decision carries with it."""

    token: Token


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """A token is good for nothing from now on."""

    handle: str


@dataclass(frozen=True, slots=True)
class UseToken:
    """A token brought a mail in. ``strangers`` are all who have used it and should not."""

    handle: str
    strangers: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True)
class CountGuesses:
    """So many tokens of a mail were none of ours: somebody guesses, or an address was cut."""

    peer: str
    count: int


@dataclass(frozen=True, slots=True)
class BrakePeer:
    """No token that comes from this peer is looked at until then."""

    peer: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SetClocks:
    """The SLA clocks of a ticket are these now, finished ones included."""

    number: int
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """The mail waits."""

    held: HeldMail


@dataclass(frozen=True, slots=True)
class EndHold:
    """A held mail was released (it will be decided again, under ``brackets``) or dropped.

    ``restores``: it may have been dropped before.
    """

    held_id: str
    state: str
    by: PersonId
    brackets: tuple[tuple[str, str], ...] | None = None
    restores: bool = False


@dataclass(frozen=True, slots=True)
class NoteHeld:
    """Something was done about mails that wait still."""

    held_ids: tuple[str, ...]
    note: HeldNote


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A mail could not be read, and is set apart."""

    item: Quarantined


@dataclass(frozen=True, slots=True)
class QuarantineAgain:
    """It was tried again, and could not be read again."""

    quarantine_id: str
    reason: str
    tries: int


@dataclass(frozen=True, slots=True)
class EndQuarantine:
    """A mail that was set apart goes on to ``state``, on somebody's word or by itself."""

    quarantine_id: str
    state: QuarantineState
    by: PersonId | None


@dataclass(frozen=True, slots=True)
class TellQuarantine:
    """A letter to the admins names these."""

    quarantine_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetAlarm:
    """This is remembered of an alarm now."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class LastDone:
    """Something that happens now and then was last done, or due, at ``at``."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StopLetter:
    """A letter that has not left will not leave."""

    letter_id: str
    by: PersonId


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """The round robin of a group went on to this agent."""

    group: str
    agent: str


@dataclass(frozen=True, slots=True)
class KnowCustomer:
    """What a customer's mail taught us: their name, and their language if it is clear."""

    mailbox: Mailbox
    language: str | None


@dataclass(frozen=True, slots=True)
class SetAway:
    """An agent is away until then; None: here again."""

    agent: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class LetterBounced:
    """A letter of ours did not arrive."""

    letter_id: str
    status: str | None
    diagnostic: str
    is_permanent: bool


@dataclass(frozen=True, slots=True)
class SetMark:
    """A storm is remembered, or what is kept back because of one."""

    mark: StormMark


@dataclass(frozen=True, slots=True)
class EndMark:
    """A mark's hour has come."""

    mark: StormMark


@dataclass(frozen=True, slots=True)
class ReleaseGrouped:
    """The mails of a flood, filed together in this ticket, are decided one by one."""

    number: int
    by: PersonId


@dataclass(frozen=True, slots=True)
class Entrust:
    """An errand is to be run when this is committed."""

    errand: Errand


Effect = (
    OpenTicket
    | AddEntry
    | MoveEntry
    | WithdrawEntry
    | Change
    | Join
    | Leave
    | LinkTickets
    | IssueToken
    | RevokeToken
    | UseToken
    | CountGuesses
    | BrakePeer
    | SetClocks
    | Hold
    | EndHold
    | NoteHeld
    | Quarantine
    | QuarantineAgain
    | EndQuarantine
    | TellQuarantine
    | LastDone
    | SetAlarm
    | StopLetter
    | TakeTurn
    | KnowCustomer
    | SetAway
    | LetterBounced
    | SetMark
    | EndMark
    | ReleaseGrouped
    | Entrust
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about one mail or one tick: applied whole or not at all.

    ``number`` is the ticket it ended in, ``person`` who it was from as far as proved.
    """

    disposition: Disposition
    effects: tuple[Effect, ...] = ()
    letters: tuple[Letter, ...] = ()
    trace: tuple[Reason, ...] = ()
    number: int | None = None
    person: PersonId | None = None
