"""Mail that no reader can read, over a real spool and database: told, and decided by mail."""

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from adversary.scene import desk_policy
from bench import NOW, Bench
from raw_mail import text_mail
from sqlalchemy import select
from test_clerk import TOO_LITTLE

from mailtrack.clerk import Desk, handle
from mailtrack.desk.poison import Poison
from mailtrack.hand import Taken
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import OutgoingMail
from mailtrack.store import lookup
from mailtrack.store.codec import mail_from_json
from mailtrack.store.tables import LETTER, LETTER_MAIL
from mailtrack.store.waiting import quarantined_as
from mailtrack.tickets.fresh import SEED_BYTES
from mailtrack.tickets.ticket import Status
from mailtrack.tickets.waiting import QuarantineState

LARGE = text_mail(b"hello world\r\n" * 400_000)  # no reader can hold it in so little


def poison(tmp_path: Path, count: int) -> tuple[Bench, list[str]]:
    bench = Bench(tmp_path, memory_bytes=TOO_LITTLE)
    return bench, [bench.put(LARGE + str(number).encode(), number) for number in range(count)]


def letters(bench: Bench, name: str) -> list[OutgoingMail]:
    statement = (
        select(LETTER_MAIL.c.mail)
        .join(LETTER, LETTER.c.letter_id == LETTER_MAIL.c.letter_id)
        .where(LETTER.c.name == name)
        .order_by(LETTER.c.id)
    )
    with bench.database.reading() as session:
        return [
            mail_from_json(row) for row in session.connection().execute(statement).scalars()
        ]


def answered(bench: Bench, letter: OutgoingMail, subject: str) -> None:
    """The admin answers a letter from her own address, in a mail with no body."""
    assert letter.reply_to is not None
    bench.spool.put_now(
        (
            f"From: Ada Admin <ada@help.example>\r\nTo: {letter.reply_to.address}\r\n"
            f"Subject: {subject}\r\nMessage-ID: <{secrets.token_hex(8)}@help.example>\r\n\r\n"
        ).encode(),
        mail_from=Address("ada", "help.example"),
        rcpt_to=(letter.reply_to.address,),
        front=Front.PIPE,
        peer="",
        received_at=NOW,
    )


async def test_s7_many_unreadable_mails_are_one_letter_and_a_collected_one(tmp_path):
    bench = Bench(tmp_path)
    desk = Desk(desk_policy, lambda: bench.now, lambda: secrets.token_bytes(SEED_BYTES))
    for number in range(3):
        mail_from, rcpt_to = Address("x", "x.example"), (Address("support", "help.example"),)
        envelope = Envelope(
            f"s{number}", mail_from, rcpt_to, NOW, Front.PIPE, "", 9, f"{number}" * 64
        )
        poison = Poison("it broke every reader", 3)
        with bench.database.transaction() as session:
            handle(session, Taken(envelope.spool_id, envelope, None, poison), desk=desk)
    assert bench.mails() == {"quarantined": 3}
    (first,) = letters(bench, "quarantined")
    assert "Q1" in first.subject and "it broke every reader" in first.text
    await bench.clerk.tick("tick.1")
    assert len(letters(bench, "quarantined")) == 1
    bench.now += timedelta(minutes=10)
    await bench.clerk.tick("tick.2")
    await bench.clerk.tick("tick.3")
    _, collected = letters(bench, "quarantined")
    assert "Q2" in collected.text and "Q3" in collected.text and "Q1 ·" not in collected.text
    await bench.reader.close()


def damaged(content: bytes, how: str) -> bytes:
    return {
        "cut short": content[:-3],
        "altered": content.replace(b"hello", b"jello"),
        "no envelope": content[5:],
        "empty": b"",
    }[how]


@pytest.mark.parametrize(
    ("how", "said", "sender"),
    [
        ("cut short", "of the mail are there", "cara1@cust.example"),
        ("altered", "altered after it was accepted", "cara1@cust.example"),
        ("no envelope", "envelope line is missing", "<>"),
        ("empty", "envelope line is missing", "<>"),
    ],
)
async def test_f24_a_damaged_spool_file_is_quarantined_mail_like_any_other(
    tmp_path, how, said, sender
):
    bench = Bench(tmp_path)
    whole = text_mail(b"hello world\r\n")
    spool_id = bench.put(whole, 1)
    file = bench.spool.root / "new" / spool_id
    file.write_bytes(damaged(file.read_bytes(), how))
    await bench.work_off()
    assert bench.mails() == {"quarantined": 1}
    assert bench.spool.quarantined() == (spool_id,)
    with bench.database.reading() as session:
        apart, stub = quarantined_as(session, spool_id), lookup.ticket_of(session, 1)
    assert apart is not None and (apart.sender_shown, apart.tries) == (sender, 1)
    assert stub is not None and said in stub.entries[0].text
    (letter,) = letters(bench, "quarantined")
    assert said in letter.text and spool_id not in apart.reason
    # The same mail, sent again and whole, is none that was seen before.
    bench.put(whole, 1)
    await bench.work_off()
    assert bench.mails() == {"quarantined": 1, "ticket": 1}
    await bench.reader.close()


async def test_a_spool_file_that_somebody_took_away_is_no_mail_in_quarantine(tmp_path):
    bench = Bench(tmp_path)
    spool_id = bench.put(text_mail(b"hello world\r\n"), 1)
    file = bench.spool.root / "new" / spool_id
    file.unlink()
    file.symlink_to("nowhere")  # a name that is listed, and a file that is not there
    await bench.clerk.work()
    assert bench.mails() == {} and bench.spool.quarantined() == ()
    assert not bench.spool.was_tried(spool_id)
    await bench.reader.close()


@pytest.mark.slow
async def test_s8_a_release_that_fails_again_says_why_and_one_that_succeeds_closes_the_stub(
    tmp_path,
):
    bench, ids = poison(tmp_path, 1)
    await bench.work_off()
    answered(bench, letters(bench, "quarantined")[0], "[release]")
    await bench.work_off()
    _, again = letters(bench, "quarantined")
    assert "Still cannot be read" in again.subject and "it broke every reader" in again.text
    assert bench.spool.quarantined() == tuple(ids)
    with bench.database.reading() as session:
        assert lookup.ticket_of(session, 2) is None, "there is one stub, not two"
    await bench.reader.close()

    mended = Bench(tmp_path)
    answered(mended, again, "[requeue:Q1]")
    await mended.work_off()
    await mended.clerk.tick("tick.1")
    assert mended.spool.quarantined() == ()
    with mended.database.reading() as session:
        stub, real = lookup.ticket_of(session, 1), lookup.ticket_of(session, 2)
        apart = quarantined_as(session, ids[0])
    assert stub is not None and stub.status is Status.CLOSED and stub.linked == (2,)
    assert real is not None and real.status is Status.NEW
    assert apart is not None and apart.state is QuarantineState.ENDED
    # A second tap changes nothing: it is decided.
    answered(mended, again, "[release:Q1]")
    await mended.work_off()
    assert mended.spool.quarantined() == ()
    assert "already decided" in letters(mended, "done")[0].text
    await mended.reader.close()


@pytest.mark.slow
async def test_s8_a_stop_between_file_and_row_loses_no_mail(tmp_path):
    bench, ids = poison(tmp_path, 1)
    await bench.work_off()
    await bench.reader.close()
    answered(bench, letters(bench, "quarantined")[0], "[release]")
    mended = Bench(tmp_path)
    await mended.clerk.work()
    # As a kill would leave it: the file is moved, the row says nothing of it yet.
    if ids[0] in mended.spool.quarantined():
        mended.spool.release(ids[0])
    await mended.work_off()
    await mended.clerk.tick("tick.1")
    assert mended.mails() == {"ticket": 1, "command": 1}
    await mended.reader.close()
