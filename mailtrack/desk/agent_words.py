"""The words of an agent's mail that are meant for somebody: no commands, no quote, no card."""

from __future__ import annotations

from typing import Final

from mailtrack.desk.case import Case
from mailtrack.desk.reading import commands_below, commands_on_top
from mailtrack.mail.message import Kind
from mailtrack.tickets.reading import Bracket

FAREWELL_LINES_MAX: Final = 3
_SEALS: Final = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature",
    "application/pgp-keys", "text/vcard", "text/x-vcard",
})  # fmt: skip


def typed_text(case: Case) -> str:
    """What the agent wrote, without commands; ``""`` if that is nothing but blanks."""
    _, text = commands_on_top(case.mail.reply)
    if case.grant is not None and case.grant.brackets:
        gone = {one.raw for one in commands_below(text)}
        text = "\n".join(line for line in text.split("\n") if line.strip() not in gone)
    return text.strip("\n") if text.strip() else ""


def with_farewell(case: Case, words: str) -> str:
    """The words and the farewell below them; not a card with six numbers."""
    farewell = farewell_in(case.mail.signature)
    return f"{words}\n\n{farewell}" if words and farewell else words


def farewell_in(signature: str) -> str:
    """A signature that is only a farewell (``Best regards,`` and a name), else ``""``."""
    lines = [line.strip() for line in signature.strip().splitlines() if line.strip()]
    is_short = 0 < len(lines) <= FAREWELL_LINES_MAX
    return "\n".join(lines) if is_short and lines[0].endswith((",", "!")) else ""


def in_one_line(text: str) -> str:
    """The words as a letter to their agent shows them: no line of it is one of the answer's.

    What stands in such a letter is for agents only; see ``guards.leaks_line``.
    """
    return " ".join(text.split())


def has_files(case: Case) -> bool:
    """Whether the agent attached a file: neither a logo in the text nor a seal of the mail."""
    return any(
        not one.is_inline and one.content_type not in _SEALS for one in case.mail.attachments
    )


def says_nothing(case: Case, brackets: tuple[Bracket, ...], text: str) -> bool:
    """Whether no word of the agent's was found: below our letter it is cut with the quote.

    Who was told so once and lets it go through anyway meant nothing.
    """
    is_theirs = case.grant is None and case.mail.kind is Kind.HUMAN
    return is_theirs and not (brackets or text.strip() or has_files(case))
