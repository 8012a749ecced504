"""Who handed a mail to the first server on our side: whom guesses at tokens are counted for.

A relay of our own brings everybody's mail, so its own address says nothing; what it wrote on
top of the mail does. Nothing below that first ``Received`` is believed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import Final

from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import ParsedMail

RECEIVED_CHARS_MAX: Final = 500
_ADDRESS: Final = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F.:]{2,45})\]", re.IGNORECASE)


def peer_of(mail: ParsedMail, envelope: Envelope) -> str:
    """The IP address of the peer; behind a relay of ours, the one that the relay saw.

    Where no address can be had it is the domain of the envelope sender, ``""`` at last.
    """
    if _is_outside(envelope.peer):
        return envelope.peer
    received = mail.header("received") or ""
    for text in _ADDRESS.findall(received[:RECEIVED_CHARS_MAX]):
        with suppress(ValueError):
            return str(ip_address(text))
    return envelope.mail_from.domain if envelope.mail_from else ""


def _is_outside(peer: str) -> bool:
    """Whether the peer is none of this machine: not a socket, a pipe or the loopback."""
    try:
        return not ip_address(peer).is_loopback
    except ValueError:
        return False
