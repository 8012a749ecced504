"""Tickets, entries and clocks as the words that scenarios use for them."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from client import Left
from when import shown_at

from mailtrack.tickets.clock import Clock
from mailtrack.tickets.ticket import Entry, Part, Ticket

_PARTS = {Part.CC: "cc", Part.WATCHER: "watcher", Part.MUTED: "muted"}


def listed(words: str) -> list[str]:
    """The facts of a line, parted by commas."""
    return [fact.strip() for fact in words.split(", ") if fact.strip()]


def ticket_facts(ticket: Ticket, zone: ZoneInfo) -> list[str]:
    """All that a scenario may say of a ticket: `open`, `owner ivan`, `tags money, vip` …"""
    facts = [ticket.status.value, ticket.queue, ticket.priority.value]
    facts.append(f"owner {ticket.owner or 'nobody'}")
    facts.append(f"requester {ticket.requester}")
    facts.append(f"category {ticket.category or 'none'}")
    facts.append(f"language {ticket.language}")
    facts.append(f"sla {ticket.sla_policy or 'none'}")
    facts.append(f"due {shown_at(ticket.due_at, zone) if ticket.due_at else 'auto'}")
    facts.append(f"spent {ticket.minutes_spent}m")
    facts.append(f"subject {ticket.subject}")
    facts.append(f"entries {len(ticket.entries)}")
    facts += [f"tag {tag}" for tag in ticket.tags] or ["no tags"]
    facts += [f"follows {number}" for number in ticket.linked]
    people = [(_PARTS.get(one.part), one.person) for one in ticket.participants]
    facts += [f"{part} {person.removeprefix('@')}" for part, person in people if part]
    return facts + ([] if any(part == "cc" for part, _ in people) else ["no cc"])


def entry_facts(entry: Entry) -> list[str]:
    """`note`, `internal`, `by ivan`, `unverified`, `file a.pdf`."""
    facts = [entry.kind.value, entry.visibility.value]
    facts.append(f"by {entry.author.removeprefix('@') or 'a rule'}")
    facts.append("verified" if entry.is_verified else "unverified")
    return facts + [f"file {one.name}" for one in entry.attachments]


def clock_facts(clock: Clock, zone: ZoneInfo) -> list[str]:
    """`first_reply running`, `due 2026-03-02 13:00`, `elapsed 3:30:00`, `rebased`."""
    facts = [f"{clock.metric.value} {clock.state.value}", f"cycle {clock.cycle}"]
    for word, instant in (("due", clock.due_at), ("breached", clock.breached_at)):
        if instant is not None:
            facts.append(f"{word} {shown_at(instant, zone)}")
    facts.append(f"elapsed {timedelta(seconds=clock.elapsed_seconds)}")
    return [*facts, "rebased"] if clock.is_rebased else facts


def letter_lines(letter: Left) -> str:
    """A letter for somebody who looks why a scenario fails."""
    head = f"<-- to {letter.recipient}, letter {letter.name}"
    return f"{head}\nSubject: {letter.header('Subject')}\n\n{letter.text}"
