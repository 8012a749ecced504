"""Which words are the body: of alternatives one branch, otherwise everything in order."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from typing import Final

from mailtrack.mail.calendar import invitation_text
from mailtrack.mail.charset import text_from
from mailtrack.mail.html import text_from_html
from mailtrack.mail.limits import TEXT_BYTES_MAX
from mailtrack.mail.parts import ENRICHED, Leaf

_MARKUP: Final = re.compile(r"</?[A-Za-z][A-Za-z-]{0,30}>")
# Two renderings of one text share nearly all of their words.
_SAME_WORDS_SHARE: Final = 0.8


def body_text(leaves: tuple[Leaf, ...]) -> str:
    """The readable words: plain text where there is one, else those of the HTML."""
    chosen = _chosen(leaves, _is_plain)
    plain = [leaf.part.text or "" for leaf in chosen if _is_plain(leaf)]
    words = {word for text in plain for word in text.split()}
    pieces: list[str] = []
    for leaf in chosen:
        text = leaf.part.text or ""
        if leaf.part.content_type in ENRICHED:
            text = _MARKUP.sub("", text)
        if leaf.part.content_type == "text/html":
            text = text_from_html(text)
            if words and _repeats(text, words):
                continue
        if text.strip():
            pieces.append(text.strip("\n") if len(chosen) > 1 else text)
    return "\n\n".join(pieces)[:TEXT_BYTES_MAX] or _invitation(leaves)


def _invitation(leaves: tuple[Leaf, ...]) -> str:
    """The words of a calendar part, where nobody wrote any others."""
    calendar = next(
        (leaf for leaf in leaves if leaf.part.content_type == "text/calendar"), None
    )
    if calendar is None:
        return ""
    content = calendar.part.content[:TEXT_BYTES_MAX]
    return invitation_text(text_from(content, calendar.part.charset or "utf-8").text)


def body_html(leaves: tuple[Leaf, ...]) -> str | None:
    """The raw HTML of the body, plain pieces beside it included; None if there is none."""
    chosen = _chosen(leaves, _is_html)
    if not any(_is_html(leaf) for leaf in chosen):
        return None
    return "\n".join(
        (leaf.part.text or "") if _is_html(leaf) else _preformatted(leaf.part.text or "")
        for leaf in chosen
    )


def _chosen(leaves: tuple[Leaf, ...], wanted: Callable[[Leaf], bool]) -> tuple[Leaf, ...]:
    """The body leaves that remain when each alternative is settled for a wanted kind."""
    bodies = [leaf for leaf in leaves if leaf.part.is_body]
    branches: dict[int, int] = {}
    for is_good in (wanted, _has_words):
        for leaf in bodies:
            if is_good(leaf) and _has_words(leaf):
                for choice in leaf.choices:
                    branches.setdefault(choice.alternative, choice.branch)
    return tuple(
        leaf
        for leaf in bodies
        if all(branches.get(choice.alternative) == choice.branch for choice in leaf.choices)
    )


def _is_plain(leaf: Leaf) -> bool:
    return leaf.part.content_type == "text/plain"


def _is_html(leaf: Leaf) -> bool:
    return leaf.part.content_type == "text/html"


def _has_words(leaf: Leaf) -> bool:
    return bool(leaf.part.text and leaf.part.text.strip())


def _repeats(text: str, words: set[str]) -> bool:
    own = text.split()
    return sum(word in words for word in own) >= _SAME_WORDS_SHARE * len(own)


def _preformatted(text: str) -> str:
    return f"<pre>{entities.escape(text, quote=False)}</pre>" if text.strip() else ""
