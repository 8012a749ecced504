"""The lines of a trace in the reader's language.

A trace is kept as the English sentences that the rules say, so that ``explain`` and the log of
years ago read the same. Here each is found again among the phrases of ``because``, by the words
around its places, and said in another language; what no phrase knows stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mailtrack.desk.phrases import Phrase, Phrases

SENTENCE_CHARS_MAX: Final = 1_000
DEPTH_MAX: Final = 3
_SENTENCE: Final = "said"  # the place that holds a sentence, to be said in the language too
_BETWEEN: Final = "; "  # what several ways of proof said


def retold(text: str, say: Phrases, *, depth: int = DEPTH_MAX) -> str:
    """A sentence of a trace in the language of these phrases."""
    if not depth or len(text) > SENTENCE_CHARS_MAX:
        return text
    parts = text.split(_BETWEEN)
    if len(parts) > 1 and all(_found(one, say.sources) for one in parts):
        return _BETWEEN.join(retold(one, say, depth=depth - 1) for one in parts)
    found = _found(text, say.sources)
    if found is not None:
        key, values = found
        words = {place: _word(place, value, say) for place, value in values.items()}
        if _SENTENCE in words:
            words[_SENTENCE] = retold(words[_SENTENCE], say, depth=depth - 1)
        return say.because[key](**words)
    return text


def rule_retold(rule: str, where: str, say: Phrases) -> str:
    """The name of one of our own rules; an admin's, which has a ``where``, keeps its own."""
    return rule if where else str(say.our_rules.get(rule, rule))


def _word(place: str, value: str, say: Phrases) -> str:
    """What fills a place, in the language if it is a word of ours."""
    tables = {"deed": say.deeds, "verdict": say.verdicts, "reason": say.held_reasons}
    return str(tables.get(place, {}).get(value, value))


def _found(text: str, sources: Mapping[str, Phrase]) -> tuple[str, dict[str, str]] | None:
    """The phrase that says this, the one with the most words of its own, and what fills it."""
    fits = ((key, values_in(text, phrase)) for key, phrase in sources.items())
    some = [(key, values) for key, values in fits if values is not None]
    return min(some, key=lambda one: _filled(one[1].values()), default=None)


def _filled(values: Iterable[str]) -> int:
    return sum(map(len, values))


def values_in(text: str, phrase: Phrase) -> dict[str, str] | None:
    """What fills the places of a phrase that reads as this text; None if it does not.

    Each place ends where the next words of the phrase begin, so that one pass is enough.
    """
    places, (first, *others) = phrase.places, phrase.pieces[::2]
    if not text.startswith(first):
        return None
    at, values = len(first), {}
    for count, (place, words) in enumerate(zip(places, others, strict=True), start=1):
        end = len(text) - len(words) if count == len(places) else text.find(words, at)
        if end < at or not text.startswith(words, end):
            return None
        values[place] = text[at:end]
        at = end + len(words)
    return values if at == len(text) else None
