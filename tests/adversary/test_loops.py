"""Loops and storms: machines are not answered, senders not flooded, agents not buried."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from adversary.scene import (
    ADA,
    BOB,
    CARA,
    IVAN,
    MALLORY,
    SUPPORT,
    Scene,
    desk_policy,
    new_scene,
    other_desk,
)
from client import Left

from mailtrack.desk.policy import Role


def acks(scene: Scene) -> list[Left]:
    return [letter for letter in scene.stage.left if letter.name == "acknowledged"]


@pytest.mark.parametrize(
    ("value", "is_machine"),
    [
        ("auto-generated (x); y", True), ("NO", False), ("no;", False), (" auto-replied", True),
        ("no (really)", False), ("auto-notified; owner=x", True), ("AUTO-REPLIED", True),
    ],
)  # fmt: skip
def test_a69_auto_submitted_in_all_its_spellings(
    scene: Scene, value: str, is_machine: bool
) -> None:
    scene.mail(CARA, "hi", "Hello there.", headers={"Auto-Submitted": value})
    assert (acks(scene) == []) is is_machine


def test_a63_reply_to_is_never_written_to(scene: Scene) -> None:
    for field in (
        "Reply-To",
        "Return-Path",
        "Errors-To",
        "Disposition-Notification-To",
        "Sender",
    ):
        scene.mail(CARA, f"hi {field}", "Hello.", headers={field: "victim@third.example"})
    scene.answer(scene.last(IVAN), "Hello Cara.")
    assert scene.left_to("victim@third.example") == []
    assert [one.name for one in scene.left_to(CARA)] == ["acknowledged", "answer"]


def test_a65_a_disproved_sender_gets_a_ticket_and_no_letter(scene: Scene) -> None:
    scene.mail(CARA, "hi", "Hello.", login="mallory")
    assert scene.stage.ticket(1) is not None
    assert acks(scene) == []


def test_a66_a68_many_spoofed_victims_get_no_more_than_the_desk_sends_in_an_hour(
    scene: Scene,
) -> None:
    brakes = replace(scene.stage.policy.brakes, acks_hour_max=10)
    scene.stage.policy = replace(scene.stage.policy, brakes=brakes)
    for n in range(15):
        scene.mail(f"victim@v{n}.example", f"hi {n}", "Buy pills.")
    assert len(acks(scene)) == 10
    assert scene.stage.ticket(15) is not None
    assert not any("pills" in letter.text for letter in acks(scene))


def test_a67_one_sender_is_acknowledged_seldom_and_the_agents_are_not_buried(
    scene: Scene,
) -> None:
    for n in range(32):
        scene.mail(CARA, f"problem {n} of {'x' * n}", f"Hello {n}.")
        scene.stage.move_to(scene.stage.now + timedelta(seconds=70))
    most = scene.stage.policy.brakes.tickets_from_sender_hour_max
    assert len(acks(scene)) <= 3
    parent = scene.stage.ticket(most + 1)
    assert parent is not None
    assert "flood" in parent.tags
    assert [entry.text for entry in parent.entries] == ["Hello 30.", "Hello 31."]
    assert scene.stage.ticket(most + 2) is None
    assert len(scene.left_to(IVAN)) == most + 1


def test_a70_a79_no_return_path_and_bcc_get_a_ticket_and_no_letter(scene: Scene) -> None:
    scene.mail(CARA, "one", "Hello.", mail_from="")
    scene.mail(BOB, "two", "Hello.", headers={"To": "undisclosed-recipients:;"})
    assert scene.stage.ticket(2) is not None
    assert acks(scene) == []


def test_a71_a_peer_desk_that_acknowledges_everything_without_a_sign(scene: Scene) -> None:
    peer = "help@peer.example"
    scene.mail(peer, "Invoice", "Please pay.")
    answered = 0
    for n in range(10):
        letters = scene.left_to(peer)
        if answered == len(letters):
            break
        answered = len(letters)
        scene.answer(letters[-1], f"We have received your request {n}.")
        scene.mail(peer, f"[PEER-{n}] We have received your request", f"Ticket {n}.")
        scene.stage.move_to(scene.stage.now + timedelta(seconds=20))
    assert len(scene.left_to(peer)) == 1


def test_a71_a_machine_that_talks_in_one_ticket_is_muted(scene: Scene) -> None:
    scene.mail(CARA, "Invoice", "Please pay.")
    letter = scene.last(CARA)
    for n in range(15):
        scene.answer(letter, f"Received {n}.")
    most = scene.stage.policy.brakes.mails_in_ticket_10_minutes_max
    assert len(scene.left_to(IVAN)) <= most + 1
    assert len(scene.stage.ticket(1).entries) == 16


def test_a72_two_desks_of_ours_that_write_to_each_other_stop(tmp_path: Path) -> None:
    desks, names = [], ("one", "two")
    for name in names:
        folder = tmp_path / name
        folder.mkdir()
        files = {
            "mailtrack": (
                f"desk:\n  name: {name}\n  addresses: {{support@{name}.example: support}}\n"
            ),
            "people": (
                f"agents:\n  a: {{name: A, email: [a@{name}.example], queues: [support]}}\n"
            ),
        }
        desks.append(new_scene(folder, other_desk(desk_policy(**files), name), name=name))
    try:
        for number, desk in enumerate(desks):
            sender, to = names[1 - number], names[number]
            desk.mail(f"support@{sender}.example", "hi", "Hello.", to=f"support@{to}.example")
        rounds, carried = 0, [0, 0]
        while rounds < 10:
            out = [
                desk.to_customers()[count:] for desk, count in zip(desks, carried, strict=True)
            ]
            if not any(out):
                break
            rounds += 1
            for number, letters in enumerate(out):
                carried[number] += len(letters)
                for one in letters:
                    to = (one.recipient,)
                    desks[1 - number].send(one.raw, mail_from=one.mail_from, to=to)
        assert rounds <= 2
    finally:
        for desk in desks:
            desk.stage.close()


def test_a73_our_own_letters_and_addresses_that_come_back_make_no_noise(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    for letter in list(scene.stage.left):
        scene.send(letter.raw, mail_from=letter.mail_from, to=(SUPPORT,))
        scene.send(letter.raw, mail_from=letter.mail_from, to=(letter.reply_address,))
    for n in range(5):
        scene.mail(SUPPORT, f"loop {n}", "Hello.")
    assert scene.left_to(SUPPORT) == []
    assert len(scene.left_to(CARA)) == 1
    assert len(scene.stage.ticket(1).entries) == 1


def test_a73_letters_never_go_to_our_own_addresses(scene: Scene) -> None:
    scene.mail(SUPPORT, "I am you", "Hello.")
    scene.mail(IVAN, "hi", "Hello.", to=f"billing@help.example, {SUPPORT}")
    letter = scene.last(IVAN) if scene.left_to(IVAN) else None
    if letter is not None:
        scene.answer(letter, "Hello desk.")
    for address in (SUPPORT, "billing@help.example"):
        assert scene.left_to(address) == []


@pytest.mark.parametrize(
    "subject",
    ["Automatische Antwort: Printer", "Réponse automatique : Printer",
     "Автоответ: Printer", "自動返信: Printer", "Out of Office: Printer"],
)  # fmt: skip
def test_a30_a74_an_absence_without_headers_opens_nothing_again(
    scene: Scene, subject: str
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Done.", subject="[close]")
    closing = scene.last(CARA)
    before = len(scene.stage.left)
    scene.answer(closing, "I am away until Monday.", subject=subject, headers={"X-Mailer": "x"})
    assert scene.stage.ticket(1).status.value == "closed"
    assert len(scene.stage.left) == before


def test_a30_an_agents_absence_is_no_answer(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(
        scene.last(IVAN), "I am at the beach.", subject="Automatic reply: [#1] Printer",
        headers={"Auto-Submitted": "auto-replied"},
    )  # fmt: skip
    assert "beach" not in scene.text_to_customers()


def bounce_of(letter: Left, *, to: str, recipient: str, kind: str = "delivery-status") -> bytes:
    status = f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    return (
        (
            f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail\r\n"
            "MIME-Version: 1.0\r\n"
            f'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n'
            "Message-ID: <b@mx.example>\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
            "No such user.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            "Reporting-MTA: dns; mx.example\r\n\r\n"
            f"{status}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        ).encode()
        + letter.raw
        + b"\r\n--b--\r\n"
    )


def test_a75_a_bounce_at_its_own_address_tells_the_agent_once(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Done.", subject="[close]")
    letter = scene.last(CARA, "answer")
    raw = bounce_of(letter, to=letter.mail_from, recipient=CARA)
    scene.send(raw, mail_from="", to=(letter.mail_from,))
    scene.send(raw, mail_from="", to=(letter.mail_from,))
    told = [one for one in scene.left_to(IVAN) if one.name == "bounced"]
    assert len(told) == 1
    assert scene.stage.ticket(1).status.value == "open"


@pytest.mark.parametrize(
    ("language", "goes"),
    [
        ("en", "Your reply becomes an internal note."),
        ("ru", "Ваш ответ станет внутренней заметкой."),
        ("uk", "Ваша відповідь стане внутрішньою нотаткою."),
    ],
)
def test_of_a_bounce_a_light_agent_hears_that_a_reply_stays_inside(
    scene: Scene, language: str, goes: str
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Done.", subject="[close]")
    answer = scene.last(CARA, "answer")
    ivan = next(one for one in scene.stage.policy.agents if one.name == "ivan")
    light = replace(ivan, role=Role.LIGHT, language=language)
    scene.stage.policy = replace(scene.stage.policy, agents=(light,))
    raw = bounce_of(answer, to=answer.mail_from, recipient=CARA)
    scene.send(raw, mail_from="", to=(answer.mail_from,))
    told = scene.last(IVAN, "bounced")
    assert goes in told.text
    assert goes in told.html
    assert not [word for word in ("[reopen]", "[take]", "[close]") if word in told.text]
    scene.answer(told, "Her telephone is on the invoice.")
    assert "invoice" not in scene.text_to_customers()


@pytest.mark.parametrize("to", [SUPPORT, "reply"])
def test_a76_a_forged_bounce_elsewhere_changes_nothing(scene: Scene, to: str) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Done.", subject="[close]")
    letter = scene.last(CARA, "answer")
    before = len(scene.stage.left)
    address = letter.reply_address if to == "reply" else to
    scene.send(bounce_of(letter, to=address, recipient=CARA), mail_from="", to=(address,))
    assert scene.stage.ticket(1).status.value == "closed"
    assert len(scene.stage.left) == before


def test_a77_a_bounce_that_names_another_recipient_says_whom_the_letter_was_for(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    scene.answer(scene.last(IVAN), "Done.", subject="[cc:bob@cust.example]")
    letter = scene.last(CARA, "answer")
    raw = bounce_of(letter, to=letter.mail_from, recipient="boss@bank.example")
    scene.send(raw, mail_from="", to=(letter.mail_from,))
    assert CARA in scene.last(IVAN, "bounced").text
    assert "boss@bank.example" not in scene.last(IVAN, "bounced").header("Subject")


def test_a78_receipts_and_complaints_are_answered_by_nothing(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(CARA)
    before = len(scene.stage.left)
    for kind in ("disposition-notification", "feedback-report", "delivery-status"):
        scene.send(bounce_of(letter, to=SUPPORT, recipient=CARA, kind=kind), mail_from="")
    assert len(scene.stage.left) == before


def test_a_flood_of_mails_that_name_no_sender_does_not_bury_the_admin(scene: Scene) -> None:
    for n in range(35):
        scene.mail(
            MALLORY, f"hi {n}", "Hello.", headers={"From": f"a@b.example, c@d{n}.example"}
        )
    assert len(scene.stage.held_open()) == 35
    assert 1 <= len(scene.left_to(ADA)) <= 30


def test_a_flood_in_an_agents_name_does_not_bury_the_agent(scene: Scene) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    before = len(scene.left_to(IVAN))
    for n in range(25):
        scene.mail(IVAN, f"[#1] [close] {n}", f"Hello {n}.", mail_from=MALLORY)
    asked = len(scene.left_to(IVAN)) - before
    assert asked <= scene.stage.policy.brakes.errors_to_sender_day_max


def test_a_forwarded_mail_in_an_agents_name_makes_the_desk_write_to_one_victim_seldom(
    scene: Scene,
) -> None:
    """Whoever writes in an agent's name can name any customer; the brakes are the victim's."""
    for n in range(20):
        body = (
            "---------- Forwarded message ---------\nFrom: Victim <victim@third.example>\n"
            f"Date: Mon, 2 Mar 2026 at 08:00\nSubject: Pills {n}\nTo: <{IVAN}>\n\nHello {n}.\n"
        )
        scene.mail(IVAN, f"Fwd: Pills {n}", body, mail_from=MALLORY)
    most = scene.stage.policy.brakes.acks_to_sender_day_max
    assert len(scene.left_to("victim@third.example")) <= most


def test_a80_a_mail_of_sixty_hops_that_could_not_be_refused_is_held(scene: Scene) -> None:
    hops = "".join("Received: from a by b\r\n" for _ in range(60))
    raw = f"{hops}From: {CARA}\r\nTo: {SUPPORT}\r\nSubject: Round\r\n\r\nAnd round.\r\n"
    handled = scene.send(raw.encode(), mail_from=CARA)
    assert handled.disposition == "held"
    assert [letter.name for letter in scene.written] == ["held_list"]
