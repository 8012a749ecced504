"""Numbers with their nouns, as a person says them."""

from __future__ import annotations


def counted(count: int, noun: str, nouns: str | None = None) -> str:
    """``1 mail``, ``2 mails``; ``nouns`` is a plural that needs more than an s."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"
