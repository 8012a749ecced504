"""From whom and to whom a fetched mail came: IMAP has no envelope, so the header must say.

What a trusted header or To and Cc name is used only to find our own addresses and tokens, which
are proved later; nobody becomes anybody by it (security section 3.3, steps 1 and 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailtrack.intake.reception import Reception, each_once
from mailtrack.mail.address import Address
from mailtrack.mail.fields import Header, header_from
from mailtrack.mail.mailboxes import loose_addresses, readable_list

_SHOWN_FIELDS: Final = ("to", "cc")


@dataclass(frozen=True, slots=True)
class Whence:
    """``mail_from`` None: no Return-Path, or the null path. ``rcpt_to`` is never empty."""

    mail_from: Address | None
    rcpt_to: tuple[Address, ...]


def whence(
    raw: bytes, reception: Reception, *, trusted_header: str | None, fallback: str
) -> Whence:
    """The envelope facts of a mail. ``fallback`` is for mail that names no address of ours."""
    header = header_from(raw, 0, len(raw))
    ours = _ours_in_trusted(header, reception, trusted_header) or _ours_shown(
        header, reception, limit=reception.limits.recipients_max
    )
    if not ours:
        fallen = reception.recipient(fallback)
        assert isinstance(fallen, Address), "the configuration saw to it"
        ours = (fallen,)
    return Whence(_return_path(header, reception), ours)


def _return_path(header: Header, reception: Reception) -> Address | None:
    """The topmost is the mailbox server's own; what stands below came with the mail."""
    path = (header.first("return-path") or b"").decode("utf-8", "replace").strip()
    sender = reception.sender(path.removeprefix("<").removesuffix(">"))
    return sender if isinstance(sender, Address) else None


def _ours_in_trusted(
    header: Header, reception: Reception, name: str | None
) -> tuple[Address, ...]:
    if name is None:
        return ()
    path = (header.first(name.lower()) or b"").decode("utf-8", "replace").strip()
    address = reception.recipient(path.removeprefix("<").removesuffix(">"))
    return (address,) if isinstance(address, Address) else ()


def _ours_shown(header: Header, reception: Reception, *, limit: int) -> tuple[Address, ...]:
    shown = (
        spelled
        for name in _SHOWN_FIELDS
        for field in header.all(name)
        for _, spelled in loose_addresses(readable_list(field))
    )
    judged = (reception.recipient(spelled) for spelled in shown)
    return each_once(one for one in judged if isinstance(one, Address))[:limit]
