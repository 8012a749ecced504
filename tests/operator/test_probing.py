"""Test mails to a server that takes them, refuses them, puts them off, or is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk.cases import NOW, POLICY
from outbox.faulty_relay import DROP, FaultyRelay

from mailtrack.operator import forged, replies
from mailtrack.operator.findings import Finding, Grade
from mailtrack.operator.probing import tried
from mailtrack.outbox.courier import SmtpCourier, Timeouts
from mailtrack.outbox.relay import Relay, Tls
from mailtrack.probes import DESK_FILE, Probes

VICTIM = "ada@help.example"
QUICK = Timeouts(connect=1.0, command=1.0, content=1.0)


async def found_by(relay: FaultyRelay, folder: Path) -> tuple[Finding, ...]:
    """What a forged mail and one to a reply address come to; no desk answers."""
    probes = Probes(folder / "probes")
    probes.announce(POLICY.keys)
    courier = SmtpCourier(
        Relay("127.0.0.1", relay.port, Tls.NONE), hostname="help.example", timeouts=QUICK
    )
    one, two, three = (probes.mint(POLICY.keys, now=NOW) for _ in range(3))
    trials = (
        forged.trial(POLICY, one, two, courier=courier, name="mx.example", seconds=0),
        replies.trial(POLICY, POLICY.queues[0], three, courier=courier, seconds=0),
    )
    try:
        return await tried(trials, probes, folder / "archive", seconds_max=0)
    finally:
        await courier.close()


def left(folder: Path) -> int:
    """How many test mails the desk would still know."""
    return sum(1 for one in (folder / "probes").iterdir() if one.name != DESK_FILE)


async def test_what_is_taken_and_does_not_come_back_is_lost_and_known_for_a_while(
    tmp_path: Path,
) -> None:
    async with FaultyRelay() as relay:
        found = await found_by(relay, tmp_path)
    assert [one.grade for one in found] == [Grade.BAD, Grade.BAD]
    assert all("has not come to the desk" in one.said for one in found)
    assert left(tmp_path) == 2, "they are late, perhaps, and are to make no tickets"


async def test_a_forged_from_that_is_refused_is_good_and_the_next_mail_claims_less(
    tmp_path: Path,
) -> None:
    async with FaultyRelay({"CONTENT": ["550 5.7.1 not you \x1b[2J"]}) as relay:
        found = await found_by(relay, tmp_path)
        senders = [b"From: ada" in raw for _, _, raw in relay.taken]
    assert (found[0].test, found[0].grade) == ("a forged From", Grade.GOOD)
    assert VICTIM in found[0].said and "not you [2J" in found[0].said
    assert senders == [False, False] and left(tmp_path) == 2


@pytest.mark.parametrize(
    ("faults", "grade", "words"),
    [
        ({"RCPT": "550 5.1.1 nobody"}, Grade.BAD, "nobody"),
        ({"RCPT": "450 4.2.0 greylisted"}, Grade.UNKNOWN, "asks to come again later"),
    ],
)
async def test_what_is_not_taken_is_told_in_the_servers_words(
    tmp_path: Path, faults: dict[str, str], grade: Grade, words: str
) -> None:
    async with FaultyRelay(faults) as relay:
        found = await found_by(relay, tmp_path)
    assert [one.grade for one in found] == [grade, grade]
    assert all(words in one.said for one in found)
    assert found[0].test == forged.TEST, "a refusal of everybody is no good sign"
    assert left(tmp_path) == 0


async def test_a_server_that_takes_nothing_is_waited_for_once(tmp_path: Path) -> None:
    async with FaultyRelay({"GREETING": DROP}) as relay:
        (found,) = await found_by(relay, tmp_path)
        assert relay.connections == 1
    assert found.grade is Grade.BAD and "could not be handed over" in found.said
    assert left(tmp_path) == 0
