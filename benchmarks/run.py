"""What the desk costs on this machine: `make bench`. Ratios of one run, never a test.

Start and help are whole processes; accepting and deciding are measured through the real one,
beside a stock aiosmtpd that stores nothing, in turns within the same run.
"""

import argparse
import os
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import psutil
from process import MAILTRACK, Process, free_port
from waiting import wait_for

from mailtrack.mail.parse import parse

BODY = "The printer on the third floor does not answer since yesterday.\r\n" * 20
NOOP = """
import asyncio, sys
from aiosmtpd.smtp import SMTP
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
async def main():
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(Sink(), hostname="x"), "127.0.0.1", int(sys.argv[1]))
    await asyncio.Event().wait()
asyncio.run(main())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    row("mailtrack --help", f"{median(time_help, 5) * 1000:.0f} ms")
    with tempfile.TemporaryDirectory(prefix="mailtrack-bench-") as folder:
        desk = Process(Path(folder))
        row("start to ready", f"{time_start(desk):.2f} s")
        row("memory, idle", f"{memory(desk.pid):.0f} MB")
        row("first 250 to both letters", f"{time_letters(desk) * 1000:.0f} ms")
        ours, theirs, worked = [], [], []
        for turn in range(asked.repeat):
            rate, done = ours_at(desk, asked.mails, asked.sessions, turn)
            ours.append(rate)
            worked.append(done)
            theirs.append(stock_at(asked.mails, asked.sessions))
        row("accepted and synced", f"{statistics.median(ours):.0f} mails/s")
        row("stock aiosmtpd, stores nothing", f"{statistics.median(theirs):.0f} mails/s")
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        row("ratio", f"{statistics.median(ratios):.2f} x")
        row("decided, letters sent to Maildirs", f"{statistics.median(worked):.0f} mails/s")
        row("memory, after load", f"{memory(desk.pid):.0f} MB")
        desk.kill()
    row("parse, 3 KB", f"{time_parse() * 1000:.2f} ms CPU")


def row(name: str, figure: str) -> None:
    print(f"{name + ':':36}{figure}", flush=True)


def median(measure, count: int) -> float:
    return statistics.median(measure() for _ in range(count))


def time_help() -> float:
    started = time.perf_counter()
    subprocess.run((*MAILTRACK, "--help"), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def time_start(desk: Process) -> float:
    desk.start()  # the first start also makes the keys and the database
    desk.stop()
    started = time.perf_counter()
    desk.start()
    return time.perf_counter() - started


def memory(pid: int) -> float:
    """MB, with the process that writes for it; readers come and go."""
    desk = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (desk, *desk.children())) / 1e6


def time_letters(desk: Process) -> float:
    desk.write("Cara <cara@cust.example>", "Printer on fire", "It burns.")
    started = time.perf_counter()
    desk.wait_for_letters("cara@cust.example", 1)
    desk.wait_for_letters("ivan@help.example", 1)
    return time.perf_counter() - started


def ours_at(desk: Process, mails: int, sessions: int, turn: int) -> tuple[float, float]:
    started = time.perf_counter()
    rate = load(desk.port, mails, sessions, turn)
    desk.wait_until_idle(600)
    return rate, mails / (time.perf_counter() - started)


def stock_at(mails: int, sessions: int) -> float:
    port = free_port()
    server = subprocess.Popen((sys.executable, "-c", NOOP, str(port)))
    try:
        wait_for(lambda: is_listening(port), 20)
        return load(port, mails, sessions, 0)
    finally:
        server.kill()
        server.wait()


def is_listening(port: int) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", port).close()
    except OSError:
        return False
    return True


def load(port: int, mails: int, sessions: int, turn: int) -> float:
    """Mails a second over so many reused sessions."""
    share = mails // sessions
    threads = [
        threading.Thread(target=send, args=(port, share, f"{turn}.{session}"))
        for session in range(sessions)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return share * sessions / (time.perf_counter() - started)


def send(port: int, count: int, name: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as smtp:
        for number in range(count):
            smtp.sendmail(
                f"c{name}.{number}@cust.example", "support@help.example", raw(name, number)
            )


def raw(name: str, number: int) -> bytes:
    return (
        f"From: Cara <c{name}.{number}@cust.example>\r\nTo: support@help.example\r\n"
        f"Subject: Question {name} {number}\r\nMessage-ID: <{name}.{number}@cust.example>\r\n"
        f"Date: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\n{BODY}"
    ).encode()


def time_parse() -> float:
    mail = raw("parse", 1) + BODY.encode()
    started = time.process_time()
    for _ in range(200):
        parse(mail)
    return (time.process_time() - started) / 200


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
