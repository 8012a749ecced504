"""aioimaplib's protocol, made reliable: the one home of the library.

The library parses by recursion, which a thousand lines at once break, and a lost connection
wakes nobody who waits. Here a loop cuts the stream into whole responses (lines and literals),
one command is under way at a time and all that comes is its, and whatever ends the connection
ends the command and rings the bell of IDLE. Anything unexpected gives the connection up: a
new one is cheap, a misunderstanding is not.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import Any, Final, TypeAlias

from aioimaplib import aioimaplib

from mailtrack.intake.imap.trouble import ConnectionEnded, ImapTrouble, Refused, words_from

LINE_BYTES_MAX: Final = 16 * 1024 * 1024  # a SEARCH of two million mails is one line
LITERAL_BYTES_MAX: Final = 8 * 1024 * 1024  # twice what is asked for in one piece
RESPONSE_BYTES_MAX: Final = 32 * 1024 * 1024  # all that one command may be answered with
PIECES_MAX: Final = 64
SLIPPED_IN: Final = "something was slipped in before the encryption"

Response: TypeAlias = tuple[bytes, ...]
"""One untagged response without its ``* ``: a line, then literal and line in turn."""

_LITERAL: Final = re.compile(rb"\{(\d{1,10})\+?\}\Z")
_TAGGED: Final = re.compile(rb"[A-Za-z0-9]{1,40} (?:OK|NO|BAD)(?: |\Z)")
_EXISTS: Final = re.compile(rb"\d{1,10} EXISTS\b", re.IGNORECASE)
_BELL: Final = "bell"


class Wire(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # the library has no types
    """One connection. ``has_news`` is set when the folder has grown since it was cleared."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.greeting: asyncio.Future[bytes] = loop.create_future()
        self.has_news = False
        self.challenges: deque[str] = deque()
        self.challenge_text = b""
        self._buffer = bytearray()
        self._scanned = 0
        self._wanted: int | None = None  # the size of the literal that is being read
        self._pieces: list[bytes] = []
        self._answered_bytes = 0
        self._is_closing = False
        self._awaits_tls = False
        self._end: ImapTrouble | None = None

    # What the library calls.

    def data_received(self, d: bytes) -> None:
        """Cut what came into responses; the state of the cutting outlives the call."""
        if self._end is not None:
            return
        self._buffer += d
        self._answered_bytes += len(d)
        try:
            if self._answered_bytes > RESPONSE_BYTES_MAX:
                raise ConnectionEnded("the server answers without end")
            while (response := self._next_response()) is not None:
                self._take(response)
            if self._awaits_tls and self._buffer:
                raise ConnectionEnded(SLIPPED_IN)
        except ImapTrouble as trouble:
            self.give_up(trouble)
        except (aioimaplib.AioImapException, UnicodeError, ValueError):
            self.give_up(ConnectionEnded("the server says what no IMAP server says"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits hears of it now, not when his time is over."""
        reason = f": {exc.strerror or exc}" if isinstance(exc, OSError) else ""
        self._finish(ConnectionEnded(f"the connection broke off{reason}"))

    def send(self, line: str, scrub: str | None = None) -> None:
        """One line, written without the library's debug log, which would hold passwords."""
        if self._end is not None:
            raise self._end
        self._answered_bytes = len(self._buffer)
        self.transport.write(line.encode("utf-8") + b"\r\n")

    # What the client calls.

    def begin_tls(self) -> None:
        """The handshake comes next. Raises ConnectionEnded if something else came before."""
        if self._end is not None:
            raise self._end
        self._awaits_tls = False

    def command(self, name: str, *arguments: str) -> aioimaplib.Command:
        """A command that ``execute`` takes."""
        return aioimaplib.Command(name, self.new_tag(), *arguments, loop=self.loop)

    async def idle_until_news(self, seconds: float) -> bool:
        """IDLE until the folder grows, the time is over or the connection ends.

        False if the server will not have it.
        """
        while not self.idle_queue.empty():
            self.idle_queue.get_nowait()
        idle = aioimaplib.IdleCommand(self.new_tag(), self.idle_queue, loop=self.loop)
        self._idle_event.clear()
        under_way = asyncio.ensure_future(self.execute(idle))
        agreed = asyncio.ensure_future(self._idle_event.wait())
        bell = asyncio.ensure_future(self.idle_queue.get())
        try:
            await _first_of(under_way, agreed)
            await _first_of(under_way, bell, seconds=seconds)
            if not under_way.done():
                self.send("DONE")
            response = await under_way
            return bool(response.result == "OK")
        finally:
            for task in (under_way, agreed, bell):
                task.cancel()

    def give_up(self, trouble: ImapTrouble) -> None:
        """End the connection; all who wait hear why."""
        self._finish(trouble)
        if self.transport is not None:
            self.transport.abort()

    def say_goodbye(self) -> None:
        """Close without caring for the answer."""
        self._is_closing = True
        if self._end is None and self.transport is not None:
            self.transport.write(b"BYE0 LOGOUT\r\n")
            self.transport.close()
        self._finish(ConnectionEnded("closed by us"))

    # Cutting.

    def _next_response(self) -> Response | None:
        """The next whole response, None until all of it is here."""
        while True:
            if self._wanted is not None:
                if len(self._buffer) < self._wanted:
                    return None
                self._pieces.append(bytes(self._buffer[: self._wanted]))
                self._drop(self._wanted)
                self._wanted = None
            end = self._buffer.find(b"\r\n", self._scanned)
            if end < 0:
                if len(self._buffer) > LINE_BYTES_MAX:
                    raise ConnectionEnded("the server sends a line without end")
                self._scanned = max(len(self._buffer) - 1, 0)
                return None
            line = bytes(self._buffer[:end])
            self._drop(end + 2)
            self._pieces.append(line)
            literal = _LITERAL.search(line[-16:])
            if literal is None:
                response, self._pieces = tuple(self._pieces), []
                return response
            self._wanted = int(literal[1])
            if self._wanted > LITERAL_BYTES_MAX or len(self._pieces) > PIECES_MAX:
                raise ConnectionEnded("the server sends more than was asked for")

    def _drop(self, size_bytes: int) -> None:
        # Cutting off the front of a bytearray moves nothing.
        del self._buffer[:size_bytes]
        self._scanned = 0

    # Understanding.

    def _take(self, response: Response) -> None:
        line = response[0]
        if self._awaits_tls:
            # Not said by the server that we will know after the handshake.
            raise ConnectionEnded(SLIPPED_IN)
        if not self.greeting.done():
            self._greet(line)
        elif line.startswith(b"* "):
            self._take_untagged((line[2:], *response[1:]))
        elif line.startswith(b"+"):
            self._take_challenge(line[1:].strip())
        elif _TAGGED.match(line):
            command = self._under_way()
            self._response_done(line)
            self._awaits_tls = command is not None and command.name == "STARTTLS"
        elif line:
            raise ConnectionEnded(f"the server says what we do not know: {words_from(line)}")

    def _greet(self, line: bytes) -> None:
        if line[:4].upper() == b"* OK":
            self.state = aioimaplib.NONAUTH
            self.greeting.set_result(line)
        elif line[:9].upper() == b"* PREAUTH":
            # On a connection that is still open to others this is how STARTTLS is talked away.
            raise Refused("the server takes us for logged in already (PREAUTH)")
        else:
            raise Refused(f"the server turns us away: {words_from(line[2:])}")

    def _take_untagged(self, response: Response) -> None:
        line = response[0]
        if line[:3].upper() == b"BYE" and not self._is_closing:
            raise ConnectionEnded(f"the server says goodbye: {words_from(line[3:])}")
        has_grown = bool(_EXISTS.match(line))
        self.has_news |= has_grown
        command = self._under_way()
        if command is not None and command.name == "IDLE":
            if has_grown:
                self.idle_queue.put_nowait(_BELL)
        elif command is not None:
            command.append_to_resp(response)

    def _take_challenge(self, text: bytes) -> None:
        command = self._under_way()
        if command is None:
            return
        if command.name == "IDLE":
            self._idle_event.set()
            return
        if command.name != "AUTHENTICATE":
            raise ConnectionEnded("the server asks for more where there is no more")
        if self.challenges:
            self.transport.write(self.challenges.popleft().encode("ascii") + b"\r\n")
            return
        # A refused token is explained here, and nothing else comes before an empty line does.
        self.challenge_text = text
        self.transport.write(b"\r\n")

    def _under_way(self) -> aioimaplib.Command | None:
        if self.pending_sync_command is not None:
            return self.pending_sync_command
        return next(iter(self.pending_async_commands.values()), None)

    def _finish(self, trouble: ImapTrouble) -> None:
        if self._end is None:
            self._end = trouble
        if not self.greeting.done():
            self.greeting.set_exception(self._end)
            self.greeting.exception()  # it may be that nobody waits for it
        for command in (self.pending_sync_command, *self.pending_async_commands.values()):
            if command is not None and not command._event.is_set():
                command._exception = self._end
                command._event.set()
        self.idle_queue.put_nowait(_BELL)
        self._buffer.clear()


async def _first_of(*tasks: asyncio.Future[Any], seconds: float | None = None) -> None:
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
