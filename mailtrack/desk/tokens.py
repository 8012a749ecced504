"""Which token of ours a mail brings, and whether it is the writer's own.

A token is looked at only if its row is there, it is proved by our keys and it is live. Whom it
was given to is a name and no proof: ``threads`` says what it opens, ``bearers`` what becomes of
it in other hands.
"""

from __future__ import annotations

from datetime import datetime

from mailtrack.desk.case import Case
from mailtrack.desk.identity import Writer
from mailtrack.tickets.token import Purpose, Token, TokenText


def live_token(case: Case, *purposes: Purpose) -> Token | None:
    """The first token of the mail that is proved, live, and good for one of the purposes."""
    return _first_live(case, case.reading.tokens, purposes)


def answered_token(case: Case, writer: Writer, *purposes: Purpose) -> Token | None:
    """The writer's own token of the letter that this mail answers, by its Message-ID.

    It is what counts where the address has none: in reply mode ``headers``, and behind servers
    that cut the plus part. Never what a letter further back was good for.
    """
    token = _first_live(case, case.reading.id_tokens[:1], tuple(Purpose))
    is_theirs = token is not None and token.person == writer.person
    return token if token is not None and is_theirs and token.purpose in purposes else None


def has_own_token(case: Case, writer: Writer) -> bool:
    """Whether the mail brings a token that was given to this very writer, whatever it names."""
    token = live_token(case, Purpose.REPLY, Purpose.NOTE)
    token = token or answered_token(case, writer, Purpose.REPLY, Purpose.NOTE)
    return token is not None and token.person == writer.person


def row_of(case: Case, seen: TokenText) -> Token | None:
    """The row of that handle. That it is there proves nothing yet."""
    return next((one for one in case.context.tokens if one.handle == seen.handle), None)


def is_braked(case: Case) -> bool:
    """Whether so many guesses came from there that no token is looked at for a while."""
    until = case.context.guesses.braked_until
    return until is not None and case.fresh.now < until


def _first_live(
    case: Case, texts: tuple[TokenText, ...], purposes: tuple[Purpose, ...]
) -> Token | None:
    for seen in () if is_braked(case) else texts:
        row = row_of(case, seen)
        if row is None or row.purpose not in purposes:
            continue
        if case.policy.keys.proves(seen, row) and _is_live(row, case.fresh.now):
            return row
    return None


def _is_live(token: Token, now: datetime) -> bool:
    return not token.is_revoked and (token.expires_at is None or now < token.expires_at)
