"""A sample of each letter, full and bare: templates are tried with them before any mail comes.

The full one has everything that can be there, the bare one nothing that may be missing: a
template that forgets an ``if`` fails at load, not on the day that somebody has no name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from mailtrack.desk import letter_views as letters
from mailtrack.desk.admin_samples import FOR_ADMINS
from mailtrack.desk.sample_pieces import (
    ACTIONS,
    ANSWER,
    BARE_HELD,
    BARE_LINE,
    BARE_TICKET,
    BEFORE,
    CHANGES,
    CONFIRM,
    FIXED,
    HELD,
    HERE,
    LINE,
    MAIL,
    NOBODY,
    NOTE,
    NOW,
    PUBLIC,
    REPLY,
    SOON,
    TICKET,
    TO_CONFIRM,
    TO_CUSTOMER,
    TO_DESK,
    TO_NOTE,
    TO_PERSON,
    WORDS,
    action,
)
from mailtrack.desk.views import (
    CannedView,
    Caution,
    CautionView,
    DigestLineView,
    Done,
    HelpGroupView,
    HelpRowView,
    ProblemView,
    PublicPersonView,
    RungView,
    mailto,
)
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.decision import Reason

CANNED: Final = letters.CannedAnswerView(
    ticket=PUBLIC,
    customer=PublicPersonView("Cara Smith"),
    agent=PublicPersonView("Ivan Petrenko"),
    **HERE,
)

BY_LETTER: Final[Mapping[str, tuple[letters.LetterView, ...]]] = {
    "acknowledged": (
        letters.AcknowledgedView(
            ticket=PUBLIC,
            customer=PublicPersonView("Cara Smith"),
            open_at=NOW + timedelta(days=2),
            **HERE,
        ),
        letters.AcknowledgedView(ticket=PUBLIC, customer=NOBODY, **HERE),
        letters.AcknowledgedView(
            ticket=PUBLIC,
            customer=PublicPersonView("Cara Smith"),
            size_bytes=62_900_000,
            size_bytes_max=25 * 1024 * 1024,
            **HERE,
        ),
    ),
    "answer": (
        letters.AnswerView(
            ticket=PUBLIC,
            agent=PublicPersonView("Ivan Petrenko"),
            words=WORDS,
            is_first=True,
            **HERE,
        ),
        letters.AnswerView(
            ticket=PUBLIC,
            agent=PublicPersonView("Ivan Petrenko"),
            words="Step back, please.\n\nIvan",
            html="<p>Step back, <b>please</b>.</p><p>Ivan</p>",
            **HERE,
        ),
    ),
    "resolved": (
        letters.StatusView(
            ticket=PUBLIC,
            customer=PublicPersonView("Cara Smith"),
            agent=PublicPersonView("Ivan Petrenko"),
            **HERE,
        ),
        letters.StatusView(ticket=PUBLIC, customer=NOBODY, agent=NOBODY, **HERE),
    ),
    "closed": (
        letters.StatusView(
            ticket=PUBLIC,
            customer=PublicPersonView("Cara Smith"),
            agent=PublicPersonView("Ivan Petrenko"),
            **HERE,
        ),
        letters.StatusView(ticket=PUBLIC, customer=NOBODY, agent=NOBODY, **HERE),
    ),
    "notification": (
        letters.NotificationView(
            route=TO_CUSTOMER,
            actions=ACTIONS,
            event=letters.Event.MAIL,
            ticket=TICKET,
            actor="Cara Smith",
            entry=MAIL,
            changes=CHANGES,
            cautions=tuple(CautionView(code, "1040") for code in Caution),
            earlier=(ANSWER, NOTE),
            is_mine=True,
            **HERE,
        ),
        letters.NotificationView(
            route=TO_NOTE, event=letters.Event.STATUS, ticket=BARE_TICKET, **HERE
        ),
        *(
            letters.NotificationView(
                route=TO_PERSON,
                actions=ACTIONS,
                event=event,
                ticket=TICKET,
                actor="Olga Kovalenko",
                entry=NOTE,
                **HERE,
            )
            for event in letters.Event
        ),
    ),
    "refused": (
        letters.RefusedView(
            route=TO_CONFIRM,
            actions=(action("send", "Send without commands"), action("drop", "Drop it")),
            ticket=TICKET,
            subject="Re: [#1042] Printer on fire [clsoe] [assign:iv]",
            problems=(
                ProblemView("[clsoe]", "unknown_word", "clsoe", FIXED[:1]),
                ProblemView("[assign:iv]", "ambiguous_person", "iv", FIXED),
            ),
            fixed=FIXED,
            held_text=WORDS,
            **HERE,
        ),
        letters.RefusedView(
            route=TO_DESK,
            ticket=None,
            subject="[frobnicate]",
            problems=(ProblemView("[frobnicate]", "never heard of"),),
            **HERE,
        ),
    ),
    "held": (
        letters.HeldConfirmView(
            route=TO_CONFIRM,
            actions=CONFIRM,
            held=HELD,
            opening=WORDS,
            would=("[close]", "[tag:fire]"),
            **HERE,
        ),
        letters.HeldConfirmView(
            route=TO_CONFIRM,
            actions=CONFIRM,
            held=HELD,
            opening="",
            would=("[cc:anna@acme.example]",),
            is_own=True,
            cautions=("Anna will read it.",),
            adds=("anna@acme.example",),
            tickets=12,
            quotes=(7, 9),
            peer="192.0.2.1",
            proof="dmarc=fail",
            **HERE,
        ),
        letters.HeldConfirmView(
            route=TO_CONFIRM, held=BARE_HELD, opening="", is_usual=True, **HERE
        ),
    ),
    "collision": (
        letters.CollisionView(
            route=TO_CONFIRM,
            actions=(action("force", "Send it anyway"), action("drop", "Drop it")),
            ticket=TICKET,
            theirs=ANSWER,
            yours=WORDS,
            **HERE,
        ),
        letters.CollisionView(
            route=TO_CONFIRM, ticket=BARE_TICKET, theirs=NOTE, yours="", **HERE
        ),
    ),
    "found": (
        letters.FoundView(
            route=TO_DESK, query="printer", lines=(LINE, BARE_LINE), total=31, **HERE
        ),
        letters.FoundView(route=TO_DESK, query="nope", lines=(), total=0, **HERE),
    ),
    "listed": (
        letters.ListedView(
            route=TO_DESK,
            actions=ACTIONS,
            queue="support",
            lines=(LINE, BARE_LINE),
            total=2,
            there=1042,
            **HERE,
        ),
        letters.ListedView(route=TO_DESK, queue=None, lines=(LINE,), total=1, **HERE),
        letters.ListedView(route=TO_DESK, queue=None, lines=(), total=0, **HERE),
    ),
    "shown": (
        letters.ShownView(
            route=TO_CUSTOMER,
            actions=ACTIONS,
            ticket=TICKET,
            entries=(MAIL, ANSWER, NOTE),
            changes=CHANGES,
            left_out=12,
            **HERE,
        ),
        letters.ShownView(route=TO_NOTE, ticket=BARE_TICKET, entries=(), **HERE),
    ),
    "why": (
        letters.WhyView(
            route=TO_DESK,
            ticket=TICKET,
            reasons=(
                Reason("token", "the reply address is Cara Smith's"),
                Reason("rule “fires”", "subject has the word fire", "rules.yaml:12"),
            ),
            **HERE,
        ),
        letters.WhyView(route=TO_DESK, ticket=None, reasons=(), **HERE),
    ),
    "help": (
        letters.HelpView(
            route=TO_DESK,
            groups=(
                HelpGroupView(
                    "Where a ticket stands",
                    (
                        HelpRowView("[close]", "closes the ticket", ("закрыть", "закрити")),
                        HelpRowView("[wait]", "waits for the customer"),
                    ),
                ),
            ),
            **HERE,
        ),
        letters.HelpView(route=TO_DESK, groups=(), **HERE),
    ),
    "canned_list": (
        letters.CannedListView(
            route=TO_DESK,
            canned=(
                CannedView(
                    "broken-link",
                    "The link does not work",
                    ("en",),
                    "Hello {{ customer.name }},",
                    mailto(REPLY, "[tpl:broken-link]"),
                ),
                CannedView("hours", "When we are here", (), "We are here from nine to six."),
            ),
            **HERE,
        ),
        letters.CannedListView(route=TO_DESK, canned=(), **HERE),
    ),
    "done": (
        letters.DoneView(
            route=TO_NOTE,
            actions=ACTIONS,
            done=Done.UNDONE,
            ticket=TICKET,
            changes=CHANGES,
            words=WORDS,
            held_id="H12",
            **HERE,
        ),
        *(letters.DoneView(route=TO_DESK, done=done, **HERE) for done in Done),
    ),
    "reminder": (
        letters.ReminderView(
            route=TO_DESK,
            rungs=(
                RungView(LINE, Metric.FIRST_REPLY, BEFORE, True, ACTIONS[:3]),
                RungView(BARE_LINE, Metric.RESOLUTION, SOON, False),
            ),
            **HERE,
        ),
        letters.ReminderView(
            route=TO_CUSTOMER,
            actions=ACTIONS,
            rungs=(RungView(BARE_LINE, Metric.UPDATE, SOON, False),),
            **HERE,
        ),
    ),
    "digest": (
        letters.DigestView(
            route=TO_DESK,
            lines=(DigestLineView(LINE, 37), DigestLineView(BARE_LINE, 1)),
            **HERE,
        ),
        letters.DigestView(route=TO_DESK, lines=(), **HERE),
    ),
    "bounced": (
        letters.BouncedView(
            route=TO_NOTE,
            actions=ACTIONS,
            ticket=TICKET,
            recipient="cara@cust.example",
            is_permanent=True,
            is_own=True,
            is_mine=True,
            words=WORDS,
            status="5.1.1",
            diagnostic="550 5.1.1 <cara@cust.example>: Recipient address rejected",
            **HERE,
        ),
        letters.BouncedView(
            route=TO_NOTE,
            ticket=BARE_TICKET,
            recipient="cara@cust.example",
            is_permanent=True,
            words="",
            **HERE,
        ),
        letters.BouncedView(
            route=TO_NOTE,
            ticket=BARE_TICKET,
            recipient="cara@cust.example",
            is_permanent=False,
            words="",
            **HERE,
        ),
    ),
    "undeliverable": (
        letters.UndeliverableView(
            route=TO_NOTE,
            actions=ACTIONS,
            ticket=TICKET,
            recipient="cara@cust.example",
            subject="Re: [#1042] Printer on fire",
            written_at=BEFORE,
            is_final=True,
            reason="the relay refused it: 552 too large",
            words=WORDS,
            **HERE,
        ),
        letters.UndeliverableView(
            route=TO_DESK,
            ticket=None,
            recipient="cara@cust.example",
            subject="",
            written_at=NOW,
            is_final=False,
            reason="the relay does not answer",
            words="",
            **HERE,
        ),
    ),
    "held_digest": (letters.HeldDigestView(route=TO_DESK, held=(HELD, BARE_HELD), **HERE),),
    **FOR_ADMINS,
}
