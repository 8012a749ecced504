"""What reading a mail costs on this machine: `make bench`, after the figures of the whole desk.

Processor time of one reading, the median of several runs, for mails as they come: a customer's
reply of 3 KB, a newsletter-like alternative of 50 KB, 25 MB with files. Memory is what Python
allocates at its peak, beside the size of the mail. The goals stand in the same line.
"""

import base64
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from stage import policy_from

from mailtrack.config import write_example
from mailtrack.desk.origin import origin_of
from mailtrack.desk.policy import Policy
from mailtrack.desk.reading import read
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.parse import parse

SENTENCE = "The printer on the third floor does not answer since yesterday morning. "
HEADER = (
    "Return-Path: <dana@client.example>\r\n"
    + "".join(
        f"Received: from mx{n}.client.example (mx{n}.client.example [192.0.2.{n}])\r\n"
        f"\tby mx{n + 1}.client.example with ESMTPS id 4abc{n}\r\n"
        f"\tfor <support@help.example>; Mon, 2 Mar 2026 10:00:0{n} +0000 (UTC)\r\n"
        for n in range(4)
    )
    + "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=client.example; s=s1;\r\n"
    "\th=from:to:subject:date:message-id:mime-version; bh=" + "A" * 44 + ";\r\n"
    "\tb=" + "B" * 172 + "\r\n"
    "From: Dana Miller <dana@client.example>\r\nTo: Example Help <support@help.example>\r\n"
    "Subject: Re: [#12] Printer on fire\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n"
    "Message-ID: <4567@client.example>\r\nIn-Reply-To: <123@help.example>\r\n"
    "References: <1@client.example> <123@help.example>\r\nMIME-Version: 1.0\r\n"
)


def text_mail() -> bytes:
    """A reply with its quote below."""
    words = f"Hello Ivan,\r\n\r\n{SENTENCE * 3}\r\n\r\nBest regards,\r\nDana\r\n\r\n"
    quote = "".join(f"> {SENTENCE}\r\n" for _ in range(12))
    above = "On Mon, 2 Mar 2026 at 09:15, Example Help <support@help.example> wrote:\r\n"
    return (
        f"{HEADER}Content-Type: text/plain; charset=utf-8\r\n\r\n{words}{above}{quote}".encode()
    )


def alternative_mail() -> bytes:
    """The same words as text and as the HTML of a mail program, 50 KB together."""
    row = f"<tr><td style='padding:3pt'><p class=MsoNormal><b>{SENTENCE}</b></p></td></tr>"
    table = f"<table>{row * 270}</table>"
    text = (SENTENCE + "\r\n") * 150
    parts = (
        f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{body}\r\n"
        for kind, body in (("plain", text), ("html", f"<html><body>{table}</body></html>"))
    )
    head = f"{HEADER}Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    return (head + "".join(parts) + "--b--\r\n").encode()


def large_mail() -> bytes:
    """A few words and three files, 25 MB as they travel."""
    content = base64.encodebytes(random.Random(1).randbytes(6_000_000)).decode()  # noqa: S311 - noise, no secret
    files = (
        f"--b\r\nContent-Type: image/jpeg; name=scan{n}.jpg\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n"
        for n in range(3)
    )
    head = f"{HEADER}Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    words = f"--b\r\nContent-Type: text/plain\r\n\r\n{SENTENCE}\r\n"
    return (head + words + "".join(files) + "--b--\r\n").encode()


def main() -> None:
    with TemporaryDirectory(prefix="mailtrack-bench-") as folder:
        write_example(Path(folder))
        files = tuple((f.name, f.read_text("utf-8")) for f in Path(folder).glob("*.yaml"))
        policy = policy_from(files, Path(folder))
    for name, raw, times, goal in (
        ("3 KB reply", text_mail(), 300, 2.5),
        ("50 KB alternative", alternative_mail(), 40, 10.0),
        ("25 MB with files", large_mail(), 3, 1000.0),
    ):
        spent = milliseconds(lambda raw=raw: read_whole(raw, policy), times)
        peak = peak_bytes(lambda raw=raw: read_whole(raw, policy)) / len(raw)
        print(
            f"{f'read, {name}:':36}{spent:.2f} ms CPU (goal {goal:g}), "
            f"memory {peak:.1f} x its {len(raw):,} bytes",
            flush=True,
        )


def read_whole(raw: bytes, policy: Policy) -> None:
    """Parse a mail and read what it asks of the desk."""
    envelope = Envelope(
        spool_id="1",
        mail_from=Address("dana", "client.example"),
        rcpt_to=(Address("support", "help.example"),),
        received_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
        front=Front.SMTP,
        peer="192.0.2.1",
        size_bytes=len(raw),
        sha256="",
    )
    mail = parse(raw)
    read(mail, envelope, policy=policy, origin=origin_of(mail, envelope, policy))


def milliseconds(work: Callable[[], None], times: int) -> float:
    """The median over five runs of so many calls, one call's share."""
    return statistics.median(run_once(work, times) for _ in range(5)) * 1000


def run_once(work: Callable[[], None], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def peak_bytes(work: Callable[[], None]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


if __name__ == "__main__":
    main()
