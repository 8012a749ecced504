"""A whole desk in a temporary folder, with a clock that the test moves.

Real parsing, real reading, one real transaction {look up ▸ decide ▸ apply} a mail on SQLite,
real letters. Only the sockets are missing, and time and chance are handed in.
"""

import atexit
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from client import Left
from sqlalchemy import func, select

from mailtrack import clerk
from mailtrack.config.load import load
from mailtrack.desk.origin import names_to_ask, origin_of
from mailtrack.desk.own_letters import Undelivered, decide_undelivered
from mailtrack.desk.policy import Policy
from mailtrack.errands import Errands
from mailtrack.intake.archive import Archive
from mailtrack.intake.spoolfile import head_of
from mailtrack.mail.address import address_from
from mailtrack.mail.compose import letter_bytes
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import AttachmentRef, OutgoingMail, ParsedMail
from mailtrack.mail.parse import attachment_bytes, parse
from mailtrack.store import errands, ledger, lookup, outgoing
from mailtrack.store.codec import mail_from_json, trace_from_json
from mailtrack.store.database import Database
from mailtrack.store.rows import held_from, journal_row_from, token_from
from mailtrack.store.tables import (
    CLOCK,
    HELD,
    JOURNAL,
    LETTER,
    LETTER_MAIL,
    RECEIPT,
    STORM,
    TOKEN,
)
from mailtrack.tickets.context import Grant, HeldMail
from mailtrack.tickets.decision import Decision, Disposition, Reason, SetAway
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Record
from mailtrack.tickets.ticket import JournalRow, Ticket
from mailtrack.tickets.token import KeyRing

KEYS = KeyRing("scenario", (("a", b"0123456789abcdef0123456789abcdef"),))
LEASE = timedelta(minutes=5)
EVENTS_MAX = 10_000
LETTERS_MAX = 1_000


@cache
def policy_from(files: tuple[tuple[str, str], ...], folder: Path | None = None) -> Policy:
    """The desk that these YAML files, by name, describe; compiled once for all who ask.

    They are written into ``folder``, None for one that is gone again after loading.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="mailtrack-desk-") as passing:
            return policy_from(files, Path(passing))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files:
        (folder / name).write_text(text, encoding="utf-8")
    return load(folder, environ={}).with_keys(KEYS).policy


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one mail: its last end state, and every line of the trace."""

    disposition: str
    trace: tuple[Reason, ...]


class Stage:
    """A desk at work. `left` are the letters that left, oldest first."""

    def __init__(self, folder: Path, policy: Policy, *, name: str) -> None:
        self.policy = policy
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.peer = "192.0.2.1"
        self.left: list[Left] = []
        self.keys: dict[str, bytes] = {}  # what the DNS says
        self._name = name
        self.is_relay_down = False
        self.refused: dict[str, str] = {}  # what the relay says of a recipient
        self.is_off = False  # mail is accepted by the fronts and waits
        self._waiting: list[clerk.Taken] = []
        self.released = 0  # held mails that the last mail released
        self._mails = 0
        self._ticks = 0
        self._archive: dict[str, bytes] = {}
        self._heads: dict[str, bytes] = {}
        self._folder = folder
        self._url = f"sqlite:///{folder / 'mailtrack.db'}"
        shutil.copy(_empty_database(), folder / "mailtrack.db")
        self._database = Database(self._url)

    def close(self) -> None:
        self._database.close()

    def restart(self) -> None:
        """Forget all that is not on disk."""
        self._database.close()
        self._database = Database(self._url)
        self._database.migrate()

    def take(
        self,
        raw: bytes,
        *,
        mail_from: str,
        rcpt_to: tuple[str, ...],
        front: str = "smtp",
        login: str | None = None,
    ) -> Handled:
        """One mail comes in, and all that follows from it at once."""
        self._mails += 1
        sha256 = hashlib.sha256(raw).hexdigest()
        self._archive[sha256] = raw
        envelope = Envelope(
            spool_id=f"{self._mails:06d}",
            mail_from=address_from(mail_from) if mail_from else None,
            rcpt_to=tuple(filter(None, map(address_from, rcpt_to))),
            received_at=self.now,
            front=Front(front),
            peer=self.peer,
            size_bytes=len(raw),
            sha256=sha256,
            authenticated_as=login,
        )
        self._heads[sha256] = head_of(envelope)
        taken = self._proved(envelope.spool_id, envelope, parse(raw))
        if self.is_off:
            self._waiting.append(taken)
            return Handled("waiting", ())
        return self._decided(taken)

    def begin_again(self) -> None:
        """The desk is on again, and takes what has waited in its order."""
        self.is_off = False
        self.restart()
        waiting, self._waiting = self._waiting, []
        for taken in waiting:
            self._decided(taken)

    def _decided(self, taken: clerk.Taken) -> Handled:
        handled = self._handle(taken)
        waiting = self._released()
        self.released = len(waiting)
        for held, grant in waiting:
            decision_id = f"{held.spool_id}.{held.held_id}"
            mail = parse(self._archive[held.raw_sha256])
            granted = self._proved(decision_id, held.envelope, mail, grant)
            again = self._handle(granted, releasing=held.held_id)
            handled = Handled(again.disposition, handled.trace + again.trace)
        return handled

    def move_to(self, instant: datetime) -> None:
        """The clock goes on; what falls due on the way happens at its time."""
        assert instant >= self.now, f"the clock goes back to {instant}"
        for _ in range(0 if self.is_off else EVENTS_MAX):
            due = self._next_event()
            if due is None or due > instant:
                break
            self.now = due
            self.settle()
        self.now = instant
        self.settle()

    def settle(self) -> None:
        """What is due now happens: reminders, then letters."""
        if self.is_off:
            return
        self._strike()
        self._run_errands()
        for _ in range(LETTERS_MAX):
            if not self._send_due():
                break

    def send_away(self, agent: str, until: datetime) -> None:
        decision = Decision(Disposition.TICK, (SetAway(agent, until),))
        with self._database.transaction() as session:
            ledger.record_tick(session, decision, tick_id=f"away-{agent}", at=self.now)

    def ticket(self, number: int) -> Ticket | None:
        with self._database.reading() as session:
            return lookup.ticket_of(session, number)

    def held(self, held_id: str) -> HeldMail | None:
        with self._database.reading() as session:
            row = session.connection().execute(
                select(HELD).where(HELD.c.serial == int(held_id[1:]))
            )
            found = row.first()
        return held_from(found) if found is not None else None

    def held_open(self) -> tuple[HeldMail, ...]:
        with self._database.reading() as session:
            return lookup.held_open(session)

    def agents_tokens(self) -> frozenset[str]:
        """The texts of all tokens that only an agent may hold."""
        with self._database.reading() as session:
            found = session.connection().execute(select(TOKEN).where(TOKEN.c.role == "agent"))
            return frozenset(self.policy.keys.text_of(token_from(row)) for row in found)

    def letters_after(self, last: int) -> tuple[tuple[int, Left], ...]:
        """The letters written since the row `last`, whether they left or not."""
        statement = (
            select(LETTER, LETTER_MAIL.c.mail)
            .join(LETTER_MAIL, LETTER_MAIL.c.letter_id == LETTER.c.letter_id)
            .where(LETTER.c.id > last)
            .order_by(LETTER.c.id)
        )
        with self._database.reading() as session:
            found = session.connection().execute(statement).all()
        return tuple(
            (row.id, self._left(row.name, row.person, row.number, mail_from_json(row.mail)))
            for row in found
        )

    def _proved(
        self, decision_id: str, envelope: Envelope, mail: ParsedMail, grant: Grant | None = None
    ) -> clerk.Taken:
        names = names_to_ask(mail, envelope, self.policy)
        records = tuple(Record(name, self.keys.get(name)) for name in names)
        origin = origin_of(mail, envelope, self.policy, records)
        return clerk.Taken(decision_id, envelope, mail, grant=grant, origin=origin)

    def journal_after(self, last: int) -> tuple[tuple[int, JournalRow], ...]:
        """What was changed since the row `last` of the journal, by whom."""
        statement = select(JOURNAL).where(JOURNAL.c.id > last).order_by(JOURNAL.c.id)
        with self._database.reading() as session:
            found = session.connection().execute(statement).all()
        return tuple((row.id, journal_row_from(row)) for row in found)

    def _handle(self, taken: clerk.Taken, *, releasing: str | None = None) -> Handled:
        with self._database.transaction() as session:
            decision = clerk.handle(session, taken, desk=self._desk(taken.decision_id))
            if releasing is not None:
                ledger.end_release(session, releasing)
        return Handled(decision.disposition.value, self._trace(taken.decision_id))

    def _desk(self, label: str) -> clerk.Desk:
        seed = hashlib.sha256(f"{self._name}/{label}".encode()).digest()
        return clerk.Desk(lambda: self.policy, lambda: self.now, lambda: seed)

    def _released(self) -> tuple[tuple[HeldMail, Grant], ...]:
        with self._database.reading() as session:
            return lookup.held_to_decide(session, clerk.RELEASES_MAX)

    def _trace(self, decision_id: str) -> tuple[Reason, ...]:
        statement = select(RECEIPT.c.trace).where(RECEIPT.c.spool_id == decision_id)
        with self._database.reading() as session:
            return trace_from_json(session.connection().execute(statement).scalar_one())

    def _strike(self) -> None:
        self._ticks += 1
        tick_id = f"tick-{self._ticks:06d}"
        with self._database.transaction() as session:
            clerk.tick(session, tick_id=tick_id, desk=self._desk(tick_id))

    def _run_errands(self) -> None:
        """What admins asked to be done to stored data; for that the raw mails lie on disk."""
        with self._database.reading() as session:
            if errands.next_errand(session.connection()) is None:
                return
        archive = Archive(self._folder / "archive")
        for sha256, raw in self._archive.items():
            archive.path(sha256).parent.mkdir(exist_ok=True)
            archive.path(sha256).write_bytes(self._heads[sha256] + raw)
        desk = self._desk("errands")
        at_work = Errands(
            self._database, archive, self._folder, policy=desk.policy, now=desk.now,
            seed=desk.seed,
        )  # fmt: skip
        while at_work.run_next():
            pass
        self._archive = {sha256: archive.raw(sha256) for sha256 in archive.names()}
        for sha256 in self._archive:
            head, end, _ = archive.path(sha256).read_bytes().partition(b"\r\n")
            self._heads[sha256] = head + end

    def holds(self, words: str) -> list[str]:
        """Where the words still stand: in which file of the desk, or raw mail."""
        files = [path for path in self._folder.rglob("*") if path.is_file()]
        stored = {path.name: path.read_bytes() for path in files} | self._archive
        return sorted(name for name, content in stored.items() if words.encode() in content)

    def _send_due(self) -> int:
        if self.is_relay_down:
            return 0
        with self._database.transaction() as session:
            claimed = outgoing.claim(session, now=self.now, limit=LETTERS_MAX, lease=LEASE)
        for one in claimed:
            if reason := self.refused.get(one.mail.recipient.key):
                self._give_up(one, reason)
                continue
            self.left.append(self._left(one.name, one.person, one.number, one.mail))
            with self._database.transaction() as session:
                outgoing.mark_sent(session, one.letter_id, self.now)
        return len(claimed)

    def _give_up(self, letter: outgoing.Claimed, reason: str) -> None:
        """As the sender does: its author is told first, then it is marked."""
        undelivered = Undelivered(letter.unsent(is_final=True), reason, is_final=True)
        ticket = self.ticket(letter.number) if letter.number else None
        decision_id = f"refused.{letter.letter_id}"
        fresh = Fresh(self.now, 0, 0, decision_id, self._desk(decision_id).seed())
        decision = decide_undelivered(undelivered, ticket, policy=self.policy, fresh=fresh)
        with self._database.transaction() as session:
            ledger.record_tick(session, decision, tick_id=decision_id, at=self.now)
            outgoing.mark_failed(session, letter.letter_id, self.now, reason)

    def _left(self, name: str, person: str, number: int | None, mail: OutgoingMail) -> Left:
        raw = letter_bytes(mail, self._attached)
        mail_from = str(mail.mail_from) if mail.mail_from else ""
        recipient = mail.recipient.key
        return Left(name, person, number, recipient, mail_from, raw, self.now)

    def _attached(self, ref: AttachmentRef) -> bytes:
        return attachment_bytes(self._archive[ref.raw_sha256], ref.index)

    def _next_event(self) -> datetime | None:
        """When something falls due next, strictly later than now."""
        later = (
            select(func.min(LETTER.c.due_at)).where(LETTER.c.due_at > self.now),
            select(func.min(CLOCK.c.next_rung_at)).where(CLOCK.c.next_rung_at > self.now),
            select(func.min(STORM.c.until)).where(STORM.c.until > self.now),
        )
        with self._database.reading() as session:
            found = [session.connection().execute(statement).scalar() for statement in later]
        return min((one for one in found if one is not None), default=None)


@cache
def _empty_database() -> Path:
    """A database with all tables and nothing in them, made once and copied."""
    path = Path(tempfile.mkdtemp(prefix="mailtrack-stage-")) / "empty.db"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path
