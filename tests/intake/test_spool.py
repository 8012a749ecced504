"""The spool: what was accepted is there, whole, once, in order, whatever happens."""

import asyncio
import errno
import fcntl
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake.doors import MAIL, NO_FLOOR, NOON

from mailtrack.errors import TemporaryFailure
from mailtrack.intake.archive import Archive
from mailtrack.intake.spool import Floor, Spool, SpoolDamaged, SpoolFull, SpoolLocked
from mailtrack.intake.spoolfile import (
    envelope_from,
    head_of,
    prove_file,
    sha256_of,
    split_file,
    without_head,
)
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front

TO = (Address("support", "help.example"),)


@pytest.fixture(params=["by threads", "by a process"])
async def spool(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Spool]:
    spool = Spool(tmp_path / "spool", floor=NO_FLOOR)
    spool.lock()
    if request.param == "by a process":
        await spool.start()
    yield spool
    await spool.close()


async def put(spool: Spool, raw: bytes = MAIL) -> Envelope:
    return await spool.put(
        raw, mail_from=None, rcpt_to=TO, front=Front.SMTP, peer="192.0.2.1", received_at=NOON
    )


def put_now(spool: Spool, raw: bytes = MAIL) -> Envelope:
    return spool.put_now(
        raw, mail_from=None, rcpt_to=TO, front=Front.PIPE, peer="", received_at=NOON
    )


async def test_what_is_put_is_read_again(spool: Spool) -> None:
    envelope = await put(spool)
    assert spool.read(envelope.spool_id) == (envelope, MAIL)
    assert envelope.sha256 == hashlib.sha256(MAIL).hexdigest()


async def test_a_large_mail_is_found_without_being_read(spool: Spool) -> None:
    raw = b"Subject: large\r\n\r\n" + b"x" * (3 * 1024 * 1024 + 1)
    stored = await put(spool, raw)
    envelope, place = spool.locate(stored.spool_id)
    assert envelope == stored
    assert place.path.read_bytes()[place.start_bytes :] == raw
    place.path.unlink()
    with pytest.raises(SpoolDamaged, match="No such file"):
        spool.locate(stored.spool_id)


async def test_the_file_is_a_mail_an_operator_can_read(spool: Spool) -> None:
    envelope = await put(spool)
    content = (spool.root / "new" / envelope.spool_id).read_bytes()
    assert content.startswith(b"X-Mailtrack-Envelope: {")
    assert content.endswith(b"}\r\n" + MAIL)


async def test_ids_rise_in_the_order_of_acceptance(spool: Spool) -> None:
    envelopes = await asyncio.gather(*(put(spool, b"%d" % number) for number in range(100)))
    by_id = sorted(envelope.spool_id for envelope in envelopes)
    assert len(set(by_id)) == 100
    assert spool.waiting(1000) == tuple(by_id)
    assert spool.waiting(3) == tuple(by_id[:3])
    later = await put(spool)
    assert later.spool_id > by_id[-1]


async def test_ids_go_on_rising_after_the_clock_was_put_back(spool: Spool) -> None:
    envelope = await put(spool)
    future = f"9{envelope.spool_id[1:]}"
    (spool.root / "new" / envelope.spool_id).rename(spool.root / "new" / future)
    await spool.close()
    again = Spool(spool.root, floor=NO_FLOOR)
    again.lock()
    assert (await put(again)).spool_id > future
    await again.close()


async def test_the_doorbell_rings_after_the_mail_is_there(spool: Spool) -> None:
    seen: list[tuple[str, ...]] = []
    spool.doorbell = lambda: seen.append(spool.waiting(10))
    envelope = await put(spool)
    assert seen == [(envelope.spool_id,)]
    put_now(spool)
    assert len(seen) == 2


async def test_only_their_owner_can_read_mails(spool: Spool) -> None:
    envelope = await put(spool)
    file = spool.root / "new" / envelope.spool_id
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (spool.root, spool.root / "new", spool.root / "quarantine"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_second_daemon_is_told_who_has_the_spool(spool: Spool) -> None:
    second = Spool(spool.root, floor=NO_FLOOR)
    with pytest.raises(SpoolLocked, match=f"process {os.getpid()}") as refusal:
        second.lock()
    assert str(spool.root) in str(refusal.value)
    await spool.close()
    second.lock()
    await second.close()


async def test_a_daemon_that_is_about_to_end_is_waited_for(spool: Spool) -> None:
    """A supervisor that restarts us is often a moment too early."""
    holder = os.open(spool.root / "lock", os.O_RDWR)
    await spool.close()
    fcntl.flock(holder, fcntl.LOCK_EX)
    threading.Timer(0.1, os.close, (holder,)).start()
    second = Spool(spool.root, floor=NO_FLOOR)
    second.lock()
    await second.close()


async def test_what_a_crash_left_half_written_is_swept_up(spool: Spool) -> None:
    kept = await put(spool)
    spool.attempt(kept.spool_id)
    gone = f"{1:016d}-00000000"
    spool.attempt(gone)
    (spool.root / "tmp" / "half").write_bytes(b"From: da")
    await spool.close()
    again = Spool(spool.root, floor=NO_FLOOR)
    again.lock()
    assert list((spool.root / "tmp").iterdir()) == []
    assert [path.name for path in (spool.root / "attempts").iterdir()] == [kept.spool_id]
    assert again.waiting(10) == (kept.spool_id,)
    await again.close()


async def test_what_is_no_mail_of_ours_is_not_waiting(spool: Spool) -> None:
    (spool.root / "new" / "README").write_text("hello")
    assert spool.waiting(10) == ()


@pytest.mark.parametrize("spool_id", ["", "../new/x", "x", "1234567890123456-0000000g", "a/b"])
async def test_nothing_but_a_spool_id_becomes_a_path(spool: Spool, spool_id: str) -> None:
    for use in (spool.read, spool.attempt, spool.attempts_end, spool.release):
        with pytest.raises(ValueError, match="not a spool id"):
            use(spool_id)
    with pytest.raises(ValueError, match="not a spool id"):
        spool.quarantine(spool_id, "x")


async def test_attempts_are_counted_and_forgotten(spool: Spool) -> None:
    spool_id = (await put(spool)).spool_id
    assert [spool.attempt(spool_id) for _ in range(3)] == [1, 2, 3]
    assert Spool(spool.root).attempt(spool_id) == 4
    spool.attempts_end(spool_id)
    spool.attempts_end(spool_id)
    assert spool.attempt(spool_id) == 1


async def test_archiving_moves_the_one_copy_and_can_be_repeated(
    spool: Spool, tmp_path: Path
) -> None:
    archive = Archive(tmp_path / "archive")
    envelope = await put(spool)
    spool.archive(envelope.spool_id, archive)
    spool.archive(envelope.spool_id, archive)
    assert spool.waiting(10) == ()
    assert archive.has(envelope.sha256)
    assert archive.raw(envelope.sha256) == MAIL
    assert archive.path(envelope.sha256).parent.name == envelope.sha256[:2]


async def test_the_same_mail_twice_is_archived_once(spool: Spool, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    first, second = await put(spool), await put(spool)
    for envelope in (first, second):
        spool.archive(envelope.spool_id, archive)
    assert spool.waiting(10) == ()
    content = archive.path(first.sha256).read_bytes()
    assert split_file(content, first.spool_id) == (first, MAIL)


async def test_quarantine_keeps_mail_and_reason_and_can_be_undone(spool: Spool) -> None:
    spool_id = (await put(spool)).spool_id
    spool.attempt(spool_id)
    path = spool.quarantine(spool_id, "broke the parser three times")
    assert spool.quarantine(spool_id, "broke the parser three times") == path
    assert path.with_suffix(".reason").read_text() == "broke the parser three times"
    assert spool.waiting(10) == ()
    assert spool.quarantined() == (spool_id,)
    spool.release(spool_id)
    assert spool.quarantined() == ()
    assert spool.read(spool_id)[1] == MAIL
    assert spool.attempt(spool_id) == 1


async def test_a_damaged_file_can_still_be_quarantined(spool: Spool) -> None:
    spool_id = (await put(spool)).spool_id
    (spool.root / "new" / spool_id).write_bytes(b"")
    with pytest.raises(SpoolDamaged):
        spool.read(spool_id)
    spool.quarantine(spool_id, "damaged")
    assert spool.quarantined() == (spool_id,)


def test_a_mail_that_is_not_there_is_damaged_too(tmp_path: Path) -> None:
    with pytest.raises(SpoolDamaged, match="No such file"):
        Spool(tmp_path).read(f"{1:016d}-00000000")


@pytest.mark.parametrize(("free_share", "is_refused"), [(0.0, False), (1.0, True)])
def test_the_floor_is_a_share_of_the_disk(
    tmp_path: Path, free_share: float, is_refused: bool
) -> None:
    spool = Spool(tmp_path, floor=Floor(bytes_min=0, share_min=free_share))
    if is_refused:
        with pytest.raises(SpoolFull):
            spool.check_room()
    else:
        spool.check_room()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_is_no_broken_disk(tmp_path: Path, number: int) -> None:
    trouble = [OSError(number, "full")]
    spool = Spool(tmp_path, floor=NO_FLOOR, sync=_failing_while(trouble))
    with pytest.raises(SpoolFull):
        await put(spool)
    trouble.clear()
    assert spool.read((await put(spool)).spool_id)[1] == MAIL
    await spool.close()


@pytest.mark.parametrize("syncs_before", [0, 1])
async def test_a_failed_sync_accepts_nothing_more_and_leaves_nothing(
    tmp_path: Path, syncs_before: int
) -> None:
    """The second sync of a mail is the folder's: by then the file has its name."""
    syncs: list[int] = []

    def sync(descriptor: int) -> None:
        syncs.append(descriptor)
        if len(syncs) > syncs_before:
            raise OSError(errno.EIO, "Input/output error")

    spool = Spool(tmp_path, floor=NO_FLOOR, sync=sync)
    with pytest.raises(TemporaryFailure):
        await put(spool)
    assert spool.waiting(10) == ()
    assert list((tmp_path / "tmp").iterdir()) == []
    syncs.clear()
    with pytest.raises(TemporaryFailure, match="restart"):
        await put(spool)
    with pytest.raises(TemporaryFailure, match="restart"):
        put_now(spool)
    await spool.close()


async def test_many_mails_share_one_sync_of_the_folder(tmp_path: Path) -> None:
    kinds: list[bool] = []

    def sync(descriptor: int) -> None:
        kinds.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        os.fsync(descriptor)

    spool = Spool(tmp_path, floor=NO_FLOOR, sync=sync)
    await asyncio.gather(*(put(spool, b"%d" % number) for number in range(200)))
    assert kinds.count(False) == 200
    assert 200 / 64 <= kinds.count(True) < 200
    await spool.close()


async def test_closing_finishes_what_is_being_stored(tmp_path: Path) -> None:
    spool = Spool(tmp_path, floor=NO_FLOOR)
    stores = [asyncio.create_task(put(spool, b"%d" % number)) for number in range(20)]
    await asyncio.sleep(0)
    await spool.close()
    assert len(Spool(tmp_path).waiting(100)) == 20
    await asyncio.gather(*stores)


CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.envelope import Front

async def work(spool, name):
    for number in range(100_000):
        raw = f"{name}-{number}".encode() * 500
        envelope = await spool.put(raw, mail_from=None, rcpt_to=(), front=Front.SMTP, peer="",
                                   received_at=datetime.now(UTC))
        print(envelope.spool_id, envelope.sha256, flush=True)

async def main():
    spool = Spool(Path(sys.argv[1]), floor=Floor(0, 0.0))
    spool.lock()
    if sys.argv[2:]:
        await spool.start()
    await asyncio.gather(*(work(spool, name) for name in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("by_a_process", [(), ("by a process",)], ids=["threads", "process"])
@pytest.mark.parametrize("promises", [1, 40, 150])
def test_no_promise_is_broken_by_a_kill(
    tmp_path: Path, promises: int, by_a_process: tuple[str, ...]
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), *by_a_process],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(promises)]
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.stdout.close()
    child.wait()
    promised = dict(line.split() for line in lines if line.endswith("\n"))
    spool = Spool(tmp_path, floor=NO_FLOOR)
    spool.lock()
    found = {spool_id: sha256_of(spool.read(spool_id)[1]) for spool_id in spool.waiting(10**6)}
    assert len(promised) >= promises
    assert promised.items() <= found.items()
    asyncio.run(spool.close())


# The format.

_locals = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_addresses = st.builds(Address, _locals, _locals)
_envelopes = st.builds(
    Envelope,
    spool_id=st.just("1"),
    mail_from=st.none() | _addresses,
    rcpt_to=st.lists(_addresses, max_size=4).map(tuple),
    received_at=st.datetimes(timezones=st.just(UTC)),
    front=st.sampled_from(Front),
    peer=st.text(max_size=10),
    size_bytes=st.integers(0, 10**9),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    authenticated_as=st.none() | st.text(max_size=10),
    is_encrypted=st.booleans(),
    waiting_since=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(_envelopes)
def test_every_envelope_is_one_line_that_says_all(envelope: Envelope) -> None:
    head = head_of(envelope)
    assert head.index(b"\r\n") == len(head) - 2
    assert b"\n" not in head[:-2]
    assert envelope_from(head, "1") == envelope


def _file_of(raw: bytes) -> bytes:
    envelope = Envelope(
        spool_id="1",
        mail_from=None,
        rcpt_to=TO,
        received_at=datetime(2026, 3, 2, tzinfo=UTC) + timedelta(microseconds=1),
        front=Front.LMTP,
        peer="",
        size_bytes=len(raw),
        sha256=sha256_of(raw),
    )
    return head_of(envelope) + raw


@given(st.binary(max_size=200))
def test_any_bytes_come_out_as_they_went_in(raw: bytes) -> None:
    envelope, there = split_file(_file_of(raw), "1")
    assert there == raw
    assert prove_file(io.BytesIO(_file_of(raw)), "1") == envelope
    assert without_head(_file_of(raw)) == raw


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_file_cut_short_anywhere_is_damaged(raw: bytes, data: st.DataObject) -> None:
    whole = _file_of(raw)
    assert_it_is_damaged(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"From: x\r\n\r\n",
        b"X-Mailtrack-Envelope: \r\n",
        b"X-Mailtrack-Envelope: {}\r\n",
        b"X-Mailtrack-Envelope: []\r\n",
        b'X-Mailtrack-Envelope: {"v":2}\r\n',
        b"X-Mailtrack-Envelope: \xff\r\n",
        _file_of(b"abc") + b"d",
        _file_of(b"abc")[:-1] + b"d",
        _file_of(b"abc").replace(b'"lmtp"', b'"fax"'),
        _file_of(b"abc").replace(b'["support","help.example"]', b'["support"]'),
        _file_of(b"abc").replace(b"2026-03-02", b"2026-13-02"),
    ],
)
def test_what_was_altered_is_damaged(content: bytes) -> None:
    assert_it_is_damaged(content)


def assert_it_is_damaged(content: bytes) -> None:
    """Read at once or in pieces, for the same reason."""
    with pytest.raises(SpoolDamaged) as at_once:
        split_file(content, "1")
    with pytest.raises(SpoolDamaged) as in_pieces:
        prove_file(io.BytesIO(content), "1")
    assert str(in_pieces.value) == str(at_once.value)


def _failing_while(trouble: list[OSError]) -> Callable[[int], None]:
    def sync(_: int) -> None:
        if trouble:
            raise trouble[0]

    return sync
