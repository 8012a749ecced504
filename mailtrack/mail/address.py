"""Mail addresses: the one place where an address is taken apart.

Identity is decided here, so the rules are strict and the scanners linear: an address that
another program could read in two ways is no address. Display names are never identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ADDRESS_CHARS_MAX: Final = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
LOCAL_CHARS_MAX: Final = 64  # RFC 5321 section 4.5.3.1.1
LABEL_CHARS_MAX: Final = 63  # RFC 1035 section 2.3.4

# RFC 5322 section 3.2.3 atext, as a set: a quoted local part is refused on purpose.
_ATEXT: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
)
_LDH: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_UPPER_TO_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def ascii_lower(text: str) -> str:
    """Lower the ASCII capitals only: ``str.lower`` maps the Kelvin sign to ``k``."""
    return text.translate(_UPPER_TO_LOWER)


@dataclass(frozen=True, slots=True)
class Address:
    """An ``addr-spec``. ``domain`` is lower case; ``local`` keeps the capitals it came with."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """The address as it is compared: ASCII capitals lowered, nothing else folded."""
        return f"{ascii_lower(self.local)}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether the address can travel without SMTPUTF8 (RFC 6531)."""
        return self.local.isascii() and self.domain.isascii()

    def tag(self, delimiter: str = "+") -> tuple[str, str]:
        """The local part before and after the first delimiter; the second is ``""`` if none."""
        head, _, tail = self.local.partition(delimiter)
        return head, tail


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with the display name that came with it (``""`` if none)."""

    name: str
    address: Address

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else str(self.address)


def address_from(text: str) -> Address | None:
    """The address that ``text`` spells, or None if it is not exactly one clean ``addr-spec``.

    Dot-atom local part and a domain of LDH or Unicode labels; Unicode domains become A-labels.
    Quoted local parts, comments, address literals and blanks are refused: what two programs
    read differently must not name a person.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or len(text) > ADDRESS_CHARS_MAX or not _is_local(local):
        return None
    ascii_domain = domain_from(domain)
    return Address(local, ascii_domain) if ascii_domain else None


def domain_from(text: str) -> str | None:
    """The domain in lower case A-label form, or None if it is not a host name."""
    name = ascii_lower(text)
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except (UnicodeError, ValueError):
            return None
    labels = name.split(".")
    return name if all(_is_label(label) for label in labels) else None


def _is_local(local: str) -> bool:
    if not local or len(local) > LOCAL_CHARS_MAX:
        return False
    return all(atom and all(_is_atext(char) for char in atom) for atom in local.split("."))


def _is_atext(char: str) -> bool:
    # RFC 6531 allows any non-ASCII character; spaces and controls outside ASCII stay forbidden.
    return char in _ATEXT or (ord(char) > 0xA0 and char.isprintable() and not char.isspace())


def _is_label(label: str) -> bool:
    if not 0 < len(label) <= LABEL_CHARS_MAX or label[0] == "-" or label[-1] == "-":
        return False
    return all(char in _LDH for char in label)
