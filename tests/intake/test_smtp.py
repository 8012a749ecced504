"""SMTP: the suite, and what only SMTP has: TLS, logins, a crowd from one address."""

import base64
import socket
import ssl
from pathlib import Path

import pytest
from intake.certificates import Certificate
from intake.doors import (
    FOREIGN,
    MAIL,
    NO_FLOOR,
    OURS,
    UNKNOWN,
    Door,
    Setup,
    Wire,
    wire_form,
)
from intake.front_suite import MakeDoor
from intake.session_suite import SessionSuite
from structlog.testing import capture_logs
from waiting import wait_until

from mailtrack import log
from mailtrack.intake import handshake, smtp
from mailtrack.intake.limits import Limits
from mailtrack.intake.listen import Listen, listen_from
from mailtrack.intake.session import Session
from mailtrack.intake.smtp import BUSY, SmtpFront
from mailtrack.intake.spool import Spool
from mailtrack.mail.envelope import Front


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


def right(login: str, password: str) -> bool:
    return (login, password) == ("dana", "secret")


def plain(login: str, password: str) -> str:
    return "AUTH PLAIN " + base64.b64encode(f"\0{login}\0{password}".encode()).decode()


async def encrypted(door: Door, certificate: Certificate) -> Wire:
    """A connection after STARTTLS and a second hello."""
    wire = await door.greeted()
    assert (await wire.say("STARTTLS")).startswith("220")
    await wire.writer.start_tls(certificate.client(), server_hostname="help.example")
    assert (await wire.say(door.hello)).startswith("250")
    return wire


class TestSmtp(SessionSuite):
    door_class = Door

    async def test_what_is_refused_is_found_in_the_log(self, make_door: MakeDoor) -> None:
        door = await make_door(Setup(limits=Limits(size_bytes_max=len(MAIL))))
        with capture_logs() as said:
            await door.deliver(MAIL, [OURS, UNKNOWN, "support+" + "t" * 30])
            await door.deliver(MAIL + b"!\r\n")
        refused = [one for one in said if one["event"] == "recipient_refused"]
        domain = UNKNOWN.partition("@")[2]
        assert refused[0]["recipient"] == f"@{domain}"
        assert refused[0]["reason"].startswith("550 5.1.1")
        assert refused[1]["recipient"] == "@", "what is no address may be a token"
        assert {one["peer"] for one in refused} == {"127.0.0.1"}
        assert "mail_refused" in [one["event"] for one in said]

    async def test_a_mail_comes_over_starttls(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), tls_required=True))
        wire = await encrypted(door, certificate)
        await wire.begin_mail()
        await wire.write(wire_form(MAIL))
        assert (await wire.answer()).startswith("250")
        ((envelope, raw),) = door.stored()
        assert raw == MAIL
        assert envelope.is_encrypted

    async def test_a100_what_was_sent_before_the_encryption_is_forgotten(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        """CVE-2024-34083: commands slipped in behind STARTTLS."""
        door = await make_door(Setup(tls=certificate.server()))
        wire = await door.greeted()
        await wire.write(b"STARTTLS\r\nNOOP\r\nMAIL FROM:<evil@evil.example>\r\n")
        assert (await wire.answer()).startswith("220")
        await wire.writer.start_tls(certificate.client(), server_hostname="help.example")
        assert (await wire.say(f"RCPT TO:<{OURS}>")).startswith("503")
        assert (await wire.say(door.hello)).startswith("250")

    async def test_where_tls_is_required_nothing_goes_without(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), tls_required=True))
        wire = await door.greeted()
        assert (await wire.say("MAIL FROM:<a@b.example>")).startswith("530")

    async def test_a_handshake_that_fails_costs_only_its_connection(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server()))
        wire = await door.greeted()
        assert (await wire.say("STARTTLS")).startswith("220")
        await wire.write(b"this is no handshake\r\n")
        assert await wire.is_closed()
        assert (await door.deliver(MAIL)).outcome == "ok"

    async def test_a_client_that_does_not_trust_us_gives_its_place_back(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        """asyncio does not say when a client hangs up in the middle of a handshake."""
        limits = Limits(connections_max=1, grace_seconds=1000)
        door = await make_door(Setup(tls=certificate.server(), limits=limits))
        wire = await door.greeted()
        assert (await wire.say("STARTTLS")).startswith("220")
        with pytest.raises(ssl.SSLCertVerificationError):
            await wire.writer.start_tls(
                ssl.create_default_context(), server_hostname="help.example"
            )
        wire.close()
        await wait_until(lambda: not door.front._sessions)
        assert (await door.deliver(MAIL)).outcome == "ok"

    async def test_a_mail_comes_over_tls_from_the_start(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        setup = Setup(tls=certificate.server(), tls_implicit=True, authenticator=right)
        door = await make_door(setup)
        wire = await door.connect(tls=certificate.client())
        assert (await wire.answer()).startswith("220")
        hello = await wire.say(door.hello)
        assert "STARTTLS" not in hello
        assert "AUTH LOGIN PLAIN" in hello
        assert (await wire.say(plain("dana", "secret"))).startswith("235")
        await wire.begin_mail()
        await wire.write(wire_form(MAIL))
        assert (await wire.answer()).startswith("250")
        envelope = door.stored()[0][0]
        assert (envelope.authenticated_as, envelope.is_encrypted) == ("dana", True)
        assert envelope.peer == "127.0.0.1"

    async def test_a_client_that_never_shakes_hands_holds_a_place_and_for_so_long_only(
        self, make_door: MakeDoor, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limits = Limits(connections_max=1, grace_seconds=1000)
        setup = Setup(tls=certificate.server(), tls_implicit=True, limits=limits)
        door = await make_door(setup)
        silent = await door.connect()
        await wait_until(lambda: len(door.front._sessions) == 1)
        assert await (await door.connect()).is_closed(), "there is no place left"
        silent.close()
        await wait_until(lambda: not door.front._sessions)
        monkeypatch.setattr(handshake, "HANDSHAKE_SECONDS_MAX", 0.05)
        assert await (await door.connect()).is_closed(), "it was not quick enough"
        await wait_until(lambda: not door.front._sessions)
        monkeypatch.setattr(handshake, "HANDSHAKE_SECONDS_MAX", 10.0)
        wire = await door.connect(tls=certificate.client())
        assert (await wire.answer()).startswith("220")

    async def test_who_says_no_tls_where_it_is_spoken_from_the_start_is_sent_away(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), tls_implicit=True))
        wire = await door.connect()
        await wire.write(b"EHLO client.example\r\n")
        assert await wire.is_closed()
        await wait_until(lambda: not door.front._sessions)

    async def test_who_guesses_recipients_is_sent_away(
        self, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        door = await make_door(Setup(limits=Limits(refused_recipients_max=3)))
        guesses = [f"RCPT TO:<guess{number}@help.example>" for number in range(5)]
        relay = await door.greeted()
        await relay.say(f"MAIL FROM:<{FOREIGN}>")
        assert {(await relay.say(guess))[:3] for guess in guesses} == {"550"}, "it is ours"
        monkeypatch.setattr(smtp, "_is_local", lambda _peer: False)
        stranger = await door.greeted()
        await stranger.say(f"MAIL FROM:<{FOREIGN}>")
        assert [(await stranger.say(guess))[:3] for guess in guesses[:3]] == ["550"] * 3
        assert (await stranger.answer()).startswith("421 4.7.0 ")
        assert await stranger.is_closed()

    async def test_nobody_logs_in_without_encryption(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), authenticator=right))
        wire = await door.greeted()
        assert (await wire.say(plain("dana", "secret"))).startswith("538")

    @pytest.mark.parametrize(
        ("login", "password", "code"),
        [("dana", "secret", "235"), ("dana", "wrong", "535"), ("дана", "", "535")],
    )
    async def test_a_login_is_checked(
        self,
        make_door: MakeDoor,
        certificate: Certificate,
        login: str,
        password: str,
        code: str,
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), authenticator=right))
        wire = await encrypted(door, certificate)
        assert (await wire.say(plain(login, password))).startswith(code)

    async def test_whose_login_was_refused_is_in_the_log_redacted(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), authenticator=right))
        wire = await encrypted(door, certificate)
        with capture_logs([log.redact]) as said:
            for login in ("dana@help.example", "dana", "p@ss word"):
                assert (await wire.say(plain(login, "wrong"))).startswith("535")
        refused = [one["sender"] for one in said if one["event"] == "login_refused"]
        assert refused == ["d***@help.example", "d***", "p***"]

    async def test_a_login_in_two_steps_is_checked(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), authenticator=right))
        wire = await encrypted(door, certificate)
        assert (await wire.say("AUTH LOGIN")).startswith("334")
        assert (await wire.say(base64.b64encode(b"dana"))).startswith("334")
        assert (await wire.say(base64.b64encode(b"secret"))).startswith("235")

    async def test_passwords_cannot_be_guessed_in_one_session(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), authenticator=right))
        wire = await encrypted(door, certificate)
        answers = [await wire.say(plain("dana", "wrong")) for _ in range(4)]
        assert [answer[:3] for answer in answers] == ["535", "535", "535", "421"]

    async def test_a104_five_wrong_passwords_lock_an_address_out_in_all_sessions(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        door = await make_door(Setup(tls=certificate.server(), authenticator=right))
        first, second = await encrypted(door, certificate), await encrypted(door, certificate)
        answers = [await first.say(plain("dana", "wrong")) for _ in range(3)]
        answers += [await second.say(plain("dana", "wrong")) for _ in range(2)]
        assert {answer[:9] for answer in answers} == {"535 5.7.8"}
        assert (await second.say(plain("dana", "secret"))).startswith("454 4.7.0")

    async def test_a104_who_submits_logs_in_first_and_encrypts_before(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        setup = Setup(
            tls=certificate.server(), tls_required=True, authenticator=right, needs_login=True
        )
        door = await make_door(setup)
        open_wire = await door.greeted()
        assert (await open_wire.say(plain("dana", "secret")))[:3] in ("530", "538")
        wire = await encrypted(door, certificate)
        assert (await wire.say("MAIL FROM:<dana@help.example>")).startswith("530 5.7.0")
        assert (await wire.say(plain("dana", "secret"))).startswith("235")
        await wire.begin_mail()
        await wire.write(wire_form(MAIL))
        assert (await wire.answer()).startswith("250")
        envelope = door.stored()[0][0]
        assert (envelope.front, envelope.authenticated_as) == (Front.SUBMISSION, "dana")

    async def test_an_authenticator_that_breaks_is_no_login_and_no_secret(
        self, make_door: MakeDoor, certificate: Certificate
    ) -> None:
        def broken(login: str, password: str) -> bool:
            raise RuntimeError("the directory is down")

        door = await make_door(Setup(tls=certificate.server(), authenticator=broken))
        wire = await encrypted(door, certificate)
        answer = await wire.say(plain("dana", "secret"))
        assert answer.startswith("451")
        assert "directory" not in answer
        assert (await wire.say("NOOP")).startswith("250")

    async def test_one_address_may_not_take_all_places(self, make_door: MakeDoor) -> None:
        door = await make_door(Setup(limits=Limits(connections_per_ip_max=1)))
        # This machine is the relay in front of us: the limit is for the others.
        local = [await door.greeted() for _ in range(3)]
        assert len(local) == 3
        strangers = [Session(door.front) for _ in range(3)]
        peers = ["192.0.2.1", "192.0.2.1", "192.0.2.2"]
        answers = [
            door.front.admit(session, peer)
            for session, peer in zip(strangers, peers, strict=True)
        ]
        for session in strangers:
            door.front.leave(session)
        assert answers == [None, BUSY, None]

    async def test_a_socket_handed_over_is_listened_on(self, make_door: MakeDoor) -> None:
        door = await make_door()
        listening = socket.create_server(("127.0.0.1", 0))
        front = SmtpFront(
            Listen("given", 0), door.spool, door.reception, hostname="h.example", sock=listening
        )
        await front.start()
        try:
            assert front.port == listening.getsockname()[1]
            door.front, kept = front, door.front
            assert (await door.deliver(MAIL)).outcome == "ok"
            door.front = kept
        finally:
            for wire in door.wires:
                wire.close()
            await front.stop()


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("127.0.0.1:2525", Listen("127.0.0.1", 2525)),
        ("[::1]:25", Listen("::1", 25)),
        ("localhost:0", Listen("localhost", 0)),
        (":25", Listen("", 25)),
        ("unix:/run/mailtrack/lmtp.sock", Listen(path=Path("/run/mailtrack/lmtp.sock"))),
        ("127.0.0.1:65535", Listen("127.0.0.1", 65535)),
    ],
)
def test_a_place_to_listen_is_read(text: str, listen: Listen) -> None:
    assert listen_from(text) == listen
    assert listen_from(str(listen)) == listen


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "127.0.0.1:", "h:65536", "h:-1", "h:²", "unix:run/x", "h:smtp"]
)
def test_what_is_no_place_to_listen_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        listen_from(text)


async def test_a_place_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        spool = Spool(tmp_path, floor=NO_FLOOR)
        door = Door(tmp_path / "door", Setup())
        listen = Listen("127.0.0.1", taken.getsockname()[1])
        front = SmtpFront(listen, spool, door.reception, hostname="help.example")
        with pytest.raises(OSError, match="in use"):
            await front.start()
        await front.stop()
        await spool.close()
        await door.spool.close()


def test_the_tests_speak_modern_tls(certificate: Certificate) -> None:
    assert certificate.server().minimum_version >= ssl.TLSVersion.TLSv1_2
