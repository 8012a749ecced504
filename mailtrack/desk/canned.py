"""Canned answers: a file each, a simple head above a blank line and the words below it.

    title: The link does not work
    languages: en
    suggests: broken link, 404

    Hello {{ customer.name }}, …

A file of the same name in a folder of a language (``canned/uk/``) is the same answer in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from mailtrack.desk.templates import Source, mistake_at
from mailtrack.errors import Mistake

KEYS: Final = ("title", "languages", "suggests")
FOLDER: Final = "canned/"
_PLACES: Final = re.compile(r"\{\{[^{}]{0,200}\}\}|\{[%#][^{}]{0,200}[%#]\}\n?")


@dataclass(frozen=True, slots=True)
class Canned:
    """A canned answer. ``suggests`` are words of a mail that it may answer.

    ``languages`` is empty when it suits any. ``language`` is the folder it stands in, ``""``
    for none. ``opening`` is its text as the file has it.
    """

    name: str
    language: str
    title: str
    languages: tuple[str, ...]
    suggests: tuple[str, ...]
    opening: str


def canned_from(source: Source) -> tuple[Canned, Source, tuple[Mistake, ...]]:
    """The head of a file, and its words as a template whose lines keep their numbers."""
    path = PurePosixPath(source.name)
    folder = "" if path.parent.name == FOLDER.strip("/") else path.parent.name
    lines = source.text.split("\n")
    length = lines.index("") if "" in lines else 0
    head: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for number, line in enumerate(lines[:length], start=1):
        key, colon, said = line.partition(":")
        if not colon or key.strip() not in KEYS:
            mend = f"The head knows {', '.join(KEYS)}; a blank line ends it."
            mistakes.append(mistake_at(source, number, line, "not a line of a head", mend))
        head[key.strip()] = said.strip()
    if not head.get("title") and not mistakes:
        mistakes.append(mistake_at(source, 1, "", "no title", "Begin with: title: …"))
    words = "\n".join(lines[length:])
    canned = Canned(
        name=path.name.split(".")[0],
        language=folder,
        title=head.get("title", path.name),
        languages=_listed(head.get("languages", folder)),
        suggests=_listed(head.get("suggests", "")),
        opening=words.strip(),
    )
    return canned, replace(source, text="\n" * length + words), tuple(mistakes)


def without_places(words: str) -> str:
    """The words of a file with ``…`` where something is filled in."""
    return _PLACES.sub(lambda found: "…" if found[0].startswith("{{") else "", words).strip()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())
