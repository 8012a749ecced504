"""Faults of security.md section 8, done to the real process: killed, starved, locked out."""

import contextlib
import os
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from process import MAILTRACK, Process
from waiting import wait_for

from mailtrack.store.database import Database
from mailtrack.store.schema import SCRIPTS
from mailtrack.store.upgrade import to_newest

pytestmark = pytest.mark.slow

IVAN = "ivan@help.example"
CRASHING = str(Path(__file__).with_name("crashing.py"))
SPOOLING = "mailtrack.intake.spooldisk:SpoolDisk."
LARGE = "So it went on.\r\n" * 10_000  # the daemon's threads write it, not its process
SPOOL = "mailtrack.intake.spool:Spool."
LEDGER = "mailtrack.store.ledger:"
# Where the desk dies, and whether its client had the 250 by then.
POINTS = {
    "f1 while the mail is written": SPOOLING + "_write:before",
    "f2 written, not synced": SPOOLING + "_write:after",
    "f3 synced, not renamed": SPOOLING + "_publish:before",
    "f4 renamed, folder not synced": SPOOLING + "_sync_folder:before",
    "f5 on disk, before the 250": SPOOLING + "_publish:after",
    "f6 before it is taken": SPOOL + "attempt:before",
    "f7 while it is read": "mailtrack.reader:Reader.read:before",
    "f8 after the try was counted": SPOOL + "attempt:after",
    "f9 in the transaction, at its beginning": LEDGER + "_write_receipt:after",
    "f9 in the transaction, at its end": LEDGER + "apply:after",
    "f10 committed, before the move": SPOOL + "archive:before",
    "f11 moved, before the next step": SPOOL + "archive:after",
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path)
    yield made
    made.kill()


def mail(number: int, words: str = "Please.") -> bytes:
    return (
        f"From: Cara <cara{number}@cust.example>\r\nTo: support@help.example\r\n"
        "Date: Mon, 02 Mar 2026 10:00:00 +0000\r\n"
        f"Message-ID: <{number}@cust.example>\r\nSubject: Question {number}\r\n\r\n{words}\r\n"
    ).encode()


def is_taken(desk: Process, number: int, words: str = "Please.") -> bool:
    try:
        desk.send(mail(number, words), f"cara{number}@cust.example")
    except (OSError, smtplib.SMTPException):
        return False
    return True


def one_ticket_and_one_of_each_letter(desk: Process) -> None:
    desk.wait_until_idle()
    desk.wait_for_letters(IVAN, 1, seconds=60)
    desk.wait_for_letters("cara1@cust.example", 1, seconds=60)
    assert desk.ask("status")["tickets"] == {"new": 1}
    ids = Counter(str(letter["message-id"]) for letter in desk.letters(IVAN))
    assert list(ids.values()) == [1]
    assert desk.ask("fsck", "--deep")["problems"] == []


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
def test_f1_to_f11_killed_at_this_point_a_mail_is_one_ticket(desk: Process, point: str) -> None:
    killed_at_this_point_a_mail_is_one_ticket(desk, point)


SPOOLING_POINTS = {name: at for name, at in POINTS.items() if at.startswith(SPOOLING)}


@pytest.mark.parametrize("point", SPOOLING_POINTS.values(), ids=SPOOLING_POINTS.keys())
def test_f1_to_f5_the_same_for_a_mail_that_goes_to_disk_in_pieces(
    desk: Process, point: str
) -> None:
    killed_at_this_point_a_mail_is_one_ticket(desk, point, LARGE)


def killed_at_this_point_a_mail_is_one_ticket(
    desk: Process, point: str, words: str = "Please."
) -> None:
    desk.command = (sys.executable, CRASHING, point)
    desk.start()
    was_taken = is_taken(desk, 1, words)
    wait_for(lambda: not desk.is_alive, 60, what="the desk dies")
    desk.kill()
    desk.command = MAILTRACK
    desk.start()
    if not was_taken:
        wait_for(lambda: is_taken(desk, 1, words), 60, what="the sender comes again")
    one_ticket_and_one_of_each_letter(desk)


def writer_of(desk: Process) -> psutil.Process:
    """The process that writes for the desk."""
    children = psutil.Process(desk.pid).children()
    (writer,) = [one for one in children if any("spoolchild" in w for w in one.cmdline())]
    return writer


def test_a_writer_that_is_killed_under_load_is_missed_by_nobody(desk: Process) -> None:
    desk.start()
    writer, mails = writer_of(desk), 120
    taken: list[int] = []

    def bring(number: int) -> None:
        wait_for(lambda: is_taken(desk, number), 60, what="it is taken")
        taken.append(number)

    with ThreadPoolExecutor(8) as senders:
        brought = [senders.submit(bring, number) for number in range(mails)]
        wait_for(lambda: len(taken) >= mails // 4, 60, what="mail comes in")
        writer.kill()
        for one in brought:
            one.result()
    desk.wait_until_idle(90)
    assert desk.ask("status")["tickets"] == {"new": mails}
    assert desk.ask("fsck", "--deep")["problems"] == []
    assert "spool_process_ended" in desk.log()
    assert "Traceback" not in desk.log()


@pytest.mark.parametrize(
    ("point", "is_moved"),
    [("pathlib:Path.rename:before", False), (SPOOL + "attempts_end:before", True)],
    ids=["its reason is written, it is not moved", "it is moved"],
)
def test_f12_killed_while_a_mail_is_set_apart(
    desk: Process, point: str, is_moved: bool
) -> None:
    desk.command = (sys.executable, CRASHING, point)
    desk.start()
    desk.kill()
    delivered = subprocess.run(
        (*MAILTRACK, "deliver", "--config", str(desk.config), "--rcpt", "support@help.example"),
        input=mail(1),
        check=False,
    )
    assert delivered.returncode == 0, "the pipe needs no daemon"
    (file,) = (desk.state / "spool" / "new").iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    desk.start(is_waited_for=False)
    wait_for(lambda: not desk.is_alive, 60, what="the desk dies")
    desk.kill()
    apart = desk.state / "spool" / "quarantine"
    assert (apart / f"{file.name}.reason").exists()
    assert (file.exists(), (apart / f"{file.name}.eml").exists()) == (not is_moved, is_moved)
    desk.command = MAILTRACK
    desk.start()
    desk.wait_until_idle()
    assert [path.stem for path in (desk.state / "spool/quarantine").glob("*.eml")] == [
        file.name
    ]
    assert desk.ask("fsck")["problems"] == []


# Starved and locked out.


def test_f22_a_database_locked_by_another_process_delays_tickets_and_no_mail(
    desk: Process,
) -> None:
    desk.start()
    with closing(sqlite3.connect(desk.state / "mailtrack.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert is_taken(desk, 1), "accepting needs no database"
        wait_for(lambda: "batch_deferred" in desk.log(), 90, what="the clerk waits")
        assert desk.log().count("Traceback") == 0
        assert desk.is_alive
        other.execute("ROLLBACK")
    one_ticket_and_one_of_each_letter(desk)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_f20_a_full_disk_under_the_database(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(disk)), check=True
    )
    try:
        starved(tmp_path, disk)
    finally:
        subprocess.run(("umount", "-l", str(disk)), check=True)


def starved(tmp_path: Path, disk: Path) -> None:
    desk = Process(
        tmp_path / "desk", (r"^#? ?storage: .*", f"storage: sqlite:///{disk}/desk.db")
    )
    desk.start()
    ballast = disk / "ballast"
    try:
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:  # until the disk is full
                file.write(b"x" * 4096)
                file.flush()
        assert is_taken(desk, 1), "the spool is on another disk"
        wait_for(lambda: "batch_deferred" in desk.log(), 60, what="the clerk waits")
        assert desk.is_alive
        ballast.unlink()
        one_ticket_and_one_of_each_letter(desk)
        assert "Traceback" not in desk.log()
    finally:
        desk.kill()


@pytest.fixture
def failing_disk(tmp_path: Path) -> Iterator["FailingDisk"]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk that turns read-only")
    try:
        made = FailingDisk(tmp_path / "disk.img", tmp_path / "disk")
        made.mount()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there is no loop device or no ext4 here to make a disk of")
    yield made
    made.unmount()


class FailingDisk:
    """An ext4 of its own. After an error the kernel makes it read-only, open files or not.

    Nobody may ask for that by `mount` while a database is open there: it would be refused.
    """

    def __init__(self, image: Path, folder: Path) -> None:
        self.image, self.folder = image, folder
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(32 * 1024**2)
        subprocess.run(("mkfs.ext4", "-q", "-F", str(image)), check=True)

    def mount(self) -> None:
        options = ("-o", "loop,errors=remount-ro")
        subprocess.run(("mount", *options, str(self.image), str(self.folder)), check=True)

    def unmount(self) -> None:
        subprocess.run(("umount", str(self.folder)), check=True)

    def fail(self) -> None:
        find = ("findmnt", "-no", "SOURCE", str(self.folder))
        device = subprocess.run(find, check=True, capture_output=True, text=True).stdout
        trigger = Path("/sys/fs/ext4", Path(device.strip()).name, "trigger_fs_error")
        trigger.write_text("a test\n")
        with pytest.raises(OSError, match="Read-only"):
            (self.folder / "probe").write_text("?")

    def mend(self) -> None:
        self.unmount()
        subprocess.run(("e2fsck", "-fy", str(self.image)), check=False, capture_output=True)
        self.mount()


def test_f22_a_disk_that_turns_read_only_delays_tickets_and_no_mail(
    tmp_path: Path, failing_disk: FailingDisk
) -> None:
    storage = f"storage: sqlite:///{failing_disk.folder}/desk.db"
    desk = Process(tmp_path / "desk", (r"^#? ?storage: .*", storage))
    try:
        desk.start()
        assert is_taken(desk, 1)
        one_ticket_and_one_of_each_letter(desk)
        failing_disk.fail()
        assert is_taken(desk, 2), "the spool is on another disk"
        wait_for(lambda: desk.log().count("batch_deferred") > 1, 90, what="the clerk waits")
        assert desk.is_alive
        assert is_taken(desk, 3)
        assert "Traceback" not in desk.log()
        desk.kill()
        failing_disk.mend()
        desk.start()
        desk.wait_until_idle(90)
        assert desk.ask("status")["tickets"] == {"new": 3}
        assert desk.ask("fsck", "--deep")["problems"] == []
    finally:
        desk.kill()


# Damage.


def test_f24_a_desk_with_a_broken_database_says_so_and_does_not_run(desk: Process) -> None:
    desk.start()
    assert is_taken(desk, 1)
    desk.wait_for_letters(IVAN, 1, seconds=60)
    desk.stop()
    file = desk.state / "mailtrack.db"
    content = bytearray(file.read_bytes())
    for page in range(4, len(content) // 4096, 2):
        content[page * 4096 : page * 4096 + 256] = b"\xa5" * 256
    file.write_bytes(content)
    done = desk.type("serve")
    assert done.returncode == 69
    assert "restore the last backup" in done.stderr
    assert "Traceback" not in done.stderr


def test_f24_a_database_that_breaks_under_the_desk_stops_it_and_condemns_no_mail(
    desk: Process,
) -> None:
    desk.start()
    with (desk.state / "mailtrack.db").open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(b"\xa5" * size)
    (desk.state / "mailtrack.db-wal").write_bytes(b"")
    was_taken = is_taken(desk, 1)  # or the clock has found the damage first
    wait_for(lambda: not desk.is_alive, 60, what="the desk stops")
    assert "the database is damaged" in desk.log()
    assert list((desk.state / "spool/quarantine").iterdir()) == []
    # What was decided before the damage was found lies in the archive: restore handles it.
    kept = [*(desk.state / "spool/new").iterdir(), *(desk.state / "archive").rglob("*.eml")]
    assert len(kept) == was_taken


def subjects_of(desk: Process) -> str:
    return "; ".join(str(letter["subject"]) for letter in desk.letters(IVAN))


# The clock, a second desk, hostile mail.


def test_f30_a_clock_that_jumps_brings_no_storm_and_no_second_letter(desk: Process) -> None:
    desk.start()
    assert is_taken(desk, 1)
    desk.wait_for_letters(IVAN, 1, seconds=60)
    year = 366 * 24 * 3600
    for seconds in (year, -3600, 0):
        desk.move_clock(seconds)
        number = len(desk.letters(IVAN)) + 1
        assert is_taken(desk, 100 + number)
        wait_for(lambda n=number: f"Question {100 + n}" in subjects_of(desk), 60)
    reminders = [one for one in desk.letters(IVAN) if "Question" not in str(one["subject"])]
    assert len(reminders) <= 1, "all that fell due is one mail"
    assert desk.ask("fsck")["problems"] == []


def test_f31_the_same_mail_fifty_times_is_one_ticket_and_one_acknowledgement(
    desk: Process,
) -> None:
    desk.start()
    for _ in range(45):
        assert is_taken(desk, 1)
    for hop in range(3):
        raw = f"Received: from relay{hop} by mx; Mon, 2 Mar 2026 10:00:00 +0000\r\n".encode()
        desk.send(raw + mail(1), "cara1@cust.example")
    desk.send(mail(1), "cara1@cust.example", "support@help.example", "billing@help.example")
    words = ("deliver", "--config", str(desk.config), "--rcpt", "billing@help.example")
    assert subprocess.run((*MAILTRACK, *words), input=mail(1), check=False).returncode == 0
    desk.wait_until_idle()
    one_ticket_and_one_of_each_letter(desk)
    assert len(desk.letters("cara1@cust.example")) == 1
    mails = desk.ask("status")["mails"]
    assert mails == {"ticket": 1, "duplicate": 49}


def test_f32_a_second_desk_on_one_spool_refuses(desk: Process) -> None:
    desk.start()
    done = desk.type("serve")
    assert done.returncode == 69
    assert "another mailtrack" in done.stderr and "stop it first" in done.stderr
    assert is_taken(desk, 1), "the first goes on"
    one_ticket_and_one_of_each_letter(desk)


def workers_of(desk: Process) -> list[int]:
    found = subprocess.run(
        ("pgrep", "-g", str(desk.pid), "-f", "spawn_main"), capture_output=True, check=False
    )
    return [int(one) for one in found.stdout.split()]


def test_f33_a_stopped_reader_holds_up_nobody(desk: Process) -> None:
    desk.change(r"^# reader:$", "reader: {seconds_max: 5}")
    desk.start()
    heavy = mail(7, "hello world\r\n" * 20_000)
    desk.send(heavy, "cara7@cust.example")
    for pid in wait_for(lambda: workers_of(desk), 30, what="a reader"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    desk.send(mail(8, "hello again\r\n" * 20_000), "cara8@cust.example")
    assert is_taken(desk, 1)
    desk.wait_for_letters("cara1@cust.example", 1, seconds=20)
    desk.wait_until_idle(90)
    assert sum(desk.ask("status")["mails"].values()) == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("point", "is_old"),
    [("upgrade:to_newest", True), ("schema:_is_made_anew", False)],
    ids=["an old database", "a new one"],
)
def test_f37_a_migration_killed_midway_goes_back_and_is_done_again(
    desk: Process, tmp_path: Path, point: str, is_old: bool
) -> None:
    if is_old:
        make_old_database(desk.state, tmp_path / "scripts")
    desk.command = (sys.executable, CRASHING, f"mailtrack.store.{point}:after")
    desk.start(is_waited_for=False)
    wait_for(lambda: not desk.is_alive, 60, what="the desk dies")
    desk.kill()
    desk.command = MAILTRACK
    desk.start()
    assert is_taken(desk, 1)
    one_ticket_and_one_of_each_letter(desk)


def make_old_database(state: Path, scripts: Path) -> None:
    """As a desk of the first release left it: made by the first script alone."""
    shutil.copytree(SCRIPTS, scripts)
    for script in (scripts / "versions").glob("[0-9]*.py"):
        if not script.name.startswith("0001"):
            script.unlink()
    state.mkdir(mode=0o700)
    database = Database(f"sqlite:///{state / 'mailtrack.db'}")
    with database.transaction() as session:
        to_newest(session.connection(), scripts)
    database.close()
