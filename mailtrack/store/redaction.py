"""Words that must go from one ticket: out of every row that holds them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, or_, select, update

from mailtrack.mail.markers import REDACTED
from mailtrack.mail.message import AttachmentRef
from mailtrack.store.codec import (
    attachments_from_json,
    json_from_attachments,
    json_from_mail,
    mail_from_json,
)
from mailtrack.store.search import index_entry, unindex_entry
from mailtrack.store.tables import ENTRY, HELD, JOURNAL, LETTER, LETTER_MAIL, RECEIPT, TICKET


def raws_of_ticket(connection: Connection, number: int) -> tuple[str, ...]:
    """Every raw mail that belongs to the ticket."""
    asked = (
        select(RECEIPT.c.raw_sha256).where(RECEIPT.c.number == number),
        select(ENTRY.c.raw_sha256).where(ENTRY.c.number == number),
        select(HELD.c.raw_sha256).where(HELD.c.number == number),
    )
    found = (one for statement in asked for one in connection.execute(statement).scalars())
    return tuple(sorted({one for one in found if one}))


def redact(
    connection: Connection, number: int, words: str, *, rewritten: Mapping[str, str | None]
) -> tuple[int, int]:
    """The words are gone from the rows of the ticket; how many entries and letters had them.

    ``rewritten`` maps the hash of each raw mail that held them to that of its clean copy, or to
    None if the mail had to go whole: then its files are gone from the ticket, too.
    """
    entries = _redact_entries(connection, number, words, rewritten)
    letters = _redact_letters(connection, number, words, rewritten)
    for table, key, names in (
        (TICKET, TICKET.c.number, ("subject",)),
        (JOURNAL, JOURNAL.c.number, ("old", "new")),
        (RECEIPT, RECEIPT.c.number, ("trace",)),
        (HELD, HELD.c.number, ("subject", "brackets")),
        (LETTER, LETTER.c.number, ("subject", "reason", "bounce_diagnostic")),
    ):
        columns = [table.c[name] for name in names]
        primary = next(iter(table.primary_key.columns))
        held = or_(*(one.contains(words, autoescape=True) for one in columns))
        for row in connection.execute(select(primary, *columns).where(key == number, held)):
            cells = {
                name: value.replace(words, REDACTED) if value else value
                for name, value in zip(names, row[1:], strict=True)
            }
            connection.execute(update(table).where(primary == row[0]).values(**cells))
    for old, new in rewritten.items():
        is_gone = {} if new else {"sender_key": "erased"}
        cells = {"raw_sha256": new or old, **is_gone}
        connection.execute(update(RECEIPT).where(RECEIPT.c.raw_sha256 == old).values(**cells))
        if new:
            connection.execute(
                update(HELD).where(HELD.c.raw_sha256 == old).values(raw_sha256=new)
            )
    return entries, letters


def _redact_entries(
    connection: Connection, number: int, words: str, rewritten: Mapping[str, str | None]
) -> int:
    count = 0
    for row in connection.execute(select(ENTRY).where(ENTRY.c.number == number)).all():
        files = _files(attachments_from_json(row.attachments), rewritten)
        raw = rewritten.get(row.raw_sha256, row.raw_sha256)
        cells = {
            "text": row.text.replace(words, REDACTED),
            "subject": row.subject.replace(words, REDACTED),
            "attachments": json_from_attachments(files),
            "raw_sha256": raw,
        }
        count += words in row.text or words in row.subject
        if all(getattr(row, name) == value for name, value in cells.items()):
            continue
        unindex_entry(connection, row.id)
        connection.execute(update(ENTRY).where(ENTRY.c.id == row.id).values(**cells))
        index_entry(connection, row.id)
    return count


def _redact_letters(
    connection: Connection, number: int, words: str, rewritten: Mapping[str, str | None]
) -> int:
    wanted = (
        select(LETTER_MAIL)
        .join(LETTER, LETTER.c.letter_id == LETTER_MAIL.c.letter_id)
        .where(LETTER.c.number == number)
    )
    count = 0
    escaped = html.escape(words, quote=False)
    for row in connection.execute(wanted).all():
        mail = mail_from_json(row.mail)
        page = mail.html and mail.html.replace(words, REDACTED).replace(escaped, REDACTED)
        clean = replace(
            mail,
            subject=mail.subject.replace(words, REDACTED),
            text=mail.text.replace(words, REDACTED),
            html=page,
            attachments=_files(mail.attachments, rewritten),
        )
        if clean == mail:
            continue
        count += 1
        connection.execute(
            update(LETTER_MAIL)
            .where(LETTER_MAIL.c.letter_id == row.letter_id)
            .values(text=row.text.replace(words, REDACTED), mail=json_from_mail(clean))
        )
    return count


def _files(
    files: tuple[AttachmentRef, ...], rewritten: Mapping[str, str | None]
) -> tuple[AttachmentRef, ...]:
    moved = (
        replace(one, raw_sha256=rewritten.get(one.raw_sha256, one.raw_sha256) or "")
        for one in files
    )
    return tuple(one for one in moved if one.raw_sha256)
