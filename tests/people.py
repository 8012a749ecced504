"""The people of the scenarios at their mail programs: what each `-->` becomes, byte for byte.

`client` is what their mail programs do, `script` the words that say who writes what.
"""

import re
from email.utils import parseaddr
from pathlib import Path

from client import (
    Left,
    address_header,
    answer_headers,
    answer_subject,
    date_header,
    mail_bytes,
    quoted,
    tapped,
)
from script import MailWords, Step, mail_words
from stage import Stage

MAILS = Path(__file__).parent / "mails"

# How the people of the scenarios call themselves in From.
CAST = {
    "cara@cust.example": "Cara Smith",
    "bob@cust.example": "Bob Brown",
    "mallory@evil.example": "Mallory",
    "oksana@kyiv.example": "Оксана Мельник",
    "boris@sever.example": "Борис Седов",
}
_INSERT = re.compile(r"\{(reply|bounce|id|subject)(?: (\S+?))?( damaged)?\}")


class People:
    """Everybody who writes in one scenario; they answer the letters that left its stage."""

    def __init__(self, stage: Stage, *, name: str) -> None:
        self._stage = stage
        self._name = name
        self._last_mail: tuple[bytes, MailWords] | None = None
        self._mails = 0

    def mail(self, step: Step) -> tuple[bytes, MailWords]:
        """The mail of a `-->`, and its envelope."""
        words = mail_words(step.words)
        if words.sender == "again":
            assert self._last_mail is not None, "there was no mail yet"
            raw, first = self._last_mail
            self._last_mail = _with_headers(raw, step.headers), _again(words, first)
        else:
            self._last_mail = self._written(step, words)
        return self._last_mail

    def expanded(self, text: str) -> str:
        """The text with the addresses and ids that `{reply A}` and its like stand for."""

        def insert(found: re.Match[str]) -> str:
            what, whose, damaged = found.groups()
            if what == "subject" and whose is None:
                return found[0]
            letter = self._last_letter("last", whose)
            value = {
                "reply": letter.reply_address,
                "bounce": letter.mail_from,
                "id": letter.header("Message-ID"),
                "subject": answer_subject(letter),
            }[what]
            return _damaged(value) if damaged else value

        return _INSERT.sub(insert, text)

    def _written(self, step: Step, words: MailWords) -> tuple[bytes, MailWords]:
        self._mails += 1
        if words.file is not None:
            return (MAILS / words.file).read_bytes(), words
        given = {name: self.expanded(value) for name, value in step.headers}
        body = self.expanded(step.body or "")
        headers = self._defaults(words)
        subject = ""
        if words.answers is not None:
            letter = self._last_letter(words.answers, words.sender)
            headers |= answer_headers(letter)
            subject = answer_subject(letter)
            body = f"{body}\n\n{quoted(letter)}" if body else quoted(letter)
        if words.taps is not None:
            prepared = tapped(self._last_letter("last", words.sender), words.taps)
            body = f"{body}\n{prepared.pop('body')}"
            headers |= prepared
        attached = [one for one in given.pop("Attached", "").split(", ") if one]
        given = {k: v.replace("{subject}", subject) for k, v in given.items()}
        headers |= given
        if words.to:
            headers["To"] = ", ".join(map(self.expanded, words.to))
        to = tuple(map(self.expanded, words.to)) or (parseaddr(headers["To"])[1],)
        envelope = MailWords(
            words.sender, to, words.cc, words.bcc, None, None, None, words.login, words.front
        )
        return mail_bytes(headers, body, attached=attached), envelope

    def _defaults(self, words: MailWords) -> dict[str, str]:
        domain = words.sender.rpartition("@")[2] or "mail.example"
        name = f"{self._name}-{self._mails}"
        return {
            "From": address_header(words.sender, self._shown(words.sender)),
            "To": ", ".join(words.to),
            "Cc": ", ".join(words.cc),
            "Subject": "",
            "Date": date_header(self._stage.now.astimezone(self._stage.policy.zone)),
            "Message-ID": f"<{name}@{domain}>",
            "MIME-Version": "1.0",
        }

    def _shown(self, address: str) -> str:
        agent = self._stage.policy.agent_at(address)
        return agent.shown if agent else CAST.get(address, "")

    def _last_letter(self, which: str, sender: str) -> Left:
        """`last`, `acknowledged`, or either `of cara@cust.example`: the last such letter."""
        name, _, whose = which.partition(" of ")
        agent = self._stage.policy.agent_at(whose or sender)
        person = agent.id if agent else whose or sender
        for letter in reversed(self._stage.left):
            if letter.person == person and name in ("last", letter.name):
                return letter
        raise AssertionError(f"no letter {which} has left to {whose or sender}")


def _damaged(address: str) -> str:
    """The address with one character of its token, or of its id, changed."""
    at = address.rindex("@")
    other = "b" if address[at - 1] != "b" else "c"
    return f"{address[: at - 1]}{other}{address[at:]}"


def _again(words: MailWords, first: MailWords) -> MailWords:
    """The mail before once more, to others or by another way in if these are named."""
    return MailWords(
        first.sender,
        words.to or first.to,
        words.cc if words.to else first.cc,
        words.bcc if words.to else first.bcc,
        None, None, None,
        words.login or first.login,
        words.front,
    )  # fmt: skip


def _with_headers(raw: bytes, headers: tuple[tuple[str, str], ...]) -> bytes:
    head, blank, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for name, value in headers:
        prefix = f"{name}:".lower().encode()
        kept = [line for line in lines if not line.lower().startswith(prefix)]
        lines = kept + ([f"{name}: {value}".encode()] if value else [])
    return b"\r\n".join(lines) + blank + body
