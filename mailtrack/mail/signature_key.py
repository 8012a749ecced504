"""Whether a DKIM signature is by the key that stands in the DNS; the home of dkimpy.

Loading it takes a fifth of a second, and most desks and most mails never need it: whoever
needs it imports it then (``desk.origin``).
"""

from __future__ import annotations

from typing import Final

import dkim
from dkim.crypto import RSASSA_PKCS1_v1_5_verify, UnparsableKeyError

from mailtrack.mail.limits import RSA_BITS_MAX, RSA_BITS_MIN
from mailtrack.mail.message import Signature
from mailtrack.mail.signed import tags_from

EXPONENT_BITS_MAX: Final = 64
# What dkimpy raises over keys and signatures that are none.
_BROKEN: Final = (
    dkim.DKIMException, ValueError, TypeError, LookupError, ArithmeticError, AssertionError,
    UnparsableKeyError,
)  # fmt: skip


def objection(signature: Signature, record: bytes) -> str:
    """Why the key in ``record`` does not prove the signature, in words; ``""`` if it does.

    Total: a record is text of whoever owns the domain.
    """
    tags = tags_from(record)
    if tags is None:
        return "its key cannot be read"
    if "y" in "".join(tags.get("t", "").split()).lower().split(":"):
        return "its key is only being tested (t=y)"
    if not tags.get("p"):
        return "its key was withdrawn"
    if "h" in tags and "sha256" not in "".join(tags["h"].split()).lower().split(":"):
        return "its key is for another algorithm"
    try:
        key, bits, kind, is_for_reports = dkim.evaluate_pk(b"key", record)
    except _BROKEN:
        return "its key cannot be used"
    if is_for_reports or not signature.algorithm.startswith(f"{kind.decode()}-"):
        return "its key is of another kind"
    if kind == b"rsa" and not RSA_BITS_MIN <= bits <= RSA_BITS_MAX:
        return f"its key has {bits} bits"
    if kind == b"rsa" and key["publicExponent"].bit_length() > EXPONENT_BITS_MAX:
        return "its key would take too long to check"
    try:
        is_right = _is_right(signature, key, kind)
    except _BROKEN:
        return "it cannot be checked"
    return "" if is_right else "it is not by its key"


def _is_right(signature: Signature, key: object, kind: bytes) -> bool:
    if kind == b"rsa":
        return bool(RSASSA_PKCS1_v1_5_verify(_Hashed(signature.digest), signature.value, key))
    verify = getattr(key, "verify", None)
    return verify is not None and bool(verify(signature.digest, signature.value))


class _Hashed:
    """A SHA-256 that was made before, as dkimpy wants to be given one."""

    name = "sha256"

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def digest(self) -> bytes:
        return self._digest
