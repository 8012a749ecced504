"""The real process dies or starves between the first byte of a mail and its 250.

Whoever got no 250 tries again; in the end there is one ticket for each mail, whatever happened.
"""

import contextlib
import os
import smtplib
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty import STEPS
from process import DESK, Process
from waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CARA = "cara@cust.example"
MAIL = (
    f"From: Cara <{CARA}>\r\nTo: {DESK}\r\nSubject: Printer on fire\r\n"
    "Message-ID: <once@cust.example>\r\n\r\nIt burns.\r\n"
).encode()
FAULTY = Path(__file__).parent / "faulty.py"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    yield process
    process.kill()


def in_a_world_that(step: str, fault: str) -> tuple[str, ...]:
    return (sys.executable, str(FAULTY), step, fault)


def is_refused(desk: Process) -> bool:
    """Whether the client hears no 250 for the mail."""
    try:
        desk.send(MAIL, CARA)
    except (OSError, smtplib.SMTPException):
        return True
    return False


def assert_one_ticket_after_another_try(desk: Process) -> None:
    """Start again, try again as a mail server does: one ticket, one acknowledgement."""
    desk.kill()
    desk.start()
    desk.send(MAIL, CARA)
    desk.wait_until_idle()
    desk.wait_for_letters(CARA, 1, seconds=60)
    assert desk.ask("status")["tickets"] == {"new": 1}
    assert desk.ask("fsck")["problems"] == []
    assert list((desk.state / "spool" / "tmp").iterdir()) == []
    assert len(desk.letters(CARA)) == 1


def test_f1_killed_within_a_mail_it_has_taken_nothing(desk: Process) -> None:
    desk.start()
    with smtplib.SMTP("127.0.0.1", desk.port) as client:
        client.ehlo()
        client.mail(CARA)
        client.rcpt(DESK)
        assert client.docmd("DATA")[0] == 354
        client.send(b"Subject: large\r\n" + b"x" * 2_000_000)
        tmp = desk.state / "spool" / "tmp"
        wait_for(lambda: any(tmp.iterdir()), 60, what="the beginning is in a draft")
        desk.kill()
        with contextlib.suppress(smtplib.SMTPServerDisconnected):
            assert client.getreply()[0] == -1
            client.close()
    assert not any((desk.state / "spool" / "new").iterdir())
    assert_one_ticket_after_another_try(desk)


@pytest.mark.parametrize("step", STEPS)
def test_f2_to_f5_killed_before_the_answer_it_has_promised_nothing(
    desk: Process, step: str
) -> None:
    desk.start(program=in_a_world_that(step, "kill"))
    assert is_refused(desk)
    wait_for(lambda: not desk.is_alive, 60, what="it is dead")
    assert_one_ticket_after_another_try(desk)


def test_f6_killed_after_the_answer_it_works_the_mail_off_at_its_next_start(
    desk: Process,
) -> None:
    desk.start()
    # Another process has the database: nothing can be decided, and all is taken.
    with contextlib.closing(sqlite3.connect(desk.state / "mailtrack.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        desk.send(MAIL, CARA)
        desk.kill()
        other.rollback()
    desk.start()
    desk.wait_for_letters(CARA, 1, seconds=60)
    assert desk.ask("status")["tickets"] == {"new": 1}


def test_f2_the_pipe_dies_too_and_the_mail_server_tries_again(desk: Process) -> None:
    words = ("deliver", "--rcpt", DESK, "--from", CARA, "--config", str(desk.config))
    for step in STEPS:
        done = subprocess.run(
            (*in_a_world_that(step, "kill"), *words), input=MAIL, check=False, timeout=60
        )
        assert done.returncode != os.EX_OK
    assert_one_ticket_after_another_try(desk)


@pytest.mark.parametrize("step", ["before-written", "before-named"])
def test_f21_after_a_failed_sync_nothing_is_taken_until_a_restart(
    desk: Process, step: str
) -> None:
    desk.start(program=in_a_world_that(step, "EIO"))
    assert is_refused(desk)
    assert is_refused(desk), "the disk is well again, but who knows what it kept"
    assert "spool_broken" in desk.log()
    assert_one_ticket_after_another_try(desk)


def test_a102_a_fault_of_ours_is_451_without_a_word_and_the_next_try_gets_in(
    desk: Process,
) -> None:
    desk.start(program=in_a_world_that("before-written", "bug"))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        desk.send(MAIL, CARA)
    assert refused.value.smtp_code == 451
    assert b"hunter2" not in refused.value.smtp_error
    desk.send(MAIL, CARA)
    desk.wait_for_letters(CARA, 1, seconds=60)
    assert desk.ask("status")["tickets"] == {"new": 1}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder))
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(("umount", "-l", str(folder)), check=True)


def test_f20_a115_a_full_disk_puts_off_and_takes_again_when_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    desk = Process(tmp_path, (r"^  # limits:", "  limits: {free_disk_min: 1MB}"))
    desk.change(r"^state: .*", f"state: {small_disk}/state")
    desk.state = small_disk / "state"
    desk.start()
    try:
        ballast = small_disk / "ballast"
        free = os.statvfs(small_disk)
        ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - 8_000_000))
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            desk.send(MAIL + b"y" * 76 + (b"x" * 76 + b"\r\n") * 150_000, CARA)
        assert refused.value.smtp_code == 452
        assert b"4.3.1" in refused.value.smtp_error
        assert list((desk.state / "spool" / "tmp").iterdir()) == []
        assert desk.is_alive
        ballast.unlink()
        wait_for(lambda: not is_refused(desk), 60, what="it takes mail again by itself")
        desk.wait_for_letters(CARA, 1, seconds=60)
    finally:
        desk.kill()


def test_f38_two_hundred_slow_clients_do_not_keep_a_good_sender_out(desk: Process) -> None:
    desk.start()
    stop = threading.Event()
    crowd = [socket.socket() for _ in range(200)]

    def dribble() -> None:
        while not stop.wait(0.5):
            for one in crowd:
                with contextlib.suppress(OSError):
                    one.send(b"x")

    for one in crowd:
        one.settimeout(30)
        one.connect(("127.0.0.1", desk.port))
    slow = threading.Thread(target=dribble)
    slow.start()
    try:
        wait_for(lambda: not is_refused(desk), 60, what="a good sender gets in")
    finally:
        stop.set()
        slow.join()
        for one in crowd:
            one.close()
    desk.wait_for_letters(CARA, 1, seconds=60)
