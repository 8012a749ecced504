"""The clerk over a real spool and database: what fails, and what must not wait for it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench
from raw_mail import text_mail

from mailtrack.hand import FAILURES_MAX
from mailtrack.store import lookup

TOO_LITTLE = 16 * 1024 * 1024  # a reader cannot even start in it
LARGE = text_mail(b"hello world\r\n" * 10_000)  # too large to be read without a worker


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


async def test_a_mail_is_not_counted_as_tried_while_others_are_taken_before_it(bench):
    bench.put(good(1), 1)
    tried_before = bench.put(good(2), 2)
    assert bench.spool.attempt(tried_before) == 1, "a desk died with it in hand"
    await bench.clerk.work()
    assert bench.mails() == {"ticket": 1}
    assert bench.spool.attempt(tried_before) == 2
    await bench.work_off()
    assert bench.mails() == {"ticket": 2}


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
