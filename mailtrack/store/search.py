"""Search over what was said: the words of a question, and the full text index behind them.

What people type never becomes syntax: words are quoted for FTS5, everything else is bound. The
one file besides ``database`` that speaks a database's own dialect.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, Subquery, func, or_, select, text

from mailtrack.store import rows
from mailtrack.store.lists import LINES, lines_of_numbers
from mailtrack.store.tables import ENTRY, TAG, TICKET
from mailtrack.tickets.ticket import TicketLine

FOUND_MAX: Final = 20
# A common word stands in very many entries: only the newest of them are looked at further.
CANDIDATES_MAX: Final = 2_000
QUESTION_CHARS_MAX: Final = 300
TERMS_MAX: Final = 12
DAYS_DIGITS_MAX: Final = 4
SNIPPET_CHARS: Final = 120


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for: one entry has to hold all ``words`` and be from all ``senders``.

    A word matches the beginning of a word, a phrase of several as it stands. The rest narrows;
    None: not asked. ``owner`` ``""`` asks for tickets of nobody.
    """

    words: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    status: str | None = None
    queue: str | None = None
    owner: str | None = None
    tag: str | None = None
    days: int | None = None


def find(connection: Connection, asked: str, *, now: datetime) -> tuple[TicketLine, ...]:
    """The tickets that answer ``asked``, the latest said or changed first, each once.

    ``asked`` is an agent's text such as ``refund "gold card" from:acme.example last:90d``.
    With each ticket stands a snippet around the words, if any were asked for.
    """
    question = question_from(asked)
    if question == Question():
        return ()
    if question.words or question.senders:
        return _find_said(connection, question, now=now)
    latest = (TICKET.c.changed_at.desc(), TICKET.c.number.desc())
    statement = LINES.where(*_narrowed(question, now)).order_by(*latest).limit(FOUND_MAX)
    return tuple(map(rows.line_from, connection.execute(statement)))


def question_from(asked: str) -> Question:
    """The question that a text asks; total: what is no operator is a word."""
    question = Question()
    clean = unicodedata.normalize("NFC", asked[:QUESTION_CHARS_MAX].replace("\0", " "))
    for term in _terms(clean)[:TERMS_MAX]:
        question = _with_term(question, term)
    return question


def index_entry(connection: Connection, row_id: int) -> None:
    """Make an entry findable. It is copied from its row, so index and row cannot differ."""
    if connection.dialect.name == "sqlite":
        connection.execute(_INDEX, {"id": row_id})


def unindex_entry(connection: Connection, row_id: int) -> None:
    """Make an entry unfindable, before its row changes: the index is told the old words."""
    if connection.dialect.name == "sqlite":
        connection.execute(_UNINDEX, {"id": row_id})


def _terms(asked: str) -> list[str]:
    """The text split at blanks outside of double quotes, which join words and then go."""
    terms: list[str] = []
    for position, piece in enumerate(asked.split('"')):
        is_quoted = position % 2 == 1
        if not is_quoted:
            terms += piece.split()
        elif terms and terms[-1].endswith(":"):
            terms[-1] += piece
        else:
            terms.append(piece)
    return terms


def _with_term(question: Question, term: str) -> Question:
    operator, _, value = term.partition(":")
    value = value.strip()
    match operator.casefold():
        case "from" if _is_word(value):
            return replace(question, senders=(*question.senders, value))
        case "status" if value:
            return replace(question, status=value.casefold())
        case "queue" if value:
            return replace(question, queue=value)
        case "owner":
            return replace(question, owner=value)
        case "tag" if value:
            return replace(question, tag=value)
        case "last" if (days := _days_from(value)) is not None:
            return replace(question, days=days)
    return replace(question, words=(*question.words, term)) if _is_word(term) else question


def _is_word(term: str) -> bool:
    return any(char.isalnum() for char in term)


def _days_from(value: str) -> int | None:
    """``90d``, ``12w`` or ``90`` as days; None if it is no such length."""
    digits = value.casefold().removesuffix("d")
    is_weeks = digits.endswith("w")
    digits = digits.removesuffix("w")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= DAYS_DIGITS_MAX):
        return None
    return int(digits) * (7 if is_weeks else 1)


def _narrowed(question: Question, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if question.status is not None:
        conditions.append(TICKET.c.status == question.status)
    if question.queue is not None:
        conditions.append(TICKET.c.queue == question.queue)
    if question.owner is not None:
        conditions.append(TICKET.c.owner == (question.owner or None))
    if question.tag is not None:
        tagged = select(TAG.c.number).where(TAG.c.tag == question.tag)
        conditions.append(TICKET.c.number.in_(tagged))
    if question.days is not None:
        conditions.append(TICKET.c.changed_at > now - timedelta(days=question.days))
    return conditions


def _find_said(
    connection: Connection, question: Question, *, now: datetime
) -> tuple[TicketLine, ...]:
    is_sqlite = connection.dialect.name == "sqlite"
    candidates = _by_index(question) if is_sqlite else _by_pattern(question)
    latest = func.max(ENTRY.c.id)
    statement = (
        select(ENTRY.c.number, latest.label("entry"))
        .join(candidates, candidates.c.id == ENTRY.c.id)
        .join(TICKET, TICKET.c.number == ENTRY.c.number)
        .where(*_narrowed(question, now))
        .group_by(ENTRY.c.number)
        .order_by(latest.desc())
        .limit(FOUND_MAX)
    )
    entries = {row.number: row.entry for row in connection.execute(statement)}
    lines = lines_of_numbers(connection, entries)
    if not question.words:
        return lines
    texts = _texts(connection, tuple(entries.values()))
    return tuple(
        replace(line, snippet=snippet_of(texts[entries[line.number]], question.words))
        for line in lines
    )


def _texts(connection: Connection, ids: tuple[int, ...]) -> dict[int, str]:
    statement = select(ENTRY.c.id, ENTRY.c.text).where(ENTRY.c.id.in_(ids))
    return {row.id: row.text for row in connection.execute(statement)}


def snippet_of(said: str, words: tuple[str, ...]) -> str:
    """One line of about ``SNIPPET_CHARS`` around the first of the words, else the beginning."""
    lowered = said.lower()
    places = (lowered.find(word.lower()) for word in words)
    place = next((found for found in places if found >= 0), 0)
    start = max(0, place - SNIPPET_CHARS // 3)
    cut = " ".join(said[start : start + SNIPPET_CHARS].split())
    before = "…" if start else ""
    after = "…" if start + SNIPPET_CHARS < len(said) else ""
    return f"{before}{cut}{after}"


# The full text index of SQLite.

_INDEX: Final = text(
    "INSERT INTO entry_search(rowid, subject, text, author_shown, author) "
    "SELECT id, subject, text, author_shown, author FROM entry WHERE id = :id"
)
_UNINDEX: Final = text(
    "INSERT INTO entry_search(entry_search, rowid, subject, text, author_shown, author) "
    "SELECT 'delete', id, subject, text, author_shown, author FROM entry WHERE id = :id"
)
_MATCH: Final = text(
    "SELECT rowid AS id FROM entry_search WHERE entry_search MATCH :match "
    "ORDER BY rowid DESC LIMIT :candidates"
)


def _by_index(question: Question) -> Subquery:
    match = " AND ".join(
        (
            *(_quoted(word) for word in question.words),
            *(f"{{author_shown author}} : {_quoted(sender)}" for sender in question.senders),
        )
    )
    bound = _MATCH.bindparams(match=match, candidates=CANDIDATES_MAX)
    return bound.columns(ENTRY.c.id).subquery()


def _quoted(term: str) -> str:
    """A string of FTS5, in which nothing but the double quote has a meaning; then a prefix."""
    doubled = term.replace('"', '""')
    return f'"{doubled}" *'


# Everywhere else a plain look through the entries, until an index is wanted there.


def _by_pattern(question: Question) -> Subquery:
    said = (ENTRY.c.subject, ENTRY.c.text, ENTRY.c.author_shown, ENTRY.c.author)
    names = (ENTRY.c.author_shown, ENTRY.c.author)
    conditions = [
        *(_any_holds(said, word) for word in question.words),
        *(_any_holds(names, sender) for sender in question.senders),
    ]
    newest = select(ENTRY.c.id).where(*conditions).order_by(ENTRY.c.id.desc())
    return newest.limit(CANDIDATES_MAX).subquery()


def _any_holds(columns: tuple[Column[str], ...], term: str) -> ColumnElement[bool]:
    return or_(*(column.icontains(term, autoescape=True) for column in columns))
