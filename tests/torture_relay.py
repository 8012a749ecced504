"""A relay that fails in every way about every tenth time, and writes down all that it took.

Everything is counted here and nowhere else: what the desk says of its letters is not asked.
The book is a file, written before the answer, so that it outlives the test that reads it.
"""

import asyncio
import contextlib
import random
import threading
from collections import Counter
from email import message_from_bytes
from pathlib import Path

SHARE = 0.025  # of each step; there are four or five for a letter
HANG_SECONDS = 2.0
LETTER_BYTES_MAX = 64 * 1024 * 1024
STEPS = {"EHLO": "250 relay", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on"}
ANYWHERE = ("451 4.3.0 not now", "421 4.3.2 going down", "drop", "hang", "what is it? \xff")
REFUSED = "550 5.1.1 no such person"
UNKNOWN_END = "take, then drop"


class TortureRelay(threading.Thread):
    """Runs in a thread of its own until `end`. `is_good`: it makes no faults any longer.

    A line of its book is TOOK or UNKNOWN (taken, and the answer never came) or REFUSED (for
    good), the recipient, and the Message-ID if it got as far as that.
    """

    def __init__(self, seed: int, book: Path) -> None:
        super().__init__(daemon=True)
        self.chance = random.Random(seed)
        self.is_good = False
        self.taken = 0
        self.faults: Counter[str] = Counter()
        self._book = book.open("a", buffering=1)
        self.port = 0
        self._ready = threading.Event()

    def begin(self) -> None:
        self.start()
        assert self._ready.wait(30)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self.join()
        self._book.close()

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._converse, "127.0.0.1", 0, limit=LETTER_BYTES_MAX
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await self._over.wait()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await self._say("220 relay.example", writer, ("drop", "421 4.3.2 no", "hang")):
                await self._listen(reader, writer)
        writer.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        while line := await reader.readline():
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            verb = verb.upper()
            if verb == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            if verb not in STEPS:
                writer.write(b"250 ok\r\n")
                continue
            faults = (*ANYWHERE, REFUSED) if verb == "RCPT" else ANYWHERE
            is_on = await self._say(STEPS[verb], writer, faults)
            if verb == "RCPT":
                recipient = rest.partition("<")[2].partition(">")[0]
            if is_on == REFUSED:
                self._note("REFUSED", recipient)
            if not is_on:
                return
            if verb == "DATA" and is_on == STEPS[verb]:
                content = await reader.readuntil(b"\r\n.\r\n")
                if not await self._take(content, recipient, writer):
                    return

    async def _take(self, content: bytes, recipient: str, writer: asyncio.StreamWriter) -> str:
        message_id = str(message_from_bytes(content)["message-id"]).strip()
        fault = self._fault((*ANYWHERE, UNKNOWN_END, UNKNOWN_END, "554 5.7.1 we dislike it"))
        if fault is None or fault == UNKNOWN_END:
            self.taken += 1
            self._note("UNKNOWN" if fault else "TOOK", recipient, message_id)
        elif fault.startswith("5"):
            self._note("REFUSED", recipient, message_id)
        return await self._answer(fault or "250 2.0.0 taken", writer)

    def _note(self, *words: str) -> None:
        self._book.write(" ".join(words) + "\n")

    async def _say(self, good: str, writer: asyncio.StreamWriter, bad: tuple[str, ...]) -> str:
        return await self._answer(self._fault(bad) or good, writer)

    def _fault(self, among: tuple[str, ...]) -> str | None:
        if self.is_good or self.chance.random() > SHARE:
            return None
        fault = self.chance.choice(among)
        self.faults[fault] += 1
        return fault

    async def _answer(self, text: str, writer: asyncio.StreamWriter) -> str:
        """What was said; "" if the conversation is over."""
        if text == "hang":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), HANG_SECONDS)
        if text in ("drop", "hang", UNKNOWN_END):
            return ""
        writer.write(text.encode("latin-1") + b"\r\n")
        await writer.drain()
        return "" if text.startswith("421") else text
