"""Passwords of people who log in to submit mail: a file of hashes, and who may try how often.

Only hashes are kept, by scrypt, one ``login:hash`` a line. Checking one takes memory and a
tenth of a second on purpose, so it runs in a thread, two at a time; an unknown login costs the
same as a wrong password.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

FILE_BYTES_MAX: Final = 1024 * 1024
PASSWORD_BYTES_MAX: Final = 1024
CHECKS_AT_ONCE_MAX: Final = 2  # each takes 32 MB for as long as it runs
FAILURES_MAX: Final = 5
FAILURES_SECONDS: Final = 600.0
PEERS_MAX: Final = 10_000  # that are remembered; who comes in after is counted anew

_LN, _R, _P = 15, 8, 3
_SALT_BYTES, _HASH_BYTES = 16, 32
_MEMORY_BYTES: Final = 64 * 1024 * 1024
_LN_MAX, _P_MAX = 16, 8


def hashed(password: str) -> str:
    """What stands for a password in the file; another text each time."""
    salt = secrets.token_bytes(_SALT_BYTES)
    derived = _derived(password, salt, ln=_LN, r=_R, p=_P, size=_HASH_BYTES)
    return f"$scrypt$ln={_LN},r={_R},p={_P}${_text(salt)}${_text(derived)}"


def matches(password: str, known: str) -> bool:
    """Whether ``known`` is the hash of ``password``; False if it is no hash at all."""
    try:
        _, kind, parameters, salt, expected = known.split("$")
        numbers = dict(part.split("=") for part in parameters.split(","))
        ln, r, p = (int(numbers[name]) for name in ("ln", "r", "p"))
        wanted = _bytes(expected)
        if kind != "scrypt" or ln > _LN_MAX or p > _P_MAX or not wanted:
            return False
        derived = _derived(password, _bytes(salt), ln=ln, r=r, p=p, size=len(wanted))
    except (ValueError, KeyError, binascii.Error):
        return False
    return hmac.compare_digest(derived, wanted)


class Passwords:
    """The file of hashes; a change of it holds from the next login on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._known: dict[str, str] = {}
        self._nobody = hashed(secrets.token_hex(8))

    def check(self, login: str, password: str) -> bool:
        """Whether this is the login's password. OSError if the file cannot be read."""
        if len(password.encode("utf-8", "surrogatepass")) > PASSWORD_BYTES_MAX:
            return False
        self._read_if_changed()
        known = self._known.get(login)
        return matches(password, known or self._nobody) and known is not None

    def _read_if_changed(self) -> None:
        found = self._file.stat()
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp != self._stamp:
            with self._file.open("rb") as file:
                self._known = logins_from(file.read(FILE_BYTES_MAX))
            self._stamp = stamp


def logins_from(content: bytes) -> dict[str, str]:
    """The hash of each login; blank lines and those that begin with # are skipped."""
    found: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        login, colon, known = line.strip().partition(":")
        if colon and not login.startswith("#"):
            found[login.strip()] = known.strip()
    return found


class Lockout:
    """Counts failed logins of each address: five in ten minutes, and it has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}

    def begin(self, peer: str) -> bool:
        """Count a try as failed until it is known better; False if it may not be made."""
        failures = self._failures.get(peer)
        since = self._clock() - FAILURES_SECONDS
        while failures and failures[0] <= since:
            failures.popleft()
        if failures is None:
            if len(self._failures) >= PEERS_MAX:
                self._failures.pop(next(iter(self._failures)))
            failures = self._failures[peer] = deque(maxlen=FAILURES_MAX)
        if len(failures) >= FAILURES_MAX:
            return False
        failures.append(self._clock())
        return True

    def succeeded(self, peer: str) -> None:
        """The try that was begun last was no failure."""
        if failures := self._failures.get(peer):
            failures.pop()


def _derived(password: str, salt: bytes, *, ln: int, r: int, p: int, size: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        secret, salt=salt, n=1 << ln, r=r, p=p, maxmem=2 * _MEMORY_BYTES, dklen=size
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
