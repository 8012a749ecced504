"""`kill -9` at random moments: every mail that got its 250 is in exactly one place."""

import os
import random
import smtplib
import threading
from collections import Counter
from pathlib import Path

import pytest
from process import Process
from waiting import wait_for

SENDERS = 4
# The short form belongs to every run; `make torture` kills as often as a release has to stand.
MAILS, KILLS = (2000, 20) if os.environ.get("MAILTRACK_TORTURE") else (400, 6)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_mail_is_lost_or_doubled_by_killing_the_process(tmp_path: Path) -> None:
    desk = Process(tmp_path)
    desk.start()
    accepted: list[str] = []
    senders = [
        threading.Thread(target=send_all, args=(desk, sender, MAILS // SENDERS, accepted))
        for sender in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    chance = random.Random(20)
    for kill in range(KILLS):
        goal = (kill + chance.random()) * MAILS / (KILLS + 1)
        wait_for(lambda goal=goal: len(accepted) >= goal, 120, what="mails on their way in")
        desk.kill()
        desk.start()
    for sender in senders:
        sender.join()
    desk.wait_until_idle(120)
    assert len(accepted) == MAILS
    assert_in_exactly_one_place(desk, accepted)
    wait_for(lambda: nothing_waits(desk), 120, what="all letters leave")
    assert_letters_at_most_once_more(desk, KILLS)
    desk.kill()


def send_all(desk: Process, sender: int, count: int, accepted: list[str]) -> None:
    """One sender that tries each mail until it gets its 250, as mail servers do."""
    for number in range(count):
        message_id = f"<{sender}.{number}@cust.example>"
        address = f"cara{sender}.{number}@cust.example"
        raw = (
            f"From: Cara <{address}>\r\nTo: support@help.example\r\n"
            f"Message-ID: {message_id}\r\n"
            f"Subject: Question {sender} {number}\r\n\r\nPlease.\r\n"
        ).encode()
        wait_for(lambda r=raw, a=address: is_taken(desk, r, a), 120, what=message_id)
        accepted.append(message_id)


def is_taken(desk: Process, raw: bytes, sender: str) -> bool:
    try:
        desk.send(raw, sender)
    except (OSError, smtplib.SMTPException):
        return False
    return True


def nothing_waits(desk: Process) -> bool:
    letters = desk.ask("status")["letters"]
    assert isinstance(letters, dict)
    return letters["waiting"] == 0 and letters["claimed"] == 0


def assert_in_exactly_one_place(desk: Process, accepted: list[str]) -> None:
    assert desk.ask("fsck")["problems"] == []
    subjects = Counter(
        str(letter["subject"]).partition("] ")[2]
        for folder in (desk.state / "mail").iterdir()
        if folder.name == "ivan@help.example"
        for letter in desk.letters(folder.name)
    )
    status = desk.ask("status")
    tickets, handled = status["tickets"], status["mails"]
    assert isinstance(tickets, dict) and isinstance(handled, dict)
    # A mail that was stored but whose 250 was lost comes again: one ticket, one duplicate.
    assert tickets == {"new": len(accepted)}
    assert handled["ticket"] == len(accepted)
    assert set(handled) <= {"ticket", "duplicate"}
    assert len(subjects) == len(accepted)


def assert_letters_at_most_once_more(desk: Process, kills: int) -> None:
    ids = Counter(str(letter["message-id"]) for letter in desk.letters("ivan@help.example"))
    assert sum(count - 1 for count in ids.values()) <= kills
