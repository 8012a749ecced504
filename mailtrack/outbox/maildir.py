"""The letter drop: where no relay is configured, each letter goes to a Maildir of its reader.

``<root>/<address>/{tmp,new,cur}``, so that a newcomer can read with any mail client what would
have been sent. The file is named after the letter: a second try after a crash finds the first
and does not double it, even if a mail client has moved it meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

from mailtrack.mail.address import Address
from mailtrack.outbox.delivery import BeforeContent, Deferred, Delivered, Delivery, no_wait

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
FOLDER_CHARS_MAX: Final = 150

_PLAIN: Final = "@+=_~-"  # besides letters, digits and the dot: harmless in a file name
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}\Z")


class MaildirCourier:
    """Carries letters into the folders under ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def deliver(
        self,
        raw: bytes,
        *,
        letter_id: str,
        mail_from: Address | None,
        recipient: Address,
        needs_smtputf8: bool,
        before_content: BeforeContent = no_wait,
    ) -> Delivery:
        """Put a letter into its reader's Maildir, synced."""
        folder = self._root / folder_name(recipient)
        try:
            await asyncio.to_thread(_put, folder, _file_name(letter_id), raw)
        except OSError as error:
            return Deferred(None, f"{error.strerror}: {folder}", is_relay=True)
        return Delivered(str(folder))

    async def close(self) -> None:
        """Nothing is kept open."""


def folder_name(address: Address) -> str:
    """A folder name for any address: one level, never hidden, no two addresses the same."""
    name = quote(address.key, safe=_PLAIN)
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) > FOLDER_CHARS_MAX:
        digest = hashlib.sha256(address.key.encode("utf-8")).hexdigest()[:16]
        name = f"{name[: FOLDER_CHARS_MAX - 17]}~{digest}"
    return name


def _file_name(letter_id: str) -> str:
    if _SAFE_NAME.match(letter_id):
        return f"{letter_id}.mailtrack"
    return f"{hashlib.sha256(letter_id.encode('utf-8')).hexdigest()}.mailtrack"


def _put(folder: Path, name: str, raw: bytes) -> None:
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    # A client that has seen the letter has moved it to cur/ and added its flags to the name.
    if any((folder / "cur").glob(f"{name}*")) or (folder / "new" / name).exists():
        return
    draft = folder / "tmp" / name
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        # A Maildir holds lines as Unix has them; clients show a stray CR.
        file.write(raw.replace(b"\r\n", b"\n"))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / "new" / name)
    _sync_folder(folder / "new")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
