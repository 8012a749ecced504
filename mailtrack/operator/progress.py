"""A bar on standard error while something takes long; silent where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

BAR_CHARS: Final = 30
REDRAW_SECONDS: Final = 0.1


def bar(items: Iterable[T], *, of: int, what: str) -> Iterator[T]:
    """The items one by one; on a terminal a line shows how many of ``of`` are through."""
    is_watched = sys.stderr.isatty()
    drawn_at, count = 0.0, 0
    for count, item in enumerate(items, 1):
        yield item
        if is_watched and (time.monotonic() - drawn_at > REDRAW_SECONDS or count == of):
            drawn_at = time.monotonic()
            print(f"\r{line(count, of, what)}", end="", file=sys.stderr, flush=True)
    if is_watched and count:
        print(file=sys.stderr)


def line(count: int, of: int, what: str) -> str:
    """The bar when ``count`` of ``of`` are through."""
    share = min(1.0, count / of) if of else 1.0
    filled = round(share * BAR_CHARS)
    return f"{what} [{'#' * filled}{'.' * (BAR_CHARS - filled)}] {count:,} of {of:,}"
