"""F23: PostgreSQL goes away midway through a transaction, hangs, or cuts its connections.

The real daemon on the real server. Mail is accepted all the while, nothing is done twice, and
the desk works on by itself when the database is back.
"""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from process import Process
from servers.postgres import Postgresql
from waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IVAN = "ivan@help.example"
SENDERS = 3
MAILS = 8  # of each sender


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    """One of its own, which may be stopped, and which keeps what it has committed."""
    server = Postgresql(durable=True)
    try:
        server.start()
        yield server
    finally:
        server.remove()


class Base:
    """The database of one desk, as its administrator sees it."""

    def __init__(self, server: Postgresql) -> None:
        self.url = server.new_database()
        self.name = self.url.rpartition("/")[2]

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, application_name="administrator")

    def is_waited_for(self, administrator: psycopg.Connection) -> bool:
        """Whether the desk is within a transaction and waits for a lock."""
        found = administrator.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock' "
            "AND application_name <> 'administrator'",
            (self.name,),
        )
        return found.fetchone() is not None

    def cut_all(self) -> int:
        """End every connection of the desk; how many those were."""
        with self.connect() as administrator:
            found = administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
                "AND application_name <> 'administrator'",
                (self.name,),
            )
            return len(found.fetchall())


@pytest.fixture
def base(server: Postgresql) -> Base:
    return Base(server)


@pytest.fixture
def desk(tmp_path: Path, base: Base) -> Iterator[Process]:
    made = Process(tmp_path, (r"^#? ?storage: .*", f"storage: {base.url}"))
    made.start()
    yield made
    made.kill()


def send(desk: Process, number: int) -> None:
    """One mail of one person. Raises if it gets no 250."""
    sender = f"cara{number}@cust.example"
    desk.write(sender, f"Question {number}", "Please.", Message_ID=f"<{number}@cust.example>")


def assert_each_once(desk: Process, count: int) -> None:
    """A ticket for each mail, each letter once, and everything agrees."""
    desk.wait_until_idle(120)
    desk.wait_for_letters(IVAN, count, seconds=120)
    for number in range(count):
        desk.wait_for_letters(f"cara{number}@cust.example", 1, seconds=60)
        assert len(desk.letters(f"cara{number}@cust.example")) == 1
    found = desk.ask("status")
    assert found["tickets"] == {"new": count}
    assert found["mails"] == {"ticket": count}
    ids = Counter(str(letter["message-id"]) for letter in desk.letters(IVAN))
    assert len(ids) == count
    assert desk.ask("fsck", "--deep")["problems"] == []
    assert "Traceback" not in desk.log()


def test_f23_postgresql_dies_midway_through_a_transaction_and_comes_back(
    server: Postgresql, base: Base, desk: Process
) -> None:
    send(desk, 0)
    desk.wait_for_letters(IVAN, 1, seconds=60)
    administrator = base.connect()
    # What the ledger writes last waits for us: the transaction stands half done.
    administrator.execute("LOCK TABLE letter IN ACCESS EXCLUSIVE MODE")
    send(desk, 1)
    wait_for(lambda: base.is_waited_for(administrator), 60, what="it is in the middle")
    server.stop(signal.SIGQUIT)
    administrator.close()
    wait_for(lambda: "batch_deferred" in desk.log(), 60, what="the clerk waits")
    for number in range(2, 5):
        send(desk, number)  # accepting needs no database
    assert desk.is_alive
    assert len([*(desk.state / "spool" / "new").iterdir()]) == 4
    server.start()
    assert_each_once(desk, 5)


def test_f23_a_postgresql_that_hangs_midway_delays_tickets_and_no_mail(
    server: Postgresql, base: Base, desk: Process
) -> None:
    with base.connect() as administrator:
        administrator.execute("LOCK TABLE letter IN ACCESS EXCLUSIVE MODE")
        send(desk, 0)
        wait_for(lambda: base.is_waited_for(administrator), 60, what="it is in the middle")
        server.freeze()
        try:
            for number in range(1, 4):
                send(desk, number)
            assert desk.is_alive
            assert desk.letters(IVAN) == []
        finally:
            server.thaw()
    assert_each_once(desk, 4)


def test_f23_connections_that_are_cut_under_load_do_nothing_twice(
    base: Base, desk: Process
) -> None:
    def load(sender: int) -> None:
        for mail in range(MAILS):
            send(desk, sender * MAILS + mail)

    threads = [threading.Thread(target=load, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    cuts, pause = 0, threading.Event()
    while any(thread.is_alive() for thread in threads) or cuts < 20:
        cuts += base.cut_all()
        pause.wait(0.05)
    for thread in threads:
        thread.join()
    assert_each_once(desk, SENDERS * MAILS)
