"""What waits for somebody's word: who was asked, what is in quarantine, when lists were due."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("held") as held:
        held.add_column(sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
        held.add_column(sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True))
        held.add_column(
            sa.Column("reminders", sa.Integer(), nullable=False, server_default="0")
        )
    # Whoever was held before this was asked then.
    op.execute("UPDATE held SET asked_at = at")
    op.create_table(
        "quarantine",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("spool_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sender_shown", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["number"], ["ticket.number"]),
        sa.PrimaryKeyConstraint("serial"),
        sa.UniqueConstraint("spool_id"),
    )
    op.create_index("ix_quarantine_state", "quarantine", ["state"])
    op.create_table(
        "last_done",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
