"""Order within a conversation: a reply waits for its mail, and nobody else does."""

import asyncio
import errno
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench

from mailtrack import hand
from mailtrack.hand import Hand
from mailtrack.mail.envelope import Envelope
from mailtrack.mail.kin import HEADER_BYTES_MAX, IDS_MAX, Kin, kin_from
from mailtrack.mail.message import ParsedMail
from mailtrack.mail.parse import parse
from mailtrack.reader import ReaderDied
from mailtrack.tickets.reading import Origin

TOKEN = "t" * 30


def mail(own: str, *, sender: str, answers: str = "", slow: bool = False) -> bytes:
    reference = f"In-Reply-To: <{answers}>\r\n" if answers else ""
    words = "SLOW" if slow else "Please."
    return (
        f"From: Somebody <{sender}@cust.example>\r\nTo: support@help.example\r\n{reference}"
        f"Message-ID: <{own}>\r\nSubject: {own}\r\n\r\n{words}\r\n"
    ).encode()


async def proved_by_nothing(_mail: ParsedMail, _envelope: Envelope) -> Origin:
    return Origin()


class GatedReader:
    """Reads a mail that says SLOW only when it is let go; others at once."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.deaths = 0

    async def read(self, raw: bytes, *, shallow: bool = False) -> ParsedMail:
        if b"SLOW" in raw:
            await self.gate.wait()
            if self.deaths:
                self.deaths -= 1
                raise ReaderDied("as arranged")
        return parse(raw, shallow=shallow)


class Table:
    """A hand over a real spool; `given` are the subjects in the order they were given out."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.bell = asyncio.Event()
        self.reader = GatedReader()
        self.hand = Hand(self.bench.spool, self.reader, proved_by_nothing, bell=self.bell)  # type: ignore[arg-type]
        self.given: list[str] = []

    def put(self, *raws: bytes) -> None:
        for number, raw in enumerate(raws):
            self.bench.put(raw, number)
        self.bell.set()

    async def deal(self) -> int:
        found = [one for one in await self.hand.next() if one is not None]
        for one in found:
            assert one.mail is not None
            self.given.append(one.mail.subject)
            self.bench.spool.archive(one.decision_id, self.bench.archive)
            self.bench.spool.attempts_end(one.decision_id)
            self.hand.is_through(one.decision_id)
        return len(found)

    async def deal_out(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.given) < count:
                await self.deal()


@pytest.fixture
async def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


async def test_a_reply_waits_for_its_slow_mail_and_strangers_pass(table: Table) -> None:
    table.put(
        mail("first", sender="cara", slow=True),
        mail("reply", sender="dora", answers="first"),
        mail("stranger", sender="ella"),
    )
    await table.deal_out(1)
    assert table.given == ["stranger"]
    table.put(mail("later", sender="fred"), mail("again", sender="dora"))
    await table.deal_out(2)
    assert table.given == ["stranger", "later"], "who waits for a reply waits as well"
    table.reader.gate.set()
    await table.deal_out(5)
    assert table.given[2:] == ["first", "reply", "again"]


async def test_one_senders_mails_stay_in_order(table: Table) -> None:
    table.put(mail("one", sender="cara", slow=True), mail("two", sender="cara"))
    table.put(mail("stranger", sender="dora"))
    await table.deal_out(1)
    table.reader.gate.set()
    await table.deal_out(3)
    assert table.given == ["stranger", "one", "two"]


async def test_a_mail_whose_reader_died_is_still_waited_for(table: Table) -> None:
    table.reader.deaths = 1
    table.put(
        mail("first", sender="cara", slow=True), mail("reply", sender="dora", answers="first")
    )
    table.reader.gate.set()
    await table.deal_out(2)
    assert table.given == ["first", "reply"]


async def test_a_reply_that_came_before_its_mail_is_given_out_after_it(table: Table) -> None:
    table.put(
        mail("reply to the reply", sender="cara", answers="reply"),
        mail("reply", sender="dora", answers="first"),
        mail("first", sender="cara"),
    )
    await table.deal_out(3)
    assert table.given == ["first", "reply", "reply to the reply"]


async def test_mails_that_name_each_other_wait_for_nobody(table: Table) -> None:
    table.put(
        mail("a", sender="cara", answers="c"),
        mail("b", sender="dora", answers="a"),
        mail("c", sender="ella", answers="b"),
        mail("d", sender="fred", answers="e"),
        mail("e", sender="gina", answers="d"),
    )
    await table.deal_out(5)
    assert sorted(table.given) == ["a", "b", "c", "d", "e"]


async def test_nobody_waits_for_ever(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand, "KIN_SECONDS_MAX", 0.3)
    table.put(
        mail("first", sender="cara", slow=True), mail("reply", sender="dora", answers="first")
    )
    await table.deal_out(1)
    assert table.given == ["reply"]
    table.reader.gate.set()
    await table.deal_out(2)


async def test_a_full_batch_is_ordered_in_no_time(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine some of so many are slow to be read, and would be passed by the others.
    monkeypatch.setattr(hand, "READ_TOGETHER_SECONDS", 60.0)
    for number in range(hand.BATCH_MAX):
        table.put(mail(f"{number}", sender=f"s{number}", answers=f"x{number}"))
    began = time.process_time()
    await table.deal_out(hand.BATCH_MAX)
    assert table.given == [f"{number}" for number in range(hand.BATCH_MAX)]
    assert time.process_time() - began < 2


@pytest.fixture
def kin() -> Iterator[Kin]:
    yield kin_from(
        b'Received: x\r\nMessage-ID:\r\n <own@a.example>\r\nFROM: "x@y" <Cara@Cust.example>\r\n'
        b"References: <one@a.example>\r\n\t<two@a.example>\r\nin-reply-to : <two@a.example>\r\n"
        b"\r\nReferences: <body@a.example>\r\n",
        reply_addresses=(f"support+{TOKEN}@help.example",),
    )


def test_kin_is_read_from_a_folded_header_and_never_from_the_body(kin: Kin) -> None:
    assert kin == Kin(
        b"<own@a.example>",
        frozenset({b"<one@a.example>", b"<two@a.example>"}),
        frozenset({b"cara@cust.example", f"support+{TOKEN}@help.example".encode()}),
    )


def test_kin_of_two_answers_to_one_mail_are_one_conversation(kin: Kin) -> None:
    assert kin.is_of(Kin(named=frozenset({b"<one@a.example>"})))
    assert kin.is_of(Kin(own=b"<two@a.example>")) and kin.answers(Kin(own=b"<two@a.example>"))
    assert not kin.is_of(Kin(own=b"<three@a.example>"))
    assert not Kin().is_of(Kin()), "two mails without anything are strangers"


@pytest.mark.parametrize(
    "raw",
    [b"", b"\n\n", b"From:" + b"<" * 200_000, b"References:" + b"\n <" * 100_000, b"\0" * 99],
)
def test_hostile_headers_cost_little(raw: bytes) -> None:
    began = time.process_time()
    kin_from(raw)
    assert time.process_time() - began < 1


def test_bounds_of_kin() -> None:
    many = b"".join(b" <%d@a>" % number for number in range(IDS_MAX + 5))
    assert len(kin_from(b"References:" + many + b"\n\n").named) == IDS_MAX
    late = b"X: " + b"x" * HEADER_BYTES_MAX + b"\nMessage-ID: <late@a>\n\n"
    assert kin_from(late) == Kin()


class Shut:
    """A file that is not open to us until `is_over`: to root, who runs the tests, all are."""

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_over = False
        self.reads = 0
        read_bytes = Path.read_bytes

        def read(path: Path) -> bytes:
            if path.name == name and not self.is_over:
                self.reads += 1
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return read_bytes(path)

        monkeypatch.setattr(Path, "read_bytes", read)


async def test_a_mail_whose_file_is_not_open_to_us_holds_up_nobody(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.put(mail("shut", sender="cara"), mail("next", sender="dora"))
    name = table.bench.spool.waiting(1)[0]
    shut = Shut(name, monkeypatch)
    await table.deal_out(1)
    await table.deal()
    assert table.given == ["next"]
    assert shut.reads == 1, "it is left alone for a while"
    assert not table.bench.spool.was_tried(name), "it is as good as new"


async def test_a_mail_is_taken_once_its_file_is_open_to_us(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "SHUT_SECONDS", 0.0)
    table.put(mail("shut", sender="cara"))
    shut = Shut(table.bench.spool.waiting(1)[0], monkeypatch)
    await table.deal()
    assert table.given == []
    shut.is_over = True
    await table.deal_out(1)
    assert table.given == ["shut"]
