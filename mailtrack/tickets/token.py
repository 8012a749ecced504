"""Reply tokens: 30 base32 characters that prove who was written to about which ticket.

``<purpose><key id><handle: 8><mac: 20>`` over ``[a-z2-7]``. The handle is random and is the key
of a row, so a token can be revoked; the MAC binds it to ticket, person, role and this desk, so
neither a leaked table nor a damaged handle opens anything. Security section 3.1.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

HANDLE_CHARS: Final = 8
MAC_CHARS: Final = 20
TOKEN_CHARS: Final = 2 + HANDLE_CHARS + MAC_CHARS
STRANGERS_MAX: Final = 3  # so many have it that it is no secret: security section 3.4
_ALPHABET: Final = frozenset("abcdefghijklmnopqrstuvwxyz234567")
_LOWERED: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Purpose(StrEnum):
    """What a token is good for: the first character of its text."""

    REPLY = "r"
    NOTE = "n"
    BOUNCE = "b"
    CONFIRM = "c"


@dataclass(frozen=True, slots=True)
class Token:
    """The row behind a token. ``number`` is 0 and ``ticket_uuid`` ``""`` if it names no ticket.

    ``held_id`` is set for confirm tokens, ``letter_id`` for bounce tokens. ``strangers`` are
    the first who used it without being on the ticket, at most ``STRANGERS_MAX``.
    """

    handle: str
    purpose: Purpose
    number: int
    ticket_uuid: str
    person: str
    role: str
    issued_at: datetime
    expires_at: datetime | None = None
    is_revoked: bool = False
    held_id: str | None = None
    letter_id: str | None = None
    strangers: tuple[str, ...] = ()
    last_used_at: datetime | None = None
    use_count: int = 0


@dataclass(frozen=True, slots=True)
class TokenText:
    """A text of the right shape, taken apart. Nothing is proved by the shape."""

    purpose: Purpose
    key_id: str
    handle: str
    mac: str


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The secret keys by one-letter id. The first signs, all verify. Never shown or logged."""

    instance: str
    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    def text_of(self, token: Token) -> str:
        """The text that stands for a token, signed with the newest key."""
        key_id, key = self.keys[0]
        return f"{token.purpose}{key_id}{token.handle}{self._mac(token, key_id, key)}"

    def proves(self, seen: TokenText, token: Token) -> bool:
        """Whether the text that came by mail was made by us for exactly this row."""
        key = dict(self.keys).get(seen.key_id)
        if key is None or seen.purpose != token.purpose or seen.handle != token.handle:
            return False
        return hmac.compare_digest(self._mac(token, seen.key_id, key), seen.mac)

    def _mac(self, token: Token, key_id: str, key: bytes) -> str:
        fields = (
            f"{token.purpose}{key_id}{token.handle}",
            token.ticket_uuid,
            token.person,
            token.role,
            token.held_id or token.letter_id or "",
            self.instance,
        )
        message = b"mailtrack/1\0" + "\0".join(fields).encode()
        digest = hmac.digest(key, message, "sha256")
        return base64.b32encode(digest).decode("ascii").lower()[:MAC_CHARS]


def token_text_from(text: str) -> TokenText | None:
    """The token that ``text`` has the shape of, capitals allowed; None if it is no token."""
    lowered = text.translate(_LOWERED)
    if len(lowered) != TOKEN_CHARS or not _ALPHABET.issuperset(lowered):
        return None
    if lowered[0] not in "rnbc":
        return None
    handle = lowered[2 : 2 + HANDLE_CHARS]
    return TokenText(Purpose(lowered[0]), lowered[1], handle, lowered[2 + HANDLE_CHARS :])
