"""The real daemon and a relay that is away for a while, or that lost its encryption."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from intake.certificates import Certificate
from outbox.faulty_relay import FaultyRelay
from outbox.test_courier import STARTTLS, WITH_AUTH, certificate
from outbox.test_sender import Post, subjects
from process import Process
from store.desk import decided, letter, opened, write
from waiting import wait_until

from mailtrack.store import outgoing
from mailtrack.store.database import Database
from mailtrack.store.outgoing import LetterCounts

__all__ = ["certificate"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PATIENCE = 90.0
HALF_AN_HOUR, FIVE_HOURS = 1800.0, 18_000.0
RELAY = r"^  smarthost: null"
MakeDesk = Callable[[str], Process]


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with FaultyRelay() as relay:
        port = relay.port
    yield port


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[MakeDesk]:
    """Makes a desk with these lines about the way out; it ends with the test."""
    made: list[Process] = []

    def make(lines: str) -> Process:
        made.append(Process(tmp_path, (RELAY, lines)))
        made[-1].state.mkdir(mode=0o700)
        return made[-1]

    yield make
    for desk in made:
        desk.kill()


def put(post: Post, *, tickets: int, answers: int) -> list[list[str]]:
    """Answers to write: some of each ticket, taking turns; their ids by ticket."""
    with post.database.transaction() as session:
        for number in range(1, tickets + 1):
            write(session, opened(number), spool_id=f"open-{number}")
        for at in range(answers):
            for number in range(1, tickets + 1):
                given = {
                    "recipient": f"c{number}@client.example",
                    "is_automatic": False,
                    "not_before": datetime.now(UTC),
                    "name": "answer",
                }
                one = letter(f"t{number}a{at}", number, **given)
                write(session, decided(letters=(one,)), spool_id=one.id)
    return [[f"t{n}a{at}" for at in range(answers)] for n in range(1, tickets + 1)]


async def test_s69_a_relay_that_is_away_for_half_an_hour_costs_nothing_but_the_time(
    make_desk: MakeDesk, port: int
) -> None:
    desk = make_desk(f"  smarthost: smtp://127.0.0.1:{port}")
    post = Post(Database(f"sqlite:///{desk.state / 'mailtrack.db'}"))
    post.database.migrate()
    wanted = put(post, tickets=3, answers=3)
    await asyncio.to_thread(desk.start)
    await wait_until(lambda: "relay_failed" in desk.log(), PATIENCE)
    desk.move_clock(HALF_AN_HOUR)
    assert post.counts().sent == 0
    async with FaultyRelay(port=port) as relay:
        await wait_until(lambda: post.counts() == LetterCounts(sent=9), PATIENCE)
        taken = subjects(relay)
        assert sorted(taken) == sorted(one for ids in wanted for one in ids)
        for ids in wanted:
            assert [one for one in taken if one in ids] == ids
        assert await asyncio.to_thread(desk.stop) == 0
    post.database.close()


async def test_s69_authors_hear_after_four_hours_and_not_when_it_has_left_meanwhile(
    make_desk: MakeDesk, port: int
) -> None:
    desk = make_desk(f"  smarthost: smtp://127.0.0.1:{port}")
    post = Post(Database(f"sqlite:///{desk.state / 'mailtrack.db'}"))
    post.database.migrate()
    put(post, tickets=1, answers=1)
    await asyncio.to_thread(desk.start)
    await wait_until(lambda: "relay_failed" in desk.log(), PATIENCE)
    desk.move_clock(FIVE_HOURS)
    await wait_until(lambda: notices(post), PATIENCE, what="somebody is told")
    told = notices(post)
    assert all("The words of t1a0." in one for one in told)
    async with FaultyRelay(port=port) as relay:
        await wait_until(lambda: is_nothing_on_its_way(post), PATIENCE)
        # The answer leaves, and nobody hears that it is late: a notice would quote it.
        # An alarm of the relay or of the clock may leave as well.
        assert subjects(relay).count("t1a0") == 1
        assert post.counts().stopped == len(told)
        await asyncio.to_thread(desk.stop)
    post.database.close()


def is_nothing_on_its_way(post: Post) -> bool:
    counts = post.counts()
    return not counts.waiting and not counts.claimed


def notices(post: Post) -> list[str]:
    with post.database.reading() as session:
        waiting = outgoing.overdue(session, before=datetime(2100, 1, 1, tzinfo=UTC), limit=10)
    return [one.mail.text for one in waiting if one.name == "undeliverable"]


async def test_f25_a_desk_whose_relay_lost_its_tls_says_nothing_in_clear_and_tells_why(
    make_desk: MakeDesk, tmp_path: Path, certificate: Certificate
) -> None:
    secret = tmp_path / "password"
    secret.write_text("very-secret")
    secret.chmod(0o600)
    async with FaultyRelay({"EHLO": WITH_AUTH}, tls=certificate.server()) as relay:
        lines = (
            f"  smarthost: smtp://desk@127.0.0.1:{relay.port}\n"
            f"  password: {{file: {secret}}}\n"
            f"  tls_ca: {certificate.cert}"
        )
        desk = make_desk(lines)
        await asyncio.to_thread(desk.start)
        await asyncio.to_thread(desk.write, "cara@cust.example", "Fire", "It burns.")
        await wait_until(lambda: "relay_failed" in desk.log(), PATIENCE)
        assert {one.split()[0] for one in relay.commands} <= {"EHLO", "QUIT"}
        queue = await asyncio.to_thread(desk.ask, "queue")
        assert any("STARTTLS" in str(one) for one in queue)
        relay.faults = {"EHLO": STARTTLS}
        await wait_until(lambda: relay.taken, PATIENCE, what="a letter, encrypted")
        said = [one.split()[0] for one in relay.commands]
        assert said.index("STARTTLS") < said.index("AUTH") < said.index("MAIL")
        await asyncio.to_thread(desk.stop)
