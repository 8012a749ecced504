"""What ties a mail to a conversation, read from its raw header without parsing the mail.

Good enough to keep order, and for nothing else: who may write to which ticket is decided from
the parsed mail. Linear in the bytes that are looked at, whatever they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

HEADER_BYTES_MAX: Final = 64 * 1024
IDS_MAX: Final = 40

_FIELD: Final = re.compile(
    rb"^(message-id|in-reply-to|references|from)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_ID: Final = re.compile(rb"<[^<>\s]{1,250}>")
_ADDRESS: Final = re.compile(rb"[^\s<>,;:\"]{1,128}@[^\s<>,;:\"]{1,253}")


@dataclass(frozen=True, slots=True)
class Kin:
    """A mail's own Message-ID, the ids it names, and what else it shares with its kin.

    ``shared`` holds its sender's address and any reply address it was sent to.
    """

    own: bytes | None = None
    named: frozenset[bytes] = frozenset()
    shared: frozenset[bytes] = frozenset()

    def answers(self, other: Kin) -> bool:
        """Whether this mail names the other as one that it answers."""
        return other.own is not None and other.own in self.named

    def is_of(self, other: Kin) -> bool:
        """Whether both may belong to one conversation."""
        return (
            self.answers(other)
            or other.answers(self)
            or not self.named.isdisjoint(other.named)
            or not self.shared.isdisjoint(other.shared)
        )


def kin_from(raw: bytes, *, reply_addresses: tuple[str, ...] = ()) -> Kin:
    """The kin of a mail, from the beginning of it. ``reply_addresses`` it was sent to."""
    header = raw[:HEADER_BYTES_MAX].replace(b"\r", b"").partition(b"\n\n")[0]
    own: bytes | None = None
    named: list[bytes] = []
    shared = [address.encode("utf-8", "replace") for address in reply_addresses]
    for name, text in _FIELD.findall(header):
        match name.lower():
            case b"message-id":
                own = own or next(iter(_ID.findall(text)), None)
            case b"from":
                shared += (one.lower() for one in _ADDRESS.findall(text)[-1:])
            case _:
                named += _ID.findall(text)
    return Kin(own, frozenset(named[-IDS_MAX:]), frozenset(shared))
