"""The clerk over a real spool and database: what fails, and what must not wait for it."""

import asyncio
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from player import DESK
from raw_mail import text_mail
from stage import policy_from

from mailtrack.clerk import FAILURES_MAX, Clerk, Desk
from mailtrack.intake.archive import Archive
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Front
from mailtrack.reader import MEMORY_BYTES_MAX, Reader
from mailtrack.store import lookup
from mailtrack.store.database import Database
from mailtrack.store.status import status
from mailtrack.tickets.fresh import SEED_BYTES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOO_LITTLE = 16 * 1024 * 1024  # a reader cannot even start in it
LARGE = text_mail(b"hello world\r\n" * 10_000)  # too large to be read without a worker


class Bench:
    """A clerk with everything below it. `memory_bytes` is what its readers have for a mail."""

    def __init__(self, folder: Path, *, memory_bytes: int = MEMORY_BYTES_MAX) -> None:
        files = {path.name: path.read_text(encoding="utf-8") for path in DESK.glob("*.yaml")}
        policy = policy_from(tuple(sorted(files.items())))
        self.spool = Spool(folder / "spool", floor=Floor(0, 0.0))
        self.archive = Archive(folder / "archive")
        self.database = Database(f"sqlite:///{folder}/mailtrack.db")
        self.database.migrate()
        self.reader = Reader(1, memory_bytes=memory_bytes)
        self.rung = 0
        self.clerk = Clerk(
            spool=self.spool,
            archive=self.archive,
            database=self.database,
            reader=self.reader,
            desk=Desk(lambda: policy, lambda: NOW, lambda: secrets.token_bytes(SEED_BYTES)),
            letters_written=self._ring,
        )

    def _ring(self) -> None:
        self.rung += 1

    def put(self, raw: bytes, number: int) -> str:
        return self.spool.put_now(
            raw,
            mail_from=Address(f"cara{number}", "cust.example"),
            rcpt_to=(Address("support", "help.example"),),
            front=Front.PIPE,
            peer="",
            received_at=NOW,
        ).spool_id

    async def work_off(self) -> None:
        """Until nothing is left to do; a clerk that goes round in circles fails."""
        for _ in range(50):
            if await self.clerk.work() == 0:
                return
        raise AssertionError("the clerk does not come to an end")

    def mails(self) -> dict[str, int]:
        with self.database.reading() as session:
            return dict(status(session).mails)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    asyncio.run(bench.reader.close())
    bench.database.close()


def good(number: int) -> bytes:
    return (
        f"From: Cara <cara{number}@cust.example>\r\nTo: support@help.example\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <{number}@cust.example>\r\n\r\nPlease.\r\n"
    ).encode()


async def test_a96_what_breaks_its_reader_is_set_apart_and_its_neighbours_go_on(tmp_path):
    bench = Bench(tmp_path, memory_bytes=TOO_LITTLE)
    ids = [bench.put(good(1), 1), bench.put(LARGE, 2), bench.put(good(3), 3)]
    await bench.work_off()
    assert bench.mails() == {"ticket": 2, "quarantined": 1}
    assert bench.spool.quarantined() == (ids[1],)
    assert bench.spool.waiting(10) == ()
    with bench.database.reading() as session:
        stub = lookup.ticket_of(session, 3)
    assert stub is not None and "Unreadable" in stub.subject
    await bench.reader.close()

    again = Bench(tmp_path)
    again.spool.release(ids[1])
    await again.work_off()
    assert again.mails() == {"ticket": 3}, "with a reader that can, it is an ordinary mail"
    await again.reader.close()


async def test_a_mail_that_fails_is_tried_a_named_number_of_times(tmp_path):
    bench = Bench(tmp_path, memory_bytes=TOO_LITTLE)
    spool_id = bench.put(LARGE, 1)
    for _ in range(FAILURES_MAX):
        await bench.clerk.work()
        assert bench.mails() == {} and bench.spool.waiting(1) == (spool_id,)
    await bench.clerk.work()
    assert bench.mails() == {"quarantined": 1}
    await bench.reader.close()


async def test_what_a_killed_desk_had_in_hand_is_taken_up_alone(bench):
    ids = [bench.put(good(number), number) for number in range(5)]
    for spool_id in ids[:3]:
        bench.spool.attempt(spool_id)  # a desk that was killed had these three in hand
    assert [await bench.clerk.work() for _ in range(5)] == [1, 1, 1, 2, 0]
    assert bench.mails() == {"ticket": 5}


async def test_handling_a_mail_again_after_a_crash_before_the_move_changes_nothing(bench):
    spool_id = bench.put(good(1), 1)
    raw = (bench.spool.root / "new" / spool_id).read_bytes()
    await bench.work_off()
    (bench.spool.root / "new" / spool_id).write_bytes(raw)
    await bench.work_off()
    assert bench.mails() == {"ticket": 1}
    assert bench.spool.waiting(1) == ()


async def test_a_truncated_spool_file_is_set_apart(bench):
    spool_id = bench.put(good(1), 1)
    file = bench.spool.root / "new" / spool_id
    file.write_bytes(file.read_bytes()[:-5])
    await bench.work_off()
    assert bench.spool.quarantined() == (spool_id,)
