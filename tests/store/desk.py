"""Values for the store's tests: a ticket, its people, a mail, a letter, all with defaults."""

from datetime import UTC, datetime, timedelta

from mailtrack.mail.address import Mailbox, address_from
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import OutgoingMail
from mailtrack.store.database import Session
from mailtrack.store.ledger import apply
from mailtrack.store.lookup import look_up, ticket_of
from mailtrack.tickets.context import Context, HeldMail
from mailtrack.tickets.decision import AddEntry, Decision, Disposition, Effect, OpenTicket
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.reading import Reading
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
from mailtrack.tickets.token import Purpose, Token

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DANA = "dana@client.example"
MINUTE = timedelta(minutes=1)


def mailbox(text: str, name: str = "") -> Mailbox:
    address = address_from(text)
    assert address is not None
    return Mailbox(name, address)


def participant(person: str = DANA, part: Part = Part.REQUESTER, name: str = "") -> Participant:
    address = f"{person[1:]}@help.example" if person.startswith("@") else person
    return Participant(person, mailbox(address, name), part)


def ticket(number: int = 1, **given: object) -> Ticket:
    fields: dict[str, object] = {
        "number": number,
        "uuid": f"uuid-{number}",
        "subject": "Printer on fire",
        "status": Status.NEW,
        "queue": "support",
        "priority": Priority.NORMAL,
        "requester": DANA,
        "language": "en",
        "opened_at": NOON,
        "changed_at": NOON,
        "participants": (participant(name="Dana Client"),),
    }
    return Ticket(**(fields | given))


def entry(id: str = "e1", number: int = 1, **given: object) -> Entry:
    fields: dict[str, object] = {
        "id": id,
        "number": number,
        "kind": EntryKind.MAIL,
        "visibility": Visibility.PUBLIC,
        "author": DANA,
        "author_shown": "Dana Client",
        "at": NOON,
        "subject": "Printer on fire",
        "text": "It burns.",
        "message_id": f"<{id}@client.example>",
        "raw_sha256": f"raw-{id}",
    }
    return Entry(**(fields | given))


def token(handle: str = "handle22", number: int = 1, **given: object) -> Token:
    fields: dict[str, object] = {
        "handle": handle,
        "purpose": Purpose.REPLY,
        "number": number,
        "ticket_uuid": f"uuid-{number}",
        "person": DANA,
        "role": "customer",
        "issued_at": NOON,
    }
    return Token(**(fields | given))


def outgoing_mail(id: str = "l1", recipient: str = DANA, **given: object) -> OutgoingMail:
    fields: dict[str, object] = {
        "mail_from": None,
        "recipient": mailbox(recipient).address,
        "sender": mailbox("support@help.example", "Example Help"),
        "to": (mailbox(recipient),),
        "subject": "[#1] Printer on fire",
        "text": f"The words of {id}.",
        "message_id": f"<{id}@help.example>",
        "date": NOON,
    }
    return OutgoingMail(**(fields | given))


def letter(id: str = "l1", number: int | None = 1, **given: object) -> Letter:
    recipient = str(given.pop("recipient", DANA))
    words = {"text": given.pop("text")} if "text" in given else {}
    fields: dict[str, object] = {
        "id": id,
        "name": "acknowledged",
        "person": recipient,
        "number": number,
        "mail": outgoing_mail(id, recipient, **words),
        "not_before": NOON,
        "why": "a new ticket",
        "is_automatic": True,
    }
    return Letter(**(fields | given))


def envelope(spool_id: str = "s1", **given: object) -> Envelope:
    fields: dict[str, object] = {
        "spool_id": spool_id,
        "mail_from": mailbox(DANA).address,
        "rcpt_to": (mailbox("support@help.example").address,),
        "received_at": NOON,
        "front": Front.SMTP,
        "peer": "192.0.2.1",
        "size_bytes": 1234,
        "sha256": f"raw-{spool_id}",
    }
    return Envelope(**(fields | given))


def held_mail(held_id: str = "H1", spool_id: str = "s1", **given: object) -> HeldMail:
    fields: dict[str, object] = {
        "held_id": held_id,
        "spool_id": spool_id,
        "raw_sha256": f"raw-{spool_id}",
        "reason": "origin",
        "person": "@ivan",
        "number": None,
        "subject": "Re: Printer",
        "sender_shown": "Ivan",
        "at": NOON,
        "state": "held",
        "grant": "origin",
        "envelope": envelope(spool_id),
    }
    return HeldMail(**(fields | given))


def reading(spool_id: str = "s1", **given: object) -> Reading:
    fields: dict[str, object] = {
        "spool_id": spool_id,
        "raw_sha256": f"raw-{spool_id}",
        "content_hash": f"content-{spool_id}",
        "message_id": f"<{spool_id}@client.example>",
        "sender_key": DANA,
        "agent": None,
        "queue": "support",
    }
    return Reading(**(fields | given))


def decided(*effects: Effect, **given: object) -> Decision:
    fields: dict[str, object] = {"disposition": Disposition.ENTRY, "effects": effects}
    return Decision(**(fields | given))


def opened(number: int = 1, **given: object) -> Decision:
    """A mail has opened a ticket with one entry."""
    said = entry(f"e{number}", number)
    effects = (OpenTicket(ticket(number, **given)), AddEntry(said))
    return Decision(Disposition.TICKET, effects, number=number)


def write(
    session: Session,
    decision: Decision,
    spool_id: str = "s1",
    at: datetime = NOON,
    **given: object,
) -> None:
    fields: dict[str, object] = {
        "raw_sha256": f"raw-{spool_id}",
        "content_hash": f"content-{spool_id}",
        "sender_key": DANA,
        "message_id": f"<{spool_id}@client.example>",
    }
    apply(session, decision, spool_id=spool_id, at=at, **(fields | given))


def kept(session: Session, number: int = 1) -> Ticket:
    """A ticket as its rows say."""
    found = ticket_of(session, number)
    assert found is not None
    return found


def context_of(session: Session, now: datetime = NOON, **asked: object) -> Context:
    """What is looked up for a mail that asks for these."""
    return look_up(session, reading(**{"spool_id": "asked"} | asked), now=now)
