"""IMAP keeps the promises of all fronts, with a real server behind the door."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from intake.doors import MAIL, Door, ImapDoor, Setup
from intake.front_suite import FrontSuite, MakeDoor
from servers.dovecot import Dovecot
from waiting import wait_until

from mailtrack.intake.imap import session as session_module

STEPS = ["CAPABILITY", "LOGIN", "SELECT", "SEARCH", "SIZE", "BODY", "STORE", "IDLE"]


@asynccontextmanager
async def fragile_line(port: int, step: str) -> AsyncIterator[tuple[int, list[str]]]:
    """A line to a server that breaks once: the server hears the step, and nobody its answer."""
    broken: list[str] = []
    talks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection("127.0.0.1", port)
        back = asyncio.create_task(_copy(there_reader, writer))
        talks.update({back, asyncio.current_task()})  # type: ignore[arg-type]
        try:
            while line := await reader.readline():
                if step in line.decode().upper() and not broken:
                    broken.append(step)
                    back.cancel()
                    there.write(line)
                    await asyncio.wait_for(there_reader.readline(), 10)
                    return
                there.write(line)
        finally:
            back.cancel()
            there.close()
            writer.transport.abort()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], broken
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)


@pytest.mark.slow
class TestImap(FrontSuite):
    door_class = ImapDoor

    @pytest.fixture
    def new_door(self, dovecot: Dovecot) -> Callable[[Path, Setup], Door]:
        return partial(ImapDoor, dovecot)

    async def test_a_mail_has_no_flag_before_it_is_on_disk(self, make_door: MakeDoor) -> None:
        gate = asyncio.Event()
        loop = asyncio.get_running_loop()

        def sync(_: int) -> None:
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

        door = await make_door(Setup(sync=sync))
        assert isinstance(door, ImapDoor)
        door.lay(MAIL)
        await door.fetching.start()
        await wait_until(lambda: any((door.spool.root / "tmp").iterdir()))
        assert (door.stored(), door.flags()) == ([], set())
        gate.set()
        await wait_until(door.has_looked)
        assert len(door.stored()) == 1
        assert door.flags() == {"\\Seen", "$MailtrackDone"}

    @pytest.mark.parametrize("step", STEPS)
    async def test_a_line_that_breaks_at_a_step_neither_loses_nor_doubles(
        self, make_door: MakeDoor, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the server did, and could not say, is done."""
        monkeypatch.setattr(session_module, "WAIT_SECONDS_MIN", 0.01)
        door = await make_door()
        assert isinstance(door, ImapDoor)
        door.lay(MAIL)
        async with fragile_line(door.server.port, step) as (port, broken):
            door.account = replace(door.account, port=port)
            door.fetching = door.new_front()
            await door.fetching.start()
            await wait_until(lambda: broken, what=f"the line breaks at {step}")
            await wait_until(
                lambda: bool(door.stored()) and "Mailtrack" in str(door.flags()), what="taken"
            )
            door.lay(MAIL.replace(b"Printer", b"Plotter"))
            await wait_until(lambda: len(door.stored()) == 2, what="it goes on")
            await door.fetching.stop()
        assert [b"Plotter" in raw for _, raw in door.stored()] == [False, True]
