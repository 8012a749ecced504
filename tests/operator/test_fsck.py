"""Every kind of damage: `fsck` names it, mends what is derived, and invents nothing."""

import asyncio
import errno
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from bench import NOW, Bench
from sqlalchemy import text

from mailtrack import cli
from mailtrack.config import write_example
from mailtrack.intake.archive import Archive
from mailtrack.intake.imap.ledger import FILE_NAME, Ledger, fetch_again, fetched
from mailtrack.operator.fsck import Found, check, mend_all
from mailtrack.store import outgoing
from mailtrack.store.database import Database, StoreDamaged

PDF = (
    b"From: Cara <cara1@cust.example>\r\nTo: support@help.example\r\nSubject: Broken\r\n"
    b"Message-ID: <pdf@cust.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nLook.\r\n"
    b"--b\r\nContent-Type: application/pdf\r\n"
    b"Content-Disposition: attachment; filename=a.pdf\r\n\r\nPDF\r\n--b--\r\n"
)


class Desk:
    """A desk that has handled one mail with a file in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bench = Bench(folder)
        self.spool_id = self.bench.put(PDF, 1)
        self.written = (self.bench.spool.root / "new" / self.spool_id).read_bytes()
        asyncio.run(self.bench.work_off())
        (self.sha256,) = self.bench.archive.names()

    @property
    def waiting(self) -> Path:
        return self.bench.spool.root / "new" / self.spool_id

    @property
    def archived(self) -> Path:
        return self.bench.archive.path(self.sha256)

    def check(self) -> Found:
        return check(self.bench.spool, self.bench.archive, self.bench.database, is_deep=True)

    def mend(self, source: Archive | None = None) -> Found:
        """What is left after mending; what was mended is gone."""
        one = self.bench
        mend_all(self.check(), one.spool, one.archive, one.database, source=source)
        return self.check()

    def write(self, statement: str) -> None:
        with self.bench.database.transaction() as session:
            session.connection().execute(text(statement))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "state")
    yield desk
    asyncio.run(desk.bench.reader.close())
    desk.bench.database.close()


def test_a_whole_desk_has_no_problem(desk: Desk) -> None:
    found = desk.check()
    assert (found.handled, found.waiting, found.problems, found.mendable) == (1, 0, (), ())


def test_a_lost_archive_file_is_told_and_comes_back_from_a_backup(
    desk: Desk, tmp_path: Path
) -> None:
    backup = Archive(tmp_path / "backup")
    copy = backup.path(desk.sha256)
    copy.parent.mkdir()
    copy.write_bytes(desk.archived.read_bytes())
    desk.archived.unlink()
    found = desk.mend()
    assert found.lost == (desk.sha256,), "nothing was invented"
    assert f"{desk.spool_id}: handled, but its raw mail is nowhere" in found.problems
    assert desk.mend(backup).problems == ()
    assert desk.bench.archive.raw(desk.sha256) == PDF


def test_a_letter_whose_attachment_is_missing_is_told(desk: Desk) -> None:
    desk.archived.unlink()
    assert any("letter " in text and "#1" in text for text in desk.check().problems)


def test_an_archived_mail_nobody_has_handled_is_handled(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    stranger = b"From: Dora <dora@cust.example>\r\nTo: support@help.example\r\n\r\nHelp.\r\n"
    spool_id = other.bench.put(stranger, 2)
    other.bench.spool.archive(spool_id, desk.bench.archive)
    assert "nobody has handled" in desk.check().mendable[0]
    found = desk.mend()
    assert (found.mendable, found.waiting) == ((), 1)
    asyncio.run(desk.bench.work_off())
    assert desk.bench.mails() == {"ticket": 2}
    assert desk.check().problems == ()
    asyncio.run(other.bench.reader.close())


def test_a_spool_file_that_was_applied_is_put_away(desk: Desk) -> None:
    desk.archived.rename(desk.waiting)
    assert "still in the spool" in desk.check().mendable[0]
    found = desk.mend()
    assert (found.mendable, found.waiting) == ((), 0)
    assert desk.archived.exists()


def test_f24_a_truncated_spool_file_is_told_and_left_for_the_desk(
    desk: Desk,
) -> None:
    spool_id = desk.bench.put(PDF.replace(b"pdf@", b"two@"), 2)
    file = desk.bench.spool.root / "new" / spool_id
    file.write_bytes(file.read_bytes()[:-7])
    assert "of the mail are there" in desk.check().problems[0]
    desk.mend()
    asyncio.run(desk.bench.work_off())
    found = desk.check()
    assert (found.problems, found.mendable, found.quarantined) == ((), (), 1)


def test_a_receipt_of_a_quarantined_mail_without_its_file_is_told(desk: Desk) -> None:
    desk.write("UPDATE receipt SET disposition = 'quarantined'")
    desk.archived.unlink()
    assert desk.check().lost == (desk.sha256,)


def test_an_archived_mail_that_was_altered_is_told(desk: Desk) -> None:
    desk.archived.write_bytes(desk.archived.read_bytes().replace(b"Look", b"Hook"))
    assert "not the mail that was accepted" in desk.check().problems[0]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "INSERT INTO "
            "entry_search(entry_search, rowid, subject, text, author_shown, author) "
            "SELECT 'delete', id, subject, text, author_shown, author FROM entry",
            "search index",
        ),
        ("INSERT INTO tag(tag, number) VALUES('urgent', 1)", "index of tags"),
        (
            "INSERT INTO agent(name, open_tickets) VALUES('nobody', 7) "
            "ON CONFLICT(name) DO UPDATE SET open_tickets = 7",
            "open tickets",
        ),
    ],
)
def test_an_index_out_of_step_is_made_anew(desk: Desk, damage: str, said: str) -> None:
    desk.write(damage)
    assert said in desk.check().mendable[0]
    assert desk.mend().mendable == ()


def test_stale_claims_are_freed(desk: Desk) -> None:
    with desk.bench.database.transaction() as session:
        taken = outgoing.claim(session, now=NOW, limit=9, lease=timedelta(minutes=1))
    assert taken, "the letters of the first mail wait"
    assert "claimed by a sender that is gone" in desk.check().mendable[0]
    assert desk.mend().mendable == ()
    with desk.bench.database.reading() as session:
        assert outgoing.counts(session).waiting == len(taken)


def test_a_ticket_that_a_receipt_names_and_nobody_finds_is_told(desk: Desk) -> None:
    desk.write("UPDATE receipt SET number = 77")
    assert any("ticket #77, which is not there" in one for one in desk.mend().problems)


def break_a_page(path: Path) -> None:
    """Overwrite pages in the middle, as a failing disk does."""
    content = bytearray(path.read_bytes())
    for page in range(4, len(content) // 4096, 3):
        content[page * 4096 : page * 4096 + 512] = b"\xa5" * 512
    path.write_bytes(content)


def test_f24_a_broken_page_is_told_and_the_desk_refuses_to_start(desk: Desk) -> None:
    desk.bench.database.close()
    path = desk.folder / "mailtrack.db"
    with Database(f"sqlite:///{path}").transaction() as session:
        session.connection().exec_driver_sql("SELECT 1")
    break_a_page(path)
    with pytest.raises(StoreDamaged, match="restore the last backup"):
        Database(f"sqlite:///{path}").migrate()


# The command as it is typed.


@pytest.fixture
def typed(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    config = tmp_path / "config"
    write_example(config)
    monkeypatch.setenv("MAILTRACK_STATE", str(desk.folder))
    return ["fsck", "--config", str(config)]


def test_it_checks_beside_a_running_desk_and_does_not_mend(
    desk: Desk, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk.bench.spool.lock()
    assert cli.main([*typed, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []
    assert cli.main([*typed, "--mend"]) == 69
    assert "stop it first" in capsys.readouterr().err
    assert cli.main([*typed, "--from", "/backup/archive"]) == 64
    assert "it goes with --mend" in capsys.readouterr().err


def test_it_says_what_it_mended(
    desk: Desk, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk.archived.rename(desk.waiting)
    assert cli.main(typed) == 1
    assert "fsck --mend" in capsys.readouterr().out
    assert cli.main([*typed, "--mend"]) == 0
    assert "mended: " in capsys.readouterr().out


def test_a_broken_database_is_a_problem_and_no_traceback(
    desk: Desk, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk.bench.database.close()
    break_a_page(desk.folder / "mailtrack.db")
    assert cli.main(typed) == 1
    assert "restore the last backup" in capsys.readouterr().out


def test_a_mail_that_was_fetched_and_is_nowhere_is_fetched_again(desk: Desk) -> None:
    ledger = Ledger(desk.folder / FILE_NAME)
    pages = ledger.folder("support at imap.example", "INBOX")
    pages.begin(7, None, leave_before=None)
    lost = "1772442000000000-0badcafe"
    for uid, spool_id in ((1, desk.spool_id), (2, lost)):
        pages.record(uid, spool_id, NOW, is_too_big=False)
    one = desk.bench
    ask = partial(check, one.spool, one.archive, one.database, is_deep=True)
    found = ask(fetched=fetched(desk.folder))
    assert found.to_fetch == (lost,)
    (told,) = found.mendable
    assert told.startswith(f"mail 2 of INBOX of support at imap.example: fetched as {lost}")
    fetch_again(desk.folder, found.to_fetch)
    assert ask(fetched=fetched(desk.folder)).mendable == ()
    assert pages.due([1, 2]) == [2]
    ledger.close()


def test_a_file_that_is_not_open_to_us_is_named_with_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool_id = desk.bench.put(PDF.replace(b"pdf@", b"shut@"), 2)
    opened = Path.open

    def shut(path: Path, *arguments: str) -> object:
        if path.name == spool_id:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", shut)
    (problem,) = desk.check().problems
    assert problem.startswith(f"{spool_id}: it belongs to ")
    assert "chown " in problem
