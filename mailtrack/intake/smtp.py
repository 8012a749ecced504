"""The SMTP front: aiosmtpd with the guards it lacks. ``lmtp`` builds on it.

The 250 is written after the spool has the mail, never before; whatever goes wrong on our side
is a 451 without a word about it. ``session`` is one conversation, this file is what all
conversations of a front share: the places, the memory, the way to the spool.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.handshake import Guest, Handshake
from mailtrack.intake.incoming import Incoming
from mailtrack.intake.listen import Listen, open_server
from mailtrack.intake.maildata import Budget
from mailtrack.intake.passwords import CHECKS_AT_ONCE_MAX, Lockout
from mailtrack.intake.reception import NO_ROOM, TROUBLE, Answer, Reception
from mailtrack.intake.session import CLOSING_SECONDS_MAX, STOPPING, Session, Transaction
from mailtrack.intake.spool import Spool, SpoolFull
from mailtrack.mail.address import address_from
from mailtrack.mail.envelope import Front

logger = log.get(__name__)

REFUSED_FOR_GOOD: Final = 500
BUSY: Final = Answer(421, "4.7.0 Too many connections, please try again later")
CROWDED_OUT: Final = Answer(421, "4.7.0 Idle while others wait, closing")

BAD_LOGIN: Final = Answer(535, "5.7.8 Login or password is wrong")
LOCKED_OUT: Final = Answer(454, "4.7.0 Too many failed logins, please try again later")

CROWD_LOG_SECONDS: Final = 60.0


class SmtpFront:
    """One listening place. ``port`` is known once it is started.

    ``tls`` is offered as STARTTLS, or spoken from the start if ``tls_implicit``; with
    ``tls_required`` nothing else works without it. ``authenticator`` answers whether a login
    and password are right; it runs in a thread and may be slow. ``sock`` is a listening socket
    that systemd hands over, ``listen`` is then only a name. ``buffer`` is the memory that mails
    on their way in may take; fronts of one desk share one.
    """

    kind: Front = Front.SMTP
    session_class: type[Session] = Session
    needs_login = False

    def __init__(
        self,
        listen: Listen,
        spool: Spool,
        reception: Reception,
        *,
        hostname: str,
        tls: ssl.SSLContext | None = None,
        tls_implicit: bool = False,
        tls_required: bool = False,
        authenticator: Callable[[str, str], bool] | None = None,
        sock: socket.socket | None = None,
        buffer: Budget | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.listen = listen
        self.reception = reception
        self.limits = reception.limits
        self.hostname = hostname
        self.tls = tls
        self.tls_implicit = tls_implicit
        self.tls_required = tls_required
        self.authenticator = authenticator
        self.buffer = buffer or Budget(self.limits.data_buffer_bytes_max)
        self.is_stopping = False
        self._lockout = Lockout()
        # Of its own: who guesses passwords must not take the threads that others work with.
        self._checkers = ThreadPoolExecutor(CHECKS_AT_ONCE_MAX, thread_name_prefix="logins")
        self._spool = spool
        self._sock = sock
        self._now = now
        self._server: asyncio.Server | None = None
        self._sessions: dict[Guest, str] = {}
        self._complain_again_at = 0.0
        self._all_gone = asyncio.Event()
        self._all_gone.set()

    @property
    def port(self) -> int:
        """The TCP port; 0 for a Unix socket."""
        assert self._server is not None, "not started"
        name = self._server.sockets[0].getsockname()
        return name[1] if isinstance(name, tuple) else 0

    async def start(self) -> None:
        """Listen. OSError if the place is taken."""
        self._server = await open_server(
            self.listen,
            self._handshake if self.tls_implicit else self._session,
            sock=self._sock,
        )
        logger.info("front_started", front=self.kind, listen=str(self.listen))

    def _session(self) -> Session:
        return self.session_class(self)

    def _handshake(self) -> Handshake:
        assert self.tls is not None, "TLS from the start needs a certificate"
        return Handshake(self, self.tls, self._session)

    async def stop(self) -> None:
        """Take no new mail, let the mails that are on their way in finish, close."""
        if self._server is None:
            return
        self.is_stopping = True
        self._server.close()
        for session in tuple(self._sessions):
            if not session.is_taking:
                session.dismiss(STOPPING)
        await self._wait_until_gone(self.limits.drain_seconds_max)
        for session in tuple(self._sessions):
            session.dismiss(STOPPING)
        await self._wait_until_gone(CLOSING_SECONDS_MAX)
        for session in tuple(self._sessions):
            session.abort()
        if self.listen.path and self._sock is None:
            self.listen.path.unlink(missing_ok=True)
        self._server = None
        self._checkers.shutdown(wait=False)
        logger.info("front_stopped", front=self.kind, listen=str(self.listen))

    # What a session asks.

    def admit(self, guest: Guest, peer: str) -> Answer | None:
        """Give a newcomer a place, or say why not."""
        if self.is_stopping:
            return STOPPING
        places = list(self._sessions.values())
        if not _is_local(peer) and places.count(peer) >= self.limits.connections_per_ip_max:
            return BUSY
        if len(places) >= self.limits.connections_max and not self._make_room():
            self._complain_of_crowd(guest, peer)
            return BUSY
        self._sessions[guest] = peer
        self._all_gone.clear()
        return None

    def leave(self, guest: Guest) -> None:
        """Take a place back."""
        self._sessions.pop(guest, None)
        if not self._sessions:
            self._all_gone.set()

    def counts_refusals(self, peer: str) -> bool:
        """Whether a peer may only guess so many recipients: our own relay does not guess."""
        return not _is_local(peer)

    def has_room(self) -> Answer | None:
        """Why no mail can be taken now; None if one can."""
        try:
            self._spool.check_room()
        except TemporaryFailure as failure:
            return self._answer_to(failure)
        return None

    async def refuses_login(self, peer: str, login: str, password: str) -> Answer | None:
        """Why a login is refused; None if it is right."""
        assert self.authenticator is not None, "AUTH is not offered"
        if not self._lockout.begin(peer):
            logger.warning("peer_locked_out", front=self.kind, peer=peer)
            return LOCKED_OUT
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._checkers, self.authenticator, login, password):
            # A password that was typed for the login must not be readable either.
            sender = login if address_from(login) else f"{login[:1]}***"
            logger.warning("login_refused", front=self.kind, peer=peer, sender=sender)
            return BAD_LOGIN
        self._lockout.succeeded(peer)
        return None

    def begin(
        self, transaction: Transaction, *, peer: str, login: str | None, is_encrypted: bool
    ) -> Incoming:
        """Where a mail is collected."""
        return self._spool.begin(
            mail_from=transaction.sender,
            rcpt_to=transaction.recipients_once(),
            front=self.kind,
            peer=peer,
            received_at=self._now(),
            authenticated_as=login,
            is_encrypted=is_encrypted,
        )

    async def keep(self, mail: Incoming, piece: bytes) -> Answer | None:
        """Collect a piece of a mail; why it is refused, or None."""
        try:
            await mail.add(piece)
        except TemporaryFailure as failure:
            return self._answer_to(failure)
        return None

    async def take(self, mail: Incoming) -> Answer:
        """Store a mail and answer for it."""
        if refusal := self.reception.content(mail.beginning, mail.size_bytes):
            return refusal
        try:
            envelope = await mail.store(self._now())
        except TemporaryFailure as failure:
            return self._answer_to(failure)
        logger.info(
            "mail_spooled",
            spool_id=envelope.spool_id,
            front=self.kind,
            peer=envelope.peer,
            size_bytes=envelope.size_bytes,
        )
        return Answer(250, f"2.0.0 Accepted as {envelope.spool_id}")

    def tell_of_refusal(self, answer: Answer, peer: str, path: str | None = None) -> None:
        """Who asks why their mail came back is to be found; of the recipient, the domain."""
        if answer.code < REFUSED_FOR_GOOD:
            return
        if path is None:
            logger.info("mail_refused", front=self.kind, peer=peer, reason=str(answer))
        else:
            domain = "@" + path.partition("@")[2].strip("<> ")
            logger.info(
                "recipient_refused",
                front=self.kind,
                peer=peer,
                recipient=domain,
                reason=str(answer),
            )

    def _answer_to(self, failure: TemporaryFailure) -> Answer:
        logger.error("mail_put_off", front=self.kind, reason=failure.reason)
        return NO_ROOM if isinstance(failure, SpoolFull) else TROUBLE

    def _make_room(self) -> bool:
        """Dismiss whoever has done nothing for longest, if that is long: a slow loris."""
        idle = [session for session in self._sessions if not session.is_storing]
        slowest = min(idle, key=lambda session: session.active_at, default=None)
        if slowest is None or slowest.idle_seconds() < self.limits.grace_seconds:
            return False
        slowest.dismiss(CROWDED_OUT)
        self.leave(slowest)
        return True

    def _complain_of_crowd(self, guest: Guest, peer: str) -> None:
        """Once in a while: who crowds us out must not fill the log as well."""
        if guest.active_at >= self._complain_again_at:
            self._complain_again_at = guest.active_at + CROWD_LOG_SECONDS
            logger.warning(
                "front_crowded", front=self.kind, count=len(self._sessions), peer=peer
            )

    async def _wait_until_gone(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._all_gone.wait(), seconds)
        except TimeoutError:
            logger.warning("sessions_linger", front=self.kind, count=len(self._sessions))


class SubmissionFront(SmtpFront):
    """One place for people who log in."""

    kind = Front.SUBMISSION
    needs_login = True


def _is_local(peer: str) -> bool:
    """Whether a peer is this machine: a Unix socket (``""``) or loopback."""
    try:
        return not peer or ipaddress.ip_address(peer.partition("%")[0]).is_loopback
    except ValueError:
        return False
