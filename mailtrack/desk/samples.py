"""A sample of each letter, full and bare: templates are tried with them before any mail comes.

The full one has everything that can be there, the bare one nothing that may be missing: a
template that forgets an ``if`` fails at load, not on the day that somebody has no name. Some
values are hostile on purpose, and must come out as they went in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from mailtrack.desk import letter_views as letters
from mailtrack.desk.views import (
    ActionView,
    CannedView,
    Caution,
    CautionView,
    ChangeView,
    DeskView,
    Done,
    EntryView,
    FileView,
    Goes,
    HeldView,
    HelpGroupView,
    HelpRowView,
    ListLineView,
    PersonView,
    ProblemView,
    PublicPersonView,
    PublicTicketView,
    RouteView,
    RungView,
    SuggestionView,
    TicketView,
    mailto,
)
from mailtrack.errors import Mistake
from mailtrack.mail.address import Address
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.decision import Field, Reason
from mailtrack.tickets.ticket import EntryKind, Priority, Status

NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_SOON: Final = NOW + timedelta(minutes=85)
_BEFORE: Final = NOW - timedelta(days=1, hours=3)
_ZONE: Final = ZoneInfo("Europe/Kyiv")
_DESK: Final = DeskView("Example Help", "support@help.example")


class _Here(TypedDict):
    """What every sample says alike."""

    desk: DeskView
    zone: ZoneInfo
    now: datetime


_HERE: Final[_Here] = {"desk": _DESK, "zone": _ZONE, "now": NOW}
_REPLY: Final = Address("support+raq7xk2mzvn4cbtd3hywj6pefg5los2", "help.example")

_CARA: Final = PersonView("Cara Smith", "cara@cust.example")
_OLGA: Final = PersonView("Olga Kovalenko", "olga@help.example", is_agent=True)
_NOBODY: Final = PublicPersonView("")
_PUBLIC: Final = PublicTicketView(1042, "Printer on fire [ACME-991]")
_WORDS: Final = (
    "Hello,\n\nour printer on the second floor is on fire, a little. {{ 7*7 }} <b>&amp;\n\n"
    "We have tried to switch it off and on again. What should we do?\n\nCara"
)

_TICKET: Final = TicketView(
    number=1042,
    subject="Printer on fire [close] {{ 7*7 }}",
    status=Status.OPEN,
    queue="support",
    priority=Priority.HIGH,
    owner="Ivan Petrenko",
    requester=_CARA,
    opened_at=_BEFORE,
    organisation="ACME",
    customer_type="vip",
    tags=("printer", "fire"),
    category="hardware",
    next_due_at=_SOON,
    minutes_spent=95,
    language="en",
)
_BARE_TICKET: Final = TicketView(
    number=7,
    subject="",
    status=Status.NEW,
    queue="support",
    priority=Priority.NORMAL,
    owner=None,
    requester=PersonView("", "x@cust.example"),
    opened_at=NOW,
)
_MAIL: Final = EntryView(
    author="Cara Smith",
    at=NOW,
    kind=EntryKind.MAIL,
    text=_WORDS,
    attachments=(FileView("photo of the fire.jpg", 348_160), FileView("log.txt", 812)),
    is_verified=False,
)
_ANSWER: Final = EntryView(
    "Olga Kovalenko", _BEFORE, EntryKind.ANSWER, "Please step back from it.\n\nOlga"
)
_NOTE: Final = EntryView(
    "Ivan Petrenko", _BEFORE, EntryKind.NOTE, "She is right, it burns.", is_internal=True
)
_CHANGES: Final = (
    ChangeView(Field.OWNER, "", "Ivan Petrenko"),
    ChangeView(Field.PRIORITY, "normal", "high", "Olga Kovalenko"),
    ChangeView(Field.STATUS, "new", "open", "Olga Kovalenko"),
    ChangeView(Field.DUE_AT, "", "2026-03-05T15:00:00+00:00", "Olga Kovalenko"),
    ChangeView(Field.MINUTES_SPENT, "70", "95", "Olga Kovalenko"),
)


def _action(word: str, label: str) -> ActionView:
    subject = f"[{word}] [#1042] Printer on fire"
    return ActionView(word, label, subject, mailto(_REPLY, subject))


_ACTIONS: Final = (
    _action("close", "Close"),
    _action("wait", "Wait for customer"),
    _action("take", "Take it"),
    _action("note", "Write a note"),
    _action("assign:", "Assign"),
    _action("show:1042", "Show all"),
    _action("help", "Help"),
)
_CONFIRM: Final = (_action("release", "Yes, do it"), _action("drop", "Drop it"))
_TO_CUSTOMER: Final = RouteView(Goes.CUSTOMER, (_CARA,))
_TO_NOTE: Final = RouteView(Goes.NOTE)
_TO_CONFIRM: Final = RouteView(Goes.CONFIRM)
_TO_DESK: Final = RouteView(Goes.COMMANDS)
_TO_PERSON: Final = RouteView(Goes.PERSON, (_OLGA,))

_LINE: Final = ListLineView(
    number=1042,
    subject="Printer on fire",
    status=Status.OPEN,
    queue="support",
    priority=Priority.URGENT,
    owner="Ivan Petrenko",
    requester="Cara Smith",
    changed_at=_BEFORE,
    next_due_at=_BEFORE,
    snippet="… the printer on the second floor is on fire …",
    href=mailto(_REPLY, "[show:1042]"),
)
_BARE_LINE: Final = ListLineView(
    number=7,
    subject="",
    status=Status.WAITING,
    queue="billing",
    priority=Priority.LOW,
    owner=None,
    requester="x@cust.example",
    changed_at=NOW,
)
_FIXED: Final = (
    SuggestionView("[close] [assign:ivan]", mailto(_REPLY, "[close] [assign:ivan]", "Done.\n")),
    SuggestionView("[close] [assign:ivana]", mailto(_REPLY, "[close] [assign:ivana]")),
)
_HELD: Final = HeldView(
    held_id="H12",
    sender_shown="Ivan Petrenko <ivan@help.example>",
    subject="Re: [#1042] Printer on fire [close]",
    reason="unproved",
    at=_BEFORE,
    number=1042,
    actions=_CONFIRM,
)
_BARE_HELD: Final = HeldView("H13", "", "", "a sentence of our own", NOW)

CANNED: Final = letters.CannedAnswerView(
    ticket=_PUBLIC,
    customer=PublicPersonView("Cara Smith"),
    agent=PublicPersonView("Ivan Petrenko"),
    **_HERE,
)

BY_LETTER: Final[Mapping[str, tuple[letters.LetterView, ...]]] = {
    "acknowledged": (
        letters.AcknowledgedView(
            ticket=_PUBLIC,
            customer=PublicPersonView("Cara Smith"),
            open_at=NOW + timedelta(days=2),
            **_HERE,
        ),
        letters.AcknowledgedView(ticket=_PUBLIC, customer=_NOBODY, **_HERE),
    ),
    "answer": (
        letters.AnswerView(
            ticket=_PUBLIC,
            agent=PublicPersonView("Ivan Petrenko"),
            words=_WORDS,
            is_first=True,
            **_HERE,
        ),
        letters.AnswerView(
            ticket=_PUBLIC,
            agent=PublicPersonView("Ivan Petrenko"),
            words="Step back, please.\n\nIvan",
            html="<p>Step back, <b>please</b>.</p><p>Ivan</p>",
            **_HERE,
        ),
    ),
    "resolved": (
        letters.StatusView(
            ticket=_PUBLIC,
            customer=PublicPersonView("Cara Smith"),
            agent=PublicPersonView("Ivan Petrenko"),
            **_HERE,
        ),
        letters.StatusView(ticket=_PUBLIC, customer=_NOBODY, agent=_NOBODY, **_HERE),
    ),
    "closed": (
        letters.StatusView(
            ticket=_PUBLIC,
            customer=PublicPersonView("Cara Smith"),
            agent=PublicPersonView("Ivan Petrenko"),
            **_HERE,
        ),
        letters.StatusView(ticket=_PUBLIC, customer=_NOBODY, agent=_NOBODY, **_HERE),
    ),
    "notification": (
        letters.NotificationView(
            route=_TO_CUSTOMER,
            actions=_ACTIONS,
            event=letters.Event.MAIL,
            ticket=_TICKET,
            actor="Cara Smith",
            entry=_MAIL,
            changes=_CHANGES,
            cautions=tuple(CautionView(code, "1040") for code in Caution),
            earlier=(_ANSWER, _NOTE),
            is_mine=True,
            **_HERE,
        ),
        letters.NotificationView(
            route=_TO_NOTE, event=letters.Event.STATUS, ticket=_BARE_TICKET, **_HERE
        ),
        *(
            letters.NotificationView(
                route=_TO_PERSON,
                actions=_ACTIONS,
                event=event,
                ticket=_TICKET,
                actor="Olga Kovalenko",
                entry=_NOTE,
                **_HERE,
            )
            for event in letters.Event
        ),
    ),
    "refused": (
        letters.RefusedView(
            route=_TO_CONFIRM,
            actions=(_action("send", "Send without commands"), _action("drop", "Drop it")),
            ticket=_TICKET,
            subject="Re: [#1042] Printer on fire [clsoe] [assign:iv]",
            problems=(
                ProblemView("[clsoe]", "unknown_word", "clsoe", _FIXED[:1]),
                ProblemView("[assign:iv]", "ambiguous_person", "iv", _FIXED),
            ),
            fixed=_FIXED,
            held_text=_WORDS,
            **_HERE,
        ),
        letters.RefusedView(
            route=_TO_DESK,
            ticket=None,
            subject="[frobnicate]",
            problems=(ProblemView("[frobnicate]", "never heard of"),),
            **_HERE,
        ),
    ),
    "held": (
        letters.HeldConfirmView(
            route=_TO_CONFIRM,
            actions=_CONFIRM,
            held=_HELD,
            opening=_WORDS,
            would=("[close]", "[tag:fire]"),
            **_HERE,
        ),
        letters.HeldConfirmView(route=_TO_CONFIRM, held=_BARE_HELD, opening="", **_HERE),
    ),
    "collision": (
        letters.CollisionView(
            route=_TO_CONFIRM,
            actions=(_action("force", "Send it anyway"), _action("drop", "Drop it")),
            ticket=_TICKET,
            theirs=_ANSWER,
            yours=_WORDS,
            **_HERE,
        ),
        letters.CollisionView(
            route=_TO_CONFIRM, ticket=_BARE_TICKET, theirs=_NOTE, yours="", **_HERE
        ),
    ),
    "found": (
        letters.FoundView(
            route=_TO_DESK, query="printer", lines=(_LINE, _BARE_LINE), total=31, **_HERE
        ),
        letters.FoundView(route=_TO_DESK, query="nope", lines=(), total=0, **_HERE),
    ),
    "listed": (
        letters.ListedView(
            route=_TO_DESK,
            actions=_ACTIONS,
            queue="support",
            lines=(_LINE, _BARE_LINE),
            total=2,
            **_HERE,
        ),
        letters.ListedView(route=_TO_DESK, queue=None, lines=(_LINE,), total=1, **_HERE),
        letters.ListedView(route=_TO_DESK, queue=None, lines=(), total=0, **_HERE),
    ),
    "shown": (
        letters.ShownView(
            route=_TO_CUSTOMER,
            actions=_ACTIONS,
            ticket=_TICKET,
            entries=(_MAIL, _ANSWER, _NOTE),
            changes=_CHANGES,
            left_out=12,
            **_HERE,
        ),
        letters.ShownView(route=_TO_NOTE, ticket=_BARE_TICKET, entries=(), **_HERE),
    ),
    "why": (
        letters.WhyView(
            route=_TO_DESK,
            ticket=_TICKET,
            reasons=(
                Reason("token", "the reply address is Cara Smith's"),
                Reason("rule “fires”", "subject has the word fire", "rules.yaml:12"),
            ),
            **_HERE,
        ),
        letters.WhyView(route=_TO_DESK, ticket=None, reasons=(), **_HERE),
    ),
    "help": (
        letters.HelpView(
            route=_TO_DESK,
            groups=(
                HelpGroupView(
                    "Where a ticket stands",
                    (
                        HelpRowView("[close]", "closes the ticket", ("закрыть", "закрити")),
                        HelpRowView("[wait]", "waits for the customer"),
                    ),
                ),
            ),
            **_HERE,
        ),
        letters.HelpView(route=_TO_DESK, groups=(), **_HERE),
    ),
    "canned_list": (
        letters.CannedListView(
            route=_TO_DESK,
            canned=(
                CannedView(
                    "broken-link",
                    "The link does not work",
                    ("en",),
                    "Hello {{ customer.name }},",
                    mailto(_REPLY, "[tpl:broken-link]"),
                ),
                CannedView("hours", "When we are here", (), "We are here from nine to six."),
            ),
            **_HERE,
        ),
        letters.CannedListView(route=_TO_DESK, canned=(), **_HERE),
    ),
    "done": (
        letters.DoneView(
            route=_TO_NOTE,
            actions=_ACTIONS,
            done=Done.UNDONE,
            ticket=_TICKET,
            changes=_CHANGES,
            words=_WORDS,
            held_id="H12",
            **_HERE,
        ),
        *(letters.DoneView(route=_TO_DESK, done=done, **_HERE) for done in Done),
    ),
    "reminder": (
        letters.ReminderView(
            route=_TO_DESK,
            rungs=(
                RungView(_LINE, Metric.FIRST_REPLY, _BEFORE, True, _ACTIONS[:3]),
                RungView(_BARE_LINE, Metric.RESOLUTION, _SOON, False),
            ),
            **_HERE,
        ),
        letters.ReminderView(
            route=_TO_CUSTOMER,
            actions=_ACTIONS,
            rungs=(RungView(_BARE_LINE, Metric.UPDATE, _SOON, False),),
            **_HERE,
        ),
    ),
    "bounced": (
        letters.BouncedView(
            route=_TO_NOTE,
            actions=_ACTIONS,
            ticket=_TICKET,
            recipient="cara@cust.example",
            is_permanent=True,
            words=_WORDS,
            status="5.1.1",
            diagnostic="550 5.1.1 <cara@cust.example>: Recipient address rejected",
            **_HERE,
        ),
        letters.BouncedView(
            route=_TO_NOTE,
            ticket=_BARE_TICKET,
            recipient="cara@cust.example",
            is_permanent=False,
            words="",
            **_HERE,
        ),
    ),
    "undeliverable": (
        letters.UndeliverableView(
            route=_TO_NOTE,
            actions=_ACTIONS,
            ticket=_TICKET,
            recipient="cara@cust.example",
            subject="Re: [#1042] Printer on fire",
            written_at=_BEFORE,
            is_final=True,
            reason="the relay refused it: 552 too large",
            words=_WORDS,
            **_HERE,
        ),
        letters.UndeliverableView(
            route=_TO_DESK,
            ticket=None,
            recipient="cara@cust.example",
            subject="",
            written_at=NOW,
            is_final=False,
            reason="the relay does not answer",
            words="",
            **_HERE,
        ),
    ),
    "quarantined": (
        letters.QuarantinedView(
            route=_TO_DESK,
            actions=_CONFIRM,
            spool_id="20260302T090000-000042",
            received_at=NOW,
            sender_shown="Cara Smith <cara@cust.example>",
            size_bytes=9_400_000,
            tries=3,
            reason="took longer than 20 seconds to read",
            number=1042,
            **_HERE,
        ),
        letters.QuarantinedView(
            route=_TO_DESK,
            spool_id="20260302T090000-000043",
            received_at=NOW,
            sender_shown="",
            size_bytes=0,
            tries=3,
            reason="",
            **_HERE,
        ),
    ),
    "held_list": (
        letters.HeldListView(route=_TO_DESK, held=(_HELD, _BARE_HELD), **_HERE),
        letters.HeldListView(route=_TO_DESK, held=(), **_HERE),
    ),
    "config_broken": (
        letters.ConfigBrokenView(
            route=_TO_DESK,
            mistakes=(
                Mistake("rules.yaml", 12, 9, "assign", "no agent “ivn”", "Did you mean ivan?"),
                Mistake("sla.yaml", 3, 1, "", "a tab", ""),
            ),
            since=_BEFORE,
            **_HERE,
        ),
        letters.ConfigBrokenView(route=_TO_DESK, mistakes=(), **_HERE),
    ),
}
