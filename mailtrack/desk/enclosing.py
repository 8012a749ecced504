"""Which attachments travel with a letter: within the limit, and of no kind that does harm.

What is left out is named in the letter and stays in the raw mail: nothing is lost, and nobody
wonders (SPEC section 8, S29).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailtrack.mail.message import AttachmentRef

FILES_MAX: Final = 50
# Security section 7.4: what a reader's machine would run at a tap.
HARMFUL: Final = frozenset(
    ".exe .scr .js .vbs .lnk .iso .hta .bat .cmd .ps1 .msi .jar .com .pif".split()
)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The attachments that go along, and the names of those that do not."""

    files: tuple[AttachmentRef, ...]
    left_out: tuple[str, ...]


def enclosed(attachments: tuple[AttachmentRef, ...], *, bytes_max: int) -> Enclosed:
    """As many of the attachments as fit, in their order."""
    files: list[AttachmentRef] = []
    left_out: list[str] = []
    room = bytes_max
    for one in attachments:
        if one.size_bytes > room or len(files) >= FILES_MAX or _is_harmful(one.name):
            left_out.append(one.name)
            continue
        room -= one.size_bytes
        files.append(one)
    return Enclosed(tuple(files), tuple(left_out))


def _is_harmful(name: str) -> bool:
    return any(name.casefold().endswith(ending) for ending in HARMFUL)
