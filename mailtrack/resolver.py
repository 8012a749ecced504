"""Finds the keys of signatures in the DNS, within bounds; ``nameservers`` does the asking.

Bounded are the answers, the questions at one time, and the time of all questions about one
mail together: what cannot be had in time is no answer, and no mail waits longer for it. What
was answered is kept for as long as the DNS says.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from time import monotonic
from types import ModuleType
from typing import Final

from mailtrack.mail.limits import KEY_RECORD_BYTES_MAX
from mailtrack.tickets.reading import Record

SECONDS_MAX: Final = 5.0  # for all questions about one mail
QUESTIONS_AT_ONCE_MAX: Final = 256
CACHE_MAX: Final = 2_000
CACHE_SECONDS_MIN: Final = 30.0
CACHE_SECONDS_MAX: Final = 3600.0
TROUBLE_SECONDS: Final = 10.0  # a server that is down is not asked for each mail of a storm

Ask = Callable[[str], Awaitable[tuple[bytes | None, float]]]


class Resolver:
    """Finds key records. Belongs to one event loop.

    ``ask`` answers for one name: the record, None if there is none, and for how many seconds
    that holds. It raises ``OSError`` if it cannot tell. By default the system's servers are
    asked.
    """

    def __init__(self, ask: Ask | None = None, *, seconds_max: float = SECONDS_MAX) -> None:
        self._ask = ask or _ask_the_system
        self._seconds_max = seconds_max
        self._known: OrderedDict[str, tuple[float, Record]] = OrderedDict()
        self._places = asyncio.Semaphore(QUESTIONS_AT_ONCE_MAX)

    async def records(self, names: Iterable[str]) -> tuple[Record, ...]:
        """The key record at each name, as far as it can be had in time. Never raises."""
        wanted = tuple(dict.fromkeys(names))
        if not wanted:
            return ()
        questions = {name: asyncio.ensure_future(self._record(name)) for name in wanted}
        await asyncio.wait(questions.values(), timeout=self._seconds_max)
        answers = []
        for name, question in questions.items():
            if question.done():
                answers.append(question.result())
            else:
                question.cancel()
                answers.append(self._keep(name, Record(name, trouble=_late(self._seconds_max))))
        await asyncio.gather(*questions.values(), return_exceptions=True)
        return tuple(answers)

    async def _record(self, name: str) -> Record:
        until, known = self._known.get(name, (0.0, None))
        if known is not None and monotonic() < until:
            return known
        try:
            async with self._places:
                text, seconds = await self._ask(name)
        except OSError as error:
            return self._keep(name, Record(name, trouble=f"the DNS gave no answer ({error})"))
        if text is not None and len(text) > KEY_RECORD_BYTES_MAX:
            return self._keep(name, Record(name, trouble="the record is too long"), seconds)
        return self._keep(name, Record(name, text), seconds)

    def _keep(self, name: str, record: Record, seconds: float = TROUBLE_SECONDS) -> Record:
        if not record.trouble:
            seconds = min(max(seconds, CACHE_SECONDS_MIN), CACHE_SECONDS_MAX)
        self._known[name] = (monotonic() + min(seconds, CACHE_SECONDS_MAX), record)
        self._known.move_to_end(name)
        while len(self._known) > CACHE_MAX:
            self._known.popitem(last=False)
        return record


async def _ask_the_system(name: str) -> tuple[bytes | None, float]:
    """The system's servers, by a library that is loaded when the first mail needs it."""
    answer: tuple[bytes | None, float] = await _library().system().txt(name)
    return answer


@cache
def _library() -> ModuleType:
    return importlib.import_module("mailtrack.nameservers")


def _late(seconds: float) -> str:
    return f"the DNS gave no answer in {seconds:g} seconds"
