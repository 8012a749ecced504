"""Carries one mail, or one tick, along the path: reading ``handle`` is reading the house.

The clerk takes what waits in the spool, oldest first, has many mails parsed side by side, and
decides and applies them in order, as many in one commit as are waiting, each in a savepoint of
its own. What fails is tried again, then read shallowly, then set apart; its successors never
wait for it. ``desk.decide`` says what becomes of a mail; nothing here does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailtrack import log
from mailtrack.desk.case import Case
from mailtrack.desk.decide import decide
from mailtrack.desk.identity import origin_of
from mailtrack.desk.poison import Poison, decide_poison
from mailtrack.desk.policy import Policy
from mailtrack.desk.reading import read
from mailtrack.desk.ticking import decide_tick
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.archive import Archive
from mailtrack.intake.spool import Spool
from mailtrack.intake.spoolfile import SpoolDamaged
from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import ParsedMail
from mailtrack.reader import Reader, ReaderDied
from mailtrack.store import ledger, lookup
from mailtrack.store.database import Database, Session, StoreDamaged, savepoint
from mailtrack.tickets.context import Grant, HeldMail
from mailtrack.tickets.decision import Decision
from mailtrack.tickets.fresh import Fresh

BATCH_MAX: Final = 64
TICKETS_A_TICK_MAX: Final = 200
RELEASES_MAX: Final = 20
FAILURES_MAX: Final = 3
# Tries are counted before they are made, and a killed daemon counts as one for what it had in
# hand: many kills must not condemn a good mail, one killer must not stop the desk.
TRIES_MAX: Final = 12
RETRY_SECONDS_MAX: Final = 30.0
# How long a batch waits for its slow mails, so that mails are decided in order. What takes
# longer is passed by its successors.
READ_TOGETHER_SECONDS: Final = 0.1
IN_HAND_MAX: Final = 512
LARGE_BYTES_MIN: Final = 256 * 1024
LARGE_IN_MEMORY_MAX: Final = 4

_log = log.get("clerk")


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail as the clerk has it in hand. ``mail`` None: it could not be read, see ``poison``.

    ``decision_id`` is the spool id, or one of its own for a held mail that was released.
    """

    decision_id: str
    envelope: Envelope
    mail: ParsedMail | None
    poison: Poison | None = None
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What a decision needs besides the mail: the policy of the moment, time and chance."""

    policy: Callable[[], Policy]
    now: Callable[[], datetime]
    seed: Callable[[], bytes]


def handle(session: Session, taken: Taken, *, desk: Desk) -> Decision:
    """Decide one mail and write all of it: the one transaction of its life."""
    policy, now = desk.policy(), desk.now()
    number, held_number = lookup.next_numbers(session)
    fresh = Fresh(now, number, held_number, taken.decision_id, desk.seed())
    mail, envelope = taken.mail, taken.envelope
    if mail is None:
        poison = taken.poison or Poison("it could not be read", FAILURES_MAX)
        decision = decide_poison(envelope, poison, policy=policy, fresh=fresh)
        _apply(session, decision, taken, now=now)
        return decision
    reading = read(mail, envelope, policy=policy, origin=origin_of(mail, envelope, policy))
    context = lookup.look_up(session, reading, now=now)
    decision = decide(Case(mail, envelope, reading, context, policy, fresh, taken.grant))
    _apply(session, decision, taken, now=now)
    return decision


def tick(session: Session, *, tick_id: str, desk: Desk) -> Decision | None:
    """Decide what is due now and write it; None if nothing is."""
    now = desk.now()
    tickets = lookup.look_up_tick(session, now=now, limit=TICKETS_A_TICK_MAX)
    storms = lookup.look_up_storms(session, now=now)
    if not (tickets or storms.marks):
        return None
    fresh = Fresh(now, 0, 0, tick_id, desk.seed())
    agents = lookup.agents(session.connection())
    decision = decide_tick(
        tickets, agents=agents, policy=desk.policy(), fresh=fresh, storms=storms
    )
    ledger.record_tick(session, decision, tick_id=tick_id, at=now)
    return decision


def _apply(session: Session, decision: Decision, taken: Taken, *, now: datetime) -> None:
    sender = taken.mail.sender if taken.mail else None
    ledger.apply(
        session,
        decision,
        spool_id=taken.decision_id,
        at=now,
        raw_sha256=taken.envelope.sha256,
        content_hash=taken.mail.content_hash if taken.mail else "",
        sender_key=sender.address.key if sender else None,
        message_id=taken.mail.message_id if taken.mail else None,
    )


class Clerk:
    """Works off the spool until stopped. ``letters_written`` is rung when letters wait."""

    def __init__(
        self,
        *,
        spool: Spool,
        archive: Archive,
        database: Database,
        reader: Reader,
        desk: Desk,
        letters_written: Callable[[], None],
    ) -> None:
        self._spool, self._archive = spool, archive
        self._database, self._reader, self._desk = database, reader, desk
        self._letters_written = letters_written
        self._bell = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._readings: dict[str, asyncio.Task[Taken | None]] = {}
        self._room_for_large = asyncio.Semaphore(LARGE_IN_MEMORY_MAX)
        self._is_stopping = False
        self.handled_count = 0

    def ring(self) -> None:
        """Something waits in the spool. May be called from the loop's own thread only."""
        self._bell.set()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._is_stopping = True
        self._bell.set()

    async def run(self) -> None:
        """Work until stopped. A world that fails is waited for, with growing patience."""
        try:
            await self._run()
        finally:
            await self._lay_down()

    async def _run(self) -> None:
        patience = 0.1
        while not self._is_stopping:
            self._bell.clear()
            try:
                while await self.work():
                    patience = 0.1
                    if self._has_to_stop():
                        return
            except (TemporaryFailure, OSError) as failure:
                _log.warning("batch_deferred", reason=str(failure), seconds=patience)
                await self._wait(patience)
                patience = min(patience * 2, RETRY_SECONDS_MAX)
                continue
            await self._wait(None)

    async def work(self) -> int:
        """Handle one batch of what waits; how many mails that were. Raises TemporaryFailure."""
        found = await self._read_batch()
        taken = [one for one in found if one is not None]
        try:
            done = await asyncio.to_thread(self._decide, taken) if taken else []
        except TemporaryFailure:
            # The world failed, not the mails: however long it does, they are as good as new.
            await asyncio.to_thread(self._forget_tries, [one.decision_id for one in taken])
            raise
        for one, decision in done:
            await asyncio.to_thread(self._put_away, one, decision)
        # Only now: a letter's attachments are read from the archive.
        if any(decision and decision.letters for _, decision in done):
            self._letters_written()
        released = await self._work_on_released()
        return len(found) + released

    async def tick(self, tick_id: str) -> None:
        """Let the desk look at what is due. Raises TemporaryFailure."""
        decision = await asyncio.to_thread(self._tick, tick_id)
        if decision is not None and decision.letters:
            _log.info("reminders_written", count=len(decision.letters))
            self._letters_written()

    def _has_to_stop(self) -> bool:
        return self._is_stopping

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return

    # Taking a mail in hand: counted before it is read, shallowly after a failure.

    def _batch(self) -> list[tuple[str, int]]:
        """The next mails not yet in hand, and how often each was tried, this time included.

        What was in hand when we died, or has failed, is taken alone: its neighbours get through
        one by one, however often we are killed, and a mail that kills us stands out.
        """
        batch: list[tuple[str, int]] = []
        waiting = self._spool.waiting(IN_HAND_MAX)
        for spool_id in [one for one in waiting if one not in self._readings][:BATCH_MAX]:
            tries = self._spool.attempt(spool_id)
            if tries > 1 and batch:
                break
            batch.append((spool_id, tries))
            if tries > 1:
                break
        return batch

    async def _read_batch(self) -> list[Taken | None]:
        """What has been read by now, in spool order; None for a mail that could not be."""
        self._bell.clear()
        new = []
        for spool_id, tries in await asyncio.to_thread(self._batch):
            reading = asyncio.create_task(self._take(spool_id, tries))
            self._readings[spool_id] = reading
            new.append(reading)
        if new:
            await asyncio.wait(new, timeout=READ_TOGETHER_SECONDS)
        if not any(reading.done() for reading in self._readings.values()):
            await self._wait_for_a_reading()
        ended = sorted(name for name, reading in self._readings.items() if reading.done())
        return list(await asyncio.gather(*[self._readings.pop(name) for name in ended]))

    async def _wait_for_a_reading(self) -> None:
        """Until one of the slow mails is read, or something new waits."""
        if not self._readings or self._is_stopping:
            return
        rung = asyncio.create_task(self._bell.wait())
        await asyncio.wait({rung, *self._readings.values()}, return_when="FIRST_COMPLETED")
        rung.cancel()

    async def _lay_down(self) -> None:
        """Break off what is still being read: it waits in the spool, as if never tried."""
        names = list(self._readings)
        readings = [self._readings.pop(name) for name in names]
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)
        await asyncio.to_thread(self._forget_tries, names)

    def _forget_tries(self, names: list[str]) -> None:
        for name in names:
            self._spool.attempts_end(name)

    async def _take(self, spool_id: str, tries: int) -> Taken | None:
        """The mail, read. Few large ones are in memory at one time; small ones pass by."""
        size_bytes = await asyncio.to_thread(self._spool.size_bytes, spool_id)
        room = self._room_for_large if size_bytes >= LARGE_BYTES_MIN else nullcontext()
        async with room:
            return await self._read_one(spool_id, tries)

    async def _read_one(self, spool_id: str, tries: int) -> Taken | None:
        failures = self._failures.get(spool_id, 0)
        try:
            envelope, raw = await asyncio.to_thread(self._spool.read, spool_id)
        except SpoolDamaged as damaged:
            await self._set_apart(spool_id, str(damaged))
            return None
        if failures >= FAILURES_MAX or tries > TRIES_MAX:
            reason = "it broke every reader" if failures else "the daemon died over it"
            return Taken(spool_id, envelope, None, Poison(reason, max(tries, failures)))
        try:
            mail = await self._reader.read(raw, shallow=failures > 0 or tries > FAILURES_MAX)
        except ReaderDied as died:
            self._count_failure(spool_id, str(died))
            return None
        return Taken(spool_id, envelope, mail)

    def _count_failure(self, spool_id: str, reason: str) -> None:
        self._failures[spool_id] = self._failures.get(spool_id, 0) + 1
        attempts = self._failures[spool_id]
        _log.warning("mail_failed", spool_id=spool_id, reason=reason, attempts=attempts)

    async def _set_apart(self, spool_id: str, reason: str) -> None:
        _log.error("mail_quarantined", spool_id=spool_id, reason=reason)
        await asyncio.to_thread(self._spool.quarantine, spool_id, reason)

    # Deciding: one transaction, a savepoint for each mail.

    def _decide(self, taken: list[Taken]) -> list[tuple[Taken, Decision | None]]:
        done: list[tuple[Taken, Decision | None]] = []
        with self._database.transaction() as session:
            for one in taken:
                done += self._decide_one(session, one)
        return done

    def _decide_one(
        self, session: Session, taken: Taken
    ) -> list[tuple[Taken, Decision | None]]:
        try:
            with savepoint(session):
                return [(taken, handle(session, taken, desk=self._desk))]
        except ledger.AlreadyApplied:
            return [(taken, None)]
        except (TemporaryFailure, StoreDamaged):
            raise
        except Exception as error:  # noqa: BLE001 - the one place where a fault of ours ends
            # It fails this mail and no other; after three times the mail is set apart.
            self._count_failure(taken.decision_id, type(error).__name__)
            _log.exception("mail_broke_us", spool_id=taken.decision_id)
            return []

    def _put_away(self, taken: Taken, decision: Decision | None) -> None:
        """After the commit: the file moves to the archive, or apart if nobody could read it."""
        spool_id = taken.decision_id
        self._failures.pop(spool_id, None)
        self.handled_count += 1
        if taken.poison is not None:
            self._spool.quarantine(spool_id, taken.poison.reason)
        else:
            self._spool.archive(spool_id, self._archive)
        self._spool.attempts_end(spool_id)
        if decision is None:
            return
        _log.info(
            "mail_decided",
            spool_id=spool_id,
            disposition=decision.disposition.value,
            ticket=decision.number,
            count=len(decision.letters),
        )

    # Held mails that somebody released since.

    async def _work_on_released(self) -> int:
        waiting = await asyncio.to_thread(self._released)
        for held, grant in waiting:
            try:
                mail = await self._read_released(held)
            except (OSError, ReaderDied) as error:
                # Its copy is gone or unreadable by now: it waits again, and stops nobody.
                _log.error("held_mail_unreadable", spool_id=held.spool_id, reason=str(error))
                await asyncio.to_thread(self._hold_again, held.held_id)
                continue
            decision_id = f"{held.spool_id}.{held.held_id}"
            taken = Taken(decision_id, held.envelope, mail, grant=grant)
            await asyncio.to_thread(self._decide_released, held.held_id, taken)
        return len(waiting)

    async def _read_released(self, held: HeldMail) -> ParsedMail:
        raw = await asyncio.to_thread(self._archive.raw, held.raw_sha256)
        try:
            return await self._reader.read(raw)
        except ReaderDied:
            return await self._reader.read(raw, shallow=True)

    def _hold_again(self, held_id: str) -> None:
        with self._database.transaction() as session:
            ledger.hold_again(session, held_id)

    def _released(self) -> tuple[tuple[HeldMail, Grant], ...]:
        with self._database.reading() as session:
            return lookup.held_to_decide(session, RELEASES_MAX)

    def _decide_released(self, held_id: str, taken: Taken) -> None:
        with self._database.transaction() as session:
            done = self._decide_one(session, taken)
            if done or self._failures.get(taken.decision_id, 0) >= FAILURES_MAX:
                end = ledger.end_release if done else ledger.hold_again
                end(session, held_id)
        for _, decision in done:
            if decision is not None and decision.letters:
                self._letters_written()
        _log.info("held_mail_released", spool_id=taken.decision_id)

    def _tick(self, tick_id: str) -> Decision | None:
        with self._database.transaction() as session:
            return tick(session, tick_id=tick_id, desk=self._desk)
