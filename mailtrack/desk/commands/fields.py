"""The other fields of a ticket: queue, category, priority, tags, due date, time spent."""

from __future__ import annotations

from datetime import UTC

from mailtrack.desk.brackets import folded
from mailtrack.desk.commands.names import nearest, one_of, queue_named, value_of
from mailtrack.desk.commands.order import Asked, Done, Problem, Question, Refusal
from mailtrack.desk.commands.times import instant_from, span_from
from mailtrack.tickets.decision import Change, Field, ReleaseGrouped
from mailtrack.tickets.storm import FLOOD_TAG
from mailtrack.tickets.ticket import Priority

TAG_CHARS_MAX = 40
TAGS_MAX = 30
MINUTES_MAX = 100_000

_PRIORITY_WORDS = {
    **{priority.value: priority for priority in Priority},
    "medium": Priority.NORMAL, "critical": Priority.URGENT, "important": Priority.HIGH,
    "низкий": Priority.LOW, "обычный": Priority.NORMAL, "высокий": Priority.HIGH,
    "срочно": Priority.URGENT, "срочный": Priority.URGENT,
    "низький": Priority.LOW, "звичайний": Priority.NORMAL, "високий": Priority.HIGH,
    "терміново": Priority.URGENT, "терміновий": Priority.URGENT,
}  # fmt: skip


def queue(asked: Asked) -> Done | Refusal:
    """``[queue:billing]`` moves a ticket; ``[queue]``, or about no ticket, asks for a list."""
    if asked.argument:
        named = queue_named(asked)
        if isinstance(named, Refusal):
            return named
        if asked.ticket is not None and asked.ticket.queue == named.name:
            # Nothing to change: what is in it may be what was asked for.
            return Done(question=(Question.QUEUE, asked.argument))
        if asked.ticket is not None:
            return _change(asked, Field.QUEUE, asked.ticket.queue, named.name)
    return Done(question=(Question.QUEUE, asked.argument))


def priority(asked: Asked) -> Done | Refusal:
    """``[priority:high]``."""
    value = value_of(asked.argument, _PRIORITY_WORDS)
    if value is None:
        near = nearest(asked.argument, (one.value for one in Priority))
        return asked.refuse(Problem.UNKNOWN_VALUE, *near)
    return _change(asked, Field.PRIORITY, asked.about.priority, value)


def category(asked: Asked) -> Done | Refusal:
    """``[cat:refunds]``: one of the admin's categories, or any word if they listed none."""
    name: str | None = asked.argument
    if asked.policy.categories:
        name = one_of(asked.argument, asked.policy.categories)
    if name is None:
        return asked.refuse(
            Problem.UNKNOWN_VALUE, *nearest(asked.argument, asked.policy.categories)
        )
    return _change(asked, Field.CATEGORY, asked.about.category or "", name)


def tag(asked: Asked) -> Done | Refusal:
    """``[tag:vip, refund]`` adds tags."""
    tags = {*asked.about.tags, *_tags(asked.argument)}
    if len(tags) > TAGS_MAX:
        return asked.refuse(Problem.TOO_MANY)
    return _change(asked, Field.TAGS, " ".join(asked.about.tags), " ".join(sorted(tags)))


def untag(asked: Asked) -> Done | Refusal:
    """``[untag:vip]`` takes tags away; one that is not there is refused."""
    have, gone = set(asked.about.tags), set(_tags(asked.argument))
    if not gone <= have:
        return asked.refuse(Problem.UNKNOWN_VALUE, *nearest(asked.argument, sorted(have)))
    return _change(asked, Field.TAGS, " ".join(asked.about.tags), " ".join(sorted(have - gone)))


def due(asked: Asked) -> Done | Refusal:
    """``[due:fri 15:00]`` pins the date; ``[due:auto]`` gives it back to the SLA."""
    current = asked.about.due_at
    old = current.astimezone(UTC).isoformat() if current else ""
    if folded(asked.argument) in {"auto", "none", "нет", "ні", "авто"}:
        return _change(asked, Field.DUE_AT, old, "")
    at = instant_from(asked.argument, now=asked.fresh.now, zone=asked.policy.zone)
    if at is None or at <= asked.fresh.now:
        return asked.refuse(Problem.BAD_DATE, "fri 15:00", "2d")
    return _change(asked, Field.DUE_AT, old, at.astimezone(UTC).isoformat())


def time_spent(asked: Asked) -> Done | Refusal:
    """``[time:25m]`` adds to the time spent; ``[time:-5m]`` corrects it."""
    is_less = asked.argument.startswith(("-", "\u2212"))
    span = span_from(asked.argument.lstrip("-+\u2212 "))
    if span is None:
        return asked.refuse(Problem.BAD_DURATION, "25m", "1h 30m")
    minutes = int(span.total_seconds()) // 60
    spent = asked.about.minutes_spent
    new = min(max(0, spent - minutes if is_less else spent + minutes), MINUTES_MAX)
    return _change(asked, Field.MINUTES_SPENT, str(spent), str(new))


def ungroup(asked: Asked) -> Done | Refusal:
    """``[ungroup]``: each mail of a flood that was filed here becomes a ticket of its own."""
    ticket = asked.about
    if FLOOD_TAG not in ticket.tags:
        return asked.refuse(Problem.NO_FLOOD)
    return Done((ReleaseGrouped(ticket.number, asked.actor.id),))


def _tags(argument: str) -> tuple[str, ...]:
    words = (word.strip().lstrip("#").casefold() for word in argument.split(","))
    return tuple("-".join(word.split())[:TAG_CHARS_MAX] for word in words if word)


def _change(asked: Asked, field: Field, old: str, new: str) -> Done:
    if old == new:
        return Done()
    return Done((Change(asked.about.number, field, str(old), str(new), asked.actor.id),))
