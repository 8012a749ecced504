"""The mail inside a forwarded one: who wrote it, and its words.

Only the form of a forward counts: a mail that is attached, or a separator or header block that
mail programs put above a mail they pass on. The header block that Outlook puts above what it
answers looks the same, so without a separator the subject has to say that it is a forward.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.mail.address import Address, Mailbox, address_from
from mailtrack.mail.body import body_text
from mailtrack.mail.facts import MailFacts, Part
from mailtrack.mail.headers import subject_from
from mailtrack.mail.mailboxes import sender_from, shown_name
from mailtrack.mail.message import Forwarded
from mailtrack.mail.parts import leaves_of
from mailtrack.mail.phrases import quotes as phrases
from mailtrack.mail.prescan import prescan
from mailtrack.mail.quotes import (
    Lead,
    LeadKind,
    Lines,
    headers_at,
    is_quoted,
    is_rule,
    lead_at,
    lines_from,
    unquoted,
)
from mailtrack.mail.signatures import signature_start
from mailtrack.mail.subjects import is_forward_subject

LINES_LOOKED_AT: Final = 1500
ATTACHED_BYTES_MAX: Final = 1024 * 1024


def forwarded_from(facts: MailFacts) -> Forwarded | None:
    """The first mail inside a forwarded one, or None if the mail forwards nothing readable."""
    if facts.message.get_content_type() == "multipart/report":
        return None
    attached = next((p for p in facts.parts if p.content_type == "message/rfc822"), None)
    if attached is not None:
        return _attached(attached, comment=facts.text)
    lines = lines_from(facts.text.split("\n", LINES_LOOKED_AT))
    is_forward = is_forward_subject(facts.subject)
    found = _inline(lines, is_forward=is_forward)
    if found is None and is_forward and any(is_quoted(line) for line in lines.raw):
        # Some programs prefix what they pass on as if they answered it.
        found = _inline(lines_from([unquoted(line) for line in lines.raw]), is_forward=True)
    return found


def _attached(part: Part, *, comment: str) -> Forwarded | None:
    skeleton = prescan(part.content[:ATTACHED_BYTES_MAX])
    header = skeleton.root.header
    sender = sender_from(header.first("from") or b"")
    if sender is None:
        return None
    text = body_text(leaves_of(skeleton).leaves)
    return Forwarded(sender, subject_from(header), _trimmed(text), _trimmed(comment))


def _inline(lines: Lines, *, is_forward: bool) -> Forwarded | None:
    lead = _forward_lead(lines, is_forward=is_forward)
    if lead is None:
        return None
    first = lead.start
    if lead.kind in (LeadKind.FORWARD, LeadKind.SEPARATOR):
        first = _next_words(lines, lead.start + 1)
    end, values = headers_at(lines, first)
    sender = _sender_in(values.get("from", ""))
    if sender is None and "from" not in values:
        end, sender = _attributed(lines, first)
    if sender is None:
        return None
    return Forwarded(
        sender=sender,
        subject=values.get("subject", ""),
        text=_quoted_text(lines.raw[end:]),
        comment=_comment(lines.raw[: lead.start]),
    )


def _forward_lead(lines: Lines, *, is_forward: bool) -> Lead | None:
    """The first lead among unquoted lines, if it is a forward's."""
    for index, line in enumerate(lines.raw):
        if is_quoted(line):
            continue
        lead = lead_at(lines, index)
        if lead is None:
            continue
        if lead.kind is LeadKind.FORWARD:
            return lead
        return lead if is_forward else None
    return None


def _next_words(lines: Lines, index: int) -> int:
    while index < len(lines.raw) and not lines.unquoted(index):
        index += 1
    return index


def _attributed(lines: Lines, first: int) -> tuple[int, Mailbox | None]:
    """Yandex names the writer in one line below its separator: date, name and address."""
    line = lines.unquoted(first) if first < len(lines.raw) else ""
    found = _sender_in(line) if line.endswith(":") else None
    if found is None:
        return first, None
    quoted_name = line.partition('"')[2].partition('"')[0]
    return first + 1, Mailbox(shown_name(quoted_name), found.address)


_ADDRESS_ENDS: Final = re.compile(r"[\s<>\[\]()\"',;:|]+")


def _sender_in(value: str) -> Mailbox | None:
    """The mailbox that a quoted header shows: ``Ann <a@b.c>``, ``Ann [mailto:a@b.c]``."""
    address: Address | None = None
    for word in _ADDRESS_ENDS.split(value):
        address = address_from(word) if "@" in word else None
        if address is not None:
            break
    if address is None:
        return None
    name = re.split(r"[<\[(]|mailto:", value, maxsplit=1)[0].strip(" \"'*_,")
    return Mailbox("" if "@" in name else shown_name(name), address)


def _quoted_text(lines: list[str]) -> str:
    """The forwarded words, without the prefix that some programs give them."""
    end = next((i for i, line in enumerate(lines) if _is_end(line)), len(lines))
    lines = lines[:end]
    prefixed = sum(1 for line in lines if is_quoted(line))
    if prefixed * 2 > sum(1 for line in lines if line.strip()):
        lines = [unquoted(line) for line in lines]
    return _trimmed("\n".join(lines))


def _is_end(line: str) -> bool:
    words = line[:200].strip("-_=*> \t\r").lower()
    return line.lstrip("> ").startswith("--") and words.startswith(phrases.FORWARD_ENDS)


def _comment(lines: list[str]) -> str:
    while lines and (not lines[-1].strip() or is_rule(lines[-1])):
        lines = lines[:-1]
    return _trimmed("\n".join(lines[: signature_start(lines)]))


def _trimmed(text: str) -> str:
    return text.strip("\n").rstrip()
