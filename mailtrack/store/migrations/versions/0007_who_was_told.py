"""Which tickets an agent was told of lately: whose words may stand in an answer by mistake."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("letter_told", "letter", ["person", "id"])
