"""Mails made wrong, through the running desk: each ends in one state, and none ends the desk.

The suite sends a few hundred. `make torture` sends 10,000, and there memory must stay flat.
"""

import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from mutator import mutants
from process import Process
from traffic import fates, hand_over, memory_bytes

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
IS_FULL = bool(os.environ.get("MAILTRACK_TORTURE"))
COUNT = 10_000 if IS_FULL else 300
ROUND = 1000 if IS_FULL else 150
SEED = 20260303
SIZE_BYTES_MAX = 40_000
GROWTH_BYTES_MAX = 48 * 1024 * 1024

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if IS_FULL else 600)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def corpus() -> list[bytes]:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus of real mails is not at {CORPUS}")
    return [path.read_bytes()[:SIZE_BYTES_MAX] for path in sorted(CORPUS.glob("*/*.eml"))]


def test_the_same_seed_gives_the_same_mutants() -> None:
    mails = [b"From: a@b.example\r\n\r\nhello", b"Subject: x\r\n\r\nthere"]
    assert list(mutants(mails, 50, seed=1)) == list(mutants(mails, 50, seed=1))
    assert list(mutants(mails, 50, seed=1)) != list(mutants(mails, 50, seed=2))


def test_mutated_mails_end_in_exactly_one_state_each_and_memory_stays_flat(
    desk: Process,
) -> None:
    stream = mutants(corpus(), COUNT, seed=SEED)
    refused, sizes = 0, []
    while mails := list(islice(stream, ROUND)):
        answers = hand_over(desk, mails)
        refused += sum(answer.code != 250 for answer in answers)
        assert all(answer.code == 250 or 500 <= answer.code < 600 for answer in answers)
        desk.wait_until_idle(600)
        assert desk.is_alive
        sizes.append(memory_bytes(desk))
    taken = COUNT - refused
    found = fates(desk)
    states = Counter(fate.disposition for fate in found.values())
    print(f"{COUNT} mutants, {refused} refused at the door; {dict(states)}; "
          f"memory {[size // 2**20 for size in sizes]} MB")  # fmt: skip
    assert len(found) == taken
    assert desk.ask("status")["mails_handled"] == taken
    fsck = desk.ask("fsck")
    assert fsck["problems"] == [] and fsck["handled"] == taken
    assert sizes[-1] - sizes[0] < GROWTH_BYTES_MAX
    assert "mail_broke_us" not in desk.log() and "Traceback" not in desk.log()
