"""Who writes in the torture run, until each mail is taken, as mail servers do.

What is taken goes at once into a file of the sender's own: the oracle reads those.
"""

import contextlib
import imaplib
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from process import Process
from servers.dovecot import Dovecot
from waiting import wait_for

DOMAINS = 250  # people of one domain are not answered without end in an hour
PATIENCE_SECONDS = 600.0
LARGE_EACH = 40  # conversations; it is read by a worker, and takes a while to come in
LARGE_LINES = 2000
# Mails that wait in the folder, and in the spool: who writes is faster than who is killed all
# the time, and the kills are to hit all of the desk and not its doors alone.
BEHIND_MAX = 24


class Sender(threading.Thread):
    """Writes conversations of two mails. `broken` is what ended it before its time."""

    def __init__(self, number: int, conversations: int, folder: Path) -> None:
        super().__init__(daemon=True)
        self.number, self.conversations = number, conversations
        self.taken = 0
        self.broken: Exception | None = None
        self.is_enough = threading.Event()  # no new conversation
        self._book = (folder / f"accepted.{number}").open("w", buffering=1)

    def run(self) -> None:
        try:
            self.begin()
            for name, person, message_id, raw in self._mails():
                self.hand_over(raw, person, what=name)
                self._book.write(f"{message_id}\n")
                self.taken += 1
        except Exception as error:  # noqa: BLE001 - told by the main thread
            self.broken = error
        finally:
            self._book.close()
            self.end()

    def begin(self) -> None:
        """Before the first mail."""

    def end(self) -> None:
        """After the last, whatever became of it."""

    def hand_over(self, raw: bytes, person: str, *, what: str) -> None:
        """Returns when it is taken."""
        raise NotImplementedError

    def _mails(self) -> Iterator[tuple[str, str, str, bytes]]:
        for number in range(self.conversations):
            if self.is_enough.is_set():
                return
            name = f"{self.number}.{number}"
            person = f"p{name}@c{number % DOMAINS}.example"
            for part in ("question", "more"):
                is_large = part == "more" and number % LARGE_EACH == LARGE_EACH // 2
                answers = f"In-Reply-To: <question.{name}@t>\r\n" if part == "more" else ""
                raw = (
                    f"From: Person <{person}>\r\nTo: support@help.example\r\n{answers}"
                    f"Message-ID: <{part}.{name}@t>\r\nSubject: Question {name}\r\n\r\n"
                    f"This is {part} of {name}.\r\n"
                )
                raw += f"More of {name}, and more of it.\r\n" * (is_large * LARGE_LINES)
                yield name, person, f"<{part}.{name}@t>", raw.encode()


class SmtpSender(Sender):
    """Each mail by a connection of its own, again and again until it got its 250."""

    def __init__(self, number: int, conversations: int, folder: Path, desk: Process) -> None:
        super().__init__(number, conversations, folder)
        self._desk = desk

    def hand_over(self, raw: bytes, person: str, *, what: str) -> None:
        wait_for(self._has_room, PATIENCE_SECONDS, what=f"the desk works before {what}")
        wait_for(lambda: self._is_taken(raw, person), PATIENCE_SECONDS, what=what)

    def _has_room(self) -> bool:
        new = self._desk.state / "spool" / "new"
        return sum(1 for _ in new.iterdir()) <= BEHIND_MAX

    def _is_taken(self, raw: bytes, person: str) -> bool:
        try:
            self._desk.send(raw, person)
        except (OSError, smtplib.SMTPException):
            return False
        return True


class ImapSender(Sender):
    """Puts mail into a folder of a real Dovecot, not further ahead of the desk than it likes.

    ``is_turn`` says whether one more mail keeps step with the others.
    """

    def __init__(
        self,
        number: int,
        conversations: int,
        folder: Path,
        *,
        dovecot: Dovecot,
        user: str,
        is_turn: Callable[[int], bool],
    ) -> None:
        super().__init__(number, conversations, folder)
        self._dovecot, self._user, self._is_turn = dovecot, user, is_turn
        self._session: imaplib.IMAP4 | None = None
        self._room_at = 0.0

    def begin(self) -> None:
        self._session = self._dovecot.connect(self._user)

    def end(self) -> None:
        if self._session is not None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                self._session.logout()

    def hand_over(self, raw: bytes, person: str, *, what: str) -> None:
        assert self._session is not None
        wait_for(lambda: self._is_turn(self.taken), PATIENCE_SECONDS, what=what)
        wait_for(self._has_room, PATIENCE_SECONDS, what=f"the desk fetches before {what}")
        path = f"Return-Path: <{person}>\r\n".encode()  # as whoever delivers writes it
        answer, text = self._session.append("INBOX", "", "", path + raw)
        assert answer == "OK", text

    def _has_room(self) -> bool:
        if time.monotonic() < self._room_at:
            return False
        self._room_at = time.monotonic() + 0.1 if self._unseen() > BEHIND_MAX else 0
        return self._room_at == 0

    def _unseen(self) -> int:
        assert self._session is not None
        _, found = self._session.status("INBOX", "(UNSEEN)")
        return int(found[0].split()[-1].strip(b")"))


def lies_in_folder(dovecot: Dovecot, user: str) -> tuple[list[str], int]:
    """The Message-IDs of all mails in the folder, and how many the desk has not marked."""
    with dovecot.connect(user) as session:
        session.select("INBOX", readonly=True)
        _, found = session.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    mails = [one for one in found if isinstance(one, tuple)]
    unmarked = sum(b"$MailtrackDone" not in head for head, _ in mails)
    return [text.decode().partition(":")[2].strip() for _, text in mails], unmarked
