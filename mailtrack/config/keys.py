"""The keys that sign reply tokens, and the id that tells this desk from any other.

They are made once, by ``ensure_secrets``, and lost keys cannot be made again: tokens in mail
that is out would open nothing. Loading a configuration only reads them.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from mailtrack.config.secret import secret_file
from mailtrack.errors import ConfigError, Mistake
from mailtrack.tickets.token import KeyRing

KEY_BYTES: Final = 32
KEYS_MAX: Final = 26  # one letter each
KEYS_FILE: Final = "token-keys"
INSTANCE_FILE: Final = "instance-id"
INSTANCE_CHARS: Final = 16
_FILE_BYTES_MAX: Final = 16_384
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_MEND: Final = "Write lines like a:<base64 of 32 bytes>; the first signs, all are recognised"


def ensure_secrets(state: Path, *, environ: Mapping[str, str]) -> KeyRing:
    """The keys of this desk, made now if it has none. Writes files that only we may read.

    Raises ``ConfigError`` if a key file cannot be used, ``OSError`` if none can be written.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make(state / INSTANCE_FILE, secrets.token_hex(INSTANCE_CHARS // 2))
    if secret_file(KEYS_FILE, environ) is None:
        _make(
            state / KEYS_FILE, f"a:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
        )
    ring = key_ring(state, environ=environ)
    assert ring is not None, "the files were made above"
    return ring


def key_ring(state: Path, *, environ: Mapping[str, str]) -> KeyRing | None:
    """The keys of this desk, None if none were made yet. Raises ``ConfigError``."""
    keys_file = secret_file(KEYS_FILE, environ) or state / KEYS_FILE
    try:
        instance = (state / INSTANCE_FILE).read_text("ascii")[:_FILE_BYTES_MAX].strip()
        text = keys_file.read_bytes()[:_FILE_BYTES_MAX].decode("ascii", "replace")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        found = f"the keys of this desk cannot be read: {error}"
        raise ConfigError(
            (Mistake(str(keys_file), 1, 1, "", found, "Mend the files"),)
        ) from error
    return KeyRing(instance, _keys_from(text, keys_file))


def _keys_from(text: str, file: Path) -> tuple[tuple[str, bytes], ...]:
    keys: dict[str, bytes] = {}
    mistakes: list[Mistake] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        letter, _, encoded = line.strip().partition(":")
        key = _decoded(encoded)
        if letter not in _LETTERS or len(letter) != 1 or key is None or letter in keys:
            # The line itself is a secret, even a broken one: it is not shown.
            mistakes.append(Mistake(str(file), number, 1, "", "this line is no key", _MEND))
        else:
            keys[letter] = key
    if not keys and not mistakes:
        mistakes.append(Mistake(str(file), 1, 1, "", "there is no key", _MEND))
    if mistakes:
        raise ConfigError(tuple(mistakes))
    return tuple(keys.items())


def _decoded(encoded: str) -> bytes | None:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _make(path: Path, line: str) -> None:
    """Write a file that only we may read, whole or not at all, unless it is there already."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, and not a rename: of two daemons that start at once the first one's key stays.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
