"""Every key of ``rules.yaml`` and ``sla.yaml``: its kind, default and explanation."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from mailtrack.config.kinds import (
    ITEMS_MAX,
    LISTED,
    Day,
    Duration,
    Hours,
    Moment,
    Name,
    Section,
    Text,
    Texts,
    Zone,
)
from mailtrack.tickets.ticket import Priority

RULES_MAX: Final = 5000


class WhenSection(Section):
    """Conditions. All keys must hold; of the values of one key any is enough."""

    subject: Texts = Field(
        (),
        description="Whole words or phrases in the subject, in any case and any script; "
        "re:... is a regular expression (RE2).",
    )
    body: Texts = Field((), description="The same in what the writer added; quotes are cut.")
    from_: Texts = Field(
        (), alias="from", description="The sender's address; * and ? stand for anything."
    )
    to: Texts = Field(
        (), description="Any address in To, Cc or the envelope; * and ? stand for anything."
    )
    header: dict[str, Texts] = Field(
        default_factory=dict,
        description="Words or re:... in a header field: {X-Spam-Flag: 'YES'}. '*' asks only "
        "whether the field is there.",
    )
    list_: Texts = Field((), alias="list", description="The mailing list it came through.")
    attachment: Texts = Field(
        (), description="The name or the type of any attachment: *.pdf, image/*."
    )
    language: Texts = Field((), description="The language of the mail: en, ru, uk, de, ...")
    customer_type: Texts = Field((), description="The customer's type in people.yaml.")
    organisation: Texts = Field((), description="The customer's organisation in people.yaml.")
    queue: Texts = Field((), description="The queue that the ticket is in.")
    tag: Texts = Field((), description="A tag that the ticket has.")
    size: Texts = Field(
        (), description="The size of the mail, in quotes: '>5MB', '<10KB' or '1MB-5MB'."
    )
    is_: Text | None = Field(
        None, alias="is", description="new: the mail opens a ticket. reply: it belongs to one."
    )
    time: Texts = Field(
        (),
        description="When the mail came, by desk.timezone: 'mon-fri 18:00-09:00', 'sat', "
        "'08:00-12:00'.",
    )
    all_: Annotated[tuple[WhenSection, ...], LISTED] = Field(
        (), alias="all", description="A list of conditions that must all hold."
    )
    any_: Annotated[tuple[WhenSection, ...], LISTED] = Field(
        (), alias="any", description="A list of conditions of which one is enough."
    )
    not_: Annotated[tuple[WhenSection, ...], LISTED] = Field(
        (), alias="not", description="A condition, or a list of them, that must not hold."
    )


def _person(value: object) -> object:
    return {"person": value} if isinstance(value, str) else value


class AssignSection(Section):
    """Whom a ticket is given to: exactly one of the keys. Absent agents are skipped."""

    person: Name | None = Field(None, description="This agent. 'assign: ivan' is short for it.")
    round_robin: Texts = Field(
        (), description="The agents of this queue in turn, or the agents of this list."
    )
    least_busy: Texts = Field(
        (), description="Who has the fewest open tickets in this queue, or of this list."
    )
    skill: Texts = Field(
        (), description="The least busy of those who have this skill, or all of a list."
    )


class ThenSection(Section):
    """What a rule does. What it does not name it leaves alone."""

    queue: Name | None = Field(None, description="Moves the ticket to this queue.")
    priority: Priority | None = Field(
        None, description="Sets the priority: low, normal, high or urgent."
    )
    category: Name | None = Field(None, description="Sets the category.")
    tag: Texts = Field((), description="Adds this tag, or all tags of a list.")
    assign: Annotated[AssignSection | None, BeforeValidator(_person)] = Field(
        None, description="Gives the ticket to somebody: ivan, or one of the keys below."
    )
    sla: Name | None = Field(None, description="Puts the ticket under this policy of sla.yaml.")
    canned: Name | None = Field(
        None, description="Answers a new ticket with this canned answer, once."
    )
    note: Text | None = Field(None, description="Adds a note that agents see.")
    notify: Texts = Field((), description="Agents who get a notification in any case.")
    hold: bool = Field(False, description="true: the mail waits until an agent releases it.")
    spam: bool = Field(
        False, description="true: the mail goes to the held list as spam; it is never deleted."
    )


class RuleSection(Section):
    """One rule."""

    name: Name = Field(
        description="A name for traces and lists; no two rules have the same.",
        examples=["refunds"],
    )
    when: WhenSection = Field(
        default_factory=WhenSection, description="When it holds. Without conditions: always."
    )
    then: ThenSection = Field(default_factory=ThenSection, description="What it does.")
    stop: bool = Field(False, description="true: no later rule is looked at.")


class RulesFile(Section):
    """rules.yaml: what happens to a mail, read from top to bottom."""

    rules: tuple[RuleSection, ...] = Field(
        (),
        description="Rules, from top to bottom. All that hold act, until one says stop; of two "
        "that set the same field the upper one wins. A rule sees the queue and the tags that "
        "rules above it have set.",
        max_length=RULES_MAX,
    )


class CalendarSection(Section):
    """Working hours."""

    timezone: Zone | None = Field(
        None, description="The zone that the hours are meant in. Default: desk.timezone."
    )
    hours: dict[str, Hours] = Field(
        description="Hours by days: mon-fri: '09:00-18:00'. A list makes breaks. Hours that "
        "end before they begin run past midnight; '00:00-24:00' is the whole day."
    )
    holidays: tuple[Day, ...] = Field((), description="Dates on which nothing runs.")
    overrides: dict[str, Hours] = Field(
        default_factory=dict,
        description="Other hours for one date: 2026-12-24: '09:00-13:00'.",
    )


def _for_all(value: object) -> object:
    return {"all": value} if isinstance(value, str) else value


class TargetsSection(Section):
    """Targets by priority. One that is not named takes that of the next lower priority."""

    all_: Duration | None = Field(
        None, alias="all", description="For each priority that is not named."
    )
    urgent: Duration | None = Field(None, description="For urgent tickets.")
    high: Duration | None = Field(None, description="For high tickets.")
    normal: Duration | None = Field(None, description="For normal tickets.")
    low: Duration | None = Field(None, description="For low tickets.")


Targets = Annotated[TargetsSection | None, BeforeValidator(_for_all)]


class SlaPolicySection(Section):
    """One promise."""

    name: Name = Field(
        description="A name; rules and customers can choose a policy by it.", examples=["gold"]
    )
    when: WhenSection = Field(
        default_factory=WhenSection,
        description="Which tickets it is for; the first policy that fits is taken. "
        "Without conditions: all.",
    )
    calendar: Name | None = Field(
        None, description="The calendar by which time counts. Default: day and night."
    )
    first_reply: Targets = Field(
        None, description="Until the first answer: one length of time, or one by priority."
    )
    next_reply: Targets = Field(
        None, description="Until each later answer, from the oldest unanswered mail."
    )
    update: Targets = Field(
        None, description="Between two messages to the customer while the ticket is open."
    )
    resolution: Targets = Field(
        None,
        description="Until the ticket is resolved, less the time it waits for the customer.",
    )
    pause_on_hold: bool = Field(
        False, description="true: the resolution clock stands still in status hold, too."
    )
    rebase: bool = Field(
        True,
        description="true: a raised priority whose target has passed already gives its full "
        "length from the change. false: that is a breach at once.",
    )


class RungSection(Section):
    """One step of the escalation."""

    at: Moment = Field(
        description="80%: that share of the target is used up. breach: the moment of missing. "
        "+4h: that long after the breach.",
        examples=["80%", "breach", "+4h"],
    )
    tell: Texts = Field(
        description="Whom: owner, lead (the leads of the queue), queue (all its agents), the "
        "short name of an agent, or an agent's address.",
        min_length=1,
        examples=["owner"],
    )


class SlaFile(Section):
    """sla.yaml: what is promised, by which hours, and who is told in time."""

    calendars: dict[str, CalendarSection] = Field(
        default_factory=dict, description="Calendars by name."
    )
    policies: tuple[SlaPolicySection, ...] = Field(
        (),
        description="Promises; the first that fits a ticket is its own.",
        max_length=ITEMS_MAX,
    )
    escalation: tuple[RungSection, ...] = Field(
        (),
        description="Who is told when. Told inside the calendar, except for urgent tickets.",
        max_length=100,
    )
