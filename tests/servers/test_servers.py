"""The servers do what the other tests take for granted."""

import email
import email.policy
import imaplib
import mailbox
import re
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from servers.dovecot import Dovecot
from servers.machine import program
from servers.neomutt import Neomutt, imap_url
from servers.postfix import Postfix
from servers.postgres import Postgresql
from waiting import wait_for, wait_until

MAIL = b"""\
From: Help <support+abc@example.org>\r
To: dana@client.example\r
Reply-To: support+abc@example.org\r
Subject: [#1] Printer on fire\r
Message-ID: <first@help.example>\r
Date: Mon, 02 Mar 2026 09:00:00 +0000\r
\r
It burns.\r
"""

pytestmark = pytest.mark.slow  # what uses these servers fails as well if they do


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def arrived(dovecot: Dovecot, address: str) -> EmailMessage:
    """The one mail that somebody gets, waited for."""
    mails = wait_for(lambda: dovecot.mails(address), what=f"a mail to {address}")
    assert len(mails) == 1
    return parsed(mails[0])


class TestDovecot:
    def test_a_mail_put_in_comes_out_byte_for_byte(self, dovecot: Dovecot) -> None:
        dovecot.append("bytes@example.org", MAIL)
        assert dovecot.mails("bytes@example.org") == [MAIL]

    def test_lmtp_delivers_to_every_address(self, dovecot: Dovecot) -> None:
        with smtplib.LMTP(dovecot.host, dovecot.port_lmtp) as client:
            client.sendmail("a@client.example", ["lmtp@example.org"], MAIL)
        assert arrived(dovecot, "lmtp@example.org")["Subject"] == "[#1] Printer on fire"

    def test_a_wrong_password_is_refused(self, dovecot: Dovecot) -> None:
        session = imaplib.IMAP4(dovecot.host, dovecot.port)
        with pytest.raises(imaplib.IMAP4.error):
            session.login("bytes@example.org", "wrong")
        session.shutdown()

    @pytest.mark.parametrize(("life", "accepted"), [(3600, True), (-60, False)])
    def test_xoauth2_takes_a_token_until_it_expires(
        self, dovecot: Dovecot, life: int, accepted: bool
    ) -> None:
        address = "oauth@example.org"
        token = dovecot.access_token(address, expires_in_seconds=life)
        answer = f"user={address}\x01auth=Bearer {token}\x01\x01".encode()
        session = imaplib.IMAP4(dovecot.host, dovecot.port)
        try:
            # The server explains a refusal in a challenge, which wants an empty answer.
            replies = iter([answer, b""])
            session.authenticate("XOAUTH2", lambda _: next(replies))
            logged_in = True
        except imaplib.IMAP4.error:
            logged_in = False
        session.shutdown()
        assert logged_in is accepted

    def test_a_restart_keeps_the_mail(self, own_dovecot: Dovecot) -> None:
        own_dovecot.append("kept@example.org", MAIL)
        own_dovecot.stop()
        own_dovecot.start()
        assert own_dovecot.mails("kept@example.org") == [MAIL]

    @pytest.fixture
    def own_dovecot(self) -> Iterator[Dovecot]:
        server = Dovecot()
        try:
            server.start()
            yield server
        finally:
            server.remove()


class TestPostfix:
    def test_it_hands_mail_for_our_domain_to_dovecot(
        self, dovecot: Dovecot, postfix: Postfix
    ) -> None:
        with smtplib.SMTP(postfix.host, postfix.port) as client:
            client.sendmail("a@client.example", ["chain@example.org"], MAIL)
        assert arrived(dovecot, "chain@example.org")["Message-ID"] == "<first@help.example>"

    def test_nothing_leaves_the_machine(self, postfix: Postfix) -> None:
        with smtplib.SMTP(postfix.host, postfix.port) as client:
            client.sendmail("a@example.org", ["somebody@elsewhere.example"], MAIL)
        line = re.compile(r"to=<somebody@elsewhere\.example>, relay=none.*status=sent \(")
        wait_for(lambda: line.search(postfix.log()), what="the mail to be discarded")

    def test_swaks_speaks_to_it(self, dovecot: Dovecot, postfix: Postfix) -> None:
        swaks = program("swaks", package="swaks")
        command = [
            swaks,
            "--server",
            f"{postfix.host}:{postfix.port}",
            "--from",
            "a@client.example",
            "--to",
            "swaks@example.org",
            "--header",
            "Subject: by swaks",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert arrived(dovecot, "swaks@example.org")["Subject"] == "by swaks"


class TestPostgresql:
    def test_each_database_is_new_and_empty(self, postgresql: Postgresql) -> None:
        first, second = postgresql.new_database(), postgresql.new_database()
        with psycopg.connect(first) as connection:
            connection.execute("create table ticket (number integer)")
        with psycopg.connect(second) as connection:
            found = connection.execute("select to_regclass('ticket')").fetchone()
        assert found == (None,)


class TestNeomutt:
    def test_it_answers_from_a_maildir(
        self,
        tmp_path: Path,
        dovecot: Dovecot,
        postfix: Postfix,
        neomutt: Callable[..., Neomutt],
    ) -> None:
        letters = mailbox.Maildir(tmp_path / "letters")
        letters.add(MAIL.replace(b"support", b"maildir"))
        dana = neomutt("dana@client.example", smtp_port=postfix.port, name="Dana")

        dana.reply(tmp_path / "letters", "Still burning. Горить!", add_to_subject="[close]")

        answer = arrived(dovecot, "maildir@example.org")
        assert answer["From"] == "Dana <dana@client.example>"
        assert answer["Subject"] == "Re: [#1] Printer on fire [close]"
        assert answer["In-Reply-To"] == "<first@help.example>"
        text = answer.get_content().replace("\r\n", "\n")
        assert text.startswith("Still burning. Горить!\n")
        assert "> It burns." in text

    def test_it_answers_the_mail_that_was_meant(
        self,
        tmp_path: Path,
        dovecot: Dovecot,
        postfix: Postfix,
        neomutt: Callable[..., Neomutt],
    ) -> None:
        letters = mailbox.Maildir(tmp_path / "letters")
        for word in (b"paper", b"fire", b"toner"):
            mail = MAIL.replace(b"support", b"meant").replace(b"on fire", b"and " + word)
            letters.add(mail.replace(b"first", word))
        dana = neomutt("dana@client.example", smtp_port=postfix.port)

        dana.reply(tmp_path / "letters", "This one.", matching='~s "and fire"')

        answer = arrived(dovecot, "meant@example.org")
        assert answer["In-Reply-To"] == "<fire@help.example>"

    def test_it_answers_from_an_imap_folder(
        self, dovecot: Dovecot, postfix: Postfix, neomutt: Callable[..., Neomutt]
    ) -> None:
        address = "ivan@example.org"
        dovecot.append(address, MAIL.replace(b"support", b"imap"))
        ivan = neomutt(address, smtp_port=postfix.port, password=dovecot.password)

        ivan.reply(imap_url(address, port=dovecot.port), "On my way.")

        assert arrived(dovecot, "imap@example.org")["From"] == f"ivan <{address}>"

    def test_it_writes_a_new_mail_with_an_attachment(
        self,
        tmp_path: Path,
        dovecot: Dovecot,
        postfix: Postfix,
        neomutt: Callable[..., Neomutt],
    ) -> None:
        (tmp_path / "log.txt").write_text("one line\n")
        dana = neomutt("dana@client.example", smtp_port=postfix.port)

        dana.send("new@example.org", "Принтер", "Горить.", attach=(tmp_path / "log.txt",))

        mail = arrived(dovecot, "new@example.org")
        assert mail["Subject"] == "Принтер"
        assert [part.get_filename() for part in mail.iter_attachments()] == ["log.txt"]

    def test_a_mail_that_was_refused_is_a_failure(
        self, tmp_path: Path, neomutt: Callable[..., Neomutt]
    ) -> None:
        letters = mailbox.Maildir(tmp_path / "letters")
        letters.add(MAIL)
        nobody_listens = 1
        dana = neomutt("dana@client.example", smtp_port=nobody_listens, timeout_seconds=1.5)
        with pytest.raises(AssertionError, match="did not send"):
            dana.reply(tmp_path / "letters", "Lost.")


class TestMachine:
    @pytest.mark.parametrize(("ci", "outcome"), [("", "Skipped"), ("true", "Failed")])
    def test_a_missing_program_skips_at_home_and_fails_in_ci(
        self, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
    ) -> None:
        monkeypatch.setenv("CI", ci)
        with pytest.raises(BaseException, match=r"apt-get install nothing") as caught:
            program("no-such-program", package="nothing")
        assert caught.type.__name__ == outcome


class TestWaiting:
    def test_the_first_true_answer_is_returned(self) -> None:
        answers = iter([0, None, 3])
        assert wait_for(lambda: next(answers)) == 3

    def test_waiting_in_vain_says_for_what(self) -> None:
        with pytest.raises(AssertionError, match="in vain for: the moon"):
            wait_for(lambda: False, 0.02, what="the moon")

    async def test_a_coroutine_waits_as_well(self) -> None:
        answers = iter([0, 4])
        assert await wait_until(lambda: next(answers)) == 4
