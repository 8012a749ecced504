"""Bombs in the stream: what hostile mail costs its neighbours in the running desk (A83 to A98).

The suite sends a short stream. `make torture` sends the whole one: 100 bombs among 1,000 good
mails, as the bounds in the security plan are stated.
"""

import base64
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from bombs import HOSTILE
from process import Process
from raw_mail import mail, multipart, part
from traffic import fates, hand_over, memory_bytes
from waiting import wait_for

IS_FULL = bool(os.environ.get("MAILTRACK_TORTURE"))
BOMBS = 100 if IS_FULL else 30
GOOD = 1000 if IS_FULL else 200
# Past what a desk can decide, about fifty mails a second on two busy cores, each waits for all
# before it, bombs or none; a bound of waiting says something only below that.
MAILS_PER_SECOND = 25.0
SECONDS_TO_TICKET_MAX = 5.0
MEMORY_BYTES_MAX = 300 * 1024 * 1024
WORDS = "The printer on the third floor does not answer since yesterday morning.\r\n"
SEED = 20260302

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900 if IS_FULL else 600)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    # One sender writes them all, and each is to be a ticket: this is not about floods.
    process.change(
        r"^# brakes:$",
        "brakes: {tickets_from_sender_hour_max: 100000, identical_mails_max: 100000}",
    )
    process.start()
    try:
        yield process
    finally:
        process.kill()


def good_mail(number: int) -> bytes:
    """A mail as customers write it; each tenth has a file too large to be read in passing."""
    fields = (f"Subject: printer {number}", f"Message-ID: <{number}@client.example>")
    if number % 10:
        return mail(WORDS.encode() * (5 + number % 40), *fields)
    content = base64.encodebytes(random.Random(number).randbytes(100_000 + number * 100))
    file = part(content, "Content-Type: image/jpeg", "Content-Transfer-Encoding: base64")
    raw = multipart("mixed", part(WORDS.encode()), file)
    return raw.replace(b"Subject: hi", "\r\n".join(fields).encode())


def bombs(count: int) -> list[bytes]:
    """So many hostile mails of all kinds; what must stand there twice is told apart."""
    table = random.Random(SEED).sample(sorted(HOSTILE.items()), len(HOSTILE))
    copies = [
        f"X-Copy: {number}\r\n".encode() + table[number % len(table)][1]
        for number in range(count - len(table))
    ]
    return [raw for _, raw in table[:count]] + copies


def test_a_hundred_bombs_among_good_mails_delay_and_lose_none_of_them(desk: Process) -> None:
    stream = [(good_mail(number), True) for number in range(GOOD)]
    stream += [(raw, False) for raw in bombs(BOMBS)]
    random.Random(SEED).shuffle(stream)
    answers = hand_over(desk, [raw for raw, _ in stream], mails_per_second=MAILS_PER_SECOND)
    assert {answer.code for answer in answers} == {250}
    desk.wait_until_idle(600)
    assert desk.is_alive
    wait_for(lambda: len(fates(desk)) == len(stream), what="each mail is in one end state")
    found = [fates(desk)[answer.spool_id] for answer in answers]
    good = [fate for fate, (_, is_good) in zip(found, stream, strict=True) if is_good]
    waits = sorted(fate.seconds for fate in good)
    p99 = waits[len(waits) * 99 // 100]
    print(
        f"{GOOD} good mails among {BOMBS} bombs, from 250 to ticket: "
        f"{waits[len(waits) // 2]:.2f} s median, {p99:.2f} s p99, {waits[-1]:.2f} s longest; "
        f"{memory_bytes(desk) // 2**20} MB; ends {dict(Counter(f.disposition for f in found))}"
    )
    assert {fate.disposition for fate in good} == {"ticket"}
    assert p99 < SECONDS_TO_TICKET_MAX
    assert memory_bytes(desk) < MEMORY_BYTES_MAX
    assert desk.ask("status")["mails_handled"] == len(stream)
    fsck = desk.ask("fsck")
    assert fsck["problems"] == [] and fsck["handled"] == len(stream)
