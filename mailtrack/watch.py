"""Looks after the desk itself: measures what may be wrong, and has it told.

At every look the probes say what is wrong now, the desk decides, and the change is a row, a
letter and a line of the log in one. After the commit the admin's own command is run, which
is the second way when mail does not work. No probe waits for the network.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from mailtrack import log
from mailtrack.clockwatch import NOTE, ClockWatch, boot_from
from mailtrack.desk.alarms import decide_alarms, troubles_in
from mailtrack.desk.policy import Policy
from mailtrack.intake.imap.ledger import FolderStatus, statuses
from mailtrack.intake.spool import Floor, Spool
from mailtrack.store import ledger
from mailtrack.store.alarms import figures, instant_of, look_up_alarms, note_run
from mailtrack.store.database import Database
from mailtrack.tickets.alarm import (
    DISK_LOW,
    IMAP,
    LETTERS_PAUSED,
    RELAY_DOWN,
    SPOOL_STUCK,
    SYNC_FAILED,
    Alarm,
    Trouble,
)
from mailtrack.tickets.decision import Decision, Disposition
from mailtrack.tickets.fresh import Fresh

COMMAND_SECONDS_MAX: Final = 30.0
WAITING_LOOKED_AT_MAX: Final = 100_000
IMAP_AWAY: Final = frozenset({"connecting", "waiting"})  # between tries, and trying
LOW_TIMES_FLOOR: Final = 1.25  # told a quarter above the room at which mail is refused

Probe = Callable[[], Iterable[Trouble]]

_log = log.get("watch")


class Now(Protocol):
    """What a decision needs besides the facts: the policy of the moment, time and chance."""

    @property
    def policy(self) -> Callable[[], Policy]:
        """The rules in force."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The desk's own time, aware UTC."""

    @property
    def seed(self) -> Callable[[], bytes]:
        """Chance."""


class Watch:
    """Asks the ``probes`` and the database; ``command`` is run with name and state.

    ``probes`` may wait for the disk; those ``at_hand`` may not, and are asked on the loop.
    """

    def __init__(
        self,
        database: Database,
        spool: Spool,
        probes: tuple[Probe, ...],
        *,
        desk: Now,
        at_hand: tuple[Probe, ...] = (),
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        command: tuple[str, ...] = (),
        letters_written: Callable[[], None] = lambda: None,
        is_pressing: bool = False,
    ) -> None:
        self.is_pressing = is_pressing
        self._database, self._spool = database, spool
        self._probes, self._at_hand = probes, at_hand
        # A spool id says the time of the machine, which a rehearsal moves the desk away from.
        self._desk, self._wall = desk, wall
        self._command, self._letters_written = command, letters_written

    async def look(self) -> None:
        """Look at everything once. Raises TemporaryFailure if nothing can be remembered."""
        # Values of the loop's own are read on it; the disk and the database may wait.
        troubles = _asked(self._at_hand)
        alarms, letters = await asyncio.to_thread(self._decided, troubles)
        if letters:
            self._letters_written()
        for alarm in alarms:
            if alarm.to_run:
                await self._run(alarm, alarm.to_run)

    def _decided(self, troubles: list[Trouble]) -> tuple[tuple[Alarm, ...], int]:
        now, policy = self._desk.now(), self._desk.policy()
        wall = self._wall()
        waiting = self._spool.waiting(WAITING_LOOKED_AT_MAX)
        newest = instant_of(waiting[-1]) if waiting else None
        found = (*troubles, *_asked(self._probes))
        found += stuck(waiting, policy.alarms.mails_wait_max, wall)
        tick_id = f"alarm.{now.strftime('%Y%m%dT%H%M%S.%f')}"
        with self._database.transaction() as session:
            known = look_up_alarms(session)
            facts = figures(session, wall=wall, waiting_at=newest)
            found += troubles_in(facts, policy=policy.alarms, now=now, wall=wall)
            fresh = Fresh(now, 0, 0, tick_id, self._desk.seed())
            outcome = decide_alarms(found, known, policy=policy, fresh=fresh)
            if outcome.effects:
                ended = Disposition.TICK
                decision = Decision(ended, outcome.effects, outcome.letters, outcome.trace)
                ledger.record_tick(session, decision, tick_id=tick_id, at=now)
            alarms = look_up_alarms(session)
        return alarms, len(outcome.letters)

    async def _run(self, alarm: Alarm, state: str) -> None:
        """Log it, and run the admin's command; a crash before the note has it run again."""
        event = "alarm_raised" if state == "raised" else "alarm_ended"
        say = _log.error if state == "raised" else _log.info
        say(event, alarm=alarm.name, reason=alarm.reason)
        if self._command:
            await run_command((*self._command, alarm.name, state))
        await asyncio.to_thread(self._note, alarm.name, state)

    def _note(self, name: str, state: str) -> None:
        with self._database.transaction() as session:
            note_run(session, name, state)


async def run_command(command: tuple[str, ...]) -> None:
    """Run it without a shell and with no input, for half a minute at most."""
    nothing = asyncio.subprocess.DEVNULL
    try:
        running = await asyncio.create_subprocess_exec(
            *command, stdin=nothing, stdout=nothing, stderr=nothing
        )
    except OSError as error:
        _log.error("alarm_command_failed", path=command[0], reason=str(error.strerror))
        return
    try:
        code = await asyncio.wait_for(running.wait(), COMMAND_SECONDS_MAX)
    except TimeoutError:
        _log.error("alarm_command_failed", path=command[0], reason="it took too long")
        return
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    if code:
        _log.error("alarm_command_failed", path=command[0], reason=f"exit code {code}")


# What may be wrong, each a plain question.


class Sending(Protocol):
    """What the watch asks of the sender of letters."""

    def ring(self) -> None:
        """Letters were written."""

    @property
    def is_relay_down(self) -> bool:
        """Whether the relay was in trouble when last tried."""

    @property
    def paused_until(self) -> datetime | None:
        """Until when a storm keeps the desk's own letters to customers; None: it does not."""


def _asked(probes: tuple[Probe, ...]) -> list[Trouble]:
    return [trouble for probe in probes for trouble in probe()]


def watch_over(
    database: Database,
    spool: Spool,
    *,
    floor: Floor,
    sender: Sending,
    desk: Now,
    command: tuple[str, ...],
    environ: Mapping[str, str],
) -> Watch:
    """The watch of a running desk, with all that may be wrong besides what rows tell."""
    state = spool.root.parent
    # The time that deadlines and tokens live by, which a rehearsal moves.
    clock = ClockWatch(
        state / NOTE, wall=lambda: desk.now().timestamp(), boot=boot_from(environ)
    )
    probes: tuple[Probe, ...] = (
        lambda: disk_low(spool.root, floor),
        clock.troubles,
        lambda: imap_failing(statuses(state)),
    )
    at_hand: tuple[Probe, ...] = (
        lambda: sync_failed(is_broken=spool.is_broken),
        lambda: relay_down(is_down=sender.is_relay_down),
        lambda: letters_paused(sender.paused_until),
    )
    return Watch(
        database,
        spool,
        probes,
        desk=desk,
        at_hand=at_hand,
        command=command,
        letters_written=sender.ring,
        # A clock that was set is told of with the first reminders, not after them.
        is_pressing=clock.has_jumped,
    )


def imap_failing(folders: Iterable[FolderStatus]) -> tuple[Trouble, ...]:
    """The accounts whose mail cannot be fetched, each with its folders' last error."""
    away = [one for one in folders if one.error and one.state in IMAP_AWAY]
    failing = {one.account: one for one in sorted(away, key=lambda one: one.error_at or "")}
    return tuple(Trouble(f"{IMAP}:{one.account}", one.error or "") for one in failing.values())


def stuck(waiting: tuple[str, ...], after: timedelta, now: datetime) -> tuple[Trouble, ...]:
    """Mail that was accepted waits longer in the spool than it may."""
    oldest = instant_of(waiting[0]) if waiting else None
    if oldest is None or now - oldest < after:
        return ()
    minutes = (now - oldest).total_seconds() / 60
    return (
        Trouble(
            SPOOL_STUCK, f"waiting mails: {len(waiting)}, the oldest {minutes:.0f} minutes old"
        ),
    )


def disk_low(folder: Path, floor: Floor) -> tuple[Trouble, ...]:
    """There is hardly more room than that at which mail is refused."""
    usage = shutil.disk_usage(folder)
    refused_at = max(floor.bytes_min, floor.share_min * usage.total)
    if usage.free >= refused_at * LOW_TIMES_FLOOR:
        return ()
    free, least = usage.free // 1024**2, int(refused_at) // 1024**2
    return (Trouble(DISK_LOW, f"{free} MB are free; below {least} MB mail is refused"),)


def sync_failed(*, is_broken: bool) -> tuple[Trouble, ...]:
    """The disk did not keep what it was given: nothing is accepted any more."""
    reason = "a file could not be synced to disk; no mail is accepted until a restart"
    return (Trouble(SYNC_FAILED, reason),) if is_broken else ()


def relay_down(*, is_down: bool) -> tuple[Trouble, ...]:
    """The relay as a whole does not take letters."""
    return (Trouble(RELAY_DOWN, "the relay takes no letters; they wait"),) if is_down else ()


def letters_paused(until: datetime | None) -> tuple[Trouble, ...]:
    """So many letters left at once that what the desk writes to customers waits."""
    if until is None:
        return ()
    reason = f"too many letters left within minutes; the next may go at {until:%H:%M} UTC"
    return (Trouble(LETTERS_PAUSED, reason),)
