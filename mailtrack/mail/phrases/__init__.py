"""What mail programs and machines say in the languages of the world, as data.

``quotes`` holds the words around quoted mail, ``machines`` those of automatic mail. The tables
are written as text with bars, so that teaching a language is adding its words to a line.
"""

from __future__ import annotations


def entries(table: str) -> tuple[str, ...]:
    """The entries of a table written with bars between them, blanks folded."""
    return tuple(" ".join(entry.split()) for entry in table.split("|") if entry.strip())
