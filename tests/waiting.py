"""Waiting for a condition with a limit: the one place in the tests that lets time pass.

A test that sleeps is either slow or wrong. These return as soon as the condition holds, and
fail with a sentence when it does not in time.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 0.01


def wait_for(predicate: Callable[[], T], timeout_seconds: float = 10.0, *, what: str = "") -> T:
    """The first true answer of `predicate`; AssertionError when there is none in time."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        if answer := predicate():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(_complaint(predicate, timeout_seconds, what))
        time.sleep(PAUSE_SECONDS)


async def wait_until(
    predicate: Callable[[], T], timeout_seconds: float = 10.0, *, what: str = ""
) -> T:
    """The same for a coroutine: the loop goes on while the condition is waited for."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        if answer := predicate():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(_complaint(predicate, timeout_seconds, what))
        await asyncio.sleep(PAUSE_SECONDS)


def _complaint(predicate: Callable[[], object], timeout_seconds: float, what: str) -> str:
    name = what or getattr(predicate, "__qualname__", repr(predicate))
    return f"waited {timeout_seconds:g} seconds in vain for: {name}"
