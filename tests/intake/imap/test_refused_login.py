"""A login that is refused is not tried again and again: providers lock accounts for that."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from intake.doors import OURS
from intake.imap.faulty_server import DROP, FaultyServer
from intake.imap.mailbox import Desk, account_on, fetching
from servers.dovecot import Dovecot
from waiting import wait_until

from mailtrack.intake.imap import gate as gate_module
from mailtrack.intake.imap import session as session_module
from mailtrack.intake.imap.account import Account, Security, TokenSource
from mailtrack.intake.imap.gate import Gate
from mailtrack.intake.imap.trouble import ConnectionEnded, ImapTrouble, LoginRefused

REFUSED = "{tag} NO [AUTHENTICATIONFAILED] no\r\n"
PASSING = [
    "{tag} NO [UNAVAILABLE] later\r\n",
    "{tag} NO [ALERT] Too many simultaneous connections. (Failure)\r\n",
    "* BYE restarting\r\n",
    DROP,
]
FOLDERS = tuple(f"Box{number}" for number in range(6))


def account_of(server: FaultyServer, **changes: object) -> Account:
    account = Account(
        host="127.0.0.1", port=server.port, user="support", security=Security.NONE,
        fallback=OURS, password="wrong", folders=FOLDERS,
    )  # fmt: skip
    return replace(account, **changes)  # type: ignore[arg-type]


def logins(server: FaultyServer) -> int:
    return sum(asked.split()[0] in ("LOGIN", "AUTHENTICATE") for asked in server.asked)


def all_are_told(desk: Desk) -> bool:
    states = desk.statuses()
    return len(states) == len(FOLDERS) and all(
        one.state == "waiting" and "is refused" in (one.error or "") for one in states
    )


async def test_a_refused_login_is_tried_once_for_all_folders(tmp_path: Path) -> None:
    async with (
        FaultyServer({}, {"LOGIN": [REFUSED] * 99}) as server,
        fetching(tmp_path, account_of(server)) as desk,
    ):
        await wait_until(lambda: all_are_told(desk), what="each folder says why")
        assert (logins(server), server.connections) == (1, 1)


async def test_the_real_server_is_asked_once_too(dovecot: Dovecot, tmp_path: Path) -> None:
    account = account_on(dovecot, password="wrong", folders=FOLDERS)
    async with fetching(tmp_path, account) as desk:
        await wait_until(lambda: all_are_told(desk), what="each folder says why")
        log = dovecot.folder / "log"
        failed = f"user=<{account.user}>"
        await wait_until(lambda: failed in log.read_text(), what="the server's own word")
        assert log.read_text().count(failed) == 1


async def test_when_it_is_over_all_folders_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "REFUSED_SECONDS_MIN", 0.1)
    async with (
        FaultyServer({}, {"LOGIN": [REFUSED] * 2}) as server,
        fetching(tmp_path, account_of(server)) as desk,
    ):
        await wait_until(
            lambda: len(desk.statuses()) == len(FOLDERS) and desk.is_idle(), what="all idle"
        )
        assert logins(server) == 2 + len(FOLDERS)


async def test_the_wait_grows_to_its_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda _, most: most)
    waits = []
    async with FaultyServer({}, {"LOGIN": [REFUSED] * 99}) as server:
        gate = Gate(account_of(server))
        for _ in range(7):
            with pytest.raises(LoginRefused):
                await gate.entered()
            waits.append(round(gate.seconds_left))
            monkeypatch.setattr(gate, "_try_at", 0.0)  # as if the time had come
    assert waits == [60, 120, 240, 480, 900, 900, 900]


@pytest.mark.parametrize("answer", PASSING)
async def test_what_passes_is_no_refusal(answer: str) -> None:
    async with FaultyServer({}, {"LOGIN": [answer]}) as server:
        gate = Gate(account_of(server))
        with pytest.raises(ConnectionEnded):
            await gate.entered()
        assert gate.seconds_left == 0
        (await gate.entered()).close()


@pytest.mark.parametrize("answer", PASSING)
async def test_after_a_refusal_no_trouble_makes_us_hurry(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "REFUSED_SECONDS_MIN", 0.01)
    async with FaultyServer({}, {"LOGIN": [REFUSED, answer]}) as server:
        gate = Gate(account_of(server))
        with pytest.raises(LoginRefused):
            await gate.entered()
        await gate.reopened()
        monkeypatch.setattr(gate, "_wait_seconds", 60.0)
        with pytest.raises(ConnectionEnded):
            await gate.entered()
        assert gate.seconds_left > 0


async def test_a_token_that_was_changed_is_tried_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "LOOK_SECONDS", 0.02)
    token = tmp_path / "token"
    token.write_text("old")
    async with FaultyServer({}, {"AUTHENTICATE": [REFUSED] * 1}) as server:
        gate = Gate(account_of(server, password=None, token=TokenSource(file=token)))
        with pytest.raises(LoginRefused):
            await gate.entered()
        reopened = asyncio.ensure_future(gate.reopened())
        await asyncio.wait([reopened], timeout=0.1)
        assert not reopened.done(), "the same token"
        token.unlink()
        await asyncio.wait([reopened], timeout=0.1)
        assert not reopened.done(), "no token"
        token.write_text("new")
        await asyncio.wait_for(reopened, 10)
        (await gate.entered()).close()


async def test_a_command_with_a_token_at_each_call_is_asked_once_more_at_once(
    tmp_path: Path,
) -> None:
    count = tmp_path / "count"
    command = ("sh", "-c", f"echo x >> {count}; wc -l < {count}")
    async with (
        FaultyServer({}, {"AUTHENTICATE": [REFUSED] * 99}) as server,
        fetching(
            tmp_path / "desk",
            account_of(server, password=None, token=TokenSource(command=command)),
        ) as desk,
    ):
        await wait_until(lambda: logins(server) == 2 and all_are_told(desk), what="two tries")
        assert server.connections == 2


async def test_a_token_that_cannot_be_had_is_no_refusal_of_the_server(tmp_path: Path) -> None:
    async with FaultyServer({}) as server:
        source = TokenSource(file=tmp_path / "none")
        gate = Gate(account_of(server, password=None, token=source))
        with pytest.raises(ImapTrouble, match="cannot be read"):
            await gate.entered()
        assert gate.seconds_left == 0 and logins(server) == 0


async def test_a_stop_does_not_wait_for_a_refusal(tmp_path: Path) -> None:
    assert session_module.WAIT_SECONDS_MIN < gate_module.REFUSED_SECONDS_MIN
    async with FaultyServer({}, {"LOGIN": [REFUSED] * 99}) as server:
        desk = Desk(tmp_path, account_of(server))
        async with asyncio.timeout(10), desk:
            await wait_until(lambda: all_are_told(desk), what="each folder says why")
