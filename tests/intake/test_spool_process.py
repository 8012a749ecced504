"""The process that writes for the daemon: what it says is there is, and it may end any time."""

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from intake.doors import MAIL, NO_FLOOR, NOON
from structlog.testing import capture_logs
from waiting import wait_for

from mailtrack.errors import TemporaryFailure
from mailtrack.intake import spoolprocess, spoolwriter
from mailtrack.intake.incoming import SPILL_BYTES
from mailtrack.intake.spool import Spool, SpoolFull, SpoolLocked
from mailtrack.intake.spoollock import is_at_work
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front

TO = (Address("support", "help.example"),)
ODD = str(Path(__file__).with_name("odd_writer.py"))
Begin = Callable[..., Awaitable[Spool]]


@pytest.fixture
async def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Begin]:
    """Makes the spool at work, with a writer that is odd if so wished."""
    made: list[Spool] = []

    async def start(what: str = "") -> Spool:
        if what:
            command = (sys.executable, ODD, what)
            monkeypatch.setattr(spoolprocess, "COMMAND", command)
        spool = Spool(tmp_path / "spool", floor=NO_FLOOR)
        spool.lock()
        made.append(spool)
        await spool.start()
        return spool

    yield start
    for spool in made:
        await spool.close()
    assert writers() == [], "it went with the spool"


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that hangs is given up soon."""
    monkeypatch.setattr(spoolprocess, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(spoolprocess, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(spoolprocess, "END_SECONDS_MAX", 0.1)


async def put(spool: Spool, raw: bytes = MAIL) -> Envelope:
    return await spool.put(
        raw, mail_from=None, rcpt_to=TO, front=Front.SMTP, peer="192.0.2.1", received_at=NOON
    )


def writers() -> list[psutil.Process]:
    """The processes that write for this one."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE
        and any("spoolchild" in word or "odd_writer" in word for word in child.cmdline())
    ]


def drafts(spool: Spool) -> list[Path]:
    return [*(spool.root / "tmp").iterdir()]


async def is_so(predicate: Callable[[], bool]) -> None:
    """Let the loop turn until it is so."""
    await asyncio.to_thread(wait_for, predicate, 30)


async def test_it_writes_and_the_daemon_does_not(begin: Begin) -> None:
    spool = await begin()
    (writer,) = writers()
    before = writer.io_counters().write_chars
    await put(spool, b"x" * 50_000)
    assert writer.io_counters().write_chars - before > 50_000


async def test_what_is_too_large_for_it_goes_by_threads_at_the_same_time(begin: Begin) -> None:
    spool = await begin()
    (writer,) = writers()
    before = writer.io_counters().write_chars

    async def put_large() -> Envelope:
        incoming = spool.begin(
            mail_from=None, rcpt_to=TO, front=Front.SMTP, peer="", received_at=NOON
        )
        await incoming.add(b"y" * SPILL_BYTES)
        return await incoming.store(NOON, b"z")

    whole = put(spool, b"w" * SPILL_BYTES)  # as an IMAP server gives it
    small = (put(spool, b"%d" % n) for n in range(30))
    envelopes = await asyncio.gather(*small, whole, put_large())
    assert len({envelope.spool_id for envelope in envelopes}) == 32
    assert spool.read(envelopes[-1].spool_id) == (envelopes[-1], b"y" * SPILL_BYTES + b"z")
    assert writer.io_counters().write_chars - before < SPILL_BYTES
    later = await put(spool)
    assert all(later.spool_id > envelope.spool_id for envelope in envelopes)


async def test_its_ids_rise_above_those_that_were_there_before(begin: Begin) -> None:
    spool = await begin()
    future = f"9{'0' * 15}-00000000"
    (spool.root / "new" / (await put(spool)).spool_id).rename(spool.root / "new" / future)
    await spool.close()
    again = await begin()
    assert (await put(again)).spool_id > future
    # And what the daemon's threads name comes after what it was told of the process.
    assert again.put_now(
        MAIL, mail_from=None, rcpt_to=TO, front=Front.PIPE, peer="", received_at=NOON
    ).spool_id == max(again.waiting(10))


async def test_the_daemons_signals_are_not_for_it(begin: Begin) -> None:
    spool = await begin()
    (writer,) = writers()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        writer.send_signal(number)
    assert spool.read((await put(spool)).spool_id)[1] == MAIL
    assert writers() == [writer]


async def test_the_daemons_signals_are_not_for_it_while_it_starts_either(begin: Begin) -> None:
    beginning = asyncio.ensure_future(begin())
    await is_so(lambda: bool(writers()))
    (writer,) = writers()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        writer.send_signal(number)
    spool = await beginning
    await put(spool)
    assert writers() == [writer]


async def test_closing_finishes_what_it_has_in_hand(begin: Begin) -> None:
    spool = await begin()
    stores = [asyncio.create_task(put(spool, b"%d" % number)) for number in range(50)]
    await asyncio.sleep(0)
    await spool.close()
    assert len(spool.waiting(100)) == 50
    await asyncio.gather(*stores)


async def test_who_goes_away_does_not_stop_a_store(begin: Begin) -> None:
    spool = await begin()
    gone = asyncio.create_task(put(spool))
    await asyncio.sleep(0)
    gone.cancel()
    await spool.close()
    assert len(spool.waiting(10)) == 1


# Its end.

POINTS = {
    "while the mail is written": ("_write.before", 0),
    "written, not synced": ("_write.after", 0),
    "synced, not renamed": ("_publish.before", 0),
    "renamed, folder not synced": ("_sync_folder.before", 1),
    "on disk, before it says so": ("_publish.after", 1),
}


@pytest.mark.parametrize(("point", "published"), POINTS.values(), ids=POINTS.keys())
async def test_killed_at_this_point_the_mail_is_put_off_and_taken_when_it_comes_again(
    begin: Begin, point: str, published: int
) -> None:
    spool = await begin(f"dies:{point}")
    with pytest.raises(TemporaryFailure, match="the process that writes ended"):
        await put(spool)
    assert len(spool.waiting(10)) == published
    for spool_id in spool.waiting(10):
        assert spool.read(spool_id)[1] == MAIL, "whole, or not there"
    await is_so(lambda: drafts(spool) == [])
    again = await put(spool)
    assert spool.read(again.spool_id) == (again, MAIL)
    assert not spool.is_broken


async def test_killed_under_load_it_breaks_no_promise(begin: Begin) -> None:
    spool = await begin()
    (writer,) = writers()
    stores = [asyncio.create_task(put(spool, b"%d" % number)) for number in range(400)]
    await asyncio.wait(stores, return_when=asyncio.FIRST_COMPLETED)
    writer.kill()
    done = await asyncio.gather(*stores, return_exceptions=True)
    promised = {one.spool_id for one in done if isinstance(one, Envelope)}
    assert promised <= set(spool.waiting(1000))
    assert any(isinstance(one, TemporaryFailure) for one in done)
    assert all(isinstance(one, Envelope | TemporaryFailure) for one in done)
    for spool_id in spool.waiting(1000):
        spool.read(spool_id)  # raises if it is not whole
    await is_so(lambda: drafts(spool) == [])


async def test_another_one_is_begun_after_a_while(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await begin()
    (writer,) = writers()
    monkeypatch.setattr(spoolwriter, "PROCESS_AGAIN_SECONDS", 0.01)
    writer.kill()
    await is_so(lambda: bool(writers()) and writers() != [writer])
    (another,) = writers()
    await asyncio.wait_for(_until_it_writes(spool, another), 30)


async def _until_it_writes(spool: Spool, writer: psutil.Process) -> None:
    before = writer.io_counters().write_chars
    while writer.io_counters().write_chars - before < 10_000:
        await put(spool, b"x" * 10_000)


@pytest.mark.usefixtures("impatience")
async def test_one_that_hangs_is_not_waited_for_to_the_end_of_days(begin: Begin) -> None:
    spool = await begin("hangs")
    with pytest.raises(TemporaryFailure, match="ended"):
        await put(spool)
    assert spool.read((await put(spool)).spool_id)[1] == MAIL


@pytest.mark.usefixtures("impatience")
async def test_one_that_is_stopped_is_not_waited_for_either(begin: Begin) -> None:
    spool = await begin()
    (writer,) = writers()
    writer.suspend()
    with pytest.raises(TemporaryFailure, match="ended"):
        await put(spool)
    assert writers() == []
    assert spool.read((await put(spool)).spool_id)[1] == MAIL


@pytest.mark.usefixtures("impatience")
async def test_a_mail_that_sticks_is_put_off_though_others_get_through(begin: Begin) -> None:
    spool = await begin("sticks")
    stuck = asyncio.create_task(put(spool))
    await asyncio.sleep(0)
    through = 0
    async with asyncio.timeout(30):
        while not stuck.done():
            with contextlib.suppress(TemporaryFailure):  # those in hand at its end
                await put(spool)
                through += 1
    with pytest.raises(TemporaryFailure, match="ended"):
        await stuck
    assert through > 1


async def test_where_no_thread_may_begin_its_end_is_noticed_too(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await begin()
    (writer,) = writers()
    writer.suspend()
    store = asyncio.create_task(put(spool))
    await asyncio.sleep(0)
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", begins_not)
        writer.kill()
        with pytest.raises(TemporaryFailure, match="ended"):
            await asyncio.wait_for(store, 30)
    assert spool.read((await put(spool)).spool_id)[1] == MAIL


async def test_where_no_thread_may_begin_mail_is_taken_all_the_same(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoolprocess, "COMMAND", (str(tmp_path / "no-such-program"),))
    spool = await begin()
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", begins_not)
        for number in range(2 * spoolwriter.WRITERS_MAX):
            await asyncio.wait_for(put(spool, b"%d" % number), 30)
    await asyncio.gather(*(put(spool, b"later %d" % number) for number in range(20)))
    assert len(spool.waiting(100)) == 20 + 2 * spoolwriter.WRITERS_MAX
    assert drafts(spool) == []


def begins_not(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


async def test_one_that_does_not_come_up_is_told_of(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoolprocess, "START_SECONDS_MAX", 0.0)
    with capture_logs() as said:
        await begin()
    assert [one["event"] for one in said] == ["spool_process_missing"]


@pytest.mark.parametrize("what", ["old", "mute", "babbles"])
async def test_one_that_is_none_of_ours_gets_no_mail(
    begin: Begin, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoolprocess, "START_SECONDS_MAX", 2.0)
    monkeypatch.setattr(spoolprocess, "END_SECONDS_MAX", 0.1)
    spool = await begin(what)
    assert spool.read((await put(spool)).spool_id)[1] == MAIL
    await is_so(lambda: writers() == [])


async def test_a_machine_that_lets_none_begin_is_no_reason_not_to_take_mail(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spoolprocess, "COMMAND", (str(tmp_path / "no-such-program"),))
    spool = await begin()
    assert spool.read((await put(spool)).spool_id)[1] == MAIL


# The disk.


async def test_a_disk_that_did_not_keep_a_mail_takes_nothing_more(begin: Begin) -> None:
    spool = await begin(f"sync:{errno.EIO}")
    with pytest.raises(TemporaryFailure, match="Input/output error"):
        await put(spool)
    assert spool.is_broken
    assert spool.waiting(10) == ()
    assert drafts(spool) == []
    for writer in writers():
        writer.kill()
    await is_so(lambda: writers() == [])
    with pytest.raises(TemporaryFailure, match="a restart is needed"):
        await put(spool)


async def test_a_full_disk_is_no_broken_disk(begin: Begin) -> None:
    spool = await begin(f"sync:{errno.ENOSPC}")
    with pytest.raises(SpoolFull):
        await put(spool)
    assert not spool.is_broken
    assert drafts(spool) == []


async def test_a_mistake_of_ours_costs_its_mail_only(begin: Begin) -> None:
    spool = await begin("bug")
    with pytest.raises(RuntimeError, match="ValueError: a bug"):
        await put(spool)
    assert not spool.is_broken
    assert len(writers()) == 1


# Who is killed holds nothing up.

DAEMON = """
import asyncio, sys
from pathlib import Path
from mailtrack.intake.spool import Floor, Spool

async def main():
    spool = Spool(Path(sys.argv[1]), floor=Floor(0, 0.0))
    spool.lock()
    await spool.start()
    print("up", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_it_ends_with_a_daemon_that_is_killed_and_keeps_the_lock_until_then(
    tmp_path: Path,
) -> None:
    command = (sys.executable, "-c", DAEMON, str(tmp_path))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == b"up\n"
        (writer,) = psutil.Process(daemon.pid).children()
        writer.suspend()
        daemon.kill()
    spool = Spool(tmp_path, floor=NO_FLOOR)
    with pytest.raises(SpoolLocked):
        spool.lock()
    assert is_at_work(tmp_path), "a writer may still have something in hand"
    writer.resume()
    wait_for(lambda: not is_at_work(tmp_path), 30)
    spool.lock()
    asyncio.run(spool.close())


def test_it_looks_for_its_code_nowhere_else_than_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    command = (sys.executable, "-I", "-c", DAEMON, str(tmp_path / "spool"))
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as daemon:
        try:
            assert daemon.stdout is not None
            assert daemon.stdout.readline() == b"up\n"
            found = psutil.Process(daemon.pid).children()
        finally:
            daemon.kill()
    assert len(found) == 1
