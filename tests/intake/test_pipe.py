"""The pipe: a front without a conversation."""

import os

import pytest
from intake.doors import FOREIGN, MAIL, NOON, OURS, UNKNOWN, PipeDoor
from intake.front_suite import MakeDoor, TurningAwaySuite

from mailtrack.intake.limits import Limits
from mailtrack.intake.pipe import deliver
from mailtrack.intake.reception import Reception, accept_own
from mailtrack.intake.spool import Spool


class TestPipe(TurningAwaySuite):
    door_class = PipeDoor

    async def test_it_works_beside_a_daemon_that_has_the_spool(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        daemon = Spool(door.root / "spool")
        daemon.lock()
        assert (await door.deliver(MAIL)).outcome == "ok"
        (spool_id,) = daemon.waiting(10)
        assert daemon.read(spool_id)[1] == MAIL
        await daemon.close()

    @pytest.mark.parametrize(
        ("raw", "rcpt", "code"),
        [
            (MAIL, [OURS], os.EX_OK),
            (MAIL, [OURS, UNKNOWN], os.EX_OK),
            (MAIL, [UNKNOWN], os.EX_NOUSER),
            (MAIL, [FOREIGN], os.EX_NOPERM),
            (MAIL, [], os.EX_USAGE),
            (MAIL, ["a\x00b"], os.EX_USAGE),
            (b"x" * 1001, [OURS], os.EX_DATAERR),
            (b"Received: x\n" * 51, [OURS], os.EX_DATAERR),
        ],
    )
    async def test_it_ends_with_a_code_of_sysexits(
        self, make_door: MakeDoor, raw: bytes, rcpt: list[str], code: int
    ) -> None:
        door = await make_door()
        reception = Reception(accept_own(frozenset({OURS})), Limits(size_bytes_max=1000))
        end = deliver(
            raw,
            rcpt,
            mail_from=FOREIGN,
            spool=door.spool,
            reception=reception,
            received_at=NOON,
        )
        assert end.code == code
        assert end.text

    async def test_the_separator_of_an_mbox_is_no_part_of_the_mail(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        await door.deliver(b"From dana@client.example Mon Mar  2 12:00:00 2026\n" + MAIL)
        assert door.stored()[0][1] == MAIL
