"""The upgrade: the scripts make what the tables say, once, whole, and fast."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from mailtrack.store import schema
from mailtrack.store.database import Database
from mailtrack.store.tables import LETTER
from mailtrack.store.upgrade import to_newest

FRESH_SECONDS_MAX = 0.25
BROKEN = """
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.execute("CREATE TABLE half_done (id INTEGER)")
    op.execute("THIS IS NO SQL")
"""


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """The tables that FTS5 keeps for itself are none of SQLModel's."""
    return kind != "table" or not (name or "").startswith("entry_search")


def test_the_scripts_make_what_the_tables_say(path: Path) -> None:
    with create_engine(f"sqlite:///{path}").connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        assert compare_metadata(context, LETTER.metadata) == []


def test_what_makes_a_new_database_is_what_the_scripts_make(tmp_path: Path) -> None:
    """`UPDATE_SCHEMA=1` writes it anew, after a new script."""
    path = tmp_path / "by-scripts.db"
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        to_newest(session.connection(), schema.SCRIPTS)
    database.close()
    made = _all_of(path)
    newest = schema.SCRIPTS / schema.NEWEST
    if os.environ.get("UPDATE_SCHEMA"):
        newest.write_text(made, "utf-8")
    assert newest.read_text("utf-8") == made, (
        "UPDATE_SCHEMA=1 .venv/bin/python -m pytest tests/store/test_schema.py"
    )
    anew = tmp_path / "anew.db"
    Database(f"sqlite:///{anew}").migrate()
    assert _all_of(anew) == made


def _all_of(path: Path) -> str:
    """The statements that make this database, but for what FTS5 makes by itself."""
    with closing(sqlite3.connect(path)) as connection:
        shadows = {
            name
            for _, name, kind, *_ in connection.execute("PRAGMA table_list")
            if kind == "shadow"
        }
        rows = connection.execute("SELECT tbl_name, sql FROM sqlite_master ORDER BY rowid")
        made = [_trimmed(sql) for table, sql in rows if sql and table not in shadows]
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    stamp = f"INSERT INTO alembic_version VALUES ('{version}')"
    return schema.BREAK.join((f"-- {version}", *made, stamp)) + "\n"


def _trimmed(statement: str) -> str:
    return "\n".join(line.rstrip() for line in statement.splitlines())


def test_a_fresh_database_is_ready_at_once(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path / 'first.db'}").migrate()  # alembic's own first reading
    times = []
    for attempt in range(3):
        database = Database(f"sqlite:///{tmp_path / f'{attempt}.db'}")
        start = time.process_time()
        database.migrate()
        times.append(time.process_time() - start)
        database.close()
    assert min(times) < FRESH_SECONDS_MAX


def test_migrating_again_changes_nothing(database: Database, path: Path) -> None:
    before = _definitions(path)
    database.migrate()
    assert _definitions(path) == before


def test_several_processes_may_upgrade_at_once(tmp_path: Path) -> None:
    path, versions = tmp_path / "desk.db", list[str]()

    def migrate() -> None:
        database = Database(f"sqlite:///{path}")
        database.migrate()
        versions.append(_version(path))
        database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(versions) == len(threads)


def test_a_failed_upgrade_leaves_the_old_tables(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_database: Callable[[], Database],
) -> None:
    scripts = tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for source in (schema.SCRIPTS / "env.py", *(schema.SCRIPTS / "versions").glob("*.py")):
        target = scripts / source.relative_to(schema.SCRIPTS)
        target.write_bytes(source.read_bytes())
    broken = BROKEN.format(head=_version(path))
    (scripts / "versions" / "9999_broken.py").write_text(broken)
    monkeypatch.setattr(schema, "SCRIPTS", scripts)
    before = _definitions(path)
    with pytest.raises(Exception, match="syntax error"):
        open_database().migrate()
    assert _definitions(path) == before
    assert _version(path) != "9999"


def _definitions(path: Path) -> set[str]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
        indexes = {
            row.name for row in connection.execute(text("SELECT name FROM sqlite_master"))
        }
    engine.dispose()
    return names | indexes


def _version(path: Path) -> str:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
    return str(version)
