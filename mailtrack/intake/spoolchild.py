"""The process that writes mails to disk for the daemon; ``spoolprocess`` starts and asks it.

In one process the thread that comes back from the disk waits for the loop to let Python go,
five times for each mail; a process of its own waits for the disk alone.

Orders come in on a socket: a fixed header and then what it counts. Outcomes go back as JSON, a
line for a batch. It ends when the socket does, whatever is in hand: who gets no outcome was not
promised anything. Signals are for the daemon, which decides when all is written.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from mailtrack import __version__
from mailtrack.intake.spooldisk import Order, Outcome, SpoolDisk, WriterThreads
from mailtrack.intake.spooldraft import Draft

# More of them share the disk no better, and take the processor from the daemon.
THREADS_MAX: Final = 2
RECEIVE_BYTES: Final = 256 * 1024
IGNORED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# The order's number, the microsecond that its id must come after, and the bytes of its path,
# of the envelope line's beginning and of the mail, which follow.
_HEADER: Final = struct.Struct(">QQHII")


class Report(NamedTuple):
    """What the process says: first its version alone, then outcomes.

    ``broken_because`` is told with each from the moment on that a sync failed.
    """

    version: str
    outcomes: tuple[Outcome, ...] = ()
    broken_because: str | None = None


def packed(order: Order) -> bytes:
    """An order as it goes through the socket. Its draft must not be begun."""
    path = os.fsencode(order.draft.path)
    header = _HEADER.pack(
        order.number, order.above, len(path), len(order.opening), len(order.rest)
    )
    return b"".join((header, path, order.opening, order.rest))


def take_orders(received: bytearray) -> Iterable[Order]:
    """Take the whole orders from the beginning of what was received."""
    while len(received) >= _HEADER.size:
        number, above, *lengths = _HEADER.unpack_from(received)
        if len(received) < _HEADER.size + sum(lengths):
            return
        at, parts = _HEADER.size, []
        for length in lengths:
            parts.append(bytes(received[at : at + length]))
            at += length
        del received[:at]
        path, opening, rest = parts
        yield Order(number, Draft(Path(os.fsdecode(path))), opening, rest, above)


def line_from(report: Report) -> bytes:
    """A report as it goes through the socket."""
    rows = [(*outcome[:4], *_failure(outcome.error)) for outcome in report.outcomes]
    return json.dumps((report.version, rows, report.broken_because)).encode("ascii") + b"\n"


def report_from(line: bytes) -> Report:
    """What a line says. Raises ValueError if it is none of ours."""
    version, rows, broken_because = json.loads(line)
    outcomes = tuple(_outcome_from(*row) for row in rows)
    return Report(version, outcomes, broken_because)


def _outcome_from(
    number: int, spool_id: str, size_bytes: int, sha256: str, code: int | None, text: str
) -> Outcome:
    return Outcome(number, spool_id, size_bytes, sha256, _error_from(code, text))


def _failure(error: Exception | None) -> tuple[int | None, str]:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno, error.strerror or ""
    return None, f"{type(error).__name__}: {error}" if error else ""


def _error_from(code: int | None, text: str) -> Exception | None:
    if code is not None:
        return OSError(code, text)
    return RuntimeError(text) if text else None


def main(descriptor: int, new: Path) -> None:
    """Work for the daemon at the other end of the socket until that is gone."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    disk, telling = SpoolDisk(new), threading.Lock()
    with socket.socket(fileno=descriptor) as daemon:

        def tell(outcomes: Iterable[Outcome] = ()) -> None:
            line = line_from(Report(__version__, tuple(outcomes), disk.broken_because))
            with telling:
                daemon.sendall(line)

        threads = ThreadPoolExecutor(THREADS_MAX)
        writers = WriterThreads(disk, threads, threads_max=THREADS_MAX, tell=tell)
        received = bytearray()
        tell()
        while piece := daemon.recv(RECEIVE_BYTES):
            received += piece
            for order in take_orders(received):
                writers.add(order)


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError):  # the daemon went first
        main(int(sys.argv[1]), Path(sys.argv[2]))
    os._exit(0)  # not waiting for the threads: nobody hears what they do now
