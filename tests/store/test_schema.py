"""The upgrade: the scripts make what the tables say, once, whole, and fast."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlmodel import SQLModel

from mailtrack.store import schema
from mailtrack.store.database import Database

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
        assert compare_metadata(context, SQLModel.metadata) == []


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
