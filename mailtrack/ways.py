"""The ways in and out as the configuration wants them: fronts with their bounds, couriers."""

from __future__ import annotations

import importlib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from mailtrack.config import Config, Encryption
from mailtrack.config.settings import Listener
from mailtrack.desk.policy import Policy, ReplyMode
from mailtrack.intake.fronts import FRONTS, Running
from mailtrack.intake.limits import Limits
from mailtrack.intake.listen import Listen
from mailtrack.intake.maildata import Budget
from mailtrack.intake.reception import Acceptance, Reception, accept_own
from mailtrack.intake.spool import Spool
from mailtrack.mail.address import Address
from mailtrack.mail.compose import Fetch, letter_bytes
from mailtrack.mail.envelope import Front
from mailtrack.mail.message import OutgoingMail
from mailtrack.mail.signing import Signer
from mailtrack.outbox.courier import SmtpCourier
from mailtrack.outbox.delivery import Courier
from mailtrack.outbox.maildir import MaildirCourier
from mailtrack.outbox.relay import Relay, Tls

_ENCRYPTION: Final = {
    Encryption.TLS: Tls.IMPLICIT,
    Encryption.STARTTLS: Tls.REQUIRED,
    Encryption.NONE: Tls.NONE,
}


def fronts_for(
    config: Config,
    spool: Spool,
    reception: Reception,
    *,
    handed: Mapping[str, socket.socket],
    check_login: Callable[[str, str], bool] | None,
    now: Callable[[], datetime],
) -> tuple[Running, ...]:
    """All fronts of the configuration, not started; ``handed`` are systemd's sockets."""
    buffer = Budget(reception.limits.data_buffer_bytes_max)
    wanted = (
        (Front.SMTP, config.smtp),
        (Front.LMTP, config.lmtp),
        (Front.SUBMISSION, config.submission.listener if config.submission else None),
    )
    listening = tuple(
        FRONTS[kind](
            Listen(listener.listen.host, listener.listen.port, listener.listen.path),
            spool,
            reception,
            hostname=config.hostname,
            tls=tls_of(listener),
            tls_implicit=listener.tls is not None and listener.tls.is_implicit,
            tls_required=kind is Front.SUBMISSION,
            authenticator=check_login if kind is Front.SUBMISSION else None,
            sock=handed.get(kind.value),
            buffer=buffer,
            now=now,
        )
        for kind, listener in wanted
        if listener is not None
    )
    if not config.imap:
        return listening
    # Loaded only for those who have mailboxes.
    fetching: Running = importlib.import_module("mailtrack.mailboxes").fetching_front(
        config, spool, reception, now=now
    )
    return (*listening, fetching)


def acceptance_of(policy: Policy) -> Callable[[Address], Acceptance]:
    """Whom we take mail for: our addresses, their plus parts, and the reply domain."""
    has_domain = policy.reply_mode is ReplyMode.SUBDOMAIN
    keys = frozenset(key for key, _ in policy.addresses)
    return accept_own(
        keys,
        reply_domain=policy.reply_domain if has_domain else None,
        delimiters=("+", policy.delimiter),
    )


def limits_of(config: Config) -> Limits:
    """The bounds of the fronts, as the operator set them."""
    limits = config.limits
    return replace(
        Limits(),
        size_bytes_max=limits.mail_bytes_max,
        recipients_max=limits.recipients_max,
        connections_max=limits.connections_max,
        connections_per_ip_max=limits.connections_per_peer_max,
        session_seconds_max=limits.connection_time_max.total_seconds(),
    )


def composer_for(config: Config) -> Callable[[OutgoingMail, Fetch], bytes]:
    """Who makes the bytes of a letter: with a signature on top, if that is wanted."""
    dkim = config.outgoing.dkim
    if dkim is None:
        return letter_bytes
    signer = Signer(dkim.domain, dkim.selector, dkim.key)

    def compose(mail: OutgoingMail, fetch: Fetch) -> bytes:
        is_covered = signer.covers(mail.sender.address.domain)
        return letter_bytes(mail, fetch, signer.signed if is_covered else None)

    return compose


def courier_for(config: Config) -> Courier:
    """Who carries letters: the relay, or the Maildirs when there is none."""
    smarthost = config.outgoing.smarthost
    if smarthost is None:
        return MaildirCourier(config.outgoing.maildirs)
    password = smarthost.password
    relay = Relay(
        smarthost.host,
        smarthost.port,
        _ENCRYPTION[smarthost.encryption],
        smarthost.user,
        (lambda: password) if password is not None else None,
        smarthost.ca,
    )
    return SmtpCourier(relay, hostname=config.hostname)


def tls_of(listener: Listener) -> ssl.SSLContext | None:
    """The certificate of a front, ready for STARTTLS; None if it has none."""
    if listener.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(listener.tls.certificate, listener.tls.key)
    return context
