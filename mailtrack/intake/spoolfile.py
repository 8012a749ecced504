"""The format of one spool file: our envelope as a first header line, then the raw mail.

The raw bytes follow unchanged, so an operator can read a spool file as a mail. The line carries
the length and the hash of what follows: a file that was cut short or altered is found out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO, Final

from mailtrack.errors import MailtrackError
from mailtrack.intake.spooldraft import line_of
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front

HEAD_NAME: Final = b"X-Mailtrack-Envelope: "
HEAD_BYTES_MAX: Final = 512 * 1024  # 100 recipients of the longest kind take a quarter
PIECE_BYTES: Final = 1024 * 1024
FORMAT: Final = 1


class SpoolDamaged(MailtrackError):
    """A spool file is not what was written: cut short, altered, or not ours. Keep it apart.

    ``what`` is the damage, for somebody who knows which file it is.
    """

    def __init__(self, spool_id: str, what: str) -> None:
        super().__init__(f"{spool_id}: {what}")
        self.what = what


def sha256_of(raw: bytes) -> str:
    """The hash that names a raw mail everywhere, in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def head_of(envelope: Envelope) -> bytes:
    """The header line of an envelope, line end included. The spool id is the file's name."""
    return line_of(opening_of(envelope), envelope.size_bytes, envelope.sha256)


def opening_of(envelope: Envelope) -> bytes:
    """The same up to what is known of a mail only at its end, its size and hash."""
    facts = {
        "v": FORMAT,
        "front": envelope.front.value,
        "peer": envelope.peer,
        "mail_from": _pair(envelope.mail_from),
        "rcpt_to": [_pair(address) for address in envelope.rcpt_to],
        "received_at": envelope.received_at.isoformat(),
        "authenticated_as": envelope.authenticated_as,
        "is_encrypted": envelope.is_encrypted,
        "full_size_bytes": envelope.full_size_bytes,
        "waiting_since": _text(envelope.waiting_since),
    }
    # json.dumps escapes every control and non-ASCII character: the line stays one line.
    line = json.dumps(facts, separators=(",", ":")).removesuffix("}")
    return HEAD_NAME + line.encode("ascii") + b","


def envelope_from(head: bytes, spool_id: str) -> Envelope:
    """The envelope that a header line spells. Raises SpoolDamaged if it is none of ours."""
    if not head.startswith(HEAD_NAME) or not head.endswith(b"\r\n"):
        raise SpoolDamaged(spool_id, "the envelope line is missing or cut short")
    try:
        facts = json.loads(head[len(HEAD_NAME) :])
        if facts["v"] != FORMAT:
            raise SpoolDamaged(spool_id, f"written by another version, format {facts['v']!r}")
        return Envelope(
            spool_id=spool_id,
            mail_from=_address(facts["mail_from"]),
            rcpt_to=tuple(Address(local, domain) for local, domain in facts["rcpt_to"]),
            received_at=datetime.fromisoformat(facts["received_at"]),
            front=Front(facts["front"]),
            peer=facts["peer"],
            size_bytes=facts["size_bytes"],
            sha256=facts["sha256"],
            authenticated_as=facts["authenticated_as"],
            is_encrypted=facts.get("is_encrypted", False),  # new in 0.1.0
            full_size_bytes=facts.get("full_size_bytes"),
            waiting_since=_instant(facts.get("waiting_since")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SpoolDamaged(spool_id, "the envelope line cannot be read") from error


def split_file(content: bytes, spool_id: str) -> tuple[Envelope, bytes]:
    """The envelope and the raw mail of a file, proved whole. Raises SpoolDamaged."""
    head_end = content.find(b"\r\n", 0, HEAD_BYTES_MAX) + 2
    envelope = envelope_from(content[:head_end], spool_id)
    raw = content[head_end:]
    _check_whole(envelope, len(raw), sha256_of(raw))
    return envelope, raw


def prove_file(file: BinaryIO, spool_id: str) -> Envelope:
    """The envelope of a file that is read to its end and proved whole. Raises SpoolDamaged."""
    envelope = envelope_from(file.readline(HEAD_BYTES_MAX), spool_id)
    size_bytes, digest = 0, hashlib.sha256()
    while piece := file.read(PIECE_BYTES):
        size_bytes += len(piece)
        digest.update(piece)
    _check_whole(envelope, size_bytes, digest.hexdigest())
    return envelope


def _check_whole(envelope: Envelope, size_bytes: int, sha256: str) -> None:
    if size_bytes != envelope.size_bytes:
        what = f"{size_bytes} of {envelope.size_bytes} bytes of the mail are there"
        raise SpoolDamaged(envelope.spool_id, what)
    if sha256 != envelope.sha256:
        raise SpoolDamaged(envelope.spool_id, "the mail was altered after it was accepted")


def salvaged_from(content: bytes, spool_id: str) -> Envelope:
    """What a damaged file still tells. Size and hash are of what is there, never as promised.

    So the same mail, sent again and whole, is not taken for one that was read before.
    """
    head_end = content.find(b"\r\n", 0, HEAD_BYTES_MAX) + 2
    try:
        envelope, raw = envelope_from(content[:head_end], spool_id), content[head_end:]
    except SpoolDamaged:
        envelope, raw = _unknown(spool_id), content
    return replace(envelope, size_bytes=len(raw), sha256=sha256_of(raw))


def _unknown(spool_id: str) -> Envelope:
    """The envelope of a mail of which only the name of its file is known."""
    received_at = datetime.fromtimestamp(int(spool_id.partition("-")[0]) / 1e6, UTC)
    return Envelope(spool_id, None, (), received_at, Front.PIPE, "", 0, "")


def without_head(content: bytes) -> bytes:
    """The raw mail of a file that was proved whole before."""
    if not content.startswith(HEAD_NAME):
        return content
    return content[content.find(b"\r\n", 0, HEAD_BYTES_MAX) + 2 :]


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


def _pair(address: Address | None) -> tuple[str, str] | None:
    return (address.local, address.domain) if address else None


def _address(pair: list[str] | None) -> Address | None:
    return Address(*pair) if pair is not None else None
