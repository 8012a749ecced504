"""The fronts as the suite meets them: each opened on a spool of its own, each asked alike."""

import asyncio
import itertools
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from servers.dovecot import Dovecot
from waiting import wait_until

from mailtrack.intake.imap.account import DONE, SEEN, TOO_BIG, Account, Security
from mailtrack.intake.imap.front import ImapFront
from mailtrack.intake.imap.ledger import FolderStatus, statuses
from mailtrack.intake.limits import Limits
from mailtrack.intake.listen import Listen
from mailtrack.intake.lmtp import LmtpFront
from mailtrack.intake.pipe import deliver
from mailtrack.intake.reception import Reception, accept_own
from mailtrack.intake.smtp import SmtpFront, SubmissionFront
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.envelope import Envelope, Front

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OURS = "support@help.example"
ALSO_OURS = "billing@help.example"
UNKNOWN = "nobody@help.example"
FOREIGN = "dana@client.example"
MAIL = b"From: dana@client.example\r\nSubject: Printer on fire\r\n\r\nIt burns.\r\n"
NO_FLOOR = Floor(bytes_min=0, share_min=0.0)
ANSWER_SECONDS = 10.0


_mailboxes = itertools.count(1)


@dataclass(frozen=True)
class Verdict:
    """What the sender heard: ``ok``, ``later`` or ``never``, and every word of it."""

    outcome: str
    text: str = ""


@dataclass
class Setup:
    """How a door is to be opened; every field has a harmless default."""

    limits: Limits = field(default_factory=Limits)
    sync: Callable[[int], None] = os.fsync
    floor: Floor = NO_FLOOR
    tls: ssl.SSLContext | None = None
    tls_implicit: bool = False
    tls_required: bool = False
    authenticator: Callable[[str, str], bool] | None = None
    needs_login: bool = False


class Wire:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self) -> str:
        """One whole answer, lines joined by a newline; ``""`` at the end of the connection."""
        lines = []
        while True:
            line = await asyncio.wait_for(self.reader.readline(), ANSWER_SECONDS)
            lines.append(line.decode().rstrip("\r\n"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    async def write(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def say(self, line: str | bytes) -> str:
        await self.write((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return await self.answer()

    async def is_closed(self) -> bool:
        """Whether the server hangs up, after whatever else it says."""
        try:
            await asyncio.wait_for(self.reader.read(), ANSWER_SECONDS)
        except ConnectionError:
            return True
        return self.reader.at_eof()

    async def begin_mail(
        self, recipients: Sequence[str] = (OURS,), *, sender: str = FOREIGN
    ) -> None:
        """Up to the 354."""
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250")
        for recipient in recipients:
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250")
        assert (await self.say("DATA")).startswith("354")

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Gone without a word, as when a cable is pulled."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


class Door:
    """A front and its spool, for one test."""

    hello = "EHLO client.example"
    kind = Front.SMTP
    peer = "127.0.0.1"

    def __init__(self, root: Path, setup: Setup) -> None:
        self.root = root
        self.spool = Spool(root / "spool", floor=setup.floor, sync=setup.sync)
        self.reception = Reception(
            accept_own(frozenset({OURS, ALSO_OURS}), reply_domain="reply.help.example"),
            setup.limits,
        )
        self.setup = setup
        self.front = self.make_front()
        self.wires: list[Wire] = []

    def make_front(self) -> SmtpFront:
        kind = SubmissionFront if self.setup.needs_login else SmtpFront
        return self._front(kind, Listen("127.0.0.1", 0))

    def _front(self, kind: type[SmtpFront], listen: Listen) -> SmtpFront:
        return kind(
            listen,
            self.spool,
            self.reception,
            hostname="help.example",
            tls=self.setup.tls,
            tls_implicit=self.setup.tls_implicit,
            tls_required=self.setup.tls_required,
            authenticator=self.setup.authenticator,
            now=lambda: NOON,
        )

    async def open(self) -> None:
        self.spool.lock()
        await self.front.start()

    async def close(self) -> None:
        for wire in self.wires:
            wire.close()
        await self.front.stop()
        await self.spool.close()

    async def connect(self, *, host: str = "", tls: ssl.SSLContext | None = None) -> Wire:
        """A connection before its greeting; ``host`` is the address to come from."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.front.port,
            local_addr=(host, 0) if host else None,
            ssl=tls,
            server_hostname="help.example" if tls else None,
        )
        wire = Wire(reader, writer)
        self.wires.append(wire)
        return wire

    async def greeted(self) -> Wire:
        """A connection that has said hello."""
        wire = await self.connect()
        assert (await wire.answer()).startswith("220")
        assert (await wire.say(self.hello)).startswith("250")
        return wire

    async def deliver(
        self, raw: bytes, recipients: Sequence[str] = (OURS,), *, sender: str = FOREIGN
    ) -> Verdict:
        """Hand one mail over as a good client does."""
        wire = await self.greeted()
        said = [await wire.say(f"MAIL FROM:<{sender}>")]
        if not said[0].startswith("250"):
            return _verdict(said)
        answers = [await wire.say(f"RCPT TO:<{recipient}>") for recipient in recipients]
        said += answers
        accepted = sum(answer.startswith("250") for answer in answers)
        if accepted:
            said.append(await wire.say("DATA"))
            if said[-1].startswith("354"):
                await wire.write(wire_form(raw))
                said += [await wire.answer() for _ in range(self.answers_to(accepted))]
        await wire.say("QUIT")
        return _verdict(said)

    def answers_to(self, accepted: int) -> int:
        """How many answers follow a mail."""
        return 1

    @classmethod
    def size_of(cls, raw: bytes) -> int:
        """How large a well-formed mail is when it is measured."""
        return len(raw)

    def as_it_came(self, raw: bytes) -> bytes:
        """What must lie on disk after the last mail, ``raw``, was handed over."""
        return raw

    def stored(self) -> list[tuple[Envelope, bytes]]:
        """What is in the spool, as a new process would find it."""
        return [self.spool.read(spool_id) for spool_id in self.spool.waiting(1000)]


class LmtpDoor(Door):
    hello = "LHLO client.example"
    kind = Front.LMTP

    def make_front(self) -> SmtpFront:
        return self._front(LmtpFront, Listen("127.0.0.1", 0))

    def answers_to(self, accepted: int) -> int:
        return accepted


class LmtpUnixDoor(LmtpDoor):
    peer = ""

    def make_front(self) -> SmtpFront:
        return self._front(LmtpFront, Listen(path=self.root / "lmtp.sock"))

    async def connect(self, *, host: str = "", tls: ssl.SSLContext | None = None) -> Wire:
        reader, writer = await asyncio.open_unix_connection(self.root / "lmtp.sock")
        wire = Wire(reader, writer)
        self.wires.append(wire)
        return wire


class PipeDoor(Door):
    kind = Front.PIPE
    peer = ""

    async def open(self) -> None:
        """The daemon is down."""

    async def close(self) -> None:
        await self.spool.close()

    async def deliver(
        self, raw: bytes, recipients: Sequence[str] = (OURS,), *, sender: str = FOREIGN
    ) -> Verdict:
        end = deliver(
            raw,
            recipients,
            mail_from=sender,
            spool=self.spool,
            reception=self.reception,
            received_at=NOON,
        )
        outcomes = {os.EX_OK: "ok", os.EX_TEMPFAIL: "later"}
        return Verdict(outcomes.get(end.code, "never"), end.text)


class ImapDoor(Door):
    """A mailbox on a real server: a mail is laid into it, and the front let loose on it.

    What the envelope said stands in the header here, as a mail server would have written it.
    """

    kind = Front.IMAP
    peer = ""

    def __init__(self, server: Dovecot, root: Path, setup: Setup) -> None:
        super().__init__(root, setup)
        self.server = server
        self.account = Account(
            host="127.0.0.1",
            port=server.port,
            user=f"door{next(_mailboxes)}.{os.getpid()}@example.org",
            security=Security.NONE,
            fallback=OURS,
            password=server.password,
        )
        self.fetching = self.new_front()

    def new_front(self) -> ImapFront:
        """One more, as the next process would have it."""
        return ImapFront(
            [self.account], self.spool, self.reception, state=self.root, now=lambda: NOON
        )

    async def open(self) -> None:
        self.spool.lock()

    async def close(self) -> None:
        await self.fetching.stop()
        await self.spool.close()

    async def deliver(
        self, raw: bytes, recipients: Sequence[str] = (OURS,), *, sender: str = FOREIGN
    ) -> Verdict:
        self.lay(raw, recipients, sender=sender)
        await self.fetching.start()
        await wait_until(self.has_looked, what="the front has looked into the mailbox")
        await self.fetching.stop()
        return Verdict(self._outcome())  # nobody is told a word

    def lay(
        self, raw: bytes, recipients: Sequence[str] = (OURS,), *, sender: str = FOREIGN
    ) -> None:
        """Into the mailbox, where nobody has looked yet."""
        self.server.append(self.account.user, _written(raw, recipients, sender))

    def has_looked(self) -> bool:
        """Whether the front has been through the mailbox, or stumbled over it."""
        status = self.status()
        return status is not None and status.state in ("idle", "waiting")

    def status(self) -> FolderStatus | None:
        return next(iter(statuses(self.root)), None)

    def flags(self) -> set[str]:
        """Those of the last mail in the mailbox, but for what the server itself sets."""
        with self.server.connect(self.account.user) as session:
            session.select("INBOX", readonly=True)
            _, found = session.uid("FETCH", "*", "(FLAGS)")
        text = found[0].decode() if found and isinstance(found[0], bytes) else ""
        return {flag for flag in (SEEN, DONE, TOO_BIG) if flag in text}

    def _outcome(self) -> str:
        """A flag is the answer a mailbox gets; without one the mail is tried again."""
        answers = {frozenset({SEEN, DONE}): "ok", frozenset({TOO_BIG}): "never"}
        return answers.get(frozenset(self.flags()), "later")

    @classmethod
    def size_of(cls, raw: bytes) -> int:
        return len(_written(raw, [OURS], FOREIGN))

    def as_it_came(self, raw: bytes) -> bytes:
        """As another client finds it: the server has a say in bare line ends and NULs."""
        return self.server.mails(self.account.user)[-1]

    def stored(self) -> list[tuple[Envelope, bytes]]:
        """What was taken whole: of a mail too big the spool has a stub."""
        return [one for one in super().stored() if one[0].full_size_bytes is None]


def _written(raw: bytes, recipients: Sequence[str], sender: str) -> bytes:
    """What a mail server lays into a mailbox: the envelope on top of the mail."""
    return f"Return-Path: <{sender}>\r\nTo: {', '.join(recipients)}\r\n".encode() + raw


def wire_form(raw: bytes) -> bytes:
    """The mail as a client writes it: dots stuffed, a lone dot at its end."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    return (b"." if raw.startswith(b".") else b"") + stuffed + b".\r\n"


def _verdict(answers: Sequence[str]) -> Verdict:
    outcome = {"2": "ok", "4": "later", "5": "never"}[answers[-1][:1]]
    return Verdict(outcome, "\n".join(answers))
