"""Where a text repeats words that are known from elsewhere, whatever happened to their layout.

Quotes are wrapped, prefixed, indented and restyled on their way, but their letters and figures
stay in order. So texts are compared *bare*: small letters and figures only. This finds our own
sent words, our marker, and what the HTML says is quoted, in the readable text of a mail.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

PIECES_MAX: Final = 200
PIECE_CHARS_MIN: Final = 14
KEY_CHARS: Final = 40
SENT_TEXTS_MAX: Final = 20
SENT_CHARS_MAX: Final = 50_000

_NOT_BARE: Final = re.compile(r"[\W_]+")


def bare(text: str) -> str:
    """Only the letters and figures of a text, lower-cased."""
    return _NOT_BARE.sub("", text.lower())


@dataclass(frozen=True, slots=True)
class BareText:
    """The bare form of some lines, and where in it each line begins."""

    bare: str
    starts: tuple[int, ...]

    def line_at(self, position: int) -> int:
        """The index of the line that holds the bare character at ``position``."""
        return max(0, bisect_right(self.starts, position) - 1)

    def lines_covered(self, spans: list[tuple[int, int]]) -> set[int]:
        """The lines of which at least half lies in the spans (start, end; sorted)."""
        covered: dict[int, int] = {}
        for start, end in spans:
            line = self.line_at(start)
            while line < len(self.starts) and self.starts[line] < end:
                line_end = self._end(line)
                overlap = min(end, line_end) - max(start, self.starts[line])
                covered[line] = covered.get(line, 0) + max(0, overlap)
                line += 1
        return {
            line
            for line, count in covered.items()
            if count and count * 2 >= self._end(line) - self.starts[line]
        }

    def _end(self, line: int) -> int:
        return self.starts[line + 1] if line + 1 < len(self.starts) else len(self.bare)


def bare_text(lines: list[str]) -> BareText:
    """The lines, ready to be compared."""
    pieces = [bare(line) for line in lines]
    starts = [0, *accumulate(len(piece) for piece in pieces)][: len(pieces)]
    return BareText("".join(pieces), tuple(starts))


def sent_lines(text: BareText, sent: tuple[str, ...]) -> set[int]:
    """The lines that repeat one of the sent texts.

    Whole paragraphs are looked for first, then their lines; pieces under
    ``PIECE_CHARS_MIN`` letters say nothing, because anybody may write them.
    """
    spans: list[tuple[int, int]] = []
    for sent_text in sent[:SENT_TEXTS_MAX]:
        for paragraph in _paragraphs(sent_text[:SENT_CHARS_MAX])[:PIECES_MAX]:
            spans += _spans_of(text.bare, paragraph)
    return text.lines_covered(sorted(spans))


def _paragraphs(text: str) -> list[list[str]]:
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        piece = bare(line)
        if piece:
            paragraphs[-1].append(piece)
        elif paragraphs[-1]:
            paragraphs.append([])
    return paragraphs


def _spans_of(text: str, paragraph: list[str]) -> list[tuple[int, int]]:
    whole = "".join(paragraph)
    found = _span_of(text, whole)
    if found or len(paragraph) == 1:
        return found
    return [span for piece in paragraph for span in _span_of(text, piece)]


def _span_of(text: str, piece: str) -> list[tuple[int, int]]:
    position = text.find(piece) if len(piece) >= PIECE_CHARS_MIN else -1
    return [(position, position + len(piece))] if position >= 0 else []


def place_of(text: str, words: str, *, near: int) -> tuple[int, int] | None:
    """Where the bare ``words`` stand in the bare ``text``, at about ``near``; None if nowhere.

    The text of an HTML mail has the same letters in the same order but for list numbers and
    links, so only the beginning of long words has to be there.
    """
    if not words:
        return None
    key = words[:KEY_CHARS]
    first = max(0, near - near // 4 - KEY_CHARS)
    # A short quote may also be a word of the answer; the one nearest to its place is meant.
    position = text.find(key, near if len(key) < PIECE_CHARS_MIN else first)
    if position < 0:
        position = text.find(key, first)
    if position < 0:
        return None
    return position, min(len(text), position + len(words))
