"""Values as text columns: outgoing mails, envelopes, attachments, brackets, traces.

JSON with short literal shapes, written and read only here. What was written by an older
version must stay readable: new keys get a default on reading, old ones are never reused.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Final, NotRequired, TypedDict, cast

from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import AttachmentRef, InlineFile, OutgoingMail
from mailtrack.tickets.ticket import Reason

AddressJson = list[str]  # local, domain
MailboxJson = list[str]  # name, local, domain
RefJson = list[str | int | None]

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class MailJson(TypedDict):
    """The shape of an outgoing mail at rest; binary files are base64."""

    mail_from: AddressJson | None
    recipient: AddressJson
    sender: MailboxJson
    to: list[MailboxJson]
    cc: list[MailboxJson]
    reply_to: MailboxJson | None
    subject: str
    text: str
    html: str | None
    message_id: str
    date: str
    in_reply_to: str | None
    references: list[str]
    headers: list[list[str]]
    attachments: list[RefJson]
    files: list[list[str | None]]


class EnvelopeJson(TypedDict):
    """The shape of an envelope at rest."""

    spool_id: str
    mail_from: AddressJson | None
    rcpt_to: list[AddressJson]
    received_at: str
    front: str
    peer: str
    size_bytes: int
    sha256: str
    authenticated_as: str | None
    is_encrypted: NotRequired[bool]  # not in what was written before 0.1.0
    full_size_bytes: NotRequired[int | None]
    waiting_since: NotRequired[str | None]


def json_from_mail(mail: OutgoingMail) -> str:
    """The whole of an outgoing mail as one line of JSON."""
    shape: MailJson = {
        "mail_from": _from_address(mail.mail_from) if mail.mail_from else None,
        "recipient": _from_address(mail.recipient),
        "sender": _from_mailbox(mail.sender),
        "to": [_from_mailbox(one) for one in mail.to],
        "cc": [_from_mailbox(one) for one in mail.cc],
        "reply_to": _from_mailbox(mail.reply_to) if mail.reply_to else None,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "message_id": mail.message_id,
        "date": mail.date.isoformat(),
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "headers": [[name, value] for name, value in mail.headers],
        "attachments": [_from_ref(one) for one in mail.attachments],
        "files": [_from_file(one) for one in mail.files],
    }
    return _dump(shape)


def mail_from_json(text: str) -> OutgoingMail:
    """The mail that ``json_from_mail`` wrote."""
    shape = cast(MailJson, json.loads(text))
    return OutgoingMail(
        mail_from=_to_address(shape["mail_from"]) if shape["mail_from"] else None,
        recipient=_to_address(shape["recipient"]),
        sender=_to_mailbox(shape["sender"]),
        to=tuple(_to_mailbox(one) for one in shape["to"]),
        cc=tuple(_to_mailbox(one) for one in shape["cc"]),
        reply_to=_to_mailbox(shape["reply_to"]) if shape["reply_to"] else None,
        subject=shape["subject"],
        text=shape["text"],
        html=shape["html"],
        message_id=shape["message_id"],
        date=datetime.fromisoformat(shape["date"]),
        in_reply_to=shape["in_reply_to"],
        references=tuple(shape["references"]),
        headers=tuple((name, value) for name, value in shape["headers"]),
        attachments=tuple(_to_ref(one) for one in shape["attachments"]),
        files=tuple(_to_file(one) for one in shape["files"]),
    )


def json_from_envelope(envelope: Envelope) -> str:
    """An envelope as one line of JSON."""
    shape: EnvelopeJson = {
        "spool_id": envelope.spool_id,
        "mail_from": _from_address(envelope.mail_from) if envelope.mail_from else None,
        "rcpt_to": [_from_address(one) for one in envelope.rcpt_to],
        "received_at": envelope.received_at.isoformat(),
        "front": envelope.front.value,
        "peer": envelope.peer,
        "size_bytes": envelope.size_bytes,
        "sha256": envelope.sha256,
        "authenticated_as": envelope.authenticated_as,
        "is_encrypted": envelope.is_encrypted,
        "full_size_bytes": envelope.full_size_bytes,
        "waiting_since": envelope.waiting_since.isoformat() if envelope.waiting_since else None,
    }
    return _dump(shape)


def envelope_from_json(text: str) -> Envelope:
    """The envelope that ``json_from_envelope`` wrote."""
    shape = cast(EnvelopeJson, json.loads(text))
    since = shape.get("waiting_since")
    return Envelope(
        spool_id=shape["spool_id"],
        mail_from=_to_address(shape["mail_from"]) if shape["mail_from"] else None,
        rcpt_to=tuple(_to_address(one) for one in shape["rcpt_to"]),
        received_at=datetime.fromisoformat(shape["received_at"]),
        front=Front(shape["front"]),
        peer=shape["peer"],
        size_bytes=shape["size_bytes"],
        sha256=shape["sha256"],
        authenticated_as=shape["authenticated_as"],
        is_encrypted=shape.get("is_encrypted", False),
        full_size_bytes=shape.get("full_size_bytes"),
        waiting_since=datetime.fromisoformat(since) if since else None,
    )


def json_from_attachments(attachments: tuple[AttachmentRef, ...]) -> str:
    """References to attachments as one line of JSON."""
    return _dump([_from_ref(one) for one in attachments])


def attachments_from_json(text: str) -> tuple[AttachmentRef, ...]:
    """The references that ``json_from_attachments`` wrote."""
    if text == "[]":
        return ()
    return tuple(_to_ref(one) for one in cast("list[RefJson]", json.loads(text)))


def json_from_texts(texts: tuple[str, ...]) -> str:
    """Short texts, such as tags, as one line of JSON."""
    return _dump(list(texts)) if texts else "[]"


def texts_from_json(text: str) -> tuple[str, ...]:
    """The texts that ``json_from_texts`` wrote."""
    return () if text == "[]" else tuple(cast("list[str]", json.loads(text)))


def json_from_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    """Pairs of texts, such as ``(word, argument)``, as one line of JSON."""
    return _dump([list(pair) for pair in pairs])


def pairs_from_json(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs that ``json_from_pairs`` wrote."""
    return tuple((one, two) for one, two in cast("list[list[str]]", json.loads(text)))


def json_from_trace(trace: tuple[Reason, ...]) -> str:
    """The trace of a decision as one line of JSON."""
    return _dump([[one.rule, one.said, one.where] for one in trace])


def trace_from_json(text: str) -> tuple[Reason, ...]:
    """The trace that ``json_from_trace`` wrote."""
    shape = cast("list[list[str]]", json.loads(text))
    return tuple(Reason(rule, said, where) for rule, said, where in shape)


def _dump(shape: object) -> str:
    return _encode(shape)


def _from_address(address: Address) -> AddressJson:
    return [address.local, address.domain]


def _to_address(shape: AddressJson) -> Address:
    local, domain = shape
    return Address(local, domain)


def _from_mailbox(mailbox: Mailbox) -> MailboxJson:
    return [mailbox.name, mailbox.address.local, mailbox.address.domain]


def _to_mailbox(shape: MailboxJson) -> Mailbox:
    name, local, domain = shape
    return Mailbox(name, Address(local, domain))


def _from_ref(ref: AttachmentRef) -> RefJson:
    shape: RefJson = [ref.raw_sha256, ref.index, ref.name]
    return [*shape, ref.content_type, ref.size_bytes, ref.content_id]


def _to_ref(shape: RefJson) -> AttachmentRef:
    raw_sha256, index, name, content_type, size_bytes, content_id = shape
    return AttachmentRef(
        raw_sha256=cast(str, raw_sha256),
        index=cast(int, index),
        name=cast(str, name),
        content_type=cast(str, content_type),
        size_bytes=cast(int, size_bytes),
        content_id=cast("str | None", content_id),
    )


def _from_file(file: InlineFile) -> list[str | None]:
    content = base64.b64encode(file.content).decode("ascii")
    return [file.name, file.content_type, content, file.content_id]


def _to_file(shape: list[str | None]) -> InlineFile:
    name, content_type, content, content_id = shape
    return InlineFile(
        name=name or "",
        content_type=content_type or "",
        content=base64.b64decode(content or ""),
        content_id=content_id,
    )
