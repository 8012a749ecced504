"""The turnstile: one at a time, and nobody waits long for a slow one."""

import asyncio

from waiting import wait_until

from mailtrack.outbox.turnstile import Turn, Turnstile


async def test_the_next_goes_when_the_first_is_through() -> None:
    turnstile = Turnstile()
    first, second = Turn(turnstile), Turn(turnstile)
    await first.take()
    waiting = asyncio.create_task(second.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    first.end()
    await asyncio.sleep(0)
    await waiting
    assert second._is_held


async def test_a_slow_one_does_not_hold_up_the_others() -> None:
    turnstile = Turnstile()
    slow, others = Turn(turnstile), [Turn(turnstile) for _ in range(3)]
    await slow.take()
    waiting = [asyncio.create_task(other.take()) for other in others]
    await wait_until(lambda: all(task.done() for task in waiting))
    for other in others:
        other.end()
    assert turnstile._turn.locked(), "only who has the turn gives it on"
    slow.end()
    assert not turnstile._turn.locked()


async def test_taking_twice_is_one_turn_and_ending_twice_harmless() -> None:
    """A letter whose connection had died while idle comes by again."""
    turnstile = Turnstile()
    turn = Turn(turnstile)
    await turn.take()
    await turn.take()
    turn.end()
    turn.end()
    assert await turnstile.enter()
