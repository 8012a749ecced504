"""Alembic at work, apart from ``schema`` so that a start that needs no upgrade imports none."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def to_newest(connection: Connection, scripts: Path) -> None:
    """Run every script that the database has not seen, in this very transaction."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
