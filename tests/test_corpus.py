"""Every mail of the corpus through one running daemon: each 250 in exactly one end state."""

import json
import smtplib
from pathlib import Path

import pytest
from process import Process
from waiting import wait_for

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus"
MACHINES = {
    "auto_reply", "bounce", "feedback", "receipt", "challenge", "delivery_report",
    "delivery_delay",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_mails_of_the_corpus_end_in_exactly_one_state(tmp_path: Path) -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus of real mails is not at {CORPUS}")
    mails = sorted(CORPUS.glob("*/*.eml"))
    desk = Process(tmp_path)
    desk.start()
    answers = [hand_over(desk, file.read_bytes(), number) for number, file in enumerate(mails)]
    assert len(answers) == len(mails)
    taken = sum(answer == 250 for answer in answers)
    assert all(answer == 250 or 500 <= answer < 600 for answer in answers)
    desk.wait_until_idle(180)
    assert desk.is_alive
    status = desk.ask("status")
    assert status["mails_handled"] == taken
    fsck = desk.ask("fsck")
    assert fsck["problems"] == [] and fsck["handled"] == taken
    wait_for(lambda: not letters_waiting(desk), 60, what="all letters leave")
    answered = {folder.name for folder in (desk.state / "mail").iterdir()}
    machines = [number for number, file in enumerate(mails) if is_machine(file)]
    assert not [n for n in machines if f"sender{n}@corpus.example" in answered]
    desk.kill()


def hand_over(desk: Process, raw: bytes, number: int) -> int:
    try:
        desk.send(raw, f"sender{number}@corpus.example")
    except smtplib.SMTPDataError as error:
        return error.smtp_code
    return 250


def letters_waiting(desk: Process) -> bool:
    letters = desk.ask("status")["letters"]
    assert isinstance(letters, dict)
    return bool(letters["waiting"] or letters["claimed"])


def is_machine(file: Path) -> bool:
    entry = json.loads((file.parent / "expected.json").read_text("utf-8")).get(file.stem, {})
    return bool(entry.get("kind")) and set(entry["kind"]) <= MACHINES
