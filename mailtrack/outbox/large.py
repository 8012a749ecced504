"""Large letters: one is in memory at a time, and small ones pass it.

It is there several times over, while it is made and while it is handed over. All go through one
relay, so that several at once would not be there sooner.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from mailtrack.mail.message import OutgoingMail

LARGE_BYTES_MIN: Final = 256 * 1024


class LargeLetters:
    """The place for one of them."""

    def __init__(self) -> None:
        self._place = asyncio.Lock()

    def place(self, mail: OutgoingMail) -> AbstractAsyncContextManager[None]:
        """To be held from before a letter is made until it is handed over; free for a small."""
        return self._place if is_large(mail) else nullcontext()


def is_large(mail: OutgoingMail) -> bool:
    """Whether its files make it large."""
    files = sum(len(one.content) for one in mail.files)
    return files + sum(one.size_bytes for one in mail.attachments) >= LARGE_BYTES_MIN
