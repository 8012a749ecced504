"""``mailtrack backup`` and ``mailtrack restore``: the whole desk in one folder or file.

A backup is made beside the running desk and is consistent: every mail that was accepted before
it began is in it exactly once, handled or still to be handled. The order makes it so: first the
database, then the spool, then the archive. A mail that was handled in between is in the archive
and not in the copied books; it goes into the spool of the copy.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tarfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from mailtrack import __version__
from mailtrack.clockwatch import NOTE as CLOCK_NOTE
from mailtrack.config import Loaded
from mailtrack.config.press import FILE as PRESS
from mailtrack.errors import MailtrackError
from mailtrack.intake.archive import Archive
from mailtrack.intake.imap.ledger import FILE_NAME as LEDGER_NAME
from mailtrack.intake.imap.ledger import copy_ledger
from mailtrack.intake.spool import Spool
from mailtrack.intake.spoolfile import HEAD_BYTES_MAX, SpoolDamaged, envelope_from
from mailtrack.operator.fsck import Found, check, mend_all, places, tally
from mailtrack.operator.place import config_folder, loaded_desk, open_database
from mailtrack.operator.progress import bar
from mailtrack.store.copying import (
    DUMP_NAME,
    SQLITE_NAME,
    copy_database,
    restore_dump,
)
from mailtrack.store.database import Database

MANIFEST: Final = "backup.json"
STAGE: Final = "backup.partial"
_FORMAT: Final = 1
# What is copied by itself, or belongs to the process that runs and is made anew.
_NOT_PLAIN: Final = frozenset({"spool", "archive", "probes", STAGE, CLOCK_NOTE, PRESS})


class BackupRefused(MailtrackError):
    """The backup cannot be made there, or what is there is no backup."""


def run_backup(arguments: Namespace) -> int:
    """Write the backup; a target that is there already stays as it is."""
    loaded = loaded_desk(arguments)
    target = Path(arguments.target).absolute()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise BackupRefused(f"{target} is there already; nothing was written")
    database = open_database(loaded)
    is_tar = ".tar" in target.suffixes
    stage = (loaded.config.state if is_tar else target.parent) / STAGE
    stage = stage.with_name(f"{STAGE}.{secrets.token_hex(4)}")
    try:
        stage.mkdir(mode=0o700, parents=True)
        held = write_backup(loaded, database, config_folder(arguments), stage)
        _put_in_place(stage, target, is_tar=is_tar)
    finally:
        database.close()
        shutil.rmtree(stage, ignore_errors=True)
    print(f"{target}: {tally(held)}; the database, keys and configuration.")
    return os.EX_OK


def write_backup(loaded: Loaded, database: Database, config: Path, folder: Path) -> Found:
    """Fill an empty folder with all of the desk; what was counted, as `fsck` counts it."""
    state, url = loaded.config.state, loaded.config.storage_url
    # Before the books: what a ledger says was taken and the books do not know is never fetched
    # again, while what it does not say comes once more and is known for a duplicate.
    copy_ledger(state, folder)
    copied = copy_database(database, url, folder)
    known = copied.hashes
    spool, archive = folder / "spool", folder / "archive"
    for part in ("new", "quarantine"):
        _copy_folder(state / "spool" / part, spool / part)
    waiting = frozenset(map(_hash_of, _files(spool / "new")))
    names = sorted(Archive(state / "archive").names())
    for name in bar(names, of=len(names), what="archive"):
        source = Archive(state / "archive").path(name)
        if name in known or not database.is_sqlite:
            _copy_file(source, archive / name[:2] / source.name)
        if name not in known | waiting:
            _copy_file(source, spool / "new" / _late_id(source))
    _copy_plain(state, folder, database)
    _copy_folder(config, folder / "config")
    facts = {
        "format": _FORMAT,
        "version": __version__,
        "made_at": datetime.now(UTC).isoformat(),
    }
    (folder / MANIFEST).write_text(json.dumps(facts), "utf-8")
    return Found(
        sum(1 for _ in _files(spool / "new")),
        copied.handled,
        sum(1 for file in _files(spool / "quarantine") if file.suffix == ".eml"),
    )


def run_restore(arguments: Namespace) -> int:
    """Put a backup in the place of the desk's state; what was accepted since is kept."""
    loaded = loaded_desk(arguments)
    source = Path(arguments.source).absolute()
    state = loaded.config.state
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    spool, archive = places(loaded)
    with _given_to_its_owner(state), spool.locked():  # refuses while a desk runs
        with _unpacked(source, state) as folder:
            if not (folder / MANIFEST).is_file():
                raise BackupRefused(f"{source} is no backup of a desk: no {MANIFEST} is there")
            restore(loaded, folder, aside=f"before-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        mended, left = _made_whole(loaded, spool, archive)
    for text in mended:
        print(f"mended: {text}")
    print(f"{tally(left)}.")
    if left.waiting:
        print("What waits in the spool is worked through when the desk starts.")
    for text in left.problems:
        print(f"problem: {text}")
    return 1 if left.problems else os.EX_OK


@contextmanager
def _given_to_its_owner(state: Path) -> Iterator[None]:
    """What root makes in here belongs to whom the folder belongs to: the desk is to read it."""
    try:
        yield
    finally:
        owner = state.stat()
        if os.geteuid() == 0 != owner.st_uid:
            for path in state.rglob("*"):
                if path.lstat().st_uid == 0:
                    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _made_whole(
    loaded: Loaded, spool: Spool, archive: Archive
) -> tuple[tuple[str, ...], Found]:
    """Mend what the mixture of an old database and newer files needs; what that was."""
    database = open_database(loaded)
    try:
        found = check(spool, archive, database, is_deep=True)
        mended = mend_all(found, spool, archive, database)
        return mended, check(spool, archive, database, is_deep=True)
    finally:
        database.close()


def restore(loaded: Loaded, folder: Path, *, aside: str) -> None:
    """Bring a backup's files into the state folder.

    Mail that is there already, accepted after the backup, stays: the spool as it is, and what
    the archive has more than the old books know is handled again by ``fsck``. A database and
    keys that are there are kept beside, under the name ``aside``.
    """
    state = loaded.config.state
    if (folder / SQLITE_NAME).is_file():
        database = Database(loaded.config.storage_url).path
        for part in (database, _beside(database, "-wal"), _beside(database, "-shm")):
            _set_aside(part, aside)
        _copy_anew(folder / SQLITE_NAME, database)
    else:
        restore_dump(loaded.config.storage_url, folder)
    for file in (file for file in _files(folder / "archive") if file.suffix == ".eml"):
        place = state / "archive" / file.parent.name / file.name
        if not place.exists():
            _copy_file(file, place)
    for file in _files(folder / "spool"):
        place = state / "spool" / file.parent.name / file.name
        if not place.exists():
            _copy_file(file, place)
    # A ledger that is newer than the restored books would keep mail from being fetched again.
    for suffix in ("", "-wal", "-shm"):
        _set_aside(_beside(state / LEDGER_NAME, suffix), aside)
    for file in _files(folder):
        top = file.relative_to(folder).parts[0]
        if top in {*_NOT_PLAIN, "config", MANIFEST, SQLITE_NAME, DUMP_NAME}:
            continue
        place = state / file.relative_to(folder)
        if not (place.exists() and place.read_bytes() == file.read_bytes()):
            _set_aside(place, aside)
            _copy_anew(file, place)


def _hash_of(file: Path) -> str:
    """The hash that the head of a spool file names; ``""`` for a damaged one."""
    try:
        with file.open("rb") as opened:
            return envelope_from(opened.readline(HEAD_BYTES_MAX), file.name).sha256
    except SpoolDamaged:
        return ""


def _late_id(source: Path) -> str:
    """A spool id for a mail of the archive: when it was put there, and a mark of its own."""
    return f"{source.stat().st_mtime_ns // 1000:016d}-{source.stem[:8]}"


def _copy_plain(state: Path, folder: Path, database: Database) -> None:
    """Keys, Maildirs, ledgers: whatever else the state folder holds."""
    ours = {database.path.name} if database.is_sqlite else set()
    for path in state.iterdir():
        name = path.name
        if name in _NOT_PLAIN or name.startswith((STAGE, LEDGER_NAME, *ours)):
            continue
        if path.is_dir():
            _copy_folder(path, folder / name)
        elif path.is_file():
            _copy_anew(path, folder / name)


def _copy_folder(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in _files(source):
        place = target / file.relative_to(source)
        if file.suffix == ".eml" or source.name == "new":
            _copy_file(file, place)
        else:
            _copy_anew(file, place)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _copy_file(source: Path, target: Path) -> None:
    """By a link where that can be: mails are never written to again. One that left is left."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        return
    except OSError:
        _copy_anew(source, target)


def _copy_anew(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return  # it was moved on meanwhile, as mail is


def _put_in_place(stage: Path, target: Path, *, is_tar: bool) -> None:
    if is_tar:
        partial = target.with_name(f"{target.name}.partial")
        descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file, _tar(file, target.suffix) as tar:
            tar.add(stage, arcname=".")
    else:
        partial = stage
        if target.exists():
            target.rmdir()
    os.sync()
    partial.rename(target)


def _tar(file: BinaryIO, suffix: str) -> tarfile.TarFile:
    if suffix == ".gz":
        return tarfile.open(fileobj=file, mode="w:gz")
    return tarfile.open(fileobj=file, mode="w")


@contextmanager
def _unpacked(source: Path, state: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
        return
    stage = state / f"{STAGE}.{secrets.token_hex(4)}"
    try:
        with tarfile.open(source) as tar:
            tar.extractall(stage, filter="data")
        yield stage
    except tarfile.TarError as error:
        # The library lists all that it has tried, a line each.
        why = str(error).partition("\n")[0].rstrip(":")
        raise BackupRefused(f"{source} is no backup of a desk: {why}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _set_aside(path: Path, name: str) -> None:
    if path.exists():
        path.rename(_beside(path, f".{name}"))
