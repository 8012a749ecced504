"""Facts for the tests of meaning, made from a few headers and a text."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message

from mailtrack.mail.facts import MailFacts, Part


def facts_of(text: str = "", *, html: str | None = None, **headers: str) -> MailFacts:
    """Facts of a mail of one text; ``list_id="x"`` becomes the header ``list-id: x``."""
    shown = tuple(
        (name.replace("_", "-").rstrip("-"), value) for name, value in headers.items()
    )
    subject = headers.get("subject", "")
    sender = headers.get("from_", "Dana <dana@client.example>")
    shown += () if "from_" in headers else (("from", sender),)
    message = Message()
    message["Content-Type"] = "text/plain"
    part = Part(0, "text/plain", "", "", None, None, text.encode(), text, True)
    email = sender.rpartition("<")[2].strip("<> ")
    return MailFacts(message, shown, (part,), subject, None, email, text, html)


def facts_of_report(raw: str) -> MailFacts:
    """Facts of a whole mail with parts, as far as kind and bounce look at them."""
    message = message_from_bytes(raw.encode())
    leaves = [part for part in message.walk() if part.get_content_maintype() != "multipart"]
    parts = tuple(_part(index, leaf) for index, leaf in enumerate(leaves))
    text = next((part.text or "" for part in parts if part.content_type == "text/plain"), "")
    shown = tuple((name.lower(), str(value)) for name, value in message.items())
    email = str(message["from"]).rpartition("<")[2].strip("<> ")
    return MailFacts(message, shown, parts, str(message["subject"]), None, email, text, None)


def _part(index: int, leaf: Message) -> Part:
    payload = leaf.get_payload()
    inner = payload if isinstance(payload, str) else "\n\n".join(map(str, payload))
    content_type = leaf.get_content_type()
    text = inner if content_type.startswith("text/") else None
    return Part(index, content_type, "", "", None, None, inner.encode(), text, text is not None)
