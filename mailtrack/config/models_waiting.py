"""The keys of ``mailtrack.yaml`` about mail that waits, and about the desk's own health."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import Field, WithJsonSchema

from mailtrack.config.kinds import Count, Duration, Section, Texts, parsed, spelt
from mailtrack.config.words import duration_from, time_from
from mailtrack.desk.policy import AlarmPolicy, Silence, WaitingPolicy

_WAITING: Final = WaitingPolicy()
_ALARMS: Final = AlarmPolicy()

TimeOfDay: TypeAlias = Annotated[
    time, parsed(time_from), WithJsonSchema({"type": "string", "examples": ["08:30"]})
]


def silence_from(text: str) -> timedelta | Silence:
    """``auto``, ``never``, or a length of time."""
    plain = text.strip().casefold()
    return Silence(plain) if plain in tuple(Silence) else duration_from(text)


SilentAfter: TypeAlias = Annotated[
    timedelta | Silence,
    parsed(silence_from),
    WithJsonSchema({"type": "string", "examples": ["auto", "never", "4h"]}),
]


class AlarmsSection(Section):
    """When the desk raises its voice about itself: by mail to admins, in the log, in
    ``mailtrack status`` and by its exit code, and by a command of yours."""

    silent_after: SilentAfter = spelt(
        "auto",
        silence_from,
        "When a silent intake is an alarm. A length of time: no mail for so long, at any hour. "
        "auto: no mail for an hour or longer, where in the same hours of each of the last "
        "three weeks five or more came. never: not at all.",
    )
    mails_wait_max: Duration = spelt(
        "10m", duration_from, "How old accepted mail may grow in the spool before its alarm."
    )
    letters_wait_max: Duration = spelt(
        "30m",
        duration_from,
        "How long a letter may wait before it is tried for the first time, before its alarm.",
    )
    quarantined_max: Count = Field(
        _ALARMS.quarantined_max,
        description="So many unreadable mails on the list are an alarm.",
    )
    command: Texts = Field(
        (),
        description="A program and its arguments, run without a shell when an alarm is raised "
        "and when it is over, for the day that mail itself does not work. It is given two more "
        "words: the name of the alarm, and raised or ended.",
        examples=[["/usr/local/bin/page-me", "desk"]],
    )


class RetentionSection(Section):
    """What is forgotten by itself. Nothing is, unless a time is given here."""

    closed_tickets: Duration | None = Field(
        None,
        description="Tickets that were finished longer ago than this, such as 1095d, lose "
        "their words, files, raw mails, names and addresses; numbers, times and fields stay. "
        "A ticket with the tag legal-hold is left as it is. null: all is kept.",
    )


class HeldSection(Section):
    """Mail that waits for somebody's word. None of it is ever deleted."""

    confirm_within: Duration = spelt(
        "24h",
        duration_from,
        "How long an agent can answer ok to the question about a held mail. A later answer "
        "changes nothing, and the question is put anew.",
    )
    questions_hour_max: Count = Field(
        _WAITING.questions_hour_max,
        description="How often one agent is asked in an hour; what is above is asked in one "
        "letter.",
    )
    unanswered_day_max: Count = Field(
        _WAITING.unanswered_day_max,
        description="An agent who was asked about so many mails in a day and has answered none "
        "of these is not asked about each further one that nothing proves to be theirs: they "
        "get one letter about the rest, and then none for a day.",
    )
    list_at: TimeOfDay = spelt(
        "08:30",
        time_from,
        "When admins get the list of all held and unreadable mail, each with release and "
        "reject a tap away. Nothing is sent when nothing waits.",
    )
    keep_for: Duration = spelt(
        "30d",
        duration_from,
        "After that a mail that nobody decided about is put by as rejected. It is kept, and "
        "mailtrack held release lets it through still.",
    )
