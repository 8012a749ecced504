"""``mailtrack serve``: run the desk until it is told to stop."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from mailtrack import log
from mailtrack.clock import clock_from
from mailtrack.config import Loaded, load
from mailtrack.config.models import LogFormat
from mailtrack.daemon import Daemon
from mailtrack.errors import PermanentFailure
from mailtrack.operator.place import called, config_folder

# mallopt(3): blocks from this size on are mapped by themselves and go back when they are freed.
M_MMAP_THRESHOLD: Final = -3
LARGE_BLOCK_BYTES: Final = 256 * 1024


def run(arguments: Namespace) -> int:
    """Start, say where everything is, and serve."""
    folder = config_folder(arguments)
    loaded = load(folder)
    formats = {LogFormat.AUTO: None, LogFormat.TEXT: False, LogFormat.JSON: True}
    log.set_up(level=loaded.config.log_level.value, json=formats[loaded.config.log_format])
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    _give_large_blocks_back()
    try:
        asyncio.run(_serve(folder, loaded))
    except OSError as error:
        raise PermanentFailure(_why(error, folder)) from error
    return os.EX_OK


def _give_large_blocks_back() -> None:
    """Let the memory of a large mail go back to the system when the mail is through.

    Left alone, glibc raises its threshold after the first large block and keeps what follows:
    a hundred mails of 20 MB left 430 MB in use, and now leave 140.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc's; another C library may have none
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


async def _serve(folder: Path, loaded: Loaded) -> None:
    daemon = Daemon(folder, loaded, now=clock_from(os.environ))
    await daemon.serve(ready=lambda: print(welcome(folder, loaded), flush=True))


def welcome(folder: Path, loaded: Loaded) -> str:
    """What a newcomer needs to know: how to send a first mail, and where the answers lie."""
    config, policy = loaded.config, loaded.policy
    lines = [f"{policy.desk_name} is ready. Configuration: {folder}"]
    listening = [
        f"{name} on {one.listen}"
        for name, one in (
            ("SMTP", config.smtp),
            ("LMTP", config.lmtp),
            ("submission", config.submission.listener if config.submission else None),
        )
        if one is not None
    ]
    listening += [f"IMAP from {one.user} at {one.host}" for one in config.imap]
    lines.append(f"Mail comes in by {' and '.join(listening) or 'the pipe only'}.")
    if config.outgoing.smarthost is not None:
        host, port = config.outgoing.smarthost.host, config.outgoing.smarthost.port
        lines.append(f"Letters leave through {host}:{port}.")
        return "\n".join(lines)
    lines.append(f"Letters go into Maildirs under {config.outgoing.maildirs}/ADDRESS/new/.")
    if config.smtp is not None and config.smtp.listen.path is None:
        lines += _first_mail(loaded, config.smtp.listen.port)
    return "\n".join(lines)


def _first_mail(loaded: Loaded, port: int) -> list[str]:
    desk = loaded.policy.addresses[0][0]
    team = [one.address for one in loaded.policy.agents if one.is_active and one.queues]
    mail = loaded.config.outgoing.maildirs
    agent = team[0] if team else desk
    return [
        "",
        "Send a first mail, from another terminal:",
        "",
        "    python3 - <<'END'",
        "    import smtplib",
        f"    s = smtplib.SMTP('127.0.0.1', {port})",
        f"    s.sendmail('cara@cust.example', '{desk}', 'From: Cara <cara@cust.example>\\n'",
        f"               'To: {desk}\\nSubject: Printer on fire\\n\\nIt burns.')",
        "    END",
        "",
        "The answers, within a second or two:",
        f"    {mail}/cara@cust.example/new/    her acknowledgement",
        *(f"    {mail}/{address}/new/    the agent's notification" for address in team[:2]),
        "",
        "Read and answer as an agent, for instance with neomutt:",
        f"    neomutt -f {mail}/{agent} \\",
        f"      -e 'set from={agent} use_envelope_from=yes reply_to=yes' \\",
        f"      -e 'set smtp_url=smtp://127.0.0.1:{port}/ ssl_starttls=no ssl_force_tls=no'",
        "",
        f"A whole support day to watch:  {called()} demo      Stop here:  Ctrl-C",
    ]


def _why(error: OSError, folder: Path) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"a listening place is taken already ({error.filename}): another program, or "
            f"another mailtrack, listens there. Stop it, or change what stands below intake in "
            f"{folder / 'mailtrack.yaml'} (`{called()} init FOLDER` makes one of your own)"
        )
    return f"{error.strerror}: {error.filename or ''}".rstrip(": ")
