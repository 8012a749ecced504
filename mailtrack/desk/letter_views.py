"""What each letter is given: a view whose fields are the variables of its templates.

The pieces they are made of stand in ``views``; which template takes which view is the table
``LETTERS`` in ``letters``. Read that next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailtrack.desk.views import (
    ActionView,
    AlarmItemView,
    ApartView,
    CannedView,
    CautionView,
    ChangeView,
    DeskView,
    DigestLineView,
    Done,
    EntryView,
    HeldView,
    HelpGroupView,
    ListLineView,
    ProblemView,
    PublicPersonView,
    PublicTicketView,
    RouteView,
    RungView,
    StormLineView,
    SuggestionView,
    TicketView,
    WaitedLineView,
)
from mailtrack.errors import Mistake
from mailtrack.tickets.decision import Reason
from mailtrack.tickets.errand import ErrandDone


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView:
    """What every letter knows. ``zone`` and ``now`` are the reader's clock."""

    desk: DeskView
    zone: ZoneInfo
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedView(LetterView):
    """We have your message. ``open_at`` is when people are back, None if they are here.

    ``size_bytes`` is set if it was larger than ``size_bytes_max``: then we have its head only.
    """

    ticket: PublicTicketView
    customer: PublicPersonView
    open_at: datetime | None = None
    size_bytes: int | None = None
    size_bytes_max: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView(LetterView):
    """An agent's words to a customer. ``html`` is sanitised by ``mail.html``, None for none.

    ``is_first`` means that no letter of ours about this ticket came before.
    """

    ticket: PublicTicketView
    agent: PublicPersonView
    words: str
    html: str | None = None
    is_first: bool = False

    @property
    def is_signed(self) -> bool:
        """Whether the agent put their name, or its first part, under their words already."""
        last = [line.strip(" ,.-–—") for line in self.words.splitlines() if line.strip()][-3:]
        names = (self.agent.shown, self.agent.shown.split(" ")[0])
        return any(line in names for line in last)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView(LetterView):
    """A ticket was resolved or closed without words."""

    ticket: PublicTicketView
    customer: PublicPersonView
    agent: PublicPersonView


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedAnswerView(LetterView):
    """What a canned answer may name: ``{{ customer.name }}``, ``{{ ticket.number }}`` …"""

    ticket: PublicTicketView
    customer: PublicPersonView
    agent: PublicPersonView


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLetterView(LetterView):
    """What every letter to agents knows: where a reply goes, and what can be tapped."""

    route: RouteView
    actions: tuple[ActionView, ...] = ()


class Event(StrEnum):
    """What an agent is told of."""

    NEW = "new"  # a ticket was opened
    MAIL = "mail"  # the customer wrote
    ANSWER = "answer"  # a colleague answered
    NOTE = "note"  # a colleague wrote a note
    ASSIGNED = "assigned"  # the ticket is yours now
    REOPENED = "reopened"  # the customer wrote and it is open again
    THIRD_PARTY = "third_party"  # a stranger wrote
    STATUS = "status"  # something changed, without words


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationView(AgentLetterView):
    """Something happened in a ticket. ``actor`` is who did it, ``""`` for a rule.

    ``earlier`` is newest first. ``is_mine`` says whether the reader owns the ticket.
    """

    event: Event
    ticket: TicketView
    actor: str = ""
    entry: EntryView | None = None
    changes: tuple[ChangeView, ...] = ()
    cautions: tuple[CautionView, ...] = ()
    earlier: tuple[EntryView, ...] = ()
    is_mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedView(AgentLetterView):
    """Nothing was done and nothing sent. ``fixed`` are whole corrected versions to tap.

    ``held_text`` is what was written, ``""`` if there were only commands.
    """

    ticket: TicketView | None
    subject: str
    problems: tuple[ProblemView, ...]
    fixed: tuple[SuggestionView, ...] = ()
    held_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldConfirmView(AgentLetterView):
    """Is this from you? ``would`` are the commands it would carry out, and what they come to.

    ``cautions`` are what to mind before saying yes.

    ``is_own``: nobody doubts that it is, but what it asks for has to be confirmed: ``adds`` are
    addresses that would hear of the ticket, ``tickets`` is on how many it acts, ``quotes`` are
    tickets of other customers whose words it seems to repeat. ``peer`` is the
    address it came from, ``proof`` what the check of its origin said, ``""`` for nothing.
    ``is_usual``: the desk wants a proof that it has no way to get, so that it always asks.
    """

    held: HeldView
    opening: str
    would: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    is_own: bool = False
    adds: tuple[str, ...] = ()
    quotes: tuple[int, ...] = ()
    tickets: int = 1
    peer: str = ""
    proof: str = ""
    is_usual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CollisionView(AgentLetterView):
    """A colleague answered first. ``theirs`` is their answer, ``yours`` the words held."""

    ticket: TicketView
    theirs: EntryView
    yours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundView(AgentLetterView):
    """What a search found; ``total`` counts all hits, the lines may be fewer."""

    query: str
    lines: tuple[ListLineView, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedView(AgentLetterView):
    """The open tickets of a queue, or the reader's own when ``queue`` is None.

    ``there`` is the ticket that was to be moved into the queue and is in it already, else None.
    """

    queue: str | None
    lines: tuple[ListLineView, ...]
    total: int
    there: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownView(AgentLetterView):
    """A whole ticket. ``entries`` oldest first; ``left_out`` counts those not shown."""

    ticket: TicketView
    entries: tuple[EntryView, ...]
    changes: tuple[ChangeView, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyView(AgentLetterView):
    """The trace of the last decision, in its order."""

    ticket: TicketView | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpView(AgentLetterView):
    """All commands, by group."""

    groups: tuple[HelpGroupView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedListView(AgentLetterView):
    """All canned answers."""

    canned: tuple[CannedView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneView(AgentLetterView):
    """The answer to an undo or a confirmation. ``words`` are what was stopped or released."""

    done: Done
    ticket: TicketView | None = None
    changes: tuple[ChangeView, ...] = ()
    words: str = ""
    held_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandView(AgentLetterView):
    """What became of an errand; ``kind`` is an ``ErrandKind``. It does not say about whom."""

    kind: str
    done: ErrandDone


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderView(AgentLetterView):
    """Deadlines that are near or past, most pressing first."""

    rungs: tuple[RungView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView(AgentLetterView):
    """What a brake kept back in a storm, a line a ticket, the earliest first."""

    lines: tuple[DigestLineView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StormView(AgentLetterView):
    """A storm goes on, for admins: the tickets it is about, and whether the breaker is open.

    ``is_loop_seen``: letters of ours come back.
    """

    storms: tuple[StormLineView, ...] = ()
    is_breaker_open: bool = False
    is_loop_seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnacknowledgedView(AgentLetterView):
    """The desk was off: who wrote and got no acknowledgement, the earliest first.

    ``count`` is how many there are, of whom ``waited`` lists so many as a letter bears.
    """

    count: int
    waited: tuple[WaitedLineView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncedView(AgentLetterView):
    """A letter of ours came back. ``words`` are what it said; ``diagnostic`` their server's.

    ``is_own``: it said the reader's own words. ``is_mine``: the ticket is the reader's.
    """

    ticket: TicketView
    recipient: str
    is_permanent: bool
    words: str
    is_own: bool = False
    is_mine: bool = False
    status: str | None = None
    diagnostic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeliverableView(AgentLetterView):
    """A letter could not leave. ``is_final``: we gave up; else we go on trying."""

    ticket: TicketView | None
    recipient: str
    subject: str
    written_at: datetime
    is_final: bool
    reason: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedView(AgentLetterView):
    """Mail that could not be read, for admins. ``is_again``: one was tried anew, in vain."""

    apart: tuple[ApartView, ...]
    is_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldListView(AgentLetterView):
    """All mail that waits for somebody's word, for admins.

    ``apart`` is what could not be read; ``more`` counts what is not shown. ``is_daily``: the
    list of the day. ``is_reminder``: what has waited long. Else it is about one new mail.
    """

    held: tuple[HeldView, ...]
    apart: tuple[ApartView, ...] = ()
    more: int = 0
    is_daily: bool = False
    is_reminder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDigestView(AgentLetterView):
    """Mails in the reader's name that nobody asked about one by one: too many came at once."""

    held: tuple[HeldView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessedView(AgentLetterView):
    """Somebody guesses at reply tokens, for admins. ``peer`` is an IP address or a domain."""

    peer: str
    count: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigBrokenView(AgentLetterView):
    """Changed files that cannot be used, for admins; the rules of ``since`` go on."""

    mistakes: tuple[Mistake, ...]
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView(AgentLetterView):
    """Something is wrong with the desk itself, or is well again, for admins."""

    raised: tuple[AlarmItemView, ...]
    ended: tuple[AlarmItemView, ...] = ()
