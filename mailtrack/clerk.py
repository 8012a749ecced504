"""Carries one mail, or one tick, along the path: reading ``handle`` is reading the house.

The clerk is handed what waits in the spool (see ``hand``), and decides and applies it in
order, as many mails in one commit as are waiting, each in a savepoint of its own. What fails is
tried again, then read shallowly, then set apart; strangers to its conversation never wait for
it. ``desk.decide`` says what becomes of a mail; nothing here does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mailtrack import log
from mailtrack.desk.case import Case
from mailtrack.desk.decide import decide
from mailtrack.desk.origin import names_to_ask, origin_of
from mailtrack.desk.own_addresses import without_letters_to_us
from mailtrack.desk.own_letters import decide_unacknowledged
from mailtrack.desk.poison import Poison, decide_poison, decide_poison_again
from mailtrack.desk.policy import Policy
from mailtrack.desk.reading import read
from mailtrack.desk.ticking import decide_tick
from mailtrack.desk.waiting import decide_waiting
from mailtrack.desk.web_forms import through_form
from mailtrack.errors import TemporaryFailure
from mailtrack.hand import BATCH_MAX, FAILURES_MAX, Hand, Taken
from mailtrack.intake.archive import Archive
from mailtrack.intake.spool import Spool
from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import ParsedMail
from mailtrack.probes import HEADER as PROBE_HEADER
from mailtrack.probes import Probes, seen_of
from mailtrack.reader import Reader, ReaderDied
from mailtrack.store import ledger, lookup, waiting
from mailtrack.store.database import Database, Session, StoreDamaged, savepoint
from mailtrack.store.outgoing import Claimed
from mailtrack.tickets.context import Grant, HeldMail
from mailtrack.tickets.decision import Decision, Disposition
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Origin, Record
from mailtrack.tickets.waiting import Quarantined, QuarantineState

TICKETS_A_TICK_MAX: Final = 200
RELEASES_MAX: Final = 20
PATIENCE_SECONDS: Final = 0.1
RETRY_SECONDS_MAX: Final = 30.0
# How long a burst of mail is let in before any of it is worked on, and how often we look.
RUSH_SECONDS_MAX: Final = 10.0
RUSH_LOOK_SECONDS: Final = 0.05
BATCH_FIRST: Final = 4

Records = Callable[[Iterable[str]], Awaitable[tuple[Record, ...]]]

_log = log.get("clerk")


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
        decision = _set_apart(session, taken, policy=policy, fresh=fresh)
        _apply(session, decision, taken, now=now)
        return decision
    mail, origin = through_form(mail, taken.origin, policy)
    taken = replace(taken, mail=mail)
    granted = taken.grant.brackets if taken.grant else None
    reading = read(mail, envelope, policy=policy, origin=origin, granted=granted)
    context = lookup.look_up(session, reading, now=now)
    is_probe = taken.probe_id is not None
    decision = decide(
        Case(mail, envelope, reading, context, policy, fresh, taken.grant, is_probe)
    )
    _apply(session, decision, taken, now=now)
    return decision


def tick(session: Session, *, tick_id: str, desk: Desk) -> Decision | None:
    """Decide what is due now and write it; None if nothing is."""
    now, policy = desk.now(), desk.policy()
    fresh = Fresh(now, 0, 0, tick_id, desk.seed())
    held = waiting.look_up_waiting(session, now=now)
    outcome = decide_waiting(held, policy=policy, fresh=fresh)
    tickets = lookup.look_up_tick(session, now=now, limit=TICKETS_A_TICK_MAX)
    storms = lookup.look_up_storms(session, now=now)
    if tickets or storms.marks:
        agents = lookup.agents(session.connection())
        outcome += decide_tick(
            tickets, agents=agents, policy=policy, fresh=fresh, storms=storms
        )
    if not (outcome.effects or outcome.letters):
        return None
    decided = Decision(Disposition.TICK, outcome.effects, outcome.letters, outcome.trace)
    decision = without_letters_to_us(decided, policy)
    ledger.record_tick(session, decision, tick_id=tick_id, at=now)
    return decision


def _set_apart(session: Session, taken: Taken, *, policy: Policy, fresh: Fresh) -> Decision:
    poison = taken.poison or Poison("it could not be read", FAILURES_MAX)
    known = waiting.quarantined_as(session, taken.decision_id)
    if known is not None and known.state in (QuarantineState.RETRY, QuarantineState.TRYING):
        return decide_poison_again(known, poison, policy=policy, fresh=fresh)
    number = waiting.next_quarantine_number(session)
    told_at = waiting.quarantine_told_at(session)
    return decide_poison(
        taken.envelope,
        poison,
        told_at=told_at,
        policy=policy,
        fresh=replace(fresh, quarantine_number=number),
    )


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
    """Works off the spool until stopped. ``letters_written`` is rung when letters wait.

    ``records`` asks the DNS, in bounded time and without raising. ``probes`` are the test mails
    that the operator waits for.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        archive: Archive,
        database: Database,
        reader: Reader,
        desk: Desk,
        letters_written: Callable[[], None],
        records: Records,
        probes: Probes,
    ) -> None:
        self._spool, self._archive = spool, archive
        self._database, self._reader, self._desk = database, reader, desk
        self._letters_written, self._records = letters_written, records
        self._probes = probes
        self._bell = asyncio.Event()
        self._hand = Hand(spool, reader, self._origin, bell=self._bell)
        self._is_stopping = False
        self.handled_count = 0

    def ring(self) -> None:
        """Something waits in the spool. May be called from the loop's own thread only."""
        self._bell.set()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._is_stopping = self._hand.is_stopping = True
        self._bell.set()

    async def run(self) -> None:
        """Work until stopped. A world that fails is waited for, with growing patience."""
        try:
            await self._run()
        finally:
            await self._hand.lay_down()

    async def _run(self) -> None:
        patience = PATIENCE_SECONDS
        while not self._is_stopping:
            self._bell.clear()
            handled_before = self.handled_count
            try:
                await self._work_off()
            except (TemporaryFailure, OSError) as failure:
                if self.handled_count > handled_before:
                    patience = PATIENCE_SECONDS
                _log.warning("batch_deferred", reason=str(failure), seconds=patience)
                await self._wait(patience)
                patience = min(patience * 2, RETRY_SECONDS_MAX)
                continue
            patience = PATIENCE_SECONDS
            await self._wait(None)

    async def _work_off(self) -> None:
        """Batch after batch, until nothing waits.

        While mail pours in, accepting it comes first: both at once would halve the rate of
        either. What pours in for longer than any burst is worked off meanwhile.
        """
        rush_ends_at = time.monotonic() + RUSH_SECONDS_MAX
        most = BATCH_FIRST  # whether it is a rush is seen only after some mails
        while not self._is_stopping:
            if self._spool.is_in_a_rush and time.monotonic() < rush_ends_at:
                await asyncio.sleep(RUSH_LOOK_SECONDS)
                continue
            if not await self.work(most):
                return
            most = min(2 * most, BATCH_MAX)

    async def work(self, most: int = BATCH_MAX) -> int:
        """Handle one batch of what waits; how many mails that were. Raises TemporaryFailure."""
        found = await self._hand.next(most)
        taken = [await self._recognised(one) for one in found if one is not None]
        try:
            done = await asyncio.to_thread(self._decide, taken) if taken else []
        except TemporaryFailure:
            # The world failed, not the mails: however long it does, they are as good as new.
            names = [one.decision_id for one in taken]
            await asyncio.to_thread(self._hand.forget_tries, names)
            raise
        await asyncio.to_thread(self._put_all_away, done)
        # Only now: a letter's attachments are read from the archive.
        if any(decision and decision.letters for _, decision in done):
            self._letters_written()
        released = await self._work_on_released()
        return len(found) + released + await self._try_quarantined_again()

    async def tick(self, tick_id: str) -> None:
        """Let the desk look at what is due. Raises TemporaryFailure."""
        decision = await asyncio.to_thread(self._tick, tick_id)
        if decision is not None and decision.letters:
            _log.info("reminders_written", count=len(decision.letters))
            self._letters_written()

    def list_unacknowledged(self, letter: Claimed) -> None:
        """An acknowledgement is too old to leave: the admins will read of it, once."""
        now, decision_id = self._desk.now(), f"stale.{letter.letter_id}"
        fresh = Fresh(now, 0, 0, decision_id, self._desk.seed())
        # Many end at once and are to stand in one list: each has to see those before it.
        with (
            contextlib.suppress(ledger.AlreadyApplied),
            self._database.transaction() as session,
        ):
            decision = decide_unacknowledged(
                letter.number or 0,
                letter.written_at,
                marks=lookup.look_up_marks(session, now=now),
                policy=self._desk.policy(),
                fresh=fresh,
            )
            ledger.record_tick(session, decision, tick_id=decision_id, at=now)

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _origin(self, mail: ParsedMail, envelope: Envelope) -> Origin:
        """What is proved of where a mail comes from: asked before the transaction."""
        policy = self._desk.policy()
        names = names_to_ask(mail, envelope, policy)
        if not names:
            return origin_of(mail, envelope, policy)
        records = await self._records(names)
        # Signatures are checked beside the loop: the first one loads a library.
        return await asyncio.to_thread(origin_of, mail, envelope, policy, records)

    async def _recognised(self, taken: Taken) -> Taken:
        """The mail, marked if it is the very test mail that the operator waits for."""
        word = taken.mail.header(PROBE_HEADER) if taken.mail else None
        if word is None:
            return taken
        probe_id = await asyncio.to_thread(
            self._probes.recognised,
            word,
            spool_id=taken.decision_id,
            keys=self._desk.policy().keys,
            now=self._desk.now(),
        )
        return replace(taken, probe_id=probe_id)

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
            self._hand.count_failure(taken.decision_id, type(error).__name__)
            _log.exception("mail_broke_us", spool_id=taken.decision_id)
            return []

    def _put_all_away(self, done: Iterable[tuple[Taken, Decision | None]]) -> None:
        for taken, decision in done:
            self._put_away(taken, decision)

    def _put_away(self, taken: Taken, decision: Decision | None) -> None:
        """After the commit: the file moves to the archive, or apart if nobody could read it."""
        spool_id = taken.decision_id
        self._hand.is_through(spool_id)
        self.handled_count += 1
        if taken.poison is not None:
            self._spool.quarantine(spool_id, taken.poison.reason)
        else:
            self._spool.archive(spool_id, self._archive)
        self._spool.attempts_end(spool_id)
        if taken.probe_id is not None:
            seen = seen_of(spool_id, taken.envelope, taken.origin)
            self._probes.tell(taken.probe_id, seen)
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
            origin = await self._origin(mail, held.envelope)
            taken = Taken(decision_id, held.envelope, mail, grant=grant, origin=origin)
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
            if done or self._hand.failures_of(taken.decision_id) >= FAILURES_MAX:
                end = ledger.end_release if done else ledger.hold_again
                end(session, held_id)
        for _, decision in done:
            if decision is not None and decision.letters:
                self._letters_written()
        _log.info("held_mail_released", spool_id=taken.decision_id)

    # Mail in quarantine that somebody wants tried again.

    async def _try_quarantined_again(self) -> int:
        wanted = await asyncio.to_thread(self._wanted_again)
        for item in wanted:
            try:
                self._spool.release(item.spool_id)
            except FileNotFoundError:
                # Moved before we were killed, or by an operator: the row follows.
                _log.info("quarantined_mail_moved_before", spool_id=item.spool_id)
            await asyncio.to_thread(self._tried_again, item)
        return len(wanted)

    def _wanted_again(self) -> tuple[Quarantined, ...]:
        with self._database.reading() as session:
            return waiting.quarantined_to_retry(session)

    def _tried_again(self, item: Quarantined) -> None:
        with self._database.transaction() as session:
            ledger.try_again(session, item.quarantine_id)
        _log.info("quarantined_mail_tried_again", spool_id=item.spool_id)

    def _tick(self, tick_id: str) -> Decision | None:
        with self._database.transaction() as session:
            return tick(session, tick_id=tick_id, desk=self._desk)
