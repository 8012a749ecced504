"""What one mail says, as values: the answer of ``parse`` and the language of all rooms above.

Everything here is total: a broken mail has fewer facts and more ``defects``, never an
exception. All text is NFC Unicode without NUL; all of it came from a stranger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailtrack.mail.address import Address, Mailbox


class Kind(StrEnum):
    """Who or what wrote a mail. Only the first three are answered by anybody."""

    HUMAN = "human"
    LIST = "list"
    BULK = "bulk"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    DELIVERY_DELAY = "delivery_delay"
    DELIVERY_REPORT = "delivery_report"
    RECEIPT = "receipt"
    FEEDBACK = "feedback"
    CHALLENGE = "challenge"


MACHINES = frozenset(Kind) - {Kind.HUMAN, Kind.LIST, Kind.BULK}


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong with a mail: a stable ``code`` for rules, a sentence for people."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One part that is not the body. ``index`` finds its bytes again in the same raw mail.

    ``name`` is safe and never empty (security: it is still only metadata, never a path).
    ``filename`` is the name as its writer gave it, decoded, ``""`` if there was none.
    """

    index: int
    name: str
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    content_id: str | None = None
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says. ``status`` is an enhanced code (RFC 3463), None if unknown.

    ``permanent`` is None when the report does not say. ``original_message_id`` is the id of the
    mail that could not be delivered, as the returned headers show it.
    """

    recipients: tuple[str, ...]
    status: str | None
    permanent: bool | None
    original_message_id: str | None = None
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The first mail inside a forwarded one: who wrote it, and its words.

    ``comment`` is what the forwarder wrote above it.
    """

    sender: Mailbox
    subject: str
    text: str
    comment: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """An Authentication-Results field as it stands, unfolded. Anybody can write one.

    ``hops`` is how many Received fields stand above it: what a relay of ours wrote stands high.
    """

    hops: int
    text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM signature, checked in all but its key, which stands in the DNS.

    ``digest`` is the SHA-256 of what it signs, ``value`` the signature itself. ``signed`` are
    the lower-case names of the fields it covers. ``expires_at`` is aware UTC. ``flaw`` says in
    words why it proves nothing whatever its key, ``""`` if the key alone decides.
    """

    domain: str
    selector: str = ""
    algorithm: str = ""
    signed: tuple[str, ...] = ()
    digest: bytes = b""
    value: bytes = b""
    expires_at: datetime | None = None
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a mail brings to prove where it comes from; none of it is proof by itself.

    ``flaw`` says in words why nothing in this mail can prove anything, ``""`` if it may.
    ``smuggled`` names what no honest program sends, and what hides commands: then the mail
    commands nothing (security section 2.3, rule 8).
    """

    stamps: tuple[Stamp, ...] = ()
    signatures: tuple[Signature, ...] = ()
    flaw: str = ""
    smuggled: str = ""


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail, read.

    ``sender`` is the one strict From mailbox, None when From is missing, doubled or readable in
    two ways; ``sender_shown`` is the claim for people to see. ``text`` is the whole readable
    body, ``reply`` the words the writer added (the whole text when unsure), ``signature`` the
    farewell, name and footers folded away below them (``""`` if ``reply`` holds them), ``html``
    the sanitised HTML body or None. ``date`` is what the mail claims, aware UTC or None.
    ``headers`` are ``(lower-case name, decoded value)`` in order, bounded, for rules.
    ``language`` is an ISO 639-1 guess from the writer's words, None when unsure.
    ``content_hash`` is the same for the same content under another Message-ID (without a date
    under the same only), ``""`` where nothing can tell. ``kind_reason`` names the sign that
    decided ``kind``. ``is_shallow`` means the mail was too complex to read whole: first text
    only, raw mail kept.
    ``provenance`` is what it brings to prove where it comes from.
    """

    subject: str = ""
    sender: Mailbox | None = None
    sender_shown: str = ""
    sender_email_shown: str = ""
    sender_name_shown: str = ""
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    date: datetime | None = None
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    reply: str = ""
    signature: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    kind: Kind = Kind.HUMAN
    kind_reason: str = ""
    bounce: Bounce | None = None
    forwarded: Forwarded | None = None
    language: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_hash: str = ""
    defects: tuple[Defect, ...] = ()
    is_shallow: bool = False
    provenance: Provenance = Provenance()

    @property
    def is_machine(self) -> bool:
        """Whether a machine wrote this to say something about a mail: never answered."""
        return self.kind in MACHINES

    def header(self, name: str) -> str | None:
        """The first value of a header, None if the mail has none of that name."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """An attachment to join when a letter is sent: part ``index`` of an archived raw mail."""

    raw_sha256: str
    index: int
    name: str
    content_type: str
    size_bytes: int
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A small file made by ourselves that travels inside a letter, such as a chart."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One finished outgoing mail for one recipient, before it is put into bytes.

    ``mail_from`` is None for the null reverse-path (RFC 5321 section 4.5.5). ``date`` is aware
    UTC. ``text`` and ``html`` are final. ``headers`` are extra ``X-``, ``Auto-Submitted`` and
    list headers from the allow-list of ``compose``; ids keep their angle brackets.
    """

    mail_from: Address | None
    recipient: Address
    sender: Mailbox
    to: tuple[Mailbox, ...]
    subject: str
    text: str
    message_id: str
    date: datetime
    html: str | None = None
    cc: tuple[Mailbox, ...] = ()
    reply_to: Mailbox | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[AttachmentRef, ...] = ()
    files: tuple[InlineFile, ...] = field(default=())
