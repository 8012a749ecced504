"""Who used a token and when, and the guesses at tokens that are no one's."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "token", sa.Column("strangers", sa.String(), nullable=False, server_default="[]")
    )
    op.add_column("token", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "token", sa.Column("use_count", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_table(
        "guess",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("guess_by_peer", "guess", ["peer", "at"])
    op.create_index("guess_by_time", "guess", ["at"])
    op.create_table(
        "braked_peer",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("peer"),
    )
