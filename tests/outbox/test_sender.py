"""The sender over the real store: letters leave once, in order, whatever the relay does."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from outbox.faulty_relay import HANG, SILENT_AFTER_TAKING, FaultyRelay
from store.desk import decided, letter, opened, outgoing_mail, write
from waiting import wait_until

from mailtrack.mail.compose import LetterBlocked, letter_bytes
from mailtrack.mail.message import AttachmentRef, OutgoingMail
from mailtrack.outbox.courier import SmtpCourier, Timeouts
from mailtrack.outbox.delivery import Courier
from mailtrack.outbox.large import LARGE_BYTES_MIN
from mailtrack.outbox.maildir import MaildirCourier
from mailtrack.outbox.relay import Relay, Tls
from mailtrack.outbox.retry import GIVE_UP_AFTER, LATE_AFTER
from mailtrack.outbox.sender import (
    FILE_WAIT,
    HAND_OVERS_MAX,
    FailureKind,
    Fetch,
    LetterFailure,
    Sender,
)
from mailtrack.store import outgoing
from mailtrack.store.database import Database
from mailtrack.store.outgoing import LetterCounts

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUICK = Timeouts(connect=0.3, command=0.3, content=0.3)


@dataclass
class Clock:
    """A clock that the test moves."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Post:
    """A database with letters, a sender, and what was told of failures."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    told: list[LetterFailure] = field(default_factory=list)
    senders: list[Sender] = field(default_factory=list)
    written: int = 0

    def write(self, *ids: str, number: int | None = 1, **given: object) -> None:
        """Decide letters, as the clerk does."""
        with self.database.transaction() as session:
            if not self.written:
                write(session, opened(1), spool_id="first")
            self.written += 1
            letters = tuple(letter(id, number, **given) for id in ids)
            write(session, decided(letters=letters), spool_id=f"s{self.written}")

    def sender(
        self,
        courier: Courier,
        *,
        compose: Callable[[OutgoingMail, Fetch], bytes] = letter_bytes,
        **given: object,
    ) -> Sender:
        sender = Sender(
            self.database,
            courier,
            compose=compose,
            fetch_attachment=no_attachment,
            now=self.clock,
            on_failure=self.told.append,
            jitter=lambda: 0.0,
            **given,
        )
        self.senders.append(sender)
        return sender

    def counts(self) -> LetterCounts:
        with self.database.reading() as session:
            return outgoing.counts(session)

    async def until(self, **wanted: int) -> None:
        """Wait until so many letters stand in each state; the states not named are empty."""
        await wait_until(lambda: self.counts() == LetterCounts(**wanted), what=str(wanted))


def no_attachment(ref: AttachmentRef) -> bytes:
    raise FileNotFoundError(ref.raw_sha256)


def courier_to(relay: FaultyRelay) -> SmtpCourier:
    return SmtpCourier(
        Relay("127.0.0.1", relay.port, Tls.NONE), hostname="help.example", timeouts=QUICK
    )


def subjects(relay: FaultyRelay) -> list[str]:
    """The words that each letter is known by."""
    return [_between(content, b"The words of ", b".") for _, _, content in relay.taken]


def message_ids(relay: FaultyRelay) -> list[str]:
    return [_between(content, b"Message-ID: <", b">") for _, _, content in relay.taken]


def _between(content: bytes, start: bytes, end: bytes) -> str:
    return content.partition(start)[2].partition(end)[0].decode()


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    database.migrate()
    post = Post(database)
    yield post
    for sender in post.senders:
        await sender.stop()
    database.close()


async def test_what_waits_leaves_and_what_is_written_later_leaves_at_once(post: Post) -> None:
    async with FaultyRelay() as relay:
        post.write("l1", "l2")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await post.until(sent=2)
        post.write("l3")
        sender.ring()
        await post.until(sent=3)
        assert subjects(relay) == ["l1", "l2", "l3"]
        await sender.stop()


async def test_from_the_bell_to_the_relay_is_a_moment(post: Post) -> None:
    async with FaultyRelay() as relay:
        sender = post.sender(courier_to(relay))
        await sender.start()
        post.write("l0")
        sender.ring()
        await post.until(sent=1)
        waits = []
        for number in range(1, 10):
            post.write(f"l{number}")
            rung_at = time.perf_counter()
            sender.ring()
            await wait_until(lambda wanted=number: len(relay.taken) > wanted)
            waits.append(time.perf_counter() - rung_at)
        # Looked at every 10 ms; the median forgives a busy machine.
        assert sorted(waits)[len(waits) // 2] < 0.25
        await sender.stop()


async def test_letters_to_one_person_in_one_ticket_keep_their_order(post: Post) -> None:
    async with FaultyRelay({"RCPT": ["450 greylisted"]}) as relay:
        post.write("l1", "l2", "l3")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await wait_until(lambda: "RSET" in relay.commands)
        await post.until(waiting=3)
        assert relay.taken == []
        post.clock.at += timedelta(minutes=1)
        sender.ring()
        await post.until(sent=3)
        assert subjects(relay) == ["l1", "l2", "l3"]
        await sender.stop()


async def test_one_slow_reader_does_not_hold_up_the_others(post: Post) -> None:
    slow = SmtpCourier(Relay("127.0.0.1", 1, Tls.NONE), hostname="help.example")
    async with FaultyRelay({"CONTENT": [HANG]}) as relay:
        slow = SmtpCourier(
            Relay("127.0.0.1", relay.port, Tls.NONE),
            hostname="help.example",
            timeouts=Timeouts(connect=1, command=1, content=1000),
        )
        post.write("l1", recipient="slow@client.example")
        sender = post.sender(slow)
        await sender.start()
        await wait_until(lambda: "DATA" in relay.commands)
        post.write("l2", "l3", recipient="quick@client.example")
        sender.ring()
        await post.until(claimed=1, sent=2)
        assert subjects(relay) == ["l2", "l3"]
        relay._release.set()
        await post.until(waiting=1, sent=2)
        await sender.stop()


async def test_a_lease_that_ends_under_way_sends_nothing_twice(post: Post) -> None:
    async with FaultyRelay({"CONTENT": [HANG]}) as relay:
        post.write("l1")
        sender = post.sender(courier_to(relay), lease=timedelta(seconds=1))
        await sender.start()
        await wait_until(lambda: "DATA" in relay.commands)
        post.clock.at += timedelta(seconds=2)
        sender.ring()
        await post.until(waiting=1)
        assert relay.commands.count("DATA") == 1
        await sender.stop()


async def test_a_refused_letter_fails_and_somebody_is_told_once(post: Post) -> None:
    async with FaultyRelay({"RCPT": ["550 no such user"]}) as relay:
        post.write("l1", "l2")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await post.until(failed=1, sent=1)
        (failure,) = post.told
        assert failure.kind is FailureKind.REFUSED
        assert failure.letter.letter_id == "l1"
        assert failure.reason == "550 no such user"
        await sender.stop()


async def test_a_letter_that_becomes_late_is_told_of_once_and_given_up_after_five_days(
    post: Post,
) -> None:
    async with FaultyRelay({"RCPT": "450 mailbox full"}) as relay:
        post.write("l1", is_automatic=False)
        sender = post.sender(courier_to(relay))
        await sender.start()
        while post.clock.at < NOON + GIVE_UP_AFTER:
            await post.until(waiting=1)
            with post.database.reading() as session:
                due = outgoing.next_due_at(session, post.clock.at)
            assert due is not None
            tries = relay.commands.count("RSET")
            post.clock.at = due
            sender.ring()
            await wait_until(lambda before=tries: relay.commands.count("RSET") > before)
        await post.until(failed=1)
        assert [failure.kind for failure in post.told] == [
            FailureKind.LATE,
            FailureKind.GIVEN_UP,
        ]
        assert post.told[0].at == NOON + LATE_AFTER
        assert post.told[1].at == NOON + GIVE_UP_AFTER
        await sender.stop()


async def test_a_lost_answer_sends_again_with_the_same_message_id(post: Post) -> None:
    async with FaultyRelay({"CONTENT": [SILENT_AFTER_TAKING]}) as relay:
        post.write("l1")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await wait_until(lambda: relay.taken)
        await post.until(waiting=1)
        post.clock.at += timedelta(minutes=1)
        sender.ring()
        await post.until(sent=1)
        assert message_ids(relay) == ["l1@help.example", "l1@help.example"]
        assert relay.taken[0][2] == relay.taken[1][2]
        await sender.stop()


async def test_a_sender_that_was_killed_is_followed_by_another(post: Post) -> None:
    async with FaultyRelay() as relay:
        post.write("l1")
        with post.database.transaction() as session:
            outgoing.claim(session, now=NOON, limit=10, lease=timedelta(seconds=60))
        sender = post.sender(courier_to(relay))
        await sender.start()
        post.clock.at += timedelta(seconds=60)
        sender.ring()
        await post.until(sent=1)
        await sender.stop()


async def test_a_relay_in_trouble_pauses_all_letters_and_blames_none(post: Post) -> None:
    people = [f"p{number}@client.example" for number in range(20)]
    async with FaultyRelay({"GREETING": "421 not now"}) as relay:
        for number, person in enumerate(people):
            post.write(f"l{number}", recipient=person)
        sender = post.sender(courier_to(relay))
        await sender.start()
        await wait_until(lambda: sender.is_relay_down)
        await post.until(waiting=20)
        assert relay.connections <= HAND_OVERS_MAX
        assert post.told == []
        # The pause is in seconds of the loop; the test does not wait for it.
        relay.faults = {}
        sender._breaker._open_until = 0.0
        post.clock.at += timedelta(minutes=10)
        sender.ring()
        await post.until(sent=20)
        assert not sender.is_relay_down
        assert sorted(subjects(relay)) == sorted(f"l{number}" for number in range(20))
        await sender.stop()


async def test_after_a_trouble_one_letter_goes_ahead(post: Post) -> None:
    async with FaultyRelay({"GREETING": "421 not now"}) as relay:
        for number in range(5):
            post.write(f"l{number}", recipient=f"p{number}@client.example")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await wait_until(lambda: sender.is_relay_down)
        await post.until(waiting=5)
        before = relay.connections
        sender._breaker._open_until = 0.0
        post.clock.at += timedelta(minutes=10)
        sender.ring()
        await wait_until(lambda: relay.connections > before)
        await post.until(waiting=5)
        assert relay.connections == before + 1
        await sender.stop()


async def test_a_letter_our_own_gate_blocks_fails_and_is_told_of(post: Post) -> None:
    def blocking(mail: OutgoingMail, fetch: Fetch) -> bytes:
        raise LetterBlocked("a stray line end")

    async with FaultyRelay() as relay:
        post.write("l1")
        sender = post.sender(courier_to(relay), compose=blocking)
        await sender.start()
        await post.until(blocked=1)
        assert [failure.kind for failure in post.told] == [FailureKind.BLOCKED]
        assert relay.commands == []
        await sender.stop()


async def test_a_bug_of_ours_costs_a_try_and_not_the_sender(post: Post) -> None:
    def broken(mail: OutgoingMail, fetch: Fetch) -> bytes:
        if "l1" in mail.text:
            raise ZeroDivisionError
        return letter_bytes(mail, fetch)

    async with FaultyRelay() as relay:
        post.write("l1", recipient="a@client.example")
        post.write("l2", recipient="b@client.example")
        sender = post.sender(courier_to(relay), compose=broken)
        await sender.start()
        await post.until(waiting=1, sent=1)
        await sender.stop()


async def test_an_attachment_that_is_not_archived_yet_is_waited_for(post: Post) -> None:
    """The clerk commits first and moves the mail into the archive then."""
    tries: list[int] = []

    def compose(mail: OutgoingMail, fetch: Fetch) -> bytes:
        tries.append(1)
        if len(tries) == 1:
            raise FileNotFoundError("ab/abc.eml")
        return letter_bytes(mail, fetch)

    async with FaultyRelay() as relay:
        post.write("l1")
        sender = post.sender(courier_to(relay), compose=compose)
        await sender.start()
        await wait_until(lambda: tries)
        await post.until(waiting=1)
        post.clock.at += FILE_WAIT
        sender.ring()
        await post.until(sent=1)
        await sender.stop()


async def test_one_large_letter_is_in_memory_and_small_ones_pass_it(post: Post) -> None:
    made: list[str] = []

    def compose(mail: OutgoingMail, fetch: Fetch) -> bytes:
        made.append(mail.recipient.local)
        return letter_bytes(replace(mail, attachments=()), fetch)

    large = AttachmentRef("0" * 64, 1, "a.bin", "application/pdf", LARGE_BYTES_MIN)
    async with FaultyRelay({"CONTENT": [HANG]}) as relay:
        for number in range(3):
            recipient = f"large{number}@client.example"
            mail = replace(outgoing_mail(f"l{number}", recipient), attachments=(large,))
            post.write(f"l{number}", recipient=recipient, mail=mail)
        patient = Timeouts(connect=10, command=10, content=1000)
        relayed = Relay("127.0.0.1", relay.port, Tls.NONE)
        courier = SmtpCourier(relayed, hostname="help.example", timeouts=patient)
        sender = post.sender(courier, compose=compose)
        await sender.start()
        await wait_until(lambda: "DATA" in relay.commands)
        post.write("small", recipient="small@client.example")
        sender.ring()
        await wait_until(lambda: len(relay.taken) == 1, what="the small one is through")
        assert sorted(made) == ["large0", "small"], "the others are not even made"
        relay._release.set()


async def test_telling_that_fails_does_not_keep_the_letter(post: Post) -> None:
    def deaf(failure: LetterFailure) -> None:
        post.told.append(failure)
        raise RuntimeError("nobody is there")

    async with FaultyRelay({"RCPT": "550 no such user"}) as relay:
        post.write("l1")
        sender = post.sender(courier_to(relay))
        sender._on_failure = deaf
        await sender.start()
        await post.until(failed=1)
        assert len(post.told) == 1
        await sender.stop()


async def test_stopping_finishes_the_hand_over_that_is_under_way(post: Post) -> None:
    async with FaultyRelay({"CONTENT": [HANG]}) as relay:
        post.write("l1")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await wait_until(lambda: "DATA" in relay.commands)
        await sender.stop()
        assert post.counts() == LetterCounts(waiting=1)


async def test_a_database_that_is_busy_stalls_and_loses_nothing(post: Post) -> None:
    async with FaultyRelay() as relay:
        post.write("l1")
        sender = post.sender(courier_to(relay))
        hold, held = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def occupy() -> None:
            with post.database.transaction():
                loop.call_soon_threadsafe(held.set)
                asyncio.run_coroutine_threadsafe(hold.wait(), loop).result()

        occupied = asyncio.create_task(asyncio.to_thread(occupy))
        await held.wait()
        await sender.start()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(occupied), 0.05)
        assert relay.taken == []
        hold.set()
        await occupied
        await post.until(sent=1)
        await sender.stop()


async def test_letters_go_to_maildirs_where_there_is_no_relay(
    post: Post, tmp_path: Path
) -> None:
    post.write("l1", "l2")
    sender = post.sender(MaildirCourier(tmp_path / "mail"))
    await sender.start()
    await post.until(sent=2)
    assert len(list((tmp_path / "mail" / "dana@client.example" / "new").iterdir())) == 2
    await sender.stop()
