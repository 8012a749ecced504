"""The torture run: 10,000 mails, 1,000 `kill -9`, a relay that fails in every way.

Nothing lost, nothing doubled. The judge is a list of what got its 250 and what the relay took,
both kept outside of the desk; the desk's own books are read from its database file by SQL.
`make torture` is the long form. MAILTRACK_TORTURE_MAILS, _KILLS and _SECONDS (after which
nothing is killed any longer) size it.
"""

import contextlib
import os
import random
import smtplib
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from process import Process
from torture_relay import TortureRelay
from waiting import wait_for

IS_LONG = bool(os.environ.get("MAILTRACK_TORTURE"))
MAILS = int(os.environ.get("MAILTRACK_TORTURE_MAILS", "10000" if IS_LONG else "240"))
KILLS = int(os.environ.get("MAILTRACK_TORTURE_KILLS", "1000" if IS_LONG else "8"))
SECONDS = float(os.environ.get("MAILTRACK_TORTURE_SECONDS", "100000"))
SENDERS = 4
DOMAINS = 500  # brakes are for one domain; here many people write
PATIENCE_SECONDS = 300.0
KILLED_WHILE_IT_STARTS = 0.1  # the share of kills that do not wait until it is up
HOURS = 3600
# Letters that were not tried once, less those in line behind one that the relay put off.
UNTRIED = """attempts = 0 AND due_at <= datetime('now') AND NOT EXISTS (
    SELECT 1 FROM letter AS earlier WHERE earlier.number = letter.number
    AND earlier.recipient = letter.recipient AND earlier.id < letter.id
    AND earlier.due_at IS NOT NULL)"""


class Sender(threading.Thread):
    """Writes conversations of two mails, each until it got its 250, as mail servers do."""

    def __init__(self, desk: Process, name: int, conversations: int) -> None:
        super().__init__(daemon=True)
        self.desk, self.number, self.conversations = desk, name, conversations
        self.accepted: list[str] = []
        self.broken: AssertionError | None = None

    def run(self) -> None:
        try:
            for number in range(self.conversations):
                for part in ("question", "more"):
                    self._hand_over(f"{self.number}.{number}", part)
        except AssertionError as error:  # told by the main thread
            self.broken = error

    def _hand_over(self, name: str, part: str) -> None:
        person = f"p{name}@c{sum(map(ord, name)) % DOMAINS}.example"
        answers = f"In-Reply-To: <question.{name}@t>\r\n" if part == "more" else ""
        raw = (
            f"From: Person <{person}>\r\nTo: support@help.example\r\n{answers}"
            f"Message-ID: <{part}.{name}@t>\r\nSubject: Question {name}\r\n\r\n"
            f"This is {part} of {name}.\r\n"
        ).encode()
        wait_for(lambda: self._is_taken(raw, person), PATIENCE_SECONDS, what=name)
        self.accepted.append(f"<{part}.{name}@t>")

    def _is_taken(self, raw: bytes, person: str) -> bool:
        try:
            self.desk.send(raw, person)
        except (OSError, smtplib.SMTPException):
            return False
        return True


@pytest.mark.slow
@pytest.mark.timeout(6 * HOURS)
def test_f19_torture(tmp_path: Path) -> None:
    relay = TortureRelay(seed=19)
    relay.begin()
    try:
        torture(tmp_path, relay)
    finally:
        relay.end()


def torture(folder: Path, relay: TortureRelay) -> None:
    began = time.monotonic()
    smarthost = f"  smarthost: smtp://127.0.0.1:{relay.port}"
    desk = Process(folder, (r"^  smarthost: .*", smarthost))
    desk.start()
    senders = [Sender(desk, one, MAILS // SENDERS // 2) for one in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        kills = kill_at_random(desk, senders)
        for sender in senders:
            sender.join(PATIENCE_SECONDS + MAILS)
            assert sender.broken is None and not sender.is_alive(), sender.broken
        desk.wait_until_idle(PATIENCE_SECONDS + MAILS)
        with contextlib.suppress(AssertionError):  # the more faults the better, that is all
            wait_for(lambda: waiting_letters(desk, UNTRIED) == 0, 60)
        relay.is_good = True
        all_letters_end(desk)
        desk.stop()
    finally:
        desk.kill()
    accepted = [one for sender in senders for one in sender.accepted]
    with closing(sqlite3.connect(desk.state / "mailtrack.db")) as books:
        mails_are_in_once(books, accepted)
        letters_left_once(books, relay, kills=kills)
    assert desk.ask("fsck", "--deep")["problems"] == []
    extra = sum(relay.taken.values()) - len(relay.taken)
    print(
        f"\n{len(accepted)} mails, {kills} kills, {sum(relay.faults.values())} faults of the "
        f"relay in {len(relay.taken)} letters, {relay.ends_unknown} of them after it took the "
        f"letter; 0 lost, 0 doubled, {extra} letters left once more; "
        f"{time.monotonic() - began:.0f} s. {dict(relay.faults)}"
    )


def kill_at_random(desk: Process, senders: list[Sender]) -> int:
    """Spread over the whole run, at any moment of the desk's life; how often it was killed."""
    chance, ends_at, kills = random.Random(19), time.monotonic() + SECONDS, 0
    for kill in range(KILLS):
        if time.monotonic() > ends_at:
            break
        goal = (kill + chance.random()) * MAILS / (KILLS + 1)
        wait_for(
            lambda goal=goal: sum(len(one.accepted) for one in senders) >= goal,
            PATIENCE_SECONDS,
            what="mails on their way in",
        )
        desk.kill()
        kills += 1
        if chance.random() < KILLED_WHILE_IT_STARTS:
            desk.start(is_waited_for=False)
            with contextlib.suppress(AssertionError):
                wait_for(lambda: False, chance.uniform(0, 2))
            desk.kill()
            kills += 1
        desk.start()
    return kills


def all_letters_end(desk: Process) -> None:
    """What the relay put off is due hours later; then it is hours later."""
    for hours in range(5, 12):
        desk.move_clock(hours * HOURS)
        with contextlib.suppress(AssertionError):
            wait_for(lambda: waiting_letters(desk) == 0, PATIENCE_SECONDS)
            return
    raise AssertionError(f"{waiting_letters(desk)} letters do not leave")


def waiting_letters(desk: Process, which: str = "true") -> int:
    asked = f"SELECT count(*) FROM letter WHERE due_at IS NOT NULL AND {which}"
    with closing(sqlite3.connect(desk.state / "mailtrack.db")) as books:
        return int(books.execute(asked).fetchone()[0])


def mails_are_in_once(books: sqlite3.Connection, accepted: list[str]) -> None:
    """Each accepted mail is one entry; the second of a conversation follows the first."""
    entries = books.execute(
        "SELECT message_id, number FROM entry WHERE message_id LIKE '%@t>' ORDER BY id"
    ).fetchall()
    times = Counter(message_id for message_id, _ in entries)
    lost = [one for one in accepted if one not in times]
    assert lost == [], f"{len(lost)} lost"
    assert [one for one, count in times.items() if count > 1] == [], "doubled"
    assert len(times) == len(accepted) == MAILS // SENDERS // 2 * SENDERS * 2
    tickets: dict[str, int] = {}
    for message_id, number in entries:
        part, _, name = message_id.partition(".")
        if part == "<question":
            assert tickets.setdefault(name, number) == number
        else:
            assert tickets[name] == number, "an answer stands behind its question"
    assert len(set(tickets.values())) == len(tickets)


def letters_left_once(books: sqlite3.Connection, relay: TortureRelay, *, kills: int) -> None:
    """Each letter the desk wrote was taken, or refused for good; once more after a kill."""
    states = dict(books.execute("SELECT message_id, state FROM letter").fetchall())
    assert relay.taken.keys() <= states.keys(), "the relay has a letter nobody wrote"
    for message_id, state in states.items():
        assert state in ("sent", "failed", "stopped"), (message_id, state)
        if state == "sent":
            assert message_id in relay.taken, f"{message_id} never left"
    extra = sum(count - 1 for count in relay.taken.values())
    assert extra <= kills + relay.ends_unknown
