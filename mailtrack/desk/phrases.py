"""The phrases of a language, and how times, spans and sizes are said with them.

``phrases.txt`` in a language's folder has one a line: ``name = words``, where ``table.name`` is
a word of a table and ``{braces}`` are filled in. What a translation or a desk's own file leaves
out is said as the shipped file says it, in the end in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo

from mailtrack.errors import Mistake

SOURCES: Final = "because."
_PLACE: Final = re.compile(r"\{([a-z_]{1,30})\}")
_MINUTES_HOUR: Final = 60
_MINUTES_DAY: Final = 24 * 60
_BYTES_STEP: Final = 1024


class Phrase(str):
    """Words to say. Called with values, it gives the words with those in their places."""

    __slots__ = ("_pieces",)

    _pieces: list[str]

    def __new__(cls, words: str) -> Phrase:
        self = super().__new__(cls, words)
        self._pieces = _PLACE.split(words)
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """The names in braces, in order."""
        return tuple(self._pieces[1::2])

    @property
    def pieces(self) -> tuple[str, ...]:
        """Words and names of places by turns; words first and last, be they ``""``."""
        return tuple(self._pieces)

    def __call__(self, **values: object) -> str:
        missing = [place for place in self.places if place not in values]
        if missing:
            raise TypeError(f"{{{missing[0]}}} is not filled in")
        # What is put in is never looked at again: braces in it stay what they are.
        return "".join(
            str(values[piece]) if index % 2 else piece
            for index, piece in enumerate(self._pieces)
        )


class Phrases:
    """All phrases of one language: ``say.nobody``, ``say.statuses["open"]``."""

    months: Phrase
    weekdays: Phrase
    nothing: Phrase
    units: Mapping[str, str]
    statuses: Mapping[str, str]
    priorities: Mapping[str, str]
    our_rules: Mapping[str, str]
    held_reasons: Mapping[str, str]
    deeds: Mapping[str, str]
    verdicts: Mapping[str, str]
    because: Mapping[str, Phrase]
    sources: Mapping[str, Phrase]  # ``because`` as the rules say it, in English

    def __init__(self, words: Mapping[str, Phrase], sources: Mapping[str, Phrase]) -> None:
        for name, phrase in words.items():
            table, dot, key = name.partition(".")
            if dot:
                vars(self).setdefault(table, {})[key] = phrase
            else:
                setattr(self, name, phrase)
        self.sources = sources


@dataclass(frozen=True, slots=True)
class PhraseFile:
    """A file of phrases, as read: ``(name, words, line)``."""

    path: str
    rows: tuple[tuple[str, str, int], ...]


def phrase_file_from(path: str, text: str) -> tuple[PhraseFile, tuple[Mistake, ...]]:
    """The rows of a file, and the lines that are none."""
    rows: list[tuple[str, str, int]] = []
    mistakes: list[Mistake] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, words = line.partition("=")
        if equals and name.strip().replace(".", "_", 1).isidentifier():
            rows.append((name.strip(), words.strip(), number))
        else:
            mistakes.append(Mistake(path, number, 1, "", "no phrase", "Write: name = words"))
    return PhraseFile(path, tuple(rows)), tuple(mistakes)


def phrases_from(
    files: Iterable[PhraseFile], known: PhraseFile
) -> tuple[Phrases, tuple[Mistake, ...]]:
    """The phrases of these files, a later one above an earlier one.

    ``known`` is the shipped English: it has every phrase there is, with all of its places.
    """
    words = {name: Phrase(text) for name, text, _ in known.rows}
    sources = {
        name.removeprefix(SOURCES): phrase
        for name, phrase in words.items()
        if name.startswith(SOURCES)
    }
    mistakes: list[Mistake] = []
    for file in files:
        for name, text, line in file.rows:
            phrase = Phrase(text)
            mistake = _mistake_in(phrase, words.get(name), name=name, known=words)
            if mistake is None:
                words[name] = phrase
            else:
                mistakes.append(Mistake(file.path, line, 1, name, *mistake))
    return Phrases(words, sources), tuple(mistakes)


def _mistake_in(
    phrase: Phrase, theirs: Phrase | None, *, name: str, known: Iterable[str]
) -> tuple[str, str] | None:
    """What is wrong with a phrase and how to mend it, None if nothing is."""
    if theirs is None:
        near = get_close_matches(name, known, n=1)
        return "no letter says this", f"Did you mean {near[0]}?" if near else ""
    strange = [place for place in phrase.places if place not in theirs.places]
    if strange:
        allowed = ", ".join(f"{{{place}}}" for place in theirs.places)
        return f"{{{strange[0]}}} is not filled in here", f"There is: {allowed or 'none'}."
    if name in ("weekdays", "months") and len(phrase.split()) != len(theirs.split()):
        return f"{len(phrase.split())} names", f"There are {len(theirs.split())}, by blanks."
    return None


def shown_time(at: datetime, zone: ZoneInfo, now: datetime, say: Phrases) -> str:
    """``Mon 2 Mar, 09:00`` on the clock of ``zone``; another year than now's is said."""
    local = at.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    day = f"{say.weekdays.split()[local.weekday()]} {local.day}"
    return f"{day} {say.months.split()[local.month - 1]}{year}, {local:%H:%M}"


def shown_span(minutes: int, say: Phrases) -> str:
    """``2 d 3 h``, ``3 h 20 min``, ``25 min``: the two largest units that are not nought."""
    days, rest = divmod(max(minutes, 0), _MINUTES_DAY)
    hours, left = divmod(rest, _MINUTES_HOUR)
    counted = ((days, "d"), (hours, "h"), (0 if days else left, "min"))
    parts = [f"{count} {say.units[unit]}" for count, unit in counted if count]
    return " ".join(parts) or f"0 {say.units['min']}"


def shown_size(size_bytes: int, say: Phrases) -> str:
    """``812 B``, ``120 KB``, ``3.4 MB``."""
    if size_bytes < _BYTES_STEP:
        return f"{size_bytes} {say.units['B']}"
    if size_bytes < _BYTES_STEP**2:
        return f"{round(size_bytes / _BYTES_STEP)} {say.units['KB']}"
    return f"{size_bytes / _BYTES_STEP**2:.1f} {say.units['MB']}"
