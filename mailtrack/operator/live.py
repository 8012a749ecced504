"""``mailtrack check --through HOST``: test mails by the way that real mail takes.

It needs the desk at work, for the desk is where they come back. Read ``probing`` next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from mailtrack.config import Loaded
from mailtrack.config.settings import Outgoing
from mailtrack.desk.policy import Queue
from mailtrack.intake.spoollock import is_at_work
from mailtrack.operator import forged, replies, round_trip
from mailtrack.operator.findings import Finding, advice, bad, clean
from mailtrack.operator.probing import Trial, tried
from mailtrack.outbox.courier import SmtpCourier, Timeouts
from mailtrack.outbox.delivery import Courier
from mailtrack.outbox.relay import Relay, Tls
from mailtrack.places import Places
from mailtrack.probes import Probe, Probes
from mailtrack.ways import courier_for

SMTP_PORT: Final = 25
QUEUES_MAX: Final = 20
TIMEOUTS: Final = Timeouts(connect=10.0, command=30.0, content=60.0)
TEST: Final = "the desk"


def live_findings(
    loaded: Loaded, server: tuple[str, int], *, seconds_max: float
) -> tuple[Finding, ...]:
    """What the test mails have shown."""
    places = Places(loaded.config.state)
    if not is_at_work(places.spool):
        mend = f"systemctl start mailtrack, or mailtrack serve. Its state: {places.state}"
        return (bad(TEST, "it is not running, and test mails come back to it", mend),)
    probes = Probes(places.probes)
    try:
        is_known = probes.would_be_known(loaded.policy.keys)
    except OSError as error:
        return (_not_ours(error),)
    if not is_known:
        mend = (
            "If they or mailtrack were just changed, wait a moment, or restart it. If systemd "
            "hands them over, say here where they are:\n"
            "MAILTRACK_TOKEN_KEYS_FILE=/etc/mailtrack/secrets/token-keys mailtrack check …"
        )
        return (bad(TEST, "the one that runs has other keys than are found from here", mend),)
    relay = Relay(*server, Tls.NONE)
    entrance = SmtpCourier(relay, hostname=loaded.config.hostname, timeouts=TIMEOUTS)

    async def run() -> tuple[Finding, ...]:
        couriers: list[Courier] = [entrance]
        try:
            trials = _trials(loaded, probes, couriers, seconds_max=seconds_max)
        except OSError as error:
            return (_not_ours(error),)
        try:
            return await tried(trials, probes, places.archive, seconds_max=seconds_max)
        finally:
            for one in couriers:
                await one.close()

    return (*asyncio.run(run()), *_left_out(loaded))


def _not_ours(error: OSError) -> Finding:
    mend = "Run this as the user of the desk: sudo -u mailtrack mailtrack check …"
    return bad(TEST, f"it cannot be told of test mails: {clean(str(error))}", mend)


def _trials(
    loaded: Loaded, probes: Probes, couriers: list[Courier], *, seconds_max: float
) -> tuple[Trial, ...]:
    policy, config = loaded.policy, loaded.config
    (entrance,) = couriers
    mint = _minting(loaded, probes)
    trials = [
        forged.trial(
            policy,
            mint(),
            mint(),
            courier=entrance,
            name=config.hostname,
            seconds=seconds_max,
        ),
        *(
            replies.trial(policy, queue, mint(), courier=entrance, seconds=seconds_max)
            for queue in _queues(loaded)
        ),
    ]
    if config.outgoing.smarthost is not None:
        couriers.append(courier_for(config))
        trials.append(
            round_trip.trial(
                policy, config.outgoing.dkim, mint(), courier=couriers[-1], seconds=seconds_max
            )
        )
    return tuple(trials)


def _minting(loaded: Loaded, probes: Probes) -> Callable[[], Probe]:
    return lambda: probes.mint(loaded.policy.keys, now=datetime.now(UTC))


def _queues(loaded: Loaded) -> tuple[Queue, ...]:
    """A queue of each address: answers to queues that share one come by the same way."""
    by_address = {one.address.key: one for one in reversed(loaded.policy.queues)}
    return tuple(by_address.values())[::-1][:QUEUES_MAX]


def _left_out(loaded: Loaded) -> tuple[Finding, ...]:
    outgoing: Outgoing = loaded.config.outgoing
    if outgoing.smarthost is None:
        return (advice(round_trip.TEST, "not tried: letters go into Maildirs, to no relay"),)
    return ()
