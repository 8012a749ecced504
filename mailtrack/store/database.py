"""The database: how it is opened, upgraded, and used in one transaction or for reading.

SQLite is the default and has one writer: every transaction begins with ``BEGIN IMMEDIATE``,
without which two read-modify-writes lose one of the updates without an error. PostgreSQL works
by the same calls. All of it is synchronous and may be called from any thread.

Read ``schema`` for the upgrade, ``ledger`` for what is written in a transaction.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session as Session

from mailtrack.errors import MailtrackError, TemporaryFailure
from mailtrack.store.schema import upgrade

BUSY_TIMEOUT_MILLISECONDS: Final = 5_000
TURN_TIMEOUT_SECONDS: Final = 30.0
READERS_MAX: Final = 4
# A checkpoint every 4,000 pages, not 1,000: fewer pauses for some tens of megabytes of WAL.
CHECKPOINT_PAGES: Final = 4_000
CACHE_KIBIBYTES: Final = 32_768
# A start looks through a file up to this size, which takes a tenth of a second; a damage in a
# larger one is found when its page is read, and by fsck.
LOOKED_THROUGH_BYTES_MAX: Final = 16 * 1024 * 1024

UNAVAILABLE: Final = "The ticket store is not available at the moment"

# FULL: in WAL mode NORMAL may lose the last commits at a power cut, and a mail whose receipt is
# lost is merely handled again, but a letter that was sent would be sent twice.
# secure_delete: what was erased is overwritten. trusted_schema: a planted schema runs no code.
PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
    f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}",
    f"PRAGMA cache_size=-{CACHE_KIBIBYTES}",
)


class StoreDamaged(MailtrackError):
    """The database file is not what was written to it: nothing may be built on it.

    Neither trying again nor setting mails apart helps; the operator restores a backup.
    """


class Database:
    """One database by its URL: ``sqlite:///var/mailtrack.db`` or ``postgresql://…``.

    Opening costs nothing until the first use. ``close`` may be called twice.
    """

    def __init__(self, url: str) -> None:
        self._url = _with_driver(make_url(url))
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(self._url, begin="BEGIN IMMEDIATE", connections_max=1)
            self._reader = _sqlite_engine(self._url, begin="BEGIN", connections_max=READERS_MAX)
            event.listen(self._reader, "connect", _refuse_writes)
        else:
            self._writer = create_engine(self._url, isolation_level="SERIALIZABLE")
            self._reader = create_engine(self._url, isolation_level="REPEATABLE READ")
        self._turn = threading.Lock()

    def migrate(self) -> None:
        """Create the tables or bring them up to date; does nothing when they are.

        Safe to call from several processes at once: one upgrades, the others wait. Raises
        ``TemporaryFailure`` if the database cannot be reached, ``StoreDamaged`` if a page of
        it is broken.
        """
        with _failing_softly(), self._in_turn():
            if self.is_sqlite:
                _make_private(self._url)
                _look_through(self._writer, self.path)
            upgrade(self._writer)

    @property
    def path(self) -> Path:
        """The file of an SQLite database."""
        assert self.is_sqlite, "only SQLite keeps its database in a file of ours"
        return Path(self._url.database or "")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that may write: committed at the end, rolled back on any exception.

        On SQLite it holds the one write lock from its first line on, so that what was looked up
        is still true when it is changed. Raises ``TemporaryFailure`` when the database is busy
        or away: nothing was written, and trying again helps.
        """
        with (
            _failing_softly(),
            self._in_turn(),
            Session(self._writer) as session,
            session.begin(),
        ):
            session.connection()  # the lock is taken here, not at the first statement
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A steady view for reading, beside any writer. Writing fails."""
        with _failing_softly(), Session(self._reader) as session:
            yield session

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """The threads of one process wait here: SQLite's own waiting polls, and is unfair.

        Nobody waits for ever, least of all a transaction within a transaction for itself.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=TURN_TIMEOUT_SECONDS):
            reason = f"no turn to write within {TURN_TIMEOUT_SECONDS:g} seconds"
            raise TemporaryFailure(UNAVAILABLE, reason=reason)
        try:
            yield
        finally:
            self._turn.release()

    def forget(self) -> None:
        """Let nothing of what was deleted lie about in the files of the database.

        SQLite overwrites deleted rows, but not what it moved from page to page, nor its full
        text index and its log: the file is written anew, which takes a minute for some
        gigabytes. Mail is accepted meanwhile. PostgreSQL's own vacuum sees to it.
        """
        if not self.is_sqlite:
            return
        with self.transaction() as session:
            session.connection().exec_driver_sql(
                "INSERT INTO entry_search(entry_search) VALUES('optimize')"
            )
        with _failing_softly(), self._in_turn(), self._writer.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give back all connections."""
        self._writer.dispose()
        self._reader.dispose()


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """A part of a transaction that can fail alone: one mail of a batch."""
    with _failing_softly(), session.connection().begin_nested():
        yield


@contextmanager
def _failing_softly() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise TemporaryFailure(UNAVAILABLE, reason=str(error.orig)) from error
    except NoConnection as error:
        raise TemporaryFailure(UNAVAILABLE, reason=str(error)) from error
    except DatabaseError as error:
        if not _is_damage(error):
            raise
        raise _damaged(str(error.orig)) from error


def _is_damage(error: DatabaseError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _damaged(found: str) -> StoreDamaged:
    return StoreDamaged(
        f"the database is damaged ({found}). Stop the desk, copy its state folder, and "
        "restore the last backup; accepted mail waits in the spool meanwhile"
    )


def _look_through(engine: Engine, path: Path) -> None:
    """Raise StoreDamaged if a small file is broken anywhere."""
    if path.stat().st_size > LOOKED_THROUGH_BYTES_MAX:
        return
    with engine.begin() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise _damaged(" ".join(str(found).split()))


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        # Each connection would have a database of its own.
        raise ValueError("an SQLite database in memory cannot be shared: name a file")
    return url


def _make_private(url: URL) -> None:
    """Create the file readable by its owner only; SQLite gives its WAL the same mode."""
    path = Path(url.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _sqlite_engine(url: URL, *, begin: str, connections_max: int) -> Engine:
    engine = create_engine(url, pool_size=connections_max, max_overflow=0)
    event.listen(engine, "connect", _prepare_connection)

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begin_transaction)
    return engine


def _prepare_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver would open its transaction only at the first write; we say BEGIN ourselves.
    connection.isolation_level = None
    _execute(connection, *PRAGMAS)


def _refuse_writes(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(connection, "PRAGMA query_only=ON")


def _execute(connection: DBAPIConnection, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
