"""The words a writer added to a mail: without what is quoted, and without the signature.

Nothing is ever thrown away here: the whole text stays beside the reply, and when the rules are
unsure the words are kept. Our own marker decides first, then what we know we sent, then what
mail programs put around quotes in HTML (``quotes_html``) and in text (``quotes``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from mailtrack.mail.echoes import BareText, bare, bare_text, place_of, sent_lines
from mailtrack.mail.facts import MailFacts
from mailtrack.mail.quotes import (
    LeadKind,
    Lines,
    clean_line,
    is_quoted,
    is_rule,
    lead_at,
    lines_from,
    nameless_lead_above,
    unquoted,
)
from mailtrack.mail.quotes_html import HtmlSpan, html_spans
from mailtrack.mail.signatures import signature_start
from mailtrack.mail.subjects import is_forward_subject, is_reply_subject

LINES_LOOKED_AT: Final = 3000

# Our letters may carry this line above what they quote; a reply is cut there first of all.
MARKERS: Final = {
    "en": "## Please write your reply above this line ##",
    "ru": "## Пожалуйста, пишите ответ выше этой строки ##",
    "uk": "## Будь ласка, пишіть відповідь вище цього рядка ##",
}
MARKER: Final = MARKERS["en"]


@dataclass(frozen=True, slots=True)
class NewWords:
    """What the writer added. ``rule`` names what cut, ``""`` if nothing was cut.

    ``certain`` is false when a reader should have the whole text at hand: an answer that shows
    no quote, or a cut that rests on one weak sign. ``quoted`` is the text that was cut as
    somebody else's, ``signature`` the one that was folded.
    """

    reply: str
    certain: bool
    rule: str
    quoted: str
    signature: str = ""


class _Role(Enum):
    NEW = "new"
    QUOTE = "quote"
    LEAD = "lead"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class _Draft:
    """The lines of a mail and what each is; ``roles`` is filled in place by the rules."""

    text: Lines
    roles: list[_Role]
    is_forward: bool
    is_reply: bool

    @property
    def lines(self) -> list[str]:
        return self.text.raw

    def next_role(self, index: int) -> _Role:
        """The role of the first line from ``index`` on that is not blank."""
        index = self.text.next_line(index)
        while index < len(self.roles) and self.roles[index] is _Role.BLANK:
            index += 1
        return self.roles[index] if index < len(self.roles) else _Role.BLANK

    def has_new_above(self, index: int) -> bool:
        return _Role.NEW in self.roles[:index]

    def mark(self, start: int, end: int, role: _Role) -> None:
        """Give lines a role; blank lines stay blank."""
        for index in range(start, min(end, len(self.lines))):
            if self.roles[index] is not _Role.BLANK:
                self.roles[index] = role


def new_words(facts: MailFacts, *, sent: tuple[str, ...] = ()) -> NewWords:
    """The words that the writer of a mail added. ``sent`` are texts of ours it may quote."""
    draft = _draft(
        facts.text,
        is_forward=is_forward_subject(facts.subject),
        is_reply=is_reply_subject(facts.subject) or facts.header("in-reply-to") is not None,
    )
    is_plain = any(p.is_body and p.content_type == "text/plain" for p in facts.parts)
    return _new_words(draft, sent=sent, html=facts.html or "", is_plain=is_plain)


def new_words_of_text(text: str, *, sent: tuple[str, ...] = ()) -> NewWords:
    """The words that were added in a plain text that answers something."""
    draft = _draft(text, is_forward=False, is_reply=True)
    return _new_words(draft, sent=sent, html="", is_plain=True)


def _draft(text: str, *, is_forward: bool, is_reply: bool) -> _Draft:
    lines = text.split("\n", LINES_LOOKED_AT)
    roles = [_role_by_prefix(line) for line in lines]
    return _Draft(lines_from(lines), roles, is_forward, is_reply)


def _role_by_prefix(line: str) -> _Role:
    if is_quoted(line):
        return _Role.QUOTE if unquoted(line).strip(" >") else _Role.BLANK
    return _Role.NEW if line.strip() else _Role.BLANK


def _new_words(draft: _Draft, *, sent: tuple[str, ...], html: str, is_plain: bool) -> NewWords:
    rule = _mark_marker(draft) or _mark_sent(draft, sent)
    if not rule and html and not is_plain:
        rule = _mark_html(draft, html)
    lead_rule = _mark_leads(draft, known=rule == "sent")
    if rule:
        _mark_nameless_lead(draft)
    if not rule and html and is_plain and _Role.QUOTE not in draft.roles:
        rule = _mark_html(draft, html)
        _mark_leads(draft, known=False)
    if "forward" in (rule, lead_rule):
        text = "\n".join(draft.lines).strip("\n").rstrip()
        return NewWords(text, True, "forward", "")
    return _assembled(draft, rule or lead_rule)


def _mark_marker(draft: _Draft) -> str:
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
        draft.mark(line, end, _Role.QUOTE)
        return "marker"
    return ""


def _mark_sent(draft: _Draft, sent: tuple[str, ...]) -> str:
    """Mark the lines that repeat what we sent, and short lines of it between them."""
    if not sent:
        return ""
    covered = sent_lines(bare_text(draft.lines), sent)
    if not covered:
        return ""
    short = {bare(line) for text in sent for line in text.split("\n", LINES_LOOKED_AT)}
    for index in range(min(covered), max(covered) + 1):
        if index in covered or bare(draft.lines[index]) in short:
            draft.mark(index, index + 1, _Role.QUOTE)
    _mark_short_around(draft, min(covered), max(covered), short)
    return "sent"


def _mark_short_around(draft: _Draft, first: int, last: int, short: set[str]) -> None:
    """A greeting above what is repeated, and a name below it, are repeated too.

    Below only where the answer stands above: at the end of a mail a short line that we wrote
    as well, such as "Thanks!", may be all that was answered.
    """
    for index in range(first - 1, max(-1, first - 4), -1):
        if draft.roles[index] is _Role.NEW and bare(draft.lines[index]) in short:
            draft.mark(index, first, _Role.QUOTE)
    if not draft.has_new_above(first):
        return
    for index in range(last + 1, len(draft.lines)):
        if draft.roles[index] is _Role.NEW and bare(draft.lines[index]) not in short:
            break
        draft.mark(index, index + 1, _Role.QUOTE)


def _mark_html(draft: _Draft, html: str) -> str:
    spans = html_spans(html)
    compared = bare_text(draft.lines) if spans else BareText("", ())
    found = False
    for span in spans:
        found = _mark_span(draft, compared, span) or found
        if found and span.is_rest and draft.is_forward:
            return "forward"
    return "html" if found else ""


def _mark_span(draft: _Draft, compared: BareText, span: HtmlSpan) -> bool:
    place = place_of(compared.bare, span.words, near=span.start)
    if place is None:
        return False
    end = len(compared.bare) if span.is_rest else place[1]
    covered = compared.lines_covered([(place[0], end)])
    role = _Role.LEAD if span.is_lead else _Role.QUOTE
    for index in covered:
        draft.mark(index, index + 1, role)
    return bool(covered)


def _mark_leads(draft: _Draft, *, known: bool) -> str:
    """Mark the leads among new lines, and all below one that no marked quote follows.

    ``known`` means that the quoted words are known, so that what stands between them is new.
    A lead at the very top cuts nothing: there would be no words left to be sure about.
    """
    index, rule = 0, ""
    while index < len(draft.lines):
        lead = lead_at(draft.text, index) if draft.roles[index] is _Role.NEW else None
        if lead is None:
            index += 1
            continue
        if not rule and (lead.kind is LeadKind.FORWARD or draft.is_forward):
            return "forward"
        has_quote = draft.next_role(lead.end) is _Role.QUOTE
        if has_quote or known or draft.has_new_above(lead.start):
            rule = rule or lead.kind.value
            draft.mark(lead.start, lead.end, _Role.LEAD)
            _mark_rules_above(draft, lead.start)
            if not has_quote and not (known and _Role.QUOTE in draft.roles[lead.end :]):
                draft.mark(lead.end, len(draft.lines), _Role.QUOTE)
                break
        index = max(lead.end, index + 1)
    return rule


def _mark_nameless_lead(draft: _Draft) -> None:
    """Above the first quote that is known for sure, a lead needs no words that we know."""
    if _Role.QUOTE not in draft.roles or _Role.LEAD in draft.roles:
        return
    first = draft.roles.index(_Role.QUOTE)
    if is_quoted(draft.lines[first]):
        return
    start = nameless_lead_above(draft.text, first)
    if draft.has_new_above(start):
        draft.mark(start, first, _Role.LEAD)
        _mark_rules_above(draft, start)


def _mark_rules_above(draft: _Draft, index: int) -> None:
    """Drawn lines right above a lead belong to it."""
    while index and (draft.roles[index - 1] is _Role.BLANK or is_rule(draft.lines[index - 1])):
        index -= 1
        draft.mark(index, index + 1, _Role.LEAD)


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring lines of one role; ``led`` says that a lead stands right above."""

    role: _Role
    lines: tuple[str, ...]
    led: bool


def _runs(draft: _Draft) -> list[_Run]:
    """The runs of new and quoted lines; blank lines belong to the run above them."""
    runs: list[_Run] = []
    role, lines, led = _Role.BLANK, list[str](), False
    for line, line_role in zip(draft.lines, draft.roles, strict=True):
        if line_role is _Role.BLANK or line_role is role:
            if role is not _Role.NEW or not is_quoted(line):
                lines.append(line)
            continue
        if role in (_Role.NEW, _Role.QUOTE):
            runs.append(_Run(role, tuple(lines), led))
        led = role is _Role.LEAD
        role, lines = line_role, [line]
    if role in (_Role.NEW, _Role.QUOTE):
        runs.append(_Run(role, tuple(lines), led))
    return runs


def _assembled(draft: _Draft, rule: str) -> NewWords:
    runs = _runs(draft)
    signature = _pop_footers(runs)
    news = [run for run in runs if run.role is _Role.NEW]
    if not news:
        return _nothing_new(draft, rule)
    if len(runs) > len(news):
        rule = rule or "prefix"
    while runs[-1].role is _Role.QUOTE:
        runs.pop()
    first = runs.index(news[0])
    if any(run.role is _Role.QUOTE and not run.led for run in runs[first:]):
        lines = [line for run in runs for line in _with_context(run)]
        rule = f"{rule}, inline"
    else:
        folded = [_fold(run.lines) for run in news]
        lines = [line for new, _ in folded for line in new]
        signature = "\n".join(sign for _, sign in folded if sign) or signature
    certain = bool(rule) if draft.is_reply else not rule or rule != "prefix"
    reply = "\n".join(lines).strip("\n").rstrip()
    return NewWords(reply, certain, rule, _quoted(draft), signature)


def _pop_footers(runs: list[_Run]) -> str:
    """Take away the last run if it stands below a quote and is all signature and footers."""
    if len(runs) < 2 or runs[-1].role is not _Role.NEW:
        return ""
    if not any(run.role is _Role.NEW for run in runs[:-1]):
        return ""
    if signature_start(["quote", *runs[-1].lines]) > 1:
        return ""
    return "\n".join(runs.pop().lines)


def _with_context(run: _Run) -> tuple[str, ...]:
    """The lines of a run beside inline answers: quoted ones carry a prefix."""
    if run.role is _Role.NEW:
        return run.lines
    return tuple(
        line if is_quoted(line) or not line.strip() else f"> {line}" for line in run.lines
    )


def _fold(lines: tuple[str, ...]) -> tuple[list[str], str]:
    start = signature_start(list(lines))
    return list(lines[:start]), "\n".join(lines[start:]).strip("\n")


def _nothing_new(draft: _Draft, rule: str) -> NewWords:
    """All is quoted: no new words, if the mail answers something; else it is kept whole."""
    text = "\n".join(draft.lines).strip("\n").rstrip()
    if _Role.QUOTE in draft.roles and (draft.is_reply or rule in ("marker", "sent", "")):
        return NewWords("", True, rule or "prefix", text)
    return NewWords(text, False, "", "")


def _quoted(draft: _Draft) -> str:
    marked = (_Role.QUOTE, _Role.LEAD)
    lines = [
        line for line, role in zip(draft.lines, draft.roles, strict=True) if role in marked
    ]
    return "\n".join(clean_line(line) if not line.strip() else line for line in lines)
