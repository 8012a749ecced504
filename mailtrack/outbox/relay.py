"""The relay that takes our letters, as the operator writes it: ``smtp://user@relay:587``."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit


class Tls(StrEnum):
    """How the way to the relay is encrypted; the last two are for this machine only."""

    IMPLICIT = "implicit"
    REQUIRED = "required"
    OPPORTUNISTIC = "opportunistic"
    NONE = "none"


_SCHEMES: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Relay:
    """Where letters go. ``password`` is asked anew at each login, so that it can be changed."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: Callable[[], str] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def relay_from(url: str, *, password: Callable[[], str] | None = None) -> Relay:
    """The relay that a URL names; ``?tls=`` chooses otherwise than the scheme does.

    ``smtps:`` is TLS from the start; ``smtp:`` requires STARTTLS, except to this machine, where
    it is taken if offered. Raises ValueError with a sentence for the operator.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError("write smtp://[user@]host[:port] or smtps://[user@]host[:port]")
    if parts.password:
        raise ValueError("a password does not belong in the URL; put it into a file")
    is_local = _is_this_machine(parts.hostname)
    tls = _tls_of(parts.scheme, parts.query, is_local=is_local)
    if tls in (Tls.OPPORTUNISTIC, Tls.NONE) and not is_local:
        raise ValueError(f"tls={tls} is for a relay on this machine only; use tls=required")
    user = unquote(parts.username) if parts.username else None
    if user and password is None:
        raise ValueError(f"a password for {user!r} is missing")
    port = parts.port or (587 if user and parts.scheme == "smtp" else _SCHEMES[parts.scheme])
    return Relay(parts.hostname, port, tls, user=user, password=password)


def _tls_of(scheme: str, query: str, *, is_local: bool) -> Tls:
    chosen = parse_qs(query).get("tls")
    if chosen:
        try:
            return Tls(chosen[-1])
        except ValueError:
            known = ", ".join(Tls)
            raise ValueError(f"tls={chosen[-1]} is not known; there are {known}") from None
    if scheme == "smtps":
        return Tls.IMPLICIT
    return Tls.OPPORTUNISTIC if is_local else Tls.REQUIRED


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
