"""The words a writer added to a mail: without what is quoted, and without the signature.

Nothing is ever thrown away here: the whole text stays beside the reply, and when the rules are
unsure the words are kept. Our own marker decides first, then what we know we sent, then what
mail programs put around quotes in HTML and in text. The rules are in ``roles``; read it next.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailtrack.mail.facts import MailFacts
from mailtrack.mail.quotes import is_quoted
from mailtrack.mail.roles import LINES_LOOKED_AT as LINES_LOOKED_AT
from mailtrack.mail.roles import (
    Draft,
    Role,
    draft_from,
    mark_html,
    mark_initials,
    mark_leads,
    mark_marker,
    mark_nameless_lead,
    mark_sent,
)
from mailtrack.mail.signatures import signature_start
from mailtrack.mail.subjects import is_forward_subject, is_reply_subject


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


def new_words(facts: MailFacts, *, sent: tuple[str, ...] = ()) -> NewWords:
    """The words that the writer of a mail added. ``sent`` are texts of ours it may quote."""
    has_parent = any(facts.header(name) for name in ("in-reply-to", "references"))
    draft = draft_from(
        facts.text,
        is_forward=is_forward_subject(facts.subject),
        is_reply=has_parent or is_reply_subject(facts.subject),
    )
    is_plain = any(p.is_body and p.content_type == "text/plain" for p in facts.parts)
    return _new_words(draft, sent=sent, html=facts.html or "", is_plain=is_plain)


def new_words_of_text(text: str, *, sent: tuple[str, ...] = ()) -> NewWords:
    """The words that were added in a plain text that answers something."""
    draft = draft_from(text, is_forward=False, is_reply=True)
    return _new_words(draft, sent=sent, html="", is_plain=True)


def _new_words(draft: Draft, *, sent: tuple[str, ...], html: str, is_plain: bool) -> NewWords:
    mark_initials(draft)
    rule = mark_marker(draft) or mark_sent(draft, sent)
    if not rule and html and not is_plain:
        rule = mark_html(draft, html)
    lead_rule = mark_leads(draft, known=rule == "sent")
    if rule:
        mark_nameless_lead(draft)
    if not rule and html and is_plain and Role.QUOTE not in draft.roles:
        rule = mark_html(draft, html)
        mark_leads(draft, known=False)
    if "forward" in (rule, lead_rule):
        return NewWords(_whole(draft), True, "forward", "")
    return _assembled(draft, rule or lead_rule)


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring lines of one role; ``led`` says that a lead stands right above."""

    role: Role
    lines: tuple[str, ...]
    led: bool


def _runs(draft: Draft) -> list[_Run]:
    """The runs of new and quoted lines; blank lines belong to the run above them."""
    runs: list[_Run] = []
    role, lines, led = Role.BLANK, list[str](), False
    for line, line_role in zip(draft.lines, draft.roles, strict=True):
        if line_role is Role.BLANK or line_role is role:
            if role is not Role.NEW or not is_quoted(line):
                lines.append(line)
            continue
        if role in (Role.NEW, Role.QUOTE):
            runs.append(_Run(role, tuple(lines), led))
        led = role is Role.LEAD
        role, lines = line_role, [line]
    if role in (Role.NEW, Role.QUOTE):
        runs.append(_Run(role, tuple(lines), led))
    return runs


def _assembled(draft: Draft, rule: str) -> NewWords:
    runs = _runs(draft)
    signature = _pop_footers(runs)
    news = [run for run in runs if run.role is Role.NEW]
    if not news:
        return _nothing_new(draft, rule)
    if len(runs) > len(news):
        rule = rule or "prefix"
    if rule == "prefix" and not draft.is_reply:
        # A first mail quotes by itself, an error message for instance.
        return NewWords(_whole(draft), False, "", "")
    while runs[-1].role is Role.QUOTE:
        runs.pop()
    first = runs.index(news[0])
    if any(run.role is Role.QUOTE and not run.led for run in runs[first:]):
        last, signature = _fold_below_quote(runs.pop())
        lines = [line for run in [*runs, last] for line in _with_context(run)]
        rule = f"{rule}, inline"
    else:
        folded = [_fold(run.lines) for run in news]
        lines = [line for new, _ in folded for line in new]
        signature = "\n".join(sign for _, sign in folded if sign) or signature
    reply = "\n".join(lines).strip("\n").rstrip()
    return NewWords(reply, bool(rule) or not draft.is_reply, rule, _quoted(draft), signature)


def _pop_footers(runs: list[_Run]) -> str:
    """Take away the last run if it stands below a quote and is all signature and footers."""
    if len(runs) < 2 or runs[-1].role is not Role.NEW:
        return ""
    if not any(run.role is Role.NEW for run in runs[:-1]):
        return ""
    last, signature = _fold_below_quote(runs[-1])
    if last.lines:
        return ""
    runs.pop()
    return signature


def _fold_below_quote(run: _Run) -> tuple[_Run, str]:
    """The run without its signature, which below a quote may be all of it."""
    start = signature_start(["quote", *run.lines]) - 1
    signature = "\n".join(run.lines[start:]).strip("\n")
    return _Run(run.role, run.lines[:start], run.led), signature


def _with_context(run: _Run) -> tuple[str, ...]:
    """The lines of a run beside inline answers: quoted ones carry a prefix."""
    if run.role is Role.NEW:
        return run.lines
    return tuple(
        line if is_quoted(line) or not line.strip() else f"> {line}" for line in run.lines
    )


def _fold(lines: tuple[str, ...]) -> tuple[list[str], str]:
    start = signature_start(list(lines))
    return list(lines[:start]), "\n".join(lines[start:]).strip("\n")


def _nothing_new(draft: Draft, rule: str) -> NewWords:
    """All is quoted: no new words, if the mail answers something; else it is kept whole."""
    if Role.QUOTE in draft.roles and (draft.is_reply or rule in ("marker", "sent")):
        return NewWords("", True, rule or "prefix", _whole(draft))
    return NewWords(_whole(draft), False, "", "")


def _whole(draft: Draft) -> str:
    return "\n".join(draft.lines).strip("\n").rstrip()


def _quoted(draft: Draft) -> str:
    roles = zip(draft.lines, draft.roles, strict=True)
    return "\n".join(line for line, role in roles if role in (Role.QUOTE, Role.LEAD))
