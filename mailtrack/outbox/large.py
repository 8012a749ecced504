"""Large letters: few of them are in memory at a time, and no small one waits for them.

A letter is there several times over while it is made, and once while it is handed over.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from mailtrack.mail.message import OutgoingMail

LARGE_BYTES_MIN: Final = 256 * 1024
LARGE_IN_MEMORY_MAX: Final = 2  # one of them being made


class LargeLetters:
    """The places for them. A small letter needs none."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LARGE_IN_MEMORY_MAX)
        self._making = asyncio.Lock()

    def place(self, mail: OutgoingMail) -> AbstractAsyncContextManager[None]:
        """To be held from before it is made until it is handed over."""
        return self._places if is_large(mail) else nullcontext()

    def making(self, mail: OutgoingMail) -> AbstractAsyncContextManager[None]:
        """To be held while it is made."""
        return self._making if is_large(mail) else nullcontext()


def is_large(mail: OutgoingMail) -> bool:
    """Whether its files make it large."""
    files = sum(len(one.content) for one in mail.files)
    return files + sum(one.size_bytes for one in mail.attachments) >= LARGE_BYTES_MIN
