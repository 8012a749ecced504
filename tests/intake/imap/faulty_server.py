"""An IMAP server that does wrong whatever it is told to, at any command, and remembers."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

DROP = "drop"
HANG = "hang"
CUT = "cut the literal"
UIDVALIDITY = 7


@dataclass
class FaultyServer:
    """`faults` maps a command to what goes wrong with its next uses; then all is well.

    A fault is DROP, HANG, CUT, or text instead of the answer, `{tag}` in it replaced.
    """

    mails: dict[int, bytes]
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    preamble: str = ""
    greeting: str = "* OK ready\r\n"
    flags: dict[int, set[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    permanent: str = r"* OK [PERMANENTFLAGS (\Seen \*)] ok"
    uidvalidity: int = UIDVALIDITY
    abilities: str = "IDLE UIDPLUS MOVE SASL-IR"
    folders: dict[str, list[bytes]] = field(default_factory=dict)  # but the inbox

    async def __aenter__(self) -> "FaultyServer":
        self._tasks: set[asyncio.Task[None]] = set()
        self._idling: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def push(self, text: str) -> None:
        """Say something to all who are in IDLE."""
        for writer in self._idling:
            writer.write(text.encode())

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            writer.write(self.greeting.encode())
            while line := await reader.readline():
                await self._hear(line.decode().rstrip("\r\n"), reader, writer)
        except ConnectionError:
            pass
        finally:
            self._tasks.discard(task)
            self._idling.discard(writer)
            writer.close()

    async def _hear(
        self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        tag, _, rest = line.partition(" ")
        words = rest.split()
        verb = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
        if "BODY" in rest:
            verb = "BODY"
        self.asked.append(rest if verb != "LOGIN" else verb)
        trouble = self.faults.get(verb)
        fault = trouble.pop(0) if trouble else ""
        if fault == HANG:
            await asyncio.Event().wait()
        if fault == DROP:
            raise ConnectionAbortedError
        if fault and fault != CUT:
            writer.write(fault.replace("{tag}", tag).encode())
            return
        if verb in ("UID COPY", "UID MOVE") and words[3].strip('"') not in self.folders:
            writer.write(f"{tag} NO [TRYCREATE] there is no such folder\r\n".encode())
            return
        answer = self._answer(verb, rest)
        if fault == CUT:
            writer.write(answer[: answer.index(b"}\r\n") + 8])
            raise ConnectionAbortedError
        if verb == "IDLE":
            writer.write(b"+ idling\r\n")
            self._idling.add(writer)
            await reader.readline()
            self._idling.discard(writer)
        writer.write(self.preamble.encode() + answer + f"{tag} OK done\r\n".encode())

    def _answer(self, verb: str, rest: str) -> bytes:
        if verb == "CAPABILITY":
            return f"* CAPABILITY IMAP4rev1 {self.abilities}\r\n".encode()
        if verb == "SELECT":
            told = f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.uidvalidity}] ok\r\n"
            return (told + self.permanent + "\r\n").encode()
        if verb == "UID SEARCH":
            first = re.search(r"UID (\d+):", rest.partition("SEARCH")[2])
            at_least = int(first[1]) if first else 0
            uids = [uid for uid in self.mails if uid >= at_least]
            return f"* SEARCH {' '.join(map(str, uids))}\r\n".encode()
        if verb == "UID FETCH":
            return b"".join(
                f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)})\r\n".encode()
                for uid, raw in self.mails.items()
            )
        if verb == "BODY":
            uid = int(rest.split()[2])
            raw = self.mails[uid]
            head = f"* {uid} FETCH (FLAGS (a b) UID {uid} BODY[] {{{len(raw)}}}\r\n"
            return head.encode() + raw + b")\r\n"
        if verb == "UID STORE":
            self._store(rest)
        if verb == "CREATE":
            self.folders[rest.split()[1].strip('"')] = []
        if verb in ("UID COPY", "UID MOVE"):
            self._copy(rest)
        if verb in ("UID MOVE", "UID EXPUNGE"):
            for uid in _uids(rest.split()[2]):
                self.mails.pop(uid, None)
        return b""

    def _copy(self, rest: str) -> None:
        _, _, uids, folder = rest.split(maxsplit=3)
        self.folders[folder.strip('"')] += [self.mails[uid] for uid in _uids(uids)]

    def _store(self, rest: str) -> None:
        _, _, uids, _, flags = rest.split(maxsplit=4)
        for uid in _uids(uids):
            self.flags.setdefault(uid, set()).update(flags.strip("()").split())


def _uids(text: str) -> list[int]:
    runs = [run.partition(":") for run in text.split(",")]
    return [uid for first, _, last in runs for uid in range(int(first), int(last or first) + 1)]
