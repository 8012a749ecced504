"""DKIM signatures on what leaves, for a desk whose relay does not sign.

Relaxed over head and body, never a length (``l=`` lets anybody append), and every header that
a reader trusts is signed once more than it is there, so that nobody adds a second Subject to a
signed mail. RSA only: dkimpy signs Ed25519 with a library that we do not ship.
"""

from __future__ import annotations

import base64
import importlib
import re
from dataclasses import dataclass, field
from typing import Any, Final

RSA_BITS_MIN: Final = 2048
RSA_BITS_MAX: Final = 4096  # a larger one does not fit a DNS answer that all can get
TXT_CHARS_MAX: Final = 255  # of one string of a TXT record (RFC 1035 section 3.3)

# Security section 6.6: signed once more than they are there.
OVERSIGNED: Final = (
    "From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "Reply-To", "Content-Type",
)  # fmt: skip
_SIGNED: Final = ("MIME-Version", "Content-Transfer-Encoding", "Auto-Submitted")
_NAME: Final = re.compile(rb"^([A-Za-z-]+):", re.MULTILINE)


class BadKey(ValueError):
    """This is no key to sign with; the text says why, without a word of the key."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs in the name of ``domain``; ``key`` is an RSA key in PEM that ``key_bits`` took."""

    domain: str
    selector: str
    key: str = field(repr=False)

    def covers(self, domain: str) -> bool:
        """Whether a signature of ours counts for a From of that domain (RFC 7489, relaxed)."""
        return domain == self.domain or domain.endswith(f".{self.domain}")

    def signed(self, raw: bytes) -> bytes:
        """The mail with its signature on top."""
        there = [name.decode("ascii").lower() for name in _NAME.findall(_head_of(raw))]
        names = [*(one.lower() for one in OVERSIGNED), *(one.lower() for one in _SIGNED)]
        once = [name for name in names if name in there]
        again = [name.lower() for name in OVERSIGNED]
        signature: bytes = _dkim().sign(
            raw,
            self.selector.encode("ascii"),
            self.domain.encode("ascii"),
            self.key.encode("ascii"),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode("ascii") for name in (*once, *again)],
        )
        return signature + raw


def key_bits(pem: str) -> int:
    """How long the RSA key is. Raises ``BadKey`` for what is none, or is too weak to count."""
    if not pem.isascii() or "PRIVATE KEY-----" not in pem:
        raise BadKey("this is no private key in PEM")
    bits = _modulus_of(pem).bit_length()
    if not RSA_BITS_MIN <= bits <= RSA_BITS_MAX:
        raise BadKey(f"an RSA key of {bits} bits; {RSA_BITS_MIN} is right")
    return bits


def record_of(pem: str) -> str:
    """The text of the DNS record that lets others verify what this key signs."""
    return f"v=DKIM1; k=rsa; p={base64.b64encode(_public_key(pem)).decode('ascii')}"


def record_strings(record: str) -> tuple[str, ...]:
    """A record in pieces, as a zone file wants them."""
    return tuple(record[at : at + TXT_CHARS_MAX] for at in range(0, len(record), TXT_CHARS_MAX))


def _head_of(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0]


def _parsed(pem: str) -> dict[str, int]:
    crypto = _dkim().crypto
    try:
        key: dict[str, int] = crypto.parse_pem_private_key(pem.encode("ascii") + b"\n")
    except (crypto.UnparsableKeyError, ValueError, IndexError) as error:
        raise BadKey("this is no RSA key") from error
    return key


def _dkim() -> Any:
    """The library, which takes a tenth of a second to import: most relays sign themselves."""
    return importlib.import_module("dkim")


def _modulus_of(pem: str) -> int:
    return _parsed(pem)["modulus"]


def _public_key(pem: str) -> bytes:
    """SubjectPublicKeyInfo in DER (RFC 5280), which DKIM wants in base64 (RFC 6376)."""
    key = _parsed(pem)
    pair = _der(0x30, _der_integer(key["modulus"]) + _der_integer(key["publicExponent"]))
    rsa = bytes.fromhex("300d06092a864886f70d0101010500")  # rsaEncryption, NULL
    return _der(0x30, rsa + _der(0x03, b"\0" + pair))


def _der_integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
