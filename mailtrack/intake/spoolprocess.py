"""The daemon's hold of the process that writes for it: starts it, asks it, notices its end.

It is a help and no need: whenever it is not there, threads of the daemon write (see
``spoolwriter``). What it had in hand when it ended is unknown, so whoever waits for that is put
off; a mail that comes twice by that is recognised, as after any crash.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import mailtrack
from mailtrack import log
from mailtrack.intake.spoolchild import IGNORED, Report, packed, report_from
from mailtrack.intake.spooldisk import Order

logger = log.get(__name__)

COMMAND: tuple[str, ...] = (sys.executable, "-P", "-m", "mailtrack.intake.spoolchild")
START_SECONDS_MAX: Final = 5.0
END_SECONDS_MAX: Final = 5.0
END_LOOK_SECONDS: Final = 0.01
# So long may a disk take for a mail; then it is the process that hangs. With its end, a stop of
# the daemon still ends before a supervisor loses patience.
STALL_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 5.0


class WriterProcess(asyncio.Protocol):
    """One such process. ``told`` gets its reports, ``ended`` the orders it did not answer.

    Both are called in the thread of the loop, ``ended`` when nothing of it is alive.
    """

    def __init__(
        self, *, told: Callable[[Report], None], ended: Callable[[tuple[Order, ...]], None]
    ) -> None:
        self.is_up = False
        self._told = told
        self._ended = ended
        self._orders: dict[int, Order] = {}
        self._given_at: dict[int, float] = {}  # of the loop's clock, oldest first
        self._unsent: list[bytes] = []
        self._received = b""
        self._answered = asyncio.Event()  # or gone
        self._look_timer: asyncio.TimerHandle | None = None
        self._burial: asyncio.Task[None] | None = None
        self._is_gone = asyncio.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None

    async def start(self, new: Path, *, lock: int | None) -> None:
        """Start it, and see it up or ended. It keeps ``lock`` open, so that others wait for it.

        Raises OSError if the machine lets no process begin.
        """
        ours, theirs = socket.socketpair()
        try:
            self._process = _started(theirs.fileno(), new, lock)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)
        try:
            await asyncio.wait_for(self._answered.wait(), START_SECONDS_MAX)
        except TimeoutError:
            logger.warning("spool_process_missing", reason="it does not come up")
        if not self.is_up:
            self._let_go()

    def order(self, order: Order) -> None:
        """Have a mail stored; orders of one turn of the loop go out together."""
        loop = asyncio.get_running_loop()
        if not self._unsent:
            loop.call_soon(self._send)
        self._orders[order.number] = order
        self._given_at[order.number] = loop.time()
        self._unsent.append(packed(order))

    async def close(self) -> None:
        """Let it end, which it does at once, and wait until it has."""
        self._let_go()
        if self._transport:
            await self._is_gone.wait()

    def _send(self) -> None:
        if self.is_up and self._transport:
            self._transport.writelines(self._unsent)
        self._unsent.clear()

    def _look(self) -> None:
        """Once in a while: a process that hangs must not be waited for to the end of days.

        One of its threads may hang while another goes on, so every mail is looked at.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - next(iter(self._given_at.values()), now) > STALL_SECONDS:
            reason = f"nothing was heard of a mail for {STALL_SECONDS:.0f} seconds"
            logger.error("spool_process_strange", reason=reason, count=len(self._orders))
            self._let_go()
        else:
            self._look_timer = loop.call_later(LOOK_SECONDS, self._look)

    def _let_go(self) -> None:
        self.is_up = False
        if self._transport:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._look()

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._take(line)

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_up = False
        self._answered.set()
        if self._look_timer:
            self._look_timer.cancel()
        self._burial = asyncio.ensure_future(self._bury())

    def _take(self, line: bytes) -> None:
        report = report_from(line)
        if report.version != mailtrack.__version__:
            logger.warning("spool_process_strange", reason=f"it is version {report.version}")
            self._let_go()
            return
        for outcome in report.outcomes:
            del self._orders[outcome.number], self._given_at[outcome.number]
        self.is_up = True
        self._answered.set()
        self._told(report)

    async def _bury(self) -> None:
        """Only when it is surely dead are its drafts nobody's."""
        assert self._process is not None, "started before"
        code = await _end_of(self._process)
        left, self._orders = tuple(self._orders.values()), {}
        if code or left:
            logger.error("spool_process_ended", reason=f"exit code {code}", count=len(left))
        self._ended(left)
        self._is_gone.set()


def _started(descriptor: int, new: Path, lock: int | None) -> subprocess.Popen[bytes]:
    """It runs the same code as we do, wherever that was loaded from.

    It is born deaf to the signals that it ignores once it is up: who stops the daemon from a
    terminal, at its start, sends them to both.
    """
    home = str(Path(mailtrack.__file__).parent.parent)
    # What we were told not to look at (python -I) is not for it either.
    others = None if sys.flags.ignore_environment else os.environ.get("PYTHONPATH")
    paths = os.pathsep.join(filter(None, (home, others)))
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
    try:
        return subprocess.Popen(  # noqa: S603 - our own words
            (*COMMAND, str(descriptor), str(new)),
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            pass_fds=(descriptor, *(() if lock is None else (lock,))),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


async def _end_of(process: subprocess.Popen[bytes]) -> int:
    """Wait for its end; how it ended, below zero by that signal.

    Not in a thread: the machine may let none begin, and who sent a mail waits for this.
    """
    loop = asyncio.get_running_loop()
    patient_until = loop.time() + END_SECONDS_MAX
    while (code := process.poll()) is None:
        if loop.time() > patient_until:
            process.kill()
        await asyncio.sleep(END_LOOK_SECONDS)
    return code
