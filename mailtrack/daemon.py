"""The only place that knows all parts: builds them from the files, starts and stops them.

Starting goes from the spool outwards, the fronts last, so that whoever gets a 250 gets it from
a whole house; stopping goes the other way, and drains.
"""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from mailtrack import log
from mailtrack.clerk import Clerk, Desk
from mailtrack.clock import Clock
from mailtrack.config import (
    Config,
    Loaded,
    Watched,
    ensure_secrets,
    keep_press,
    key_ring,
    keys_file_of,
)
from mailtrack.desk.own_letters import Undelivered, decide_config_broken, decide_undelivered
from mailtrack.desk.policy import Policy
from mailtrack.errands import Errands
from mailtrack.errors import ConfigError, TemporaryFailure
from mailtrack.intake.archive import Archive
from mailtrack.intake.fronts import Running
from mailtrack.intake.listen import sockets_from_systemd
from mailtrack.intake.reception import Acceptance, Reception
from mailtrack.intake.spool import Floor, Spool
from mailtrack.logins import login_check
from mailtrack.mail.address import Address
from mailtrack.mail.compose import Fetch, LetterBlocked
from mailtrack.mail.message import AttachmentRef, OutgoingMail
from mailtrack.outbox.brake import Brake
from mailtrack.outbox.retry import Patience
from mailtrack.outbox.sender import HAND_OVERS_MAX, FailureKind, LetterFailure, Sender
from mailtrack.places import Places
from mailtrack.probes import Probes
from mailtrack.reader import Reader, parsers
from mailtrack.resolver import Resolver
from mailtrack.store import ledger, lookup, outgoing
from mailtrack.store.database import Database
from mailtrack.tickets.decision import Decision
from mailtrack.tickets.fresh import SEED_BYTES, Fresh
from mailtrack.watch import watch_over
from mailtrack.ways import acceptance_of, composer_for, courier_for, fronts_for, limits_of

_log = log.get("daemon")


class Daemon:
    """One desk at work. ``folder`` holds its YAML files; ``loaded`` is what they say now."""

    def __init__(
        self,
        folder: Path,
        loaded: Loaded,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        config, self._environ, self._now = loaded.config, environ, now
        self._keys = ensure_secrets(config.state, environ=environ)
        self._loaded = loaded.with_keys(self._keys)
        self._loaded_at = now()
        # Of files that cannot be used: what is still to be told of, and what was told last.
        self._untold: ConfigError | None = None
        self._reading_files = asyncio.Lock()
        self._told: ConfigError | None = None
        self._state = config.state
        self._started_as = config
        keys_file = keys_file_of(config.state, environ=environ)
        self._watched = Watched(folder, config.templates, environ=environ, keys=keys_file)
        places = Places(config.state)
        floor = Floor(config.limits.free_disk_bytes_min)
        self.spool = Spool(places.spool, floor=floor)
        self.archive = Archive(places.archive)
        self.database = Database(config.storage_url)
        self.reader = Reader(
            config.reader.workers,
            config.reader.seconds_max,
            memory_bytes=config.reader.memory_bytes_max,
        )
        self._compose = composer_for(config)
        self.sender = self._built_sender(config)
        self.desk = Desk(self._policy, now, lambda: secrets.token_bytes(SEED_BYTES))
        self._probes = Probes(places.probes)
        self.clerk = Clerk(
            spool=self.spool,
            archive=self.archive,
            database=self.database,
            reader=self.reader,
            records=Resolver().records,
            desk=self.desk,
            letters_written=self.sender.ring,
            probes=self._probes,
        )
        self.watch = watch_over(
            self.database,
            self.spool,
            floor=floor,
            sender=self.sender,
            desk=self.desk,
            command=config.alarm_command,
            environ=environ,
        )
        self.errands = Errands(
            self.database,
            self.archive,
            config.state,
            policy=self._policy,
            now=now,
            seed=self.desk.seed,
            keep_closed=config.keep_closed,
        )
        self.clock = self._built_clock()
        self.fronts: tuple[Running, ...] = ()
        self._working: asyncio.Task[None] | None = None

    def _built_clock(self) -> Clock:
        return Clock(
            clerk=self.clerk,
            sender=self.sender,
            now=self._now,
            look_at_files=self._look_at_files,
            run_errands=self._run_errands,
            still_alive=lambda: notify_systemd("WATCHDOG=1", environ=self._environ),
            look_around=self.watch.look,
            is_pressing=self.watch.is_pressing,
        )

    def _built_sender(self, config: Config) -> Sender:
        out, late = config.outgoing, self._policy().autoack_not_after
        is_relayed = out.smarthost is not None
        return Sender(
            self.database,
            courier_for(config),
            compose=self._composed,
            fetch_attachment=self._attachment,
            now=self._now,
            on_failure=self._tell_of_failure,
            hand_overs_max=config.outgoing.connections_max if is_relayed else HAND_OVERS_MAX,
            # What goes into Maildirs leaves nobody's house.
            brake=Brake(config.outgoing.letters_10_minutes_max if is_relayed else None),
            patience=Patience(out.warn_after, out.give_up_after, late),
        )

    async def start(self) -> None:
        """Bring everything up; when this returns mail is taken.

        Raises ``SpoolLocked`` if another daemon works here, ``OSError`` if a listening place is
        taken, ``TemporaryFailure`` if the database cannot be reached.
        """
        await asyncio.to_thread(self.spool.lock)
        writing = asyncio.create_task(self.spool.start())
        await asyncio.to_thread(self.database.migrate)
        await asyncio.to_thread(self._release_claims)
        await self.sender.start()
        self.spool.doorbell = self.clerk.ring
        self._working = asyncio.create_task(self.clerk.run())
        self.clock.start()
        await asyncio.to_thread(self._probes.announce, self._keys)
        self.fronts = self._built_fronts()
        await writing
        for front in self.fronts:
            await front.start()
        notify_systemd("READY=1", environ=self._environ)

    async def stop(self) -> None:
        """Take no new mail, finish what is in hand, let go of everything."""
        notify_systemd("STOPPING=1", environ=self._environ)
        await asyncio.gather(*(front.stop() for front in self.fronts))
        self.clock.stop()
        self.clerk.stop()
        if self._working is not None:
            await asyncio.wait({self._working})
        await self.sender.stop()
        await self.reader.close()
        await self.spool.close()
        self.database.close()
        _log.info("daemon_stopped", count=self.clerk.handled_count)
        if self._working is not None:
            self._working.result()  # a clerk that broke says why, after all is put away

    async def serve(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Run until SIGTERM or SIGINT; SIGHUP reads the files again."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = asyncio.create_task(self._hung_up())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        await self.start()
        ready()
        await asyncio.to_thread(self._settle)
        assert self._working is not None, "start made it"
        # A clerk that ends by itself is broken: better a restart than mail that only piles up.
        self._working.add_done_callback(lambda _: ended.set())
        await ended.wait()
        await self.stop()

    async def _run_errands(self) -> None:
        """What admins asked to be done to stored data; the letters about it leave at once."""
        try:
            while await asyncio.to_thread(self.errands.run_next):
                self.sender.ring()
        except TemporaryFailure as failure:
            _log.warning("errand_deferred", reason=failure.reason)

    def _settle(self) -> None:
        """What a start need not wait for: the first mail and the next start will be quicker."""
        parsers()
        gc.freeze()  # as after the first imports: it stays for good
        keep_press(self._loaded.config.state, self._policy().stationery.press)

    def _release_claims(self) -> None:
        """Letters that a killed daemon had in hand: nobody else works on this spool."""
        with self.database.transaction() as session:
            outgoing.release_claims(session)

    # The rules of the moment.

    def _policy(self) -> Policy:
        return self._loaded.policy

    async def _look_at_files(self) -> None:
        async with self._reading_files:
            if await asyncio.to_thread(self._watched.has_changed):
                await self._reload()
            elif self._untold is not None:
                await self._tell_of_mistakes(self._untold)

    async def _hung_up(self) -> None:
        """One after the other: two at once would both tell the same mistakes."""
        async with self._reading_files:
            await self._reload()

    async def _reload(self) -> None:
        found = await asyncio.to_thread(self._watched.reload)
        if isinstance(found, ConfigError):
            _log.error("config_refused", count=len(found.mistakes), reason=str(found))
            # Hanging up once more over the same mistakes is no news.
            if self._told is None or self._told.mistakes != found.mistakes:
                await self._tell_of_mistakes(found)
            return
        self._untold = self._told = None
        # Of the folder we work in: the file may name another, for the next start.
        keys = await asyncio.to_thread(key_ring, self._state, environ=self._environ)
        if keys is not None and keys != self._keys:
            _log.info("keys_changed", count=len(keys.keys))
            self._keys = keys
            await asyncio.to_thread(self._probes.announce, keys)
        self._loaded = found.with_keys(self._keys)
        self._loaded_at = self._now()
        _log.info("config_reloaded", count=len(found.files))
        if waits := found.config.changed_since(self._started_as):
            _log.warning("restart_needed", reason=", ".join(waits))

    async def _tell_of_mistakes(self, error: ConfigError) -> None:
        """By mail; as soon as there is a database to write it to."""
        self._untold = error
        try:
            await asyncio.to_thread(self._write_of_mistakes, error)
        except TemporaryFailure as failure:
            _log.warning("config_mistakes_untold", reason=failure.reason)
            return
        self._untold, self._told = None, error

    def _write_of_mistakes(self, error: ConfigError) -> None:
        since = self._loaded_at
        self._write_own(
            f"config.{self._now().strftime('%Y%m%dT%H%M%S.%f')}",
            lambda fresh: decide_config_broken(
                error.mistakes, since=since, policy=self._policy(), fresh=fresh
            ),
        )

    # Letters that failed, told to their authors.

    def _tell_of_failure(self, failure: LetterFailure) -> None:
        claimed, is_final = failure.letter, failure.kind is not FailureKind.LATE
        if failure.kind is FailureKind.STALE:
            self.clerk.list_unacknowledged(claimed)
            return
        letter, is_blocked = (
            claimed.unsent(is_final=is_final),
            failure.kind is FailureKind.BLOCKED,
        )
        undelivered = Undelivered(letter, failure.reason, is_final, is_blocked)
        if claimed.name == "undeliverable":
            _log.error("letter_lost_twice", letter=claimed.letter_id, reason=failure.reason)
            return
        with self.database.reading() as session:
            number = claimed.number
            ticket = lookup.ticket_of(session, number) if number is not None else None
        self._write_own(
            f"{failure.kind.value}.{claimed.letter_id}",
            lambda fresh: decide_undelivered(
                undelivered, ticket, policy=self._policy(), fresh=fresh
            ),
        )

    def _write_own(self, decision_id: str, decide: Callable[[Fresh], Decision]) -> None:
        now = self._now()
        fresh = Fresh(now, 0, 0, decision_id, self.desk.seed())
        try:
            with self.database.transaction() as session:
                decision = decide(fresh)
                ledger.record_tick(session, decision, tick_id=decision_id, at=now)
        except ledger.AlreadyApplied:
            return
        self.sender.ring()

    def _composed(self, mail: OutgoingMail, fetch: Fetch) -> bytes:
        if self._policy().is_ours(mail.recipient):
            raise LetterBlocked("it is written to an address of the desk and would come back")
        return self._compose(mail, fetch)

    def _attachment(self, wanted: AttachmentRef) -> bytes:
        raw = self.archive.raw(wanted.raw_sha256)
        content: bytes = parsers().attachment_bytes(raw, wanted.index)
        return content

    # The ways in.

    def _built_fronts(self) -> tuple[Running, ...]:
        config = self._loaded.config
        reception = Reception(self._accepts, limits_of(config))
        submission = config.submission
        check_login = login_check(submission.passwords, self._policy) if submission else None
        handed = sockets_from_systemd(self._environ)
        return fronts_for(
            config, self.spool, reception, handed=handed, check_login=check_login, now=self._now
        )

    def _accepts(self, address: Address) -> Acceptance:
        return acceptance_of(self._policy())(address)


def notify_systemd(message: str, *, environ: Mapping[str, str]) -> None:
    """Tell systemd how we are (sd_notify(3)); nothing if it did not ask."""
    path = environ.get("NOTIFY_SOCKET")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifying:
        notifying.sendto(message.encode("ascii"), address)
