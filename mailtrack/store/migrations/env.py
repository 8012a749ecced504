"""Alembic's own entry: it runs the scripts on the connection that ``schema`` hands over."""

from alembic import context
from sqlmodel import SQLModel

import mailtrack.store.tables  # noqa: F401 - the import fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    # SQLite changes a column only by building the table anew.
    render_as_batch=True,
    # We say BEGIN ourselves (see `database`), so that DDL is rolled back on SQLite as well.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
