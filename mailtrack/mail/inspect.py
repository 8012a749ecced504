"""What mailtrack sees in a mail: one object for programs, one page for people."""

from __future__ import annotations

from mailtrack.mail.message import Bounce, ParsedMail
from mailtrack.mail.parse import claims, parse

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def as_json(raw: bytes) -> dict[str, Json]:
    """The mail as one object; its keys are those of the public score of mail readers."""
    mail = parse(raw)
    (email, name), to = claims(raw)
    return {
        "subject": mail.subject,
        "from": {"email": email, "name": name},
        "to": list(to),
        "cc": [str(mailbox.address) for mailbox in mail.cc],
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.text,
        "reply": mail.reply,
        "html": mail.html,
        "attachments": [
            {
                "filename": attachment.filename,
                "name": attachment.name,
                "content_type": attachment.content_type,
                "size": attachment.size_bytes,
                "sha256": attachment.sha256,
            }
            for attachment in mail.attachments
        ],
        "kind": mail.kind.value,
        "kind_reason": mail.kind_reason,
        "bounce": _bounce(mail.bounce),
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "language": mail.language,
        "defects": [{"code": defect.code, "detail": defect.detail} for defect in mail.defects],
    }


def _bounce(bounce: Bounce | None) -> Json:
    if bounce is None:
        return None
    return {
        "recipients": list(bounce.recipients),
        "status": bounce.status,
        "permanent": bounce.permanent,
        "original_message_id": bounce.original_message_id,
        "diagnostic": bounce.diagnostic,
    }
