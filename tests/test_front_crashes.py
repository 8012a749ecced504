"""Killed when a mail is on disk and nobody has been told: each way in brings it once.

The real process dies by SIGKILL before its answer. Whoever heard none comes again with the same
mail, as its protocol has it: the mail server by LMTP, the caller of the pipe. By SMTP it is F5
of ``test_faults``, with a mailbox F18 of ``test_daemon_by_imap``.
"""

import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from intake.imap.mailbox import mail
from process import DESK, MAILTRACK, Process
from waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CRASHING = str(Path(__file__).with_name("crashing.py"))
ON_DISK = "mailtrack.intake.spooldisk:SpoolDisk._publish:after"
DANA = "dana@client.example"
BILLING = "billing@help.example"
MAIL = mail("Printer on fire")


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def make(*changes: tuple[str, str]) -> Process:
        desk = Process(tmp_path, *changes)
        desk.command = (sys.executable, CRASHING, ON_DISK)
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.kill()


def assert_it_lies_in_the_spool_and_is_started_again(desk: Process) -> None:
    wait_for(lambda: not desk.is_alive, 60, what="the desk dies")
    desk.kill()
    assert len([*(desk.state / "spool" / "new").iterdir()]) == 1
    desk.command = MAILTRACK
    desk.start()


def assert_one_ticket(desk: Process, *, mails: int) -> None:
    wait_for(lambda: desk.ask("status")["mails_handled"] == mails, 60)
    assert desk.ask("status")["mails"] == {"ticket": 1, "duplicate": mails - 1}
    desk.wait_for_letters(DANA, 1, seconds=60)
    assert len(desk.letters(DANA)) == 1
    assert desk.ask("fsck")["problems"] == []


def test_f5_killed_before_its_answers_by_lmtp_a_mail_to_two_is_one_ticket(
    make_desk: Callable[..., Process], tmp_path: Path
) -> None:
    path = tmp_path / "lmtp.sock"
    desk = make_desk((r"^  # lmtp: .*", f'  lmtp: {{listen: "unix:{path}"}}'))
    desk.start()

    def hand_over() -> list[int]:
        """An answer for each recipient; raises if there is none for somebody."""
        with smtplib.LMTP(str(path), timeout=60) as client:
            client.ehlo()
            client.mail(DANA)
            assert [client.rcpt(to)[0] for to in (DESK, BILLING)] == [250, 250]
            return [client.data(MAIL)[0], client.getreply()[0]]

    with pytest.raises((OSError, smtplib.SMTPException)):
        hand_over()
    assert_it_lies_in_the_spool_and_is_started_again(desk)
    assert hand_over() == [250, 250]
    assert_one_ticket(desk, mails=2)


def test_f5_killed_before_its_exit_code_the_pipe_is_called_again(
    make_desk: Callable[..., Process],
) -> None:
    desk = make_desk()
    words = ("deliver", "--config", str(desk.config), "--rcpt", DESK, "--from", DANA)
    crashing = (sys.executable, CRASHING, "mailtrack.intake.spool:Spool.put_now:after")
    killed = subprocess.run(
        (*crashing, *words), input=MAIL, check=False, start_new_session=True
    )
    assert killed.returncode == -9
    assert_it_lies_in_the_spool_and_is_started_again(desk)
    assert subprocess.run((*MAILTRACK, *words), input=MAIL, check=False).returncode == 0
    assert_one_ticket(desk, mails=2)
