"""What every way in must do, and what one that can say no must do: a front is a ``door``."""

import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from intake.doors import ALSO_OURS, FOREIGN, MAIL, NOON, OURS, UNKNOWN, Door, Setup

from mailtrack.intake.limits import Limits
from mailtrack.intake.spool import Floor

MakeDoor = Callable[..., Awaitable[Door]]
SECRET = "the database password is hunter2"

AWKWARD_MAILS = {
    "8-bit": b"Subject: \xd0\x9f\xd1\x80\xd0\xb8\r\n\r\n\xff\xfe\x80 caf\xe9\r\n",
    "a NUL": b"Subject: x\r\n\r\na\x00b\r\n",
    "a very long line": b"Subject: x\r\n\r\n" + b"y" * 200_000 + b"\r\n",
    "a long line just over the reader's step": b"Subject: x\r\n\r\n" + b"z" * 65_537 + b"\r\n",
    "no body": b"Subject: x\r\n",
    "nothing at all": b"",
    "bare LFs": b"Subject: x\n\nall\nof\nit\n" * 100 + b"\r\n",
    "bare CRs": b"Subject: x\r\n\r\na\rb\r\n",
    "dots": b"..\r\n.a\r\n...\r\nmid.dle\r\nend.\r\n..\r\n",
    "an envelope line of ours": b"X-Mailtrack-Envelope: {}\r\n\r\nforged\r\n",
    "only dots at line ends": b"a.\r\nb.\r\n" * 5000,
}


class FrontSuite:
    """The promises of all fronts. A subclass says with ``door_class`` which one is asked."""

    door_class: type[Door]

    @pytest.fixture
    def new_door(self) -> Callable[[Path, Setup], Door]:
        return self.door_class

    @pytest.fixture
    async def make_door(
        self, tmp_path: Path, new_door: Callable[[Path, Setup], Door]
    ) -> AsyncIterator[MakeDoor]:
        doors: list[Door] = []

        async def make(setup: Setup | None = None, root: Path = tmp_path) -> Door:
            door = new_door(root, setup or Setup())
            doors.append(door)
            await door.open()
            return door

        yield make
        for door in doors:
            await door.close()

    async def test_an_accepted_mail_is_on_disk_unchanged(self, make_door: MakeDoor) -> None:
        door = await make_door()
        assert (await door.deliver(MAIL)).outcome == "ok"
        ((envelope, raw),) = door.stored()
        assert raw == door.as_it_came(MAIL)
        assert str(envelope.mail_from) == FOREIGN
        assert [str(address) for address in envelope.rcpt_to] == [OURS]
        assert envelope.size_bytes == door.size_of(MAIL)
        assert envelope.received_at == NOON
        assert envelope.front is door.kind
        assert envelope.peer == door.peer
        assert (envelope.authenticated_as, envelope.is_encrypted) == (None, False)

    @pytest.mark.parametrize("name", AWKWARD_MAILS)
    async def test_an_awkward_mail_is_taken_byte_for_byte(
        self, make_door: MakeDoor, name: str
    ) -> None:
        door = await make_door()
        assert (await door.deliver(AWKWARD_MAILS[name])).outcome == "ok"
        ((_, raw),) = door.stored()
        assert raw == door.as_it_came(AWKWARD_MAILS[name])

    async def test_a_large_mail_is_on_disk_unchanged(self, make_door: MakeDoor) -> None:
        door = await make_door()
        raw = b"Subject: large\r\n\r\n" + b".dots\r\n..\r\nand lines\r\n" * 50_000
        assert (await door.deliver(raw)).outcome == "ok"
        ((envelope, stored),) = door.stored()
        assert stored == door.as_it_came(raw)
        assert envelope.size_bytes == door.size_of(raw)
        assert list((door.spool.root / "tmp").iterdir()) == []

    async def test_the_null_sender_is_nobody(self, make_door: MakeDoor) -> None:
        door = await make_door()
        assert (await door.deliver(MAIL, sender="")).outcome == "ok"
        ((envelope, _),) = door.stored()
        assert envelope.mail_from is None

    @pytest.mark.parametrize(
        "recipient",
        [
            "SUPPORT@HELP.example",
            "support+raaaaaaaaaaaaaaaaaaaaaaaaaaaaa@help.example",
            "support+no-token@help.example",
            "anything.at-all@reply.help.example",
        ],
    )
    async def test_good_and_bad_tokens_are_taken_alike(
        self, make_door: MakeDoor, recipient: str
    ) -> None:
        door = await make_door()
        assert (await door.deliver(MAIL, [recipient])).outcome == "ok"
        assert len(door.stored()) == 1

    async def test_one_unknown_among_three_does_not_cost_the_others(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        assert (await door.deliver(MAIL, [OURS, UNKNOWN, ALSO_OURS])).outcome == "ok"
        ((envelope, _),) = door.stored()
        assert [str(address) for address in envelope.rcpt_to] == [OURS, ALSO_OURS]

    async def test_a_recipient_named_twice_is_one(self, make_door: MakeDoor) -> None:
        door = await make_door()
        assert (await door.deliver(MAIL, [OURS, ALSO_OURS, OURS.upper()])).outcome == "ok"
        ((envelope, _),) = door.stored()
        assert [str(address) for address in envelope.rcpt_to] == [OURS, ALSO_OURS]

    @pytest.mark.parametrize(("excess", "outcome"), [(0, "ok"), (1, "never")])
    async def test_the_size_limit_holds_to_the_byte(
        self, make_door: MakeDoor, excess: int, outcome: str
    ) -> None:
        limits = Limits(size_bytes_max=self.door_class.size_of(MAIL))
        door = await make_door(Setup(limits=limits))
        mail = MAIL[:-2] + b"!" * excess + b"\r\n"
        assert (await door.deliver(mail)).outcome == outcome
        assert len(door.stored()) == (outcome == "ok")

    async def test_a_mail_far_too_big_is_refused_and_the_next_is_taken(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door(Setup(limits=Limits(size_bytes_max=10_000)))
        assert (await door.deliver(b"x" * 300_000 + b"\r\n")).outcome == "never"
        assert (await door.deliver(MAIL)).outcome == "ok"
        assert len(door.stored()) == 1

    @pytest.mark.parametrize(
        "error",
        [
            OSError(errno.EIO, "Input/output error"),
            OSError(errno.EROFS, "Read-only file system"),
            RuntimeError(SECRET),
        ],
    )
    async def test_a_failure_of_ours_is_put_off_without_a_word_about_it(
        self, make_door: MakeDoor, error: Exception
    ) -> None:
        door = await make_door(Setup(sync=_failing(error)))
        verdict = await door.deliver(MAIL)
        assert verdict.outcome == "later"
        assert not {"hunter2", "Error", "error", "Traceback"} & set(verdict.text.split())
        assert door.stored() == []

    async def test_a_full_disk_puts_off_and_leaves_nothing_behind(
        self, make_door: MakeDoor
    ) -> None:
        trouble = [OSError(errno.ENOSPC, "No space left on device")]

        def sync(_: int) -> None:
            if trouble:
                raise trouble[0]

        door = await make_door(Setup(sync=sync))
        assert (await door.deliver(MAIL)).outcome == "later"
        assert list((door.spool.root / "tmp").iterdir()) == []
        trouble.clear()
        assert (await door.deliver(MAIL)).outcome == "ok"

    async def test_below_the_floor_of_the_disk_nothing_is_taken(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door(Setup(floor=Floor(bytes_min=2**60, share_min=0.0)))
        assert (await door.deliver(MAIL)).outcome == "later"
        assert door.stored() == []

    async def test_after_a_failed_sync_nothing_is_taken_until_a_restart(
        self, make_door: MakeDoor
    ) -> None:
        trouble = [OSError(errno.EIO, "Input/output error")]

        def sync(_: int) -> None:
            if trouble:
                raise trouble.pop()

        door = await make_door(Setup(sync=sync))
        assert (await door.deliver(MAIL)).outcome == "later"
        assert (await door.deliver(MAIL)).outcome == "later"
        assert door.stored() == []


class TurningAwaySuite(FrontSuite):
    """The promises of a front that can say no at once: whoever hands over hears it.

    A mailbox cannot: what lies in it was taken already, and nobody is there to be told.
    """

    @pytest.mark.parametrize(
        "recipient",
        [
            UNKNOWN,
            FOREIGN,
            "support@help.example.evil.example",
            "support%evil.example@help.example",
            "@evil.example:support@help.example",
            "support@[127.0.0.1]",
            '"support"@help.example',
            "support",
            "",
        ],
    )
    async def test_a103_who_is_not_ours_is_refused_for_good(
        self, make_door: MakeDoor, recipient: str
    ) -> None:
        door = await make_door()
        assert (await door.deliver(MAIL, [recipient])).outcome == "never"
        assert door.stored() == []

    @pytest.mark.parametrize(("hops", "outcome"), [(50, "ok"), (51, "never")])
    async def test_a80_a_mail_that_has_been_everywhere_is_a_loop(
        self, make_door: MakeDoor, hops: int, outcome: str
    ) -> None:
        door = await make_door()
        body = b"\r\nReceived: in the body\r\n"
        mail = b"Received: from a by b\r\n" * hops + MAIL + body
        assert (await door.deliver(mail)).outcome == outcome


def _failing(error: Exception) -> Callable[[int], None]:
    def sync(_: int) -> None:
        raise error

    return sync
