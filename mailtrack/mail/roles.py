"""What each line of a mail is: new words, a quote, or what a program put above a quote.

Each rule looks at the whole mail and marks the lines it is sure of; ``reply`` calls them in
their order and puts together what is left. What is known from elsewhere (our marker, our
letters, the HTML) is found by ``echoes``, what programs write above quotes by ``quotes``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mailtrack.mail.echoes import BareText, bare, bare_text, place_of, sent_lines
from mailtrack.mail.markers import MARKERS
from mailtrack.mail.quotes import (
    Lead,
    LeadKind,
    Lines,
    header_role,
    is_quoted,
    is_rule,
    lead_at,
    lines_from,
    nameless_lead_above,
    unquoted,
)
from mailtrack.mail.quotes_html import HtmlSpan, html_spans

LINES_LOOKED_AT: Final = 3000
GLANCE_CHARS_MIN: Final = 14


class Role(Enum):
    NEW = "new"
    QUOTE = "quote"
    LEAD = "lead"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Draft:
    """The lines of a mail and what each is; ``roles`` is filled in place by the rules."""

    text: Lines
    roles: list[Role]
    is_forward: bool
    is_reply: bool

    @property
    def lines(self) -> list[str]:
        return self.text.raw

    def next_role(self, index: int) -> Role:
        """The role of the first line from ``index`` on that is not blank."""
        index = self.text.next_line(index)
        while index < len(self.roles) and self.roles[index] is Role.BLANK:
            index += 1
        return self.roles[index] if index < len(self.roles) else Role.BLANK

    def has_new_above(self, index: int) -> bool:
        return Role.NEW in self.roles[:index]

    def mark(self, start: int, end: int, role: Role) -> None:
        """Give lines a role; blank lines stay blank."""
        for index in range(start, min(end, len(self.lines))):
            if self.roles[index] is not Role.BLANK:
                self.roles[index] = role


def draft_from(text: str, *, is_forward: bool, is_reply: bool) -> Draft:
    lines = text.split("\n", LINES_LOOKED_AT)
    roles = [_role_by_prefix(line) for line in lines]
    return Draft(lines_from(lines), roles, is_forward, is_reply)


def _role_by_prefix(line: str) -> Role:
    if is_quoted(line):
        return Role.QUOTE if unquoted(line).strip(" >") else Role.BLANK
    return Role.NEW if line.strip() else Role.BLANK


_INITIALS: Final = re.compile(r" {0,4}[A-ZА-ЯЁІЇЄҐ]{1,4}>{1,9}(?: |$)")


def mark_initials(draft: Draft) -> None:
    """Mark lines as The Bat and Emacs quote them: the writer's initials, then the prefix.

    A prompt looks the same, so the first such line has to stand below one that ends in a colon.
    """
    above = ""
    opened = False
    for index, line in enumerate(draft.text.clean):
        if ">" in line[:12] and _INITIALS.match(draft.lines[index]):
            opened = opened or above.endswith(":")
            if opened:
                draft.mark(index, index + 1, Role.QUOTE)
        above = line or above


def mark_marker(draft: Draft) -> str:
    """Find our marker line, whatever its prefix and wrapping, and mark all below it."""
    if not any("##" in line for line in draft.lines):
        return ""
    compared = bare_text(draft.lines)
    for marker in MARKERS.values():
        position = compared.bare.find(bare(marker))
        if position < 0:
            continue
        line = compared.line_at(position)
        # Behind a prefix the marker is a quoted line like others, and answers may stand below.
        end = len(draft.lines) if not is_quoted(draft.lines[line]) else line + 1
        draft.mark(line, end, Role.QUOTE)
        _mark_glance(draft, compared, position, line)
        return "marker"
    return ""


def _mark_glance(draft: Draft, compared: BareText, position: int, line: int) -> None:
    """Mark what our HTML shows in a list of mails only: it stands above the marker, unseen.

    It ends in the words that follow the marker, and says where a reply goes.
    """
    below = draft.text.next_line(line + 1)
    goes = bare(draft.lines[below]) if below < len(draft.lines) else ""
    if len(goes) >= GLANCE_CHARS_MIN and compared.bare[:position].endswith(goes):
        draft.mark(compared.line_at(position - len(goes)), line, Role.QUOTE)


def mark_sent(draft: Draft, sent: tuple[str, ...]) -> str:
    """Mark the lines that repeat what we sent, and short lines of it between them."""
    if not sent:
        return ""
    covered = sent_lines(bare_text(draft.lines), sent)
    if not covered:
        return ""
    short = {bare(line) for text in sent for line in text.split("\n", LINES_LOOKED_AT)}
    for index in range(min(covered), max(covered) + 1):
        if index in covered or bare(draft.lines[index]) in short:
            draft.mark(index, index + 1, Role.QUOTE)
    _mark_short_around(draft, min(covered), max(covered), short)
    return "sent"


def _mark_short_around(draft: Draft, first: int, last: int, short: set[str]) -> None:
    """A greeting above what is repeated, and a name below it, are repeated too.

    Below only where the answer stands above: at the end of a mail a short line that we wrote
    as well, such as "Thanks!", may be all that was answered.
    """
    for index in range(first - 1, max(-1, first - 4), -1):
        if draft.roles[index] is Role.NEW and bare(draft.lines[index]) in short:
            draft.mark(index, first, Role.QUOTE)
    if not draft.has_new_above(first):
        return
    for index in range(last + 1, len(draft.lines)):
        if draft.roles[index] is Role.NEW and bare(draft.lines[index]) not in short:
            break
        draft.mark(index, index + 1, Role.QUOTE)


def mark_html(draft: Draft, html: str) -> str:
    spans = html_spans(html)
    compared = bare_text(draft.lines) if spans else BareText("", ())
    found = False
    for span in spans:
        found = _mark_span(draft, compared, span) or found
        if found and span.is_rest and draft.is_forward:
            return "forward"
    return "html" if found else ""


def _mark_span(draft: Draft, compared: BareText, span: HtmlSpan) -> bool:
    place = place_of(compared.bare, span.words, near=span.start)
    if place is None:
        return False
    end = len(compared.bare) if span.is_rest else place[1]
    covered = compared.lines_covered([(place[0], end)])
    role = Role.LEAD if span.is_lead else Role.QUOTE
    for index in covered:
        draft.mark(index, index + 1, role)
    return bool(covered)


def mark_leads(draft: Draft, *, known: bool) -> str:
    """Mark the leads among new lines, and all below one that no marked quote follows.

    ``known`` means that the quoted words are known, so that what stands between them is new.
    A lead at the very top cuts nothing: there would be no words left to be sure about.
    """
    index, rule = 0, ""
    while index < len(draft.lines):
        lead = lead_at(draft.text, index) if draft.roles[index] is Role.NEW else None
        if lead is None:
            index += 1
            continue
        if not rule and _is_forward(draft, lead):
            return "forward"
        _mark_elision(draft, lead.end)
        has_quote = draft.next_role(lead.end) is Role.QUOTE
        if has_quote or known or draft.has_new_above(lead.start):
            rule = rule or lead.kind.value
            draft.mark(lead.start, lead.end, Role.LEAD)
            _mark_rules_above(draft, lead.start)
            if not has_quote and not (known and Role.QUOTE in draft.roles[lead.end :]):
                draft.mark(lead.end, len(draft.lines), Role.QUOTE)
                break
        index = max(lead.end, index + 1)
    return rule


def _is_forward(draft: Draft, lead: Lead) -> bool:
    """Whether a first lead passes a mail on: by its words, the subject, or its place.

    A mail that answers nothing and opens with the headers of another is that other one.
    """
    if lead.kind is LeadKind.FORWARD or draft.is_forward:
        return True
    is_block = lead.kind in (LeadKind.HEADERS, LeadKind.SEPARATOR)
    return is_block and not draft.is_reply and not draft.has_new_above(lead.start)


_ELISIONS: Final = frozenset(
    {"[...]", "[…]", "...", "…", "<snip>", "[snip]", "(...)", "[skip]"}
)


def _mark_elision(draft: Draft, index: int) -> None:
    """A mark of what the writer left out belongs to the quote below it."""
    index = draft.text.next_line(index)
    if index >= len(draft.lines) or draft.text.clean[index].lower() not in _ELISIONS:
        return
    if draft.next_role(index + 1) is Role.QUOTE:
        draft.mark(index, index + 1, Role.QUOTE)


def mark_nameless_lead(draft: Draft) -> None:
    """Above the first quote that is known for sure, a lead needs no words that we know."""
    if Role.QUOTE not in draft.roles or Role.LEAD in draft.roles:
        return
    first = draft.roles.index(Role.QUOTE)
    if is_quoted(draft.lines[first]):
        return
    start = nameless_lead_above(draft.text, first)
    if draft.has_new_above(start):
        draft.mark(start, first, Role.LEAD)
        _mark_rules_above(draft, start)


def _mark_rules_above(draft: Draft, index: int) -> None:
    """Drawn lines right above a lead belong to it, and headers between the two."""
    index = _drawn_line_above(draft, index)
    while index and (draft.roles[index - 1] is Role.BLANK or is_rule(draft.lines[index - 1])):
        index -= 1
        draft.mark(index, index + 1, Role.LEAD)


def _drawn_line_above(draft: Draft, index: int) -> int:
    """Where the headers that a program put between a drawn line and its attribution begin.

    It is ``index`` if there are none: headers without a drawn line may be the writer's.
    """
    start = index
    while start and (
        not draft.text.clean[start - 1] or header_role(draft.text.clean[start - 1])
    ):
        start -= 1
    if start == index or not start or not is_rule(draft.lines[start - 1]):
        return index
    draft.mark(start, index, Role.LEAD)
    return start
