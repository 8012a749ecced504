"""The real process: a desk of its own in a folder, started as an operator starts it.

Nothing of it is ours to reach into: mail goes in by SMTP, letters are read from Maildirs, and
what happened is asked of `mailtrack status --json` and `mailtrack fsck --json`.
"""

import contextlib
import email.policy
import fcntl
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

from nursery import Nursery, Nursling
from servers.machine import free_port
from waiting import wait_for

from mailtrack.config import write_example

DESK = "support@help.example"
STARTS_SECONDS_MAX = 60.0
LETS_GO_SECONDS_MAX = 30.0
SEND_SECONDS_MAX = 120.0
MAILTRACK = (sys.executable, "-m", "mailtrack")


class Process:
    """A desk below `folder`. `changes` are (pattern, line) for its mailtrack.yaml."""

    def __init__(self, folder: Path, *changes: tuple[str, str]) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.state = folder / "state"
        self.clock = folder / "clock"
        # Not one of those that outgoing connections take: while the desk is dead, a client that
        # tries again and again would sooner or later be connected with itself.
        self.port = free_port()
        write_example(self.config)
        self.change(r"^state: .*", f"state: {self.state}")
        self.change(r"listen: 127\.0\.0\.1:2525", f"listen: 127.0.0.1:{self.port}")
        self.change(r"undo_delay: .*", "undo_delay: 0s")
        for pattern, line in changes:
            self.change(pattern, line)
        self.command: tuple[str, ...] = MAILTRACK  # how it is started
        self.nursery: Nursery | None = None  # then it is born there
        self._running: subprocess.Popen[bytes] | Nursling | None = None

    def change(self, pattern: str, line: str, file: str = "mailtrack.yaml") -> None:
        """Replace the first line of a configuration file that fits."""
        path = self.config / file
        text, count = re.subn(
            pattern, lambda _: line, path.read_text("utf-8"), count=1, flags=re.MULTILINE
        )
        assert count == 1, f"{file} has no {pattern}"
        path.write_text(text, "utf-8")

    # Life and death.

    def start(
        self, *, program: Sequence[str] | None = None, is_waited_for: bool = True
    ) -> None:
        """Start it; when this returns it takes mail, if that is waited for.

        `program` runs it in another world than `command` does.
        """
        words = ("serve", "--config", str(self.config))
        if self.nursery is not None:
            self._running = self.nursery.bear(self.folder / "log", *words)
        else:
            with (self.folder / "log").open("ab") as file:
                self._running = subprocess.Popen(
                    (*(program or self.command), *words),
                    stdout=file,
                    stderr=file,
                    env=self.environ(),
                    start_new_session=True,
                )
        if is_waited_for:
            wait_for(self.is_listening, STARTS_SECONDS_MAX, what="the desk takes mail")

    def environ(self) -> dict[str, str]:
        """What it is started in."""
        environ = {**os.environ, "MAILTRACK_CLOCK": str(self.clock)}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        return environ

    def is_listening(self) -> bool:
        """Whether a connection is answered with a greeting. Fails if the process has ended."""
        assert self._running is not None
        assert self._running.poll() is None, f"it ended:\n{self.log()}"
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 1) as s,
        ):
            s.settimeout(2)
            return s.recv(4).startswith(b"220")
        return False

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._running is not None and self._running.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._running is not None
        return self._running.pid

    def kill(self) -> None:
        """`kill -9`, its workers included."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
            self._running = None
            wait_for(self._has_let_go, LETS_GO_SECONDS_MAX, what="the spool is let go")

    def _has_let_go(self) -> bool:
        """Whether nobody holds the spool: a worker that was just forked outlives the desk by
        some milliseconds, and has its lock for so long."""
        path = self.state / "spool" / "lock"
        if not path.exists():
            return True
        with path.open("rb") as file, contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def stop(self) -> int:
        """Stop it as systemd does; its exit code."""
        assert self._running is not None
        self._running.send_signal(signal.SIGTERM)
        code = self._running.wait(40)
        self._running = None
        return code

    def hang_up(self) -> None:
        """SIGHUP: read the files again."""
        os.kill(self.pid, signal.SIGHUP)

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def move_clock(self, seconds: float) -> None:
        """Let its time be real time and so many seconds."""
        draft = self.clock.with_suffix(".new")
        draft.write_text(str(seconds))
        draft.rename(self.clock)

    # Mail.

    def send(self, raw: bytes, sender: str, *recipients: str) -> None:
        """Hand one mail over by SMTP; raises as smtplib does if it is refused."""
        with smtplib.SMTP(
            "127.0.0.1", self.port, local_hostname="client.example", timeout=SEND_SECONDS_MAX
        ) as smtp:
            smtp.sendmail(sender, recipients or (DESK,), raw)

    def write(self, sender: str, subject: str, body: str, **headers: str) -> None:
        """A person writes a plain mail to the desk, or to `To`."""
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["Subject"] = sender, subject
        mail["To"] = headers.pop("To", DESK)
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(body)
        self.send(
            mail.as_bytes(),
            sender.rpartition("<")[2].strip(">"),
            mail["To"].addresses[0].addr_spec,
        )

    def answer(self, letter: EmailMessage, sender: str, body: str, *, adds: str = "") -> None:
        """A person answers a letter, their client quoting it."""
        content = letter.get_body(("plain",))
        assert content is not None
        quoted = "\n".join(f"> {line}" for line in content.get_content().splitlines())
        subject = str(letter["subject"])
        subject = subject if subject.startswith("Re: ") else f"Re: {subject}"
        self.write(
            sender,
            f"{subject} {adds}".strip(),
            f"{body}\n\nOn Mon, {letter['from']} wrote:\n{quoted}\n",
            To=str(letter["reply-to"].addresses[0].addr_spec),
            In_Reply_To=str(letter["message-id"]),
            References=str(letter["message-id"]),
        )

    def maildir(self, address: str) -> Path:
        """Where letters to this address lie."""
        return self.state / "mail" / address

    def letters(self, address: str) -> list[EmailMessage]:
        """All letters to this address, oldest first."""
        files = [*self.maildir(address).glob("new/*"), *self.maildir(address).glob("cur/*")]
        return [read(file) for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)]

    def wait_for_letters(self, address: str, count: int, seconds: float = 10) -> EmailMessage:
        """The last of so many letters to this address, as soon as they are there."""
        what = f"{count} letters to {address}"
        wait_for(lambda: len(self.letters(address)) >= count, seconds, what=what)
        return self.letters(address)[-1]

    # What the operator asks.

    def ask(self, *words: str) -> dict[str, object]:
        """The JSON answer of a command about this desk."""
        done = subprocess.run(
            (*MAILTRACK, *words, "--config", str(self.config), "--json"),
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.stdout, done.stderr.decode()
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command about this desk, as an operator types it."""
        return subprocess.run(
            (*MAILTRACK, *words, "--config", str(self.config)),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def wait_until_idle(self, seconds: float = 60) -> None:
        """Until nothing waits in the spool."""
        new = self.state / "spool" / "new"
        wait_for(lambda: not any(new.iterdir()), seconds, what="the spool is worked off")


def read(file: Path) -> EmailMessage:
    """A letter from its file."""
    mail = message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(letter: EmailMessage) -> str:
    """The text part of a letter."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
