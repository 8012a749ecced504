"""``mailtrack queue`` and ``mailtrack retry``: letters that have not left, and what to do."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime

from mailtrack.operator.place import loaded_desk, open_database
from mailtrack.store.database import Database
from mailtrack.store.undelivered import (
    PREFIX_CHARS_MIN,
    UndeliveredLetter,
    drop,
    try_again,
    undelivered,
    words_of,
)

ID_CHARS_SHOWN = 10
_SOON = "The running desk takes it up within seconds."


def run(arguments: Namespace) -> int:
    """List, show or drop; or, for ``retry``, make due at once."""
    database = open_database(loaded_desk(arguments))
    try:
        with database.reading() as session:
            letters = undelivered(session, now=datetime.now(UTC))
        if arguments.verb == "retry":
            return _retry(database, letters, arguments)
        if arguments.action == "list":
            print(_as_json(letters) if arguments.json else _page(letters))
            return os.EX_OK
        return _act(database, letters, arguments)
    finally:
        database.close()


def _act(
    database: Database, letters: tuple[UndeliveredLetter, ...], arguments: Namespace
) -> int:
    letter = _named(letters, arguments.letter_id or "")
    if letter is None:
        return os.EX_USAGE
    if arguments.action == "show":
        with database.reading() as session:
            words = words_of(session, letter.letter_id)
        print("\n".join((*_lines(letter), f"{'':{ID_CHARS_SHOWN}}  {letter.subject}", "")))
        print(words)
        return os.EX_OK
    if not arguments.yes and not _is_meant(letter):
        return os.EX_USAGE
    with database.transaction() as session:
        is_done = drop(session, letter.letter_id, now=datetime.now(UTC))
    print("Dropped. It will not be sent." if is_done else "It is just leaving; look again.")
    return os.EX_OK if is_done else os.EX_TEMPFAIL


def _retry(
    database: Database, letters: tuple[UndeliveredLetter, ...], arguments: Namespace
) -> int:
    if not arguments.letter_ids and not arguments.all:
        print(
            "name letters, or --all for all that wait; see `mailtrack queue`", file=sys.stderr
        )
        return os.EX_USAGE
    waiting = tuple(one for one in letters if one.next_at is not None)
    named = [_named(letters, one) for one in arguments.letter_ids]
    if None in named:
        return os.EX_USAGE
    chosen = waiting if arguments.all else tuple(one for one in named if one is not None)
    now = datetime.now(UTC)
    with database.transaction() as session:
        count = sum(try_again(session, one.letter_id, now=now) for one in chosen)
    print(f"{count} to be tried again.{f' {_SOON}' if count else ''}")
    return os.EX_OK


def _named(letters: tuple[UndeliveredLetter, ...], text: str) -> UndeliveredLetter | None:
    """The letter whose id begins so; None, with a word about it, if there is not just one."""
    found = [one for one in letters if one.letter_id.startswith(text)]
    if len(text) < PREFIX_CHARS_MIN or len(found) != 1:
        which = "several letters begin so" if len(found) > 1 else "no letter waits"
        print(f"{which}: {text or 'ID is missing'}; see `mailtrack queue`", file=sys.stderr)
        return None
    return found[0]


def _is_meant(letter: UndeliveredLetter) -> bool:
    """Whether the person at the terminal says yes; without a terminal --yes has to."""
    if not sys.stdin.isatty():
        print("say --yes: what is dropped does not come back", file=sys.stderr)
        return False
    about = f" of #{letter.number}" if letter.number else ""
    asked = f"Drop the letter “{letter.name}”{about} to {letter.recipient}? [y/N] "
    return input(asked).strip().lower() in ("y", "yes")


def _page(letters: tuple[UndeliveredLetter, ...]) -> str:
    if not letters:
        return "Nothing waits, and nothing has failed lately."
    counts = Counter(one.state for one in letters)
    total = ", ".join(f"{count} {state}" for state, count in counts.items())
    hint = "mailtrack retry ID|--all · mailtrack queue show|drop ID"
    return "\n".join((*(line for one in letters for line in _lines(one)), "", total, hint))


def _lines(letter: UndeliveredLetter) -> tuple[str, ...]:
    about = f"#{letter.number}" if letter.number else ""
    first = (
        f"{letter.letter_id[:ID_CHARS_SHOWN]:{ID_CHARS_SHOWN}}  {letter.recipient:32} "
        f"{letter.name:14} {about:8} {letter.written_at:%Y-%m-%d %H:%M}  {_stands(letter)}"
    )
    why = (f"{'':{ID_CHARS_SHOWN}}  {letter.reason}",) if letter.reason else ()
    return (first.rstrip(), *why)


def _stands(letter: UndeliveredLetter) -> str:
    if letter.state == "claimed":
        return "leaving now"
    if letter.next_at is None:
        return letter.state
    tried = f", tried {letter.attempts}×" if letter.attempts else ""
    return f"waiting{tried}, next {letter.next_at:%Y-%m-%d %H:%M} UTC"


def _as_json(letters: tuple[UndeliveredLetter, ...]) -> str:
    return json.dumps(
        [
            {
                **asdict(one),
                "written_at": one.written_at.isoformat(),
                "next_at": one.next_at and one.next_at.isoformat(),
            }
            for one in letters
        ],
        ensure_ascii=False,
        indent=1,
    )
