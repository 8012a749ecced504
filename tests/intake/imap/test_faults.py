"""F28, F29: a server that breaks off, refuses, falls silent or talks nonsense costs nothing."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from intake.doors import OURS
from intake.imap.faulty_server import CUT, DROP, FaultyServer
from intake.imap.mailbox import Desk, fetching, mail
from waiting import wait_until

from mailtrack.intake.imap import client as client_module
from mailtrack.intake.imap import gate as gate_module
from mailtrack.intake.imap import session as session_module
from mailtrack.intake.imap.account import Account, Security
from mailtrack.intake.imap.ledger import FILE_NAME
from mailtrack.intake.imap.wire import Wire

PASSWORD = "hunter2-secret"
COMMANDS = [
    "CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "BODY", "UID STORE", "IDLE",
]  # fmt: skip
FAULTS = {
    "drop": DROP,
    "bye": "* BYE too many connections\r\n",
    "bad": "{tag} BAD what?\r\n",
    "no": "{tag} NO not now\r\n",
    "garbage": "\x00\xff{]garbage\r\n",
    "another tag": "ZZ99 OK done\r\n",
    "a literal without end": "* 1 FETCH (UID 1 BODY[] {99999999}\r\n",
    "a number that is none": "* SEARCH 1 x 99999999999999999999 -4\r\n{tag} NO sorry\r\n",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of the wire, as short as a test's patience."""
    monkeypatch.setattr(session_module, "WAIT_SECONDS_MIN", 0.01)
    monkeypatch.setattr(session_module, "RECONCILE_SECONDS", 0.2)
    monkeypatch.setattr(gate_module, "REFUSED_SECONDS_MIN", 0.01)
    monkeypatch.setattr(client_module, "ANSWER_SECONDS_MAX", 0.5)


def account_on(server: FaultyServer) -> Account:
    return Account(
        host="127.0.0.1", port=server.port, user="support", security=Security.NONE,
        fallback=OURS, password=PASSWORD, idle_seconds=0.2,
    )  # fmt: skip


async def all_taken_once(desk: Desk, server: FaultyServer) -> None:
    await wait_until(lambda: len(desk.stored()) >= len(server.mails), what="all mails")
    await wait_until(lambda: len(server.flags) == len(server.mails), what="all flags")
    assert sorted(desk.subjects()) == [f"No {uid}" for uid in sorted(server.mails)]
    assert all(flags == {"\\Seen", "$MailtrackDone"} for flags in server.flags.values())


def three_mails() -> dict[int, bytes]:
    return {uid: mail(f"No {uid}") for uid in (1, 2, 5)}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
async def test_f28_whatever_goes_wrong_at_a_command_no_mail_is_lost_or_doubled(
    tmp_path: Path, command: str
) -> None:
    async def survives(fault: str, folder: Path) -> None:
        async with (
            FaultyServer(three_mails(), {command: [fault, fault]}) as server,
            fetching(folder, account_on(server)) as desk,
        ):
            await all_taken_once(desk, server)
            assert PASSWORD not in desk.errors()

    await asyncio.gather(
        *(survives(fault, tmp_path / str(n)) for n, fault in enumerate(FAULTS.values()))
    )


async def test_f28_a_literal_that_is_cut_is_fetched_again(tmp_path: Path) -> None:
    async with (
        FaultyServer(three_mails(), {"BODY": [CUT, CUT]}) as server,
        fetching(tmp_path, account_on(server)) as desk,
    ):
        await all_taken_once(desk, server)


async def test_f28_a_server_that_falls_silent_is_left(tmp_path: Path) -> None:
    hang = "* OK still thinking\r\n"
    async with (
        FaultyServer(three_mails(), {"UID SEARCH": [hang], "IDLE": [hang]}) as server,
        fetching(tmp_path, account_on(server)) as desk,
    ):
        await all_taken_once(desk, server)
        await wait_until(lambda: server.connections >= 3, what="it comes again")


async def test_f28_lines_that_come_twice_are_heard_once(tmp_path: Path) -> None:
    async with FaultyServer(three_mails()) as server:
        server.preamble = (
            "* 3 EXISTS\r\n* 3 EXISTS\r\n* SEARCH 1 2\r\n* SEARCH 1 2\r\n"
            "* 9 FETCH (UID 9 FLAGS (x))\r\n* 1 FETCH (FLAGS (\\Seen) UID 1)\r\n"
        )
        async with fetching(tmp_path, account_on(server)) as desk:
            await all_taken_once(desk, server)


async def test_one_mail_that_is_never_given_holds_up_no_other(tmp_path: Path) -> None:
    async with (
        FaultyServer(three_mails(), {"BODY": ["{tag} NO damaged\r\n"]}) as server,
        fetching(tmp_path, account_on(server)) as desk,
    ):
        await wait_until(lambda: len(desk.stored()) == 2)
        assert "is not given" in desk.errors()
        await all_taken_once(desk, server)


async def test_f29_where_no_flag_is_permitted_the_ledger_knows(tmp_path: Path) -> None:
    async with FaultyServer(three_mails(), permanent="* OK [PERMANENTFLAGS ()] none") as server:
        for _ in range(2):
            async with fetching(tmp_path, account_on(server)) as desk:
                await wait_until(lambda d=desk: d.is_idle(), what="idle")
                assert len(desk.stored()) == 3
        assert server.flags == {}


MOVED = {"MOVE": "IDLE UIDPLUS MOVE", "UIDPLUS": "IDLE UIDPLUS", "neither": "IDLE"}


@pytest.mark.parametrize("how", MOVED)
async def test_mail_is_moved_as_well_as_the_server_can(tmp_path: Path, how: str) -> None:
    async with FaultyServer(three_mails(), abilities=MOVED[how]) as server:
        account = replace(account_on(server), move_to="Done")
        for _ in range(2):
            async with fetching(tmp_path, account) as desk:
                await wait_until(lambda: len(server.folders.get("Done", [])) == 3, what="moved")
                await wait_until(lambda d=desk: d.is_idle(), what="idle")
                assert sorted(desk.subjects()) == ["No 1", "No 2", "No 5"]
        assert sorted(server.folders["Done"]) == sorted(three_mails().values())
        if how == "neither":
            # EXPUNGE alone would take away what others have marked: ours are marked, and stay.
            assert all("\\Deleted" in flags for flags in server.flags.values())
            assert "EXPUNGE" not in server.asked
        assert list(server.mails) == ([1, 2, 5] if how == "neither" else [])


async def test_a_folder_that_is_renamed_away_is_told_and_taken_up_when_it_is_back(
    tmp_path: Path,
) -> None:
    gone = "{tag} NO [NONEXISTENT] there is no such folder\r\n"
    async with (
        FaultyServer(three_mails(), {"SELECT": [gone] * 6}) as server,
        fetching(tmp_path, account_on(server)) as desk,
    ):
        await wait_until(lambda: "no such folder" in desk.errors(), what="it is told")
        await all_taken_once(desk, server)
        await wait_until(desk.is_idle, what="it is over")


async def test_a_server_that_pretends_we_are_logged_in_gets_nothing(tmp_path: Path) -> None:
    async with (
        FaultyServer(three_mails(), greeting="* PREAUTH hello\r\n") as server,
        fetching(tmp_path, account_on(server)) as desk,
    ):
        await wait_until(lambda: "PREAUTH" in desk.errors())
        assert server.asked == ["LOGOUT"] * len(server.asked)


async def test_what_is_slipped_in_before_tls_ends_the_connection(tmp_path: Path) -> None:
    slipped = "{tag} OK go\r\n* CAPABILITY IMAP4rev1\r\n"
    faults = {"STARTTLS": [slipped] * 9}
    async with FaultyServer(three_mails(), faults) as server:
        account = replace(account_on(server), security=Security.STARTTLS)
        async with fetching(tmp_path, account) as desk:
            await wait_until(lambda: "slipped in" in desk.errors())
        assert "LOGIN" not in server.asked


async def test_a_damaged_ledger_is_put_aside_and_costs_no_mail(tmp_path: Path) -> None:
    async with FaultyServer(three_mails()) as server:
        (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
        async with fetching(tmp_path, account_on(server)) as desk:
            await all_taken_once(desk, server)
    assert list(tmp_path.glob("imap.damaged-*"))


async def test_mails_far_more_than_recursion_could_take_come_in_one_piece() -> None:
    """The library alone breaks at about a thousand lines in one piece."""
    wire = Wire(asyncio.get_running_loop())
    wire.transport = asyncio.Transport()
    wire.data_received(b"* OK hi\r\n")
    command = wire.command("NOOP")
    wire.pending_async_commands["NOOP"] = command
    wire.data_received(b"".join(b"* %d EXPUNGE\r\n" % n for n in range(5000)))
    assert len(command.response.lines) == 5000


async def test_a_connection_that_ends_wakes_who_waits_and_rings_the_bell() -> None:
    wire = Wire(asyncio.get_running_loop())
    wire.transport = asyncio.Transport()
    wire.data_received(b"* OK hi\r\n")
    command = wire.command("NOOP")
    wire.pending_async_commands["NOOP"] = command
    wire.connection_lost(ConnectionResetError("reset"))
    with pytest.raises(Exception, match="broke off"):
        await command.wait()
    assert not wire.idle_queue.empty()
