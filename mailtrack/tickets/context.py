"""What we already know: the answer of the one look-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailtrack.mail.envelope import Envelope
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.storm import StormMark
from mailtrack.tickets.ticket import EntryKind, JournalRow, PersonId, Ticket, TicketLine
from mailtrack.tickets.token import Token
from mailtrack.tickets.waiting import Quarantined


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mail was handled. ``disposition`` is a ``Disposition`` value; ``number`` its ticket."""

    spool_id: str
    disposition: str
    number: int | None
    held_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownId:
    """A Message-ID that we know. ``is_ours`` tells an id we issued from one that came in."""

    message_id: str
    number: int
    person: PersonId
    is_ours: bool


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail that waits for somebody's word. ``held_id`` reads ``H12``.

    ``person`` is who is asked to confirm, None if only admins can. ``grant`` is what a release
    permits (see ``Grant.permits``). ``state`` is ``held``, ``released`` or ``dropped``.
    ``brackets`` are the corrected commands of a mail that was released before and is held for
    another reason now, as ``(word, argument)``; None for those it came with. ``is_explained``:
    an answer about it was neither yes nor no, and its writer was told so.
    """

    held_id: str
    spool_id: str
    raw_sha256: str
    reason: str
    person: PersonId | None
    number: int | None
    subject: str
    sender_shown: str
    at: datetime
    state: str
    grant: str
    envelope: Envelope
    brackets: tuple[tuple[str, str], ...] | None = None
    is_explained: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """A held mail was released and is decided again: by whom, and what is now permitted.

    ``permits`` are the reasons it was held for so far, by blanks, which will not hold it again.
    ``brackets``, if not None, take the place of the commands it came with.
    """

    held_id: str
    by: PersonId
    permits: str
    brackets: tuple[Bracket, ...] | None = None


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """What we learned of a customer by their mail. ``language`` None: not known yet."""

    person: PersonId
    name: str
    language: str | None
    first_seen_at: datetime
    tickets_count: int


@dataclass(frozen=True, slots=True)
class RecentAutomatic:
    """Automatic letters lately: the numbers the brakes of security section 4.1 look at.

    ``acknowledgements_usual`` is the mean of this hour in the fortnight before, None if it is
    not known or does not matter. ``flood`` is the ticket that takes this sender's flood.
    ``unanswered_by_sender_day`` are the mails in this agent's name that they were asked about
    in the last day, and that wait still.
    """

    to_sender_10_minutes: int = 0
    to_sender_day: int = 0
    to_sender_same_subject_week: int = 0
    to_domain_hour: int = 0
    acknowledgements_hour: int = 0
    tickets_from_sender_hour: int = 0
    mails_in_ticket_10_minutes: int = 0
    errors_to_sender_day: int = 0
    answers_to_sender_hour: int = 0
    admins_told_hour: int = 0
    acknowledgements_usual: float | None = None
    flood: int | None = None
    questions_to_sender_hour: int = 0
    unanswered_by_sender_day: int = 0


@dataclass(frozen=True, slots=True)
class Guesses:
    """Guesses at tokens in the last hour: by the peer that sent the mail, and by all.

    ``braked_until`` is until when nothing of this peer's is looked at, ``last_until`` the same
    of the peer that is braked longest; None if none ever was.
    """

    of_peer: int = 0
    of_all: int = 0
    braked_until: datetime | None = None
    last_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AgentState:
    """What is known of an agent beyond ``people.yaml``. ``open_tickets`` counts new and open.

    ``away_until`` is None when here. ``notified_count`` are the notifications since
    ``notified_since``, the beginning of the last ten minutes in which there were any.
    """

    name: str
    open_tickets: int
    away_until: datetime | None = None
    notified_count: int = 0
    notified_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something said in a ticket that an agent was told of lately; ``text`` may be cut."""

    number: int
    author: PersonId
    kind: EntryKind
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the store knows about a reading. Empty where it knows nothing.

    ``seen`` is the receipt of the same mail handled before (same bytes, or the same content
    from the same sender lately). ``tokens`` are the rows of the reading's tokens. ``tickets``
    holds every ticket that any evidence names, each once, merge chains already followed (the
    merged ones are there too). ``turns`` are ``(round robin group, agent of the last turn)``.
    ``bounced`` is the letter of a bounce token.
    ``unsent`` are letters of these tickets that have not left. ``undoable`` is the journal of
    the sender's last decision on each ticket. ``found`` answers ``Reading.wants`` in order.
    ``marks`` are the storms that are on, of the desk and of these tickets.
    ``guesses`` are asked only if the mail brings a token. ``waiting`` holds
    what ``Reading.waiting_ids`` and confirm tokens name, open or ended. ``typed_tokens`` are
    the rows of the reading's. ``elsewhere``, newest first, is asked only if an agent has words
    for a ticket.
    """

    seen: Receipt | None = None
    tokens: tuple[Token, ...] = ()
    known_ids: tuple[KnownId, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    customer: CustomerRecord | None = None
    automatic: RecentAutomatic = RecentAutomatic()
    agents: tuple[AgentState, ...] = ()
    turns: tuple[tuple[str, str], ...] = ()
    bounced: SentLetter | None = None
    sent: tuple[SentLetter, ...] = ()
    unsent: tuple[SentLetter, ...] = ()
    undoable: tuple[JournalRow, ...] = ()
    found: tuple[tuple[TicketLine, ...], ...] = ()
    marks: tuple[StormMark, ...] = ()
    guesses: Guesses = Guesses()
    waiting: tuple[HeldMail | Quarantined, ...] = ()
    typed_tokens: tuple[Token, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()

    def ticket(self, number: int) -> Ticket | None:
        """The ticket of that number if the look-up found it."""
        return next((one for one in self.tickets if one.number == number), None)
