"""``mailtrack held``: mail that waits for somebody's word, on the operator's own word."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from datetime import UTC, datetime

from mailtrack.config import Loaded
from mailtrack.intake.archive import Archive
from mailtrack.operator.place import loaded_desk, open_database
from mailtrack.store import ledger, lookup
from mailtrack.store.database import Database
from mailtrack.store.waiting import named
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.decision import Decision, Disposition, EndHold, Reason

OPERATOR = "@operator"


def run(arguments: Namespace) -> int:
    """List, show, release or drop."""
    loaded = loaded_desk(arguments)
    database = open_database(loaded)
    try:
        if arguments.action == "list":
            with database.reading() as session:
                waiting = lookup.held_open(session)
            print(_as_json(waiting) if arguments.json else _page(waiting))
            return os.EX_OK
        return max(_one(loaded, database, one, arguments.action) for one in arguments.ids)
    finally:
        database.close()


def _one(loaded: Loaded, database: Database, held_id: str, action: str) -> int:
    with database.reading() as session:
        found = named(session.connection(), (held_id.upper(),))
    held = next((one for one in found if isinstance(one, HeldMail)), None)
    if held is None:
        return _refuse(f"nothing was ever held as {held_id}; see `mailtrack held`")
    if action == "show":
        raw = Archive(loaded.config.state / "archive").raw(held.raw_sha256)
        sys.stdout.buffer.write(raw)
        return os.EX_OK
    # What was rejected can be let through still; what was let through is decided.
    if held.state == "held" or (held.state == "dropped" and action == "release"):
        return _end(database, held, action)
    return _refuse(f"{held.held_id} is {held.state} already")


def _end(database: Database, held: HeldMail, action: str) -> int:
    state = "released" if action == "release" else "dropped"
    now = datetime.now(UTC)
    is_slip = state == "released" and held.reason == "commands"
    decision = Decision(
        Disposition.TICK,
        (EndHold(held.held_id, state, OPERATOR, () if is_slip else None, restores=True),),
        trace=(Reason("held", f"{held.held_id} {state} at the command line"),),
    )
    tick_id = f"operator.{held.held_id}.{now.strftime('%Y%m%dT%H%M%S.%f')}"
    with database.transaction() as session:
        ledger.record_tick(session, decision, tick_id=tick_id, at=now)
    later = " The running desk takes it up within seconds." if state == "released" else ""
    print(f"{held.held_id} {state}.{later}")
    return os.EX_OK


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return os.EX_USAGE


def _page(waiting: tuple[HeldMail, ...]) -> str:
    if not waiting:
        return "Nothing is held."
    rows = [
        f"{one.held_id:6} {one.at:%Y-%m-%d %H:%M}  {one.reason:10} {one.sender_shown[:40]:40} "
        f"{one.subject[:60]}"
        for one in waiting
    ]
    return "\n".join((*rows, "", "mailtrack held show|release|drop H12"))


def _as_json(waiting: tuple[HeldMail, ...]) -> str:
    return json.dumps(
        [
            {
                "held_id": one.held_id,
                "reason": one.reason,
                "person": one.person,
                "ticket": one.number,
                "sender": one.sender_shown,
                "subject": one.subject,
                "at": one.at.isoformat(),
            }
            for one in waiting
        ],
        ensure_ascii=False,
        indent=1,
    )
