"""One folder, looked after for as long as the daemon runs.

Connect, log in, select, catch up with the whole folder, then IDLE and catch up with what is
new, again and again; the whole folder once an hour, should a push be lost or a line of the
ledger be behind. Whatever goes wrong ends the connection and is waited out; nothing ends the
session.

Never flag or move a mail before the ledger has it, never put it into the ledger before the
spool has it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.imap.account import DONE, SEEN, TOO_BIG, Account, FirstStart
from mailtrack.intake.imap.answers import Folder, Outline
from mailtrack.intake.imap.client import WHOLE_BYTES_MAX, Client
from mailtrack.intake.imap.gate import Gate
from mailtrack.intake.imap.ledger import FolderLedger
from mailtrack.intake.imap.toobig import stub_of
from mailtrack.intake.imap.trouble import (
    ConnectionEnded,
    ImapTrouble,
    LoginRefused,
    Refused,
    SaidNo,
    Unreachable,
)
from mailtrack.intake.imap.whence import whence
from mailtrack.intake.reception import Reception
from mailtrack.intake.spool import Spool
from mailtrack.mail.envelope import Front

logger = log.get(__name__)

CHUNK_MAX: Final = 50  # mails whose sizes are asked for, and which are flagged, together
RECONCILE_SECONDS: Final = 3600.0
WAIT_SECONDS_MIN: Final = 1.0
# A server that is down is asked often, for it costs nobody anything; what is refused changes
# seldom. How long a refused login holds is for ``gate`` to say.
_WAIT_SECONDS_MAX: Final = {Unreachable: 5.0, ConnectionEnded: 60.0, Refused: 300.0}
WAIT_SECONDS_MAX: Final = 60.0
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions share: where mail goes, who is ours, the time, room for large mails."""

    spool: Spool
    reception: Reception
    now: Callable[[], datetime]
    room_for_large: asyncio.Semaphore


class Session:
    """``run`` goes on until ``stop``."""

    def __init__(
        self, account: Account, folder: str, pages: FolderLedger, *, house: House, gate: Gate
    ) -> None:
        self._account = account
        self._folder = folder
        self._pages = pages
        self._house = house
        self._gate = gate
        self._stopping = asyncio.Event()
        self._is_waiting = True  # for the server, not with a mail in hand
        self._failures = 0
        self._log = logger.bind(account=account.name, folder=folder)
        # Spooled, but the ledger could not be written: not to be spooled again meanwhile.
        self._unrecorded: dict[tuple[int, int], tuple[str, bool]] = {}

    def stop(self) -> None:
        """End after the mail in hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Connect and serve, and wait out whatever goes wrong."""
        while not self._stopping.is_set():
            try:
                await self._until_something_ends_it(self._connect_and_serve())
            except ImapTrouble as trouble:
                await self._wait_out(trouble, str(trouble))
            except TemporaryFailure as failure:
                await self._wait_out(failure, f"no mail can be taken: {failure.reason}")
            except Exception as error:  # noqa: BLE001 - one folder must not end the others
                self._log.exception("imap_session_broke")
                await self._wait_out(error, f"a fault of ours: {type(error).__name__}")
        await self._note_state("stopped")

    async def _until_something_ends_it(self, serving: Coroutine[None, None, None]) -> None:
        """Serve until it is told to stop: waiting is broken off at once, a mail is finished."""
        work = asyncio.create_task(serving)
        told = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
                return
            if self._is_waiting:
                work.cancel()
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()  # it ends anyway
        finally:
            told.cancel()
            work.cancel()

    async def _connect_and_serve(self) -> None:
        self._is_waiting = True
        await self._note_state("connecting")
        client = await self._gate.entered()
        try:
            await self._serve(client)
        finally:
            client.close()

    async def _serve(self, client: Client) -> None:
        folder = await client.select(self._folder)
        await self._begin(folder)
        whole_at = time.monotonic()
        while not self._stopping.is_set():
            is_whole = time.monotonic() >= whole_at
            if is_whole:
                whole_at = time.monotonic() + RECONCILE_SECONDS
            self._is_waiting = False
            await self._catch_up(client, folder, is_whole=is_whole)
            self._is_waiting = True
            self._failures = 0
            if not client.has_news and not self._stopping.is_set():
                await self._wait_for_news(client)

    async def _begin(self, folder: Folder) -> None:
        leaves = self._account.first_start is FirstStart.NEW
        is_other = await asyncio.to_thread(
            self._pages.begin,
            folder.uidvalidity,
            folder.uidnext,
            leave_before=self._house.now().date().isoformat() if leaves else None,
        )
        if is_other:
            # What was taken before is fetched again and known for a duplicate by the desk.
            self._log.warning("imap_folder_renumbered", count=folder.exists)
        self._log.info("imap_connected", count=folder.exists)

    async def _wait_for_news(self, client: Client) -> None:
        await self._note_state("idle" if client.can_idle else "polling")
        if client.can_idle:
            await client.idle(self._account.idle_seconds)
        if not client.can_idle:
            await asyncio.sleep(self._account.poll_seconds)

    # Catching up.

    async def _catch_up(self, client: Client, folder: Folder, *, is_whole: bool) -> None:
        if is_whole:
            await self._reconcile(client, folder)
        criteria = [] if is_whole else [f"UID {self._pages.cursor + 1}:*"]
        # What somebody has deleted, but not yet expunged, is gone like what is expunged.
        since = self._pages.since
        found = await client.search(
            *criteria, "UNDELETED", *(("SINCE", _imap_date(since)) if since else ())
        )
        due = await asyncio.to_thread(self._pages.due, found)
        if due:
            await self._note_state("fetching")
        for at in range(0, len(due), CHUNK_MAX):
            await self._take_chunk(client, folder, due[at : at + CHUNK_MAX])
            if self._stopping.is_set():
                return

    async def _reconcile(self, client: Client, folder: Folder) -> None:
        """The ledger against the folder; and what was not flagged or moved then is now."""
        present = frozenset(await client.search("ALL"))
        await asyncio.to_thread(self._pages.forget_absent, present)
        unsettled = await asyncio.to_thread(self._pages.unsettled)
        for is_too_big in (False, True):
            uids = [one.uid for one in unsettled if one.is_too_big is is_too_big]
            for at in range(0, len(uids), CHUNK_MAX):
                chunk = uids[at : at + CHUNK_MAX]
                await self._settle(client, folder, chunk, is_too_big=is_too_big)

    async def _take_chunk(self, client: Client, folder: Folder, uids: Sequence[int]) -> None:
        outlines = await client.outlines(uids)
        taken: list[int] = []
        too_big: list[int] = []
        for uid in uids:
            if self._stopping.is_set():
                break
            if uid not in outlines:
                continue  # somebody expunged it meanwhile
            try:
                is_too_big = await self._take(client, folder, uid, outlines[uid])
            except SaidNo as no:
                # The others do not wait for it; it is tried again with the whole folder.
                self._log.error("imap_mail_not_given", uid=uid, reason=str(no))
                await self._note_error(f"mail {uid} is not given: {no}")
                continue
            if is_too_big is not None:
                (too_big if is_too_big else taken).append(uid)
        await self._settle(client, folder, taken, is_too_big=False)
        await self._settle(client, folder, too_big, is_too_big=True)

    async def _take(
        self, client: Client, folder: Folder, uid: int, outline: Outline
    ) -> bool | None:
        """Bring one mail into the spool; whether it was too big, None if it has gone."""
        key = (folder.uidvalidity, uid)
        if key not in self._unrecorded:
            self._house.spool.check_room()
            if outline.size_bytes > WHOLE_BYTES_MAX:
                async with self._house.room_for_large:
                    spooled = await self._spooled(client, uid, outline)
            else:
                spooled = await self._spooled(client, uid, outline)
            if spooled is None:
                return None
            self._unrecorded[key] = spooled
        spool_id, is_too_big = self._unrecorded[key]
        await asyncio.to_thread(
            self._pages.record, uid, spool_id, self._house.now(), is_too_big=is_too_big
        )
        del self._unrecorded[key]
        return is_too_big

    async def _spooled(
        self, client: Client, uid: int, outline: Outline
    ) -> tuple[str, bool] | None:
        limit, size_bytes = self._house.reception.limits.size_bytes_max, outline.size_bytes
        raw = await client.body(uid, size_bytes, limit) if size_bytes <= limit else None
        if size_bytes <= limit and raw is None:
            return None
        full_size_bytes = None
        if raw is None or len(raw) > limit:
            full_size_bytes = max(size_bytes, len(raw or b""))
            raw = await self._stub(client, uid, full_size_bytes, limit)
        if raw is None:
            return None
        found = whence(
            raw,
            self._house.reception,
            trusted_header=self._account.trusted_header,
            fallback=self._account.fallback,
        )
        envelope = await self._house.spool.put(
            raw,
            mail_from=found.mail_from,
            rcpt_to=found.rcpt_to,
            front=Front.IMAP,
            peer="",
            received_at=self._house.now(),
            full_size_bytes=full_size_bytes,
            waiting_since=outline.waiting_since,
        )
        self._log.info(
            "mail_spooled",
            spool_id=envelope.spool_id,
            front=Front.IMAP,
            uid=uid,
            size_bytes=len(raw),
        )
        return envelope.spool_id, full_size_bytes is not None

    async def _stub(
        self, client: Client, uid: int, size_bytes: int, limit: int
    ) -> bytes | None:
        header = await client.header(uid)
        if header is None:
            return None
        where = f"folder {self._folder} of {self._account.name}"
        return stub_of(header, size_bytes=size_bytes, size_bytes_max=limit, where=where)

    # Flagging and moving, after the fact.

    async def _settle(
        self, client: Client, folder: Folder, uids: Sequence[int], *, is_too_big: bool
    ) -> None:
        if not uids:
            return
        try:
            if is_too_big:
                await self._flag(client, folder, uids, (TOO_BIG,))
            elif self._account.move_to is not None and not folder.is_read_only:
                await client.move(uids, self._account.move_to)
            elif self._account.is_flagged:
                await self._flag(client, folder, uids, (SEEN, DONE))
        except SaidNo as no:
            self._log.warning("imap_mail_not_marked", count=len(uids), reason=str(no))
            await self._note_error(f"mail that was taken cannot be flagged or moved: {no}")
            return
        await asyncio.to_thread(self._pages.settle, uids)

    async def _flag(
        self, client: Client, folder: Folder, uids: Sequence[int], flags: Sequence[str]
    ) -> None:
        """Set what the folder permits; where it permits nothing, the ledger alone knows."""
        permitted = folder.flags
        wanted = [one for one in flags if permitted is None or one.casefold() in permitted]
        if wanted and not folder.is_read_only:
            await client.flag(uids, wanted)

    # Waiting, and saying how it stands.

    async def _wait_out(self, error: Exception, reason: str) -> None:
        self._is_waiting = True
        is_held = isinstance(error, LoginRefused)
        seconds = self._gate.seconds_left if is_held else self._backoff_seconds(error)
        self._failures += 1
        if self._stopping.is_set():
            return
        self._log.warning(
            "imap_interrupted",
            reason=reason,
            attempts=self._failures,
            seconds=round(seconds, 1),
        )
        await self._note_error(reason)
        await self._note_state("waiting")
        await self._until_something_ends_it(
            self._gate.reopened() if is_held else asyncio.sleep(seconds)
        )

    def _backoff_seconds(self, error: Exception) -> float:
        kind = next((one for one in _WAIT_SECONDS_MAX if isinstance(error, one)), None)
        limit = _WAIT_SECONDS_MAX[kind] if kind else WAIT_SECONDS_MAX
        seconds = min(WAIT_SECONDS_MIN * 2.0 ** min(self._failures, 10), limit)
        return seconds * random.uniform(0.7, 1.0)  # noqa: S311 - many desks not at once

    async def _note_state(self, state: str) -> None:
        await asyncio.to_thread(self._pages.note_state, state, self._house.now())

    async def _note_error(self, error: str) -> None:
        await asyncio.to_thread(self._pages.note_error, error, self._house.now())


def _imap_date(day: str) -> str:
    """``2026-03-02`` as ``02-Mar-2026``."""
    found = date.fromisoformat(day)
    return f"{found.day:02d}-{_MONTHS[found.month - 1]}-{found.year}"
