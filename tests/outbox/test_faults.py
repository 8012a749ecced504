"""F25 to F27: the relay refuses, hangs, drops and babbles at every verb.

What a single failure means is the table of ``test_courier``; here it is what becomes of the
letter, over the real store, when the relay has come to its senses again.
"""

from datetime import timedelta

import pytest
from intake.certificates import Certificate
from outbox.faulty_relay import DROP, HANG, SILENT_AFTER_TAKING, FaultyRelay
from outbox.test_courier import ENDLESS, STARTTLS, UNREADABLE, WITH_AUTH, certificate
from outbox.test_sender import QUICK, Post, courier_to, message_ids, post
from waiting import wait_until

from mailtrack.outbox.courier import SmtpCourier
from mailtrack.outbox.relay import Relay, Tls
from mailtrack.outbox.sender import FailureKind, Sender
from mailtrack.store import outgoing

__all__ = ["certificate", "post"]

VERBS = ("MAIL", "RCPT", "DATA", "CONTENT")


async def come_to_its_senses(post: Post, sender: Sender, relay: FaultyRelay) -> None:
    relay.faults = {}
    sender._breaker._open_until = 0.0
    sender._destinations._breakers.clear()
    post.clock.at += timedelta(minutes=10)
    sender.ring()


async def ends_as_sent(post: Post, relay: FaultyRelay, fault: dict[str, str]) -> int:
    """The letter survives the fault; how often it arrived."""
    relay.faults = fault
    post.write("l1", is_automatic=False)
    sender = post.sender(courier_to(relay))
    await sender.start()
    await wait_until(lambda: relay.connections and post.counts().waiting and tried(post))
    assert post.told == []
    await come_to_its_senses(post, sender, relay)
    await post.until(sent=1)
    await sender.stop()
    assert set(message_ids(relay)) == {"l1@help.example"}
    assert len({content for _, _, content in relay.taken}) == 1
    return len(relay.taken)


def tried(post: Post) -> bool:
    """Whether the letter waits with a reason: it was tried, and that is written down."""
    with post.database.reading() as session:
        found = outgoing.overdue(session, before=post.clock.at, limit=10)
    return bool(found) and all(one.reason for one in found)


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("GREETING", "421 not now"),
        ("GREETING", "554 go away"),
        ("EHLO", "421 not now"),
        *((verb, "451 4.3.0 later") for verb in VERBS),
        *((verb, "421 4.3.2 closing") for verb in VERBS),
    ],
)
async def test_f25_a_relay_that_puts_off_gets_the_letter_later(
    post: Post, verb: str, answer: str
) -> None:
    async with FaultyRelay() as relay:
        assert await ends_as_sent(post, relay, {verb: answer}) == 1


async def test_f25_a_relay_that_is_not_there_gets_the_letter_later(post: Post) -> None:
    async with FaultyRelay() as gone:
        port = gone.port
    post.write("l1", is_automatic=False)
    courier = SmtpCourier(
        Relay("127.0.0.1", port, Tls.NONE), hostname="help.example", timeouts=QUICK
    )
    sender = post.sender(courier)
    await sender.start()
    await wait_until(lambda: sender.is_relay_down)
    await wait_until(lambda: tried(post))
    async with FaultyRelay(port=port) as relay:
        await come_to_its_senses(post, sender, relay)
        await post.until(sent=1)
        await sender.stop()
        assert message_ids(relay) == ["l1@help.example"]


@pytest.mark.parametrize("verb", VERBS)
async def test_f25_a_relay_that_refuses_for_good_ends_it_and_the_author_hears(
    post: Post, verb: str
) -> None:
    async with FaultyRelay({verb: "554 5.7.1 no"}) as relay:
        post.write("l1", is_automatic=False)
        sender = post.sender(courier_to(relay))
        await sender.start()
        await post.until(failed=1)
        (told,) = post.told
        assert (told.kind, told.reason) == (FailureKind.REFUSED, "554 5.7.1 no")
        assert relay.taken == []
        await sender.stop()


@pytest.mark.parametrize("answer", ["535 5.7.8 wrong password", "454 4.7.0 later"])
async def test_f25_a_refused_password_stops_all_letters_and_blames_none(
    post: Post, answer: str
) -> None:
    async with FaultyRelay({"EHLO": WITH_AUTH, "AUTH": answer}) as relay:
        place = Relay("127.0.0.1", relay.port, Tls.NONE, "desk", lambda: "secret")
        courier = SmtpCourier(place, hostname="help.example", timeouts=QUICK)
        post.write("l1", recipient="a@client.example")
        post.write("l2", recipient="b@client.example")
        sender = post.sender(courier)
        await sender.start()
        await wait_until(lambda: sender.is_relay_down)
        await post.until(waiting=2)
        assert (relay.taken, post.told) == ([], [])
        relay.faults = {"EHLO": WITH_AUTH}
        sender._breaker._open_until = 0.0
        post.clock.at += timedelta(minutes=10)
        sender.ring()
        await post.until(sent=2)
        await sender.stop()


@pytest.mark.parametrize("stripped", [True, False], ids=["stripped", "wrong certificate"])
async def test_f25_without_the_tls_that_was_asked_for_nothing_is_said_and_it_waits(
    post: Post, certificate: Certificate, stripped: bool
) -> None:
    async with FaultyRelay(
        {"EHLO": WITH_AUTH if stripped else STARTTLS}, tls=certificate.server()
    ) as relay:
        # The certificate is good, and for another name; or it is never shown.
        place = Relay("localhost", relay.port, Tls.REQUIRED, "desk", lambda: "secret")
        courier = SmtpCourier(
            place, hostname="help.example", timeouts=QUICK, tls_context=certificate.client()
        )
        post.write("l1", is_automatic=False)
        sender = post.sender(courier)
        await sender.start()
        await wait_until(lambda: tried(post))
        assert post.counts().waiting == 1
        assert sender.is_relay_down
        said = {one.split()[0] for one in relay.commands}
        assert said <= {"EHLO", "STARTTLS", "QUIT"}
        await sender.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [HANG, DROP, UNREADABLE, ENDLESS], ids=["hangs", "drops", "babbles", "over-long"]
)
@pytest.mark.parametrize("verb", ["GREETING", "EHLO", *VERBS])
async def test_f26_whatever_the_relay_does_at_a_verb_the_letter_arrives_once(
    post: Post, verb: str, fault: str
) -> None:
    # An answer too long to read may have begun with 250: then the relay has taken it.
    copies = 2 if (verb, fault) == ("CONTENT", ENDLESS) else 1
    async with FaultyRelay() as relay:
        assert await ends_as_sent(post, relay, {verb: fault}) == copies


async def test_f26_a_relay_that_drops_after_the_dot_has_it_twice_with_one_message_id(
    post: Post,
) -> None:
    async with FaultyRelay() as relay:
        assert await ends_as_sent(post, relay, {"CONTENT": SILENT_AFTER_TAKING}) == 2


async def test_f27_of_three_recipients_each_has_a_result_of_its_own(post: Post) -> None:
    async with FaultyRelay(
        recipients={"<eve@": "550 5.1.1 no such user", "<bob@": "452 4.2.2 full"}
    ) as relay:
        for name in ("eve", "bob", "ann"):
            post.write(name, recipient=f"{name}@client.example", is_automatic=False)
        sender = post.sender(courier_to(relay))
        await sender.start()
        await post.until(sent=1, failed=1, waiting=1)
        assert message_ids(relay) == ["ann@help.example"]
        assert [(one.letter.letter_id, one.kind) for one in post.told] == [
            ("eve", FailureKind.REFUSED)
        ]
        relay.recipients = {}
        await come_to_its_senses(post, sender, relay)
        await post.until(sent=2, failed=1)
        assert message_ids(relay) == ["ann@help.example", "bob@help.example"]
        await sender.stop()
