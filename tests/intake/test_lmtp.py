"""LMTP: one answer for each accepted recipient, over TCP and over a Unix socket."""

import errno
import socket
from pathlib import Path

import pytest
from intake.doors import (
    ALSO_OURS,
    MAIL,
    OURS,
    UNKNOWN,
    LmtpDoor,
    LmtpUnixDoor,
    Setup,
    wire_form,
)
from intake.front_suite import MakeDoor
from intake.session_suite import SessionSuite

from mailtrack.intake.limits import Limits


class LmtpSuite(SessionSuite):
    async def test_a101_each_accepted_recipient_gets_an_answer_of_its_own(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        wire = await door.greeted()
        await wire.say("MAIL FROM:<>")
        codes = [(await wire.say(f"RCPT TO:<{to}>"))[:3] for to in (OURS, UNKNOWN, ALSO_OURS)]
        assert codes == ["250", "550", "250"]
        await wire.say("DATA")
        await wire.write(wire_form(MAIL))
        assert [(await wire.answer())[:3] for _ in range(2)] == ["250", "250"]
        # Nothing more was said: the next answer is the one to NOOP.
        assert (await wire.say("NOOP")).startswith("250 2.0.0 OK")

    async def test_a_recipient_named_twice_is_answered_twice(self, make_door: MakeDoor) -> None:
        door = await make_door()
        wire = await door.greeted()
        await wire.begin_mail([OURS, OURS])
        await wire.write(wire_form(MAIL))
        assert [(await wire.answer())[:3] for _ in range(2)] == ["250", "250"]
        assert (await wire.say("NOOP")).startswith("250 2.0.0 OK")
        assert len(door.stored()) == 1

    async def test_a_refused_mail_is_refused_to_each(self, make_door: MakeDoor) -> None:
        door = await make_door(Setup(limits=Limits(size_bytes_max=10)))
        wire = await door.greeted()
        await wire.begin_mail([OURS, ALSO_OURS])
        await wire.write(wire_form(MAIL))
        assert [(await wire.answer())[:3] for _ in range(2)] == ["552", "552"]
        assert (await wire.say("NOOP")).startswith("250 2.0.0 OK")

    @pytest.mark.parametrize(
        "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("a fault")]
    )
    async def test_a_failure_of_ours_is_told_to_each_and_nothing_is_half_taken(
        self, make_door: MakeDoor, error: Exception
    ) -> None:
        trouble = [error]

        def sync(_: int) -> None:
            if trouble:
                raise trouble[0]

        door = await make_door(Setup(sync=sync))
        wire = await door.greeted()
        recipients = (OURS, UNKNOWN, ALSO_OURS, "support+tok@help.example")
        for expected in ("4", "2"):
            await wire.say("MAIL FROM:<>")
            codes = [(await wire.say(f"RCPT TO:<{to}>"))[:3] for to in recipients]
            assert codes == ["250", "550", "250", "250"]
            await wire.say("DATA")
            await wire.write(wire_form(MAIL))
            assert [(await wire.answer())[:1] for _ in range(3)] == [expected] * 3
            assert (await wire.say("NOOP")).startswith("250 2.0.0 OK")
            assert len(door.stored()) == (expected == "2")
            assert list((door.spool.root / "tmp").iterdir()) == []
            trouble.clear()

    @pytest.mark.parametrize("hello", ["EHLO client.example", "HELO client.example"])
    async def test_the_greetings_of_smtp_are_refused(
        self, make_door: MakeDoor, hello: str
    ) -> None:
        door = await make_door()
        wire = await door.connect()
        await wire.answer()
        assert (await wire.say(hello)).startswith("500")


class TestLmtp(LmtpSuite):
    door_class = LmtpDoor


class TestLmtpUnix(LmtpSuite):
    door_class = LmtpUnixDoor

    async def test_a_socket_left_by_a_crash_is_no_obstacle(
        self, make_door: MakeDoor, tmp_path: Path
    ) -> None:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / "lmtp.sock"))
        door = await make_door()
        assert (await door.deliver(MAIL)).outcome == "ok"

    async def test_the_socket_goes_with_the_front_and_is_not_for_everybody(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        socket_path = door.root / "lmtp.sock"
        assert socket_path.stat().st_mode & 0o777 == 0o660
        await door.front.stop()
        assert not socket_path.exists()
