"""The upgrade of the tables by alembic, under a lock and in one transaction.

The scripts in ``migrations/versions`` are history: once released they are never changed. A
fresh database runs through all of them like an old one, so there is one way to the present.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

SCRIPTS: Final = Path(__file__).parent / "migrations"
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
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
