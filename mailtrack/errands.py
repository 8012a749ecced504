"""Runs errands: what an admin asked to be done to stored data, one after the other.

A decision touches no file, so it only leaves a row; here the row is carried out. Rows first,
files second, the admin's letter last: killed at any point, the next start goes on where this
one was. ``desk.commands.privacy`` says who may ask for what.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final, assert_never

from mailtrack import log
from mailtrack.desk.errand_letters import decide_errand_done
from mailtrack.desk.policy import Policy
from mailtrack.desk.visibility import Reader, visible_to
from mailtrack.intake.archive import Archive
from mailtrack.store import errands, expiring, exporting, ledger, personal, redaction
from mailtrack.store.database import Database
from mailtrack.tickets.errand import Errand, ErrandDone, ErrandKind
from mailtrack.tickets.fresh import Fresh

EXPORTS: Final = "exports"
ASKED_WITHIN: Final = timedelta(days=31)  # a question may be answered for a month
_log = log.get("errands")


@dataclass(frozen=True, slots=True)
class Errands:
    """Where data lies, and what a letter about it needs."""

    database: Database
    archive: Archive
    folder: Path
    policy: Callable[[], Policy]
    now: Callable[[], datetime]
    seed: Callable[[], bytes]
    keep_closed: timedelta | None = None

    def run_next(self) -> bool:
        """Do the oldest errand; whether there was one. Raises TemporaryFailure."""
        self._look_for_expired()
        with self.database.reading() as session:
            found = errands.next_errand(session.connection())
        if found is None:
            return False
        serial, errand, state = found
        if state == errands.WAITING:
            self._do(serial, errand)
        self._finish(errand)
        return True

    def _do(self, serial: int, errand: Errand) -> None:
        match errand.kind:
            case ErrandKind.EXPORT:
                self._export(serial, errand)
            case ErrandKind.ERASE:
                self._erase(serial, errand)
            case ErrandKind.REDACT:
                self._redact(errand)
            case ErrandKind.EXPIRE:
                self._expire(errand)
            case _:
                assert_never(errand.kind)

    def _finish(self, errand: Errand) -> None:
        """The files that are to go, then the letter, in one transaction with the end."""
        with self.database.reading() as session:
            done, gone = errands.cleared(session.connection(), errand.id)
        for sha256 in gone:
            self.archive.remove(sha256)
        if errand.kind in (ErrandKind.ERASE, ErrandKind.REDACT):
            self.database.forget()
        now = self.now()
        fresh = Fresh(now, 0, 0, errand.id, self.seed())
        decision = decide_errand_done(errand, done, policy=self.policy(), fresh=fresh)
        with self.database.transaction() as session:
            ledger.record_tick(session, decision, tick_id=errand.id, at=now)
            errands.end(session.connection(), errand.id, done)
        _log.info("errand_done", kind=errand.kind.value, count=done.entries)

    def _erase(self, serial: int, errand: Errand) -> None:
        asking = self._raws_that_ask(errand)
        with self.database.transaction() as session:
            connection = session.connection()
            found = personal.belongings(connection, errand.about)
            tombstone = f"erased-{serial}@invalid"
            erased = personal.erase(connection, found, tombstone=tombstone, also=asking)
            done = ErrandDone(
                entries=erased.entries,
                mails=len(erased.raws),
                letters=erased.letters,
                numbers=(*found.own, *found.others),
                kept=found.kept,
                review=erased.review,
            )
            errands.clear(connection, errand.id, done, gone=erased.raws)

    def _look_for_expired(self) -> None:
        """Entrust the oldest tickets whose time is over, if there are any and a time is set."""
        if self.keep_closed is None:
            return
        now = self.now()
        before = now - self.keep_closed
        with self.database.reading() as session:
            if not expiring.expired(session.connection(), before=before):
                return
        about = before.isoformat()
        errand = Errand(f"errand.expire.{about}", ErrandKind.EXPIRE, about, 0, "", now)
        with self.database.transaction() as session:
            errands.entrust(session.connection(), errand)

    def _expire(self, errand: Errand) -> None:
        before = datetime.fromisoformat(errand.about)
        with self.database.transaction() as session:
            connection = session.connection()
            numbers = expiring.expired(connection, before=before)
            erased = expiring.expire(connection, numbers)
            done = ErrandDone(
                entries=erased.entries, mails=len(erased.raws), letters=erased.letters
            )
            errands.clear(connection, errand.id, done, gone=erased.raws)

    def _raws_that_ask(self, errand: Errand) -> tuple[str, ...]:
        """The admin's own mails about this: the address stands in their subjects and quotes."""
        since = errand.at - ASKED_WITHIN
        with self.database.reading() as session:
            sent = personal.raws_by(session.connection(), errand.by, since=since)
        return tuple(one for one in sent if self._holds(one, errand.about))

    def _redact(self, errand: Errand) -> None:
        number, words = errand.number, errand.about
        with self.database.reading() as session:
            raws = redaction.raws_of_ticket(session.connection(), number)
        rewritten = {
            sha256: self._clean(sha256, words) for sha256 in raws if self._holds(sha256, words)
        }
        with self.database.transaction() as session:
            connection = session.connection()
            entries, letters = redaction.redact(connection, number, words, rewritten=rewritten)
            done = ErrandDone(
                entries=entries, mails=len(rewritten), letters=letters, numbers=(number,)
            )
            errands.clear(connection, errand.id, done, gone=tuple(rewritten))

    def _holds(self, sha256: str, words: str) -> bool:
        if not self.archive.has(sha256):
            return False
        found: bool = _redacting().holds(self.archive.raw(sha256), words)
        return found

    def _clean(self, sha256: str, words: str) -> str | None:
        """The hash of a clean copy; None if the mail has to go whole."""
        clean: bytes | None = _redacting().without_words(self.archive.raw(sha256), words)
        return self.archive.rewrite(sha256, clean) if clean is not None else None

    def _export(self, serial: int, errand: Errand) -> None:
        with self.database.reading() as session:
            connection = session.connection()
            found = personal.belongings(connection, errand.about)
            theirs = personal.raws_from(connection, found)
            # An agent's raw mail quotes notifications, with notes and reply addresses in them.
            raws = tuple(
                (f"mails/{one}.eml" if one in theirs else f"internal/mails/{one}.eml", one)
                for one in personal.raws_of(connection, found)
            )
            pages = tuple(
                exporting.pages_of(
                    connection,
                    found,
                    lambda entry, part: visible_to(
                        Reader(found.person, part), entry, is_history=True
                    ),
                )
            )
        place = self.folder / EXPORTS / f"person-{serial}.tar"
        mails = self._write_tar(place, pages, raws, at=errand.at)
        numbers = (*found.own, *found.others, *found.kept)
        done = ErrandDone(
            place=str(place),
            entries=sum(len(page.get("entries", ())) for _, page in pages),
            mails=mails,
            letters=sum(name.startswith("letters/") for name, _ in pages),
            numbers=tuple(sorted(numbers)),
        )
        with self.database.transaction() as session:
            errands.clear(session.connection(), errand.id, done, gone=())

    def _write_tar(
        self,
        place: Path,
        pages: tuple[exporting.PageOf, ...],
        raws: tuple[tuple[str, str], ...],
        *,
        at: datetime,
    ) -> int:
        """The archive of an export, whole or not there; how many mails are in it."""
        place.parent.mkdir(mode=0o700, exist_ok=True)
        new = place.with_suffix(".new")
        there = [(name, sha256) for name, sha256 in raws if self.archive.has(sha256)]
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                for name, page in pages:
                    text = json.dumps(page, ensure_ascii=False, indent=2, default=str)
                    _add(tar, name, text.encode(), at=at)
                for name, sha256 in there:
                    _add(tar, name, self.archive.raw(sha256), at=at)
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
        return len(there)


@cache
def _redacting() -> ModuleType:
    """It reads mails with all the parsers, which no start has to wait for."""
    return importlib.import_module("mailtrack.mail.redacting")


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, at: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, int(at.timestamp())
    tar.addfile(member, io.BytesIO(content))
