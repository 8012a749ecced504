"""Must show: a real mail server before us and behind us, and a customer who reads by IMAP.

Postfix takes what the customer sends, hands it to the desk by LMTP, takes the desk's letters
and hands them to Dovecot, where everybody reads them. Nothing here is ours but the desk.
"""

import email
import email.policy
import smtplib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest
from process import Process, free_port, text_of
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from waiting import wait_for

CARA = "cara.both.ways@client.example"
IVAN, OLGA = "ivan@help.example", "olga@help.example"
SUPPORT, BILLING, UNKNOWN = (
    f"{name}@help.example" for name in ("support", "billing", "nobody")
)
PATIENCE = 60.0

MakePostfix = Callable[[Mapping[str, str]], Postfix]


class Town:
    """A mail server, a mailbox server and a desk between them."""

    def __init__(self, folder: Path, dovecot: Dovecot, make_postfix: MakePostfix) -> None:
        self.dovecot = dovecot
        door, mailboxes = free_port(), f"lmtp:inet:{dovecot.host}:{dovecot.port_lmtp}"
        to_desk = f"lmtp:inet:127.0.0.1:{door}"
        self.postfix = make_postfix(
            {
                **dict.fromkeys((SUPPORT, BILLING, UNKNOWN), to_desk),
                "help.example": mailboxes,
                "client.example": mailboxes,
            }
        )
        self.desk = Process(
            folder,
            (r"^  # lmtp: .*", f"  lmtp: {{listen: 127.0.0.1:{door}}}"),
            (r"^  smarthost: null", f"  smarthost: smtp://127.0.0.1:{self.postfix.port}"),
        )

    def send(self, sender: str, recipients: list[str], mail: EmailMessage) -> None:
        with smtplib.SMTP(self.postfix.host, self.postfix.port) as client:
            client.sendmail(sender, recipients, mail.as_bytes(policy=email.policy.SMTP))

    def mails(self, address: str) -> list[EmailMessage]:
        raw = self.dovecot.mails(address)
        return [email.message_from_bytes(one, policy=email.policy.default) for one in raw]

    def wait(self, address: str, subject: str, count: int = 1) -> EmailMessage:
        """The last of so many mails to somebody whose subject holds this."""

        def found() -> list[EmailMessage]:
            return [one for one in self.mails(address) if subject in str(one["subject"])]

        wait_for(lambda: len(found()) >= count, PATIENCE, what=f"{subject} to {address}")
        (*_, last) = found()
        assert len(found()) == count
        return last

    def states(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.desk.state / "mailtrack.db")) as database:
            return dict(database.execute("select state, count(*) from letter group by state"))


@pytest.fixture
def town(tmp_path: Path, dovecot: Dovecot, make_postfix: MakePostfix) -> Iterator[Town]:
    town = Town(tmp_path, dovecot, make_postfix)
    town.desk.start()
    yield town
    town.desk.kill()


def written(sender: str, to: str, subject: str, body: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_both_ways_through_real_servers_with_one_recipient_of_three_unknown(town: Town) -> None:
    everybody = [SUPPORT, UNKNOWN, BILLING]
    mail = written(
        CARA, ", ".join(everybody), "Printer on fire", "It burns.", Message_ID="<1@c>"
    )
    town.send(CARA, everybody, mail)

    # Of three recipients two are the desk's, and its one answer each reaches Postfix.
    bounce = town.wait(CARA, "Undelivered")
    assert UNKNOWN in str(bounce)
    assert "5.1.1" in str(bounce)
    assert SUPPORT not in text_of(next(bounce.iter_parts()))  # type: ignore[arg-type]
    acknowledged = town.wait(CARA, "[#1] Printer on fire")
    notified = town.wait(IVAN, "[#1] Printer on fire")
    assert acknowledged["return-path"] == "<>"

    # The agent's answer, by the same way back.
    reply_to = str(notified["reply-to"].addresses[0].addr_spec)
    answer = written(
        f"Ivan Petrenko <{IVAN}>",
        reply_to,
        f"Re: {notified['subject']}",
        "Pull the plug.",
        In_Reply_To=str(notified["message-id"]),
        References=str(notified["message-id"]),
    )
    town.send(IVAN, [reply_to], answer)
    received = town.wait(CARA, "Re: [#1] Printer on fire")
    assert "Pull the plug." in text_of(received)
    assert "+b" in str(received["return-path"])
    ours = {name for name in received if name.lower().startswith(("x-mailtrack", "list-"))}
    assert ours <= {"X-Mailtrack-Loop"}

    # And hers to it: an entry of the same ticket, told to its owner.
    back_to = str(received["reply-to"].addresses[0].addr_spec)
    thanks = written(
        CARA,
        back_to,
        f"Re: {received['subject']}",
        "It still burns. Which plug?",
        In_Reply_To=str(received["message-id"]),
    )
    town.send(CARA, [back_to], thanks)
    told = wait_for(
        lambda: [one for one in town.mails(IVAN) if "Which plug?" in text_of(one)], PATIENCE
    )
    assert len(told) == 1

    status = town.desk.ask("status")
    assert sum(status["tickets"].values()) == 1  # type: ignore[attr-defined]
    wait_for(lambda: set(town.states()) == {"sent"}, PATIENCE, what="all letters are sent")
    assert len(town.mails(CARA)) == 3
    assert town.desk.stop() == 0
    assert town.postfix.log().count("status=bounced") == 1
