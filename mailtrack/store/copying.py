"""A steady copy of the whole database, made while others write; and what it knows.

SQLite copies itself page by page in one reading transaction, PostgreSQL has ``pg_dump``.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url

from mailtrack.errors import MailtrackError
from mailtrack.store.database import Database
from mailtrack.store.status import HANDLED_COUNT
from mailtrack.store.tables import RECEIPT

SQLITE_NAME: Final = "mailtrack.db"
DUMP_NAME: Final = "mailtrack.pgdump"


@dataclass(frozen=True, slots=True)
class Copied:
    """What the copy knows: the mails it handled, by their hashes and in number."""

    hashes: frozenset[str]
    handled: int


class CopyFailed(MailtrackError):
    """The database could not be copied or brought back; nothing else was touched."""


def copy_database(database: Database, url: str, folder: Path) -> Copied:
    """Copy the database into a folder while others write; what the copy knows.

    On PostgreSQL those are read just before the dump, which may know some more.
    """
    if database.is_sqlite:
        return _copy_sqlite(database.path, folder / SQLITE_NAME)
    with database.reading() as session:
        named = select(RECEIPT.c.raw_sha256).where(RECEIPT.c.raw_sha256.is_not(None))
        connection = session.connection()
        copied = Copied(
            frozenset(connection.execute(named).scalars()),
            connection.execute(HANDLED_COUNT).scalar_one(),
        )
    _run_tool("pg_dump", ("--format=custom", f"--file={folder / DUMP_NAME}"), url)
    return copied


def _copy_sqlite(path: Path, target: Path) -> Copied:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        # In one step: a copy in several begins anew after each commit of a busy desk.
        source.backup(copy, pages=-1)
        named = copy.execute("SELECT raw_sha256 FROM receipt WHERE raw_sha256 IS NOT NULL")
        hashes = frozenset(row[0] for row in named)
        question = HANDLED_COUNT.compile(
            dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
        )
        (handled,) = copy.execute(str(question)).fetchone()
        return Copied(hashes, handled)


def restore_dump(url: str, folder: Path) -> None:
    """Fill an empty PostgreSQL database from a dump; all of it or nothing."""
    arguments = ("--no-owner", "--single-transaction", "--exit-on-error")
    _run_tool("pg_restore", (*arguments, f"--dbname={make_url(url).database}"), url, folder)


def _run_tool(
    name: str, arguments: tuple[str, ...], url: str, folder: Path | None = None
) -> None:
    program = shutil.which(name) or _newest_of_debian(name)
    if program is None:
        raise CopyFailed(
            f"{name} is not installed: without it a PostgreSQL database cannot be copied. "
            "Install postgresql-client in the server's version"
        )
    place = make_url(url)
    dump = (str(folder / DUMP_NAME),) if folder is not None else (place.database or "",)
    # No shell; the words are ours and the operator's own URL.
    done = subprocess.run(  # noqa: S603
        (program, *arguments, *dump),
        env={**os.environ, **_environ_of(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CopyFailed(f"{name} failed: {said[0]}")


def _newest_of_debian(name: str) -> str | None:
    """Debian keeps each version in a folder of its own, none of them on the PATH."""
    found = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return max(map(str, found), default=None)


def _environ_of(place: URL) -> dict[str, str]:
    """Where the server is: by the environment, since everybody may read a command line."""
    facts = {
        "PGHOST": place.host,
        "PGPORT": str(place.port) if place.port else None,
        "PGUSER": place.username,
        "PGPASSWORD": str(place.password) if place.password else None,
    }
    return {name: text for name, text in facts.items() if text}
