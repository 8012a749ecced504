"""A relay that does wrong whatever it is told to, at any step, and remembers what it took."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

DROP = "drop"
HANG = "hang"
SILENT_AFTER_TAKING = "take, then drop"
TAKE_AND_HANG = "take, then hang"
READ_SOME = "read some of it, then hang"
SOME_BYTES = 1000

GOOD = {
    "GREETING": "220 relay.example",
    "EHLO": "250-relay.example\r\n250 SIZE 1000000",
    "HELO": "250 relay.example",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "CONTENT": "250 2.0.0 queued as ABC",
    "RSET": "250 ok",
    "STARTTLS": "220 go on",
    "AUTH": "235 welcome",
    "QUIT": "221 bye",
    "NOOP": "250 ok",
}


@dataclass
class FaultyRelay:
    """``faults`` replaces the answer to a verb, for good, or for the next times if a list.

    ``recipients`` does so for RCPT lines that hold a text.
    """

    faults: Mapping[str, str | list[str]] = field(default_factory=dict)
    recipients: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    tls_implicit: bool = False
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    begun: int = 0
    port: int = 0

    async def __aenter__(self) -> "FaultyRelay":
        self._server = await asyncio.start_server(
            self._converse,
            "127.0.0.1",
            self.port,
            ssl=self.tls if self.tls_implicit else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._writers: set[asyncio.StreamWriter] = set()
        self._release = asyncio.Event()
        self._last_word = ""
        self._open = 0
        self._all_closed = asyncio.Event()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._release.set()
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        if self._open:
            self._all_closed.clear()
            await asyncio.wait_for(self._all_closed.wait(), 10)

    def go_on(self, last_word: str) -> None:
        """Whoever hangs with a letter taken says this."""
        self._last_word = last_word
        self._release.set()

    def drop_all(self) -> None:
        """Hang up on everybody."""
        for writer in self._writers:
            writer.close()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        self._open += 1
        self._writers.add(writer)
        try:
            if await self._answer("GREETING", writer):
                await self._loop(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            self._open -= 1
            if not self._open:
                self._all_closed.set()

    async def _loop(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = recipient = ""
        while line := (await reader.readline()).decode("utf-8", "surrogateescape"):
            verb, _, rest = line.strip().partition(" ")
            self.commands.append(line.strip())
            sender = rest if verb == "MAIL" else sender
            recipient = rest if verb == "RCPT" else recipient
            answer = self._answer_to(verb)
            if verb == "RCPT":
                found = (fault for text, fault in self.recipients.items() if text in rest)
                answer = next(found, answer)
            if not await self._give(answer, writer):
                return
            if verb == "STARTTLS" and answer.startswith("220"):
                assert self.tls is not None
                await writer.start_tls(self.tls)
            if verb == "QUIT":
                return
            if verb == "DATA" and answer.startswith("354"):
                answer = self._answer_to("CONTENT")
                if answer == READ_SOME:
                    await reader.readexactly(SOME_BYTES)
                    self.begun += 1
                    await self._give(HANG, writer)
                content = await _content(reader)
                if answer.startswith(("250", SILENT_AFTER_TAKING, TAKE_AND_HANG)):
                    self.taken.append((sender, recipient, content[:-3]))
                if not await self._give(answer, writer):
                    return

    async def _answer(self, verb: str, writer: asyncio.StreamWriter) -> bool:
        return await self._give(self._answer_to(verb), writer)

    def _answer_to(self, verb: str) -> str:
        fault = self.faults.get(verb)
        if isinstance(fault, list):
            return fault.pop(0) if fault else GOOD[verb]
        return fault or GOOD.get(verb, "500 what?")

    async def _give(self, answer: str, writer: asyncio.StreamWriter) -> bool:
        """Whether the conversation goes on."""
        if answer in (HANG, TAKE_AND_HANG):
            await self._release.wait()
            if answer == HANG or not self._last_word:
                return False
            answer = self._last_word
        if answer in (DROP, SILENT_AFTER_TAKING):
            return False
        writer.write(answer.encode("utf-8", "surrogateescape") + b"\r\n")
        await writer.drain()
        return not answer.startswith("421")


async def _content(reader: asyncio.StreamReader) -> bytes:
    """All up to the final dot, however long it is."""
    lines = [await _line(reader)]
    while lines[-1] != b".\r\n":
        lines.append(await _line(reader))
    return b"".join(lines)


async def _line(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise asyncio.IncompleteReadError(line, None)
    return line
