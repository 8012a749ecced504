"""neomutt as a scripted person: opens a folder, answers a mail, writes a new one.

It is a mail client that people use, so what it makes of our letters (quoting, References,
Reply-To, Cyrillic) is what a person's client would make of them. It is driven as a person
drives it, by keys at a terminal; its editor is a script that types the answer.
"""

import contextlib
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from servers.machine import LOOPBACK, new_folder, program

TIMEOUT_SECONDS = 30.0

SETTINGS = """\
set from="{address}"
set realname="{name}"
set use_envelope_from=yes
set folder="{folder}" spoolfile="{folder}" mbox_type=Maildir
set copy=yes record="{folder}/sent" fcc_before_send=no
set hostname="client.example"
set smtp_url="smtp://{host}:{port}/"
set imap_pass="{password}"
set ssl_starttls=no ssl_force_tls=no
set move=no delete=yes quit=yes recall=no postpone=no
set confirm_append=no confirm_create=no wait_key=no beep=no help=no
set fast_reply=yes include=yes autoedit=yes edit_headers=yes reply_to=yes
set abort_unmodified=no abort_nosubject=no abort_noattach=no
set crypt_autosign=no crypt_autoencrypt=no crypt_replysign=no crypt_replyencrypt=no
set charset=utf-8 send_charset="us-ascii:utf-8"
set sort=date-received
set tmpdir="{folder}"
set editor="{editor}"
"""

# The editor gets the headers, an empty line and the quoted mail. It adds to the subject and
# types the answer above the quotation, as most people do.
EDITOR = """\
#!{python}
import sys
from pathlib import Path

draft = Path(sys.argv[1])
head, _, quoted = draft.read_text().partition("\\n\\n")
answer = Path("{folder}/answer").read_text()
addition = Path("{folder}/subject").read_text()
lines = [
    line + addition if line.startswith("Subject:") else line for line in head.splitlines()
]
draft.write_text("\\n".join([*lines, "", answer, "", quoted]))
"""


class Neomutt:
    """A person with one address, who sends through the SMTP server on a port of loopback."""

    def __init__(
        self,
        address: str,
        *,
        smtp_port: int,
        name: str = "",
        password: str = "",
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """A new person. `password` opens their IMAP folders.

        A refused mail takes the whole time limit to fail: neomutt then drops the keys that were
        pushed and waits for its person to read why.
        """
        self._timeout_seconds = timeout_seconds
        self._program = program("neomutt", package="neomutt")
        self.address = address
        self.folder = new_folder("neomutt")
        editor = self.folder / "editor"
        editor.write_text(EDITOR.format(python=sys.executable, folder=self.folder))
        editor.chmod(0o755)
        settings = SETTINGS.format(
            address=address,
            name=name or address.partition("@")[0],
            host=LOOPBACK,
            port=smtp_port,
            folder=self.folder,
            editor=editor,
            password=password,
        )
        (self.folder / "rc").write_text(settings)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def reply(
        self,
        mailbox: Path | str,
        text: str,
        *,
        add_to_subject: str = "",
        matching: str = "",
        to_all: bool = False,
    ) -> bytes:
        """Answers the last mail of a Maildir or IMAP folder, or the first that matches.

        `matching` is a pattern of neomutt's, such as `~s printer` (subject) or `~f dana`
        (author). For IMAP `mailbox` is a URL as made by `imap_url`. Returns the mail as it was
        sent. It blocks until then, so call it in a thread when the server is in your own loop.
        """
        before = self._sent()
        (self.folder / "answer").write_text(text)
        (self.folder / "subject").write_text(f" {add_to_subject}" if add_to_subject else "")
        search = f"<search>{matching}<enter>" if matching else ""
        answer = "<group-reply>" if to_all else "<reply>"
        keys = f"<last-entry>{search}{answer}<send-message><quit>"
        screen = self._at_a_terminal(["-f", str(mailbox), "-e", f"push '{keys}'"])
        return self._sent_since(before, screen)

    def send(self, to: str, subject: str, text: str, *, attach: tuple[Path, ...] = ()) -> bytes:
        """Writes a new mail and returns it as it was sent."""
        before = self._sent()
        attachments = [word for path in attach for word in ("-a", str(path))]
        command = [*self._command(), "-s", subject, *attachments, "--", to]
        done = subprocess.run(
            command,
            input=text,
            text=True,
            capture_output=True,
            check=False,
            timeout=self._timeout_seconds,
            env=self._environment(),
        )
        return self._sent_since(before, done.stdout + done.stderr)

    def _sent(self) -> set[Path]:
        return {path for path in (self.folder / "sent").glob("*/*") if path.is_file()}

    def _sent_since(self, before: set[Path], shown: str) -> bytes:
        # A copy is kept only of what the server has taken; the screen is no witness, because
        # it is drawn by its differences and its sentences come in pieces.
        new = self._sent() - before
        assert len(new) == 1, f"neomutt did not send:\n{shown[-3000:]}"
        return new.pop().read_bytes()

    def _command(self) -> list[str]:
        return [self._program, "-n", "-F", str(self.folder / "rc")]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
        }

    def _at_a_terminal(self, arguments: list[str]) -> str:
        """Runs it at a terminal of its own and returns all that it has shown there."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        process = subprocess.Popen(
            [*self._command(), *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=self._environment(),
            cwd=self.folder,
        )
        os.close(theirs)
        try:
            screen = _read_until_closed(ours, self._timeout_seconds)
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        return screen


def imap_url(address: str, *, port: int, folder: str = "INBOX") -> str:
    """A mailbox for `reply`, without TLS: it is on loopback."""
    user = address.replace("@", "%40")
    return f"imap://{user}@{LOOPBACK}:{port}/{folder}"


def _read_until_closed(terminal: int, timeout_seconds: float) -> str:
    deadline = time.monotonic() + timeout_seconds
    shown = b""
    # Linux reports a terminal whose other side has gone as an I/O error.
    with contextlib.suppress(OSError):
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([terminal], [], [], left)
            if readable:
                chunk = os.read(terminal, 65536)
                shown += chunk
                if not chunk:
                    break
    return shown.decode(errors="replace")
