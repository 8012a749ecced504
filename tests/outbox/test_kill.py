"""The sender is killed in the middle: every letter leaves, and at most one more for each."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest
from outbox.faulty_relay import FaultyRelay
from outbox.test_sender import Post, message_ids
from waiting import wait_until

from mailtrack.store.database import Database

LETTERS = 120
START_SECONDS = 60.0  # of a process on a busy machine
CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from mailtrack.mail.compose import letter_bytes
from mailtrack.outbox.courier import SmtpCourier
from mailtrack.outbox.relay import Relay, Tls
from mailtrack.outbox.sender import Sender
from mailtrack.store import outgoing
from mailtrack.store.database import Database

async def main():
    database = Database(sys.argv[1])
    courier = SmtpCourier(Relay("127.0.0.1", int(sys.argv[2]), Tls.NONE), hostname="h.example")
    sender = Sender(
        database, courier, compose=letter_bytes,
        fetch_attachment=lambda ref: b"", now=lambda: datetime.now(UTC),
    )
    # As the daemon does: what a killed one had in hand waits again.
    with database.transaction() as session:
        outgoing.release_claims(session)
    await sender.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kill_after", [40])
async def test_no_letter_is_lost_by_a_kill(tmp_path: Path, kill_after: int) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    database = Database(url)
    database.migrate()
    post = Post(database)
    for number in range(LETTERS):
        post.write(f"l{number}", recipient=f"p{number}@client.example")
    async with FaultyRelay() as relay:
        arguments = [sys.executable, "-c", CHILD, url, str(relay.port)]
        first = await asyncio.create_subprocess_exec(*arguments)
        await wait_until(lambda: len(relay.taken) >= kill_after, START_SECONDS)
        first.kill()
        await first.wait()
        second = await asyncio.create_subprocess_exec(*arguments)
        await wait_until(lambda: post.counts().sent == LETTERS, START_SECONDS)
        second.kill()
        await second.wait()
    times = Counter(message_ids(relay))
    assert len(times) == LETTERS
    # One letter at a time is between the dot and the mark, or two on a busy machine.
    assert times.total() <= LETTERS + 2
    assert max(times.values()) <= 2
    database.close()
