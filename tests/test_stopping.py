"""F36: the real process is told to end, or to read a broken file, while mail pours in."""

import smtplib
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from process import Process
from waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SENDERS = 4
DRAINS_SECONDS_MAX = 60  # TimeoutStopSec of the unit
ADA = "ada@help.example"
BROKEN = "desk:\n  name: [this never ends\n"


class Load:
    """Senders that hand over one mail after another and note which of them got their 250."""

    def __init__(self, desk: Process) -> None:
        self._desk, self._ends = desk, threading.Event()
        self.accepted: set[str] = set()
        self.unanswered: set[str] = set()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def _send(self, sender: int) -> None:
        address, mail = f"cara{sender}@cust.example", 0
        while not self._ends.is_set():
            mail += 1
            subject = f"Question {sender}.{mail}."
            try:
                self._desk.write(address, subject, "Please.", Message_ID=f"<{sender}.{mail}@x>")
            except (OSError, smtplib.SMTPException):
                self.unanswered.add(subject)
                return
            self.accepted.add(subject)

    def end(self) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path)
    made.start()
    yield made
    made.kill()


def subjects_of(desk: Process) -> list[str]:
    """The subjects of the mails of all tickets, as they came."""
    with closing(sqlite3.connect(desk.state / "mailtrack.db")) as base:
        return [f"{text}" for (text,) in base.execute("SELECT subject FROM ticket")]


def assert_each_is_one_ticket(desk: Process, load: Load) -> None:
    desk.wait_until_idle(200)
    subjects = subjects_of(desk)
    assert len(subjects) == len(set(subjects)), "none is doubled"
    assert load.accepted <= set(subjects), "none is lost"
    # Whose 250 was cut off may have been taken or not: who sends it again will find out.
    assert set(subjects) <= load.accepted | load.unanswered
    assert desk.ask("fsck")["problems"] == []


def test_f36_told_to_end_under_load_it_drains_and_loses_nothing(desk: Process) -> None:
    load = Load(desk)
    wait_for(lambda: len(load.accepted) >= 60, 120, what="it is under load")
    idle = socket.create_connection(("127.0.0.1", desk.port), 30)
    idle.recv(200)
    began = time.monotonic()
    assert desk.stop() == 0
    drained = time.monotonic() - began
    load.end()
    assert drained < DRAINS_SECONDS_MAX
    assert idle.recv(200).startswith(b"421"), "who waits is told to come later"
    idle.close()
    assert [*(desk.state / "spool" / "tmp").iterdir()] == []
    assert "Traceback" not in desk.log()
    print(f"{len(load.accepted)} accepted, drained in {drained:.1f} s")
    desk.start()
    assert_each_is_one_ticket(desk, load)


def letters_of_mistakes(desk: Process) -> list[str]:
    return [
        str(letter["subject"])
        for letter in desk.letters(ADA)
        if "Question" not in str(letter["subject"])
    ]


def test_f36_a_broken_file_under_load_is_told_once_and_the_old_rules_go_on(
    desk: Process,
) -> None:
    good = (desk.config / "mailtrack.yaml").read_text("utf-8")
    load = Load(desk)
    try:
        wait_for(lambda: len(load.accepted) >= 10, 60, what="it is under load")
        (desk.config / "mailtrack.yaml").write_text(BROKEN)
        for refusals in (1, 2, 3):
            desk.hang_up()
            wait_for(lambda n=refusals: desk.log().count("config_refused") >= n, 60)
        before = len(load.accepted)
        wait_for(lambda: len(load.accepted) >= before + 20, 60, what="mail goes on")
        wait_for(lambda: letters_of_mistakes(desk), 60, what="the admin is told")
        renamed = good.replace("name: Example Help", "name: Renamed Help", 1)
        assert renamed != good
        (desk.config / "mailtrack.yaml").write_text(renamed)
        desk.hang_up()
        wait_for(lambda: "config_reloaded" in desk.log(), 60, what="the next good file is read")
    finally:
        load.end()
    assert desk.is_alive
    desk.write("dana@client.example", "After that", "Please.")
    letter = desk.wait_for_letters("dana@client.example", 1, seconds=120)
    assert "Renamed Help" in str(letter["from"])
    assert len(letters_of_mistakes(desk)) == 1
    assert "letter_repeated" not in desk.log(), "nor was it written more than once"
    assert load.unanswered == set()
    load.accepted.add("After that")
    assert_each_is_one_ticket(desk, load)


def test_f36_a_broken_file_is_told_as_soon_as_the_database_can_be_written(
    desk: Process,
) -> None:
    with closing(sqlite3.connect(desk.state / "mailtrack.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (desk.config / "mailtrack.yaml").write_text(BROKEN)
        desk.hang_up()
        wait_for(lambda: "config_mistakes_untold" in desk.log(), 60, what="it cannot be told")
        other.execute("ROLLBACK")
    wait_for(lambda: letters_of_mistakes(desk), 60, what="the admin is told")
    assert "Traceback" not in desk.log()
