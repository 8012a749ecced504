"""Transactions: whole or not at all, one writer at a time, and what happens without that."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, insert, select, text, update
from sqlalchemy.exc import OperationalError
from store.desk import NOON, decided, opened, ticket, write
from waiting import wait_for

from mailtrack.errors import TemporaryFailure
from mailtrack.store.database import Database, Session, savepoint
from mailtrack.store.lookup import next_numbers, ticket_of
from mailtrack.store.tables import AGENT
from mailtrack.tickets.decision import OpenTicket, TakeTurn

THREADS = 4
ADDITIONS = 25


def count_of(session: Session) -> int:
    statement = select(AGENT.c.open_tickets).where(AGENT.c.name == "ivan")
    return int(session.connection().execute(statement).scalar_one())


def set_count(session: Session, count: int) -> None:
    session.connection().execute(
        update(AGENT).where(AGENT.c.name == "ivan").values(open_tickets=count)
    )


def start_count(database: Database) -> None:
    with database.transaction() as session:
        session.connection().execute(insert(AGENT).values(name="ivan", open_tickets=0))


def test_updates_by_several_processes_are_not_lost(
    open_database: Callable[[], Database],
) -> None:
    start_count(open_database())

    def add(database: Database) -> None:
        for _ in range(ADDITIONS):
            with database.transaction() as session:
                set_count(session, count_of(session) + 1)

    # Each thread has a Database of its own, so nothing but the file keeps them apart.
    threads = [threading.Thread(target=add, args=(open_database(),)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_database().reading() as session:
        assert count_of(session) == THREADS * ADDITIONS


def test_without_the_hook_an_update_is_lost_in_silence(path: Path, database: Database) -> None:
    start_count(database)
    without_hook: Engine = create_engine(f"sqlite:///{path}")
    with Session(without_hook) as one, Session(without_hook) as other:
        seen_by_one, seen_by_other = count_of(one), count_of(other)
        set_count(other, seen_by_other + 1)
        other.commit()
        set_count(one, seen_by_one + 1)
        one.commit()
    without_hook.dispose()
    with database.reading() as session:
        assert count_of(session) == 1


def test_a_second_writer_waits_for_the_first(open_database: Callable[[], Database]) -> None:
    first, second = open_database(), open_database()
    start_count(first)
    has_begun, seen = threading.Event(), []

    def look() -> None:
        has_begun.set()
        with second.transaction() as session:
            seen.append(count_of(session))

    thread = threading.Thread(target=look)
    with first.transaction() as session:
        before = count_of(session)
        thread.start()
        assert has_begun.wait(5)
        set_count(session, before + 1)
        assert seen == []
    thread.join()
    assert seen == [1]


def test_an_exception_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        write(session, opened(1))
        raise ZeroDivisionError
    with database.reading() as session:
        assert ticket_of(session, 1) is None
        assert next_numbers(session) == (1, 1)


def test_a_crash_before_the_commit_leaves_nothing_behind(
    open_database: Callable[[], Database],
) -> None:
    crashed = open_database()
    unfinished = crashed.transaction()
    write(unfinished.__enter__(), opened(1))
    crashed.close()  # the connection dies with its process, the transaction unfinished
    del unfinished
    with open_database().transaction() as session:
        assert ticket_of(session, 1) is None
        write(session, opened(1))
        assert ticket_of(session, 1) is not None


def test_a_failed_savepoint_leaves_the_others(database: Database) -> None:
    with database.transaction() as session:
        with savepoint(session):
            write(session, opened(1), "s1")
        with pytest.raises(ZeroDivisionError), savepoint(session):
            write(session, opened(2), "s2")
            raise ZeroDivisionError
        with savepoint(session):
            write(session, opened(3), "s3")
    with database.reading() as session:
        found = [number for number in (1, 2, 3) if ticket_of(session, number)]
    assert found == [1, 3]


def test_an_effect_that_breaks_a_key_fails_only_its_savepoint(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
        with pytest.raises(Exception, match="UNIQUE"), savepoint(session):
            write(session, decided(OpenTicket(ticket(1))), "s2")
        write(session, decided(TakeTurn("support", "ivan")), "s3")


def test_a_reader_sees_what_was_committed_and_waits_for_nobody(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s1")
    with database.transaction() as session:
        write(session, opened(2), "s2")
        with database.reading() as reader:
            assert ticket_of(reader, 1) is not None
            assert ticket_of(reader, 2) is None


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(TemporaryFailure, match="readonly"), database.reading() as session:
        write(session, opened(1))


def test_a_busy_database_is_a_temporary_failure(
    open_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrack.store.database.BUSY_TIMEOUT_MILLISECONDS", 1)
    monkeypatch.setattr("mailtrack.store.database.PRAGMAS", ("PRAGMA busy_timeout=1",))
    holder, other = open_database(), open_database()
    with holder.transaction(), pytest.raises(TemporaryFailure) as caught, other.transaction():
        pass
    assert "locked" in caught.value.reason
    assert "locked" not in caught.value.public
    assert isinstance(caught.value.__cause__, OperationalError)


def test_a_transaction_within_a_transaction_fails_and_does_not_hang(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrack.store.database.TURN_TIMEOUT_SECONDS", 0.01)
    with (
        pytest.raises(TemporaryFailure, match="no turn"),
        database.transaction(),
        database.transaction(),
    ):
        pass
    with database.transaction() as session:
        write(session, opened(1))


def test_a_folder_that_is_not_there_is_made_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "var" / "desk.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    with database.transaction() as session:
        write(session, opened(1))
        modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
    database.close()
    assert modes == {"desk.db": 0o600, "desk.db-wal": 0o600, "desk.db-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("trusted_schema", 0),
        ("busy_timeout", 5000),
    ],
)
def test_each_connection_is_set_up(database: Database, pragma: str, value: object) -> None:
    with database.transaction() as session:
        assert session.connection().execute(text(f"PRAGMA {pragma}")).scalar() == value
    with database.reading() as session:
        assert session.connection().execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="name a file"):
        Database("sqlite://")


def test_threads_share_one_database(database: Database) -> None:
    def work(number: int) -> None:
        with database.transaction() as session:
            write(session, opened(number), f"s{number}")
        with database.reading() as session:
            assert ticket_of(session, number) is not None

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    wait_for(lambda: not any(thread.is_alive() for thread in threads), what="the threads")
    with database.reading() as session:
        assert next_numbers(session) == (9, 1)


def test_closing_twice_does_no_harm(database: Database) -> None:
    with database.reading():
        pass
    database.close()
    database.close()
    with database.transaction() as session:
        write(session, opened(1), at=NOON)
