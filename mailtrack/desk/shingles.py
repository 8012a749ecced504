"""Texts as runs of words, to see whether one repeats a part of another: security section 6.9.

Case, punctuation and line breaks hide nothing. One run in common is chance; see ``guards``.
"""

from __future__ import annotations

import re
from typing import Final

SHINGLE_WORDS: Final = 8
SHINGLES_MIN: Final = 2  # so many distinct runs of words in common make a leak
WORDS_MAX: Final = 20_000
# What ``brackets.folded`` drops from a word; by a pattern it takes five times as long.
_DROPPED: Final = re.compile(r"[^\w\s]|_")
_DROPPED_IN_ASCII: Final = bytes(
    code for code in range(128) if not (chr(code).isalnum() or chr(code).isspace())
)
_USUAL_BEYOND: Final = "«»“”„’‘—–…"
_BLOCK: Final = SHINGLE_WORDS // 2

Shingles = frozenset[tuple[str, ...]]


def words_of(text: str) -> list[str]:
    """The words as they are compared, in order."""
    return _plain(text).split()[:WORDS_MAX]


def shingles_of(text: str) -> Shingles:
    """All runs of ``SHINGLE_WORDS`` words in the text."""
    words = words_of(text)
    last = len(words) - SHINGLE_WORDS + 1
    return frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(max(0, last)))


class Seeker:
    """A text whose runs are looked for in others, most of which have none."""

    def __init__(self, text: str) -> None:
        words = words_of(text)
        blocks = (tuple(words[at : at + _BLOCK]) for at in range(0, len(words), _BLOCK))
        # Each run has a whole one of these blocks in it, wherever it begins.
        self._blocks = {one for one in blocks if len(one) == _BLOCK}

    def may_find(self, *texts: str) -> bool:
        """Whether any of these may have a run in common. Cheap, and never wrongly no."""
        words = _plain("\n".join(texts)).split()
        there = set(words)
        near = [one for one in self._blocks if there.issuperset(one)]
        if not near:
            return False
        plain = f" {' '.join(words)} "
        return any(f" {' '.join(block)} " in plain for block in near)


def _plain(text: str) -> str:
    """The text in lower case without punctuation, its blanks as they are."""
    lower = text.casefold().replace("ё", "е")
    plain = lower.encode("utf-8", "replace").translate(None, _DROPPED_IN_ASCII).decode()
    if plain.isascii():
        return plain
    for mark in _USUAL_BEYOND:
        plain = plain.replace(mark, "")
    return plain if "".join(plain.split()).isalnum() else _DROPPED.sub("", lower)
