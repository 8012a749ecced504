"""The small parts of the IMAP front, each border from both sides."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailtrack.intake.imap.answers import fetched_from, folder_from, uids_from
from mailtrack.intake.imap.ledger import FILE_NAME, Ledger, copy_ledger, statuses
from mailtrack.intake.imap.names import folder_on_the_wire, quoted, uid_set
from mailtrack.intake.imap.toobig import stub_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", '"INBOX"'),
        ("~peter/mail/台北/日本語", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),  # RFC 3501
        ("Sales & Co", '"Sales &- Co"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("Па", '"&BB8EMA-"'),
        ("&Па&", '"&-&BB8EMA-&-"'),
        ("😀", '"&2D3eAA-"'),
    ],
)
def test_a_folder_travels_in_modified_utf_7(name: str, wire: str) -> None:
    assert folder_on_the_wire(name) == wire


def test_no_name_ends_the_line() -> None:
    with pytest.raises(ValueError, match="line end"):
        quoted("a\r\nb")


@pytest.mark.parametrize(
    ("uids", "text"), [([1], "1"), ([1, 2, 3, 7], "1:3,7"), ([2, 4, 5], "2,4:5")]
)
def test_uids_are_written_as_runs(uids: list[int], text: str) -> None:
    assert uid_set(uids) == text


def test_search_answers_are_joined_and_nonsense_is_passed_over() -> None:
    lines = [(b"SEARCH 5 1",), (b"search 5 x 0 -1 4294967296 4294967295 (MODSEQ 9)",), (b"OK",)]
    assert uids_from(lines) == [1, 5, 4294967295]


@pytest.mark.parametrize(
    ("response", "size", "content"),
    [
        ((b"1 FETCH (UID 3 RFC822.SIZE 9)",), 9, None),
        ((b"1 FETCH (BODY[] {2}", b")(", b" UID 3)"), None, b")("),
        ((b'1 FETCH (FLAGS (\\Seen (x)) UID 3 BODY[] "a \\"b")',), None, b'a "b'),
        ((b"1 FETCH (UID 3 BODY[] NIL)",), None, None),
        ((b"1 FETCH (UID 3 BODY[]<0> {3}", b"NIL", b")"), None, b"NIL"),
        ((b"1 fetch (uid 3 body[] {0}", b"", b")"), None, b""),
    ],
)
def test_what_fetch_says_is_read(
    response: tuple[bytes, ...], size: int | None, content: bytes | None
) -> None:
    found = fetched_from([response])[3]
    assert (found.size_bytes, found.content) == (size, content)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        (b'" 2-Mar-2026 10:00:00 +0200"', datetime(2026, 3, 2, 8, tzinfo=UTC)),
        (b'"12-DEC-2026 23:59:59 -0530"', datetime(2026, 12, 13, 5, 29, 59, tzinfo=UTC)),
        (b'"30-Feb-2026 10:00:00 +0000"', None),
        (b'"01-Jan-0001 00:00:00 +1400"', None),
        (b'"01-Jan-0000 00:00:00 +0000"', None),
        (b'"02-Foo-2026 10:00:00 +0000"', None),
        (b'"02-Mar-2026 10:00:00 +9999"', None),
        (b'"2026-03-02T10:00:00Z"', None),
        (b"NIL", None),
        (b"()", None),
    ],
)
def test_since_when_a_mail_is_there_is_read(text: bytes, instant: datetime | None) -> None:
    found = fetched_from([(b"1 FETCH (UID 3 INTERNALDATE " + text + b" RFC822.SIZE 9)",)])[3]
    assert (found.size_bytes, found.internal_date) == (9, instant)


@pytest.mark.parametrize(
    "line", [b"1 FETCH (", b"1 FETCH (UID)", b"1 FETCH (UID x)", b"1 FETCH )", b"FETCH", b""]
)
def test_what_cannot_be_read_says_nothing(line: bytes) -> None:
    assert fetched_from([(line,)]) == {}


def test_a_folder_without_uidvalidity_is_none() -> None:
    assert folder_from([(b"3 EXISTS",)], b"OK") is None
    folder = folder_from([(b"OK [UIDVALIDITY 4] x",), (b"3 EXISTS",)], b"[READ-ONLY] ok")
    assert folder is not None and folder.is_read_only and folder.exists == 3


def test_a_stub_has_the_header_less_what_spoke_of_the_body() -> None:
    header = (
        b"From: a@b.example\r\nSubject: A\r\n folded\r\nDKIM-Signature: v=1;\r\n b=x\r\n"
        b"Content-Type: multipart/mixed;\r\n boundary=y\r\nX-Mailtrack-Loop: z\r\nTo: c@d"
    )
    stub = stub_of(header, size_bytes=60 * 2**20, size_bytes_max=25 * 2**20, where="x\r\ny")
    head, _, body = stub.partition(b"\r\n\r\n")
    assert head.startswith(b"From: a@b.example\r\nSubject: A\r\n folded\r\nTo: c@d\r\nMIME")
    assert b"60.0 MB" in body and b"25.0 MB" in body and b"boundary" not in stub


def test_the_ledger_knows_what_was_taken_and_what_uids_mean(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / FILE_NAME)
    pages = ledger.folder("a", "INBOX")
    assert pages.begin(7, 10, leave_before=None) is False
    assert pages.due([3, 1, 2]) == [1, 2, 3]
    pages.record(2, "spool-2", NOON, is_too_big=False)
    assert pages.due([1, 2, 3]) == [1, 3]
    assert [one.uid for one in pages.unsettled()] == [2]
    pages.settle([2])
    assert pages.unsettled() == ()
    assert pages.begin(7, 10, leave_before=None) is False, "the same folder"
    assert pages.begin(7, 2, leave_before=None) is True, "a UID that comes twice"
    assert pages.due([2]) == [2]
    pages.record(2, "spool-2b", NOON, is_too_big=True)
    (tmp_path / "copy").mkdir()
    copy_ledger(tmp_path, tmp_path / "copy")
    assert [one.taken for one in statuses(tmp_path / "copy")] == [2]
    assert pages.begin(8, 10, leave_before="2026-03-02") is True
    assert pages.due([1]) == [1], "only a first start leaves mail alone"
    ledger.close()
