"""A mail that an agent really signed comes again, its unsigned fields saying something else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from adversary.scene import ADA, CARA, IVAN, MALLORY, SUPPORT, Scene, desk_policy, new_scene
from client import date_header
from signer import signer

from mailtrack.desk.proofs import DkimTrust

HELP = signer("help.example")
HERS = b"--hers\r\nContent-Type: text/plain\r\n\r\n[close]\r\nPay to account 4711.\r\n--hers--"
PARTS = (
    b"--his\r\nContent-Type: text/plain\r\n\r\nIs this from you?\r\n"
    b"--his\r\nContent-Type: message/rfc822\r\n\r\nFrom: mallory@evil.example\r\n"
    b'Content-Type: multipart/mixed; boundary="hers"\r\n\r\n' + HERS + b"\r\n--his--\r\n"
)
QUOTE = (
    b"> Please write to the person who is responsible for it and tell them this: =\r\n"
    b"[close]\r\n\r\nWho is that?\r\n"
)


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A desk that believes signatures, with a ticket of Cara's."""
    dkim = DkimTrust((), age_max=timedelta(hours=72), skew_max=timedelta(minutes=15))
    policy = replace(desk_policy(), dkim=dkim, origin_methods=("dkim",))
    scene = new_scene(tmp_path, policy, name=request.node.name)
    scene.stage.keys = HELP.keys
    scene.mail(CARA, "Printer", "It burns.")
    yield scene
    scene.stage.close()


def signed(scene: Scene, form: bytes, body: bytes, *, to: str = SUPPORT) -> bytes:
    """What Ivan wrote about the ticket, as his provider signs it."""
    head = (
        f"From: Ivan Petrenko <{IVAN}>\r\nTo: {to}\r\nSubject: Re: [#1] Printer\r\n"
        f"Date: {date_header(scene.stage.now)}\r\nMessage-ID: <w@help.example>\r\n"
    )
    return HELP.sign(head.encode() + b"MIME-Version: 1.0\r\n" + form + b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("form", "body", "again"),
    [
        (
            b'Content-Type: multipart/mixed; boundary="his"', PARTS,
            b'Content-Type: multipart/mixed; boundary="hers"',
        ),
        (
            b"Content-Transfer-Encoding: quoted-printable", QUOTE,
            b"Content-Transfer-Encoding: 8bit",
        ),
    ],
    ids=["another boundary", "no longer quoted-printable"],
)  # fmt: skip
def test_a13_a_signed_mail_under_another_form_is_nobodys_word(
    scene: Scene, form: bytes, body: bytes, again: bytes
) -> None:
    raw = signed(scene, form, body)
    changed = raw.replace(form, again)
    assert changed != raw
    assert scene.send(changed, mail_from=MALLORY).disposition == "held"
    assert scene.stage.ticket(1).status.value == "new"
    assert "4711" not in scene.text_to_customers()
    assert scene.left_to(MALLORY) == []


def test_a13_as_it_was_written_it_is_his_word(scene: Scene) -> None:
    form = b'Content-Type: multipart/mixed; boundary="his"'
    scene.send(signed(scene, form, PARTS), mail_from=IVAN)
    assert scene.stage.held_open()[-1].reason == "attached", "nobody doubts that it is his"
    scene.answer(scene.last(IVAN, "held"), "ok")
    assert "Is this from you?" in scene.last(CARA).text
    assert "4711" not in scene.text_to_customers()


@pytest.mark.parametrize(
    "copied", ["", f"Cc: {SUPPORT}\r\n"], ids=["as it is", "with us in Cc"]
)
def test_a13_what_he_wrote_to_somebody_else_they_cannot_hand_on_as_his_word(
    scene: Scene, copied: str
) -> None:
    form = b"Content-Type: text/plain"
    raw = signed(scene, form, b"[close]\r\nYour account is 4711.\r\n", to=MALLORY)
    assert scene.send(copied.encode() + raw, mail_from=MALLORY).disposition == "held"
    assert "but not for us" in scene.last(IVAN, "held").text
    assert "4711" not in scene.text_to_customers()


@pytest.mark.parametrize(("to", "is_released"), [(MALLORY, False), (SUPPORT, True)])
def test_a33_an_admins_ok_to_somebody_else_releases_nothing(
    scene: Scene, to: str, *, is_released: bool
) -> None:
    """The address of the question, which was another agent's, has got into strange hands."""
    scene.mail(IVAN, "[#1] Printer", "Pay to account 4711.")
    question = scene.last(IVAN, "held")
    head = (
        f"From: Ada Admin <{ADA}>\r\nTo: {to}\r\nSubject: Re: lunch\r\n"
        f"Date: {date_header(scene.stage.now)}\r\nMessage-ID: <ok@help.example>\r\n"
    )
    raw = HELP.sign(head.encode() + b"MIME-Version: 1.0\r\n\r\nok\r\n")
    scene.send(raw, mail_from=MALLORY, to=(question.reply_address,))
    assert ("4711" in scene.text_to_customers()) is is_released
