"""The courier against a relay that fails in every way, verb by verb."""

import ssl
from pathlib import Path

import pytest
from intake.certificates import Certificate
from intake.doors import Door, Setup
from outbox.faulty_relay import DROP, HANG, SILENT_AFTER_TAKING, FaultyRelay
from waiting import wait_until

from mailtrack.mail.address import Address
from mailtrack.outbox import courier as courier_module
from mailtrack.outbox.courier import (
    LETTERS_PER_CONNECTION_MAX,
    SmtpCourier,
    Stage,
    Timeouts,
    delivery_after,
)
from mailtrack.outbox.delivery import Deferred, Delivered, Delivery, Refused
from mailtrack.outbox.relay import Relay, Tls

LETTER = b"From: a@help.example\r\nSubject: x\r\n\r\nHello.\r\n.dot\r\n"
SENDER = Address("support+b", "help.example")
DANA = Address("dana", "client.example")
QUICK = Timeouts(connect=0.3, command=0.3, content=0.3)
UNREADABLE = "this is no SMTP at all"
ENDLESS = "250-" + "x" * 40_000


def courier_to(
    relay: FaultyRelay,
    *,
    tls: Tls = Tls.NONE,
    context: ssl.SSLContext | None = None,
    password: str | None = None,
) -> SmtpCourier:
    return SmtpCourier(
        Relay(
            "127.0.0.1",
            relay.port,
            tls,
            user="desk" if password else None,
            password=(lambda: password) if password else None,
        ),
        hostname="help.example",
        timeouts=QUICK,
        tls_context=context,
    )


async def deliver(
    courier: SmtpCourier,
    *,
    raw: bytes = LETTER,
    mail_from: Address | None = SENDER,
    recipient: Address = DANA,
    needs_smtputf8: bool = False,
) -> Delivery:
    return await courier.deliver(
        raw,
        letter_id="letter-1",
        mail_from=mail_from,
        recipient=recipient,
        needs_smtputf8=needs_smtputf8,
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


async def test_a_letter_arrives_byte_for_byte() -> None:
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        assert await deliver(courier) == Delivered("2.0.0 queued as ABC")
        sender, recipient, content = relay.taken[0]
        assert sender.startswith("FROM:<support+b@help.example>")
        assert recipient == "TO:<dana@client.example>"
        assert content.replace(b"\r\n..", b"\r\n.") == LETTER
        await courier.close()


async def test_the_null_sender_stays_null() -> None:
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        await deliver(courier, mail_from=None)
        assert relay.taken[0][0].startswith("FROM:<>")
        await courier.close()


LATER, RELAY, NEVER = "later", "relay", "never"


def kind_of(delivery: Delivery) -> str:
    match delivery:
        case Delivered():
            return "delivered"
        case Deferred(is_relay=True):
            return RELAY
        case Deferred():
            return LATER
        case Refused():
            return NEVER


@pytest.mark.parametrize(
    ("verb", "fault", "kind", "code"),
    [
        ("GREETING", "421 not now", RELAY, 421),
        ("GREETING", "554 go away", RELAY, 554),
        ("GREETING", DROP, RELAY, None),
        ("GREETING", HANG, RELAY, None),
        ("GREETING", UNREADABLE, RELAY, None),
        ("EHLO", DROP, RELAY, None),
        ("EHLO", HANG, RELAY, None),
        ("EHLO", UNREADABLE, RELAY, None),
        ("EHLO", ENDLESS, RELAY, None),
        ("MAIL", "450 greylisted", LATER, 450),
        ("MAIL", "421 closing", RELAY, 421),
        ("MAIL", "550 no", NEVER, 550),
        ("MAIL", DROP, LATER, None),
        ("MAIL", HANG, RELAY, None),
        ("MAIL", UNREADABLE, LATER, None),
        ("MAIL", "199 what", LATER, None),
        ("RCPT", "452 full", LATER, 452),
        ("RCPT", "421 closing", RELAY, 421),
        ("RCPT", "550 no such user", NEVER, 550),
        ("RCPT", DROP, LATER, None),
        ("RCPT", HANG, LATER, None),
        ("RCPT", UNREADABLE, LATER, None),
        ("DATA", "451 later", LATER, 451),
        ("DATA", "421 closing", RELAY, 421),
        ("DATA", "554 no", NEVER, 554),
        ("DATA", "250 already?", LATER, 250),
        ("DATA", DROP, LATER, None),
        ("DATA", HANG, LATER, None),
        ("CONTENT", "451 later", LATER, 451),
        ("CONTENT", "421 closing", RELAY, 421),
        ("CONTENT", "554 spam", NEVER, 554),
        ("CONTENT", DROP, LATER, None),
        ("CONTENT", SILENT_AFTER_TAKING, LATER, None),
        ("CONTENT", HANG, LATER, None),
        ("CONTENT", UNREADABLE, LATER, None),
        ("CONTENT", ENDLESS, LATER, None),
    ],
)
async def test_each_fault_is_judged_and_the_next_letter_gets_through(
    verb: str, fault: str, kind: str, code: int | None
) -> None:
    async with FaultyRelay({verb: [fault]}) as relay:
        courier = courier_to(relay)
        delivery = await deliver(courier)
        assert kind_of(delivery) == kind
        assert not isinstance(delivery, Delivered)
        assert delivery.code == code
        assert delivery.reason
        assert kind_of(await deliver(courier)) == "delivered"
        await courier.close()


async def test_a_relay_that_is_not_there_is_the_relays_trouble() -> None:
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
    assert kind_of(await deliver(courier)) == RELAY


async def test_a_connection_is_used_again_after_a_clean_refusal() -> None:
    async with FaultyRelay({"RCPT": ["550 no such user"]}) as relay:
        courier = courier_to(relay)
        assert kind_of(await deliver(courier)) == NEVER
        assert kind_of(await deliver(courier)) == "delivered"
        assert relay.connections == 1
        assert "RSET" in relay.commands
        await courier.close()


async def test_a_connection_is_dropped_when_rset_fails() -> None:
    async with FaultyRelay({"RCPT": ["550 no such user"], "RSET": ["500 what?"]}) as relay:
        courier = courier_to(relay)
        assert kind_of(await deliver(courier)) == NEVER
        assert kind_of(await deliver(courier)) == "delivered"
        assert relay.connections == 2
        await courier.close()


async def test_a_connection_carries_so_many_letters_and_no_more() -> None:
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        for _ in range(LETTERS_PER_CONNECTION_MAX):
            await deliver(courier)
        assert relay.connections == 1
        await deliver(courier)
        assert relay.connections == 2
        await courier.close()


async def test_a_connection_that_died_while_idle_costs_nothing() -> None:
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        await deliver(courier)
        relay.drop_all()
        assert kind_of(await deliver(courier)) == "delivered"
        await courier.close()


async def test_a_connection_that_nobody_uses_is_given_back_to_the_relay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier_module, "IDLE_SECONDS_MAX", 0.05)
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        await deliver(courier)
        await wait_until(lambda: "QUIT" in relay.commands, 5, what="the courier says QUIT")
        assert kind_of(await deliver(courier)) == "delivered"
        assert relay.connections == 2
        await courier.close()


async def test_a_relay_that_closes_at_the_next_letter_gets_it_anew() -> None:
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        await deliver(courier)
        relay.faults = {"MAIL": ["421 idle too long"]}
        assert kind_of(await deliver(courier)) == "delivered"
        assert relay.connections == 2
        await courier.close()


async def test_closing_says_goodbye_and_the_courier_can_go_on() -> None:
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        await deliver(courier)
        await courier.close()
        assert relay.commands[-1] == "QUIT"
        assert kind_of(await deliver(courier)) == "delivered"
        await courier.close()


DSN = "250-relay.example\r\n250-DSN\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE"


@pytest.mark.parametrize(
    ("mail_from", "mail_option", "recipient_option"),
    [
        (SENDER, "RET=HDRS ENVID=letter-1", "NOTIFY=FAILURE,DELAY"),
        (None, "RET=HDRS ENVID=letter-1", "NOTIFY=NEVER"),
    ],
)
async def test_delivery_reports_are_asked_for_where_they_are_offered(
    mail_from: Address | None, mail_option: str, recipient_option: str
) -> None:
    async with FaultyRelay({"EHLO": DSN}) as relay:
        courier = courier_to(relay)
        await deliver(courier, mail_from=mail_from)
        sender, recipient, _ = relay.taken[0]
        assert mail_option in sender
        assert recipient_option in recipient
        await courier.close()


async def test_an_address_beyond_ascii_travels_only_where_it_can() -> None:
    dana = Address("дана", "client.example")
    async with FaultyRelay({"EHLO": DSN}) as relay:
        courier = courier_to(relay)
        assert kind_of(await deliver(courier, recipient=dana)) == "delivered"
        assert "SMTPUTF8" in relay.taken[0][0]
        assert "дана" in relay.taken[0][1]
        await courier.close()
    async with FaultyRelay() as relay:
        courier = courier_to(relay)
        assert kind_of(await deliver(courier, recipient=dana)) == NEVER
        assert kind_of(await deliver(courier)) == "delivered"
        assert relay.connections == 1
        await courier.close()


@pytest.mark.parametrize(
    ("raw", "is_said"), [(LETTER, False), (LETTER + b"\xd0\x9f\r\n", True)]
)
async def test_eight_bits_are_announced(raw: bytes, is_said: bool) -> None:
    async with FaultyRelay({"EHLO": DSN}) as relay:
        courier = courier_to(relay)
        await deliver(courier, raw=raw)
        assert ("BODY=8BITMIME" in relay.taken[0][0]) is is_said
        await courier.close()


STARTTLS = "250-relay.example\r\n250-STARTTLS\r\n250 AUTH PLAIN"
WITH_AUTH = "250-relay.example\r\n250 AUTH PLAIN LOGIN"


async def test_a_letter_travels_encrypted_and_logged_in(certificate: Certificate) -> None:
    async with FaultyRelay({"EHLO": STARTTLS}, tls=certificate.server()) as relay:
        courier = courier_to(
            relay, tls=Tls.REQUIRED, context=certificate.client(), password="secret"
        )
        assert kind_of(await deliver(courier)) == "delivered"
        verbs = [command.split()[0] for command in relay.commands]
        assert verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
        await courier.close()


async def test_tls_from_the_start(certificate: Certificate) -> None:
    async with FaultyRelay(tls=certificate.server(), tls_implicit=True) as relay:
        courier = courier_to(relay, tls=Tls.IMPLICIT, context=certificate.client())
        assert kind_of(await deliver(courier)) == "delivered"
        await courier.close()


async def test_where_tls_was_stripped_nothing_is_said(certificate: Certificate) -> None:
    async with FaultyRelay({"EHLO": WITH_AUTH}) as relay:
        courier = courier_to(
            relay, tls=Tls.REQUIRED, context=certificate.client(), password="secret"
        )
        assert kind_of(await deliver(courier)) == RELAY
        assert {command.split()[0] for command in relay.commands} == {"EHLO"}


@pytest.mark.parametrize("answer", ["454 not now", "500 what?", DROP])
async def test_a_refused_starttls_is_no_reason_for_plain_text(
    certificate: Certificate, answer: str
) -> None:
    faults = {"EHLO": STARTTLS, "STARTTLS": answer}
    async with FaultyRelay(faults) as relay:
        courier = courier_to(relay, tls=Tls.REQUIRED, context=certificate.client())
        assert kind_of(await deliver(courier)) == RELAY
        assert not [command for command in relay.commands if command.startswith("MAIL")]


@pytest.mark.parametrize(
    ("name", "kind"), [("help.example", "delivered"), ("evil.example", RELAY)]
)
async def test_only_the_relays_own_certificate_will_do(
    tmp_path: Path, name: str, kind: str
) -> None:
    """Against our own front, which must please our own courier anyway."""
    (tmp_path / "shown").mkdir()
    shown, other = Certificate(tmp_path / "shown", name), Certificate(tmp_path)
    door = Door(tmp_path, Setup(tls=shown.server()))
    await door.open()
    relay = Relay("127.0.0.1", door.front.port, Tls.REQUIRED)
    courier = SmtpCourier(
        relay,
        hostname="client.example",
        timeouts=QUICK,
        tls_context=(shown if kind == "delivered" else other).client(),
    )
    assert kind_of(await deliver(courier, recipient=Address("support", "help.example"))) == kind
    assert [raw for _, raw in door.stored()] == ([LETTER] if kind == "delivered" else [])
    await courier.close()
    await door.close()


async def test_an_authority_of_ones_own_is_enough(certificate: Certificate) -> None:
    async with FaultyRelay({"EHLO": STARTTLS}, tls=certificate.server()) as relay:
        place = Relay("127.0.0.1", relay.port, Tls.REQUIRED, ca=certificate.cert)
        courier = SmtpCourier(place, hostname="help.example", timeouts=QUICK)
        assert kind_of(await deliver(courier)) == "delivered"
        assert "STARTTLS" in relay.commands
        await courier.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_an_old_tls_is_refused(certificate: Certificate) -> None:
    server = certificate.server()
    server.minimum_version = ssl.TLSVersion.TLSv1
    server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.set_ciphers("ALL:@SECLEVEL=0")
    async with FaultyRelay({"EHLO": STARTTLS}, tls=server) as relay:
        place = Relay("127.0.0.1", relay.port, Tls.REQUIRED, ca=certificate.cert)
        courier = SmtpCourier(place, hostname="help.example", timeouts=QUICK)
        assert kind_of(await deliver(courier)) == RELAY
        assert relay.taken == []


@pytest.mark.parametrize("answer", ["535 wrong password", "454 not now", "534 no", DROP])
async def test_a_refused_login_is_the_relays_trouble(answer: str) -> None:
    async with FaultyRelay({"EHLO": WITH_AUTH, "AUTH": answer}) as relay:
        courier = courier_to(relay, password="wrong")
        assert kind_of(await deliver(courier)) == RELAY


@pytest.mark.parametrize("stage", Stage)
def test_an_unknown_error_is_never_a_refusal(stage: Stage) -> None:
    delivery = delivery_after(OSError("Network is unreachable"), stage)
    assert isinstance(delivery, Deferred)
    assert delivery.is_relay is (stage is Stage.OPENING)
