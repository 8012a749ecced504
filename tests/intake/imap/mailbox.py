"""What the IMAP tests share: a front on an account of its own, and what came of it."""

import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from intake.doors import ALSO_OURS, NO_FLOOR, NOON, OURS
from servers.dovecot import Dovecot

from mailtrack.intake.imap.account import Account, Security
from mailtrack.intake.imap.front import ImapFront
from mailtrack.intake.imap.ledger import FolderStatus, statuses
from mailtrack.intake.limits import Limits
from mailtrack.intake.reception import Reception, accept_own
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.envelope import Envelope

_numbers = itertools.count(1)


def new_user() -> str:
    """An address that no other test has: on this Dovecot everybody is a user."""
    return f"desk{next(_numbers)}.{os.getpid()}@example.org"


def account_on(dovecot: Dovecot, user: str = "", **changes: object) -> Account:
    """An account on Dovecot over TLS."""
    account = Account(
        host="localhost",
        port=dovecot.port_tls,
        user=user or new_user(),
        security=Security.TLS,
        fallback=OURS,
        password=dovecot.password,
        ca=dovecot.certificate,
    )
    return replace(account, **changes)  # type: ignore[arg-type]


class Desk:
    """An intake without the rest of the daemon: spool, reception, IMAP front."""

    def __init__(
        self,
        root: Path,
        *accounts: Account,
        limits: Limits | None = None,
        sync: Callable[[int], None] = os.fsync,
        floor: Floor = NO_FLOOR,
    ) -> None:
        self.root = root
        root.mkdir(exist_ok=True, parents=True)
        self.spool = Spool(root / "spool", floor=floor, sync=sync)
        ours = accept_own(frozenset({OURS, ALSO_OURS}), reply_domain="reply.help.example")
        reception = Reception(ours, limits or Limits())
        self.front = ImapFront(accounts, self.spool, reception, state=root, now=lambda: NOON)

    async def __aenter__(self) -> "Desk":
        self.spool.lock()
        await self.front.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.front.stop()
        await self.spool.close()

    def stored(self) -> list[tuple[Envelope, bytes]]:
        return [self.spool.read(spool_id) for spool_id in self.spool.waiting(100_000)]

    def subjects(self) -> list[str]:
        return [subject_of(raw) for _, raw in self.stored()]

    def statuses(self) -> tuple[FolderStatus, ...]:
        return statuses(self.root)

    def is_idle(self) -> bool:
        return all(one.state in ("idle", "polling") for one in self.statuses())

    def errors(self) -> str:
        return " ".join(one.error or "" for one in self.statuses())


@contextlib.asynccontextmanager
async def fetching(root: Path, *accounts: Account, **setup: object) -> AsyncIterator[Desk]:
    async with Desk(root, *accounts, **setup) as desk:  # type: ignore[arg-type]
        yield desk


def subject_of(raw: bytes) -> str:
    return raw.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()


def mail(subject: str, *, to: str = OURS, body: str = "It burns.") -> bytes:
    return (
        f"Return-Path: <dana@client.example>\r\nFrom: dana@client.example\r\nTo: {to}\r\n"
        f"Subject: {subject}\r\nMessage-ID: <{subject.replace(' ', '.')}@client.example>\r\n"
        f"\r\n{body}\r\n"
    ).encode()


def flags_of(dovecot: Dovecot, user: str, folder: str = "INBOX") -> list[str]:
    """The flags of each mail in a folder, oldest first."""
    with dovecot.connect(user) as session:
        session.select(folder, readonly=True)
        _, found = session.uid("FETCH", "1:*", "(FLAGS)")
        return [one.decode() for one in found if isinstance(one, bytes)]
