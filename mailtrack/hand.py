"""The mails in hand: taken from the spool, counted, read and proved side by side, given out in
order.

Mails are given out in spool order, and what takes long to read is passed by its successors, but
not by those of its own conversation: a reply waits for the mail it answers. It waits a bounded
time, and nobody else waits with it. What is decided about a mail, ``clerk`` knows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from mailtrack import log
from mailtrack.desk.poison import Poison
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.spool import Spool, SpoolShut
from mailtrack.intake.spoolfile import SpoolDamaged
from mailtrack.mail.envelope import Envelope, RawFile
from mailtrack.mail.kin import HEADER_BYTES_MAX, Kin, kin_from
from mailtrack.mail.message import ParsedMail
from mailtrack.reader import Reader, ReaderDied
from mailtrack.tickets.context import Grant
from mailtrack.tickets.reading import Origin

BATCH_MAX: Final = 64
FAILURES_MAX: Final = 3
# Tries are counted before they are made, and a killed daemon counts as one for what it had in
# hand: many kills must not condemn a good mail, one killer must not stop the desk.
TRIES_MAX: Final = 12
# How long a batch waits for its slow mails, so that mails are decided in order. What takes
# longer is passed by its successors.
READ_TOGETHER_SECONDS: Final = 0.1
# How long a mail waits for an earlier one of its conversation: as long as a reader may take,
# with its second, shallow try.
KIN_SECONDS_MAX: Final = 60.0
MOMENT_SECONDS: Final = 0.01
IN_HAND_MAX: Final = 512
LARGE_BYTES_MIN: Final = 256 * 1024  # read where they lie, never in this process
# How soon a mail is tried again whose file is not open to us: somebody has to mend that.
SHUT_SECONDS: Final = 30.0
REPLY_LOCAL_CHARS_MIN: Final = 30  # a reply address holds a token; a desk's own is shorter

UNPROVED: Final = Origin()

Prove = Callable[[ParsedMail, Envelope], Awaitable[Origin]]

_log = log.get("hand")


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail as the clerk has it in hand. ``mail`` None: it could not be read, see ``poison``.

    ``decision_id`` is the spool id, or one of its own for a held mail that was released.
    ``origin`` is what the world said of where it comes from. ``probe_id`` is set for the test
    mail of ``mailtrack check``.
    """

    decision_id: str
    envelope: Envelope
    mail: ParsedMail | None
    poison: Poison | None = None
    grant: Grant | None = None
    origin: Origin = UNPROVED
    probe_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An undecided mail as far as its place in the order goes."""

    kin: Kin
    passes_at: float  # monotonic: when it waits for its kin no longer


class Hand:
    """What was taken from ``spool`` and is not decided. ``bell`` rings when mail comes in.

    ``prove`` asks the world where a mail comes from; in bounded time, and without raising.
    """

    def __init__(
        self, spool: Spool, reader: Reader, prove: Prove, *, bell: asyncio.Event
    ) -> None:
        self._spool, self._reader, self._prove, self._bell = spool, reader, prove, bell
        self._failures: dict[str, int] = {}
        self._readings: dict[str, asyncio.Task[Taken | None]] = {}
        self._undecided: dict[str, _Waiting] = {}
        self._shut: dict[str, float] = {}  # monotonic: when it is tried again
        self.is_stopping = False

    async def next(self, most: int = BATCH_MAX) -> list[Taken | None]:
        """What has been read by now, in the order to decide it; None for an unreadable one.

        Raises TemporaryFailure if the spool could not be read; no mail is blamed for that.
        """
        self._bell.clear()
        new = []
        for spool_id, tries in await asyncio.to_thread(self._batch, most):
            reading = asyncio.create_task(self._take(spool_id, tries))
            self._readings[spool_id] = reading
            new.append(reading)
        if new:
            await asyncio.wait(new, timeout=READ_TOGETHER_SECONDS)
        while not (ended := self._in_order()) and self._may_wait():
            await self._wait_for_a_reading()
        try:
            return list(await asyncio.gather(*[self._readings.pop(name) for name in ended]))
        except TemporaryFailure:
            await asyncio.to_thread(self.forget_tries, ended)
            raise

    def is_through(self, spool_id: str) -> None:
        """The mail was decided, or set apart: nobody waits for it any longer."""
        self._failures.pop(spool_id, None)
        self._undecided.pop(spool_id, None)
        self._shut.pop(spool_id, None)

    def count_failure(self, spool_id: str, reason: str) -> None:
        """The mail broke its reader, or us; it is tried again, shallowly or as poison."""
        self._failures[spool_id] = self.failures_of(spool_id) + 1
        attempts = self._failures[spool_id]
        _log.warning("mail_failed", spool_id=spool_id, reason=reason, attempts=attempts)

    def failures_of(self, spool_id: str) -> int:
        """How often the mail has failed since the daemon started."""
        return self._failures.get(spool_id, 0)

    def forget_tries(self, names: Iterable[str]) -> None:
        """The world failed, not these mails: they are as good as new."""
        for name in names:
            self._spool.attempts_end(name)

    async def lay_down(self) -> None:
        """Break off what is still being read: it waits in the spool, as if never tried."""
        names = list(self._readings)
        readings = [self._readings.pop(name) for name in names]
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)
        await asyncio.to_thread(self.forget_tries, names)

    # Which mails are taken, and in which order they are given out.

    def _batch(self, most: int) -> list[tuple[str, int]]:
        """The next mails not yet in hand, and how often each was tried, this time included.

        What was in hand when we died, or has failed, is taken alone: its neighbours get through
        one by one, however often we are killed, and a mail that kills us stands out. What has
        to wait for its conversation is not even read: it would only fill the memory.
        """
        batch: list[tuple[str, int]] = []
        ahead = list(self._readings)  # the slow ones, then who waits for them
        is_slow = bool(ahead)
        for spool_id in self._spool.waiting(IN_HAND_MAX + len(self._shut)):
            if len(batch) == most:
                break
            if spool_id in self._readings or self._is_shut(spool_id):
                continue
            self._look_at(spool_id)
            if is_slow and self._has_to_wait(spool_id, ahead):
                ahead.append(spool_id)
                continue
            if batch and self._spool.was_tried(spool_id):
                break  # alone, next time: not counted before it is really tried
            tries = self._spool.attempt(spool_id)
            batch.append((spool_id, tries))
            if tries > 1:
                break
        return batch

    def _in_order(self) -> list[str]:
        """The mails that are read and wait for none of their kin; a reply after its mail.

        One that failed is given back first: it will be tried again, and its kin wait for that.
        """
        done = {name: reading for name, reading in self._readings.items() if reading.done()}
        failed = {name for name, one in done.items() if one.exception() or one.result() is None}
        free = done.keys() - failed
        behind = [name for name in self._undecided if name not in free]
        while stuck := {name for name in free if self._has_to_wait(name, behind)}:
            free -= stuck
            behind = list(stuck)
        return sorted(failed) + self._answers_last(sorted(free))

    def _answers_last(self, names: list[str]) -> list[str]:
        """The names in their order, but each mail after the one that it answers."""
        kin = {name: self._undecided[name].kin for name in names}
        owners = {one.own: name for name, one in kin.items() if one.own}
        ordered: list[str] = []
        while names:
            left = set(names)
            ready = [
                name
                for name in names
                if not any(
                    owners.get(named, name) in left - {name}
                    and not kin[owners[named]].answers(kin[name])
                    for named in kin[name].named
                )
            ]
            # Mails that name each other in a ring: somebody has to be the first.
            ordered += ready or names[:1]
            names = [name for name in names if name not in set(ordered)]
        return ordered

    def _has_to_wait(self, name: str, others: Iterable[str]) -> bool:
        """Whether one of the others has to be decided first."""
        one = self._undecided[name]
        if time.monotonic() > one.passes_at:
            return False
        return any(
            _comes_first(other, before=name, kin=self._undecided[other].kin, of=one.kin)
            for other in others
        )

    def _is_shut(self, spool_id: str) -> bool:
        return time.monotonic() < self._shut.get(spool_id, 0.0)

    def _look_at(self, spool_id: str) -> None:
        if spool_id not in self._undecided:
            passes_at = time.monotonic() + KIN_SECONDS_MAX
            self._undecided[spool_id] = _Waiting(self._kin_of(spool_id), passes_at)

    def _kin_of(self, spool_id: str) -> Kin:
        try:
            envelope, head = self._spool.peek(spool_id, HEADER_BYTES_MAX)
        except SpoolDamaged:
            return Kin()
        replies = (one.key for one in envelope.rcpt_to if _may_hold_a_token(one.local))
        return kin_from(head, reply_addresses=tuple(replies))

    def _may_wait(self) -> bool:
        return bool(self._readings) and not self._bell.is_set() and not self.is_stopping

    async def _wait_for_a_reading(self) -> None:
        """Until one of the slow mails is read, something new waits, or patience ends."""
        slow = [one for one in self._readings.values() if not one.done()]
        stuck = [name for name, one in self._readings.items() if one.done()]
        ends = [self._undecided[name].passes_at for name in stuck]
        seconds = max(0.0, min(ends) - time.monotonic()) + MOMENT_SECONDS if ends else None
        rung = asyncio.create_task(self._bell.wait())
        await asyncio.wait({rung, *slow}, timeout=seconds, return_when="FIRST_COMPLETED")
        rung.cancel()

    # Reading one mail: counted before, shallowly after a failure.

    async def _take(self, spool_id: str, tries: int) -> Taken | None:
        """The mail, read."""
        taken = await self._read_one(spool_id, tries)
        if taken is None or taken.mail is None:
            return taken
        return replace(taken, origin=await self._prove(taken.mail, taken.envelope))

    async def _read_one(self, spool_id: str, tries: int) -> Taken | None:
        failures = self.failures_of(spool_id)
        try:
            envelope, raw = await asyncio.to_thread(self._found, spool_id)
        except SpoolDamaged as damaged:
            return await self._damaged(spool_id, damaged.what, tries)
        except SpoolShut as shut:
            self._pass_by(spool_id, shut.reason)
            return None
        if failures >= FAILURES_MAX or tries > TRIES_MAX:
            reason = "it broke every reader" if failures else "the daemon died over it"
            return Taken(spool_id, envelope, None, Poison(reason, max(tries, failures)))
        try:
            mail = await self._reader.read(raw, shallow=failures > 0 or tries > FAILURES_MAX)
        except ReaderDied as died:
            self.count_failure(spool_id, str(died))
            return None
        return Taken(spool_id, envelope, mail)

    def _pass_by(self, spool_id: str, reason: str) -> None:
        """It waits where it is, as good as new, and holds up nobody."""
        _log.error("mail_shut", spool_id=spool_id, reason=reason, seconds=SHUT_SECONDS)
        self._shut[spool_id] = time.monotonic() + SHUT_SECONDS
        self.forget_tries((spool_id,))
        self._undecided.pop(spool_id, None)

    def _found(self, spool_id: str) -> tuple[Envelope, bytes | RawFile]:
        """Proved whole: the mail, or where a large one is."""
        if self._spool.size_bytes(spool_id) >= LARGE_BYTES_MIN:
            return self._spool.locate(spool_id)
        return self._spool.read(spool_id)

    async def _damaged(self, spool_id: str, reason: str, tries: int) -> Taken | None:
        """To be set apart like all that nobody can read; None if the file was taken away."""
        envelope = await asyncio.to_thread(self._spool.salvage, spool_id)
        if envelope is None:
            _log.error("mail_gone", spool_id=spool_id, reason=reason)
            self.forget_tries((spool_id,))
            self.is_through(spool_id)
            return None
        _log.error("mail_quarantined", spool_id=spool_id, reason=reason)
        return Taken(spool_id, envelope, None, Poison(f"its file is damaged: {reason}", tries))


def _comes_first(other: str, *, before: str, kin: Kin, of: Kin) -> bool:
    """Whether ``other`` is decided before: what is answered first, else what came first."""
    if of.answers(kin) != kin.answers(of):
        return of.answers(kin)
    return other < before and of.is_of(kin)


def _may_hold_a_token(local: str) -> bool:
    return len(local) >= REPLY_LOCAL_CHARS_MIN
