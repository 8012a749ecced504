"""A72, S64 Two desks of ours, a robot and a foreign desk in a ring: nobody is kept busy."""

from pathlib import Path

import pytest
from adversary.ring import ANSWERED_EVERY, POKED_EVERY, Desk, Ring

ACKS_TO_SENDER_A_DAY = 3
ROUNDS_A_DAY = 144


def figures(desk: Desk) -> str:
    told = desk.to_agents
    return (
        f"{desk.address}: {desk.tickets} tickets, {desk.mails} mails in, "
        f"{desk.sent['acknowledged']} acknowledgements, {desk.answers} answers of people, "
        f"{desk.held} held, {told['notification']} notifications, {told['digest']} digests, "
        f"{told['storm']} storm letters"
    )


def assert_is_bounded(desk: Desk, rounds: int) -> None:
    pokes = 3 * (1 + (rounds - 1) // POKED_EVERY)
    people = 3 * (1 + (rounds - 1) // ANSWERED_EVERY)
    days = 1 + rounds // ROUNDS_A_DAY
    acks = desk.sent["acknowledged"]
    # However often the machines write, none of the three is answered more than that.
    assert acks <= 3 * ACKS_TO_SENDER_A_DAY * days
    # Nothing leaves but acknowledgements and what people wrote.
    assert set(desk.sent) <= {"acknowledged", "answer"}
    assert desk.answers <= people
    # What comes back is at most one mail for each letter, and each opens at most one ticket.
    assert desk.mails <= 2 * (pokes + acks + 3 * desk.answers)
    assert desk.tickets <= pokes + acks + desk.answers
    assert desk.held == 0


def test_a_short_ring_ends_by_itself(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    try:
        ring.play(3)
        delivered = ring.delivered
        ring.play_quietly(5)
        assert ring.delivered == delivered  # nothing has moved since
        for desk in ring.desks:
            assert_is_bounded(desk, 3)
    finally:
        ring.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_rounds_of_the_ring_are_bounded(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    try:
        ring.play(1_000)
        for desk in ring.desks:
            print(figures(desk))
            assert_is_bounded(desk, 1_000)
    finally:
        ring.close()
