"""How names travel: folders in modified UTF-7 (RFC 3501 section 5.1.3), strings in quotes."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

_PLAIN: Final = re.compile(r"[\x20-\x7e]")
_RUNS: Final = re.compile(r"&|[\x20-\x25\x27-\x7e]+|[^\x20-\x7e]+")


def quoted(text: str) -> str:
    """A quoted string of IMAP. ValueError for what would end the line, or the string."""
    if any(char in "\r\n\0" for char in text):
        raise ValueError("a line end or NUL in a name")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folder_on_the_wire(name: str) -> str:
    """A folder's name as the server spells it, quoted: ``"&BB8EMA-"`` for ``Па``."""
    return quoted("".join(_encoded(run[0]) for run in _RUNS.finditer(name)))


def uid_set(uids: Iterable[int]) -> str:
    """``1:3,7`` for 1, 2, 3, 7; the uids are rising."""
    runs = []
    for _, run in groupby(enumerate(uids), lambda pair: pair[1] - pair[0]):
        numbers = [uid for _, uid in run]
        first, last = numbers[0], numbers[-1]
        runs.append(str(first) if first == last else f"{first}:{last}")
    return ",".join(runs)


def _encoded(run: str) -> str:
    if run == "&":
        return "&-"
    if _PLAIN.match(run):
        return run
    encoded = base64.b64encode(run.encode("utf-16-be")).decode("ascii")
    return "&" + encoded.rstrip("=").replace("/", ",") + "-"
