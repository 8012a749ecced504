"""What is derived is made anew: for ``mailtrack fsck --mend``, and for nobody else.

What is not derived from anything is never invented: it comes from a backup.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, insert, text, update

from mailtrack.store import outgoing
from mailtrack.store.audit import loads_that_differ, tags_said
from mailtrack.store.database import Session
from mailtrack.store.tables import AGENT, TAG

_INDEX_REBUILD: Final = text("INSERT INTO entry_search(entry_search) VALUES('rebuild')")


def mend(session: Session) -> None:
    """Make anew the search index, the index of tags, the agents' loads; free stale claims.

    Only with the spool's lock in hand: a running sender's claims are not stale.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.execute(_INDEX_REBUILD)
    connection.execute(delete(TAG))
    cells = [{"tag": tag, "number": number} for tag, number in sorted(tags_said(connection))]
    if cells:
        connection.execute(insert(TAG), cells)
    for name, tickets in loads_that_differ(connection):
        statement = update(AGENT).where(AGENT.c.name == name)
        connection.execute(statement.values(open_tickets=tickets))
    outgoing.release_claims(session)
