"""F13 to F17: the real daemon is killed at each step of a hand-over.

The required result is the same at each: the letter arrives, at most once more than it should,
with the same Message-ID and the same bytes, and its row ends as sent.
"""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from outbox.faulty_relay import HANG, READ_SOME, TAKE_AND_HANG, FaultyRelay
from outbox.test_sender import Post, message_ids
from process import Process
from waiting import wait_until

from mailtrack.store.database import Database
from mailtrack.store.outgoing import LetterCounts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PATIENCE = 60.0  # seconds, of a busy machine
RELAY = r"^  smarthost: null"
LARGE = "All of this has to arrive.\n" * 300_000  # 8 MB: more than any buffer on the way holds


class Desk:
    """A daemon with one letter to send."""

    def __init__(self, folder: Path, port: int) -> None:
        self.process = Process(folder, (RELAY, f"  smarthost: smtp://127.0.0.1:{port}"))
        self.process.state.mkdir(mode=0o700)
        self.file = self.process.state / "mailtrack.db"
        self.post = Post(Database(f"sqlite:///{self.file}"))
        self.post.database.migrate()

    def write(self, text: str = "Use water.") -> None:
        given = {"text": text, "is_automatic": False, "not_before": datetime.now(UTC)}
        self.post.write("l1", **given)

    async def start(self) -> None:
        await asyncio.to_thread(self.process.start)

    async def until(self, **wanted: int) -> None:
        await wait_until(
            lambda: self.post.counts() == LetterCounts(**wanted), PATIENCE, what=str(wanted)
        )

    async def comes_back(self, relay: FaultyRelay, *, copies: int) -> None:
        """Killed, and started again: the letter has arrived so many times."""
        self.process.kill()
        relay.faults = {}
        await self.start()
        await self.until(sent=1)
        assert message_ids(relay) == ["l1@help.example"] * copies
        assert len({content for _, _, content in relay.taken}) == 1
        assert self.process.stop() == 0
        assert len(relay.taken) == copies

    def close(self) -> None:
        self.process.kill()
        self.post.database.close()


@pytest.fixture
async def relay() -> AsyncIterator[FaultyRelay]:
    async with FaultyRelay() as relay:
        yield relay


@pytest.fixture
async def desk(tmp_path: Path, relay: FaultyRelay) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path, relay.port)
    yield desk
    desk.close()


async def test_f13_killed_with_a_letter_claimed_before_it_connects(tmp_path: Path) -> None:
    with ExitStack() as stack:
        deaf = stack.enter_context(closing(full_port()))
        port = deaf.getsockname()[1]
        for _ in range(4):
            knocking = stack.enter_context(closing(socket.socket()))
            knocking.setblocking(False)
            knocking.connect_ex(("127.0.0.1", port))
        desk = stack.enter_context(closing(Desk(tmp_path, port)))
        desk.write()
        await desk.start()
        await desk.until(claimed=1)
        desk.process.kill()
        deaf.close()
        async with FaultyRelay(port=port) as relay:
            await desk.comes_back(relay, copies=1)


def full_port() -> socket.socket:
    """A port that nobody answers at: its queue of connections is full."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deaf.bind(("127.0.0.1", 0))
    deaf.listen(0)
    return deaf


async def test_f14_killed_after_mail(desk: Desk, relay: FaultyRelay) -> None:
    relay.faults = {"RCPT": HANG}
    desk.write()
    await desk.start()
    await wait_until(lambda: any(one.startswith("RCPT") for one in relay.commands), PATIENCE)
    await desk.comes_back(relay, copies=1)


async def test_f15_killed_in_the_middle_of_data(desk: Desk, relay: FaultyRelay) -> None:
    relay.faults = {"CONTENT": READ_SOME}
    desk.write(LARGE)
    await desk.start()
    await wait_until(lambda: relay.begun, PATIENCE, what="a part of the letter")
    await desk.comes_back(relay, copies=1)


async def test_f16_killed_after_the_final_dot_before_the_answer(
    desk: Desk, relay: FaultyRelay
) -> None:
    relay.faults = {"CONTENT": TAKE_AND_HANG}
    desk.write()
    await desk.start()
    await wait_until(lambda: relay.taken, PATIENCE, what="the letter")
    await desk.comes_back(relay, copies=2)


async def test_f17_killed_after_250_before_it_is_marked(desk: Desk, relay: FaultyRelay) -> None:
    relay.faults = {"CONTENT": TAKE_AND_HANG}
    desk.write()
    await desk.start()
    await wait_until(lambda: relay.taken, PATIENCE, what="the letter")
    with closing(sqlite3.connect(desk.file, isolation_level=None, timeout=PATIENCE)) as other:
        other.execute("BEGIN IMMEDIATE")
        relay.go_on("250 2.0.0 queued")
        # Somebody else has the database: the daemon knows that it was sent, and cannot say so.
        await wait_until(lambda: "outbox_stalled" in desk.process.log(), PATIENCE)
        desk.process.kill()
        other.execute("ROLLBACK")
    await desk.until(claimed=1)
    await desk.comes_back(relay, copies=2)
