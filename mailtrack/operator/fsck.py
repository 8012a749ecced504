"""``mailtrack fsck``: every accepted mail is in exactly one place, and what refers is there.

A mail is waiting in the spool, or it has one receipt and its raw copy is in the archive or in
quarantine. Exit code 0: all is well, or was mended; 1: something is wrong. It checks beside a
running desk and mends only while none runs; what is lost it never invents.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mailtrack.config import Loaded
from mailtrack.intake.archive import Archive
from mailtrack.intake.imap.ledger import Fetched, fetch_again, fetched
from mailtrack.intake.spool import Spool, SpoolDamaged, SpoolShut
from mailtrack.operator.counted import counted
from mailtrack.operator.place import loaded_desk, open_database
from mailtrack.operator.progress import bar
from mailtrack.places import Places
from mailtrack.store.audit import Audit, audit, broken_pages, index_problem
from mailtrack.store.database import Database, StoreDamaged
from mailtrack.store.repair import mend


@dataclass(frozen=True, slots=True)
class Files:
    """What lies in the folders: spool ids, and hashes of the archive."""

    waiting: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    archived: frozenset[str] = frozenset()
    fetched: tuple[Fetched, ...] = ()  # what the IMAP front has taken


@dataclass(frozen=True, slots=True)
class Found:
    """What was counted, and every problem as a sentence.

    ``mendable`` are sentences too; the tuples behind them are what to do about it: waiting
    mails to archive, archived mails nobody has handled, fetched mails that are nowhere.
    ``mended`` is what was mendable and has been mended.
    """

    waiting: int = 0
    handled: int = 0
    quarantined: int = 0
    problems: tuple[str, ...] = ()
    mendable: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    to_archive: tuple[str, ...] = ()
    to_take_back: tuple[str, ...] = ()
    to_fetch: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def run(arguments: Namespace) -> int:
    """Count, compare, say; mend if asked."""
    if arguments.source and not arguments.mend:
        print("mailtrack: --from brings mails back: it goes with --mend", file=sys.stderr)
        return os.EX_USAGE
    loaded = loaded_desk(arguments)
    spool, archive = places(loaded)
    try:
        database = open_database(loaded)
    except StoreDamaged as damaged:
        return _say(Found(problems=(str(damaged),)), is_json=arguments.json)
    try:
        found = _checked_or_mended(arguments, loaded.config.state, spool, archive, database)
    finally:
        database.close()
    return _say(found, is_json=arguments.json)


def places(loaded: Loaded) -> tuple[Spool, Archive]:
    """The folders of a desk that has run; a desk that has not is not made by looking."""
    state = loaded.config.state
    if not state.is_dir():
        open_database(loaded)  # says so
    there = Places(state)
    return Spool(there.spool), Archive(there.archive)


def _checked_or_mended(
    arguments: Namespace, state: Path, spool: Spool, archive: Archive, database: Database
) -> Found:
    if not arguments.mend:
        is_deep = arguments.deep
        return check(spool, archive, database, is_deep=is_deep, fetched=fetched(state))
    source = _archive_at(Path(arguments.source)) if arguments.source else None
    with spool.locked():  # refuses while a desk runs, and lets none start
        found = check(spool, archive, database, is_deep=True, fetched=fetched(state))
        mended = mend_all(found, spool, archive, database, source=source)
        if found.to_fetch:
            fetch_again(state, found.to_fetch)
        left = check(spool, archive, database, is_deep=True, fetched=fetched(state))
    return replace(left, mended=mended)


def _archive_at(folder: Path) -> Archive:
    """The archive of a backup. FileNotFoundError: it is not made by looking for it."""
    os.scandir(folder).close()
    return Archive(folder)


def check(
    spool: Spool,
    archive: Archive,
    database: Database,
    *,
    is_deep: bool,
    fetched: tuple[Fetched, ...] = (),
) -> Found:
    """The books against the files, files first. ``fetched`` was read before them.

    Mail only moves from the spool to the archive, and only after its receipt was written: so
    what is listed before the books are read must stand in them, even beside a running desk.
    """
    files = Files(
        frozenset(spool.waiting(10**9)),
        frozenset(spool.quarantined()),
        frozenset(archive.names()),
        fetched,
    )
    with database.reading() as session:
        broken = broken_pages(session)
        books = None if broken else audit(session, now=datetime.now(UTC))
    if books is None:
        return Found(len(files.waiting), 0, len(files.apart), broken)
    found = _compared(files, books, spool, archive)
    if not is_deep:
        return found
    with database.transaction() as session:
        index = index_problem(session)
    return replace(
        found,
        problems=(*found.problems, *_altered(files, archive)),
        mendable=(*found.mendable, *filter(None, (index,))),
    )


def _compared(files: Files, books: Audit, spool: Spool, archive: Archive) -> Found:
    receipts = {one.spool_id: one for one in books.receipts}
    problems, mendable = list(books.problems), list(books.mendable)
    lost = dict.fromkeys(_lost(files, books, spool, archive))
    problems += (
        f"{one.spool_id}: handled, but its raw mail is nowhere"
        for one in books.receipts
        if one.raw_sha256 in lost
    )
    for needed in books.needed:
        if not archive.has(needed.raw_sha256):
            lost[needed.raw_sha256] = None
            problems.append(f"{needed.by}: its raw mail {needed.raw_sha256[:12]}… is nowhere")
    done = sorted(
        spool_id
        for spool_id in files.waiting & receipts.keys()
        if not receipts[spool_id].is_quarantined and spool.is_waiting(spool_id)
    )
    mendable += (f"{one}: handled, and still in the spool" for one in done)
    # Not set apart here: the desk does it, and the admins have their letter about it.
    damaged = _damaged(sorted(files.waiting - set(done)), spool)
    problems += damaged
    strangers = sorted(files.archived - {one.raw_sha256 for one in books.receipts})
    mendable += (f"archive {one[:12]}…: a mail that nobody has handled" for one in strangers)
    known = files.waiting | files.apart | receipts.keys()
    nowhere = [one for one in files.fetched if one.spool_id not in known]
    mendable += (
        f"mail {one.uid} of {one.folder} of {one.account}: fetched as {one.spool_id}, "
        "and nowhere now"
        for one in nowhere
    )
    return Found(
        len(files.waiting),
        books.handled,
        len(files.apart),
        tuple(problems),
        tuple(mendable),
        to_archive=tuple(done),
        to_take_back=tuple(strangers),
        to_fetch=tuple(one.spool_id for one in nowhere),
        lost=tuple(lost),
    )


def _lost(files: Files, books: Audit, spool: Spool, archive: Archive) -> Iterable[str]:
    """The hashes of handled mails whose file is in none of the three places, looked at now."""
    for one in books.receipts:
        if one.raw_sha256 is None or one.raw_sha256 in files.archived:
            continue
        if one.spool_id in files.apart or spool.is_waiting(one.spool_id):
            continue
        if not archive.has(one.raw_sha256):
            yield one.raw_sha256


def _damaged(spool_ids: list[str], spool: Spool) -> Iterable[str]:
    for spool_id in bar(spool_ids, of=len(spool_ids), what="spool"):
        try:
            spool.locate(spool_id)
        except SpoolDamaged as damaged:
            if spool.is_waiting(spool_id):  # else it was worked through meanwhile
                yield f"{damaged}; the desk will set it apart and tell the admins"
        except SpoolShut as shut:
            yield f"{spool_id}: {shut.reason}"


def _altered(files: Files, archive: Archive) -> Iterable[str]:
    names = sorted(files.archived)
    for name in bar(names, of=len(names), what="archive"):
        if not archive.is_whole(name):
            yield f"archive {name[:12]}…: not the mail that was accepted"


def mend_all(
    found: Found,
    spool: Spool,
    archive: Archive,
    database: Database,
    *,
    source: Archive | None = None,
) -> tuple[str, ...]:
    """Mend what can be mended; what that was. The caller holds the spool's lock."""
    mended = list(found.mendable)
    for spool_id in found.to_archive:
        spool.archive(spool_id, archive)
    for name in found.to_take_back:
        if archive.is_whole(name):
            spool.take_back(archive.path(name))
    for name in found.lost if source else ():
        if source is not None and source.is_whole(name):
            _bring_back(source.path(name), archive.path(name))
            mended.append(f"archive {name[:12]}…: brought back")
    with database.transaction() as session:
        mend(session)
    return tuple(mended)


def _bring_back(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    partial = target.with_suffix(".partial")
    shutil.copyfile(source, partial)
    partial.chmod(0o600)
    partial.rename(target)


def _say(found: Found, *, is_json: bool) -> int:
    if is_json:
        facts = {
            "handled": found.handled,
            "waiting": found.waiting,
            "quarantined": found.quarantined,
            "problems": (*found.problems, *found.mendable),
            "mendable": found.mendable,
            "mended": found.mended,
        }
        print(json.dumps(facts, indent=1))
    else:
        print(_page(found))
    return 1 if found.problems or found.mendable else os.EX_OK


def tally(found: Found) -> str:
    """What was counted, as `fsck` and `restore` both say it."""
    return (
        f"{counted(found.handled, 'mail')} handled, {found.waiting} waiting in the spool, "
        f"{found.quarantined} in quarantine"
    )


def _page(found: Found) -> str:
    lines = [f"{tally(found)}."]
    lines += [f"mended: {text}" for text in found.mended]
    lines += [f"problem: {text}" for text in (*found.problems, *found.mendable)]
    if found.mendable:
        lines.append("`mailtrack fsck --mend`, with the desk stopped, mends what is derived.")
    if found.lost:
        lines.append(
            "Raw mails that are nowhere come from a backup: fsck --mend --from ARCHIVE."
        )
    count = len(found.problems) + len(found.mendable)
    lines.append("All is well." if not count else f"{counted(count, 'problem')}.")
    return "\n".join(lines)
