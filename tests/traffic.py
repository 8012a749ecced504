"""Many mails at once into a running desk, and what its log says became of each.

The answer to a mail names its spool id, and each id has one line in the log when it was
accepted and one when its transaction was committed: the time between them is what a customer
waits. The end states themselves are counted by `status` and `fsck`, not here.
"""

import json
import smtplib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from math import inf

import psutil
from process import DESK, Process
from waiting import wait_for

ACCEPTED = "2.0.0 Accepted as "


@dataclass(frozen=True, slots=True)
class Answer:
    """What the desk answered to one mail. `spool_id` is `""` if it refused it."""

    code: int
    spool_id: str


def hand_over(
    desk: Process,
    mails: Sequence[bytes],
    *,
    sessions: int = 4,
    mails_per_second: float = inf,
) -> list[Answer]:
    """Hand the mails over in this order, by several clients; each from a sender of its own."""
    numbers = count()
    began_at = time.monotonic()
    lock = threading.Lock()
    answers: list[Answer | None] = [None] * len(mails)

    def work() -> None:
        client = smtplib.SMTP(local_hostname="client.example")
        while True:
            with lock:
                number = next(numbers)
            if number >= len(mails):
                break
            due_at = began_at + number / mails_per_second
            wait_for(lambda due_at=due_at: time.monotonic() >= due_at, 3600)
            if client.sock is None:
                client.connect("127.0.0.1", desk.port)
            answers[number] = _answer(client, mails[number], f"sender{number}@sea.example")
        client.close()

    with ThreadPoolExecutor(sessions) as pool:
        for done in [pool.submit(work) for _ in range(sessions)]:
            done.result()
    return [answer for answer in answers if answer is not None]


def _answer(client: smtplib.SMTP, raw: bytes, sender: str) -> Answer:
    client.ehlo_or_helo_if_needed()
    client.mail(sender)
    client.rcpt(DESK)
    code, words = client.data(raw)
    if code != 250:
        return Answer(code, "")
    text = words.decode()
    assert text.startswith(ACCEPTED), text
    return Answer(code, text.removeprefix(ACCEPTED))


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one mail: `seconds` from its acceptance to the commit, and as what."""

    seconds: float
    disposition: str


def fates(desk: Process) -> dict[str, Fate]:
    """The fate of each mail by its spool id. Fails if one was decided twice."""
    lines = [json.loads(line) for line in desk.log().splitlines() if line.startswith("{")]
    at = {
        (row["event"], row["spool_id"]): datetime.fromisoformat(row["at"])
        for row in lines
        if row["event"] in ("mail_spooled", "mail_decided")
    }
    found: dict[str, Fate] = {}
    for row in lines:
        if row["event"] != "mail_decided":
            continue
        spool_id = row["spool_id"]
        assert spool_id not in found, f"{spool_id} was decided twice"
        took = at["mail_decided", spool_id] - at["mail_spooled", spool_id]
        found[spool_id] = Fate(took.total_seconds(), row["disposition"])
    return found


def memory_bytes(desk: Process) -> int:
    """What the desk's own process holds in memory, its readers not counted."""
    size: int = psutil.Process(desk.pid).memory_info().rss
    return size
