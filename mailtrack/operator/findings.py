"""What a test of the set-up has shown: one line each, and what to do about it.

Words of other servers stand in these lines, so every text passes ``clean`` on its way in.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailtrack.mail.compose import header_text

QUOTE_CHARS_MAX: Final = 200
LINE_CHARS_MAX: Final = 96
TEST_FAILED: Final = 1  # the exit code: something is set up wrongly


class Grade(StrEnum):
    """How a test ended. ``UNKNOWN``: the world gave no answer, try again."""

    GOOD = "good"
    ADVICE = "advice"
    UNKNOWN = "unknown"
    BAD = "bad"


MARKS: Final = {Grade.GOOD: "✓", Grade.ADVICE: "!", Grade.UNKNOWN: "?", Grade.BAD: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test has shown. ``mend`` says what to do; its further lines are to be copied."""

    grade: Grade
    test: str
    said: str
    mend: str = ""

    def __str__(self) -> str:
        lines = _wrapped(f"{MARKS[self.grade]} {self.test}: {self.said}", "  ")
        advice, *recipe = self.mend.split("\n")
        lines += _wrapped(f"    {advice}", "    ") if advice else []
        return "\n".join((*lines, *(f"        {line}" for line in recipe)))


def good(test: str, said: str) -> Finding:
    """All is well."""
    return Finding(Grade.GOOD, test, said)


def advice(test: str, said: str, mend: str = "") -> Finding:
    """It works, and could be better or is not proved."""
    return Finding(Grade.ADVICE, test, said, mend)


def unknown(test: str, said: str, mend: str = "Try again in some minutes") -> Finding:
    """Nobody can tell at the moment."""
    return Finding(Grade.UNKNOWN, test, said, mend)


def bad(test: str, said: str, mend: str) -> Finding:
    """It is set up wrongly."""
    return Finding(Grade.BAD, test, said, mend)


def clean(text: str) -> str:
    """Words of somebody else, fit for a terminal: one line, no controls, not long."""
    return header_text(text)[:QUOTE_CHARS_MAX]


def exit_code(findings: Iterable[Finding]) -> int:
    """1 if anything is wrong, 75 if something could not be found out, else 0."""
    grades = {one.grade for one in findings}
    if Grade.BAD in grades:
        return TEST_FAILED
    return os.EX_TEMPFAIL if Grade.UNKNOWN in grades else os.EX_OK


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line,
        LINE_CHARS_MAX,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
