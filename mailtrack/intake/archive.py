"""The archive: every accepted mail once, by the hash of its bytes; the one copy there is.

``<root>/ab/<sha256>.eml`` is a spool file that was moved here after its commit. Nothing in it
is ever changed; texts and attachments are read out of it when somebody asks.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from mailtrack.intake.spoolfile import (
    HEAD_BYTES_MAX,
    SpoolDamaged,
    envelope_from,
    head_of,
    prove_file,
    sha256_of,
    without_head,
)

FOLDER_MODE: Final = 0o700
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")


class Archive:
    """The folder of raw mails."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the mail of this hash is, or would be."""
        if not _SHA256.match(sha256):
            raise ValueError("not a SHA-256 in lower-case hexadecimal")
        return self._root / sha256[:2] / f"{sha256}.eml"

    def has(self, sha256: str) -> bool:
        """Whether the mail of this hash is here."""
        return self.path(sha256).exists()

    def names(self) -> Iterator[str]:
        """The hash of every mail that is here, in no order."""
        for folder in self._root.iterdir():
            if folder.is_dir():
                names = (path.stem for path in folder.glob("*.eml"))
                yield from filter(_SHA256.match, names)

    def is_whole(self, sha256: str) -> bool:
        """Whether the file of this hash still is the mail that was accepted."""
        try:
            with self.path(sha256).open("rb") as file:
                prove_file(file, sha256)
        except (OSError, SpoolDamaged):
            return False
        return True

    def raw(self, sha256: str) -> bytes:
        """The mail as it was accepted, without our envelope line. FileNotFoundError if none."""
        with self.path(sha256).open("rb") as file:
            # The rest in one piece of its own: a mail of 25 MB need not be there twice.
            head = without_head(file.readline(HEAD_BYTES_MAX))
            rest = file.read()
        return head + rest if head else rest

    def remove(self, sha256: str) -> None:
        """The mail of this hash is here no longer; nothing happens if it was not."""
        self.path(sha256).unlink(missing_ok=True)

    def rewrite(self, sha256: str, raw: bytes) -> str:
        """Put an altered copy of a mail here under its own hash, which is returned.

        The first one stays until it is removed: what refers to it is changed in between.
        """
        new = sha256_of(raw)
        head = self.path(sha256).read_bytes().partition(b"\r\n")[0] + b"\r\n"
        envelope = replace(envelope_from(head, sha256), sha256=new, size_bytes=len(raw))
        target = self.path(new)
        target.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        partial = target.with_suffix(".partial")
        with partial.open("wb") as writer:
            writer.write(head_of(envelope) + raw)
            writer.flush()
            os.fsync(writer.fileno())
        partial.chmod(0o600)
        partial.rename(target)
        return new

    def put_file(self, source: Path, sha256: str) -> Path:
        """Move a spool file here and return its place; doing it again changes nothing.

        A mail that came twice keeps its first file. Nothing is synced: a rename is whole or
        did not happen, and a mail still found in the spool is archived again.
        """
        target = self.path(sha256)
        target.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        if target.exists():
            source.unlink(missing_ok=True)
            return target
        try:
            source.rename(target)
        except FileNotFoundError:
            if not target.exists():
                raise
        except OSError:
            _move_between_disks(source, target)
        return target


def _move_between_disks(source: Path, target: Path) -> None:
    """Here the copy must be on disk before the original goes."""
    partial = target.with_suffix(".partial")
    with source.open("rb") as reader, partial.open("wb") as writer:
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fsync(writer.fileno())
    partial.chmod(0o600)
    partial.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    source.unlink()
