"""Patterns from ``rules.yaml``: ``re:`` expressions and globs, matched in linear time by RE2.

The text is bounded and handed over as UTF-8 bytes. No other regex engine may see a pattern
that an admin wrote: the one of the standard library can be made to run for ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

import re2

PATTERN_CHARS_MAX: Final = 500
# RE2 is linear in the text times the program. At this size 64 KiB cost less than 0.1 s, at the
# size of ``.{1,1000}.{1,1000}x`` six seconds.
PROGRAM_SIZE_MAX: Final = 4000

# RE2's \w is ASCII. These ranges hold the letters, marks and digits of the other scripts with
# few signs among them; \p{L} would be exact and make a program a hundred times as large.
_WORD_CHARS: Final = (
    r"0-9A-Za-z_\x{AA}\x{B5}\x{BA}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1FFF}"
    r"\x{2C00}-\x{2DFF}\x{3040}-\x{D7FF}\x{F900}-\x{FDFF}\x{10000}-\x{3FFFF}"
)
# A class opens with its "[^" and a "]" that is meant literally; inside, [:alpha:] is one token.
_TOKEN: Final = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)
_CLASS_TOKEN: Final = re.compile(r"\\.|\[:\^?[a-z]+:\]|.", re.DOTALL)
_BORDER: Final = re.compile(r"(?<!\\)(?:\\\\)*\\[bB]")
_LOOK_AROUND: Final = re.compile(r"\(\?<?[=!]")
_BACK_REFERENCE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]|\(\?P=")
_EAGER: Final = re.compile(r"\(\?>|[*+?}]\+")


class _Match(Protocol):
    def group(self, group: int) -> bytes: ...


class _Program(Protocol):
    programsize: int

    def search(self, text: bytes) -> _Match | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A compiled pattern."""

    _program: _Program = field(repr=False)

    def search(self, text: bytes) -> str | None:
        """The first match in UTF-8 ``text``, ``""`` if it is empty; None if there is none."""
        match = self._program.search(text)
        return None if match is None else match.group(0).decode("utf-8", "replace")


def check_regex(pattern: str) -> str | None:
    """None if the pattern is good; otherwise what is wrong with it and how to mend it."""
    if not pattern:
        return "the pattern is empty and would fit every mail; leave the condition out"
    if len(pattern) > PATTERN_CHARS_MAX:
        return (
            f"the pattern has {len(pattern)} characters, {PATTERN_CHARS_MAX} are allowed; "
            "list the words without re: or make several patterns of it"
        )
    if not pattern.isascii() and _BORDER.search(pattern):
        return (
            r"\b knows only ASCII letters and never fits beside other ones; "
            "write the words without re:, they are matched whole in any script"
        )
    return _complaint(pattern)


def regex_from(pattern: str) -> Pattern | None:
    """The pattern, matched without regard to case unless it says ``(?-i)``; None if bad."""
    if check_regex(pattern) is not None:
        return None
    return Pattern(re2.compile(_translated(pattern), _options()))


def glob_from(glob: str) -> Pattern | None:
    """The glob as a pattern of the whole text: ``*`` and ``?``, the rest is meant literally.

    None if it is too long. Text and glob must be folded before.
    """
    if len(glob) > PATTERN_CHARS_MAX:
        return None
    signs = {"*": ".*", "?": "."}
    body = "".join(signs.get(char) or re2.escape(char) for char in _clean(glob))
    return Pattern(re2.compile(rf"(?s)\A(?:{body})\z", _options()))


def _complaint(pattern: str) -> str | None:
    try:
        program: _Program = re2.compile(_translated(pattern), _options())
    except (re2.error, UnicodeEncodeError) as error:
        return _explained(pattern, error)
    if program.programsize > PROGRAM_SIZE_MAX:
        return (
            "the pattern is too large to be matched quickly; "
            "use * instead of counts such as {1,500}, or fewer of them"
        )
    return None


def _explained(pattern: str, error: Exception) -> str:
    if _LOOK_AROUND.search(pattern):
        return (
            "look-around, (?=…) or (?!…), is not supported; say what must be absent with not:"
        )
    if _BACK_REFERENCE.search(pattern):
        return r"back-references such as \1 are not supported; write out what may repeat"
    if _EAGER.search(pattern):
        return "possessive and atomic matching is not supported nor needed; use a plain * or +"
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"not a regular expression of RE2 ({text}); see github.com/google/re2/wiki/Syntax"


def _translated(pattern: str) -> str:
    r"""The pattern with ``\w`` and ``\W`` that know all scripts.

    A ``\W`` inside a character class cannot be said in RE2 and stays ASCII, as does all of a
    pattern with ``\Q``, where a backslash may be literal.
    """
    if r"\Q" in pattern:
        return pattern
    pieces: list[str] = []
    position, in_class = 0, False
    while match := (_CLASS_TOKEN if in_class else _TOKEN).match(pattern, position):
        piece, position = match[0], match.end()
        if piece == r"\w":
            piece = _WORD_CHARS if in_class else f"[{_WORD_CHARS}]"
        elif piece == r"\W" and not in_class:
            piece = f"[^{_WORD_CHARS}]"
        elif piece == "]" or (piece.startswith("[") and not in_class):
            in_class = piece != "]"
        pieces.append(piece)
    return "".join(pieces)


def _clean(text: str) -> str:
    """``text`` without what UTF-8 cannot say: a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _options() -> object:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return options
