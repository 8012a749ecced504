"""The keys that sign reply tokens, and the id that tells this desk from any other.

They are made once, by ``ensure_secrets``, and lost keys cannot be made again: tokens in mail
that is out would open nothing. Loading a configuration only reads them.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
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
# A group may read: systemd and packages hand secrets over so. Nobody else may do anything.
_TOO_OPEN: Final = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO
_FILE_BYTES_MAX: Final = 16_384
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_MEND: Final = "Write lines like a:<base64 of 32 bytes>; the first signs, all are recognised"

_AS_WHOM: Final = "They belong to the user that runs the desk: sudo -u mailtrack mailtrack ..."


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
    keys_file = keys_file_of(state, environ=environ)
    try:
        instance = (state / INSTANCE_FILE).read_text("ascii")[:_FILE_BYTES_MAX].strip()
        text = keys_file.read_bytes()[:_FILE_BYTES_MAX].decode("ascii", "replace")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        found = f"the keys of this desk cannot be read: {error}"
        mend = _AS_WHOM if isinstance(error, PermissionError) else "Mend the files"
        raise _mistake(keys_file, found, mend) from error
    _check_readers(keys_file)
    return KeyRing(instance, _keys_from(text, keys_file))


def keys_file_of(state: Path, *, environ: Mapping[str, str]) -> Path:
    """The file with the keys: handed over by systemd or the environment, else our own."""
    return secret_file(KEYS_FILE, environ) or state / KEYS_FILE


def add_key(file: Path) -> str:
    """A new key on top, so that it signs; its letter. The others go on being recognised.

    The file is replaced whole or not at all. Raises ``ConfigError`` if it cannot be used.
    """
    keys = read_keys(file)
    letter = next((one for one in _LETTERS if one not in dict(keys)), None)
    if letter is None:
        raise _mistake(file, f"there are {KEYS_MAX} keys already", "Retire some first")
    _replace(file, ((letter, secrets.token_bytes(KEY_BYTES)), *keys))
    return letter


def retire_key(file: Path, letter: str) -> None:
    """That key is recognised no longer: what it signed finds its ticket by Message-ID.

    Raises ``ConfigError`` if there is no such key, or no other one.
    """
    keys = read_keys(file)
    left = tuple(one for one in keys if one[0] != letter)
    if len(left) == len(keys):
        raise _mistake(file, f"there is no key '{letter}'", "See 'mailtrack keys'")
    if not left:
        raise _mistake(file, "it is the only key", "Add a new one first: 'mailtrack keys add'")
    _replace(file, left)


def read_keys(file: Path) -> tuple[tuple[str, bytes], ...]:
    """The keys of a file by their letters, the one that signs first. Raises ``ConfigError``."""
    _check_readers(file)
    return _keys_from(file.read_bytes()[:_FILE_BYTES_MAX].decode("ascii", "replace"), file)


def _check_readers(file: Path) -> None:
    """Whoever can read the keys can write in every ticket; whoever can write them, too."""
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & _TOO_OPEN:
        found = f"others on this machine can read or change the keys (mode {mode:04o})"
        raise _mistake(file, found, f"chmod 0600 {file}, and make new keys if it stood open")


def _mistake(file: Path, found: str, mend: str) -> ConfigError:
    return ConfigError((Mistake(str(file), 1, 1, "", found, mend),))


def _replace(file: Path, keys: tuple[tuple[str, bytes], ...]) -> None:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    lines = "\n".join(f"{letter}:{base64.b64encode(key).decode()}" for letter, key in keys)
    try:
        _write(draft, lines)
        status = file.stat()
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(draft, status.st_uid, status.st_gid)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


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
    try:
        _write(draft, line)
        # A link, and not a rename: of two daemons that start at once the first one's key stays.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
