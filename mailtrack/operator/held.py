"""``mailtrack held``: mail that waits for somebody's word, on the operator's own word."""

from __future__ import annotations

import json
import os
import secrets
import sys
from argparse import Namespace
from datetime import UTC, datetime

from mailtrack.config import Loaded
from mailtrack.desk.ended import decide_at_command_line
from mailtrack.desk.policy import Policy
from mailtrack.intake.archive import Archive
from mailtrack.operator.place import loaded_desk, open_database
from mailtrack.places import Places
from mailtrack.store import ledger, lookup
from mailtrack.store.database import Database, Session
from mailtrack.store.waiting import named
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.decision import Decision
from mailtrack.tickets.fresh import SEED_BYTES, Fresh


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
    if action != "show":
        return _end(loaded, database, held_id, action)
    with database.reading() as session:
        held = _found(session, held_id)
    if held is None:
        return _unknown(held_id)
    raw = Archive(Places(loaded.config.state).archive).raw(held.raw_sha256)
    sys.stdout.buffer.write(raw)
    return os.EX_OK


def _end(loaded: Loaded, database: Database, held_id: str, action: str) -> int:
    """Release or drop it, as the desk decides; it tells the agent who was asked."""
    now, policy = datetime.now(UTC), loaded.policy
    word = "release" if action == "release" else "reject"
    with database.transaction() as session:
        held = _found(session, held_id)
        if held is None:
            return _unknown(held_id)
        tick_id = f"operator.{held.held_id}.{now.strftime('%Y%m%dT%H%M%S.%f')}"
        fresh = Fresh(now, 0, 0, tick_id, secrets.token_bytes(SEED_BYTES))
        decision = decide_at_command_line(held, word, policy=policy, fresh=fresh)
        if decision is None:
            return _refuse(f"{held.held_id} is {held.state} already")
        ledger.record_tick(session, decision, tick_id=tick_id, at=now)
    done = "released" if action == "release" else "dropped"
    later = " The running desk takes it up within seconds." if action == "release" else ""
    print(f"{held.held_id} {done}.{later}{_told(decision, held, policy)}")
    return os.EX_OK


def _told(decision: Decision, held: HeldMail, policy: Policy) -> str:
    if decision.letters:
        names = ", ".join(one.person.removeprefix("@") for one in decision.letters)
        return f" {names} is told by mail."
    if held.person is not None and not policy.keys.keys:
        # systemd may have handed them to the desk alone.
        return " Nobody is told: set MAILTRACK_TOKEN_KEYS_FILE to where the desk's keys are."
    return ""


def _found(session: Session, held_id: str) -> HeldMail | None:
    found = named(session.connection(), (held_id.upper(),))
    return next((one for one in found if isinstance(one, HeldMail)), None)


def _unknown(held_id: str) -> int:
    return _refuse(f"nothing was ever held as {held_id}; see `mailtrack held`")


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
