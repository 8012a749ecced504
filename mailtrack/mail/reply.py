"""The words a writer added to a mail: without what is quoted, and without the signature.

Nothing is ever thrown away here: the whole text stays beside the reply, and when the rules are
unsure the words are kept. Our own marker decides first, then what we know we sent, then what
mail programs put around quotes in HTML (``quotes_html``) and in text (``quotes``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from mailtrack.mail.facts import MailFacts
from mailtrack.mail.phrases import quotes as phrases
from mailtrack.mail.quotes import Lead, LeadKind, clean_line, is_quoted, is_rule, lead_at
from mailtrack.mail.signatures import signature_start

TEXT_CHARS_LOOKED_AT: Final = 200_000
LINES_LOOKED_AT: Final = 4000

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

    ``certain`` is false when a reader should have the whole text at hand: a mail that answers
    something but shows no quote, or a cut that rests on one weak sign. ``quoted`` is the text
    that was cut as somebody else's, ``signature`` the one that was folded.
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


def new_words(facts: MailFacts, *, sent: tuple[str, ...] = ()) -> NewWords:
    """The words that the writer of a mail added. ``sent`` are texts of ours it may quote."""
    return _new_words(
        facts.text, sent=sent, html=facts.html, is_forward=_is_forward(facts.subject)
    )


def new_words_of_text(text: str, *, sent: tuple[str, ...] = ()) -> NewWords:
    """The words that were added in a plain text."""
    return _new_words(text, sent=sent, html=None, is_forward=False)


def _is_forward(subject: str) -> bool:
    """Whether the outermost prefix of a subject says that a mail was passed on."""
    prefix, colon, _ = subject.strip()[:40].partition(":")
    return bool(colon) and prefix.strip().lower() in phrases.FORWARD_PREFIXES


def _new_words(
    text: str, *, sent: tuple[str, ...], html: str | None, is_forward: bool
) -> NewWords:
    lines = text.split("\n", LINES_LOOKED_AT)
    roles = _roles_by_prefix(lines)
    hard, rule = _mark_leads(lines, roles, is_forward=is_forward)
    if rule == "forward":
        return NewWords(text.strip("\n"), True, "forward", "")
    return _assembled(lines, roles, hard=hard, rule=rule)


def _roles_by_prefix(lines: list[str]) -> list[_Role]:
    return [
        _Role.QUOTE if is_quoted(line) else (_Role.NEW if line.strip() else _Role.BLANK)
        for line in lines
    ]


def _mark_leads(lines: list[str], roles: list[_Role], *, is_forward: bool) -> tuple[int, str]:
    """Mark the leads among unquoted lines; where the rest is quoted whole, and by which rule."""
    index, rule = 0, ""
    while index < len(lines):
        lead = lead_at(lines, index) if roles[index] is _Role.NEW else None
        if lead is None:
            index += 1
            continue
        if lead.kind is LeadKind.FORWARD or (
            is_forward and lead.kind is not LeadKind.ATTRIBUTION
        ):
            return len(lines), "forward"
        following = _next_role(roles, lead.end)
        top = _Role.NEW not in roles[: lead.start]
        if following is _Role.QUOTE or not top:
            roles[lead.start : lead.end] = [_Role.LEAD] * (lead.end - lead.start)
            rule = rule or lead.kind.value
        if following is not _Role.QUOTE and not top:
            return _above_rules(lines, lead.start), rule
        index = max(lead.end, index + 1)
    return len(lines), rule


def _next_role(roles: list[_Role], index: int) -> _Role:
    while index < len(roles) and roles[index] is _Role.BLANK:
        index += 1
    return roles[index] if index < len(roles) else _Role.BLANK


def _above_rules(lines: list[str], index: int) -> int:
    """The index of the first blank or drawn line right above ``index``."""
    while index and (not lines[index - 1].strip() or is_rule(lines[index - 1])):
        index -= 1
    return index


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring lines of one role; ``led`` says that a lead stands right above."""

    role: _Role
    start: int
    end: int
    led: bool = False


def _assembled(lines: list[str], roles: list[_Role], *, hard: int, rule: str) -> NewWords:
    end = _without_signature(lines, roles, hard)
    signature = "\n".join(lines[end:hard])
    runs = _runs(lines, roles, end)
    while runs and runs[-1].role is _Role.QUOTE:
        runs.pop()
        rule = rule or "prefix"
    news = [run for run in runs if run.role is _Role.NEW]
    if not news:
        return _nothing_new(lines, roles, rule=rule)
    first, last = runs.index(news[0]), runs.index(news[-1])
    inside = [run for run in runs[first:last] if run.role is _Role.QUOTE and not run.led]
    if inside:
        kept = [line for run in runs[: last + 1] for line in lines[run.start : run.end]]
        rule = rule and rule + ", inline"
    else:
        kept = [line for run in news for line in lines[run.start : run.end]]
        rule = rule or ("prefix" if len(runs) > len(news) else "")
    reply = "\n".join(kept)
    if not inside and len(news) == 1:
        stop = signature_start(kept)
        reply = "\n".join(kept[:stop])
        signature = "\n".join(kept[stop:]) or signature
    return NewWords(
        reply.strip("\n").rstrip(), bool(rule), rule, "\n".join(lines[hard:]), signature
    )


def _without_signature(lines: list[str], roles: list[_Role], hard: int) -> int:
    """Where the mail ends when the signature below its last quote is folded."""
    last = max((i for i in range(hard) if roles[i] in (_Role.QUOTE, _Role.LEAD)), default=-1)
    if last < 0:
        return signature_start(lines[:hard])
    tail = ["quote", *lines[last + 1 : hard]]
    return last + signature_start(tail)


def _runs(lines: list[str], roles: list[_Role], end: int) -> list[_Run]:
    """The runs of new and quoted lines; blank lines belong to the run above them."""
    runs: list[_Run] = []
    led = False
    for index in range(end):
        role = roles[index]
        if role is _Role.LEAD:
            led = True
            continue
        if role is _Role.QUOTE and not clean_line(lines[index]).strip("> "):
            role = _Role.BLANK
        if (
            runs
            and (role is _Role.BLANK or role is runs[-1].role)
            and not (led and runs[-1].role is _Role.NEW)
        ):
            runs[-1] = _Run(runs[-1].role, runs[-1].start, index + 1, runs[-1].led)
        elif role is not _Role.BLANK:
            runs.append(_Run(role, index, index + 1, led and role is _Role.QUOTE))
            led = False
    return runs


def _nothing_new(lines: list[str], roles: list[_Role], *, rule: str) -> NewWords:
    """All is quoted: no new words. A mail with nothing marked as quoted is kept whole."""
    text = "\n".join(lines)
    if _Role.QUOTE in roles:
        return NewWords("", True, rule or "prefix", text)
    return NewWords(text.strip("\n"), False, "", "")
