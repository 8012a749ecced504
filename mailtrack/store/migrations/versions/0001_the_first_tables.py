"""The first tables, and the full text index over what was said."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# An index without a copy: the words stay in `entry`, whose columns these are. Prefixes of two
# and three characters are kept, so that a unique beginning of a word is found at once.
_SEARCH = """
CREATE VIRTUAL TABLE entry_search USING fts5(
    subject, text, author_shown, author,
    content='entry', content_rowid='id',
    tokenize='unicode61 remove_diacritics 2', prefix='2 3'
)
"""


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("open_tickets", sa.Integer(), nullable=False),
        sa.Column("away_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "customer",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "held",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("spool_id", sa.String(), nullable=False),
        sa.Column("raw_sha256", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("sender_shown", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("permits", sa.String(), nullable=False),
        sa.Column("envelope", sa.String(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("brackets", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_index("ix_held_state", "held", ["state"])

    op.create_table(
        "receipt",
        sa.Column("spool_id", sa.String(), nullable=False),
        sa.Column("disposition", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("held_serial", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_tick", sa.Boolean(), nullable=False),
        sa.Column("raw_sha256", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("sender_key", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("trace", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("spool_id"),
    )
    op.create_index("receipt_by_bytes", "receipt", ["raw_sha256", "at"])
    op.create_index("receipt_by_content", "receipt", ["content_hash", "sender_key", "at"])
    op.create_index("receipt_by_end", "receipt", ["is_tick", "disposition", "held_serial"])
    op.create_index("receipt_by_ticket", "receipt", ["number", "at"])

    op.create_table(
        "ticket",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sla_policy", sa.String(), nullable=True),
        sa.Column("minutes_spent", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("partner_tags", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ticket_by_change", "ticket", ["changed_at"])
    op.create_index("ticket_by_owner", "ticket", ["owner", "status"])
    op.create_index("ticket_by_queue", "ticket", ["queue", "status"])
    op.create_index("ticket_by_requester", "ticket", ["requester", "opened_at"])
    op.create_index("ticket_by_status", "ticket", ["status", "changed_at"])

    op.create_table(
        "token",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ticket_uuid", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_revoked", sa.Boolean(), nullable=False),
        sa.Column("held_id", sa.String(), nullable=True),
        sa.Column("letter_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("handle"),
    )
    op.create_index("token_by_ticket", "token", ["number", "purpose", "is_revoked"])

    op.create_table(
        "turn",
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("group"),
    )
    op.create_table(
        "clock",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_seconds", sa.Integer(), nullable=False),
        sa.Column("elapsed_seconds", sa.Integer(), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_rebased", sa.Boolean(), nullable=False),
        sa.Column("rungs_told", sa.String(), nullable=False),
        sa.Column("next_rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("number", "metric", "cycle"),
    )
    op.create_index("ix_clock_next_rung_at", "clock", ["next_rung_at"])

    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("author_shown", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("raw_sha256", sa.String(), nullable=True),
        sa.Column("attachments", sa.String(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry_id"),
    )
    op.create_index("entry_by_ticket", "entry", ["number", "id"])

    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("old", sa.String(), nullable=False),
        sa.Column("new", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("journal_by_actor", "journal", ["number", "actor", "id"])
    op.create_index("journal_by_ticket", "journal", ["number", "id"])

    op.create_table(
        "known_id",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_known_id_message_id", "known_id", ["message_id"])
    op.create_index("known_id_by_ticket", "known_id", ["number", "id"])

    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_key", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("brake", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounce_status", sa.String(), nullable=True),
        sa.Column("bounce_diagnostic", sa.String(), nullable=False),
        sa.Column("bounce_is_permanent", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("letter_id"),
    )
    _index_brakes("letter_that_brakes", ["written_at"])
    op.create_index("letter_by_state", "letter", ["state"])
    op.create_index("letter_by_ticket", "letter", ["number", "id"])
    op.create_index("letter_due", "letter", ["due_at", "id"])
    op.create_index("letter_in_line", "letter", ["number", "due_at"])
    _index_brakes("letter_to_domain", ["domain", "written_at"])
    _index_brakes("letter_to_person", ["person", "written_at"])

    op.create_table(
        "link",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("other", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.ForeignKeyConstraint(
            ["other"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("number", "other"),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("participant_once", "participant", ["number", "person"], unique=True)

    op.create_table(
        "tag",
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["ticket.number"],
        ),
        sa.PrimaryKeyConstraint("tag", "number"),
    )
    op.create_index("ix_tag_number", "tag", ["number"])

    op.create_table(
        "letter_mail",
        sa.Column("letter_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("mail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"],
            ["letter.letter_id"],
        ),
        sa.PrimaryKeyConstraint("letter_id"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_SEARCH)


def _index_brakes(name: str, columns: list[str]) -> None:
    counts = sa.text("brake IS NOT NULL")
    op.create_index(name, "letter", columns, sqlite_where=counts, postgresql_where=counts)
