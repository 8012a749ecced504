"""The whole loop in the real process, over real sockets: a chosen handful of conversations."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from process import Process, text_of
from servers.neomutt import Neomutt
from waiting import wait_for

CARA = "Cara Smith <cara@cust.example>"
IVAN = "Ivan Petrenko <ivan@help.example>"
OLGA = "Olga Kovalenko <olga@help.example>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def test_a_first_mail_is_acknowledged_and_notified_within_two_seconds(desk: Process) -> None:
    desk.write(CARA, "Printer on fire", "It burns.")
    acknowledged = desk.wait_for_letters("cara@cust.example", 1, seconds=2)
    notified = desk.wait_for_letters("ivan@help.example", 1, seconds=2)
    assert acknowledged["subject"] == "[#1] Printer on fire"
    assert "It burns." in text_of(notified)
    assert text_of(notified).splitlines()[1].startswith("Your reply goes to Cara Smith")


def test_a_whole_conversation_answered_with_neomutt(
    desk: Process, neomutt: Callable[..., Neomutt]
) -> None:
    desk.write(CARA, "Printer on fire", "It burns.", Message_ID="<first@cust.example>")
    desk.wait_for_letters("ivan@help.example", 1)
    desk.wait_for_letters("cara@cust.example", 1)
    ivan = neomutt("ivan@help.example", smtp_port=desk.port)
    ivan.reply(
        str(desk.maildir("ivan@help.example")),
        "Please pull the plug.\n\nIvan",
        add_to_subject=" [close]",
    )
    answer = desk.wait_for_letters("cara@cust.example", 2)
    assert_is_plain_to_a_customer(answer.as_bytes())
    assert "Please pull the plug." in text_of(answer)
    assert "It burns" not in text_of(answer)

    desk.answer(answer, CARA, "It burns again!")
    reopened = desk.wait_for_letters("ivan@help.example", 2)
    assert "the ticket is open again" in text_of(reopened)

    desk.answer(reopened, IVAN, "Could you go there, Olga?", adds="[assign:olga] [note]")
    assigned = desk.wait_for_letters("olga@help.example", 2)
    assert "Could you go there" in text_of(assigned)
    assert len(desk.letters("cara@cust.example")) == 2, "a note never reaches the customer"

    desk.answer(assigned, OLGA, "", adds="[close]")
    closed = desk.wait_for_letters("cara@cust.example", 3)
    assert_is_plain_to_a_customer(closed.as_bytes())
    wait_for(lambda: desk.ask("status")["tickets"] == {"closed": 1})
    assert desk.ask("fsck")["problems"] == []


def assert_is_plain_to_a_customer(raw: bytes) -> None:
    """No token of an agent, no command, no note, no internal header: in the bytes (S59)."""
    text = raw.decode("utf-8", "replace").casefold()
    # The one mark of ours that everybody gets: it says which desk wrote, so that no loop lives.
    text = text.replace("x-mailtrack-loop: ", "", 1)
    for inside in ("[close]", "[note]", "x-mailtrack", "could you go", "please write your"):
        assert inside not in text
    assert "ivan@help.example" not in text and "olga@help.example" not in text


@pytest.mark.slow
def test_reminders_come_by_a_moved_clock_and_a_restart_doubles_none(desk: Process) -> None:
    desk.write(CARA, "Slow printer", "It is slow.")
    desk.wait_for_letters("ivan@help.example", 1)
    desk.move_clock(seconds_to_a_wednesday())
    reminded = wait_for(lambda: reminders(desk), 20, what="a reminder of the breach")
    desk.stop()
    desk.start()
    desk.write(CARA, "Another", "Something else.")
    desk.wait_for_letters("cara@cust.example", 2, seconds=20)
    assert len(reminders(desk)) == len(reminded), "a restart tells nothing twice"


def seconds_to_a_wednesday() -> float:
    """From now to eleven o'clock of a working day in the office, two weeks ahead."""
    now = datetime.now(ZoneInfo("Europe/Kyiv"))
    day = now + timedelta(days=14 + (2 - now.weekday()) % 7)
    return (day.replace(hour=11, minute=0) - now).total_seconds()


def reminders(desk: Process) -> list[str]:
    return [
        str(one["subject"])
        for one in desk.letters("ivan@help.example")
        if "#1" in text_of(one) and "wrote" not in text_of(one)
    ]


@pytest.mark.slow
def test_changed_rules_are_taken_up_and_broken_ones_told_to_the_admin(desk: Process) -> None:
    rules = desk.config / "rules.yaml"
    rules.write_text("rules:\n\t- broken\n", "utf-8")
    desk.hang_up()
    told = desk.wait_for_letters("ada@help.example", 1)
    assert "rules.yaml:2:1" in text_of(told)
    rules.write_text(
        "rules:\n  - name: fires\n    when: {subject: fire}\n    then: {priority: urgent}\n",
        "utf-8",
    )
    desk.hang_up()
    wait_for(lambda: "config_reloaded" in desk.log())
    desk.write(CARA, "Printer on fire", "It burns.")
    notified = desk.wait_for_letters("ivan@help.example", 1)
    assert notified["x-mailtrack-priority"] == "urgent"
    assert "restart_needed" not in desk.log()
    with (desk.config / "mailtrack.yaml").open("a") as file:
        file.write("reader: {workers: 3}\n")
    desk.hang_up()
    wait_for(lambda: "restart_needed" in desk.log())


def test_a_second_desk_on_the_same_spool_refuses(desk: Process, tmp_path: Path) -> None:
    second = Process(tmp_path / "second")
    second.change(r"^state: .*", f"state: {desk.state}")
    with pytest.raises(AssertionError, match="another mailtrack"):
        second.start()


@pytest.mark.slow
def test_it_stops_as_systemd_asks_and_loses_nothing(desk: Process) -> None:
    for number in range(20):
        desk.write(CARA, f"Question {number}", "Please answer.")
    assert desk.stop() == 0
    desk.start()
    desk.wait_until_idle()
    assert desk.ask("status")["mails_handled"] == 20
