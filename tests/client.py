"""What people's mail programs do: answer a letter, open a link in it, put a mail into bytes.

The letters it reads are the bytes that left, as any mail program would see them.
"""

import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from functools import cache
from urllib.parse import parse_qs, unquote, urlsplit

Expand = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Left:
    """A letter that left. `mail_from` is `""` for the null reverse-path."""

    name: str
    person: str
    number: int | None
    recipient: str
    mail_from: str
    raw: bytes
    left_at: datetime

    @property
    def message(self) -> EmailMessage:
        return _message_from(self.raw)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def header(self, name: str) -> str:
        """The decoded header, `""` if there is none."""
        return str(self.message.get(name, ""))

    @property
    def reply_address(self) -> str:
        return parseaddr(self.header("Reply-To") or self.header("From"))[1]

    @property
    def attachments(self) -> list[str]:
        return [part.get_filename() or "" for part in self.message.iter_attachments()]

    @property
    def links(self) -> list[str]:
        """The `mailto:` links of the text, then of the HTML."""
        found = re.findall(r"mailto:[^\s<>\")]+", self.text)
        return found + [
            link.replace("&amp;", "&")
            for link in re.findall(r'href="(mailto:[^"]+)"', self.html)
        ]

    def _part(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        return part.get_content().replace("\r\n", "\n") if part is not None else ""


@cache
def _message_from(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def answer_headers(letter: Left) -> dict[str, str]:
    """The headers of a mail program's answer to a letter."""
    known = " ".join((letter.header("References"), letter.header("Message-ID"))).split()
    return {
        "To": letter.header("Reply-To") or letter.header("From"),
        "Subject": answer_subject(letter),
        "In-Reply-To": letter.header("Message-ID"),
        "References": " ".join(known),
    }


def answer_subject(letter: Left) -> str:
    subject = letter.header("Subject")
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def quoted(letter: Left) -> str:
    """The letter as it stands below an answer."""
    when = letter.left_at.strftime("%a, %d %b %Y at %H:%M")
    lines = letter.text.rstrip("\n").split("\n")
    quote = "\n".join(f"> {line}" if line else ">" for line in lines)
    return f"On {when}, {letter.header('From')} wrote:\n\n{quote}\n"


def tapped(letter: Left, typed: str) -> dict[str, str]:
    """The mail that the first link whose subject holds `typed` prepares, body and all."""
    for link in letter.links:
        parts = urlsplit(link)
        query = parse_qs(parts.query)
        subject = query.get("subject", [""])[0]
        if typed in subject:
            body = query.get("body", [""])[0].replace("\r\n", "\n")
            return {"To": unquote(parts.path), "Subject": subject, "body": body}
    raise AssertionError(f"no link prepares {typed!r}: {letter.links}")


def mail_bytes(headers: dict[str, str], body: str, *, attached: list[str]) -> bytes:
    """A mail as its program sends it; a body with a Content-Type of its own is left alone."""
    head = {name: value for name, value in headers.items() if value}
    if attached:
        head["Content-Type"] = 'multipart/mixed; boundary="=-part"'
        body = _with_files(body, attached)
    elif "Content-Type" not in headers:
        head["Content-Type"] = "text/plain; charset=utf-8"
        head.setdefault("Content-Transfer-Encoding", "8bit")
    lines = [f"{name}: {_header_value(value)}" for name, value in head.items()]
    text = "\n".join((*lines, "", body.rstrip("\n"), ""))
    return text.replace("\n", "\r\n").encode()


def address_header(address: str, name: str) -> str:
    return formataddr((name, address)) if name else address


def date_header(at: datetime) -> str:
    return format_datetime(at)


def _header_value(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=900).encode()


def _with_files(body: str, names: list[str]) -> str:
    parts = [f"Content-Type: text/plain; charset=utf-8\n\n{body}"]
    parts += [
        f'Content-Type: application/octet-stream; name="{name}"\n'
        f'Content-Disposition: attachment; filename="{name}"\n\nThe file {name}.'
        for name in names
    ]
    return "".join(f"--=-part\n{part}\n" for part in parts) + "--=-part--\n"
