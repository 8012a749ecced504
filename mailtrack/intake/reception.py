"""Reception: the gate that all fronts share. Who may be written to, and what is too much.

Pure but for the ``accepts`` it is given. Its answers never tell a good token from a bad one,
and nothing it says comes from a stranger's mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mailtrack.intake.limits import Limits
from mailtrack.mail.address import (
    ADDRESS_CHARS_MAX,
    Address,
    address_from,
    domain_from,
)

NULL_PATH: Final = "<>"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# A sender is never an identity here, so it may be sloppier than our own addresses: Japanese
# carriers double their dots, and VERP and SRS outgrow the 64 characters of a local part.
_SENDER_LOCAL: Final = re.compile(r"[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\ud800-\udfff]+\Z")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_RECEIVED: Final = re.compile(rb"(?im)^received[ \t]*:")


class Acceptance(Enum):
    """What we say to a recipient."""

    OURS = auto()
    NO_SUCH_USER = auto()  # our domain, but nobody
    NOT_OURS = auto()  # never a relay


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as SMTP says it; the text begins with the enhanced code of RFC 3463."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


MALFORMED: Final = Answer(501, "5.1.7 Control characters in an address")
SENDER_UNREADABLE: Final = Answer(553, "5.1.7 Sender address not understood")
NO_SUCH_USER: Final = Answer(550, "5.1.1 No such address here")
NOT_OURS: Final = Answer(550, "5.7.1 We do not relay")
TOO_BIG: Final = Answer(552, "5.3.4 The mail is too big")
LOOPING: Final = Answer(554, "5.4.6 Too many hops")
NO_ROOM: Final = Answer(452, "4.3.1 Out of room, please try again later")
TROUBLE: Final = Answer(451, "4.3.0 Temporary failure, please try again later")
TOO_MANY_RECIPIENTS: Final = Answer(452, "4.5.3 Too many recipients")

_REFUSALS: Final = {
    Acceptance.NO_SUCH_USER: NO_SUCH_USER,
    Acceptance.NOT_OURS: NOT_OURS,
}


class Reception:
    """The gate. ``accepts`` says to whom an address belongs; it must be quick and total."""

    def __init__(self, accepts: Callable[[Address], Acceptance], limits: Limits) -> None:
        self._accepts = accepts
        self.limits = limits

    def sender(self, path: str) -> Address | Answer | None:
        """The reverse-path (``<>`` or an address without brackets); None is the null path."""
        if _CONTROL.search(path):
            return MALFORMED
        if path in ("", NULL_PATH):
            return None
        return address_from(path) or _lenient_sender(path) or SENDER_UNREADABLE

    def recipient(self, path: str) -> Address | Answer:
        """The recipient (without brackets), or why it is refused."""
        if _CONTROL.search(path):
            return MALFORMED
        address = address_from(path)
        if address is None:
            return NOT_OURS
        return _REFUSALS.get(self._accepts(address)) or address

    def content(self, raw: bytes, size_bytes: int | None = None) -> Answer | None:
        """Why a mail is refused once it is here; None if it is not.

        Of a large mail ``raw`` may be the beginning only, and ``size_bytes`` the whole.
        """
        if (len(raw) if size_bytes is None else size_bytes) > self.limits.size_bytes_max:
            return TOO_BIG
        if hops_of(raw) > self.limits.hops_max:
            return LOOPING
        return None


def accept_own(
    addresses: frozenset[str],
    *,
    reply_domain: str | None = None,
    delimiters: tuple[str, ...] = ("+",),
) -> Callable[[Address], Acceptance]:
    """Accept our address keys, with any plus part, and whatever is in the reply domain.

    ``delimiters`` are what may part an address and its plus part.

    Whether a plus part or a local part in the reply domain is a live token is never looked at:
    the answer is the same, so nobody can find tokens by asking.
    """
    domains = frozenset(key.rpartition("@")[2] for key in addresses)

    def accepts(address: Address) -> Acceptance:
        heads = (address.tag(one)[0] for one in delimiters)
        plain = (Address(head, address.domain).key for head in heads)
        if address.key in addresses or any(key in addresses for key in plain):
            return Acceptance.OURS
        if address.domain == reply_domain:
            return Acceptance.OURS
        return Acceptance.NO_SUCH_USER if address.domain in domains else Acceptance.NOT_OURS

    return accepts


def each_once(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """The addresses in order, without those that came before in other capitals."""
    once: dict[str, Address] = {}
    for address in addresses:
        once.setdefault(address.key, address)
    return tuple(once.values())


def hops_of(raw: bytes) -> int:
    """How many servers have handed this mail on: its Received fields."""
    end = _HEAD_END.search(raw)
    return len(_RECEIVED.findall(raw, 0, end.start() if end else len(raw)))


def _lenient_sender(path: str) -> Address | None:
    local, _, domain = path.rpartition("@")
    if len(path) > ADDRESS_CHARS_MAX or not _SENDER_LOCAL.match(local):
        return None
    ascii_domain = domain_from(domain)
    return Address(local, ascii_domain) if ascii_domain else None
