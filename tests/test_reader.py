"""A hostile mail costs only itself: workers that read mails can be killed."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import psutil
import pytest
from raw_mail import text_mail
from waiting import wait_for, wait_until

from mailtrack import reader as reader_module
from mailtrack.mail.envelope import RawFile
from mailtrack.mail.message import ParsedMail
from mailtrack.reader import Reader, ReaderDied

SMALL = text_mail(b"hello")
LARGE = text_mail(b"hello world\r\n" * 10_000)
WAIT_SECONDS_MAX = 20.0


def endless(raw: bytes, shallow: bool, cpu_seconds: int) -> ParsedMail:
    """In a worker: a library that never comes back."""
    threading.Event().wait(60)
    return ParsedMail()


def greedy(raw: bytes, shallow: bool, cpu_seconds: int) -> ParsedMail:
    """In a worker: a library that wants more memory than there is."""
    return ParsedMail(text=str(len(bytearray(2 << 30))))


def sluggish(raw: bytes | RawFile, shallow: bool, cpu_seconds: int) -> ParsedMail:
    """In a worker: tells that it has begun, and goes on when it is let."""
    assert isinstance(raw, RawFile)
    begun = raw.path.with_suffix(".begun")
    begun.touch()
    wait_for(lambda: not begun.exists(), WAIT_SECONDS_MAX)
    return ParsedMail()


def chatty(raw: bytes, shallow: bool, cpu_seconds: int) -> ParsedMail:
    """In a worker: a library that logs what it stumbles over."""
    logging.getLogger("library").error("Traceback: %r", raw[:9])
    return ParsedMail()


def busy(raw: bytes, shallow: bool, cpu_seconds: int) -> ParsedMail:
    """In a worker: a regular expression that explodes, under the limit of processor time."""
    reader_module.spend_at_most(cpu_seconds)
    while True:
        pass


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if is_worker(one)]


def is_worker(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.Error:
        return False  # it ended while it was looked at


@pytest.fixture
async def reader():
    reader = Reader(1, 10.0)
    yield reader
    await reader.close()


async def test_a_large_mail_is_read_from_its_file(reader: Reader, tmp_path: Path) -> None:
    file = tmp_path / "mail"
    file.write_bytes(b"Our line\r\n" + LARGE)
    place = RawFile(file, len(b"Our line\r\n"))
    assert await reader.read(place) == await reader.read(LARGE)
    assert (await reader.read(place, shallow=True)).is_shallow
    file.unlink()
    with pytest.raises(ReaderDied):
        await reader.read(place)


async def test_large_mails_take_half_of_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "read_in_worker", sluggish)
    reader = Reader(4, 60.0)
    reads = [
        asyncio.create_task(reader.read(RawFile(tmp_path / f"{number}.eml", 0)))
        for number in range(4)
    ]
    begun = [tmp_path / f"{number}.begun" for number in range(4)]
    await wait_until(lambda: begun[0].exists() and begun[1].exists(), WAIT_SECONDS_MAX)
    begun[0].unlink()
    await wait_until(begun[2].exists, WAIT_SECONDS_MAX)
    assert not begun[3].exists(), "two are being read"
    begun[1].unlink()
    await wait_until(begun[3].exists, WAIT_SECONDS_MAX)
    for file in begun[2:]:
        file.unlink()
    await asyncio.gather(*reads)
    await reader.close()


async def test_a_small_mail_is_read_without_a_worker(reader):
    assert (await reader.read(SMALL)).text == "hello"
    assert children() == []


async def test_a_large_mail_is_read_by_a_worker(reader):
    parsed = await reader.read(LARGE)
    assert len(parsed.text) == 120_000
    assert len(children()) == 1


async def test_a_shallow_reading_is_passed_on(reader):
    assert (await reader.read(SMALL, shallow=True)).is_shallow
    assert (await reader.read(LARGE, shallow=True)).is_shallow


@pytest.mark.parametrize(
    ("work", "limits"),
    [
        (endless, {"wall_seconds": 0.3}),
        (greedy, {"wall_seconds": 20.0}),
        (busy, {"wall_seconds": 20.0, "cpu_seconds": 1}),
    ],
)
async def test_a96_a_worker_past_its_limit_dies_and_its_successor_reads_on(
    monkeypatch, work, limits
):
    reader = Reader(1, **limits)
    try:
        monkeypatch.setattr(reader_module, "read_in_worker", work)
        with pytest.raises(ReaderDied):
            await reader.read(LARGE)
        monkeypatch.undo()
        assert len((await reader.read(LARGE)).text) == 120_000
    finally:
        await reader.close()


async def test_closing_breaks_off_what_is_read(monkeypatch):
    reader = Reader(1, 30.0)
    monkeypatch.setattr(reader_module, "read_in_worker", endless)
    reading = asyncio.ensure_future(reader.read(LARGE))
    await wait_until(children, WAIT_SECONDS_MAX)
    await reader.close()
    with pytest.raises(ReaderDied):
        await reading
    await wait_until(lambda: not children(), WAIT_SECONDS_MAX)


async def test_workers_leave_when_there_is_nothing_to_read():
    reader = Reader(1, 10.0, idle_seconds=0.1)
    await reader.read(LARGE)
    await wait_until(lambda: not children(), WAIT_SECONDS_MAX)
    assert len((await reader.read(LARGE)).text) == 120_000
    await reader.close()


async def test_a_worker_says_nothing_of_what_it_reads(monkeypatch, capfd):
    reader = Reader(1, 20.0)
    monkeypatch.setattr(reader_module, "read_in_worker", chatty)
    await reader.read(LARGE)
    await reader.close()
    assert capfd.readouterr() == ("", "")
