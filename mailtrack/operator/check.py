"""``mailtrack check``: every mistake at once, with file, line, column and how to mend it."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from dataclasses import asdict

from mailtrack.config import Loaded, load
from mailtrack.desk.identity import needs_origin
from mailtrack.errors import ConfigError, Mistake
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
    if arguments.json:
        print(_as_json((), loaded.warnings))
        return os.EX_OK
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{folder}: {_sum(loaded)}. No mistakes.")
    for advice in _advice(loaded):
        print(f"  {advice}")
    return os.EX_OK


def _sum(loaded: Loaded) -> str:
    policy = loaded.policy
    return (
        f"{len(policy.queues)} queues, {len(policy.agents)} agents, "
        f"{len(policy.routing)} rules, {len(policy.sla_policies)} SLA policies, "
        f"{len(policy.stationery.canned_names)} canned answers"
    )


def _advice(loaded: Loaded) -> tuple[str, ...]:
    found = []
    if not needs_origin(loaded.policy):
        found.append(
            "Agents are known by their reply token and From address together. To be asked "
            "about everything that nothing proves: trust: {policy: strict} in mailtrack.yaml "
            "(docs/operations.md, “Strict trust”)."
        )
    if loaded.config.outgoing.smarthost is None:
        found.append(
            f"Letters go into Maildirs under {loaded.config.outgoing.maildirs}. "
            "Set outgoing.smarthost to send them."
        )
    return tuple(found)


def _as_json(mistakes: tuple[Mistake, ...], warnings: tuple[Mistake, ...]) -> str:
    return json.dumps(
        {
            "mistakes": [asdict(one) for one in mistakes],
            "warnings": [asdict(one) for one in warnings],
        },
        ensure_ascii=False,
        indent=1,
    )
