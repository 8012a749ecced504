"""What every front that holds a conversation must do: SMTP, and LMTP both ways."""

import asyncio
import re

import pytest
from intake.doors import ALSO_OURS, FOREIGN, MAIL, OURS, Door, Setup, wire_form
from intake.front_suite import MakeDoor, TurningAwaySuite
from waiting import wait_until

from mailtrack.intake.limits import Limits

STEPS = ["greeting", "hello", "MAIL", "RCPT", "DATA", "half a mail", "a mail but for its dot"]

# Ways to end a mail that some servers take for an end and others do not (VU#302671).
FALSE_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r\r\n"]


async def go_to(door: Door, step: str) -> None:
    """A client that gets as far as ``step`` and is gone without a word."""
    wire = await door.connect()
    await wire.answer()
    lines = [door.hello, f"MAIL FROM:<{FOREIGN}>", f"RCPT TO:<{OURS}>", "DATA"]
    for line in lines[: max(STEPS.index(step), 0)]:
        await wire.say(line)
    if step == "half a mail":
        await wire.write(MAIL[:20])
    if step == "a mail but for its dot":
        await wire.write(MAIL)
    wire.reset()


class SessionSuite(TurningAwaySuite):
    """The promises of a conversation."""

    @pytest.mark.parametrize("step", STEPS)
    async def test_a_client_that_goes_away_leaves_nothing_behind(
        self, make_door: MakeDoor, step: str
    ) -> None:
        door = await make_door(Setup(limits=Limits(connections_max=1, grace_seconds=1000)))
        await go_to(door, step)
        # Its place is free again: there is only one.
        await wait_until(lambda: not door.front._sessions)
        assert (await door.deliver(MAIL)).outcome == "ok"
        assert [raw for _, raw in door.stored()] == [MAIL]

    async def test_a_client_that_goes_while_the_disk_is_busy_does_not_stop_the_store(
        self, make_door: MakeDoor
    ) -> None:
        gate = asyncio.Event()
        loop = asyncio.get_running_loop()

        def sync(_: int) -> None:
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

        door = await make_door(Setup(sync=sync))
        wire = await door.greeted()
        await wire.begin_mail()
        await wire.write(wire_form(MAIL))
        await wait_until(lambda: any((door.spool.root / "tmp").iterdir()))
        wire.reset()
        await wait_until(lambda: not door.front._sessions)
        gate.set()
        await wait_until(door.stored)
        assert door.stored()[0][1] == MAIL

    @pytest.mark.parametrize("end", FALSE_ENDS)
    async def test_nothing_but_the_right_end_ends_a_mail(
        self, make_door: MakeDoor, end: bytes
    ) -> None:
        door = await make_door()
        wire = await door.greeted()
        await wire.begin_mail()
        smuggled = (
            b"MAIL FROM:<evil@evil.example>\r\nRCPT TO:<" + OURS.encode() + b">\r\nDATA\r\n"
        )
        content = b"Subject: a\r\n\r\nfirst" + end + smuggled + b"Subject: b\r\n\r\nsecond\r\n"
        await wire.write(content + b".\r\n")
        assert (await wire.answer()).startswith("250")
        assert (await wire.say("NOOP")).startswith("250 2.0.0 OK")
        assert len(door.stored()) == 1
        assert b"second" in door.stored()[0][1]

    async def test_the_end_of_a_mail_is_found_wherever_the_network_cuts(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        wire = await door.greeted()
        await wire.begin_mail()
        for byte in wire_form(b"..\r\na.\r\n.b\r\n"):
            await wire.write(bytes([byte]))
        assert (await wire.answer()).startswith("250")
        assert door.stored()[0][1] == b"..\r\na.\r\n.b\r\n"

    async def test_what_follows_the_end_is_the_next_command(self, make_door: MakeDoor) -> None:
        door = await make_door()
        wire = await door.greeted()
        envelope = f"MAIL FROM:<{FOREIGN}>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode()
        await wire.write(envelope)
        assert [(await wire.answer())[:3] for _ in range(3)] == ["250", "250", "354"]
        await wire.write(wire_form(MAIL) + envelope)
        assert [(await wire.answer())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        await wire.write(wire_form(MAIL) + b"QUIT\r\n")
        assert [(await wire.answer())[:3] for _ in range(2)] == ["250", "221"]
        assert len(door.stored()) == 2

    async def test_after_a_failure_of_ours_the_same_client_may_try_again(
        self, make_door: MakeDoor
    ) -> None:
        trouble = [RuntimeError("once")]

        def sync(_: int) -> None:
            if trouble:
                raise trouble.pop()

        door = await make_door(Setup(sync=sync))
        wire = await door.greeted()
        for expected in ("451", "250"):
            await wire.begin_mail()
            await wire.write(wire_form(MAIL))
            assert (await wire.answer()).startswith(expected)
        assert len(door.stored()) == 1

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("VRFY support", "502"),
            ("EXPN support", "502"),
            ("HELP", "502"),
            ("AUTH PLAIN", "502"),
            ("BDAT 10 LAST", "500"),
            ("XYZZY", "500"),
            (b"\xff\xfe", "500"),
            ("", "500"),
            ("RCPT TO:<support@help.example>", "503"),
            ("DATA", "503"),
            ("MAIL FROM:<a\x00b@client.example>", "501"),
            ("MAIL FROM:<a\tb@client.example>", "501"),
            (b"MAIL FROM:<\xff@client.example>", "553"),
            ("MAIL FROM:<no-domain>", "553"),
            ("MAIL FROM:<a@client.example", "553"),
            ("MAIL FROM:", "501"),
            ("MAIL FROM:<a@client.example> SIZE=99999999999", "552"),
            ("MAIL FROM:<a@client.example> SIZE=x", "501"),
            ("MAIL FROM:<a@client.example> FOO=bar", "555"),
            ("MAIL FROM:<a@client.example> BODY=8BITMIME SMTPUTF8 SIZE=10", "250"),
            ("MAIL FROM:<a..b.@docomo.example>", "250"),
            ("MAIL FROM:<" + "v" * 120 + "@client.example>", "250"),
            ("MAIL FROM:<дана@клієнт.example>", "250"),
            ("MAIL FROM:a@client.example", "250"),
            ("MAIL FROM:<" + "v" * 5000 + "@client.example>", "500"),
            ("NOOP " + "x" * 100_000, "500"),
        ],
    )
    async def test_each_command_has_its_answer(
        self, make_door: MakeDoor, line: str | bytes, code: str
    ) -> None:
        door = await make_door()
        wire = await door.greeted()
        answer = await wire.say(line)
        assert answer[:3] == code
        assert re.match(rf"\d\d\d {code[0]}\.\d{{1,3}}\.\d{{1,3}} \S", answer), answer
        assert (await wire.say("RSET")).startswith("250 2.0.0 ")

    async def test_nothing_works_before_hello(self, make_door: MakeDoor) -> None:
        door = await make_door()
        wire = await door.connect()
        greeting = await wire.answer()
        assert greeting.startswith("220 help.example ")
        assert "aiosmtpd" not in greeting
        assert "Python" not in greeting
        for line in ("MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>", "DATA"):
            assert (await wire.say(line)).startswith("503")

    async def test_hello_offers_what_we_can_and_nothing_else(self, make_door: MakeDoor) -> None:
        door = await make_door()
        wire = await door.connect()
        await wire.answer()
        lines = (await wire.say(door.hello)).split("\n")
        assert [line[4:].split()[0] for line in lines[1:]] == [
            "SIZE",
            "8BITMIME",
            "SMTPUTF8",
            "PIPELINING",
            "ENHANCEDSTATUSCODES",
        ]

    @pytest.mark.parametrize(("count", "code"), [(2, "250"), (3, "452")])
    async def test_so_many_recipients_and_no_more(
        self, make_door: MakeDoor, count: int, code: str
    ) -> None:
        door = await make_door(Setup(limits=Limits(recipients_max=2)))
        wire = await door.greeted()
        await wire.say(f"MAIL FROM:<{FOREIGN}>")
        recipients = [OURS, ALSO_OURS, "support+x@help.example"]
        answers = [await wire.say(f"RCPT TO:<{to}>") for to in recipients[:count]]
        assert answers[-1].startswith(code)

    async def test_who_says_the_same_thing_too_often_is_sent_away(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door(Setup(limits=Limits(commands_per_session_max=3)))
        wire = await door.greeted()
        answers = [await wire.say("NOOP") for _ in range(4)]
        assert [answer[:3] for answer in answers] == ["250", "250", "250", "421"]
        assert await wire.is_closed()

    @pytest.mark.parametrize(
        ("limits", "wants_data"),
        [
            (Limits(idle_seconds_max=0.05), False),
            (Limits(session_seconds_max=0.05), False),
            (Limits(data_seconds_max=0.05), True),
        ],
    )
    async def test_who_says_nothing_is_told_so_and_sent_away(
        self, make_door: MakeDoor, limits: Limits, wants_data: bool
    ) -> None:
        door = await make_door(Setup(limits=limits))
        wire = await door.greeted()
        if wants_data:
            await wire.begin_mail()
            await wire.write(b"Subject: half")
        assert (await wire.answer()).startswith("421 4.4.2")
        assert await wire.is_closed()
        assert door.stored() == []

    async def test_when_all_places_are_taken_a_newcomer_is_put_off(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door(Setup(limits=Limits(connections_max=1, grace_seconds=1000)))
        first = await door.greeted()
        second = await door.connect()
        assert (await second.answer()).startswith("421 4.7.0")
        assert await second.is_closed()
        assert (await first.say("NOOP")).startswith("250")

    async def test_who_idles_longest_makes_room_for_a_newcomer(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door(Setup(limits=Limits(connections_max=2, grace_seconds=0.0)))
        loris, busy = await door.greeted(), await door.greeted()
        assert (await busy.say("NOOP")).startswith("250")
        assert (await door.deliver(MAIL)).outcome == "ok"
        assert (await loris.answer()).startswith("421 4.7.0")
        assert (await busy.say("NOOP")).startswith("250")

    async def test_a_client_that_goes_within_a_large_mail_leaves_no_file(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        tmp = door.spool.root / "tmp"
        wire = await door.greeted()
        await wire.begin_mail()
        await wire.write(b"x" * 2_000_000)
        await wait_until(lambda: any(tmp.iterdir()), what="it goes to disk as it comes")
        assert door.front.buffer.used < 500_000
        wire.reset()
        await wait_until(lambda: not any(tmp.iterdir()))
        assert door.stored() == []

    async def test_mails_share_a_bounded_memory(self, make_door: MakeDoor) -> None:
        door = await make_door(Setup(limits=Limits(data_buffer_bytes_max=100_000)))
        slow = await door.greeted()
        await slow.begin_mail()
        await slow.write(b"x" * 90_000)
        assert (await door.deliver(b"y" * 20_000 + b"\r\n")).outcome == "later"
        await slow.write(b"\r\n.\r\n")
        assert (await slow.answer()).startswith("250")
        assert (await door.deliver(b"y" * 20_000 + b"\r\n")).outcome == "ok"

    async def test_stopping_sends_the_idle_away_and_lets_a_mail_finish(
        self, make_door: MakeDoor
    ) -> None:
        door = await make_door()
        idle, busy = await door.greeted(), await door.greeted()
        await busy.begin_mail()
        await busy.write(MAIL)
        stopping = asyncio.create_task(door.front.stop())
        assert (await idle.answer()).startswith("421 4.3.2")
        await busy.write(b".\r\n")
        assert (await busy.answer()).startswith("250")
        assert (await busy.answer()).startswith("421 4.3.2")
        await stopping
        assert len(door.stored()) == 1

    async def test_stopping_does_not_wait_for_ever(self, make_door: MakeDoor) -> None:
        door = await make_door(Setup(limits=Limits(drain_seconds_max=0.05)))
        wire = await door.greeted()
        await wire.begin_mail()
        await door.front.stop()
        assert (await wire.answer()).startswith("421 4.3.2")
        assert door.stored() == []
