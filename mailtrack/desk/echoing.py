"""What an automatic letter may repeat of the mail that caused it: a short subject, a name.

Anybody can make a desk write to anybody, once. So nothing in such a letter may be worth it to
the one who causes it: no links, no numbers to call in a greeting, no long words of theirs.
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.writing import clean_name

SUBJECT_CHARS_MAX: Final = 120
NAME_CHARS_MAX: Final = 40
NAME_WORDS_MAX: Final = 5
_LINKS: Final = ("://", "www.", "mailto:", "@")


def short_subject(subject: str) -> str:
    """The subject without links, cut to what a line shows."""
    kept = " ".join(word for word in subject.split() if not _is_link(word))
    return kept[:SUBJECT_CHARS_MAX].rstrip()


def greeting_name(name: str) -> str:
    """The name to greet somebody by; ``""`` if it is none that a person would have."""
    clean = clean_name(name)
    words = clean.split()
    is_odd = (
        len(clean) > NAME_CHARS_MAX
        or len(words) > NAME_WORDS_MAX
        or any(char.isdigit() for char in clean)
        or any(_is_link(word) or "." in word.rstrip(".") for word in words)
    )
    return "" if is_odd else clean


def _is_link(word: str) -> bool:
    lowered = word.casefold()
    has_path = "/" in lowered and "." in lowered
    return has_path or any(mark in lowered for mark in _LINKS)
