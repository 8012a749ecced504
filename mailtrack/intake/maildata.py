"""Reading one mail off the wire: what stands between the 354 and the lone dot.

Read in big pieces, not in lines: twice the rate of aiosmtpd's own reader. A large mail is
handed on as it comes, so that many at one time do not fill the memory. Only CRLF dot CRLF ends
a mail; a bare LF or CR is content, so that nobody smuggles a second mail in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from mailtrack.intake.reception import NO_ROOM, TOO_BIG, Answer

END: Final = b".\r\n"
PASS_ON_BYTES: Final = 256 * 1024  # of a mail; a larger one goes to disk piece by piece


class Budget:
    """The memory that all mails on their way in may take together."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self.used = 0

    def take(self, size_bytes: int) -> bool:
        """Reserve so much; False if it is not to be had."""
        if self.used + size_bytes > self._bytes_max:
            return False
        self.used += size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """Release what was taken."""
        self.used -= size_bytes


class Share:
    """What one mail has taken of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0

    def take(self, size_bytes: int) -> bool:
        """Reserve more; False if it is not to be had."""
        if not self._budget.take(size_bytes):
            return False
        self._held += size_bytes
        return True

    def give_back(self) -> None:
        """Release all of it; doing it again changes nothing."""
        self._budget.give_back(self._held)
        self._held = 0


async def read_mail(
    reader: asyncio.StreamReader,
    *,
    keep: Callable[[bytes], Awaitable[Answer | None]],
    held: Share,
    size_bytes_max: int,
    step_bytes: int,
    on_step: Callable[[], None],
    pass_on_bytes: int = PASS_ON_BYTES,
) -> Answer | None:
    """Hand the mail to ``keep``, its dots unstuffed; the answer is why it is refused, or None.

    ``keep`` gets it in one piece, or in several if it is large, and may refuse it. What is
    refused is read to its end, so that the client hears why, but not kept. ``on_step`` is
    called at the beginning and after each ``step_bytes``: the client is getting on.
    """
    content = bytearray()
    refusal: Answer | None = None
    until_step = size_bytes = 0
    is_beginning = True
    while not (content.endswith(b"\r\n.\r\n") or content == END):
        if until_step <= 0:
            on_step()
            until_step = step_bytes
        piece = await _next_piece(reader)
        content += piece
        size_bytes += len(piece)
        until_step -= len(piece)
        if refusal is None:
            refusal = _fault(size_bytes - len(END), size_bytes_max, held, len(piece))
        if refusal is None and len(content) >= pass_on_bytes:
            passed = _cut(content)
            refusal = await keep(_unstuffed(passed, is_beginning=is_beginning))
            is_beginning = False
            held.give_back()
        if refusal:
            held.give_back()
            del content[: -len(b"\r\n.\r\n")]
    if refusal:
        return refusal
    del content[-len(END) :]
    return await keep(_unstuffed(content, is_beginning=is_beginning))


def _cut(content: bytearray) -> bytearray:
    """Take from ``content`` what can neither be its end nor part of a stuffed dot."""
    end = len(content) - len(b"\r\n.\r\n")
    line_end = content.rfind(b"\r\n", 0, end)
    if line_end > 0:
        end = line_end
    elif content[end - 1 : end] == b"\r":
        end -= 1
    taken = content[:end]
    del content[:end]
    return taken


async def _next_piece(reader: asyncio.StreamReader) -> bytes:
    """Up to the next line that could be the last, or as much as the reader holds."""
    try:
        return await reader.readuntil(END)
    except asyncio.LimitOverrunError as overrun:
        return await reader.read(overrun.consumed)


def _fault(size_bytes: int, size_bytes_max: int, held: Share, added: int) -> Answer | None:
    if size_bytes > size_bytes_max:
        return TOO_BIG
    return None if held.take(added) else NO_ROOM


def _unstuffed(content: bytearray, *, is_beginning: bool) -> bytes:
    """RFC 5321 section 4.5.2: a dot that begins a line was added by the client."""
    if is_beginning and content.startswith(b"."):
        del content[0]
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", b"\r\n")
    return bytes(content)
