"""``mailtrack explain``: what would become of a mail, and why, without doing it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from argparse import Namespace
from datetime import UTC, datetime

from mailtrack.config import Loaded
from mailtrack.config.keys import KEY_BYTES
from mailtrack.desk.case import Case
from mailtrack.desk.decide import decide
from mailtrack.desk.origin import names_to_ask, origin_of
from mailtrack.desk.reading import read
from mailtrack.desk.web_forms import through_form
from mailtrack.mail.address import Address, address_from
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import ParsedMail
from mailtrack.mail.parse import parse
from mailtrack.operator.inspect import read_raw
from mailtrack.operator.place import NoDesk, loaded_desk, open_database
from mailtrack.resolver import Resolver
from mailtrack.store import lookup
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import AddEntry, Change, Decision, Disposition, OpenTicket
from mailtrack.tickets.fresh import SEED_BYTES, Fresh
from mailtrack.tickets.reading import Reading
from mailtrack.tickets.token import KeyRing


def run(arguments: Namespace) -> int:
    """Decide as the clerk would, print it, and write nothing."""
    loaded = loaded_desk(arguments)
    if not loaded.policy.keys.keys:
        # No desk has run here yet. What is explained leaves nowhere, so any key will do.
        loaded = loaded.with_keys(KeyRing("explained", (("a", bytes(KEY_BYTES)),)))
    raw = read_raw(arguments.file)
    mail = parse(raw)
    envelope = _envelope(arguments, mail, raw, loaded)
    policy = loaded.policy
    records = asyncio.run(Resolver().records(names_to_ask(mail, envelope, policy)))
    mail, origin = through_form(mail, origin_of(mail, envelope, policy, records), policy)
    reading = read(mail, envelope, policy=policy, origin=origin)
    context, numbers = _known(loaded, reading)
    fresh = Fresh(envelope.received_at, *numbers, envelope.spool_id, bytes(SEED_BYTES))
    decision = decide(Case(mail, envelope, reading, context, policy, fresh))
    print(_page(decision))
    return os.EX_OK


def _known(loaded: Loaded, reading: Reading) -> tuple[Context, tuple[int, int]]:
    try:
        database = open_database(loaded)
    except NoDesk:
        return Context(), (1, 1)
    try:
        with database.reading() as session:
            numbers = lookup.next_numbers(session)
            return lookup.look_up(session, reading, now=datetime.now(UTC)), numbers
    finally:
        database.close()


def _envelope(arguments: Namespace, mail: ParsedMail, raw: bytes, loaded: Loaded) -> Envelope:
    shown = tuple(one.address for one in (*mail.to, *mail.cc))
    named = tuple(address_from(text) for text in arguments.rcpt or ())
    given = tuple(one for one in named if one is not None)
    ours = tuple(one for one in shown if loaded.policy.is_ours(one))
    return Envelope(
        spool_id="explained",
        mail_from=_sender(arguments.mail_from, mail),
        rcpt_to=given or ours or (loaded.policy.queues[0].address,),
        received_at=datetime.now(UTC),
        front=_front(loaded),
        peer="",
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _front(loaded: Loaded) -> Front:
    """The way it would have come: through the relay, if one is believed."""
    relay = loaded.policy.relay
    return min(relay.fronts, default=Front.PIPE) if relay else Front.PIPE


def _sender(text: str | None, mail: ParsedMail) -> Address | None:
    if text is not None:
        return address_from(text)
    return mail.sender.address if mail.sender else None


def _page(decision: Decision) -> str:
    lines = [f"It would end as: {_end(decision)}", "", "Why:"]
    lines += [f"  {one.rule}: {one.said}{_where(one.where)}" for one in decision.trace]
    lines += ["", "What would change:"]
    lines += [f"  {text}" for text in map(_effect, decision.effects) if text] or ["  nothing"]
    lines += ["", "Letters that would leave:"]
    lines += [
        f"  {one.name} to {one.mail.recipient}: {one.mail.subject}" for one in decision.letters
    ] or ["  none"]
    return "\n".join(lines)


def _end(decision: Decision) -> str:
    """The end state and its ticket; what ends as a ticket says so once."""
    if not decision.number:
        return decision.disposition.value
    is_ticket = decision.disposition is Disposition.TICKET
    before = "" if is_ticket else f"{decision.disposition.value}, "
    return f"{before}ticket #{decision.number}"


def _where(where: str) -> str:
    return f"  ({where})" if where else ""


def _effect(effect: object) -> str:
    match effect:
        case OpenTicket(ticket):
            owner = f", owner {ticket.owner}" if ticket.owner else ""
            return (
                f"ticket #{ticket.number} opens in {ticket.queue}, {ticket.priority.value}"
                f"{owner}: {ticket.subject}"
            )
        case AddEntry(entry):
            return f"#{entry.number} gets a {entry.kind.value} ({entry.visibility.value})"
        case Change(number, field, old, new):
            return f"#{number} {field.value}: {old or '–'} → {new or '–'}"
        case _:
            return ""
