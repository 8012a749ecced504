"""``mailtrack check``: every mistake at once, with file, line, column and how to mend it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from argparse import Namespace
from dataclasses import asdict

from mailtrack.config import Loaded, load
from mailtrack.errors import ConfigError, Mistake
from mailtrack.intake.imap.front import Probe, probe
from mailtrack.intake.imap.ledger import FILE_NAME
from mailtrack.mailboxes import imap_account_of
from mailtrack.operator.place import config_folder


def run(arguments: Namespace) -> int:
    """Load everything; 78 if there is a mistake."""
    arguments.config = arguments.folder or arguments.config
    folder = config_folder(arguments)
    try:
        loaded = load(folder)
    except ConfigError as error:
        if arguments.json:
            print(_as_json(error.mistakes, ()))
            return os.EX_CONFIG
        raise
    probes = () if arguments.offline else _probed(loaded)
    code = os.EX_TEMPFAIL if any(one.wrong for one in probes) else os.EX_OK
    if arguments.json:
        print(_as_json((), loaded.warnings, probes))
        return code
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{folder}: {_sum(loaded)}. No mistakes.")
    for advice in _advice(loaded):
        print(f"  {advice}")
    for one in probes:
        print(f"  {_shown(one, loaded)}")
    return code


def _probed(loaded: Loaded) -> tuple[Probe, ...]:
    """Each mailbox, tried: all of them at once."""
    accounts = [imap_account_of(one) for one in loaded.config.imap]

    async def all_at_once() -> list[Probe]:
        return list(await asyncio.gather(*(probe(one) for one in accounts)))

    return tuple(asyncio.run(all_at_once())) if accounts else ()


def _shown(one: Probe, loaded: Loaded) -> str:
    if one.wrong is not None:
        return f"IMAP, {one.account}: {one.wrong}"
    folders = ", ".join(f"{name} holds {count} mails" for name, count in one.folders)
    is_new = not (loaded.config.state / FILE_NAME).is_file()
    takes_all = any(account.takes_old_mail for account in loaded.config.imap)
    hint = ""
    if is_new and takes_all and any(count for _, count in one.folders):
        hint = ". The first start takes them all; first_start: new would leave them alone"
    return f"IMAP, {one.account}: the login works; {folders}{hint}."


def _sum(loaded: Loaded) -> str:
    policy = loaded.policy
    return (
        f"{len(policy.queues)} queues, {len(policy.agents)} agents, "
        f"{len(policy.routing)} rules, {len(policy.sla_policies)} SLA policies, "
        f"{len(policy.stationery.canned_names)} canned answers"
    )


def _advice(loaded: Loaded) -> tuple[str, ...]:
    found = []
    if not loaded.policy.origin_methods:
        found.append(
            "Agents are known by their reply token and From address together: no way to prove "
            "where mail comes from is configured. The shortest one is trust: {dkim: {}} in "
            "mailtrack.yaml (docs/operations.md, “How to become strict”)."
        )
    if loaded.config.outgoing.smarthost is None:
        found.append(
            f"Letters go into Maildirs under {loaded.config.outgoing.maildirs}. "
            "Set outgoing.smarthost to send them."
        )
    return tuple(found)


def _as_json(
    mistakes: tuple[Mistake, ...], warnings: tuple[Mistake, ...], probes: tuple[Probe, ...] = ()
) -> str:
    return json.dumps(
        {
            "mistakes": [asdict(one) for one in mistakes],
            "warnings": [asdict(one) for one in warnings],
            "imap": [asdict(one) for one in probes],
        },
        ensure_ascii=False,
        indent=1,
    )
