"""The first mail inside a forwarded one."""
from __future__ import annotations

from mailtrack.mail.facts import MailFacts
from mailtrack.mail.message import Forwarded


def forwarded_from(facts: MailFacts) -> Forwarded | None:
    """The first mail inside a forwarded one, or None."""
    return None
