"""The samples of letters to admins, about the desk itself: the second half of ``samples``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from mailtrack.desk import letter_views as letters
from mailtrack.desk.sample_pieces import (
    ACTIONS,
    APART,
    BARE_APART,
    BARE_HELD,
    BARE_LINE,
    BEFORE,
    CONFIRM,
    HELD,
    HERE,
    LINE,
    NOW,
    SOON,
    TO_CONFIRM,
    TO_DESK,
)
from mailtrack.desk.views import (
    AlarmItemView,
    StormLineView,
    WaitedLineView,
)
from mailtrack.errors import Mistake
from mailtrack.tickets.alarm import KINDS
from mailtrack.tickets.errand import ErrandDone, ErrandKind

FOR_ADMINS: Final[Mapping[str, tuple[letters.LetterView, ...]]] = {
    "storm": (
        letters.StormView(
            route=TO_DESK,
            storms=(StormLineView(LINE), StormLineView(BARE_LINE, is_breaker=True)),
            is_breaker_open=True,
            is_loop_seen=True,
            **HERE,
        ),
        letters.StormView(route=TO_DESK, storms=(StormLineView(LINE),), **HERE),
        letters.StormView(route=TO_DESK, is_loop_seen=True, **HERE),
    ),
    "unacknowledged": (
        letters.UnacknowledgedView(
            route=TO_DESK,
            count=340,
            waited=(
                WaitedLineView(LINE, SOON - timedelta(days=3)),
                WaitedLineView(BARE_LINE, SOON - timedelta(days=3)),
            ),
            **HERE,
        ),
        letters.UnacknowledgedView(
            route=TO_DESK,
            count=1,
            waited=(WaitedLineView(LINE, SOON - timedelta(days=3)),),
            **HERE,
        ),
    ),
    "quarantined": (
        letters.QuarantinedView(route=TO_CONFIRM, apart=(APART,), is_again=True, **HERE),
        letters.QuarantinedView(route=TO_DESK, apart=(APART, BARE_APART), **HERE),
    ),
    "held_list": (
        letters.HeldListView(
            route=TO_DESK,
            held=(HELD, BARE_HELD),
            apart=(APART, BARE_APART),
            more=3,
            is_daily=True,
            **HERE,
        ),
        letters.HeldListView(route=TO_DESK, held=(HELD,), is_reminder=True, **HERE),
        letters.HeldListView(route=TO_CONFIRM, actions=CONFIRM, held=(BARE_HELD,), **HERE),
    ),
    "guessed": (
        letters.GuessedView(
            route=TO_DESK, actions=ACTIONS, peer="192.0.2.66", count=21, until=SOON, **HERE
        ),
        letters.GuessedView(route=TO_DESK, peer="", count=1, until=SOON, **HERE),
    ),
    "alarm": (
        letters.AlarmView(
            route=TO_DESK,
            raised=(
                *(AlarmItemView(kind, "", "a reason", BEFORE) for kind in KINDS),
                AlarmItemView("imap", "support@help.example", "login refused", BEFORE),
            ),
            ended=(AlarmItemView("relay_down", "", "refused", BEFORE),),
            **HERE,
        ),
        letters.AlarmView(
            route=TO_DESK, raised=(), ended=(AlarmItemView("disk_low", "", "", NOW),), **HERE
        ),
    ),
    "errand": tuple(
        letters.ErrandView(
            route=TO_DESK,
            kind=kind.value,
            done=ErrandDone(
                place="/var/lib/mailtrack/exports/person-3.tar",
                entries=4,
                mails=3,
                letters=5,
                numbers=(7, 1042),
                kept=(9,),
                review=(7,),
            ),
            **HERE,
        )
        for kind in ErrandKind
        if kind is not ErrandKind.EXPIRE  # nobody asked, so nobody is told
    ),
    "config_broken": (
        letters.ConfigBrokenView(
            route=TO_DESK,
            mistakes=(
                Mistake("rules.yaml", 12, 9, "assign", "no agent “ivn”", "Did you mean ivan?"),
                Mistake("sla.yaml", 3, 1, "", "a tab", ""),
            ),
            since=BEFORE,
            **HERE,
        ),
        letters.ConfigBrokenView(route=TO_DESK, mistakes=(), **HERE),
    ),
}
