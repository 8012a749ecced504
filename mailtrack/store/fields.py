"""The fields of a ticket as the journal spells them, and as the columns hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

from mailtrack.store.cells import Cells
from mailtrack.store.codec import json_from_texts
from mailtrack.tickets.decision import Field
from mailtrack.tickets.ticket import Priority, Status


def cells_from_change(field: Field, new: str) -> Cells:
    """The columns that a journal text sets. Raises ``ValueError`` for a text of no such field.

    ``finished_at`` follows the status, but needs to know what was there: see ``ledger``.
    """
    match field:
        case Field.STATUS:
            return {"status": Status(new).value}
        case Field.PRIORITY:
            return {"priority": Priority(new).value}
        case Field.QUEUE | Field.LANGUAGE | Field.REQUESTER:
            return {field.value: new}
        case Field.OWNER | Field.CATEGORY | Field.SLA_POLICY:
            return {field.value: new or None}
        case Field.MINUTES_SPENT:
            return {"minutes_spent": int(new)}
        case Field.MERGED_INTO:
            return {"merged_into": int(new) if new else None}
        case Field.DUE_AT:
            return {"due_at": datetime.fromisoformat(new).astimezone(UTC) if new else None}
        case Field.TAGS | Field.PARTNER_TAGS:
            return {field.value: json_from_texts(texts_from_change(field, new))}
        case _:
            assert_never(field)


def texts_from_change(field: Field, new: str) -> tuple[str, ...]:
    """The tags of a journal text: one blank between ours, a line each of other desks'."""
    if field is Field.PARTNER_TAGS:
        return tuple(new.split("\n")) if new else ()
    return tuple(new.split())
