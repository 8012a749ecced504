"""What has been read from a mail before its meaning is looked for.

``parse`` makes a ``MailFacts`` once; ``reply``, ``automatic``, ``bounce`` and ``forwarded``
each answer one question from it. It holds the stdlib message and so never leaves this room.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from mailtrack.mail.address import Mailbox


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the MIME tree, in the order of the mail; a nested mail is one leaf.

    ``index`` counts leaves from 0 and is stable for the same bytes. ``content`` is decoded from
    its transfer encoding, still in its charset. ``text`` is the decoded text of a text part,
    None for any other. ``depth`` is 0 for a mail of a single part.
    """

    index: int
    content_type: str
    disposition: str
    filename: str
    content_id: str | None
    charset: str | None
    content: bytes
    text: str | None
    is_body: bool
    depth: int = 0


@dataclass(frozen=True, slots=True)
class MailFacts:
    """The facts of one mail. ``text`` is the readable body, ``html`` the raw, hostile HTML."""

    message: Message
    headers: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    subject: str
    sender: Mailbox | None
    sender_email_shown: str
    text: str
    html: str | None

    def header(self, name: str) -> str | None:
        """The first decoded value of a header, None if there is none of that name."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)
