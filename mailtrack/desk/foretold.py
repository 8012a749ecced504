"""What a mail that waits for a confirmation would do, in lines for the one who is asked.

What cannot be taken back is listed before (S83); words that are to be forgotten are not
repeated in the asking (S84).
"""

from __future__ import annotations

from typing import Final

from mailtrack.desk.case import Case
from mailtrack.desk.commands.table import understood
from mailtrack.tickets.reading import Bracket

NUMBERS_SHOWN_MAX: Final = 20
REDACT: Final = "redact"
_LISTED: Final = frozenset({"erase", "export"})


def foretold(case: Case, brackets: tuple[Bracket, ...]) -> tuple[str, ...]:
    """A line for each command, and for those about a person the tickets it reaches."""
    lines: list[str] = []
    for bracket in brackets:
        lines.append(shown_bracket(bracket))
        found = understood(bracket)
        if found is None or found[0].word not in _LISTED:
            continue
        wanted = (found[0].word, found[1])
        reached = next(
            (
                lines_found
                for want, lines_found in zip(
                    case.reading.wants, case.context.found, strict=False
                )
                if want == wanted
            ),
            (),
        )
        numbers = " ".join(f"#{line.number}" for line in reached[:NUMBERS_SHOWN_MAX])
        more = " …" if len(reached) > NUMBERS_SHOWN_MAX else ""
        lines.append(f"→ {found[1]}: {numbers or '–'}{more}")
    return tuple(lines)


def shown_bracket(bracket: Bracket) -> str:
    """The bracket as typed, without words that are to be forgotten."""
    found = understood(bracket)
    return f"[{REDACT}: …]" if found and found[0].word == REDACT else bracket.raw


def shown_subject(case: Case) -> str:
    """The subject as it may be kept and shown, without words that are to be forgotten."""
    subject = case.mail.subject
    for bracket in case.reading.brackets:
        if not bracket.from_body:
            subject = subject.replace(bracket.raw, shown_bracket(bracket))
    return subject
