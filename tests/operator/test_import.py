"""Mail of the past: threaded, dated as it was, and nobody hears of it."""

import asyncio
import mailbox
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from bench import NOW, Bench

from mailtrack import cli
from mailtrack.config import write_example
from mailtrack.intake.boxes import sent_at
from mailtrack.store import lookup, outgoing
from mailtrack.tickets.ticket import EntryKind, Status, Ticket

CARA, IVAN = "Cara <cara@cust.example>", "Ivan Petrenko <ivan@help.example>"
OLD_DATE = datetime(2026, 2, 2, 8, tzinfo=UTC)
OLD = NOW - timedelta(days=400)


def past(
    own: str,
    sender: str,
    *,
    to: str = "support@help.example",
    answers: str = "",
    at: datetime = OLD,
    subject: str = "Printer",
    more: str = "",
) -> bytes:
    reference = f"In-Reply-To: <{answers}>\n" if answers else ""
    return (
        f"From: {sender}\nTo: {to}\n{reference}Message-ID: <{own}>\n{more}"
        f"Date: {format_datetime(at)}\nSubject: {subject}\n\nThe words of {own}.\n"
    ).encode()


class Past:
    """An mbox to be filled, and the desk that takes it in."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "inbox.mbox"
        self.bench = Bench(folder / "state")
        self.config = folder / "config"
        write_example(self.config)

    def fill(self, *raws: bytes) -> None:
        box = mailbox.mbox(self.path)
        for raw in raws:
            box.add(raw)
        box.close()

    def take(self, *words: str) -> int:
        sources = () if words and not words[0].startswith("-") else (str(self.path),)
        code = cli.main(["import", *sources, *words, "--config", str(self.config)])
        asyncio.run(self.bench.work_off())
        return code

    def ticket(self, number: int) -> Ticket:
        with self.bench.database.reading() as session:
            ticket = lookup.ticket_of(session, number)
        assert ticket is not None
        return ticket


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Past]:
    monkeypatch.setenv("MAILTRACK_STATE", str(tmp_path / "state"))
    made = Past(tmp_path)
    yield made
    asyncio.run(made.bench.reader.close())
    made.bench.database.close()


def test_a_conversation_is_one_ticket_with_the_old_dates_and_no_letter(box: Past) -> None:
    later = OLD + timedelta(days=1)
    box.fill(
        past("answer", IVAN, to=CARA, answers="first", at=later, subject="Re: Printer [close]"),
        past("first", CARA),
        past("thanks", CARA, answers="answer", at=later + timedelta(hours=1)),
    )
    assert box.take() == 0
    ticket = box.ticket(1)
    assert [(one.kind, one.at) for one in ticket.entries] == [
        (EntryKind.MAIL, OLD),
        (EntryKind.ANSWER, later),
        (EntryKind.MAIL, later + timedelta(hours=1)),
    ]
    assert (ticket.status, ticket.owner, ticket.clocks) == (Status.CLOSED, None, ())
    with box.bench.database.reading() as session:
        assert outgoing.counts(session) == outgoing.LetterCounts()


def test_a_second_run_takes_nothing(box: Past, capsys: pytest.CaptureFixture[str]) -> None:
    box.fill(past("one", CARA), past("two", "Dora <dora@cust.example>"))
    assert box.take("--dry-run") == 0
    assert "2 mails would be taken, 0 are there" in capsys.readouterr().out
    assert box.bench.mails() == {}
    assert box.take() == 0
    assert box.take() == 0
    assert "0 mails taken, 2 are there already" in capsys.readouterr().out
    assert box.bench.mails() == {"ticket": 2}


def test_mail_that_waits_in_the_spool_is_not_taken_again(box: Past) -> None:
    box.fill(past("one", CARA))
    arguments = ["import", str(box.path), "--config", str(box.config)]
    assert cli.main(arguments) == cli.main(arguments) == 0
    assert len(box.bench.spool.waiting(9)) == 1


def test_what_came_by_smtp_already_is_not_doubled(box: Past) -> None:
    raw = past("one", CARA)
    box.bench.put(raw.replace(b"\n", b"\r\n"), 1)
    asyncio.run(box.bench.work_off())
    box.fill(raw)
    assert box.take() == 0
    assert box.bench.mails() == {"ticket": 1, "duplicate": 1}


def test_what_a_customer_wrote_lately_waits_and_an_answer_ends_it(box: Past) -> None:
    lately = NOW - timedelta(days=2)
    box.fill(
        past("first", CARA, at=lately),
        past("dora", "Dora <dora@cust.example>", at=lately),
        past("answer", IVAN, to=CARA, answers="first", at=lately + timedelta(hours=1)),
    )
    assert box.take() == 0
    assert {box.ticket(number).status for number in (1, 2)} == {Status.CLOSED, Status.NEW}


def test_strangers_do_not_join_machines_are_filed_and_commands_are_words(box: Past) -> None:
    box.fill(
        past("first", CARA),
        past("stranger", "Eve <eve@evil.example>", answers="first", at=OLD + timedelta(1)),
        past("robot", "x@y.example", more="Auto-Submitted: auto-replied\n"),
        past("internal", IVAN, to="Olga <olga@help.example>", subject="[close] [note]"),
    )
    assert box.take() == 0
    assert box.bench.mails() == {"ticket": 2, "filed": 2}


def test_a_queue_can_be_named(box: Past, capsys: pytest.CaptureFixture[str]) -> None:
    box.fill(past("first", CARA, to="info@help.example"))
    assert box.take("--queue", "nonsense") == 69
    assert "there is no queue nonsense; there are" in capsys.readouterr().err
    assert box.take("--queue", "billing") == 0
    assert box.ticket(1).queue == "billing"


def test_a_maildir_is_taken_and_nonsense_refused(
    box: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maildir = mailbox.Maildir(tmp_path / "Maildir")
    maildir.add(past("first", CARA))
    assert box.take(str(tmp_path / "Maildir")) == 0
    assert box.ticket(1).entries[0].text == "The words of first."
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    assert box.take(str(tmp_path / "photo.jpg")) == 69
    assert "is no mbox file" in capsys.readouterr().err


def test_a_mail_that_is_too_big_is_named(box: Past, capsys: pytest.CaptureFixture[str]) -> None:
    box.fill(past("big", CARA) + b"x" * 26_300_000, past("small", CARA))
    assert box.take() == 65
    assert "mail 0: 552" in capsys.readouterr().err
    assert box.bench.mails() == {"ticket": 1}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Date: Mon, 02 Feb 2026 10:00:00 +0200\n\n", OLD_DATE),
        (b"X: y\r\nDate: 2 Feb 2026 8:00:00 +0000\r\n\r\n", OLD_DATE),
        (b"Date: Mon, 02 Feb 2099 10:00:00 +0000\n\n", NOW),
        (b"Date: Thu, 01 Jan 1970 00:00:00 +0000\n\n", NOW),
        (b"Date: Mon, 99 Foo 2026 99:99:99 +9999\n\n", NOW),
        (b"Date: \xff\xff\n\n", NOW),
        (b"\nDate: Mon, 02 Feb 2026 10:00:00 +0000\n\n", NOW),
    ],
)  # fmt: skip
def test_the_date_of_a_mail_is_believed_within_reason(head: bytes, expected: datetime) -> None:
    assert sent_at(head, now=NOW) == expected
