"""The heartbeat: APScheduler strikes, and everything that may be due is looked at.

It remembers nothing. Deadlines are rows, so a restart loses and doubles nothing; a beat that
comes late finds all that fell due meanwhile, and a beat that finds nothing costs one question.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mailtrack import log
from mailtrack.clerk import Clerk
from mailtrack.errors import TemporaryFailure
from mailtrack.outbox.sender import Sender

DEADLINES_SECONDS: Final = 2
OUTBOX_SECONDS: Final = 5
FILES_SECONDS: Final = 5
ERRANDS_SECONDS: Final = 5
WATCHDOG_SECONDS: Final = 20
HEALTH_SECONDS: Final = 20

_log = log.get("clock")


class Clock:
    """Strikes while it runs; what is handed in as a function has a beat of its own.

    ``is_pressing``: something was found before the first beat, so we look around at once.
    """

    def __init__(
        self,
        *,
        clerk: Clerk,
        sender: Sender,
        now: Callable[[], datetime],
        look_at_files: Callable[[], Awaitable[None]],
        run_errands: Callable[[], Awaitable[None]],
        still_alive: Callable[[], None],
        look_around: Callable[[], Awaitable[None]],
        is_pressing: bool = False,
    ) -> None:
        self._clerk, self._sender, self._now = clerk, sender, now
        self._look_at_files, self._still_alive = look_at_files, still_alive
        self._look_around, self._is_pressing = look_around, is_pressing
        self._run_errands = run_errands
        # The library's default lets a beat fall out after one late second, without a word.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)

    def start(self) -> None:
        """Begin to strike, on the running loop."""
        beats = (
            (self._deadlines, DEADLINES_SECONDS),
            (self._outbox, OUTBOX_SECONDS),
            (self._files, FILES_SECONDS),
            (self._errands, ERRANDS_SECONDS),
            (self._alive, WATCHDOG_SECONDS),
            (self._health, HEALTH_SECONDS),
        )
        for beat, seconds in beats:
            self._scheduler.add_job(_until_stopped(beat), "interval", seconds=seconds)
        if self._is_pressing:
            soon = datetime.now(UTC) + timedelta(seconds=DEADLINES_SECONDS)
            self._scheduler.add_job(_until_stopped(self._health), "date", run_date=soon)
        self._scheduler.start()

    def stop(self) -> None:
        """Strike no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _deadlines(self) -> None:
        # The pipe and the operator's commands write without ringing.
        self._clerk.ring()
        tick_id = f"tick.{self._now().strftime('%Y%m%dT%H%M%S.%f')}"
        try:
            await self._clerk.tick(tick_id)
        except TemporaryFailure as failure:
            _log.warning("tick_deferred", reason=failure.reason)

    async def _outbox(self) -> None:
        self._sender.ring()

    async def _files(self) -> None:
        await self._look_at_files()

    async def _health(self) -> None:
        try:
            await self._look_around()
        except TemporaryFailure as failure:
            _log.warning("health_unknown", reason=failure.reason)

    async def _errands(self) -> None:
        await self._run_errands()

    async def _alive(self) -> None:
        self._still_alive()


def _until_stopped(beat: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """The beat; that a stop breaks it off is nothing to be told with a traceback."""

    @functools.wraps(beat)
    async def struck() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await beat()

    return struck


def clock_from(environ: Mapping[str, str]) -> Callable[[], datetime]:
    """The time; with MAILTRACK_CLOCK, a file that holds an offset in seconds to real time.

    For tests and rehearsals of deadlines: the whole desk lives at the moved time.
    """
    path = environ.get("MAILTRACK_CLOCK")
    if not path:
        return lambda: datetime.now(UTC)
    file = Path(path)

    def moved() -> datetime:
        real = datetime.now(UTC)
        try:
            offset = float(file.read_text("ascii"))
        except (OSError, ValueError):
            return real
        return datetime.fromtimestamp(real.timestamp() + offset, UTC)

    return moved
