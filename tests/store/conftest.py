"""A migrated database for each test: a copy of one that was migrated once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailtrack.store.database import Database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture
def path(migrated: Path, tmp_path: Path) -> Path:
    """The file of the database that `database` opens."""
    return Path(shutil.copy(migrated, tmp_path / "desk.db"))


@pytest.fixture
def open_database(path: Path) -> Iterator[Callable[[], Database]]:
    """Opens the same file once more, as another process would."""
    opened: list[Database] = []

    def open_again() -> Database:
        opened.append(Database(f"sqlite:///{path}"))
        return opened[-1]

    yield open_again
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database: Callable[[], Database]) -> Database:
    return open_database()
