"""The courier that speaks SMTP to the relay: the home of aiosmtplib.

Connections are used again while nothing about them is in doubt: idle no longer than 30 s, at
most 100 letters each, dropped after anything that was not a clean answer. Never in plain text
where TLS was asked for. A lost answer after the final dot counts as not delivered: a letter
twice is better than none, and both have the same Message-ID.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import aiosmtplib

from mailtrack import log
from mailtrack.mail.address import Address
from mailtrack.outbox.delivery import (
    BeforeContent,
    Deferred,
    Delivered,
    Delivery,
    Refused,
    no_wait,
)
from mailtrack.outbox.relay import Relay, Tls

logger = log.get(__name__)

IDLE_SECONDS_MAX: Final = 30.0
LETTERS_PER_CONNECTION_MAX: Final = 100
REASON_CHARS_MAX: Final = 300
QUIT_SECONDS_MAX: Final = 2.0

SERVICE_CLOSING: Final = 421


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an answer is waited for, in seconds (RFC 5321 section 4.5.3.2)."""

    connect: float = 30.0
    command: float = 120.0
    content: float = 600.0


class Stage(Enum):
    """How far a letter had come; it decides who is to blame."""

    OPENING = auto()  # connect, greeting, EHLO, STARTTLS, AUTH
    MAIL = auto()
    RECIPIENT = auto()
    CONTENT = auto()


@dataclass(slots=True)
class _Line:
    """A connection to the relay, used by one letter at a time."""

    client: aiosmtplib.SMTP
    letters: int = 0
    used_at: float = 0.0
    stage: Stage = Stage.MAIL

    def is_fresh(self) -> bool:
        return (
            self.client.is_connected
            and self.letters < LETTERS_PER_CONNECTION_MAX
            and time.monotonic() - self.used_at <= IDLE_SECONDS_MAX
        )


class SmtpCourier:
    """Carries letters to one relay. ``tls_context`` replaces the system's trust store."""

    def __init__(
        self,
        relay: Relay,
        *,
        hostname: str,
        timeouts: Timeouts | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._relay = relay
        self._hostname = hostname
        self._timeouts = timeouts or Timeouts()
        self._tls_context = tls_context or _tls_context_for(relay)
        self._idle: list[_Line] = []
        self._hanging_up: asyncio.Task[None] | None = None

    async def deliver(
        self,
        raw: bytes,
        *,
        letter_id: str,
        mail_from: Address | None,
        recipient: Address,
        needs_smtputf8: bool,
        before_content: BeforeContent = no_wait,
    ) -> Delivery:
        """Hand one letter over."""
        letter = _Parcel(raw, letter_id, mail_from, recipient, needs_smtputf8, before_content)
        line = self._take_idle()
        if line:
            delivery = await self._carry(line, letter)
            # The relay may have hung up while the line was idle: that says nothing yet.
            if not (isinstance(delivery, Deferred) and line.stage is Stage.MAIL):
                return delivery
            if delivery.code not in (None, SERVICE_CLOSING):
                return delivery
        opened = await self._open()
        return opened if isinstance(opened, Deferred) else await self._carry(opened, letter)

    async def close(self) -> None:
        """Say QUIT on all idle connections."""
        if self._hanging_up:
            self._hanging_up.cancel()
            await asyncio.gather(self._hanging_up, return_exceptions=True)
        while self._idle:
            await self._quit(self._idle.pop())

    async def _hang_up(self) -> None:
        """Give back what nobody uses: the relay would keep a process for each."""
        while self._idle:
            oldest = self._idle[0]
            left = oldest.used_at + IDLE_SECONDS_MAX - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            else:
                await self._quit(self._idle.pop(0))

    async def _quit(self, line: _Line) -> None:
        try:
            await line.client.quit(timeout=QUIT_SECONDS_MAX)
        except (aiosmtplib.SMTPException, OSError):
            line.client.close()
        except BaseException:
            line.client.close()
            raise

    def _take_idle(self) -> _Line | None:
        """The connection used last, if it is still good; stale ones are closed in passing."""
        while self._idle:
            line = self._idle.pop()
            if line.is_fresh():
                return line
            line.client.close()
        return None

    async def _open(self) -> _Line | Deferred:
        """A new connection, encrypted and logged in as asked, or why there is none."""
        tls, timeout = self._relay.tls, self._timeouts.connect
        client = aiosmtplib.SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            local_hostname=self._hostname,
            timeout=timeout,
            use_tls=tls is Tls.IMPLICIT,
            start_tls=tls is Tls.REQUIRED,
            tls_context=self._tls_context,
        )
        try:
            await client.connect()
            if self._relay.user is not None:
                password = self._relay.password() if self._relay.password else ""
                await client.login(self._relay.user, password)
            elif client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            return deferred_by(error, Stage.OPENING)
        client.timeout = self._timeouts.command
        return _Line(client)

    async def _carry(self, line: _Line, letter: _Parcel) -> Delivery:
        """One transaction. Afterwards the connection is idle again, or gone."""
        try:
            delivery = await self._transact(line, letter)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return await self._after_failure(line, error)
        except BaseException:
            line.client.close()
            raise
        self._put_back(line)
        return delivery

    async def _transact(self, line: _Line, letter: _Parcel) -> Delivery:
        client = line.client
        line.stage = Stage.MAIL
        line.letters += 1
        if letter.is_utf8 and not client.supports_extension("smtputf8"):
            return Refused(None, "The relay cannot carry such an address (no SMTPUTF8)")
        encoding = "utf-8" if letter.is_utf8 else "ascii"
        sender = str(letter.mail_from) if letter.mail_from else ""
        await client.mail(sender, options=letter.mail_options(client), encoding=encoding)
        line.stage = Stage.RECIPIENT
        options = letter.recipient_options(client)
        await client.rcpt(str(letter.recipient), options=options, encoding=encoding)
        await letter.before_content()
        line.stage = Stage.CONTENT
        response = await client.data(letter.raw, timeout=self._timeouts.content)
        return Delivered(_one_line(response.message))

    async def _after_failure(self, line: _Line, error: Exception) -> Delivery:
        """Judge a failure; keep the connection only after a clean refusal and a clean RSET."""
        delivery = delivery_after(error, line.stage)
        if _is_clean(error) and line.client.is_connected:
            try:
                await line.client.rset(timeout=self._timeouts.connect)
            except (aiosmtplib.SMTPException, OSError):
                line.client.close()
            else:
                self._put_back(line)
        else:
            line.client.close()
        return delivery

    def _put_back(self, line: _Line) -> None:
        line.used_at = time.monotonic()
        self._idle.append(line)
        if self._hanging_up is None or self._hanging_up.done():
            self._hanging_up = asyncio.create_task(self._hang_up())


@dataclass(frozen=True, slots=True)
class _Parcel:
    raw: bytes
    letter_id: str
    mail_from: Address | None
    recipient: Address
    needs_smtputf8: bool
    before_content: BeforeContent

    @property
    def is_utf8(self) -> bool:
        addresses = [self.recipient, *([self.mail_from] if self.mail_from else [])]
        return self.needs_smtputf8 or not all(address.is_ascii for address in addresses)

    def mail_options(self, client: aiosmtplib.SMTP) -> list[str]:
        options = []
        if client.supports_extension("size"):
            options.append(f"SIZE={len(self.raw)}")
        if not self.raw.isascii() and client.supports_extension("8bitmime"):
            options.append("BODY=8BITMIME")
        if self.is_utf8:
            options.append("SMTPUTF8")
        if client.supports_extension("dsn"):
            # RFC 3461: bounces quote the head only, and name the letter.
            options += ["RET=HDRS", f"ENVID={_xtext(self.letter_id)}"]
        return options

    def recipient_options(self, client: aiosmtplib.SMTP) -> list[str]:
        if not client.supports_extension("dsn"):
            return []
        # Nobody reads what comes back to the null path.
        return ["NOTIFY=FAILURE,DELAY" if self.mail_from else "NOTIFY=NEVER"]


def delivery_after(error: Exception, stage: Stage) -> Delivery:
    """What a failure means for the letter (security section 6.8). Pure.

    5xx for the sender, the recipient or the content refuses the letter. Everything else is
    tried again: 421 and all that happens before MAIL is the relay's trouble, not the letter's.
    """
    code = _code_of(error)
    if stage is Stage.OPENING or code is None or code < 500 or code == SERVICE_CLOSING:
        return deferred_by(error, stage)
    return Refused(code, _reason_of(error))


def deferred_by(error: Exception, stage: Stage) -> Deferred:
    """The delay that a failure means, whatever its code. Pure."""
    code = _code_of(error)
    is_timeout = isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError)
    # Who the letter is for has not been said before RCPT.
    is_relay = stage is Stage.OPENING or (is_timeout and stage is Stage.MAIL)
    is_relay = is_relay or code == SERVICE_CLOSING
    return Deferred(code, _reason_of(error), is_relay=is_relay, is_timeout=is_timeout)


def _code_of(error: Exception) -> int | None:
    """The SMTP answer behind an error; None if there was none, or none of SMTP."""
    code = getattr(error, "code", None)
    return code if isinstance(code, int) and 200 <= code <= 599 else None


def _is_clean(error: Exception) -> bool:
    return _code_of(error) not in (None, SERVICE_CLOSING)


def _reason_of(error: Exception) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    code = _code_of(error)
    return _one_line(f"{code} {text}" if code else f"{type(error).__name__}: {text}")


def _one_line(text: str) -> str:
    """What the other server said, fit for a log and a letter."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:REASON_CHARS_MAX]


def _xtext(text: str) -> str:
    """RFC 3461 section 4: what is not a harmless character becomes +XX."""
    return re.sub(r"[^!-*,-<>-~]", lambda match: f"+{ord(match[0]) & 0xFF:02X}", text)[:100]


def _tls_context_for(relay: Relay) -> ssl.SSLContext | None:
    """Certificates are always verified, for the very name the operator wrote."""
    if relay.tls is Tls.NONE:
        return None
    context = ssl.create_default_context(cafile=relay.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
