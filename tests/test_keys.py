"""Keys in the real process: turned while it runs, and no oracle at its door."""

import json
import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from process import Process
from waiting import wait_for

CARA = "Cara Smith <cara@cust.example>"
pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def token_of(letter: EmailMessage) -> str:
    return str(letter["reply-to"].addresses[0].username).partition("+")[2]


def test_a61_keys_are_turned_without_a_restart_and_old_letters_are_answered(
    desk: Process,
) -> None:
    desk.write(CARA, "Printer", "It burns.")
    first = desk.wait_for_letters("cara@cust.example", 1)
    added = desk.type("keys", "add")
    assert added.returncode == 0, added.stderr
    desk.hang_up()
    wait_for(lambda: "keys_changed" in desk.log(), 20)
    desk.answer(first, CARA, "Still.")
    notified = desk.wait_for_letters("ivan@help.example", 2, seconds=20)
    assert "[#1]" in str(notified["subject"])
    desk.write("Bob <bob@cust.example>", "Invoice", "Where is it?")
    second = desk.wait_for_letters("bob@cust.example", 1, seconds=20)
    assert [token_of(one)[1] for one in (first, second)] == ["a", "b"]
    retired = desk.type("keys", "retire", "a")
    assert retired.returncode == 0, retired.stderr
    desk.hang_up()
    wait_for(lambda: desk.log().count("keys_changed") == 2, 20)
    desk.answer(first, CARA, "And still.")
    wait_for(lambda: len(desk.letters("ivan@help.example")) == 4, 20)
    assert "[#1]" in str(desk.letters("ivan@help.example")[-1]["subject"])
    listed = json.loads(desk.type("keys", "--json").stdout)
    assert [(one["letter"], one["signs"]) for one in listed["keys"]] == [("b", True)]
    file = desk.state / "token-keys"
    file.chmod(0o644)
    refused = desk.type("keys", "add")
    assert refused.returncode == 78
    assert "chmod 0600" in refused.stderr


def test_a105_good_and_bad_tokens_and_curious_verbs_are_answered_alike(desk: Process) -> None:
    desk.write(CARA, "Printer", "It burns.")
    good = token_of(desk.wait_for_letters("cara@cust.example", 1))
    bad = good[:-1] + ("b" if good[-1] != "b" else "c")
    answers = []
    for number, token in enumerate((good, bad, good[:-1], "nothing", good.upper())):
        address = f"support+{token}@help.example"
        with smtplib.SMTP("127.0.0.1", desk.port, local_hostname="client.example") as smtp:
            smtp.ehlo()
            said = [smtp.verify(address)[0], smtp.docmd("EXPN", address)[0]]
            said += [smtp.mail("cara@cust.example"), smtp.rcpt(address)]
            mail = f"From: {CARA}\r\nTo: {address}\r\nSubject: {number}\r\n\r\n{number}\r\n"
            said.append(smtp.data(mail.encode()))
            answers.append(said)
    shown = [re.sub(r"Accepted as \S+'", "", str(one)) for one in answers]
    assert shown[1:] == shown[:1] * 4
    assert [one[-1][0] for one in answers] == [250] * 5
