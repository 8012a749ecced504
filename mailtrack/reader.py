"""Reads mails so that a hostile one costs only itself: in processes that can be killed.

A small mail that the prescan finds harmless is read at once, because that is bounded. Any
other goes to a worker with limits of memory, processor time and wall time; whatever breaks
them dies there, and the caller is told. Workers start with the first mail that needs one and
leave when there was none for a while, so an idle desk carries none of them. ``mail.parse``
does the reading; nothing here looks into a mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import multiprocessing
import os
import resource
import signal
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from types import ModuleType
from typing import Final

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from mailtrack.errors import MailtrackError
from mailtrack.mail.envelope import RawFile
from mailtrack.mail.message import ParsedMail

MEMORY_BYTES_MAX: Final = 512 * 1024 * 1024
CPU_SECONDS_MAX: Final = 15
OPEN_FILES_MAX: Final = 64
# A worker is renewed after so many mails: whatever a library leaks goes with it.
MAILS_PER_WORKER_MAX: Final = 500
# What is heavy waits for what is light: taking mail and answering it come first.
NICENESS: Final = 5
# How long beyond a mail's own time nothing may be read at all before workers count as stuck.
STALL_SECONDS: Final = 10.0

# Past the wall time; killed, or dead of its limits; never started; out of memory.
_DEATHS: Final = (FutureTimeout, ProcessExpired, BrokenProcessPool, MemoryError, OSError)


class ReaderDied(MailtrackError):
    """The worker that read a mail was killed or broke. Reading it shallowly may help."""


class Reader:
    """Reads mails, at most ``workers`` heavy ones at a time, each for ``wall_seconds``.

    Large ones, which are read from their file, take half of the workers at most.

    Belongs to one event loop. ``idle_seconds`` after the last heavy mail the workers end.
    """

    def __init__(
        self,
        workers: int = 1,
        wall_seconds: float = 20.0,
        *,
        cpu_seconds: int = CPU_SECONDS_MAX,
        memory_bytes: int = MEMORY_BYTES_MAX,
        idle_seconds: float = 30.0,
    ) -> None:
        self._workers = workers
        self._wall_seconds = wall_seconds
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._idle_seconds = idle_seconds
        # The other half stays free for what is small, and memory for the rest of the desk.
        self._room_for_large = asyncio.Semaphore(max(1, workers // 2))
        self._pool: ProcessPool | None = None
        self._under_way: set[ProcessFuture[ParsedMail]] = set()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    async def read(self, raw: bytes | RawFile, *, shallow: bool = False) -> ParsedMail:
        """The mail. Raises ``ReaderDied`` when its reader had to be killed or broke."""
        if isinstance(raw, bytes) and parsers().is_harmless(raw):
            return _parsed(raw, shallow=shallow)
        async with (
            self._room_for_large if isinstance(raw, RawFile) else contextlib.nullcontext()
        ):
            return await self._read_in_worker(raw, shallow=shallow)

    async def _read_in_worker(self, raw: bytes | RawFile, *, shallow: bool) -> ParsedMail:
        arguments = (raw, shallow, self._cpu_seconds)
        future = self._started().schedule(read_in_worker, arguments, timeout=self._wall_seconds)
        if not self._under_way:
            self._watch()
        self._under_way.add(future)
        try:
            return await asyncio.wrap_future(future)
        except _DEATHS as error:
            raise ReaderDied(f"its reader ended: {type(error).__name__}") from error
        except asyncio.CancelledError:
            # ``close`` cancels what is under way; only a caller who is cancelled is told so.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise ReaderDied("the readers were closed") from None
        finally:
            self._under_way.discard(future)
            self._watch()
            self._rest()

    async def close(self) -> None:
        """End the workers. What they were reading is broken off with ``ReaderDied``."""
        for timer in (self._idle_timer, self._stall_timer):
            if timer:
                timer.cancel()
        for future in tuple(self._under_way):
            future.cancel()  # type: ignore[no-untyped-call]  # pebble types most of itself
        pool, self._pool = self._pool, None
        if pool:
            await asyncio.to_thread(_ended, pool)

    def _started(self) -> ProcessPool:
        if self._idle_timer:
            self._idle_timer.cancel()
        if self._pool is None or not self._pool.active:
            # ``fork`` would copy the desk's threads and sockets; ``spawn`` starts clean.
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=MAILS_PER_WORKER_MAX,
                initializer=_fenced,
                initargs=(self._memory_bytes,),
                context=multiprocessing.get_context("spawn"),
            )
        return self._pool

    def _watch(self) -> None:
        """Count anew: a mail has its own limit only from when a worker has taken it.

        Workers that take none, because they were stopped or hang as they start, would be waited
        for until the end of days (F33).
        """
        if self._stall_timer:
            self._stall_timer.cancel()
        loop = asyncio.get_running_loop()
        self._stall_timer = loop.call_later(self._wall_seconds + STALL_SECONDS, self._break)

    def _break(self) -> None:
        """Nothing was read for longer than a mail may take: these workers will not move."""
        if self._under_way and self._pool:
            pool, self._pool = self._pool, None
            for future in tuple(self._under_way):
                future.cancel()  # type: ignore[no-untyped-call]  # as in ``close``
            asyncio.get_running_loop().run_in_executor(None, _killed, pool)

    def _rest(self) -> None:
        """Let the workers go after a while without a heavy mail."""
        if not self._under_way and self._pool:
            loop = asyncio.get_running_loop()
            self._idle_timer = loop.call_later(self._idle_seconds, self._leave)

    def _leave(self) -> None:
        pool, self._pool = self._pool, None
        if pool:
            asyncio.get_running_loop().run_in_executor(None, _ended, pool)


def _ended(pool: ProcessPool) -> None:
    # ``stop`` would close the pipe under the thread that still writes a large mail into it.
    pool.close()  # type: ignore[no-untyped-call]  # as above
    pool.join()


def _killed(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # as above
    pool.join()


def _fenced(memory_bytes: int) -> None:
    """The limits of a worker's whole life. It has no business with signals of the terminal.

    It is silent too: what a library logs of a stranger's bytes would pass no redaction here.
    """
    parsers()  # before any mail's time begins to run
    with contextlib.suppress(PermissionError):  # a fence of the operator's may forbid it
        os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_MAX, OPEN_FILES_MAX))


def read_in_worker(raw: bytes | RawFile, shallow: bool, cpu_seconds: int) -> ParsedMail:
    """In the worker: one mail, under a limit of processor time of its own."""
    spend_at_most(cpu_seconds)
    return _parsed(raw if isinstance(raw, bytes) else _content_of(raw), shallow=shallow)


def _content_of(raw: RawFile) -> bytes:
    with raw.path.open("rb") as file:
        file.seek(raw.start_bytes)
        return file.read()


@cache
def parsers() -> ModuleType:
    """``mail.parse`` and all it needs, loaded when first asked for: an eighth of a start."""
    return importlib.import_module("mailtrack.mail.parse")


def _parsed(raw: bytes, *, shallow: bool) -> ParsedMail:
    mail: ParsedMail = parsers().parse(raw, shallow=shallow)
    return mail


def spend_at_most(cpu_seconds: int) -> None:
    """Die after so many seconds of processor time from now on.

    The limit counts from the birth of a process, and a worker reads many mails.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + cpu_seconds + 1, hard))
