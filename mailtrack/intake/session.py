"""One SMTP conversation: aiosmtpd's protocol, with what it does too kindly done again.

What is our own: reading the mail in big pieces, addresses read by ``reception``, every failure
of ours a 451, a client that goes away does not stop a store, a clock on everything. Inherited
names with an underscore are aiosmtpd's private ones; the suite in ``tests/intake`` notices
when they change.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as Login

from mailtrack import log
from mailtrack.intake.enhanced import enhanced
from mailtrack.intake.handshake import Guest, peer_of
from mailtrack.intake.incoming import Incoming
from mailtrack.intake.limits import Limits
from mailtrack.intake.maildata import Budget, Share, read_mail
from mailtrack.intake.reception import (
    NULL_PATH,
    TOO_MANY_RECIPIENTS,
    TROUBLE,
    Answer,
    Reception,
    each_once,
)
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Front

logger = log.get(__name__)

TIMED_OUT: Final = Answer(421, "4.4.2 Timeout, closing")
SESSION_OVER: Final = Answer(421, "4.4.2 Session too long, closing")
NOT_IMPLEMENTED: Final = Answer(502, "5.5.1 Not implemented")
NO_RECIPIENTS: Final = Answer(503, "5.5.1 Need RCPT first")
LOGIN_FIRST: Final = Answer(530, "5.7.0 Authentication required")
NO_PARAMETERS: Final = Answer(501, "5.5.4 DATA takes no parameters")
TOO_MANY_REFUSED: Final = Answer(421, "4.7.0 Too many recipients that are not here, closing")
STOPPING: Final = Answer(421, "4.3.2 The service is being stopped, please try again later")
OK: Final = Answer(250, "2.1.0 Ok")
RECIPIENT_OK: Final = Answer(250, "2.1.5 Ok")
_OF_ENVELOPE: Final = b"250 2.1."

READ_STEP_BYTES: Final = 64 * 1024
STORE_GRACE_SECONDS: Final = 1.0
CLOSING_SECONDS_MAX: Final = 5.0


class Transaction(Envelope):
    """The mail being spoken of. ``recipients`` are in the order they were accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.sender: Address | None = None
        self.recipients: list[Address] = []

    def recipients_once(self) -> tuple[Address, ...]:
        """The recipients, each once, in order."""
        return each_once(self.recipients)


class House(Protocol):
    """What a session needs of its front."""

    kind: Front
    limits: Limits
    reception: Reception
    hostname: str
    buffer: Budget
    tls: ssl.SSLContext | None
    tls_implicit: bool
    tls_required: bool
    needs_login: bool
    authenticator: Callable[[str, str], bool] | None
    is_stopping: bool

    def admit(self, guest: Guest, peer: str) -> Answer | None: ...
    def leave(self, guest: Guest) -> None: ...
    def counts_refusals(self, peer: str) -> bool: ...
    def tell_of_refusal(self, answer: Answer, peer: str, path: str | None = None) -> None: ...
    def has_room(self) -> Answer | None: ...
    async def refuses_login(self, peer: str, login: str, password: str) -> Answer | None: ...
    def begin(
        self, transaction: Transaction, *, peer: str, login: str | None, is_encrypted: bool
    ) -> Incoming: ...
    async def keep(self, mail: Incoming, piece: bytes) -> Answer | None: ...
    async def take(self, mail: Incoming) -> Answer: ...


class Hooks:
    """What aiosmtpd asks a handler; it finds these by their names. Keeps nothing."""

    async def handle_EHLO(
        self,
        server: Session,
        session: Login,
        _envelope: Transaction,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return server.extensions(responses)

    async def handle_MAIL(
        self,
        server: Session,
        _session: Login,
        envelope: Transaction,
        address: str,
        _options: list[str],
    ) -> str:
        return str(server.begin(envelope, address))

    async def handle_RCPT(
        self,
        server: Session,
        _session: Login,
        envelope: Transaction,
        address: str,
        _options: list[str],
    ) -> str:
        return str(server.add_recipient(envelope, address))


class Session(SMTP):
    """One conversation with one client.

    ``is_taking`` from the go-ahead for a mail to the answer for it, ``is_storing`` while the
    disk has it: then nobody may interrupt. ``active_at`` is the loop's time of the last command
    or the last good piece of a mail.
    """

    line_length_limit = READ_STEP_BYTES  # of the reader's buffer: lines of a mail may be longer
    greeting_verb = "EHLO"
    protocol = "ESMTP"

    def __init__(self, house: House) -> None:
        limits = house.limits
        self.command_size_limit = limits.command_bytes_max
        super().__init__(
            Hooks(),
            loop=asyncio.get_running_loop(),
            hostname=house.hostname,
            ident=self.protocol,
            data_size_limit=limits.size_bytes_max,
            enable_SMTPUTF8=True,
            tls_context=None if house.tls_implicit else house.tls,
            require_starttls=house.tls_required and not house.tls_implicit,
            timeout=limits.idle_seconds_max,
            # aiosmtpd counts only STARTTLS as encryption.
            auth_require_tls=not house.tls_implicit,
            command_call_limit=_calls(limits),
        )
        self.is_taking = False
        self.is_storing = False
        self.active_at = self.loop.time()
        self._house = house
        self._peer_ip = ""
        self._is_turned_away = False
        self._refused_count = 0
        self._unsent = bytearray()
        self._claim: LoginPassword | None = None
        self._over: asyncio.TimerHandle | None = None

    # Coming, going, and being sent away.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is not None:  # the same client, now encrypted
            super().connection_made(transport)
            return
        self._peer_ip = peer_of(transport)
        if refusal := self._house.admit(self, self._peer_ip):
            self._is_turned_away = True
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(f"{refusal}\r\n".encode("ascii"))
            transport.close()
            return
        super().connection_made(transport)
        self._over = self.loop.call_later(
            self._house.limits.session_seconds_max, self._end_session
        )

    def connection_lost(self, error: Exception | None) -> None:
        if self._is_turned_away:
            return
        self._house.leave(self)
        if self._over:
            self._over.cancel()
        if self.transport is not None:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if not self._is_turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return False if self._is_turned_away else super().eof_received()

    def dismiss(self, answer: Answer) -> None:
        """Say why and hang up; a store that is under way goes on, unanswered."""
        if self.transport is None:
            return
        if not self.transport.is_closing():
            self._unsent += f"{answer}\r\n".encode("ascii")
            self._send()
            self.transport.close()
        # A client that does not read would keep its place for ever.
        self.loop.call_later(CLOSING_SECONDS_MAX, self._bury)

    def abort(self) -> None:
        """Hang up at once."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _bury(self) -> None:
        self.abort()
        self._house.leave(self)

    def idle_seconds(self) -> float:
        """How long nothing useful has come."""
        return self.loop.time() - self.active_at

    def _is_encrypted(self) -> bool:
        assert self.session is not None
        return self._house.tls_implicit or self.session.ssl is not None

    def _end_session(self) -> None:
        if self.is_storing:
            self._over = self.loop.call_later(STORE_GRACE_SECONDS, self._end_session)
        else:
            self.dismiss(SESSION_OVER)

    def _reset_timeout(self, duration: float | None = None) -> None:
        self.active_at = self.loop.time()
        super()._reset_timeout(duration)

    def _timeout_cb(self) -> None:
        self.dismiss(TIMED_OUT)

    def _create_envelope(self) -> Transaction:
        return Transaction()

    async def handle_exception(self, error: Exception) -> str:
        """Whatever went wrong is our fault, may be over next time, and nobody's business."""
        logger.error("session_failed", front=self._house.kind, exc_info=error)
        self._set_rset_state()  # type: ignore[no-untyped-call]  # aiosmtpd
        return str(TROUBLE)

    async def smtp_STARTTLS(self, arg: str) -> None:
        await super().smtp_STARTTLS(arg)
        assert self.session is not None
        if self._tls_protocol is not None and self.session.ssl is None:
            # The client hung up during the handshake, and asyncio tells nobody.
            self.connection_lost(None)

    async def push(self, status: str | bytes) -> None:
        """Answer. What is said to MAIL and RCPT may wait a moment for the answer to DATA.

        A client that pipelines hears all three at once; every send costs a wait for Python.
        """
        answer = enhanced(status).encode() if isinstance(status, str) else status
        self._unsent += answer + b"\r\n"
        if answer.startswith(_OF_ENVELOPE):
            self.loop.call_soon(self._send)
        else:
            self._send()
        await self._writer.drain()

    def _send(self) -> None:
        if self._unsent and self.transport is not None:
            self._writer.write(bytes(self._unsent))
        self._unsent.clear()

    # The envelope.

    def extensions(self, offered: list[str]) -> list[str]:
        """What EHLO answers: no HELP, and AUTH only if somebody can be asked."""
        hidden = ("HELP",) if self._house.authenticator else ("HELP", "AUTH")
        lines = [line[4:] for line in offered if not line[4:].startswith(hidden)]
        lines += ["PIPELINING", "ENHANCEDSTATUSCODES"]
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    def begin(self, transaction: Transaction, path: str) -> Answer:
        """Answer MAIL."""
        assert self.session is not None
        if self._house.needs_login and not self.session.authenticated:
            return LOGIN_FIRST
        if refusal := self._house.has_room():
            return refusal
        sender = self._house.reception.sender(path)
        if isinstance(sender, Answer):
            return sender
        transaction.sender = sender
        transaction.mail_from = path  # aiosmtpd asks this whether there was a MAIL
        return OK

    def add_recipient(self, transaction: Transaction, path: str) -> Answer:
        """Answer RCPT. One named twice is accepted twice, which LMTP has to answer twice."""
        if len(transaction.recipients) >= self._house.limits.recipients_max:
            return TOO_MANY_RECIPIENTS
        recipient = self._house.reception.recipient(path)
        if isinstance(recipient, Answer):
            self._refused_count += self._house.counts_refusals(self._peer_ip)
            self._house.tell_of_refusal(recipient, self._peer_ip, path)
            return recipient
        transaction.recipients.append(recipient)
        return RECIPIENT_OK

    async def smtp_RCPT(self, arg: str | None) -> None:
        await super().smtp_RCPT(arg)
        if self._refused_count >= self._house.limits.refused_recipients_max:
            logger.warning("recipients_guessed", front=self._house.kind, peer=self._peer_ip)
            self.dismiss(TOO_MANY_REFUSED)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The path as it was written, and the parameters; ``reception`` judges it.

        The inherited one asks a private parser of the standard library that is not total.
        """
        if not arg.startswith("<"):
            path, _, parameters = arg.partition(" ")
            return path, parameters
        path, bracket, parameters = arg[1:].partition(">")
        if not bracket or (parameters and not parameters.startswith(" ")):
            return None, None
        return path or NULL_PATH, parameters

    # The mail.

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed(self.greeting_verb):
            return
        transaction = self.envelope
        assert isinstance(transaction, Transaction)
        if arg or not transaction.recipients:
            await self.push(str(NO_PARAMETERS if arg else NO_RECIPIENTS))
            return
        self.is_taking = True
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            answer = await self._take(transaction)
        finally:
            self.is_taking = self.is_storing = False
            self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd
        await self._answer_mail(answer, transaction)
        if self._house.is_stopping:
            self.dismiss(STOPPING)

    async def _answer_mail(self, answer: Answer, _transaction: Transaction) -> None:
        await self.push(str(answer))

    async def _take(self, transaction: Transaction) -> Answer:
        limits, house = self._house.limits, self._house
        assert self.session is not None
        held = Share(house.buffer)
        mail = house.begin(
            transaction,
            peer=self._peer_ip,
            login=self.session.auth_data,
            is_encrypted=self._is_encrypted(),
        )
        try:
            refusal = await read_mail(
                self._reader,
                keep=lambda piece: house.keep(mail, piece),
                held=held,
                size_bytes_max=limits.size_bytes_max,
                step_bytes=limits.data_step_bytes,
                on_step=lambda: self._reset_timeout(limits.data_seconds_max),
            )
            self.is_storing = not refusal
            answer = refusal or await house.take(mail)
            house.tell_of_refusal(answer, self._peer_ip)
            return answer
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the client must hear 451, whatever it was
            return Answer(TROUBLE.code, (await self.handle_exception(error))[4:])
        finally:
            held.give_back()
            mail.discard()

    # Logging in.

    async def smtp_AUTH(self, arg: str) -> None:
        if self._house.authenticator is None:
            await self.push(str(NOT_IMPLEMENTED))
            return
        await super().smtp_AUTH(arg)

    async def auth_PLAIN(self, server: object, args: list[str]) -> AuthResult:
        return await self._checked(await super().auth_PLAIN(server, args))

    async def auth_LOGIN(self, server: object, args: list[str]) -> AuthResult:
        return await self._checked(await super().auth_LOGIN(server, args))

    def _authenticate(self, mechanism: str, auth_data: object) -> AuthResult:
        """Called by the two above, in the loop: note the claim, to be checked in a thread."""
        assert isinstance(auth_data, LoginPassword)
        self._claim = auth_data
        return AuthResult(success=False, handled=False)

    async def _checked(self, result: AuthResult) -> AuthResult:
        claim, self._claim = self._claim, None
        if claim is None:
            return result
        try:
            login, password = claim.login.decode("utf-8"), claim.password.decode("utf-8")
        except UnicodeDecodeError:
            return result
        if refusal := await self._house.refuses_login(self._peer_ip, login, password):
            return AuthResult(success=False, handled=False, message=str(refusal))
        return AuthResult(success=True, handled=False, auth_data=login)

    # What gives information away, or needs no answer.

    async def smtp_VRFY(self, _arg: str) -> None:
        await self.push(str(NOT_IMPLEMENTED))

    async def smtp_EXPN(self, _arg: str) -> None:
        await self.push(str(NOT_IMPLEMENTED))

    async def smtp_HELP(self, _arg: str) -> None:
        await self.push(str(NOT_IMPLEMENTED))


def _calls(limits: Limits) -> dict[str, int]:
    """How often a session may say what; beyond that it is closed with 421."""
    mails = limits.mails_per_session_max
    return {
        "*": limits.commands_per_session_max,
        "MAIL": mails,
        "RCPT": mails + limits.recipients_max,
        "DATA": mails,
        "RSET": mails,
        "AUTH": limits.logins_per_session_max,
    }
