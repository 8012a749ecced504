"""``mailtrack check``: every mistake at once, with file, line, column and how to mend it.

With ``--dns`` and ``--through`` also whether the world around the desk is set up rightly, and
at its end whom this desk believes. Read ``live``, ``records`` and ``standing`` next.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from argparse import Namespace
from dataclasses import asdict
from typing import Final

from mailtrack.config import Loaded, load
from mailtrack.errors import ConfigError, MailtrackError, Mistake
from mailtrack.intake.imap.front import Probe, probe
from mailtrack.intake.imap.ledger import FILE_NAME
from mailtrack.mailboxes import imap_account_of
from mailtrack.operator.counted import counted
from mailtrack.operator.findings import Finding, exit_code
from mailtrack.operator.place import config_folder
from mailtrack.operator.standing import Standing, standing_of

DNS_PORT: Final = 53
PORT_MAX: Final = 65_535


class BadCall(MailtrackError):
    """An argument names no server."""


def run(arguments: Namespace) -> int:
    """Load everything; 78 if there is a mistake."""
    arguments.config = arguments.folder or arguments.config
    folder = config_folder(arguments)
    try:
        loaded = load(folder)
    except ConfigError as error:
        if arguments.json:
            print(_as_json(error.mistakes))
            return os.EX_CONFIG
        raise
    probes = () if arguments.offline else _probed(loaded)
    if not arguments.json:
        _print_config(folder, loaded, probes)
    findings = _findings(arguments, loaded)
    standing = standing_of(loaded)
    if arguments.json:
        print(_as_json((), loaded.warnings, probes, findings, standing))
    else:
        print(f"\n{standing}")
    code = exit_code(findings)
    return code or (os.EX_TEMPFAIL if any(one.wrong for one in probes) else os.EX_OK)


def _print_config(folder: object, loaded: Loaded, probes: tuple[Probe, ...]) -> None:
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{folder}: {_sum(loaded)}. No mistakes.")
    for advice in _advice(loaded):
        print(f"  {advice}")
    for one in probes:
        print(f"  {_shown(one, loaded)}")


def _findings(arguments: Namespace, loaded: Loaded) -> tuple[Finding, ...]:
    """What the tests that were asked for have shown, told as they end."""
    found: list[Finding] = []
    # Either loads much that a check of the files alone does not need.
    if arguments.dns:
        try:
            records = importlib.import_module("mailtrack.operator.records")
        except ModuleNotFoundError as error:
            raise BadCall(
                "the DNS is asked by a library: pip install 'mailtrack[auth]'"
            ) from error
        servers = _server(arguments.nameserver, DNS_PORT) if arguments.nameserver else None
        found += _told(arguments, "The DNS", records.dns_findings(loaded, servers))
    if arguments.through:
        live = importlib.import_module("mailtrack.operator.live")
        server = _server(arguments.through, live.SMTP_PORT)
        tests = live.live_findings(loaded, server, seconds_max=arguments.wait)
        found += _told(arguments, f"Test mails through {arguments.through}", tests)
    return tuple(found)


def _told(
    arguments: Namespace, title: str, findings: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    if not arguments.json:
        print(f"\n{title}:", *findings, sep="\n")
    return findings


def _server(text: str, default_port: int) -> tuple[str, int]:
    found = server_from(text, default_port)
    if found is None:
        raise BadCall(f"{text!r} names no server; write mx.help.example or 127.0.0.1:2525")
    return found


def server_from(text: str, default_port: int) -> tuple[str, int] | None:
    """Host and port of ``mx.help.example``, ``10.0.0.1:2525`` or ``[::1]:25``; None if none."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(default_port)
    host = host.removeprefix("[").removesuffix("]")
    is_number = port.isascii() and port.isdigit() and len(port) <= len(str(PORT_MAX))
    if not host or not is_number or not 0 < int(port) <= PORT_MAX or not host.isprintable():
        return None
    return host, int(port)


def _probed(loaded: Loaded) -> tuple[Probe, ...]:
    """Each mailbox, tried: all of them at once."""
    accounts = [imap_account_of(one) for one in loaded.config.imap]

    async def all_at_once() -> list[Probe]:
        return list(await asyncio.gather(*(probe(one) for one in accounts)))

    return tuple(asyncio.run(all_at_once())) if accounts else ()


def _shown(one: Probe, loaded: Loaded) -> str:
    folders = ", ".join(f"{name} holds {counted(count, 'mail')}" for name, count in one.folders)
    if one.wrong is not None:
        others = f". {folders}." if folders else ""
        return f"IMAP, {one.account}: {one.wrong}{others}"
    is_new = not (loaded.config.state / FILE_NAME).is_file()
    takes_all = any(account.takes_old_mail for account in loaded.config.imap)
    hint = ""
    if is_new and takes_all and any(count for _, count in one.folders):
        hint = ". The first start takes them all; first_start: new would leave them alone"
    return f"IMAP, {one.account}: the login works; {folders}{hint}."


def _sum(loaded: Loaded) -> str:
    policy = loaded.policy
    return (
        f"{counted(len(policy.queues), 'queue')}, {counted(len(policy.agents), 'agent')}, "
        f"{counted(len(policy.routing), 'rule')}, "
        f"{counted(len(policy.sla_policies), 'SLA policy', 'SLA policies')}, "
        f"{counted(len(policy.stationery.canned_names), 'canned answer')}"
    )


def _advice(loaded: Loaded) -> tuple[str, ...]:
    if loaded.config.outgoing.smarthost is not None:
        return ()
    return (
        f"Letters go into Maildirs under {loaded.config.outgoing.maildirs}. "
        "Set outgoing.smarthost to send them.",
    )


def _as_json(
    mistakes: tuple[Mistake, ...],
    warnings: tuple[Mistake, ...] = (),
    probes: tuple[Probe, ...] = (),
    findings: tuple[Finding, ...] = (),
    standing: Standing | None = None,
) -> str:
    return json.dumps(
        {
            "mistakes": [asdict(one) for one in mistakes],
            "warnings": [asdict(one) for one in warnings],
            "imap": [asdict(one) for one in probes],
            "tests": [asdict(one) for one in findings],
            "trust": asdict(standing) if standing else None,
        },
        ensure_ascii=False,
        indent=1,
    )
