"""Bytes of a stranger become a ``ParsedMail``; the home of mail-parser.

The order: prescan (one linear pass that bounds everything), headers, leaves, body, and then
the meaning, asked from the neighbours in this room. It is total: whatever is broken becomes a
defect. Nothing here may trust a size, a count or a nesting that prescan has not bounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from mailparser import MailParser
from mailparser.dates import parse_mail_date

from mailtrack.mail.address import Mailbox
from mailtrack.mail.authentication import provenance_of
from mailtrack.mail.automatic import kind_of
from mailtrack.mail.body import body_html, body_text
from mailtrack.mail.bounce import bounce_from
from mailtrack.mail.charset import is_utf8
from mailtrack.mail.facts import MailFacts, Part
from mailtrack.mail.fields import Header
from mailtrack.mail.forwarded import forwarded_from
from mailtrack.mail.headers import (
    doubled,
    in_reply_to_from,
    message_id_from,
    references_from,
    shown_headers,
    subject_from,
)
from mailtrack.mail.html import sanitised
from mailtrack.mail.language import language_of
from mailtrack.mail.limits import (
    ADDRESSES_MAX,
    ATTACHMENTS_MAX,
    DEFECTS_MAX,
    INLINE_BYTES_MAX,
    INLINE_HIDDEN_BYTES_MAX,
    INLINE_PARTS_MAX,
    INLINE_TAGS_MAX,
    NAME_CHARS_MAX,
    SHALLOW_TEXT_BYTES_MAX,
)
from mailtrack.mail.mailboxes import (
    claimed_sender,
    loose_addresses,
    mailboxes_from,
    readable_list,
    sender_from,
)
from mailtrack.mail.message import (
    Attachment,
    Bounce,
    Defect,
    Forwarded,
    Kind,
    ParsedMail,
    Provenance,
)
from mailtrack.mail.names import safe_name
from mailtrack.mail.parts import charset_hint, leaves_of
from mailtrack.mail.prescan import Skeleton, prescan
from mailtrack.mail.reply import new_words
from mailtrack.mail.tree import stdlib_message
from mailtrack.mail.words import header_text

_ADDRESS_FIELDS: Final = ("from", "reply-to", "to", "cc")
_DATE_CHARS_MAX: Final = 100
_Answer = TypeVar("_Answer")
_REPORTS: Final = frozenset((Kind.BOUNCE, Kind.DELIVERY_DELAY, Kind.DELIVERY_REPORT))


@dataclass(frozen=True, slots=True)
class _People:
    """What the address fields say."""

    sender: Mailbox | None
    shown: str
    email_shown: str
    name_shown: str
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    date: datetime | None


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the mail is, and what in it is new."""

    reply: str
    signature: str
    kind: Kind
    kind_reason: str
    bounce: Bounce | None
    forwarded: Forwarded | None
    language: str | None


def parse(raw: bytes, *, shallow: bool = False) -> ParsedMail:
    """The mail that ``raw`` is. Never raises, whatever the bytes; see ``limits`` for the rest.

    ``shallow`` reads safe headers and the first text only. A mail past a bound of structure is
    read so in any case.
    """
    defects: list[Defect] = []
    skeleton = prescan(raw)
    is_shallow = shallow or bool(skeleton.deep)
    if skeleton.deep:
        defects.append(Defect("mime.too_complex", f"too many or too deep: {skeleton.deep}"))
    if not is_shallow:
        whole = _attempt(lambda: _read(skeleton, defects, is_shallow=False), "parse", defects)
        if whole is not None:
            return whole
    found = _attempt(lambda: _read(skeleton, defects, is_shallow=True), "shallow", defects)
    return found or ParsedMail(defects=_bounded(defects), is_shallow=True)


def facts_from(raw: bytes) -> MailFacts:
    """What the neighbours in this room are asked about, to explain their answers."""
    skeleton = prescan(raw)
    hint = charset_hint(skeleton)
    people = _people(skeleton.root.header, hint, [])
    return _facts(skeleton, people, hint, [], is_shallow=bool(skeleton.deep))


def is_harmless(raw: bytes) -> bool:
    """Whether reading ``raw`` takes a few milliseconds for certain, whoever wrote it.

    Small, few parts, and few characters that HTML could open tags with; a text in base64
    hides them, so each of its letters counts. Bytes without any label need the detector, whose
    tables are too large to be loaded into the desk's own process.
    """
    if len(raw) > INLINE_BYTES_MAX or raw.count(b"<") > INLINE_TAGS_MAX:
        return False
    skeleton = prescan(raw)
    if skeleton.deep or skeleton.parts > INLINE_PARTS_MAX:
        return False
    if not is_utf8(raw) and charset_hint(skeleton) is None:
        return False
    lowered = raw.lower()
    hidden = b"text/html" in lowered and b"base64" in lowered
    return not hidden or len(raw) <= INLINE_HIDDEN_BYTES_MAX


def attachment_bytes(raw: bytes, index: int) -> bytes:
    """The decoded bytes of the attachment with this index; empty if there is none."""
    leaves = leaves_of(prescan(raw), only=index).leaves
    return next((leaf.part.content for leaf in leaves if leaf.part.index == index), b"")


def _attempt(
    question: Callable[[], _Answer], name: str, defects: list[Defect]
) -> _Answer | None:
    """The answer, or None and a defect if reading it failed in a way nobody foresaw."""
    try:
        return question()
    # The one place where everything is caught: a stranger's bytes must never stop the desk,
    # and the defect with its name brings the mistake to the operator's eyes.
    except Exception as error:  # noqa: BLE001
        defects.append(Defect(f"unforeseen.{name}", type(error).__name__))
        return None


def _read(skeleton: Skeleton, defects: list[Defect], *, is_shallow: bool) -> ParsedMail:
    header = skeleton.root.header
    hint = charset_hint(skeleton)
    defects += [Defect(flaw) for flaw in sorted(skeleton.flaws)]
    defects += doubled(header)
    people = _people(header, hint, defects)
    facts = _facts(skeleton, people, hint, defects, is_shallow=is_shallow)
    provenance = _attempt(lambda: provenance_of(skeleton.raw, header), "provenance", defects)
    attachments = () if is_shallow else _attachments(facts.parts, defects)
    meaning = _meaning(facts, defects)
    return ParsedMail(
        subject=facts.subject,
        sender=people.sender,
        sender_shown=people.shown,
        sender_email_shown=people.email_shown,
        sender_name_shown=people.name_shown,
        reply_to=people.reply_to,
        to=people.to,
        cc=people.cc,
        date=people.date,
        message_id=message_id_from(header),
        in_reply_to=in_reply_to_from(header),
        references=references_from(header),
        text=facts.text,
        reply=meaning.reply,
        signature=meaning.signature,
        html=_clean_html(facts, defects),
        attachments=attachments,
        kind=meaning.kind,
        kind_reason=meaning.kind_reason,
        bounce=meaning.bounce,
        forwarded=meaning.forwarded,
        language=meaning.language,
        headers=facts.headers,
        content_hash=_content_hash(people, facts, attachments, message_id_from(header)),
        defects=_bounded(defects),
        is_shallow=is_shallow,
        provenance=provenance or Provenance(flaw="it could not be looked at"),
    )


def _facts(
    skeleton: Skeleton,
    people: _People,
    hint: str | None,
    defects: list[Defect],
    *,
    is_shallow: bool,
) -> MailFacts:
    """What the neighbours in this room are asked about."""
    header = skeleton.root.header
    shown, header_defects = shown_headers(header, hint)
    found = leaves_of(skeleton, text_only=is_shallow)
    defects += (*header_defects, *found.defects)
    text = body_text(found.leaves)
    return MailFacts(
        message=stdlib_message(skeleton),
        headers=shown,
        parts=tuple(leaf.part for leaf in found.leaves),
        subject=subject_from(header, hint),
        sender=people.sender,
        sender_email_shown=people.email_shown,
        text=text[:SHALLOW_TEXT_BYTES_MAX] if is_shallow else text,
        html=None if is_shallow else body_html(found.leaves),
    )


def _meaning(facts: MailFacts, defects: list[Defect]) -> _Meaning:
    """What the neighbours answer. An answer that fails costs only itself."""
    words = _attempt(lambda: new_words(facts), "reply", defects)
    # What is quoted for certain does not stand in for words that were not added (S23): an
    # agent's empty answer would send our own notification, token and all, to the customer.
    is_sure = words is not None and bool(words.reply or words.certain)
    reply = words.reply if words is not None and is_sure else facts.text
    verdict = _attempt(lambda: kind_of(facts), "kind", defects)
    kind, reason = verdict or (Kind.HUMAN, "")
    is_report = kind in _REPORTS
    return _Meaning(
        reply=reply,
        signature=words.signature if words is not None and is_sure else "",
        kind=kind,
        kind_reason=reason,
        bounce=_attempt(lambda: bounce_from(facts), "bounce", defects) if is_report else None,
        forwarded=_attempt(lambda: forwarded_from(facts), "forwarded", defects),
        language=_attempt(lambda: language_of(reply or facts.text), "language", defects),
    )


def _clean_html(facts: MailFacts, defects: list[Defect]) -> str | None:
    html = facts.html
    return None if html is None else _attempt(lambda: sanitised(html), "html", defects)


def _people(header: Header, hint: str | None, defects: list[Defect]) -> _People:
    lists = _address_lists(header, hint, defects)
    froms = header.all("from")
    raw_from = froms[0] if froms else b""
    sender = sender_from(raw_from, hint) if len(froms) == 1 else None
    if sender is None:
        defects.append(Defect("from.unclear" if froms else "from.missing"))
    shown = header_text(raw_from, hint)[0]
    email_shown, name_shown = claimed_sender(shown, lists["from"])
    if sender is not None:
        email_shown, name_shown = str(sender.address), name_shown or sender.name
    return _People(
        sender=sender,
        shown=" ".join(shown.split())[:NAME_CHARS_MAX],
        email_shown=email_shown,
        name_shown=name_shown,
        reply_to=mailboxes_from(lists["reply-to"]),
        to=mailboxes_from(lists["to"])[:ADDRESSES_MAX],
        cc=mailboxes_from(lists["cc"])[:ADDRESSES_MAX],
        date=_date_from(header),
    )


def claims(raw: bytes) -> tuple[tuple[str, str], tuple[str, ...]]:
    """From (address, name) and the To addresses as they are written, clean or not."""
    skeleton = prescan(raw)
    header, hint = skeleton.root.header, charset_hint(skeleton)
    lists = _address_lists(header, hint, [])
    shown = header_text(header.first("from") or b"", hint)[0]
    return claimed_sender(shown, lists["from"]), tuple(spelled for _, spelled in lists["to"])


def _address_lists(
    header: Header, hint: str | None, defects: list[Defect]
) -> dict[str, list[tuple[str, str]]]:
    """``(name, address)`` pairs of the address fields, as mail-parser reads them."""
    message = Message()
    for name in _ADDRESS_FIELDS:
        values = [readable_list(value, hint) for value in header.all(name)]
        if values:
            message.set_raw(name, ", ".join(filter(None, values)))
    reader = _attempt(lambda: MailParser(message), "addresses", defects)
    if reader is None:
        return {name: [] for name in _ADDRESS_FIELDS}
    found = (reader.from_, reader.reply_to, reader.to, reader.cc)
    # A list so broken that nothing is left of it is searched for whatever looks like one.
    return {
        name: pairs or loose_addresses(str(message.get(name, "")) if name != "from" else "")
        for name, pairs in zip(_ADDRESS_FIELDS, found, strict=True)
    }


def _date_from(header: Header) -> datetime | None:
    """What the mail claims, aware UTC; None if it is no date of this world."""
    text = (header.first("date") or b"").decode("latin-1")[:_DATE_CHARS_MAX]
    found: datetime | None = parse_mail_date(text).value
    if found is not None or not text:
        return found
    try:
        loose = parsedate_to_datetime(text)
        aware = loose if loose.tzinfo else loose.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _attachments(parts: tuple[Part, ...], defects: list[Defect]) -> tuple[Attachment, ...]:
    files = [part for part in parts if not part.is_body]
    if len(files) > ATTACHMENTS_MAX:
        defects.append(Defect("attachments.too_many", f"{len(files)}, shown {ATTACHMENTS_MAX}"))
    return tuple(_attachment(part) for part in files[:ATTACHMENTS_MAX])


def _attachment(part: Part) -> Attachment:
    return Attachment(
        index=part.index,
        name=safe_name(part.filename, index=part.index, content_type=part.content_type),
        filename=part.filename,
        content_type=part.content_type,
        size_bytes=len(part.content),
        sha256=hashlib.sha256(part.content).hexdigest(),
        content_id=part.content_id,
        is_inline=part.disposition != "attachment" and part.content_id is not None,
    )


def _content_hash(
    people: _People,
    facts: MailFacts,
    attachments: tuple[Attachment, ...],
    message_id: str | None,
) -> str:
    """What stays the same when a list or a resend changes ids and trace fields.

    Without a date it is the same under one Message-ID only. Empty, and so the same as no other,
    where both are missing, or any words to compare: two mails must not count as one because
    both say nothing.
    """
    when = people.date.isoformat() if people.date else message_id and f"id {message_id}"
    if not when or not (facts.text.strip() or attachments):
        return ""
    pieces = (
        people.sender.address.key if people.sender else people.email_shown,
        " ".join(facts.subject.split()),
        when,
        " ".join(facts.text.split()),
        *(attachment.sha256 for attachment in attachments),
    )
    return hashlib.sha256("\0".join(pieces).encode("utf-8", "replace")).hexdigest()


def _bounded(defects: list[Defect]) -> tuple[Defect, ...]:
    return tuple(dict.fromkeys(defects))[:DEFECTS_MAX]
