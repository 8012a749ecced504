"""What a courier is, and what it answers: one letter, one recipient, one of three results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from mailtrack.mail.address import Address


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next server has it, or its file is on disk. ``reason`` is what the server said."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. ``code`` is the SMTP answer, None if there was none.

    ``is_relay`` means the relay as a whole is in trouble: the letter is not to blame, and any
    other would fare the same. ``is_timeout`` means that no answer came at all.
    """

    code: int | None
    reason: str
    is_relay: bool = False
    is_timeout: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never. ``code`` is the SMTP answer, None if we did not ask."""

    code: int | None
    reason: str


Delivery = Delivered | Deferred | Refused


BeforeContent = Callable[[], Awaitable[None]]


async def no_wait() -> None:
    """Go on at once."""


class Courier(Protocol):
    """Somebody who carries letters. Total: whatever goes wrong is a Deferred or a Refused."""

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
        """Carry one letter; ``letter_id`` is the same at every try.

        ``before_content`` is awaited before the step after which a crash would carry the
        letter twice; a courier that knows what it has carried need not.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; the next ``deliver`` makes new ones."""
        ...
