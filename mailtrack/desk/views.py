"""What a letter may show: the only values that templates ever see.

A customer's letter is given ``PublicTicketView`` and names without addresses, so that no
template, an admin's included, can show a customer what is internal. All times are aware; the
templates show them by the reader's clock. Nothing here knows the policy: ``letters`` stands
below it. Read ``letter_views`` next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from mailtrack.mail.address import Address
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.decision import Field
from mailtrack.tickets.ticket import EntryKind, Priority, Status

# RFC 6068 section 2: what may stand bare in the address. "+" is left out on purpose: readers
# that take it for a blank would lose the token behind it, and all of them decode %2B.
_BARE_IN_ADDRESS: Final = "!$'*-._~"


def mailto(address: Address, subject: str, body: str = "") -> str:
    """A ``mailto:`` link that prepares a mail (RFC 6068); line ends of the body become CRLF."""
    to = f"{quote(address.local, safe=_BARE_IN_ADDRESS)}@{address.domain}"
    link = f"mailto:{to}?subject={_quoted(' '.join(subject.split()))}"
    return f"{link}&body={_quoted(_with_crlf(body))}" if body else link


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="-._~")


def _with_crlf(text: str) -> str:
    return "\r\n".join(text.splitlines())


@dataclass(frozen=True, slots=True)
class DeskView:
    """The desk as its letters name it."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as agents see them; ``shown`` is ``""`` where only the address is known."""

    shown: str
    email: str
    is_agent: bool = False

    @property
    def full(self) -> str:
        """``Cara Smith <cara@cust.example>``, or the address alone."""
        return f"{self.shown} <{self.email}>" if self.shown else self.email


@dataclass(frozen=True, slots=True)
class PublicPersonView:
    """A person as a customer may see them: a name, ``""`` if there is none; no address."""

    shown: str

    @property
    def name(self) -> str:
        """The same as ``shown``: the word that canned answers use."""
        return self.shown


@dataclass(frozen=True, slots=True)
class FileView:
    """An attachment, named."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EntryView:
    """One thing that was said, for agents. ``author`` is as people know them.

    ``place`` is which entry of its ticket it is, 0 where that is not shown.
    """

    author: str
    at: datetime
    kind: EntryKind
    text: str
    attachments: tuple[FileView, ...] = ()
    is_verified: bool = True
    is_internal: bool = False
    place: int = 0


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A field that changed. ``old`` and ``new`` are journal texts, owners by shown name.

    ``actor`` is as people know them, ``""`` for a rule or the clock.
    """

    field: Field
    old: str
    new: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class PublicTicketView:
    """All of a ticket that a customer's letter may show."""

    number: int
    subject: str


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket for agents. ``owner`` is a shown name, None for nobody.

    ``next_due_at`` is the earliest running deadline, None if nothing is promised.
    """

    number: int
    subject: str
    status: Status
    queue: str
    priority: Priority
    owner: str | None
    requester: PersonView
    opened_at: datetime
    organisation: str | None = None
    customer_type: str | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    next_due_at: datetime | None = None
    minutes_spent: int = 0
    language: str = "en"


@dataclass(frozen=True, slots=True)
class ActionView:
    """One tap of the action bar: ``href`` is a ``mailto`` link that prepares ``subject``.

    ``label`` is in the reader's language: ``Stationery.label`` knows it.
    """

    word: str
    label: str
    subject: str
    href: str


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A corrected version: ``text`` as it would be typed, ``href`` prepares it."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class ListLineView:
    """A ticket as one line of a list. ``href`` prepares a ``[show]``, ``""`` for no link."""

    number: int
    subject: str
    status: Status
    queue: str
    priority: Priority
    owner: str | None
    requester: str
    changed_at: datetime
    next_due_at: datetime | None = None
    snippet: str = ""
    href: str = ""


class Goes(StrEnum):
    """Where a reply to this letter will go: the first thing that a letter to agents says."""

    CUSTOMER = "customer"  # to the people named, as an answer
    NOTE = "note"  # into the ticket, for agents only
    PERSON = "person"  # to the colleagues named, and into the ticket as a note
    CONFIRM = "confirm"  # to the desk: it releases or drops what is held
    COMMANDS = "commands"  # to the desk: only commands are read


@dataclass(frozen=True, slots=True)
class RouteView:
    """Where a reply goes, and to whom if to people."""

    goes: Goes
    people: tuple[PersonView, ...] = ()


class Caution(StrEnum):
    """What an agent must know before they trust or answer a mail."""

    FAILED = "failed"  # proof of origin failed: very likely forged
    THIRD_PARTY = "third_party"  # a stranger answered with the key of: detail
    RELATED = "related"  # may belong to another ticket; detail: its number
    CC_ADDED = "cc_added"  # detail: the addresses
    LEFT_OUT = "left_out"  # attachments that are not sent on; detail: their names
    SHALLOW = "shallow"  # too complex to read whole
    FOLLOW_UP = "follow_up"  # follows a ticket finished long ago; detail: its number
    FLOOD = "flood"  # too many from one sender: the rest of them is filed here
    MERGED_OTHERS = (
        "merged_others"  # a merge of two customers' tickets; detail: who is left out
    )
    MERGED_OUTSIDER = "merged_outsider"  # writes to a ticket that became part of another's
    LEAKED_TOKEN = "leaked_token"  # a stranger has an agent's reply address; detail: whose
    RENEWED_TOKEN = "renewed_token"  # too many strangers have it; detail: whose
    EXPIRED = "expired"  # it answers a ticket closed too long ago; detail: its number
    FOR_GOOD = "for_good"  # what is done cannot be undone
    SPLIT = "split"  # it was part of another ticket; detail: its number


@dataclass(frozen=True, slots=True)
class CautionView:
    """A warning; ``detail`` is what the member's comment says."""

    code: Caution
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One command that cannot be done. ``written`` as typed, ``detail`` the part at fault.

    ``code`` is a key of ``problems`` in ``phrases.j2``: the values of ``commands.Problem``.
    ``suggestions`` are what may have been meant, best first.
    """

    written: str
    code: str
    detail: str = ""
    suggestions: tuple[SuggestionView, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldView:
    """A held mail as one item. ``reason`` is a key of ``held_reasons`` or a plain sentence."""

    held_id: str
    sender_shown: str
    subject: str
    reason: str
    at: datetime
    number: int | None = None
    actions: tuple[ActionView, ...] = ()


@dataclass(frozen=True, slots=True)
class ApartView:
    """A mail that could not be read as one item. ``number`` is its stub ticket, 0 for none."""

    quarantine_id: str
    at: datetime
    sender_shown: str
    size_bytes: int
    tries: int
    reason: str
    number: int
    actions: tuple[ActionView, ...] = ()


@dataclass(frozen=True, slots=True)
class AlarmItemView:
    """One alarm: ``kind`` is a key of ``alarms``, ``about`` an account, ``""`` for none."""

    kind: str
    about: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class RungView:
    """One step of the ladder reached. ``due_at`` is the deadline, past when ``is_breached``."""

    ticket: ListLineView
    metric: Metric
    due_at: datetime
    is_breached: bool
    actions: tuple[ActionView, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestLineView:
    """A ticket in which ``count`` things happened that were not told one by one."""

    ticket: ListLineView
    count: int


@dataclass(frozen=True, slots=True)
class StormLineView:
    """A ticket that a storm is about; ``is_breaker``: at it the breaker of the desk opened."""

    ticket: ListLineView
    is_breaker: bool = False


@dataclass(frozen=True, slots=True)
class WaitedLineView:
    """A ticket whose first mail had waited ``since`` then until it was taken."""

    ticket: ListLineView
    since: datetime


@dataclass(frozen=True, slots=True)
class HelpRowView:
    """One command: ``usage`` as it is typed, ``synonyms`` beside it, ``says`` what it does."""

    usage: str
    says: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HelpGroupView:
    """The commands of one kind."""

    title: str
    rows: tuple[HelpRowView, ...]


@dataclass(frozen=True, slots=True)
class CannedView:
    """A canned answer as one item of a list; ``opening`` is how it begins."""

    name: str
    title: str
    languages: tuple[str, ...]
    opening: str
    href: str = ""


class Done(StrEnum):
    """What was done on somebody's word."""

    UNDONE = "undone"
    NOTHING_TO_UNDO = "nothing_to_undo"
    TOO_LATE = "too_late"  # the letter has left
    ALREADY = "already"  # somebody released or dropped it before
    EXPIRED = "expired"  # the answer came too late; the question is put anew
    UNCLEAR = "unclear"  # the answer said neither yes nor no
    NOT_YOURS = "not_yours"  # somebody else was asked
    RELEASED_BY_ADMIN = "released_by_admin"  # the reader was asked, an admin decided
    DROPPED_BY_ADMIN = "dropped_by_admin"
    DECIDED_BY_ADMIN = "decided_by_admin"  # some of them so, some so
