"""A backup made beside the running desk, and brought back: nothing lost or issued twice."""

import asyncio
import os
import shutil
import smtplib
import stat
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from bench import Bench
from process import Process
from servers.machine import lacking
from servers.postgres import Postgresql
from waiting import wait_for

from mailtrack import cli
from mailtrack.config import write_example

IVAN = "ivan@help.example"


def mail(number: int) -> bytes:
    return (
        f"From: Cara <cara{number}@cust.example>\r\nTo: support@help.example\r\n"
        f"Message-ID: <{number}@cust.example>\r\nSubject: Question {number}\r\n\r\nPlease.\r\n"
    ).encode()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A desk at rest: one mail handled, one waiting, one apart."""
    bench = Bench(tmp_path / "state")
    bench.put(mail(1), 1)
    asyncio.run(bench.work_off())
    apart = bench.put(mail(2), 2)
    bench.spool.quarantine(apart, "broken")
    bench.put(mail(3), 3)
    (tmp_path / "state" / "token-keys").write_text("a:" + "A" * 43 + "=\n")
    yield bench
    asyncio.run(bench.reader.close())
    bench.database.close()


@pytest.fixture
def typed(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    config = tmp_path / "config"
    write_example(config)
    monkeypatch.setenv("MAILTRACK_STATE", str(tmp_path / "state"))
    return ["--config", str(config)]


@pytest.mark.parametrize("name", ["folder", "desk.tar", "desk.tar.gz"])
def test_what_is_backed_up_comes_back(
    bench: Bench,
    typed: list[str],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for of_the_process in ("probes/x.secret", "clock.seen", "templates.cache"):
        file = tmp_path / "state" / of_the_process
        file.parent.mkdir(exist_ok=True)
        file.touch()
    target = tmp_path / "backups" / name
    target.parent.mkdir()
    assert cli.main(["backup", str(target), *typed]) == 0
    assert [path.name for path in target.parent.iterdir()] == [name], "nothing half is left"
    assert stat.S_IMODE(target.stat().st_mode) & 0o077 == 0, "nobody else may read it"
    new = tmp_path / "new"
    monkeypatch.setenv("MAILTRACK_STATE", str(new))
    assert cli.main(["restore", str(target), *typed]) == 0, capsys.readouterr()
    assert "1 mail handled, 1 waiting in the spool, 1 in quarantine" in capsys.readouterr().out
    assert {"probes", "clock.seen", "templates.cache"}.isdisjoint(
        one.name for one in new.iterdir()
    )
    assert (new / "token-keys").read_text() == (tmp_path / "state/token-keys").read_text()
    again = Bench(new)
    assert again.spool.quarantined() == bench.spool.quarantined()
    asyncio.run(again.work_off())
    assert again.mails() == {"ticket": 2}
    asyncio.run(again.reader.close())
    again.database.close()


def test_what_root_restores_belongs_to_the_desk(
    bench: Bench, typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        lacking("Only root can write files that the desk may not read.")
    target, new = tmp_path / "monday", tmp_path / "new"
    assert cli.main(["backup", str(target), *typed]) == 0
    new.mkdir()
    shutil.chown(new, "nobody", "nogroup")
    monkeypatch.setenv("MAILTRACK_STATE", str(new))
    assert cli.main(["restore", str(target), *typed]) == 0
    assert {path.owner() for path in new.rglob("*")} == {"nobody"}


def test_a_mail_handled_while_the_backup_is_made_is_in_it_once(
    bench: Bench, typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it had been handled after the database was copied: in the archive, in no book.
    (waiting,) = bench.spool.waiting(9)
    bench.spool.archive(waiting, bench.archive)
    assert cli.main(["backup", str(tmp_path / "backup"), *typed]) == 0
    assert len(list((tmp_path / "backup/spool/new").iterdir())) == 1
    monkeypatch.setenv("MAILTRACK_STATE", str(tmp_path / "new"))
    assert cli.main(["restore", str(tmp_path / "backup"), *typed]) == 0
    again = Bench(tmp_path / "new")
    asyncio.run(again.work_off())
    assert again.mails() == {"ticket": 2}
    asyncio.run(again.reader.close())


def test_nothing_is_overwritten_and_nonsense_is_not_restored(
    bench: Bench, typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    assert cli.main(["backup", str(tmp_path / "there"), *typed]) == 69
    assert "there already" in capsys.readouterr().err
    assert cli.main(["restore", str(tmp_path / "there"), *typed]) == 69
    assert "no backup of a desk" in capsys.readouterr().err
    bench.spool.lock()
    assert cli.main(["restore", str(tmp_path / "there"), *typed]) == 69
    assert "stop it first" in capsys.readouterr().err


# Under load, in the real process.


class Load(threading.Thread):
    """Sends mails until told to stop; `accepted` are the numbers that got their 250."""

    def __init__(self, desk: Process) -> None:
        super().__init__()
        self.desk, self.accepted, self.is_over = desk, list[int](), threading.Event()

    def run(self) -> None:
        number = 0
        while not self.is_over.is_set():
            number += 1
            try:
                self.desk.send(mail(number), f"cara{number}@cust.example")
            except (OSError, smtplib.SMTPException):
                continue
            self.accepted.append(number)

    def end(self) -> None:
        self.is_over.set()
        self.join()


def issued(desk: Process) -> dict[str, str]:
    """What each Message-ID and reply address of our letters to Ivan is about."""
    about: dict[str, str] = {}
    for letter in desk.letters(IVAN):
        question = str(letter["subject"]).partition("] ")[2]
        for name in (str(letter["message-id"]), str(letter["reply-to"])):
            assert about.setdefault(name, question) == question, "issued twice"
    return about


@pytest.mark.slow
def test_f37_a_backup_under_load_and_mail_that_came_after_it(tmp_path: Path) -> None:
    desk = Process(tmp_path / "one")
    # Each mail is to be told by a letter, however many they are.
    desk.change(r"^# brakes:$", "brakes: {notifications_to_agent_10_minutes_max: 10000}")
    desk.start()
    load = Load(desk)
    load.start()
    wait_for(lambda: len(load.accepted) > 40, 60)
    before = list(load.accepted)
    backup = tmp_path / "backup"
    done = desk.type("backup", str(backup))
    assert done.returncode == 0, done.stderr
    wait_for(lambda: len(load.accepted) > len(before) + 40, 60)
    load.end()
    desk.wait_until_idle()
    wait_for(lambda: len(desk.letters(IVAN)) >= len(load.accepted), 180, what="all letters")
    last = desk.letters(IVAN)[-1]
    desk.kill()

    into_a_new_place(tmp_path, backup, before)
    over_what_is_left(desk, backup, load.accepted, last)


def into_a_new_place(tmp_path: Path, backup: Path, before: list[int]) -> None:
    other = Process(tmp_path / "two")
    done = other.type("restore", str(backup))
    assert done.returncode == 0, done.stdout + done.stderr
    other.start()
    other.wait_until_idle()
    report = other.ask("fsck", "--deep")
    assert report["problems"] == []
    handled = report["handled"]
    assert isinstance(handled, int) and handled >= len(before)
    other.kill()
    assert other.ask("status")["tickets"] == {"new": handled}


def over_what_is_left(
    desk: Process, backup: Path, accepted: list[int], last: EmailMessage
) -> None:
    """The database is lost, the files are newer than the backup: every mail is handled."""
    before = issued(desk)
    shutil.rmtree(desk.state / "mail")
    (desk.state / "mailtrack.db").write_bytes(b"scratched" * 5000)
    for part in ("-wal", "-shm"):
        (desk.state / f"mailtrack.db{part}").unlink(missing_ok=True)
    done = desk.type("restore", str(backup))
    assert done.returncode == 0, done.stdout + done.stderr
    desk.start()
    desk.wait_until_idle()
    assert desk.ask("status")["tickets"] == {"new": len(accepted)}
    wait_for(lambda: f"Question {accepted[-1]}" in issued(desk).values(), 60)
    after = issued(desk)
    for name in after.keys() & before.keys():
        assert after[name] == before[name], "a letter that waited leaves again, and no other"
    # The number in the lost letter's subject may be another ticket's by now: its token is not.
    desk.answer(last, f"Ivan <{IVAN}>", "This must reach nobody.")
    desk.wait_until_idle()
    customers = (one for one in (desk.state / "mail").iterdir() if "cara" in one.name)
    letters = (str(letter) for one in customers for letter in desk.letters(one.name))
    assert not any("must reach nobody" in letter for letter in letters)
    assert desk.ask("fsck", "--deep")["problems"] == []
    desk.kill()


@pytest.mark.slow
def test_a_desk_on_postgresql_is_backed_up_by_pg_dump(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    first, second = postgresql.new_database(), postgresql.new_database()
    desk = Process(tmp_path / "one", (r"^#? ?storage:.*", f"storage: {first}"))
    desk.start()
    desk.send(mail(1), "cara1@cust.example")
    desk.wait_for_letters(IVAN, 1)
    done = desk.type("backup", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    desk.kill()
    other = Process(tmp_path / "two", (r"^#? ?storage:.*", f"storage: {second}"))
    done = other.type("restore", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert other.ask("status")["tickets"] == {"new": 1}
