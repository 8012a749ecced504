"""What was taken from which folder: a small SQLite file of our own beside the spool.

Not in the desk's database, because accepting never needs that. A mail is keyed by account,
folder, UIDVALIDITY and UID. Losing the ledger, or a crash before a line of it, costs work and
nothing else: the mail is fetched again and the desk knows it. Therefore commits are not synced
(a power cut may take the last ones), and a file that is damaged is put aside.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mailtrack import log

logger = log.get(__name__)

FILE_MODE: Final = 0o600
FILE_NAME: Final = "imap.db"
BUSY_SECONDS_MAX: Final = 20.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS folder (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL, name TEXT NOT NULL,
  uidvalidity INTEGER NOT NULL DEFAULT 0,
  cursor INTEGER NOT NULL DEFAULT 0,   -- the highest UID that was taken
  floor INTEGER NOT NULL DEFAULT 0,    -- UIDs up to here are left alone (first_start: new)
  since TEXT,                          -- the day before which mail is left alone, the same
  state TEXT NOT NULL DEFAULT 'starting', state_at TEXT,
  mail_at TEXT, taken INTEGER NOT NULL DEFAULT 0,
  error TEXT, error_at TEXT,
  UNIQUE (account, name)
);
CREATE TABLE IF NOT EXISTS taken (
  folder INTEGER NOT NULL REFERENCES folder (id),
  uid INTEGER NOT NULL,
  spool_id TEXT NOT NULL,
  is_too_big INTEGER NOT NULL,
  is_settled INTEGER NOT NULL DEFAULT 0, -- flagged or moved
  PRIMARY KEY (folder, uid)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """How one folder stands; times as ISO 8601 text, None if it never happened."""

    account: str
    folder: str
    state: str
    since: str | None
    last_mail_at: str | None
    taken: int
    error: str | None
    error_at: str | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A mail that was taken and is not flagged or moved yet."""

    uid: int
    is_too_big: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail that was taken, and the id that it has had in the spool since."""

    account: str
    folder: str
    uid: int
    spool_id: str


class Ledger:
    """The file. Its methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.is_new_after_damage = False
        try:
            self._connection = self._opened()
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(f".damaged-{int(time.time())}")
            path.rename(aside)
            for rest in ("-wal", "-shm"):
                path.with_name(path.name + rest).unlink(missing_ok=True)
            logger.error("imap_ledger_damaged", path=str(aside), reason=str(error))
            self._connection = self._opened()
            # Whatever the operator said of old mail: what came meanwhile must not be missed.
            self.is_new_after_damage = True

    def _opened(self) -> sqlite3.Connection:
        self._path.touch(FILE_MODE)
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS_MAX, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("quick_check finds damage")
            connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._connection.close()

    def folder(self, account: str, name: str) -> FolderLedger:
        """The pages of one folder."""
        with self.writing() as cursor:
            cursor.execute(
                "INSERT INTO folder (account, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (account, name),
            )
            found = cursor.execute(
                "SELECT id FROM folder WHERE account = ? AND name = ?", (account, name)
            )
            return FolderLedger(self, found.fetchone()[0])

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """One transaction."""
        with self._lock:
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")


class FolderLedger:
    """What is known of one folder."""

    def __init__(self, ledger: Ledger, folder_id: int) -> None:
        self._ledger = ledger
        self._id = folder_id

    @property
    def cursor(self) -> int:
        """The highest UID that was taken or is left alone; what is above it is new."""
        return int(max(self._facts("cursor", "floor")))

    @property
    def since(self) -> str | None:
        """The day (ISO) before which mail is left alone; None: none is."""
        since: str | None = self._facts("since")[0]
        return since

    def begin(self, uidvalidity: int, uidnext: int | None, *, leave_before: str | None) -> bool:
        """Take up a folder that was opened; True if its UIDs mean something new.

        ``leave_before`` is today at a first start that leaves old mail alone, else None.
        """
        known, cursor, floor = self._facts("uidvalidity", "cursor", "floor")
        is_first = known == 0
        # UIDs only rise. If the next one is one we have seen, the folder was made anew.
        is_reused = uidnext is not None and uidnext <= max(cursor, floor)
        if known == uidvalidity and not is_reused:
            return False
        leaves = is_first and leave_before is not None and not self._ledger.is_new_after_damage
        with self._ledger.writing() as writing:
            writing.execute("DELETE FROM taken WHERE folder = ?", (self._id,))
            writing.execute(
                "UPDATE folder SET uidvalidity = ?, cursor = 0, floor = ? WHERE id = ?",
                (uidvalidity, (uidnext or 1) - 1 if leaves else 0, self._id),
            )
            if leaves:
                writing.execute(
                    "UPDATE folder SET since = ? WHERE id = ?", (leave_before, self._id)
                )
        return not is_first

    def due(self, present: Iterable[int]) -> list[int]:
        """Which of these UIDs were never taken, rising."""
        (floor,) = self._facts("floor")
        with self._ledger.writing() as reading:
            rows = reading.execute("SELECT uid FROM taken WHERE folder = ?", (self._id,))
            taken = {uid for (uid,) in rows}
        return sorted(uid for uid in present if uid > floor and uid not in taken)

    def record(self, uid: int, spool_id: str, at: datetime, *, is_too_big: bool) -> None:
        """This mail is in the spool."""
        with self._ledger.writing() as writing:
            writing.execute(
                "INSERT OR IGNORE INTO taken (folder, uid, spool_id, is_too_big) "
                "VALUES (?, ?, ?, ?)",
                (self._id, uid, spool_id, is_too_big),
            )
            writing.execute(
                "UPDATE folder SET cursor = max(cursor, ?), taken = taken + 1, mail_at = ? "
                "WHERE id = ?",
                (uid, at.isoformat(timespec="seconds"), self._id),
            )

    def settle(self, uids: Sequence[int]) -> None:
        """These are flagged, moved, or left as the operator wants them."""
        with self._ledger.writing() as writing:
            writing.executemany(
                "UPDATE taken SET is_settled = 1 WHERE folder = ? AND uid = ?",
                [(self._id, uid) for uid in uids],
            )

    def unsettled(self) -> tuple[Unsettled, ...]:
        """What was taken and not flagged or moved, rising."""
        with self._ledger.writing() as reading:
            rows = reading.execute(
                "SELECT uid, is_too_big FROM taken WHERE folder = ? AND is_settled = 0 "
                "ORDER BY uid",
                (self._id,),
            )
            return tuple(Unsettled(uid, bool(is_too_big)) for uid, is_too_big in rows)

    def forget_absent(self, present: Iterable[int]) -> None:
        """Drop what is in the folder no more: its UID never comes again."""
        here = frozenset(present)
        with self._ledger.writing() as writing:
            rows = writing.execute("SELECT uid FROM taken WHERE folder = ?", (self._id,))
            gone = [(self._id, uid) for (uid,) in rows if uid not in here]
            writing.executemany("DELETE FROM taken WHERE folder = ? AND uid = ?", gone)

    def note_state(self, state: str, at: datetime) -> None:
        """For ``mailtrack status``: how the session stands, and since when."""
        with self._ledger.writing() as writing:
            writing.execute(
                "UPDATE folder SET state = ?, state_at = ? WHERE id = ? AND state != ?",
                (state, at.isoformat(timespec="seconds"), self._id, state),
            )

    def note_error(self, error: str, at: datetime) -> None:
        """The same: what last went wrong."""
        with self._ledger.writing() as writing:
            writing.execute(
                "UPDATE folder SET error = ?, error_at = ? WHERE id = ?",
                (error, at.isoformat(timespec="seconds"), self._id),
            )

    def _facts(self, *names: str) -> tuple[Any, ...]:
        with self._ledger.writing() as reading:
            wanted = ", ".join(names)  # of ours, never from outside
            question = f"SELECT {wanted} FROM folder WHERE id = ?"  # noqa: S608
            facts: tuple[Any, ...] = reading.execute(question, (self._id,)).fetchone()
        return facts


def statuses(state_folder: Path) -> tuple[FolderStatus, ...]:
    """How all folders stand, for another process than the daemon; none if there is no file."""
    return tuple(
        FolderStatus(*row)
        for row in _read(
            state_folder,
            "SELECT account, name, state, state_at, mail_at, taken, error, error_at "
            "FROM folder ORDER BY account, name",
        )
    )


def fetched(state_folder: Path) -> tuple[Fetched, ...]:
    """All mails that were taken and are in their folders still; none if there is no file."""
    return tuple(
        Fetched(*row)
        for row in _read(
            state_folder,
            "SELECT account, name, uid, spool_id FROM taken JOIN folder ON folder.id = folder "
            "ORDER BY account, name, uid",
        )
    )


def fetch_again(state_folder: Path, spool_ids: Iterable[str]) -> None:
    """Forget that these were taken. No desk may be at work."""
    connection = sqlite3.connect(state_folder / FILE_NAME, timeout=BUSY_SECONDS_MAX)
    try:
        with connection:
            connection.executemany(
                "DELETE FROM taken WHERE spool_id = ?", [(one,) for one in spool_ids]
            )
    finally:
        connection.close()


def copy_ledger(state_folder: Path, target_folder: Path) -> None:
    """A whole copy beside a running desk; nothing if no folder was ever fetched from."""
    if not (state_folder / FILE_NAME).is_file():
        return
    (target_folder / FILE_NAME).touch(FILE_MODE)
    source = sqlite3.connect(state_folder / FILE_NAME, timeout=BUSY_SECONDS_MAX)
    target = sqlite3.connect(target_folder / FILE_NAME)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()


def _read(state_folder: Path, question: str) -> list[tuple[Any, ...]]:
    path = state_folder / FILE_NAME
    if not path.is_file():
        return []
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS_MAX)
    try:
        return connection.execute(question).fetchall()
    except sqlite3.DatabaseError:
        return []
    finally:
        connection.close()
