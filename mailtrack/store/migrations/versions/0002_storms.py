"""Storms that are on, what is kept back because of them, and how much each agent was told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "storm",
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mark", "number", "person"),
    )
    op.create_index("ix_storm_until", "storm", ["until"])
    op.add_column(
        "agent",
        sa.Column("notified_count", sa.Integer(), nullable=False, server_default="0"),
    )
    op.add_column(
        "agent", sa.Column("notified_since", sa.DateTime(timezone=True), nullable=True)
    )
