"""``mailtrack demo``: a whole support day over real SMTP, on a desk of its own.

A real daemon runs in a temporary folder; the people of the play write to it as anybody would,
and every letter is shown as it falls into its Maildir. Time is moved between the acts, so that
reminders come without waiting. Nothing of it stays.
"""

from __future__ import annotations

import asyncio
import os
import re
import smtplib
import sys
import tempfile
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from mailtrack import log
from mailtrack.config import load, write_example
from mailtrack.daemon import Daemon
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.smtp import SmtpFront
from mailtrack.operator.place import called
from mailtrack.store.outgoing import counts

QUIET_SECONDS: Final = 0.8  # no new letter for so long: the act is over
BEAT_SECONDS: Final = 3.0  # the desk looks at its deadlines a little more often
ACT_SECONDS_MAX: Final = 60.0
BODY_LINES_MAX: Final = 14
LINE_CHARS_MAX: Final = 160
OPENS_AT: Final = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Europe/Kyiv"))

DESK: Final = "support@help.example"
CARA: Final = "Cara Smith <cara@cust.example>"
OKSANA: Final = "Оксана Бондар <oksana@klient.example>"
VACATION: Final = "Bob Miller <bob@acme.example>"
IVAN: Final = "Ivan Petrenko <ivan@help.example>"
OLGA: Final = "Olga Kovalenko <olga@help.example>"


@dataclass(frozen=True, slots=True)
class Act:
    """One mail of the play; no mail if ``who`` is empty.

    ``answers`` is in the letter that it replies to, None for a new mail. ``typed`` is put
    behind the subject of the reply, as a person would edit it; ``taps`` is the part of a link
    that is tapped instead.
    """

    says: str
    who: str
    body: str
    subject: str = ""
    answers: str | None = None
    typed: str = ""
    taps: str = ""
    later: timedelta = timedelta(0)
    headers: tuple[tuple[str, str], ...] = ()


PLAY: Final = (
    Act(
        "A customer writes to the desk. That is all she has to know.",
        CARA,
        "Hello,\n\nthe printer on the third floor is on fire. What shall we do?\n\nCara",
        subject="Printer on fire [3rd floor]",
    ),
    Act(
        "Ivan presses Reply in his own mail client. His words go to her; it is his ticket now.",
        IVAN,
        "Hello Cara,\n\nplease pull the plug and leave the room. I am on my way.\n\nIvan",
        answers="goes to Cara",
        later=timedelta(minutes=10),
    ),
    Act(
        "A note for a colleague: one word in the subject, and no customer ever sees it.",
        IVAN,
        "@olga she has had three of these. Is this the model that was recalled?",
        answers="goes to Cara",
        typed="[note] [priority:high]",
        later=timedelta(minutes=5),
    ),
    Act(
        "Olga answers the note. A reply to a note stays a note.",
        OLGA,
        "Yes, recalled in January. Send her the new one, I have approved it.",
        answers="internal note",
        later=timedelta(minutes=5),
    ),
    Act(
        "A slip of the pen: nothing is done, nothing is sent, and the desk asks.",
        IVAN,
        "The replacement is on its way.",
        answers="goes to Cara",
        typed="[cloze]",
        later=timedelta(minutes=5),
    ),
    Act(
        "He taps the suggestion. The held words go out, and the ticket is closed.",
        IVAN,
        "",
        answers="Did you mean",
        taps="%5Bclose%5D",
        later=timedelta(minutes=1),
    ),
    Act(
        "A customer from ACME is on holiday. Machines are filed, and answered by nothing.",
        VACATION,
        "I am out of the office until Monday.",
        subject="Automatic reply: your invoice",
        later=timedelta(minutes=5),
        headers=(("Auto-Submitted", "auto-replied"),),
    ),
    Act(
        "Ukrainian in, Ukrainian out; a rule takes it to billing, and to Olga.",
        OKSANA,
        "Добрий день!\n\nПрошу оформити повернення коштів за рахунком 17.\n\nОксана",
        subject="Повернення коштів",
        later=timedelta(minutes=20),
    ),
    Act(
        "Cara has a question more: the ticket is open again, and Ivan hears of it.",
        CARA,
        "The new printer is here, but it has no cable. Could you send one?",
        answers="Ivan",
        later=timedelta(hours=5),
    ),
    Act(
        "Ivan asks what is on his plate: the answer is a mail.",
        IVAN,
        "",
        subject="[mine]",
        later=timedelta(minutes=5),
    ),
    Act(
        "He answers, notes the time, and closes. The commands never reach her.",
        IVAN,
        "A cable leaves today. Sorry for the trouble!\n\nIvan",
        answers="goes to Cara",
        typed="[time:15m] [close]",
        later=timedelta(minutes=5),
    ),
    Act(
        "The next morning nobody has answered Oksana: the desk says so before it is too late.",
        "",
        "",
        later=timedelta(hours=18, minutes=30),
    ),
)


def run(arguments: Namespace) -> int:
    """Play, and take everything down again."""
    log.set_up(level="error", json=False)
    with tempfile.TemporaryDirectory(prefix="mailtrack-demo-") as folder:
        asyncio.run(_play(Path(folder), arguments))
    return os.EX_OK


async def _play(folder: Path, arguments: Namespace) -> None:
    screen = Screen(is_plain=arguments.plain or not sys.stdout.isatty())
    stage = Stage(folder)
    await stage.daemon.start()
    screen.line(f"A help desk at {DESK}. Its agents: Ivan, Olga (lead), Ada (admin).", "title")
    screen.line(
        "Mails come in (▶, blue); letters go to customers (green) and agents (yellow).\n"
    )
    try:
        for act in PLAY:
            await stage.play(act, screen)
            await asyncio.sleep(0 if arguments.fast else 1.5)
    finally:
        await stage.daemon.stop()
    screen.line(f"\nThat was a day. Start your own desk:  {called()} serve", "title")


class Stage:
    """The desk of the play: a real daemon, whose clock is moved."""

    def __init__(self, folder: Path) -> None:
        self._offset = OPENS_AT - datetime.now(UTC)
        config = folder / "config"
        write_example(config)
        _set(config / "mailtrack.yaml", r"^state: .*", f"state: {folder / 'state'}")
        _set(config / "mailtrack.yaml", r"listen: 127.*", "listen: 127.0.0.1:0")
        _set(config / "mailtrack.yaml", r"undo_delay: .*", "undo_delay: 0s")
        loaded = load(config, environ={})
        self.daemon = Daemon(config, loaded, now=self.now, environ={})
        self._mail = loaded.config.outgoing.maildirs
        self._seen: set[Path] = set()
        self._letters_of: dict[str, list[EmailMessage]] = {}

    def now(self) -> datetime:
        """The time of the play."""
        return datetime.now(UTC) + self._offset

    async def play(self, act: Act, screen: Screen) -> None:
        """Send one mail and show all letters that follow from it."""
        self._offset += act.later
        clock = self.now().astimezone(OPENS_AT.tzinfo)
        screen.line(f"\n{clock:%H:%M}  {act.says}", "title")
        if act.who:
            mail = self._mail_of(act)
            screen.mail(mail, "in")
            await asyncio.to_thread(self._send, mail)
        told: set[str] = set()
        async for letter in self._letters(QUIET_SECONDS if act.who else BEAT_SECONDS):
            self._letters_of.setdefault(_address(str(letter["to"])), []).append(letter)
            way = "agent" if "help.example" in str(letter["to"]) else "customer"
            text = re.sub(r"mailto:\S+", "", _text(letter))
            if text in told:
                screen.line(f"  ◀── the same to {letter['to']}", way)
            else:
                screen.mail(letter, way)
            told.add(text)

    def _mail_of(self, act: Act) -> EmailMessage:
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = act.who
        letter = self._answered(act)
        if letter is None:
            mail["To"], mail["Subject"] = DESK, act.subject
        elif act.taps:
            mail["To"], mail["Subject"] = _tapped(letter, act.taps)
        else:
            mail["To"] = letter["reply-to"]
            subject = str(letter["subject"]).removeprefix("Re: ")
            mail["Subject"] = f"Re: {subject} {act.typed}".strip()
            mail["In-Reply-To"] = letter["message-id"]
        mail["Message-ID"] = make_msgid(domain="demo.example")
        for name, value in act.headers:
            mail[name] = value
        mail.set_content(act.body + ("" if act.taps else _quoted(letter)))
        return mail

    def _answered(self, act: Act) -> EmailMessage | None:
        if act.answers is None:
            return None
        letters = self._letters_of.get(_address(act.who), [])
        fitting: Iterator[EmailMessage] = (
            one for one in reversed(letters) if act.answers in _text(one)
        )
        letter = next(fitting, None)
        if letter is None:
            raise TemporaryFailure(f"no letter says {act.answers!r}: this machine is too busy")
        return letter

    def _send(self, mail: EmailMessage) -> None:
        front = self.daemon.fronts[0]
        assert isinstance(front, SmtpFront), "the demo listens by SMTP"
        port = front.port
        with smtplib.SMTP("127.0.0.1", port, local_hostname="demo.example") as smtp:
            smtp.send_message(mail)

    async def _letters(self, quiet_seconds: float) -> AsyncIterator[EmailMessage]:
        loop = asyncio.get_running_loop()
        quiet_since = started = loop.time()
        while True:
            # Asked before the folders are looked at: a letter may arrive in between.
            is_busy = self._is_busy()
            new = set(self._mail.glob("*/new/*")) - self._seen
            self._seen |= new
            for path in sorted(new):
                yield _read(path)
            now = loop.time()
            if now - started > ACT_SECONDS_MAX:
                return
            if is_busy or new:  # on a slow machine silence alone says nothing
                quiet_since = now
            elif now - quiet_since >= quiet_seconds:
                return
            await asyncio.sleep(0.05)

    def _is_busy(self) -> bool:
        """Whether a mail has not been worked through, or a letter is on its way."""
        if any((self.daemon.spool.root / "new").glob("[0-9]*")):
            return True
        with self.daemon.database.reading() as session:
            letters = counts(session)
        return letters.waiting + letters.claimed > 0


class Screen:
    """Prints mails as people see them, in colour where there is colour."""

    COLOURS: Final = {"in": "36", "customer": "32", "agent": "33", "title": "1"}
    MARKS: Final = {"in": "──▶", "customer": "◀──", "agent": "◀──"}

    def __init__(self, *, is_plain: bool) -> None:
        self._is_plain = is_plain

    def line(self, text: str, colour: str = "") -> None:
        """One line."""
        code = self.COLOURS.get(colour, "")
        print(text if self._is_plain or not code else f"\x1b[{code}m{text}\x1b[0m")

    def mail(self, mail: EmailMessage, way: str) -> None:
        """One mail: who to whom, the subject, and its first lines."""
        people = str(mail["from"]) if way == "in" else f"to {mail['to']}"
        self.line(f"  {self.MARKS[way]} {people}", way)
        self.line(f"      Subject: {mail['subject']}", way)
        for text in _shown_lines(mail, way):
            self.line(f"      {text}", way)


def _shown_lines(mail: EmailMessage, way: str) -> Iterator[str]:
    lines = _text(mail).strip().split("\n")
    if way == "in":
        lines = [line for line in lines if not line.startswith((">", "On "))]
    lines = "\n".join(lines).strip().split("\n")
    shown = [
        re.sub(r"mailto:\S+", "mailto:…", line)[:LINE_CHARS_MAX]
        for line in lines
        if line.strip()
    ]
    yield from shown[:BODY_LINES_MAX]
    if len(shown) > BODY_LINES_MAX:
        yield "…"


def _quoted(letter: EmailMessage | None) -> str:
    if letter is None:
        return ""
    quoted = "\n".join(f"> {line}" for line in _text(letter).split("\n"))
    return f"\n\nOn 2 March 2026 {letter['from']} wrote:\n{quoted}"


def _tapped(letter: EmailMessage, part: str) -> tuple[str, str]:
    """Whom a link of the letter writes to, and the subject it prepares (RFC 6068)."""
    links = (urlsplit(link) for link in re.findall(r"mailto:\S+", _text(letter)))
    link = next(one for one in links if part in one.query)
    return unquote(link.path), parse_qs(link.query)["subject"][0]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def _address(person: str) -> str:
    return person.rpartition("<")[2].strip(">")


def _read(path: Path) -> EmailMessage:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage), "the default policy makes these"
    return mail


def _set(file: Path, pattern: str, line: str) -> None:
    text = file.read_text("utf-8")
    file.write_text(re.sub(pattern, line, text, count=1, flags=re.MULTILINE), "utf-8")
