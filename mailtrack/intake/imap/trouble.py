"""What can go wrong with a mailbox. Each of these ends the connection, but for ``SaidNo``."""

from __future__ import annotations

from typing import Final

from mailtrack.errors import MailtrackError

WORDS_CHARS_MAX: Final = 200


class ImapTrouble(MailtrackError):
    """The text is for the operator: what happened, and what to do about it if that is known."""


class Unreachable(ImapTrouble):
    """There was no greeting: the host, the port, the network or the certificate."""


class Refused(ImapTrouble):
    """The server is there and does not let us in."""


class LoginRefused(Refused):
    """The server does not believe us: to ask again soon may lock the account."""


class ConnectionEnded(ImapTrouble):
    """It broke off, fell silent, or said what we do not understand."""


class SaidNo(ImapTrouble):
    """One command was refused; the connection is as good as before."""


def words_from(raw: bytes) -> str:
    """A server's own words, on one line and bounded, so that they can be shown."""
    text = raw[: WORDS_CHARS_MAX * 4].decode("utf-8", "replace")
    clean = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(clean.split())[:WORDS_CHARS_MAX]
