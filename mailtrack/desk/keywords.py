"""Whole words and phrases, in any script, thousands of them in one pass over a text.

Neither RE2 nor an Aho-Corasick automaton knows where a Cyrillic word ends, so the borders of
a hit are looked at here. Text and keywords are folded alike by ``folded``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import ahocorasick

# Writers of one word choose different signs for it: Russian ё, the four Ukrainian
# apostrophes, hyphens that forbid a break. Signs that nobody sees are dropped.
# ``str.replace`` of a sign that is not there costs 3 µs in 10 KB, ``translate`` 800.
_SAME: Final = (
    ("ё", "е"),
    ("\u2018", "'"),
    ("\u2019", "'"),
    ("\u02bc", "'"),
    ("\uff07", "'"),
    ("`", "'"),
    ("\u2010", "-"),
    ("\u2011", "-"),
    ("\u00ad", ""),
    ("\u200b", ""),
    ("\u2060", ""),
    ("\ufeff", ""),
)

# Scripts that put no blanks between words: Thai and Lao, Myanmar, Khmer, Han and kana. There
# a border cannot be seen, so none is asked for. Hangul, which uses blanks, stays outside.
_UNSPACED: Final = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


def folded(text: str) -> str:
    """``text`` as it is compared: case folded, composed, ё as е, a run of blanks as one."""
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    for sign, same in _SAME:
        plain = plain.replace(sign, same)
    return " ".join(plain.split())


@dataclass(frozen=True, slots=True)
class _Entry:
    """A folded keyword. An edge that is itself a sign (``c++``, ``.exe``) needs no border."""

    word: str
    needs_left: bool
    needs_right: bool


class _Automaton(Protocol):
    def iter(self, text: str) -> Iterator[tuple[int, _Entry]]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Keywords:
    """All the keywords that anybody looks for in one text."""

    _automaton: _Automaton | None = field(repr=False)

    def found_in(self, text: str) -> frozenset[str]:
        """Which keywords, folded, stand as whole words in ``text``, which is folded too."""
        if self._automaton is None:
            return frozenset()
        found: set[str] = set()
        for end, entry in self._automaton.iter(text):
            if entry.word not in found and _is_whole(text, end, entry):
                found.add(entry.word)
        return frozenset(found)


def keywords_from(words: Iterable[str]) -> Keywords:
    """The automaton of these words; those that fold to nothing are never found."""
    automaton = ahocorasick.Automaton()
    for word in {folded(word) for word in words} - {""}:
        automaton.add_word(word, _Entry(word, _joins(word[0]), _joins(word[-1])))
    if not len(automaton):
        return Keywords(None)
    automaton.make_automaton()
    return Keywords(automaton)


def _is_whole(text: str, end: int, entry: _Entry) -> bool:
    start = end + 1 - len(entry.word)
    if entry.needs_left and start > 0 and _joins(text[start - 1]):
        return False
    return not (entry.needs_right and end + 1 < len(text) and _joins(text[end + 1]))


def _joins(char: str) -> bool:
    """Whether the character makes one word with a letter beside it."""
    if char.isascii():
        return char.isalnum()
    if not (char.isalnum() or unicodedata.category(char).startswith("M")):
        return False
    code = ord(char)
    return not any(first <= code <= last for first, last in _UNSPACED)
