"""The heartbeat."""

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from mailtrack import clock as clock_module
from mailtrack.clock import Clock


async def nothing() -> None: ...


async def test_a_beat_that_a_stop_breaks_off_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(clock_module, "FILES_SECONDS", 0.01)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def look_at_files() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    clock = Clock(
        clerk=None,  # their beats come later
        sender=None,
        now=lambda: datetime.now(UTC),
        look_at_files=look_at_files,
        run_errands=nothing,
        still_alive=lambda: None,
        look_around=nothing,
    )
    clock.start()
    await asyncio.wait_for(begun.wait(), 10)
    clock.stop()
    await asyncio.wait_for(ended.wait(), 10)
    await asyncio.sleep(0)
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
