"""Test mails: sends them, waits until the desk has seen them, and has them judged.

What a trial is about stands in ``forged``, ``replies`` and ``round_trip``; ``live`` puts them
together. The desk answers by ``mailtrack.probes``; nothing else of it is touched.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from mailtrack.intake.archive import Archive
from mailtrack.intake.spoolfile import SpoolDamaged
from mailtrack.mail.address import Address, address_from
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import ParsedMail
from mailtrack.mail.parse import parse
from mailtrack.operator.findings import Finding, bad, clean, unknown
from mailtrack.operator.progress import line
from mailtrack.outbox.delivery import Courier, Deferred, Delivered
from mailtrack.probes import Probe, Probes, Seen

LOOK_SECONDS: Final = 0.1
STRANGER: Final = Address("check", "mailtrack.invalid")  # who is nobody here


@dataclass(frozen=True, slots=True)
class Parcel:
    """A test mail as it is handed over."""

    raw: bytes
    mail_from: Address | None
    recipient: Address


@dataclass(frozen=True, slots=True)
class Came:
    """A test mail as the desk got it."""

    seen: Seen
    raw: bytes
    mail: ParsedMail
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Trial:
    """One test mail and what is asked of it.

    ``refused`` is told the server's words if it does not take the mail, ``lost`` is the answer
    if it does not come back. ``instead`` is tried besides if it is refused.
    """

    test: str
    probe: Probe
    parcel: Parcel
    courier: Courier
    judge: Callable[[Came], tuple[Finding, ...]]
    refused: Callable[[str], Finding]
    lost: Finding
    instead: Trial | None = None


async def tried(
    trials: Sequence[Trial], probes: Probes, archive: Path, *, seconds_max: float
) -> tuple[Finding, ...]:
    """What all trials have shown, in their order, each thing once."""
    found: list[Finding] = []
    out: list[Trial] = []
    in_vain: list[Courier] = []
    for trial in trials:
        if trial.courier in in_vain:  # one mail has waited for it, and that is enough
            _forget(trial, probes)
            continue
        on_its_way, told = await _sent(trial, probes, in_vain)
        found += told
        out += [on_its_way] if on_its_way else []
    came = await _awaited(out, probes, Archive(archive), seconds_max)
    for trial in out:
        back = came.get(trial.probe.id)
        found += trial.judge(back) if back else (trial.lost,)
    return tuple(dict.fromkeys(found))


async def _sent(
    trial: Trial, probes: Probes, in_vain: list[Courier]
) -> tuple[Trial | None, list[Finding]]:
    """The trial whose mail is on its way now, None if none is; and what was found so far.

    A courier that gets nothing to its server is added to ``in_vain``.
    """
    parcel = trial.parcel
    delivery = await trial.courier.deliver(
        parcel.raw,
        letter_id=trial.probe.id,
        mail_from=parcel.mail_from,
        recipient=parcel.recipient,
        needs_smtputf8=not parcel.recipient.is_ascii,
    )
    if isinstance(delivery, Delivered):
        if trial.instead is not None:
            probes.forget(trial.instead.probe.id)
        return trial, []
    told = clean(delivery.reason)
    if isinstance(delivery, Deferred):
        _forget(trial, probes)
        if delivery.is_relay:
            in_vain.append(trial.courier)
            return None, [bad(trial.test, f"the mail could not be handed over: {told}", _MEND)]
        return None, [unknown(trial.test, f"the server asks to come again later: {told}")]
    probes.forget(trial.probe.id)
    first = trial.refused(told)
    if trial.instead is None:
        return None, [first]
    on_its_way, more = await _sent(trial.instead, probes, in_vain)
    # Refused as well: then it was not for what the first one claimed.
    return on_its_way, [first, *more] if on_its_way else more


_MEND: Final = "Is this the server's name, its port, and may this machine connect to it?"


def _forget(trial: Trial, probes: Probes) -> None:
    """Nothing is on its way: no desk has to know these words."""
    for one in (trial, trial.instead):
        if one is not None:
            probes.forget(one.probe.id)


async def _awaited(
    trials: Sequence[Trial], probes: Probes, archive: Archive, seconds_max: float
) -> dict[str, Came]:
    """The mails that came back in time. What is late is filed by the desk all the same."""
    came: dict[str, Came] = {}
    started = time.monotonic()
    while len(came) < len(trials):
        for trial in trials:
            seen = None if trial.probe.id in came else probes.seen(trial.probe.id)
            back = _came(seen, archive) if seen else None
            if back is not None:
                came[trial.probe.id] = back
                probes.forget(trial.probe.id)
        waited = time.monotonic() - started
        _show(len(came), len(trials), waited, seconds_max)
        if waited > seconds_max:
            break
        if len(came) < len(trials):
            await asyncio.sleep(LOOK_SECONDS)
    if trials and sys.stderr.isatty():
        print(file=sys.stderr)
    return came


def _came(seen: Seen, archive: Archive) -> Came | None:
    try:
        raw = archive.raw(seen.sha256)
    except (OSError, SpoolDamaged):
        return None
    recipients = map(address_from, seen.rcpt_to)
    envelope = Envelope(
        spool_id=seen.spool_id,
        mail_from=address_from(seen.mail_from),
        rcpt_to=tuple(one for one in recipients if one is not None),
        received_at=datetime.fromisoformat(seen.received_at),
        front=Front(seen.front),
        peer=seen.peer,
        size_bytes=len(raw),
        sha256=seen.sha256,
    )
    return Came(seen, raw, parse(raw), envelope)


def _show(count: int, of: int, waited: float, seconds_max: float) -> None:
    if sys.stderr.isatty():
        text = line(count, of, "test mails back")
        print(
            f"\r{text} ({waited:.0f} of {seconds_max:.0f} s)",
            end="",
            file=sys.stderr,
            flush=True,
        )
