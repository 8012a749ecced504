"""What is kept of one person: found, handed out, or made to go. Security section 7.3.

Ids stay as tombstones, so that the books still agree and an old mail that is delivered again
does not bring back what was erased. A ticket with the tag ``LEGAL_HOLD`` is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from mailtrack.store.codec import attachments_from_json, texts_from_json
from mailtrack.store.search import index_entry, unindex_entry
from mailtrack.store.tables import (
    CUSTOMER,
    ENTRY,
    HELD,
    JOURNAL,
    KNOWN_ID,
    LETTER,
    LETTER_MAIL,
    PARTICIPANT,
    RECEIPT,
    STORM,
    TICKET,
    TOKEN,
    HeldState,
    LetterState,
)

LEGAL_HOLD: Final = "legal-hold"
ERASED_KEY: Final = "erased"  # the sender of a receipt whose raw mail is gone
ERASED_TEXT: Final = "(erased)"
NAME_CHARS_MIN: Final = 4  # a shorter name stands in too many other words to be looked for
SHINGLE_WORDS: Final = 8
_UNSENT: Final = (LetterState.WAITING.value, LetterState.CLAIMED.value)


@dataclass(frozen=True, slots=True)
class Belongings:
    """Where a person is found. ``own`` are the tickets that they opened.

    ``others`` are tickets in which they only took part, ``kept`` those under legal hold.
    """

    person: str
    name: str
    own: tuple[int, ...]
    others: tuple[int, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: how much, the raw mails that are to follow, and where others may quote it."""

    entries: int
    letters: int
    raws: tuple[str, ...]
    review: tuple[int, ...]


def belongings(connection: Connection, person: str) -> Belongings:
    """Where the person of this key is found."""
    asked = select(TICKET.c.number).where(TICKET.c.requester == person)
    own = set(connection.execute(asked).scalars())
    part = select(PARTICIPANT.c.number).where(PARTICIPANT.c.person == person)
    said = select(ENTRY.c.number).where(ENTRY.c.author == person)
    others = {*connection.execute(part).scalars(), *connection.execute(said).scalars()} - own
    tags = select(TICKET.c.number, TICKET.c.tags).where(TICKET.c.number.in_(own | others))
    kept = {
        row.number
        for row in connection.execute(tags)
        if LEGAL_HOLD in texts_from_json(row.tags)
    }
    known = connection.execute(select(CUSTOMER.c.name).where(CUSTOMER.c.person == person))
    return Belongings(
        person,
        known.scalar() or "",
        tuple(sorted(own - kept)),
        tuple(sorted(others - kept)),
        tuple(sorted(kept)),
    )


def raws_of(connection: Connection, found: Belongings) -> tuple[str, ...]:
    """The raw mails that the person sent, or that stand in a ticket of theirs."""
    theirs = or_(RECEIPT.c.sender_key == found.person, RECEIPT.c.person == found.person)
    in_own = RECEIPT.c.number.in_(found.own)
    protected = RECEIPT.c.number.in_(found.kept)
    wanted = select(RECEIPT.c.raw_sha256).where(
        or_(theirs, in_own), or_(RECEIPT.c.number.is_(None), ~protected)
    )
    said = select(ENTRY.c.raw_sha256).where(
        or_(
            (ENTRY.c.author == found.person) & ENTRY.c.number.not_in(found.kept),
            ENTRY.c.number.in_(found.own),
        )
    )
    held = select(HELD.c.raw_sha256).where(_held_by(found.person))
    hashes = (
        h for found_in in (wanted, said, held) for h in connection.execute(found_in).scalars()
    )
    return tuple(sorted({one for one in hashes if one}))


def raws_from(connection: Connection, found: Belongings) -> frozenset[str]:
    """The raw mails that the person wrote, and nobody else."""
    sent = select(RECEIPT.c.raw_sha256).where(
        RECEIPT.c.sender_key == found.person, RECEIPT.c.raw_sha256.is_not(None)
    )
    return frozenset(connection.execute(sent).scalars())


def raws_by(connection: Connection, person: str, *, since: datetime) -> tuple[str, ...]:
    """The raw mails that somebody sent since then: an admin's commands name whom they erase."""
    theirs = RECEIPT.c.person == person
    asked = select(RECEIPT.c.raw_sha256).where(theirs, RECEIPT.c.at >= since)
    return tuple(one for one in connection.execute(asked).scalars() if one)


def erase(
    connection: Connection, found: Belongings, *, tombstone: str, also: tuple[str, ...] = ()
) -> Erased:
    """Make it go. ``tombstone`` is the key that stands for the person from now on.

    ``also`` are raw mails of others that do nothing but name the person.
    """
    raws = {*raws_of(connection, found), *also}
    review, entries = _erase_entries(connection, found, tombstone)
    review |= _naming(connection, found)
    _erase_people(connection, found, tombstone)
    letters = _erase_letters(connection, found, tombstone)
    raws -= set(still_needed(connection, raws))
    _erase_receipts(connection, found, tombstone, raws)
    _erase_held(connection, found)
    _erase_mentions(connection, found, tombstone)
    return Erased(entries, letters, tuple(sorted(raws)), tuple(sorted(review)))


def _erase_entries(
    connection: Connection, found: Belongings, tombstone: str
) -> tuple[set[int], int]:
    """The words of the person; and the tickets in which somebody else may quote them."""
    numbers = (*found.own, *found.others)
    there = connection.execute(select(ENTRY).where(ENTRY.c.number.in_(numbers))).all()
    theirs = [row for row in there if row.author == found.person]
    said = {shingle for row in theirs for shingle in _shingles(row.text)}
    signs = [found.person, *([found.name] if len(found.name) >= NAME_CHARS_MIN else [])]
    review = set()
    for row in there:
        is_theirs = row.author == found.person
        if not is_theirs and row.number not in found.own:
            if _quotes(row.text, said, signs):
                review.add(row.number)
            continue
        if not is_theirs and _quotes(row.text, said, signs):
            review.add(row.number)
        cells: dict[str, object] = {
            "subject": ERASED_TEXT,
            "attachments": "[]",
            "raw_sha256": None,
        }
        if is_theirs:
            cells |= {
                "text": ERASED_TEXT,
                "author": tombstone,
                "author_shown": ERASED_TEXT,
                "message_id": None,
            }
        unindex_entry(connection, row.id)
        connection.execute(update(ENTRY).where(ENTRY.c.id == row.id).values(**cells))
        index_entry(connection, row.id)
    subjects = update(TICKET).where(TICKET.c.number.in_(found.own))
    connection.execute(subjects.values(subject=ERASED_TEXT, requester=tombstone))
    return review, len(theirs)


def _naming(connection: Connection, found: Belongings) -> set[int]:
    """The tickets of others in which the address is named; reads every entry once."""
    known = (*found.own, *found.others, *found.kept)
    named = or_(
        ENTRY.c.text.icontains(found.person, autoescape=True),
        ENTRY.c.subject.icontains(found.person, autoescape=True),
    )
    asked = select(ENTRY.c.number).where(named, ENTRY.c.number.not_in(known)).distinct()
    return set(connection.execute(asked).scalars())


def _erase_people(connection: Connection, found: Belongings, tombstone: str) -> None:
    numbers = (*found.own, *found.others)
    local, _, domain = tombstone.partition("@")
    connection.execute(
        update(PARTICIPANT)
        .where(PARTICIPANT.c.person == found.person, PARTICIPANT.c.number.in_(numbers))
        .values(person=tombstone, name="", local=local, domain=domain)
    )
    connection.execute(
        update(TOKEN)
        .where(TOKEN.c.person == found.person, TOKEN.c.number.not_in(found.kept))
        .values(person=tombstone, is_revoked=True)
    )
    is_theirs = (KNOWN_ID.c.person == found.person) & KNOWN_ID.c.number.in_(numbers)
    connection.execute(delete(KNOWN_ID).where(is_theirs))
    connection.execute(delete(STORM).where(STORM.c.person == found.person))
    if not found.kept:
        connection.execute(delete(CUSTOMER).where(CUSTOMER.c.person == found.person))


def _erase_letters(connection: Connection, found: Belongings, tombstone: str) -> int:
    """Letters to the person, and letters to others about a ticket of theirs, with its words."""
    to_them = or_(LETTER.c.person == found.person, LETTER.c.recipient == found.person)
    free = or_(LETTER.c.number.is_(None), LETTER.c.number.not_in(found.kept))
    wanted = free & or_(to_them, LETTER.c.number.in_(found.own))
    ids = tuple(connection.execute(select(LETTER.c.letter_id).where(wanted)).scalars())
    empty_letters(connection, ids)
    for some in _in_parts(ids):
        these = LETTER.c.letter_id.in_(some)
        connection.execute(
            update(LETTER)
            .where(these)
            .values(subject=ERASED_TEXT, reason="", bounce_diagnostic="")
        )
        connection.execute(
            update(LETTER)
            .where(these, to_them)
            .values(person=tombstone, recipient=tombstone, domain=tombstone.partition("@")[2])
        )
    return len(ids)


def empty_letters(connection: Connection, ids: tuple[str, ...]) -> None:
    """Letters without words: those that have not left will not."""
    for some in _in_parts(ids):
        connection.execute(delete(LETTER_MAIL).where(LETTER_MAIL.c.letter_id.in_(some)))
        connection.execute(
            update(LETTER)
            .where(LETTER.c.letter_id.in_(some), LETTER.c.state.in_(_UNSENT))
            .values(state=LetterState.STOPPED.value, due_at=None)
        )


def still_needed(connection: Connection, raws: set[str]) -> Iterator[str]:
    """Of these raw mails, those that another ticket reads a text or a file from."""
    said = select(ENTRY.c.raw_sha256).where(ENTRY.c.raw_sha256.is_not(None))
    yield from raws.intersection(connection.execute(said).scalars())
    files = select(ENTRY.c.attachments).where(ENTRY.c.attachments != "[]")
    for text in connection.execute(files).scalars():
        yield from raws.intersection(ref.raw_sha256 for ref in attachments_from_json(text))


def _erase_receipts(
    connection: Connection, found: Belongings, tombstone: str, raws: set[str]
) -> None:
    """That a mail was handled stays known by its hashes, so that it is not handled again."""
    for some in _in_parts(tuple(raws)):
        connection.execute(
            update(RECEIPT)
            .where(RECEIPT.c.raw_sha256.in_(some))
            .values(sender_key=ERASED_KEY, message_id=None, trace="[]")
        )
    connection.execute(
        update(RECEIPT)
        .where(RECEIPT.c.person == found.person)
        .where(or_(RECEIPT.c.number.is_(None), RECEIPT.c.number.not_in(found.kept)))
        .values(person=tombstone)
    )


def _held_by(person: str) -> ColumnElement[bool]:
    return or_(HELD.c.person == person, HELD.c.sender_shown.icontains(person, autoescape=True))


def _erase_held(connection: Connection, found: Belongings) -> None:
    connection.execute(
        update(HELD)
        .where(or_(_held_by(found.person), HELD.c.number.in_(found.own)))
        .values(state=HeldState.DROPPED.value, subject=ERASED_TEXT, sender_shown=ERASED_TEXT)
    )


def _erase_mentions(connection: Connection, found: Belongings, tombstone: str) -> None:
    """The address where it stands in a text of ours: why, what changed, who asked for this."""
    person = found.person
    places = (
        (RECEIPT, RECEIPT.c.spool_id, ("trace",)),
        (JOURNAL, JOURNAL.c.id, ("actor", "old", "new")),
        (HELD, HELD.c.serial, ("subject", "sender_shown", "envelope")),
        (LETTER, LETTER.c.letter_id, ("subject", "reason", "bounce_diagnostic")),
    )
    for table, key, names in places:
        columns = [table.c[name] for name in names]
        named = or_(*(one.icontains(person, autoescape=True) for one in columns))
        for row in connection.execute(select(key, *columns).where(named)).all():
            cells = {
                name: _replaced(value, person, tombstone)
                for name, value in zip(names, row[1:], strict=True)
            }
            connection.execute(update(table).where(key == row[0]).values(**cells))
    told = select(LETTER_MAIL.c.letter_id).where(
        LETTER_MAIL.c.mail.icontains(person, autoescape=True)
    )
    free = or_(LETTER.c.number.is_(None), LETTER.c.number.not_in(found.kept))
    letters = select(LETTER.c.letter_id).where(LETTER.c.letter_id.in_(told), free)
    empty_letters(connection, tuple(connection.execute(letters).scalars()))


def _replaced(text: str | None, person: str, tombstone: str) -> str | None:
    """The text with the address replaced, whatever its capitals; envelopes split it in two."""
    if text is None:
        return None
    local, _, domain = person.partition("@")
    whole = re.sub(re.escape(person), tombstone, text, flags=re.IGNORECASE)
    pair = f'"{re.escape(local)}",\\s?"{re.escape(domain)}"'
    return re.sub(pair, '"erased","invalid"', whole, flags=re.IGNORECASE)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return {
        tuple(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1)
    }


def _quotes(text: str, said: set[tuple[str, ...]], signs: list[str]) -> bool:
    folded = text.casefold()
    return any(sign.casefold() in folded for sign in signs) or not said.isdisjoint(
        _shingles(text)
    )


def _in_parts(ids: tuple[str, ...], size: int = 500) -> Iterable[tuple[str, ...]]:
    """So many at a time as a statement may bind."""
    return (ids[at : at + size] for at in range(0, len(ids), size))
