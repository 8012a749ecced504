"""The upgrade of the tables by alembic, under a lock and in one transaction.

The scripts in ``migrations/versions`` are history: once released they are never changed. What
they make of an empty SQLite database stands in ``migrations/newest.sql``, word for word as a
test sees to, so that a new desk need not load alembic and live through all of it.
"""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

SCRIPTS: Final = Path(__file__).parent / "migrations"
NEWEST: Final = "newest.sql"
BREAK: Final = "\n;;\n"  # between its statements: a trigger has semicolons of its own
LOCK_KEY: Final = 0x6D61696C  # "mail": names the lock of an upgrade on PostgreSQL

# Alembic keeps its running context in a module, so a process upgrades one database at a time.
_one_at_a_time = threading.Lock()


def upgrade(engine: Engine) -> None:
    """Bring the tables up to the newest version, whole or not at all.

    Between processes the lock is the transaction itself on SQLite (it begins IMMEDIATE), and an
    advisory lock on PostgreSQL.
    """
    with _one_at_a_time, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        if _version(connection) == newest_version() or _is_made_anew(connection):
            return
        # Imported only now: alembic costs a fifth of a second, and a start seldom needs it.
        importlib.import_module("mailtrack.store.upgrade").to_newest(connection, SCRIPTS)


def _is_made_anew(connection: Connection) -> bool:
    """Make all tables at once, if there are none yet and this is SQLite; whether it was."""
    if connection.dialect.name != "sqlite" or inspect(connection).get_table_names():
        return False
    version, *statements = (SCRIPTS / NEWEST).read_text("utf-8").strip().split(BREAK)
    if version != f"-- {newest_version()}":
        return False
    for statement in statements:
        connection.exec_driver_sql(statement)
    return True


def newest_version() -> str:
    """The revision of the newest script: its file is named after it."""
    return max(path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py"))


def _version(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return found
