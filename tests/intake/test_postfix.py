"""A real Postfix hands over to us by LMTP, and our courier hands over to it."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from intake.doors import ALSO_OURS, FOREIGN, MAIL, OURS, UNKNOWN, LmtpDoor, Setup
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from waiting import wait_until

from mailtrack.mail.address import Address
from mailtrack.outbox.courier import SmtpCourier
from mailtrack.outbox.delivery import Delivered, Refused
from mailtrack.outbox.relay import Relay, Tls

BODY = MAIL.partition(b"\r\n\r\n")[2]  # Postfix adds to the head what is missing
MakePostfix = Callable[[Mapping[str, str]], Postfix]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[LmtpDoor]:
    door = LmtpDoor(tmp_path, Setup())
    await door.open()
    yield door
    await door.close()


@pytest.mark.slow
async def test_of_three_recipients_two_arrive_and_the_sender_hears_of_the_third(
    door: LmtpDoor, dovecot: Dovecot, make_postfix: MakePostfix
) -> None:
    postfix = make_postfix(
        {
            "help.example": f"lmtp:inet:127.0.0.1:{door.front.port}",
            "client.example": f"lmtp:inet:{dovecot.host}:{dovecot.port_lmtp}",
        }
    )

    def send() -> None:
        with smtplib.SMTP(postfix.host, postfix.port) as client:
            client.sendmail(FOREIGN, [OURS, UNKNOWN, ALSO_OURS], MAIL)

    await asyncio.to_thread(send)
    await wait_until(door.stored)
    await wait_until(lambda: dovecot.mails(FOREIGN), what="the bounce")
    ((envelope, raw),) = door.stored()
    assert sorted(map(str, envelope.rcpt_to)) == sorted([OURS, ALSO_OURS])
    assert str(envelope.mail_from) == FOREIGN
    assert raw.endswith(BODY)
    (bounce,) = dovecot.mails(FOREIGN)
    assert UNKNOWN.encode() in bounce
    assert b"5.1.1" in bounce


@pytest.mark.slow
async def test_our_courier_hands_over_to_a_real_relay(
    dovecot: Dovecot, postfix: Postfix
) -> None:
    courier = SmtpCourier(Relay(postfix.host, postfix.port, Tls.NONE), hostname="help.example")
    for recipient, kind in (("courier@example.org", Delivered), ("x" * 60 + "..y", Refused)):
        local, _, domain = recipient.partition("@")
        delivery = await courier.deliver(
            MAIL,
            letter_id="l1",
            mail_from=Address("support+b", "help.example"),
            recipient=Address(local, domain or "example..org"),
            needs_smtputf8=False,
        )
        assert isinstance(delivery, kind), delivery
    await wait_until(lambda: dovecot.mails("courier@example.org"))
    (mail,) = dovecot.mails("courier@example.org")
    assert mail.endswith(BODY)
    await courier.close()
