"""What the prefix of a subject says: that a mail answers another, or passes it on."""

from __future__ import annotations

from typing import Final

from mailtrack.mail.phrases import quotes

PREFIX_CHARS_MAX: Final = 20


def is_forward_subject(subject: str) -> bool:
    """Whether the outermost prefix is one of forwarded mail, such as ``Fwd:`` or ``WG:``."""
    return _outer_prefix(subject) in quotes.FORWARD_PREFIXES


def is_reply_subject(subject: str) -> bool:
    """Whether the outermost prefix is one of answers, such as ``Re:`` or ``AW:``."""
    return _outer_prefix(subject) in quotes.REPLY_PREFIXES


def _outer_prefix(subject: str) -> str:
    """``fwd`` for ``Fwd: Re: x``, ``re`` for ``RE[2]: x``; ``""`` if there is none."""
    # Netscape and its heirs put the whole in brackets: [Fwd: x].
    head = subject.strip(" [(")[:PREFIX_CHARS_MAX].replace("：", ":")
    prefix, colon, _ = head.partition(":")
    prefix = prefix.partition("[")[0].partition("(")[0]
    return prefix.rstrip("0123456789^ ").strip().lower() if colon else ""
