"""The language a text is written in, guessed from letters and small words.

It chooses the language of our letters, so a wrong guess is worse than none: unsure is None.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

LOOKED_AT_CHARS_MAX: Final = 2000
WORDS_MAX: Final = 250

_WORD: Final = re.compile(r"[^\W\d_]+")
_UKRAINIAN_LETTERS: Final = frozenset("іїєґ")
_RUSSIAN_LETTERS: Final = frozenset("ыэъё")
# Belarusian, Bulgarian, Serbian and Macedonian share much with both and are neither.
_OTHER_LETTERS: Final = frozenset("ўћђџљњѓќјѕ")
_OTHER_WORDS: Final = frozenset(
    "това ще съм благодаря тук аз няма здравейте моля ли сте мога ми се хвала сам нисам "
    "гэта дзякуй ёсць вельмі калі".split()
)

# Small words that stand in almost every letter. A word that two languages of the same script
# share stands under both and decides nothing.
_STOP_WORDS: Final[dict[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and is are was i you we it to of my your have has not for on with this that "
        "can please thanks thank hello hi be do does will would but from what when how "
        "there an in at as our still works problem yes could cannot",
        "de": "der die das und ist ich sie wir nicht ein eine einen zu mit auf für den dem von "
        "bitte danke hallo haben habe kann wie auch aber noch es im sind mein meine wird "
        "bei guten tag grüße freundlichen vielen ihre ihr uns",
        "fr": "le la les et est je vous nous ne pas un une des du que qui pour dans avec sur "
        "bonjour merci mon ma mes votre vos ce cette mais sont ai avez cordialement il "
        "elle être puis si au aux",
        "es": "el la los las y es yo usted no un una que de para en con por mi su pero hola "
        "gracias está son tengo puede buenos días favor como muy saludos se al del más "
        "esta",
        "pl": "i w na nie to jest się z do że jak ale czy proszę dziękuję dzień dobry mam mogę "
        "jestem są po od dla o mój moja witam pozdrawiam już tak przez pan pani ze",
        "ru": "и в не на я что с по это как у но за все так мы вы он она они мне меня нас вас "
        "же бы от до из к если или уже нет да был есть спасибо здравствуйте пожалуйста "
        "привет добрый день для очень почему когда где можно нужно работает",
        "uk": "і в не на я що з по це як у але за все так ми ви він вона вони мені мене нас "
        "вас же б від до із та якщо або вже немає ні був є дякую вітаю будь ласка привіт "
        "доброго день дня для дуже чому коли де можна потрібно працює",
    }.items()
}
_LATIN: Final = ("en", "de", "fr", "es", "pl")
_LETTERS_OF: Final[dict[str, frozenset[str]]] = {
    "de": frozenset("äöüß"),
    "fr": frozenset("àâçèêîôûœ"),
    "es": frozenset("ñ¿¡áíú"),
    "pl": frozenset("ąćęłńśźż"),
}


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language of ``text``; None when there is too little to tell.

    Only the first ``LOOKED_AT_CHARS_MAX`` characters count; addresses and links do not.
    """
    pieces = text[:LOOKED_AT_CHARS_MAX].lower().split()
    looked_at = " ".join(piece for piece in pieces if "@" not in piece and "://" not in piece)
    words = _WORD.findall(looked_at)[:WORDS_MAX]
    cyrillic = sum(1 for word in words if "\u0400" <= word[0] <= "\u04ff")
    if cyrillic * 2 > len(words):
        return _cyrillic_language(words)
    return _latin_language(words)


def _cyrillic_language(words: list[str]) -> str | None:
    ukrainian = _letter_count(words, _UKRAINIAN_LETTERS) + _stop_count(words, "uk", "ru")
    russian = _letter_count(words, _RUSSIAN_LETTERS) + _stop_count(words, "ru", "uk")
    other = _letter_count(words, _OTHER_LETTERS) + sum(word in _OTHER_WORDS for word in words)
    if ukrainian > 2 * (russian + other):
        return "uk"
    if russian > 2 * (ukrainian + other):
        return "ru"
    return None


def _letter_count(words: list[str], letters: frozenset[str]) -> int:
    return sum(1 for word in words if not letters.isdisjoint(word))


def _stop_count(words: list[str], language: str, other: str) -> int:
    own = _STOP_WORDS[language] - _STOP_WORDS[other]
    return sum(1 for word in words if word in own)


def _latin_language(words: list[str]) -> str | None:
    scores = Counter(language for word in words for language in _languages_of(word))
    ranked = scores.most_common(2)
    if not ranked:
        return None
    language, best = ranked[0]
    second = ranked[1][1] if len(ranked) > 1 else 0
    # Two small words more than any other language, and one word in eight at least.
    return language if best >= second + 2 and best * 8 >= len(words) else None


def _languages_of(word: str) -> tuple[str, ...]:
    found = _LATIN_STOP_WORDS.get(word)
    if found is not None or word.isascii():
        return found or ()
    return tuple(name for name, letters in _LETTERS_OF.items() if not letters.isdisjoint(word))


_LATIN_STOP_WORDS: Final = {
    word: tuple(language for language in _LATIN if word in _STOP_WORDS[language])
    for language in _LATIN
    for word in _STOP_WORDS[language]
}
