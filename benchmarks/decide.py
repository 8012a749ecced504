"""What deciding a mail costs on this machine, in a desk of 10,000 tickets: `make bench`.

Processor time on top of parsing, the DNS and the writing aside. *Trust* is the check of a DKIM
signature, whose mail it is, to which ticket it belongs, whether it may act and what it must not
say; the look-up and the decision with its letters stand beside it. The goals stand in the line.
"""

import argparse
import hashlib
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from bench import bench_policy
from read import HEADER
from signer import signer

from mailtrack.clerk import Desk, Taken, handle
from mailtrack.desk.acknowledging import reason_against
from mailtrack.desk.case import Case
from mailtrack.desk.decide import decide
from mailtrack.desk.harm import harm_in
from mailtrack.desk.identity import Deed, trust, writer_of
from mailtrack.desk.origin import origin_of
from mailtrack.desk.others_words import tickets_quoted
from mailtrack.desk.policy import Policy
from mailtrack.desk.proofs import DkimTrust
from mailtrack.desk.reading import read
from mailtrack.desk.threads import match_thread
from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import ParsedMail
from mailtrack.mail.parse import parse
from mailtrack.store.database import Database, Session
from mailtrack.store.elsewhere import said_elsewhere
from mailtrack.store.lookup import look_up, ticket_of
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import Disposition
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Reading, Record, Verdict
from mailtrack.tickets.ticket import Ticket
from mailtrack.tickets.token import Purpose

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUPPORT = Address("support", "help.example")
IVAN = Mailbox("Ivan Petrenko", Address("ivan", "help.example"))
WORDS_A_MAIL = 120
A_COMMIT = 200
TIMES = 200
CHANCE = random.Random(1)  # noqa: S311 - the same words in each run
WORDS = [
    "".join(CHANCE.choices("abdegiklmnoprstuvz", k=CHANCE.randint(2, 9))) for _ in range(3000)
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000)
    asked = parser.parse_args()
    dkim = DkimTrust((), age_max=timedelta(hours=72), skew_max=timedelta(minutes=15))
    policy = replace(bench_policy(), dkim=dkim)
    with TemporaryDirectory(prefix="mailtrack-bench-") as folder:
        database = Database(f"sqlite:///{folder}/mailtrack.db")
        database.migrate()
        now = fill(database, policy, asked.tickets)
        with database.reading() as session:
            measure(session, policy, asked.tickets, now)
        database.close()


def fill(database: Database, policy: Policy, tickets: int) -> datetime:
    """So many tickets, each by a customer of its own; when the last one came."""
    now = START
    for first in range(0, tickets, A_COMMIT):
        with database.transaction() as session:
            for number in range(first, min(first + A_COMMIT, tickets)):
                now += timedelta(minutes=1)
                take(session, policy, customer_mail(number), number, now)
    return now


def take(
    session: Session, policy: Policy, mail: ParsedMail, number: int, now: datetime
) -> None:
    desk = Desk(lambda: policy, lambda: now, lambda: hashlib.sha256(b"%d" % number).digest())
    envelope = envelope_of(mail, f"s{number}", now, SUPPORT)
    handle(session, Taken(envelope.spool_id, envelope, mail), desk=desk)


def measure(session: Session, policy: Policy, tickets: int, now: datetime) -> None:
    ticket, other = ticket_of(session, tickets), ticket_of(session, tickets - 1)
    assert ticket is not None, "fill has opened it"
    assert other is not None, "fill has opened it"
    dana = ticket.participants[0].mailbox
    words = other.entries[0].text
    for name, sender, text, end in (
        ("a customer's reply", dana, None, Disposition.ENTRY),
        ("an agent's answer", IVAN, None, Disposition.ENTRY),
        ("an agent's answer that is held", IVAN, words, Disposition.HELD),
    ):
        mail, records = signed(mail_of(sender, "Re: x"), now)
        mail = replace(mail, reply=text) if text else mail
        to = reply_address(policy, ticket, sender)
        envelope = envelope_of(mail, "asked", now, to)
        origin = origin_of(mail, envelope, policy, records)
        reading = read(mail, envelope, policy=policy, origin=origin)
        context = look_up(session, reading, now=now)
        fresh = Fresh(now, tickets + 1, 1, "asked", b"seed")
        case = Case(mail, envelope, reading, context, policy, fresh)
        assert origin.verdict is Verdict.PASS, origin
        assert decide(case).disposition is end, decide(case)

        def looked_up(reading: Reading = reading) -> Context:
            return look_up(session, reading, now=now)

        goal = None if end is Disposition.HELD else 1.5  # seldom, and then it may take longer
        row(f"trust, {name}", milliseconds(partial(trusted, case, records)), goal)
        row("  looked up", milliseconds(looked_up))
        row("  decided, with its letters", milliseconds(partial(decide, case)))
    found = partial(said_elsewhere, session.connection(), "@ivan", now=now)
    assert len(found()) > 10, "else the guard has nothing to look at"
    usual = mail_of(IVAN, "Re: x").reply
    compared = partial(tickets_quoted, case, (ticket,), usual)
    row("others' words, looked up and compared", milliseconds(found, compared), 1.0)


def trusted(case: Case, records: tuple[Record, ...]) -> None:
    """Who writes, to which ticket, and may they: all that costs besides reading the mail."""
    mail, envelope, policy = case.mail, case.envelope, case.policy
    origin = origin_of(mail, envelope, policy, records)
    read(mail, envelope, policy=policy, origin=origin)
    writer = writer_of(mail, origin, policy)
    assert writer is not None, "the mails have one sender"
    thread = match_thread(case, writer)
    assert thread.ticket is not None, "the mails bring a token"
    if writer.agent is None:
        reason_against(case, writer)
        return
    trust(Deed.EVERYDAY, has_capability=True, origin=origin.verdict, policy=policy)
    tickets, text = (thread.ticket,), mail.reply
    harm_in(case, writer.agent, tickets, readers=tickets, text=text, typed=text)


def signed(mail: ParsedMail, now: datetime) -> tuple[ParsedMail, tuple[Record, ...]]:
    """The mail with a signature of its domain, and what the DNS says of it."""
    assert mail.sender is not None, "mail_of gave it one"
    whose = signer(mail.sender.address.domain)
    raw = (
        f"From: {mail.sender}\r\nTo: support@help.example\r\nSubject: {mail.subject}\r\n"
        f"Date: {format_datetime(now)}\r\nMessage-ID: {mail.message_id}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{mail.text}\r\n"
    ).encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # fmt: skip
    return parse(whose.sign(raw)), (Record(whose.name, whose.record),)


def customer_mail(number: int) -> ParsedMail:
    return mail_of(
        Mailbox(f"Customer {number}", Address(f"c{number}", f"d{number % 997}.example")),
        f"Order {number}",
    )


def mail_of(sender: Mailbox, subject: str) -> ParsedMail:
    """A mail with words of its own, as a parser would have read it."""
    words = [*CHANCE.choices(WORDS, k=WORDS_A_MAIL)]
    text = "\n".join(" ".join(words[at : at + 12]) for at in range(0, len(words), 12))
    key = f"{CHANCE.getrandbits(64):x}"
    return replace(
        TEMPLATE,
        subject=subject,
        sender=sender,
        sender_shown=str(sender),
        text=text,
        reply=text,
        message_id=f"<{key}@{sender.address.domain}>",
        in_reply_to=(),
        references=(),
        content_hash=key,
    )


def reply_address(policy: Policy, ticket: Ticket, who: Mailbox) -> Address:
    """The address that the desk has given to them in a letter about the ticket."""
    agent = policy.agent_at(who.address.key)
    person = agent.id if agent else who.address.key
    theirs = [t for t in ticket.tokens if t.person == person and t.purpose is Purpose.REPLY]
    return Address(f"support+{policy.keys.text_of(theirs[-1])}", "help.example")


def envelope_of(mail: ParsedMail, spool_id: str, now: datetime, to: Address) -> Envelope:
    assert mail.sender is not None
    sha256 = hashlib.sha256(mail.content_hash.encode()).hexdigest()
    return Envelope(
        spool_id, mail.sender.address, (to,), now, Front.SMTP, "192.0.2.1", 3000, sha256
    )


def milliseconds(*works: Callable[[], object]) -> float:
    """The median of so many calls of all of them, processor time."""
    spent = []
    for _ in range(TIMES):
        started = time.process_time()
        for work in works:
            work()
        spent.append(time.process_time() - started)
    return statistics.median(spent) * 1000


def row(name: str, spent: float, goal: float | None = None) -> None:
    told = f" (goal {goal:g})" if goal else ""
    print(f"{f'{name}:':42}{spent:.2f} ms CPU{told}", flush=True)


TEMPLATE = parse(f"{HEADER}Content-Type: text/plain; charset=utf-8\r\n\r\nx\r\n".encode())


if __name__ == "__main__":
    main()
