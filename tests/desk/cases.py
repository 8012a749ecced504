"""Values for tests of the desk: one small desk, one ticket, and cases made of them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stage import policy_from

from mailtrack.desk.case import Case
from mailtrack.desk.policy import Agent, Policy
from mailtrack.mail.address import Address, Mailbox, address_from
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import ParsedMail
from mailtrack.tickets.context import Context, Grant
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Bracket, Origin, Reading
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    Part,
    Participant,
    Priority,
    Status,
    Ticket,
    Visibility,
)
from mailtrack.tickets.token import Purpose, Token, token_text_from

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_DESK = Path(__file__).parent.parent / "scenarios" / "desk"
_FILES = tuple((path.name, path.read_text()) for path in sorted(_DESK.glob("*.yaml")))


def _agents() -> str:
    return """agents:
  ivan: {name: Ivan Petrenko, email: [ivan@help.example, ivan@home.example], queues: [support]}
  ivanna: {name: Ivanna Koval, email: [ivanna@help.example], queues: [billing]}
  olga: {name: Olga Kovalenko, email: [olga@help.example], role: lead, queues: [support]}
  lena: {name: Lena Light, email: [lena@help.example], role: light, queues: [billing]}
  petr: {name: Petr Novak, email: [petr@help.example], queues: [support], active: false}
  ada: {name: Ada Admin, email: [ada@help.example], role: admin, queues: [office]}
"""


POLICY: Policy = policy_from(
    tuple((name, _agents() if name == "people.yaml" else text) for name, text in _FILES)
)
CARA = "cara@cust.example"
BOB = "bob@cust.example"


def agent(name: str) -> Agent:
    found = POLICY.agent(name)
    assert found is not None
    return found


def address(text: str) -> Address:
    found = address_from(text)
    assert found is not None
    return found


def mailbox(text: str, name: str = "") -> Mailbox:
    return Mailbox(name, address(text))


def participant(person: str, part: Part = Part.REQUESTER) -> Participant:
    text = agent(person[1:]).emails[0] if person.startswith("@") else person
    return Participant(person, mailbox(text), part)


def entry(
    text: str,
    *,
    kind: EntryKind = EntryKind.MAIL,
    author: str = CARA,
    minutes: int = 0,
    number: int = 1,
) -> Entry:
    """An entry; only customers' mails and answers are public."""
    is_public = kind in (EntryKind.MAIL, EntryKind.ANSWER)
    return Entry(
        id=f"{kind.value}-{text[:20]}",
        number=number,
        kind=kind,
        visibility=Visibility.PUBLIC if is_public else Visibility.INTERNAL,
        author=author,
        author_shown=author,
        at=NOW + timedelta(minutes=minutes),
        subject="",
        text=text,
        message_id=None,
        raw_sha256=None,
    )


TICKET = Ticket(
    number=1,
    uuid="u1",
    subject="Printer on fire",
    status=Status.NEW,
    queue="support",
    priority=Priority.NORMAL,
    requester=CARA,
    language="en",
    opened_at=NOW,
    changed_at=NOW,
    participants=(participant(CARA),),
)


def numbered(number: int) -> Ticket:
    return replace(TICKET, number=number, uuid=f"u{number}")


def token(
    person: str, *, number: int = 1, purpose: Purpose = Purpose.REPLY, role: str = ""
) -> Token:
    """A token row of somebody for a ticket of `numbered`."""
    return Token(
        handle=_handle(f"{purpose.value}/{number}/{person}"),
        purpose=purpose,
        number=number,
        ticket_uuid=f"u{number}",
        person=person,
        role=role or ("agent" if person.startswith("@") else "customer"),
        issued_at=NOW,
    )


def _handle(label: str) -> str:
    return base64.b32encode(hashlib.sha256(label.encode()).digest()).decode().lower()[:8]


def mail_from(sender: str, *, reply: str = "It burns.", subject: str = "Re: x") -> ParsedMail:
    return ParsedMail(
        subject=subject,
        sender=mailbox(sender),
        sender_shown=sender,
        to=(mailbox("support@help.example"),),
        text=reply,
        reply=reply,
        message_id="<in@mail.example>",
        content_hash="c",
    )


def case(
    mail: ParsedMail,
    *,
    tokens: tuple[Token, ...] = (),
    known_ids: tuple[str, ...] = (),
    numbers: tuple[int, ...] = (),
    brackets: tuple[Bracket, ...] = (),
    context: Context | None = None,
    policy: Policy = POLICY,
    origin: Origin | None = None,
    grant: Grant | None = None,
    now: datetime = NOW,
) -> Case:
    """A case; `tokens` come with the mail and stand in the store as well."""
    sender = mail.sender.address.key if mail.sender else None
    found = policy.agent_at(sender) if sender else None
    context = context or Context(tickets=(TICKET,))
    if tokens and not context.tokens:
        context = replace(context, tokens=tokens)
    texts = (policy.keys.text_of(one) for one in tokens)
    reading = Reading(
        spool_id="s1",
        raw_sha256="0" * 64,
        content_hash=mail.content_hash,
        message_id=mail.message_id,
        sender_key=sender,
        agent=found.name if found else None,
        queue="support",
        tokens=tuple(one for text in texts if (one := token_text_from(text))),
        known_ids=known_ids,
        numbers=numbers,
        brackets=brackets,
        origin=origin or Origin(),
    )
    envelope = Envelope(
        spool_id="s1",
        mail_from=mail.sender.address if mail.sender else None,
        rcpt_to=(address("support@help.example"),),
        received_at=now,
        front=Front.SMTP,
        peer="192.0.2.1",
        size_bytes=100,
        sha256="0" * 64,
    )
    fresh = Fresh(now, 2, 1, "s1", b"seed" * 8)
    return Case(mail, envelope, reading, context, policy, fresh, grant)
