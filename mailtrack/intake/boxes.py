"""Mailboxes of the past: the mails of an mbox file or a Maildir, and when each was sent."""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from mailtrack.errors import MailtrackError

HEADER_BYTES_MAX: Final = 64 * 1024
_DATE: Final = re.compile(rb"^date[ \t]*:([^\n]{1,100})", re.IGNORECASE | re.MULTILINE)
_OLDEST: Final = datetime(1982, 8, 13, tzinfo=UTC)  # RFC 822: no mail is older


class NoBox(MailtrackError):
    """This is neither an mbox file nor a Maildir."""


@dataclass(frozen=True, slots=True)
class Boxed:
    """One mail, still in its box at ``path``. ``sent_at`` is aware UTC."""

    path: Path
    sent_at: datetime
    box: mailbox.mbox | mailbox.Maildir
    key: Any  # a number in an mbox, a name in a Maildir

    def raw(self) -> bytes:
        """The mail as it lies there."""
        return self.box.get_bytes(self.key)


@contextmanager
def boxed_mails(path: Path, *, now: datetime) -> Iterator[tuple[Boxed, ...]]:
    """The mails of one box, in its order. One without a usable Date counts as sent ``now``."""
    box = _box(path)
    try:
        yield tuple(_each(box, path, now=now))
    finally:
        box.close()


def _each(box: mailbox.mbox | mailbox.Maildir, path: Path, *, now: datetime) -> Iterator[Boxed]:
    for key in box.keys():  # noqa: SIM118 - an mbox iterates over its messages, parsed
        with box.get_file(key) as file:
            yield Boxed(path, sent_at(file.read(HEADER_BYTES_MAX), now=now), box, key)


def sent_at(head: bytes, *, now: datetime) -> datetime:
    """When the mail says that it was sent, never later than ``now``; ``now`` if it does not."""
    header, _, _ = (b"\n" + head.replace(b"\r", b"")).partition(b"\n\n")
    found = _DATE.search(header)
    if found is None:
        return now
    try:
        date = parsedate_to_datetime(found[1].decode("ascii", "replace").strip())
        date = date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return now
    return min(date, now) if date >= _OLDEST else now


def _box(path: Path) -> mailbox.mbox | mailbox.Maildir:
    if (path / "cur").is_dir() and (path / "new").is_dir():
        return mailbox.Maildir(path, create=False)
    if not path.is_file():
        raise NoBox(f"{path} is neither an mbox file nor a Maildir (with cur/ and new/ in it)")
    with path.open("rb") as file:
        if file.read(5) not in (b"From ", b""):
            raise NoBox(f"{path} is no mbox file: its first line does not begin with “From ”")
    return mailbox.mbox(path, create=False)
