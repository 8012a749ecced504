"""The sender: letters that are due are claimed, composed, handed to the courier, and marked.

At least once: a letter is marked as sent after the relay has it, so a crash in between sends it
again with the same Message-ID. Nothing is decided here and no letter is changed. The store
keeps the order of letters to one person in one ticket.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final, assert_never

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.mail.compose import LetterBlocked, needs_smtputf8
from mailtrack.mail.message import AttachmentRef, OutgoingMail
from mailtrack.outbox.brake import Brake
from mailtrack.outbox.breaker import Breaker
from mailtrack.outbox.delivery import Courier, Deferred, Delivered, Delivery, Refused
from mailtrack.outbox.destinations import Destinations
from mailtrack.outbox.failure import FailureKind as FailureKind
from mailtrack.outbox.failure import LetterFailure as LetterFailure
from mailtrack.outbox.large import LargeLetters
from mailtrack.outbox.marker import STALL_SECONDS, Marker
from mailtrack.outbox.overdue import Overdue
from mailtrack.outbox.retry import PATIENT, Patience, next_try
from mailtrack.outbox.turnstile import Turn, Turnstile
from mailtrack.store import outgoing
from mailtrack.store.outgoing import Claimed, Database, Room, Session
from mailtrack.tickets.letter import is_late_notice, late_notice

logger = log.get(__name__)

HAND_OVERS_MAX: Final = 8  # at the same time
CLAIMED_MAX: Final = 32  # so that a claim, which is a commit, serves many letters
CLAIMED_FOR_DOMAIN_MAX: Final = CLAIMED_MAX // 2
LEASE: Final = timedelta(seconds=60)
FILE_WAIT: Final = timedelta(milliseconds=200)
FILE_TRIES_MAX: Final = 5
LOOK_AGAIN_SECONDS: Final = 30.0  # other machines write letters too, and bells can be missed
DRAIN_SECONDS_MAX: Final = 30.0
NOTICE_SECONDS: Final = 60.0  # after a relay is back, until letters say that others are late

ACKNOWLEDGED: Final = "acknowledged"  # why such a letter is sent
NO_ANSWER: Final = "its destination does not answer"

Fetch = Callable[[AttachmentRef], bytes]


class Sender:
    """Sends what the database holds ready. ``ring`` when a letter was written.

    ``compose`` makes a letter's bytes or raises LetterBlocked; ``fetch_attachment`` reads one
    attachment. ``on_failure`` runs in a thread before the letter is marked, so that a crash
    tells twice rather than never; it may use the database. After a restart it may be told of
    the same late letter again.
    """

    def __init__(
        self,
        database: Database,
        courier: Courier,
        *,
        compose: Callable[[OutgoingMail, Fetch], bytes],
        fetch_attachment: Fetch,
        now: Callable[[], datetime],
        on_failure: Callable[[LetterFailure], None] = lambda _failure: None,
        jitter: Callable[[], float] = lambda: secrets.SystemRandom().uniform(-1, 1),
        lease: timedelta = LEASE,
        patience: Patience = PATIENT,
        hand_overs_max: int = HAND_OVERS_MAX,
        brake: Brake | None = None,
    ) -> None:
        self._database = database
        self._courier = courier
        self._compose = compose
        self._fetch = fetch_attachment
        self._now = now
        self._on_failure = on_failure
        self._jitter = jitter
        self._hand_overs = asyncio.Semaphore(hand_overs_max)
        self._large = LargeLetters()
        self._patience = patience
        self._lease = lease
        self._turnstile = Turnstile()
        self._breaker = Breaker()
        self._recovered_at = float("-inf")
        self._destinations = Destinations(
            claims_max=CLAIMED_FOR_DOMAIN_MAX, hand_overs_max=hand_overs_max
        )
        self._brake = brake or Brake()
        self._is_storm = False
        self._bell = asyncio.Event()
        self._is_stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._marker = Marker(database)
        self._overdue = Overdue(
            database, self._marker, now=now, tell=self._tell, patience=patience
        )

    @property
    def is_relay_down(self) -> bool:
        """Whether the relay was in trouble when last tried."""
        return self._breaker.is_tripped

    @property
    def paused_until(self) -> datetime | None:
        """Until when a storm keeps the desk's own letters to customers; None: it does not."""
        return self._brake.storm_ends_at(self._now())

    def ring(self) -> None:
        """Say that a letter may be due; from any thread, as often as you like."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._bell.set)

    async def start(self) -> None:
        """Begin to send."""
        self._loop = asyncio.get_running_loop()
        self._overdue.begin()
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Finish the hand-overs that are under way, then stop. What is left is not lost."""
        self._is_stopping = True
        self._bell.set()
        if self._running is not None:
            await self._running
        flights = tuple(self._in_flight.values())
        if flights:
            _, late = await asyncio.wait(flights, timeout=DRAIN_SECONDS_MAX)
            for task in late:
                task.cancel()
            if late:
                self._marker.cancel()
        await self._courier.close()
        self._loop = None

    async def _run(self) -> None:
        while not self._is_stopping:
            self._bell.clear()
            try:
                claimed = await self._claim()
                for letter in claimed:
                    self._launch(letter)
                await self._overdue.look()
                if not claimed:
                    await self._wait(await self._seconds_to_wait())
            except TemporaryFailure as failure:
                logger.warning("outbox_stalled", reason=failure.reason)
                await self._wait(STALL_SECONDS)
            except Exception as error:
                # A bug of ours must not end the sender: it would be noticed by its silence.
                logger.error("outbox_stalled", exc_info=error)
                await self._wait(STALL_SECONDS)

    async def _claim(self) -> tuple[Claimed, ...]:
        """The letters that may leave now."""
        free = self._free()
        if not free:
            return ()
        in_flight = frozenset(self._in_flight)
        claimed = await asyncio.to_thread(self._claim_now, free, self._room(), in_flight)
        # A lease can end while the relay is slow: then this renewed it. What has landed since
        # the claim may be sent by now.
        return tuple(letter for letter in claimed if letter.letter_id not in in_flight)

    def _free(self) -> int:
        """How many letters may be launched; after trouble with the relay, one to try it."""
        if self._pause_left():
            return 0
        if self._breaker.is_tripped:
            return 0 if self._in_flight else 1
        free = CLAIMED_MAX - len(self._in_flight)
        return free if free >= CLAIMED_MAX // 2 else 0

    def _room(self) -> Room:
        """What may be claimed: no destination all of it, and in a storm only what is urgent."""
        ends_at = self._brake.storm_ends_at(self._now())
        if (ends_at is not None) is not self._is_storm:
            self._is_storm = ends_at is not None
            if ends_at is not None:
                logger.error("letters_paused", not_before=ends_at)
            else:
                logger.warning("letters_resumed")
        return self._destinations.room(
            asyncio.get_running_loop().time(), is_storm=self._is_storm
        )

    def _claim_now(
        self, limit: int, room: Room, in_flight: Collection[str]
    ) -> tuple[Claimed, ...]:
        with self._database.transaction() as session:
            return outgoing.claim(
                session,
                now=self._now(),
                limit=limit,
                lease=self._lease,
                room=room,
                in_flight=in_flight,
            )

    async def _seconds_to_wait(self) -> float:
        """How long nothing is to be done, unless the bell rings (each landing rings it)."""
        if pause := self._pause_left():
            return pause
        if not self._free():
            return LOOK_AGAIN_SECONDS
        room = self._room()
        due = await asyncio.to_thread(self._next_due_at, room)
        storm_ends_at = self._brake.storm_ends_at(self._now())
        waits = [(one - self._now()).total_seconds() for one in (due, storm_ends_at) if one]
        may_try = self._destinations.next_try(asyncio.get_running_loop().time())
        return min((*waits, may_try or LOOK_AGAIN_SECONDS, LOOK_AGAIN_SECONDS))

    def _next_due_at(self, room: Room) -> datetime | None:
        with self._database.reading() as session:
            return outgoing.next_due_at(session, self._now(), room)

    def _pause_left(self) -> float:
        return self._breaker.pause_left(asyncio.get_running_loop().time())

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._bell.wait(), max(seconds, 0.0))
        except TimeoutError:
            return

    # One letter.

    def _launch(self, letter: Claimed) -> None:
        flight = asyncio.create_task(self._send(letter))
        self._in_flight[letter.letter_id] = flight
        self._destinations.take(_domain_of(letter))
        flight.add_done_callback(lambda _: self._land(letter))

    def _land(self, letter: Claimed) -> None:
        self._in_flight.pop(letter.letter_id, None)
        self._destinations.let_go(_domain_of(letter))
        self._bell.set()

    async def _send(self, letter: Claimed) -> None:
        """Hand over and mark: a crash in between sends it again, so one at a time is there."""
        turn = Turn(self._turnstile)
        # Outermost: a large one that waits for another must not keep a place from the small.
        place = self._large.place(letter.mail)
        try:
            async with place, self._destinations.gate(_domain_of(letter)), self._hand_overs:
                if not await self._is_kept(letter):
                    await self._send_in_turn(letter, turn)
        finally:
            turn.end()

    async def _is_kept(self, letter: Claimed) -> bool:
        """Whether it is not tried now: its destination is in trouble, or it is a repeat."""
        now, time = self._now(), asyncio.get_running_loop().time()
        if pause := self._destinations.pause_left(_domain_of(letter), time):
            again_at = now + timedelta(seconds=pause)
            await self._retry(letter, again_at, NO_ANSWER, is_blamed=False)
            return True
        if is_late_notice(letter.why) and time < self._notices_from():
            # What it says may be true no more in a moment.
            again_at = now + timedelta(seconds=NOTICE_SECONDS)
            await self._retry(letter, again_at, letter.reason, is_blamed=False)
            return True
        if letter.why == ACKNOWLEDGED:
            late = now - letter.ready_at
            if late > self._patience.acknowledged_within:
                await self._stop_stale(letter, f"it could not leave for {late.days} days")
                return True
        if before := self._brake.left_before(letter, now):
            reason = f"the same letter left for the same person at {before:%H:%M:%S} UTC"
            await self._marker.mark(
                lambda s: outgoing.mark_stopped(s, letter.letter_id, now, reason)
            )
            logger.error("letter_repeated", letter=letter.letter_id, letter_name=letter.name)
            return True
        return False

    def _notices_from(self) -> float:
        """When letters may say that others are late: the late ones go first."""
        if self._breaker.is_tripped:
            return float("inf")
        return self._recovered_at + NOTICE_SECONDS

    async def _send_in_turn(self, letter: Claimed, turn: Turn) -> None:
        try:
            delivery = await self._hand_over(letter, turn)
        except LetterBlocked as blocked:
            await self._give_up(letter, FailureKind.BLOCKED, str(blocked))
        except FileNotFoundError as error:
            await self._wait_for_file(letter, error)
        except Exception as error:
            logger.error("letter_failed_us", letter=letter.letter_id, exc_info=error)
            await self._put_off(letter, f"our own failure ({type(error).__name__})")
        else:
            await self._record(letter, delivery)

    async def _hand_over(self, letter: Claimed, turn: Turn) -> Delivery:
        if self._pause_left():
            return Deferred(None, "the relay is in trouble", is_relay=True)
        raw = await asyncio.to_thread(self._compose, letter.mail, self._fetch)
        return await self._courier.deliver(
            raw,
            letter_id=letter.letter_id,
            mail_from=letter.mail.mail_from,
            recipient=letter.mail.recipient,
            needs_smtputf8=needs_smtputf8(letter.mail),
            before_content=turn.take,
        )

    async def _record(self, letter: Claimed, delivery: Delivery) -> None:
        if not (isinstance(delivery, Deferred) and delivery.is_relay) and self._breaker.reset():
            self._overdue.relay_down_since = None
            self._recovered_at = asyncio.get_running_loop().time()
            logger.warning("relay_recovered")
        self._judge_destination(_domain_of(letter), delivery)
        match delivery:
            case Delivered():
                await self._note_sent(letter)
            case Deferred(is_relay=True):
                await self._wait_for_relay(letter, delivery.reason)
            case Deferred():
                await self._put_off(letter, delivery.reason)
            case Refused():
                await self._give_up(letter, FailureKind.REFUSED, delivery.reason)
            case _:
                assert_never(delivery)

    def _judge_destination(self, domain: str, delivery: Delivery) -> None:
        """Only silence speaks against a destination: a refusal may be about one mailbox."""
        if isinstance(delivery, Deferred) and delivery.is_relay:
            return
        if not (isinstance(delivery, Deferred) and delivery.is_timeout):
            self._destinations.reset(domain)
        elif self._destinations.trip(domain, asyncio.get_running_loop().time()):
            logger.warning("destination_silent", recipient=f"@{domain}", reason=delivery.reason)

    async def _note_sent(self, letter: Claimed) -> None:
        now, notice = self._now(), late_notice(letter.letter_id)
        is_late = self._overdue.is_late(letter, now)
        self._overdue.forget(letter)
        self._brake.note(letter, now)

        def mark(session: Session) -> None:
            outgoing.mark_sent(session, letter.letter_id, now)
            if is_late:
                outgoing.withdraw_notice(session, notice)

        await self._marker.mark(mark)
        self._log("letter_sent", letter)

    async def _wait_for_relay(self, letter: Claimed, reason: str) -> None:
        """The relay's trouble is not the letter's: its tries are not counted."""
        if self._breaker.trip(asyncio.get_running_loop().time()):
            logger.error("relay_failed", reason=reason)
        self._overdue.relay_down_since = self._overdue.relay_down_since or self._now()
        again_at = self._now() + timedelta(seconds=self._pause_left())
        await self._retry(letter, again_at, reason, is_blamed=False)

    async def _wait_for_file(self, letter: Claimed, error: FileNotFoundError) -> None:
        """An attachment may still be on its way from the spool to the archive."""
        if letter.attempts > FILE_TRIES_MAX:
            await self._put_off(letter, f"an attachment is missing ({error.filename})")
            return
        again_at = self._now() + FILE_WAIT
        reason = "an attachment is not in the archive yet"
        await self._retry(letter, again_at, reason)

    async def _put_off(self, letter: Claimed, reason: str) -> None:
        now = self._now()
        again_at = next_try(
            letter.attempts,
            letter.ready_at,
            now=now,
            jitter=self._jitter(),
            patience=self._patience,
        )
        if again_at is None:
            await self._give_up(letter, FailureKind.GIVEN_UP, reason)
            return
        await self._overdue.tell_if_late(letter, reason)
        await self._retry(letter, again_at, reason)
        self._log("letter_deferred", letter, reason=reason, not_before=again_at)

    async def _retry(
        self, letter: Claimed, at: datetime, reason: str, *, is_blamed: bool = True
    ) -> None:
        await self._marker.mark(
            lambda s: outgoing.mark_retry(s, letter.letter_id, at, reason, is_blamed=is_blamed)
        )

    async def _give_up(self, letter: Claimed, kind: FailureKind, reason: str) -> None:
        now = self._now()
        end = outgoing.mark_blocked if kind is FailureKind.BLOCKED else outgoing.mark_failed
        self._overdue.forget(letter)
        await self._tell(LetterFailure(letter, kind, reason, now))
        await self._marker.mark(lambda s: end(s, letter.letter_id, now, reason))
        self._log("letter_given_up", letter, reason=reason)

    async def _stop_stale(self, letter: Claimed, reason: str) -> None:
        now = self._now()
        self._overdue.forget(letter)
        await self._tell(LetterFailure(letter, FailureKind.STALE, reason, now))
        await self._marker.mark(
            lambda s: outgoing.mark_stopped(s, letter.letter_id, now, reason)
        )
        self._log("letter_stopped", letter, reason=reason)

    async def _tell(self, failure: LetterFailure) -> None:
        try:
            await asyncio.to_thread(self._on_failure, failure)
        except Exception as error:
            logger.error("failure_untold", letter=failure.letter.letter_id, exc_info=error)

    def _log(
        self,
        event: str,
        letter: Claimed,
        *,
        reason: str = "",
        not_before: datetime | None = None,
    ) -> None:
        why = {"reason": reason} if reason else {}
        later = {"not_before": not_before} if not_before else {}
        logger.info(
            event,
            letter=letter.letter_id,
            letter_name=letter.name,
            ticket=letter.number,
            recipient=str(letter.mail.recipient),
            attempts=letter.attempts,
            **why,
            **later,
        )


def _domain_of(letter: Claimed) -> str:
    return letter.mail.recipient.domain
