"""TLS from the first byte: the client holds a place while it shakes hands, for so long only.

asyncio's own server shakes hands before it tells anybody that somebody is there: clients that
never speak would be neither counted nor sent away.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, Protocol

from mailtrack.intake.reception import Answer

HANDSHAKE_SECONDS_MAX: Final = 15.0


class Guest(Protocol):
    """Who holds a place at a front."""

    is_taking: bool
    is_storing: bool
    active_at: float

    def idle_seconds(self) -> float: ...
    def dismiss(self, answer: Answer) -> None: ...
    def abort(self) -> None: ...


class Places(Protocol):
    """Where places are had."""

    def admit(self, guest: Guest, peer: str) -> Answer | None: ...
    def leave(self, guest: Guest) -> None: ...


class Handshake(asyncio.Protocol):
    """A client until it has shaken hands; then a session of ``session_of`` takes over."""

    is_taking = False
    is_storing = False

    def __init__(
        self,
        house: Places,
        context: ssl.SSLContext,
        session_of: Callable[[], asyncio.Protocol],
    ) -> None:
        self._house = house
        self._context = context
        self._session_of = session_of
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._shaking: asyncio.Task[None] | None = None
        self.active_at = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._house.admit(self, peer_of(transport)):
            transport.abort()  # before TLS there are no words to say why
            return
        self._shaking = self._loop.create_task(self._shake(transport))

    def idle_seconds(self) -> float:
        """How long it has been at it."""
        return self._loop.time() - self.active_at

    def dismiss(self, _answer: Answer) -> None:
        """Hang up: nobody could read the answer yet."""
        self.abort()

    def abort(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    async def _shake(self, transport: asyncio.Transport) -> None:
        session = self._session_of()
        try:
            encrypted = await self._loop.start_tls(
                transport,
                session,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS_MAX,
            )
        except OSError:  # no TLS, not in time, or gone: all of it is the client's own affair
            transport.abort()
            return
        finally:
            self._house.leave(self)
        if encrypted is not None:
            session.connection_made(encrypted)


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The client's IP address; ``""`` for a Unix socket."""
    peer = transport.get_extra_info("peername")
    return peer[0] if isinstance(peer, tuple) else ""
