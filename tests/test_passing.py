"""The clerk lets no mail wait for another, and counts no try that the world has spoilt."""

import asyncio
import errno
import secrets
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from raw_mail import mail, text_mail
from stage import policy_from
from waiting import wait_until

from mailtrack import clerk as clerk_module
from mailtrack import reader as reader_module
from mailtrack.clerk import Clerk, Desk
from mailtrack.config import write_example
from mailtrack.errors import TemporaryFailure
from mailtrack.hand import TRIES_MAX
from mailtrack.intake import spoolwriter
from mailtrack.intake.archive import Archive
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Front
from mailtrack.mail.message import ParsedMail
from mailtrack.probes import Probes
from mailtrack.reader import Reader
from mailtrack.resolver import Resolver
from mailtrack.store import database as database_module
from mailtrack.store.database import Database
from mailtrack.store.status import status

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
# From somebody else than the light mails: those of one sender stay in order.
HEAVY = text_mail(b"hello world\r\n" * 10_000).replace(b"dana@", b"hector@")


def endless(raw: bytes, shallow: bool, cpu_seconds: int) -> ParsedMail:
    """In a worker: a mail that its reader never comes back from."""
    threading.Event().wait(60)
    return ParsedMail()


class Room:
    """A clerk at work in a folder."""

    def __init__(self, folder: Path) -> None:
        write_example(folder / "config")
        files = tuple((f.name, f.read_text("utf-8")) for f in (folder / "config").iterdir())
        policy = policy_from(files, folder / "config")
        self.path = folder / "mailtrack.db"
        self.database = Database(f"sqlite:///{self.path}")
        self.database.migrate()
        self.spool = Spool(folder / "spool", floor=Floor(0))
        self.reader = Reader(1, 30.0)
        self.clerk = Clerk(
            spool=self.spool,
            archive=Archive(folder / "archive"),
            database=self.database,
            reader=self.reader,
            desk=Desk(lambda: policy, lambda: NOON, lambda: secrets.token_bytes(32)),
            letters_written=lambda: None,
            records=Resolver().records,
            probes=Probes(folder / "probes"),
        )
        self.spool.doorbell = self.clerk.ring

    async def put(self, raw: bytes) -> str:
        envelope = await self.spool.put(
            raw,
            mail_from=Address("dana", "client.example"),
            rcpt_to=(Address("support", "help.example"),),
            front=Front.SMTP,
            peer="192.0.2.1",
            received_at=NOON,
        )
        return envelope.spool_id

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """The clerk works meanwhile, and has come to an orderly end after it."""
        working = asyncio.create_task(self.clerk.run())
        try:
            yield
        finally:
            self.clerk.stop()
            await working

    def tickets(self) -> int:
        with self.database.reading() as session:
            return sum(count for _, count in status(session).tickets)

    def tries(self) -> list[str]:
        return sorted(path.name for path in (self.spool.root / "attempts").iterdir())


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    yield made
    await made.reader.close()
    await made.spool.close()
    made.database.close()


@pytest.mark.parametrize("killers", [1, 3])
async def test_a_mail_that_its_reader_never_ends_is_passed_by_its_successors(
    room: Room, monkeypatch: pytest.MonkeyPatch, killers: int
) -> None:
    monkeypatch.setattr(reader_module, "read_in_worker", endless)
    stuck = [await room.put(HEAVY) for _ in range(killers)]
    for number in range(5):
        await room.put(mail(b"It burns.", f"Subject: printer {number}"))
    async with room.at_work():
        await wait_until(lambda: room.tickets() == 5, 10)
        await room.put(mail(b"It burns.", "Subject: one more"))
        await wait_until(lambda: room.tickets() == 6, 10)
    assert list(room.spool.waiting(9)) == stuck
    assert room.tries() == [], "an orderly end is no try"


async def test_a_heavy_mail_is_decided_when_it_has_been_read(room: Room) -> None:
    await room.put(HEAVY)
    await room.put(mail(b"It burns.", "Subject: light"))
    async with room.at_work():
        await wait_until(lambda: room.tickets() == 2, 20)
    assert room.spool.waiting(9) == ()


async def test_a_database_that_is_away_costs_a_mail_no_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = tuple(one for one in database_module.PRAGMAS if "busy_timeout" not in one)
    monkeypatch.setattr(database_module, "PRAGMAS", (*hasty, "PRAGMA busy_timeout=10"))
    room = Room(tmp_path)
    await room.put(mail(b"It burns."))
    holder = sqlite3.connect(room.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    for _ in range(20):
        with pytest.raises(TemporaryFailure):
            await room.clerk.work()
        assert room.tries() == []
    holder.execute("ROLLBACK")
    holder.close()
    assert await room.clerk.work() == 1
    assert room.tickets() == 1
    await room.spool.close()
    room.database.close()


async def pour_in(room: Room) -> int:
    """What the spool calls a rush, while the clerk is at work."""
    mails = [
        mail(b"It burns.", f"Message-ID: <{secrets.token_hex(8)}@client.example>")
        for _ in range(spoolwriter.RUSH_MAILS)
    ]
    await asyncio.gather(*map(room.put, mails))
    return len(mails)


async def test_a_rush_is_let_in_before_any_of_it_is_worked_on(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoolwriter, "RUSH_SECONDS", 60.0)
    monkeypatch.setattr(clerk_module, "RUSH_LOOK_SECONDS", 0.002)
    count = await pour_in(room)
    async with room.at_work():
        looked_often = time.monotonic() + clerk_module.RUSH_LOOK_SECONDS * 4
        while time.monotonic() < looked_often:
            count += await pour_in(room)
        assert room.clerk.handled_count == 0
        monkeypatch.setattr(spoolwriter, "RUSH_SECONDS", 0.0)  # it is over
        await wait_until(lambda: room.clerk.handled_count == count, 20)


async def test_a_rush_without_an_end_is_worked_on_meanwhile(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoolwriter, "RUSH_SECONDS", 60.0)
    monkeypatch.setattr(clerk_module, "RUSH_SECONDS_MAX", 0.1)
    count = await pour_in(room)
    async with room.at_work():
        await wait_until(lambda: room.clerk.handled_count == count, 20)
        assert room.spool.is_in_a_rush


async def test_a_clerk_ends_in_the_midst_of_a_rush(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoolwriter, "RUSH_SECONDS", 60.0)
    await pour_in(room)
    working = asyncio.create_task(room.clerk.run())
    await asyncio.sleep(0)
    room.clerk.stop()
    async with asyncio.timeout(5):
        await working
    assert room.clerk.handled_count == 0


async def test_a_world_without_a_free_file_blames_no_mail(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.put(mail(b"It burns."))
    read_bytes = Path.read_bytes

    def full(path: Path) -> bytes:
        if path.parent.name == "new":
            raise OSError(errno.EMFILE, "Too many open files")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", full)
    for _ in range(TRIES_MAX + 1):
        with pytest.raises(TemporaryFailure):
            await room.clerk.work()
        assert room.tries() == []
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert await room.clerk.work() == 1
    assert room.tickets() == 1
