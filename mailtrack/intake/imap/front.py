"""The IMAP front: all folders of all accounts, each looked after by a session of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mailtrack import log
from mailtrack.intake.imap.account import Account
from mailtrack.intake.imap.gate import Gate
from mailtrack.intake.imap.ledger import FILE_NAME, Ledger
from mailtrack.intake.imap.session import House, Session
from mailtrack.intake.imap.trouble import ImapTrouble, Refused
from mailtrack.intake.reception import Reception
from mailtrack.intake.spool import Spool
from mailtrack.mail.envelope import Front

logger = log.get(__name__)

LARGE_IN_MEMORY_MAX: Final = 2
PROBE_SECONDS_MAX: Final = 60.0


class ImapFront:
    """Fetches until stopped. A server that cannot be reached keeps nothing from starting."""

    kind = Front.IMAP

    def __init__(
        self,
        accounts: Sequence[Account],
        spool: Spool,
        reception: Reception,
        *,
        state: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts = accounts
        self._spool = spool
        self._reception = reception
        self._state = state
        self._now = now
        self._ledger: Ledger | None = None
        self._sessions: list[Session] = []
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to fetch, in the background. OSError if the ledger cannot be opened."""
        ledger = await asyncio.to_thread(Ledger, self._state / FILE_NAME)
        self._ledger = ledger
        house = House(
            self._spool, self._reception, self._now, asyncio.Semaphore(LARGE_IN_MEMORY_MAX)
        )
        for account in self._accounts:
            gate = Gate(account)
            for folder in account.folders:
                pages = ledger.folder(account.name, folder)
                self._sessions.append(Session(account, folder, pages, house=house, gate=gate))
        self._running = [asyncio.create_task(one.run()) for one in self._sessions]
        logger.info("front_started", front=self.kind, count=len(self._sessions))

    async def stop(self) -> None:
        """Finish the mails in hand, flag them, and leave."""
        if self._ledger is None:
            return
        for session in self._sessions:
            session.stop()
        if self._running:
            _, late = await asyncio.wait(
                self._running, timeout=self._reception.limits.drain_seconds_max
            )
            for task in late:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
        self._sessions, self._running = [], []
        self._ledger.close()
        self._ledger = None
        logger.info("front_stopped", front=self.kind)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a try at one account showed: mails in each folder that opens, and what is wrong."""

    account: str
    folders: tuple[tuple[str, int], ...] = ()
    wrong: str | None = None


async def probe(account: Account) -> Probe:
    """Log in, open each folder, count, leave; nothing is changed."""
    found: list[tuple[str, int]] = []
    wrong: list[str] = []
    try:
        async with asyncio.timeout(PROBE_SECONDS_MAX):
            client = await Gate(account).entered()
            try:
                for name in account.folders:
                    try:
                        found.append((name, (await client.select(name)).exists))
                    except Refused as refused:
                        wrong.append(str(refused))
            finally:
                client.close()
    except TimeoutError:
        wrong.append(f"no end in {PROBE_SECONDS_MAX:g} seconds")
    except ImapTrouble as trouble:
        wrong.append(str(trouble))
    return Probe(account.name, tuple(found), "; ".join(wrong) or None)
