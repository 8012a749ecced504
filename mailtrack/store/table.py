"""What all tables have in common."""

from __future__ import annotations

from sqlmodel import SQLModel


class Row(SQLModel):
    """A row. Nothing ever validates one, so no start waits for a validator of each table."""

    model_config = {"defer_build": True}
