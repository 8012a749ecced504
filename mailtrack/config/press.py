"""Compiled templates, kept in the state folder between two starts.

Compiling and trying them takes half of the time of a start, and they hardly ever change. What
cannot be read is compiled again: nothing depends on the file but the time that it saves.

``install_press`` does it for the templates that ship, when mailtrack is installed, so that a
first start is as quick as the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
from pathlib import Path
from types import CodeType
from typing import Final

from mailtrack.config.example import shipped
from mailtrack.config.known import SHIPPED
from mailtrack.desk.letters import Press, load_stationery

FILE: Final = "templates.cache"
BYTES_MAX: Final = 20_000_000
_KIND: Final = b"mailtrack templates 1"


# Where Python keeps what it has compiled of us.
INSTALLED: Final = Path(__file__).parent / "__pycache__"


def recall_press(state: Path | None, mark: str) -> Press | None:
    """The press of that mark, if the last start kept it, or whoever installed us; else None."""
    places = (INSTALLED,) if state is None else (state, INSTALLED)
    found = (_press_in(place / FILE, mark) for place in places)
    return next((press for press in found if press is not None), None)


def _press_in(path: Path, mark: str) -> Press | None:
    """The press in a file; None if there is none of that mark, or none to be trusted."""
    try:
        with path.open("rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            raw = file.read(BYTES_MAX)
    except OSError:
        return None
    head, _, payload = raw.partition(b"\n")
    # Python must never be handed half a file, nor one of another Python: it may crash on it.
    # The mark names the version, the digest vouches for the bytes.
    if head != _head(mark, payload):
        return None
    text, html = marshal.loads(payload)  # noqa: S302 - our own file, which only we can write
    return Press(mark, text, html)


def keep_press(state: Path, press: Press) -> None:
    """Keep what was compiled for the next start. That it cannot be kept is no failure."""
    if _press_in(state / FILE, press.mark) is not None:
        return
    codes: tuple[dict[str, CodeType], dict[str, CodeType]] = dict(press.text), dict(press.html)
    payload = marshal.dumps(codes)
    head, path = _head(press.mark, payload), state / FILE
    new = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(head + b"\n" + payload)
        new.replace(path)


def _head(mark: str, payload: bytes) -> bytes:
    digest = hashlib.sha256(payload).hexdigest()
    return b" ".join((_KIND, mark.encode("ascii"), digest.encode("ascii")))


def _is_ours(status: os.stat_result) -> bool:
    """Whether nobody but us (or root) could have written it: its code will be run."""
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & 0o022


def install_press() -> None:
    """Compile what ships, in all languages that ship, into our own folder."""
    INSTALLED.mkdir(exist_ok=True)
    keep_press(INSTALLED, load_stationery((shipped("templates"),), SHIPPED).press)
