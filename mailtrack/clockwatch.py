"""Notices when the clock on the wall is set, also while the desk was down.

Deadlines, reminders and the life of a token follow that clock. What it showed at the last look
is noted beside the clock of the machine that nobody sets, so that the next process can compare;
after the machine itself was started anew, only a clock that went back is known to be wrong.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mailtrack.tickets.alarm import CLOCK_JUMP, Trouble

NOTE: Final = "clock.seen"  # in the state folder
CLOCK_JUMP_SECONDS: Final = 60.0
CLOCK_JUMP_KEPT_SECONDS: Final = 600.0
NOTE_BYTES_MAX: Final = 200
_NOTE_MODE: Final = 0o600
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class _Look:
    """What the clocks showed, in seconds. ``boot`` names the machine's start, or is ``""``."""

    wall: float
    steady: float
    boot: str

    @property
    def offset(self) -> float:
        return self.wall - self.steady


def steady_seconds() -> float:
    """Seconds of a clock that nobody sets, and that counts a machine's sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_from(environ: Mapping[str, str]) -> str:
    """What this start of the machine is called; ``""`` if nobody says.

    A hardened unit hides the kernel's own name for it and hands it over.
    """
    name = environ.get("MAILTRACK_BOOT", "")
    with contextlib.suppress(OSError):
        name = name or _BOOT_ID.read_text("ascii")
    return "".join(name.split()).replace("-", "")


class ClockWatch:
    """Notices when the clock on the wall is set by more than a minute.

    ``note`` is where the last look is kept for the next process; None: nowhere.
    """

    def __init__(
        self,
        note: Path | None = None,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady_seconds,
        boot: str = "",
    ) -> None:
        self._note, self._wall, self._steady, self._boot = note, wall, steady, boot
        self._jumped_at: float | None = None
        self._reason = ""
        self._last = self._look()
        before = _noted(note) if note is not None else None
        if before is not None:
            self._compare(before, "while the desk was down")
        else:
            self._write_down()

    @property
    def has_jumped(self) -> bool:
        """Whether the clock was ever set, as far as this process knows."""
        return self._jumped_at is not None

    def troubles(self) -> tuple[Trouble, ...]:
        """The jump, for ten minutes after it."""
        before, self._last = self._last, self._look()
        self._compare(before)
        self._write_down()
        age = None if self._jumped_at is None else self._last.steady - self._jumped_at
        if age is None or age > CLOCK_JUMP_KEPT_SECONDS:
            return ()
        return (Trouble(CLOCK_JUMP, self._reason),)

    def _look(self) -> _Look:
        return _Look(self._wall(), self._steady(), self._boot)

    def _write_down(self) -> None:
        if self._note is not None:
            # Without room for it the next process just cannot compare.
            with contextlib.suppress(OSError):
                _write(self._note, self._last)

    def _compare(self, before: _Look, when: str = "") -> None:
        jump = _jump(before, self._last)
        if abs(jump) >= CLOCK_JUMP_SECONDS:
            self._jumped_at = self._last.steady
            self._reason = f"the clock was set by {jump:+.0f} seconds {when}".rstrip()


def _jump(before: _Look, now: _Look) -> float:
    """By how many seconds the clock was set between two looks, as far as can be known."""
    if before.boot == now.boot and before.steady <= now.steady:
        return now.offset - before.offset
    # The machine was off for nobody knows how long, but not for less than no time.
    return min(0.0, now.wall - before.wall)


def _noted(note: Path) -> _Look | None:
    try:
        with note.open("rb") as file:
            wall, steady, *boot = file.read(NOTE_BYTES_MAX).decode("ascii").split()
        look = _Look(float(wall), float(steady), "".join(boot))
    except (OSError, ValueError):
        return None
    return look if math.isfinite(look.offset) else None


def _write(note: Path, look: _Look) -> None:
    """Whole or not at all; not synced, for it is of use only while the machine runs."""
    draft = note.with_suffix(".new")
    draft.touch(_NOTE_MODE)
    draft.write_text(f"{look.wall:.3f} {look.steady:.3f} {look.boot}\n", "ascii")
    draft.replace(note)
