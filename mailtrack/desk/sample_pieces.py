"""What the sample letters are made of: a desk, a ticket on fire, people, words of strangers.

Some values are hostile on purpose, and must come out of every letter as they went in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from mailtrack.desk.views import (
    ActionView,
    ApartView,
    ChangeView,
    DeskView,
    EntryView,
    FileView,
    Goes,
    HeldView,
    ListLineView,
    PersonView,
    PublicPersonView,
    PublicTicketView,
    RouteView,
    SuggestionView,
    TicketView,
    mailto,
)
from mailtrack.mail.address import Address
from mailtrack.tickets.decision import Field
from mailtrack.tickets.ticket import EntryKind, Priority, Status

NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON: Final = NOW + timedelta(minutes=85)
BEFORE: Final = NOW - timedelta(days=1, hours=3)
ZONE: Final = ZoneInfo("Europe/Kyiv")
DESK: Final = DeskView("Example Help", "support@help.example")


class Here(TypedDict):
    """What every sample says alike."""

    desk: DeskView
    zone: ZoneInfo
    now: datetime


HERE: Final[Here] = {"desk": DESK, "zone": ZONE, "now": NOW}
REPLY: Final = Address("support+raq7xk2mzvn4cbtd3hywj6pefg5los2", "help.example")

CARA: Final = PersonView("Cara Smith", "cara@cust.example")
OLGA: Final = PersonView("Olga Kovalenko", "olga@help.example", is_agent=True)
NOBODY: Final = PublicPersonView("")
PUBLIC: Final = PublicTicketView(1042, "Printer on fire [ACME-991]")
WORDS: Final = (
    "Hello,\n\nour printer on the second floor is on fire, a little. {{ 7*7 }} <b>&amp;\n\n"
    "We have tried to switch it off and on again. What should we do?\n\nCara"
)

TICKET: Final = TicketView(
    number=1042,
    subject="Printer on fire [close] {{ 7*7 }}",
    status=Status.OPEN,
    queue="support",
    priority=Priority.HIGH,
    owner="Ivan Petrenko",
    requester=CARA,
    opened_at=BEFORE,
    organisation="ACME",
    customer_type="vip",
    tags=("printer", "fire"),
    category="hardware",
    next_due_at=SOON,
    minutes_spent=95,
    language="en",
)
BARE_TICKET: Final = TicketView(
    number=7,
    subject="",
    status=Status.NEW,
    queue="support",
    priority=Priority.NORMAL,
    owner=None,
    requester=PersonView("", "x@cust.example"),
    opened_at=NOW,
)
MAIL: Final = EntryView(
    author="Cara Smith",
    at=NOW,
    kind=EntryKind.MAIL,
    text=WORDS,
    attachments=(FileView("photo of the fire.jpg", 348_160), FileView("log.txt", 812)),
    is_verified=False,
)
ANSWER: Final = EntryView(
    "Olga Kovalenko", BEFORE, EntryKind.ANSWER, "Please step back from it.\n\nOlga"
)
NOTE: Final = EntryView(
    "Ivan Petrenko", BEFORE, EntryKind.NOTE, "She is right, it burns.", is_internal=True
)
CHANGES: Final = (
    ChangeView(Field.OWNER, "", "Ivan Petrenko"),
    ChangeView(Field.PRIORITY, "normal", "high", "Olga Kovalenko"),
    ChangeView(Field.STATUS, "new", "open", "Olga Kovalenko"),
    ChangeView(Field.DUE_AT, "", "2026-03-05T15:00:00+00:00", "Olga Kovalenko"),
    ChangeView(Field.MINUTES_SPENT, "70", "95", "Olga Kovalenko"),
)


def action(word: str, label: str) -> ActionView:
    subject = f"[{word}] [#1042] Printer on fire"
    return ActionView(word, label, subject, mailto(REPLY, subject))


ACTIONS: Final = (
    action("close", "Close"),
    action("wait", "Wait for customer"),
    action("take", "Take it"),
    action("note", "Write a note"),
    action("assign:", "Assign"),
    action("show:1042", "Show all"),
    action("help", "Help"),
)
CONFIRM: Final = (action("release", "Yes, do it"), action("drop", "Drop it"))
TO_CUSTOMER: Final = RouteView(Goes.CUSTOMER, (CARA,))
TO_NOTE: Final = RouteView(Goes.NOTE)
TO_CONFIRM: Final = RouteView(Goes.CONFIRM)
TO_DESK: Final = RouteView(Goes.COMMANDS)
TO_PERSON: Final = RouteView(Goes.PERSON, (OLGA,))

LINE: Final = ListLineView(
    number=1042,
    subject="Printer on fire",
    status=Status.OPEN,
    queue="support",
    priority=Priority.URGENT,
    owner="Ivan Petrenko",
    requester="Cara Smith",
    changed_at=BEFORE,
    next_due_at=BEFORE,
    snippet="… the printer on the second floor is on fire …",
    href=mailto(REPLY, "[show:1042]"),
)
BARE_LINE: Final = ListLineView(
    number=7,
    subject="",
    status=Status.WAITING,
    queue="billing",
    priority=Priority.LOW,
    owner=None,
    requester="x@cust.example",
    changed_at=NOW,
)
FIXED: Final = (
    SuggestionView("[close] [assign:ivan]", mailto(REPLY, "[close] [assign:ivan]", "Done.\n")),
    SuggestionView("[close] [assign:ivana]", mailto(REPLY, "[close] [assign:ivana]")),
)
HELD: Final = HeldView(
    held_id="H12",
    sender_shown="Ivan Petrenko <ivan@help.example>",
    subject="Re: [#1042] Printer on fire [close]",
    reason="unproved",
    at=BEFORE,
    number=1042,
    actions=CONFIRM,
)
APART: Final = ApartView(
    quarantine_id="Q3",
    at=BEFORE,
    sender_shown="cara@cust.example",
    size_bytes=9_400_000,
    tries=3,
    reason="took longer than 20 seconds to read",
    number=1042,
    actions=CONFIRM,
)
BARE_APART: Final = ApartView("Q4", NOW, "", 0, 1, "", 0)
BARE_HELD: Final = HeldView("H13", "", "", "a sentence of our own", NOW)
