"""``mailtrack quarantine``: mail that broke its readers."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from dataclasses import dataclass
from datetime import UTC, datetime

from mailtrack.desk.ended import OPERATOR
from mailtrack.intake.spool import Spool
from mailtrack.operator.place import NoDesk, loaded_desk, open_database
from mailtrack.places import Places
from mailtrack.store import ledger, waiting
from mailtrack.store.database import Database
from mailtrack.tickets.decision import Decision, Disposition, EndQuarantine, Reason
from mailtrack.tickets.waiting import Quarantined, QuarantineState


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file set apart, and its row; None for a file that no row knows."""

    spool_id: str
    row: Quarantined | None

    @property
    def name(self) -> str:
        return self.row.quarantine_id if self.row else self.spool_id


def run(arguments: Namespace) -> int:
    """List, show the raw mail, let it be tried again, or take it off the list."""
    loaded = loaded_desk(arguments)
    folder = Places(loaded.config.state).spool
    if not folder.is_dir():
        raise NoDesk(f"no desk has run here yet: {folder} is missing")
    spool, database = Spool(folder), open_database(loaded)
    try:
        kept = _kept(spool, database)
        if arguments.action == "list":
            print(_as_json(kept) if arguments.json else _page(kept))
            return os.EX_OK
        return max(_one(spool, database, kept, one, arguments.action) for one in arguments.ids)
    finally:
        database.close()


def _kept(spool: Spool, database: Database) -> tuple[_Kept, ...]:
    with database.reading() as session:
        return tuple(
            _Kept(one, waiting.quarantined_as(session, one)) for one in spool.quarantined()
        )


def _one(
    spool: Spool, database: Database, kept: tuple[_Kept, ...], wanted: str, action: str
) -> int:
    names = (wanted, wanted.upper())
    found = next((one for one in kept if one.spool_id == wanted or one.name in names), None)
    if found is None:
        print(f"{wanted} is not in quarantine; see `mailtrack quarantine`", file=sys.stderr)
        return os.EX_USAGE
    if action == "show":
        place = spool.root / "quarantine" / f"{found.spool_id}.eml"
        sys.stdout.buffer.write(place.read_bytes())
        return os.EX_OK
    if found.row is not None:
        state = QuarantineState.RETRY if action == "retry" else QuarantineState.REJECTED
        _write(database, found.row, state)
    elif action == "retry":
        spool.release(found.spool_id)
    done = "is read again by the running desk" if action == "retry" else "is rejected, and kept"
    print(f"{found.name} {done}.")
    return os.EX_OK


def _write(database: Database, row: Quarantined, state: QuarantineState) -> None:
    now = datetime.now(UTC)
    decision = Decision(
        Disposition.TICK,
        (EndQuarantine(row.quarantine_id, state, OPERATOR),),
        trace=(Reason("quarantine", f"{row.quarantine_id} {state.value}: the operator"),),
    )
    tick_id = f"operator.{row.quarantine_id}.{now.strftime('%Y%m%dT%H%M%S.%f')}"
    with database.transaction() as session:
        ledger.record_tick(session, decision, tick_id=tick_id, at=now)


def _page(kept: tuple[_Kept, ...]) -> str:
    if not kept:
        return "Nothing is in quarantine."
    rows = [f"{one.name:6} {one.spool_id}  {_about(one.row)}" for one in kept]
    return "\n".join((*rows, "", "mailtrack quarantine show|retry|reject Q3"))


def _about(row: Quarantined | None) -> str:
    if row is None:
        return "unknown to the database"
    return f"{row.at:%Y-%m-%d %H:%M}  {row.state.value:8} {row.sender_shown[:40]}: {row.reason}"


def _as_json(kept: tuple[_Kept, ...]) -> str:
    return json.dumps(
        [
            {
                "quarantine_id": one.row.quarantine_id if one.row else None,
                "spool_id": one.spool_id,
                "state": one.row.state.value if one.row else None,
                "reason": one.row.reason if one.row else None,
                "ticket": one.row.number if one.row else None,
                "at": one.row.at.isoformat() if one.row else None,
            }
            for one in kept
        ],
        indent=1,
    )
