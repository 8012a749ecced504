"""Large mail costs disk and time, not memory."""

import base64
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from process import Process
from torture_relay import TortureRelay
from waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CLIENTS = 8
MEMORY_MB_MAX = 300
IVAN = "ivan@help.example"
# Mails of 24 MB, whose file goes into the letter to their agent, and of 25.9 MB, whose
# file is too large for one.
FILE_BYTES = (17_500_000, 18_900_000)


def mail(number: int, file_bytes: int) -> bytes:
    file = base64.encodebytes(os.urandom(file_bytes)).replace(b"\n", b"\r\n")
    return (
        f"From: Cara <cara{number}@cust.example>\r\nTo: support@help.example\r\n"
        f"Message-ID: <{number}.{file_bytes}@cust.example>\r\nSubject: Plan {number}\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        f"Content-Type: text/plain\r\n\r\nThis is plan {number}.\r\n--b\r\n"
        f'Content-Type: application/pdf; name="plan{number}.pdf"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode() + file + b"--b--\r\n"  # fmt: skip


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[TortureRelay]:
    made = TortureRelay(0, tmp_path / "letters")
    made.is_good = True
    made.begin()
    yield made
    made.end()


@pytest.fixture(params=["to Maildirs", "through a relay"])
def desk(
    tmp_path: Path, relay: TortureRelay, request: pytest.FixtureRequest
) -> Iterator[Process]:
    through = f"  smarthost: smtp://127.0.0.1:{relay.port}"
    is_relayed = request.param == "through a relay"
    made = Process(tmp_path, *([(r"^  smarthost: .*", through)] if is_relayed else []))
    yield made
    made.kill()


def letters_to_ivan(desk: Process) -> int:
    taken = (desk.folder / "letters").read_text().count(f" {IVAN} ")
    return taken or len(desk.letters(IVAN))


def most_memory_mb(desk: Process) -> float:
    """The most that the desk itself ever held."""
    status = Path(f"/proc/{desk.pid}/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) * 1024 / 1e6


def test_eight_clients_with_mails_of_25_mb_are_served_within_300_mb(desk: Process) -> None:
    desk.start()

    def bring(number: int) -> None:
        for file_bytes in FILE_BYTES:
            desk.send(mail(number, file_bytes), f"cara{number}@cust.example")

    with ThreadPoolExecutor(CLIENTS) as clients:
        for brought in [clients.submit(bring, number) for number in range(CLIENTS)]:
            brought.result()
    desk.wait_until_idle(300)
    mails = CLIENTS * len(FILE_BYTES)
    wait_for(lambda: letters_to_ivan(desk) == mails, 300, what="a letter for each")
    assert desk.ask("status")["quarantined"] == 0
    assert desk.ask("status")["mails_handled"] == mails
    assert most_memory_mb(desk) < MEMORY_MB_MAX
