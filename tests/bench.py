"""A clerk with everything below it, in one folder: real spool, archive, database, readers."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from player import DESK
from stage import policy_from

from mailtrack.clerk import Clerk, Desk
from mailtrack.desk.policy import Policy
from mailtrack.intake.archive import Archive
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Front
from mailtrack.probes import Probes
from mailtrack.reader import MEMORY_BYTES_MAX, Reader
from mailtrack.resolver import Resolver
from mailtrack.store.database import Database
from mailtrack.store.status import status
from mailtrack.tickets.fresh import SEED_BYTES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def bench_policy() -> Policy:
    """The desk of the scenarios."""
    files = {path.name: path.read_text(encoding="utf-8") for path in DESK.glob("*.yaml")}
    return policy_from(tuple(sorted(files.items())))


class Bench:
    """A clerk with everything below it. `memory_bytes` is what its readers have for a mail."""

    def __init__(self, folder: Path, *, memory_bytes: int = MEMORY_BYTES_MAX) -> None:
        self.spool = Spool(folder / "spool", floor=Floor(0, 0.0))
        self.archive = Archive(folder / "archive")
        self.database = Database(f"sqlite:///{folder}/mailtrack.db")
        self.database.migrate()
        self.reader = Reader(1, memory_bytes=memory_bytes)
        self.rung = 0
        self.now = NOW
        self.clerk = Clerk(
            spool=self.spool,
            archive=self.archive,
            database=self.database,
            reader=self.reader,
            desk=Desk(bench_policy, lambda: self.now, lambda: secrets.token_bytes(SEED_BYTES)),
            letters_written=self._ring,
            records=Resolver().records,
            probes=Probes(folder / "probes"),
        )

    @staticmethod
    def _seed() -> bytes:
        return secrets.token_bytes(SEED_BYTES)

    def _ring(self) -> None:
        self.rung += 1

    def put(self, raw: bytes, number: int) -> str:
        return self.spool.put_now(
            raw,
            mail_from=Address(f"cara{number}", "cust.example"),
            rcpt_to=(Address("support", "help.example"),),
            front=Front.PIPE,
            peer="",
            received_at=NOW,
        ).spool_id

    async def work_off(self) -> None:
        """Until nothing is left to do; a clerk that goes round in circles fails."""
        for _ in range(50):
            if await self.clerk.work() == 0:
                return
        raise AssertionError("the clerk does not come to an end")

    def mails(self) -> dict[str, int]:
        with self.database.reading() as session:
            return dict(status(session).mails)
