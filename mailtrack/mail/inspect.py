"""What mailtrack sees in a mail: one object for programs, one page for people."""

from __future__ import annotations

from collections.abc import Iterator

from mailtrack.mail.message import Attachment, Bounce, ParsedMail
from mailtrack.mail.parse import claims, facts_from, parse
from mailtrack.mail.reply import NewWords, new_words

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

_LABEL_WIDTH = 12


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
        "signature": mail.signature,
        "html": mail.html,
        "attachments": [_attachment(attachment) for attachment in mail.attachments],
        "kind": mail.kind.value,
        "kind_reason": mail.kind_reason,
        "bounce": _bounce(mail.bounce),
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "language": mail.language,
        "defects": [{"code": defect.code, "detail": defect.detail} for defect in mail.defects],
    }


def _attachment(attachment: Attachment) -> dict[str, Json]:
    return {
        "filename": attachment.filename,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size_bytes,
        "sha256": attachment.sha256,
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


def page(raw: bytes) -> str:
    """A page for a person: who wrote, what is new, what was cut and why, what is broken."""
    mail, facts = parse(raw), facts_from(raw)
    blocks = ["\n".join(_head(mail))]
    if mail.bounce:
        blocks.append(_bounce_line(mail.bounce))
    blocks.append(_words(new_words(facts), mail))
    if mail.forwarded:
        title = "Returned mail" if mail.is_machine else "Forwarded mail"
        inner = mail.forwarded
        blocks.append(_visible(f"{title} of {inner.sender}: {inner.subject or '(no subject)'}"))
    if mail.attachments:
        lines = (_attachment_line(attachment) for attachment in mail.attachments)
        blocks.append("\n".join(("Attachments", *lines)))
    if mail.defects:
        broken = (f"  {defect.code}: {defect.detail}".rstrip(": ") for defect in mail.defects)
        blocks.append("\n".join(("What is wrong with this mail", *broken)))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(mail: ParsedMail) -> Iterator[str]:
    """The facts of the header, a line each."""
    if mail.sender is None:
        yield _line(
            "From",
            f"{mail.sender_shown or '(nobody)'}  (not one clear address: it proves nothing)",
        )
    else:
        yield _line("From", str(mail.sender))
    for label, mailboxes in (("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_to)):
        if mailboxes:
            yield _line(label, ", ".join(str(mailbox) for mailbox in mailboxes))
    yield _line("Subject", mail.subject or "(none)")
    yield _line("Date", mail.date.isoformat(" ") if mail.date else "(none that is a date)")
    yield _line("Message-ID", mail.message_id or "(none)")
    answered = dict.fromkeys((*mail.in_reply_to, *mail.references))
    if answered:
        yield _line("Answers", " ".join(answered))
    yield _line("Kind", f"{mail.kind}  ({mail.kind_reason})" if mail.kind_reason else mail.kind)
    if mail.language:
        yield _line("Language", mail.language)
    if mail.is_shallow:
        yield _line("Read", "only in part: too complex. The original mail is kept whole.")


def _line(label: str, value: str) -> str:
    return f"{label}:".ljust(_LABEL_WIDTH) + _visible(value)


def _words(words: NewWords, mail: ParsedMail) -> str:
    """The writer's words; then what was cut and by which rule."""
    if not mail.text.strip():
        return "No words"
    blocks = [_new_words(words, mail)]
    sure = "surely" if words.certain else "unsure: the whole text should be at hand"
    if words.quoted:
        title = f"Cut as somebody else's words, by the rule {words.rule!r}, {sure}"
        blocks.append(f"{title}\n{_indented(words.quoted, '  | ')}")
    if words.signature:
        blocks.append(f"Folded as a signature\n{_indented(words.signature, '  | ')}")
    return "\n\n".join(blocks)


def _new_words(words: NewWords, mail: ParsedMail) -> str:
    shown = _indented(words.reply, "  ") if words.reply else "  (none)"
    if words.rule:
        return f"New words\n{shown}"
    if mail.is_machine:
        return f"What the machine says\n{shown}"
    answers = mail.in_reply_to or mail.references
    unsure = " (it answers, but shows no quote)" if answers and not words.certain else ""
    return f"All words are the writer's{unsure}\n{shown}"


def _bounce_line(bounce: Bounce) -> str:
    how = {True: "for good", False: "for now", None: "unclear for how long"}[bounce.permanent]
    recipients = ", ".join(bounce.recipients) or "(nobody named)"
    why = f"{bounce.status or ''} {bounce.diagnostic}".strip() or "no reason given"
    return _visible(f"Not delivered {how} to {recipients}: {why}")


def _attachment_line(attachment: Attachment) -> str:
    place = ", shown in the text" if attachment.is_inline else ""
    given = attachment.filename
    sent = f", sent as {given}" if given and given != attachment.name else ""
    facts = f"{attachment.content_type}, {attachment.size_bytes:,} bytes{place}{sent}"
    return _visible(f"  {attachment.index}. {attachment.name} ({facts})")


def _indented(text: str, margin: str) -> str:
    return "\n".join(
        (margin + _visible(line)).rstrip() for line in text.strip("\n").split("\n")
    )


def _visible(text: str) -> str:
    """Text that cannot steer a terminal: controls become spaces."""
    if text.isprintable():
        return text
    return "".join(
        char if char >= " " and not "\x7f" <= char <= "\x9f" else " " for char in text
    )
