"""Cases whose sting is in what a real server hands on: Postfix in front, the process behind.

What each of them comes to in the desk is told at length elsewhere; here the bytes go the whole
way. A6 and A10 stand in `test_honest_agents.py`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from adversary.scene import CARA, IVAN
from process import Process, free_port, text_of
from servers.postfix import Postfix
from signer import signer
from test_honest_agents import STAMP, answer, answers, gmail_web, hand_over
from waiting import wait_for

PATIENCE = 60.0
# By the domain of the envelope sender: what the filters in front found out about the mail.
FOUND = {
    "help.example": STAMP.format("pass"),
    "evil.example": f"{STAMP.format('fail')}; dkim=pass header.d=evil.example",
}
STAMPS = "smtpd_sender_restrictions = check_sender_access inline:{{{rows}}}\n".format(
    rows=", ".join(f"{{{domain} = PREPEND {stamp}}}" for domain, stamp in FOUND.items())
)
TRUST = (
    "trust: {policy: strict, authentication_results: "
    "{authserv_id: mx.help.example, received_hops: 1, methods: [dmarc]}}"
)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a3_a4_a8_a29_over_smtp_only_the_proved_command_runs_and_it_runs_once(
    tmp_path: Path, make_postfix: Callable[..., Postfix]
) -> None:
    door = free_port()
    postfix = make_postfix({"help.example": f"lmtp:inet:127.0.0.1:{door}"}, STAMPS)
    lmtp = f"  lmtp: {{listen: 127.0.0.1:{door}, behind_mta: true}}"
    desk = Process(tmp_path, (r"^  # lmtp: .*", lmtp), (r"^# trust:$", TRUST))
    desk.start()
    try:
        desk.write(f"Cara Smith <{CARA}>", "Printer", "It burns.")
        letter = desk.wait_for_letters(IVAN, 1)

        def closing(words: str, number: int) -> bytes:
            mail = answer(letter, words, gmail_web, number)
            return mail.replace(b"\r\nSubject: ", b"\r\nSubject: [close] ")

        # A8: the filters say that it is not from where it says; another's signature is good.
        hand_over(postfix, closing("Send me your password.", 8), "x@evil.example")
        wait_for(lambda: len(desk.ask("held")) == 1, PATIENCE, what="A8 is held")
        # A29: a list that brings the agent's mail commands nothing, and says nothing to her.
        listed = b"List-Id: <team.help.example>\r\n" + closing("As I said to the team.", 29)
        hand_over(postfix, listed, IVAN)
        wait_for(lambda: handled(desk) == 3, PATIENCE, what="A29 is decided")
        assert desk.ask("status")["tickets"] == {"new": 1}
        assert answers(desk) == []

        # A3: with a true token and proved, it is done. A4: and done once, whatever is added.
        mail = closing("It is mended.", 3)
        for raw in (mail, mail, b"Received: by x; Mon, 2 Mar 2026 09:00:00 +0000\r\n" + mail):
            hand_over(postfix, raw, IVAN)
        wait_for(lambda: handled(desk) == 6, PATIENCE, what="A3 and A4 are decided")
        desk.wait_until_idle()
        assert desk.ask("status")["tickets"] == {"closed": 1}
        assert [text_of(one).count("It is mended.") for one in answers(desk)] == [1]
    finally:
        desk.kill()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a28_over_smtp_a_signed_mail_of_ten_days_ago_is_held(tmp_path: Path) -> None:
    """It never comes to asking for the key, so that no name server is needed."""
    desk = Process(tmp_path, (r"^# trust:$", "trust: {dkim: {}}"))
    desk.start()
    try:
        desk.write(f"Cara Smith <{CARA}>", "Printer", "It burns.")
        mail = answer(desk.wait_for_letters(IVAN, 1), "It is mended.", gmail_web, 1)
        head, _, body = mail.partition(b"\r\n\r\n")
        then = format_datetime(datetime.now(UTC) - timedelta(days=10)).encode()
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Date:")]
        old = b"\r\n".join((*lines, b"Date: " + then)) + b"\r\n\r\n" + body
        to = str(desk.letters(IVAN)[0]["reply-to"].addresses[0].addr_spec)
        desk.send(signer("help.example").sign(old), IVAN, to)
        asked = desk.wait_for_letters(IVAN, 2, PATIENCE)
        assert "written 10 days before it came" in text_of(asked)
        assert desk.ask("status")["tickets"] == {"new": 1}
        assert answers(desk) == []
    finally:
        desk.kill()


def handled(desk: Process) -> int:
    """How many mails were decided so far."""
    return sum(desk.ask("status")["mails"].values())
