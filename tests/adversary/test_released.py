"""Held mail whose raw copy is gone when somebody releases it: the desk goes on, and says so."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from adversary.scene import ADA, SUPPORT, desk_policy
from sqlalchemy import select

from mailtrack.clerk import Clerk, Desk
from mailtrack.intake.archive import Archive
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.address import address_from
from mailtrack.mail.envelope import Front
from mailtrack.probes import Probes
from mailtrack.reader import Reader
from mailtrack.resolver import Resolver
from mailtrack.store import lookup
from mailtrack.store.codec import mail_from_json
from mailtrack.store.database import Database
from mailtrack.store.tables import LETTER_MAIL
from mailtrack.tickets.fresh import SEED_BYTES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def mail(sender: str, to: str, body: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: hi\r\nMessage-ID: <{len(body)}@x.example>\r\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0200\r\n\r\n{body}\r\n"
    ).encode()


async def test_a_released_mail_whose_copy_is_gone_waits_again_and_stops_nobody(
    tmp_path: Path,
) -> None:
    spool, archive = Spool(tmp_path / "spool", floor=Floor(0, 0.0)), Archive(tmp_path / "arch")
    database, reader, policy = Database(f"sqlite:///{tmp_path}/m.db"), Reader(1), desk_policy()
    database.migrate()
    clerk = Clerk(
        spool=spool, archive=archive, database=database, reader=reader,
        desk=Desk(lambda: policy, lambda: NOW, lambda: secrets.token_bytes(SEED_BYTES)),
        letters_written=lambda: None,
        records=Resolver().records,
        probes=Probes(tmp_path / "probes"),
    )  # fmt: skip

    def put(raw: bytes, to: str) -> None:
        spool.put_now(
            raw, front=Front.PIPE, peer="", received_at=NOW,
            mail_from=address_from("x@x.example"),
            rcpt_to=tuple(filter(None, [address_from(to)])),
        )  # fmt: skip

    try:
        put(mail("a@x.example, b@x.example", SUPPORT, "Who am I?"), SUPPORT)
        await clerk.work()
        with database.reading() as session:
            (held,) = lookup.held_open(session)
            letter = session.connection().execute(select(LETTER_MAIL.c.mail)).scalar_one()
        address = str(mail_from_json(letter).reply_to.address)
        archive.path(held.raw_sha256).unlink()
        put(mail(ADA, address, "ok"), address)
        put(mail("cara@cust.example", SUPPORT, "A good mail."), SUPPORT)
        for _ in range(20):
            if not await clerk.work():
                break
        with database.reading() as session:
            assert lookup.ticket_of(session, 1) is not None
            assert [one.held_id for one in lookup.held_open(session)] == [held.held_id]
    finally:
        await reader.close()
        database.close()
