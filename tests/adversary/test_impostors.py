"""What nobody may do in somebody else's name: command, answer, or stand on their ticket."""

from dataclasses import replace
from datetime import timedelta

import pytest
from adversary.scene import (
    ADA,
    BOB,
    CARA,
    IVAN,
    MALLORY,
    OLGA,
    SUPPORT,
    Scene,
    a_ticket,
    desk_policy,
    new_scene,
)

from mailtrack.tickets.ticket import EntryKind, Visibility

NOT_IVAN = {
    "A15 two From, good first": f"From: Ivan <{IVAN}>\nFrom: x@evil.example",
    "A15 two From, good last": f"From: x@evil.example\nFrom: Ivan <{IVAN}>",
    "A16 address before angle": f"From: {IVAN} <x@evil.example>",
    "A17 angle then domain": f"From: <{IVAN}>@evil.example",
    "A17 paren": f"From: {IVAN})x@evil.example",
    "A17 group": f"From: agents: {IVAN}, x@evil.example;",
    "A17 group of one": f"From: agents: {IVAN};",
    "A17 two mailboxes": f"From: {IVAN}, x@evil.example",
    "A18 address as name": f'From: "{IVAN}" <x@evil.example>',
    "A18 escaped quote in name": f'From: "a\\" <{IVAN}> \\"" <x@evil.example>',
    "A19 space": f"From: Ivan <{IVAN} >",
    "A19 tab": f"From: Ivan <\t{IVAN}>",
    "A19 comment": "From: Ivan <ivan(x)@help.example>",
    "A19 comment after": f"From: Ivan <{IVAN}> (x)",
    "A19 NUL": f"From: Ivan <{IVAN}\0>",
    "A20 encoded word": "From: =?utf-8?q?=3Civan=40help=2Eexample=3E?= <x@evil.example>",
    "A20 encoded angle": "From: =?utf-8?q?Ivan_=3Civan=40help.example=3E?=",
    "A20 word with raw at": "From: =?utf-8?q?ivan@help.example?= <x@evil.example>",
    "A20 base64 alone": "From: =?utf-8?b?aXZhbkBoZWxwLmV4YW1wbGU=?=",
    "A21 dotless i": "From: ıvan@help.example",
    "A21 kelvin": "From: ivan@help.e\u212aample",
    "A21 long s": "From: ivan@help.example".replace("s", "ſ"),
    "A21 dot at the end": f"From: {IVAN}.",
    "A21 full width": "From: ｉvan@help.example",
    "A22 cyrillic": "From: ivan@hеlp.example",
    "A22 punycode": "From: ivan@xn--hlp-2xc.example",
    "quoted local part": 'From: "ivan"@help.example',
    "source route": f"From: <@evil.example:{IVAN}>",
    "percent": "From: ivan%help.example@evil.example",
    "plus": "From: ivan+x@help.example",
    "subdomain": "From: ivan@mail.help.example",
    "empty": "From:",
    "none": "X-From: nobody",
    "newline in name": f"From: Ivan\n\t<{IVAN}>\n <x@evil.example>",
    "sender only": f"From: x@evil.example\nSender: {IVAN}",
    "reply-to only": f"From: x@evil.example\nReply-To: Ivan <{IVAN}>",
    "resent": f"Resent-From: {IVAN}\nFrom: x@evil.example",
}  # fmt: skip


# The A21 long s changes nothing in this address: it is Ivan's own.
NOT_IVAN.pop("A21 long s")


def forged(scene: Scene, head: str, *, to: str, subject: str, body: str) -> str:
    scene._mails += 1
    raw = (
        f"{head}\nTo: {to}\nSubject: {subject}\nMessage-ID: <f{scene._mails}@evil.example>\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0200\n\n{body}\n"
    )
    return scene.send(
        raw.replace("\n", "\r\n").encode(), mail_from="x@evil.example", to=(to,)
    ).disposition


@pytest.mark.parametrize("head", NOT_IVAN.values(), ids=list(NOT_IVAN))
def test_a15_to_a22_no_other_spelling_of_from_is_the_agent(scene: Scene, head: str) -> None:
    letter = a_ticket(scene)
    before = len(scene.to_customers())
    for to in (letter.reply_address, SUPPORT):
        forged(scene, head, to=to, subject="[#1] [close] [assign:ivan]", body="Pay to Malta.")
    ticket = scene.stage.ticket(1)
    assert (ticket.status.value, ticket.owner) == ("new", None)
    assert not any(e.kind is EntryKind.ANSWER for e in ticket.entries)
    assert not any("Malta" in one.text for one in scene.left_to(CARA))
    # At most an acknowledgement to the forger's own address.
    new = [one for one in scene.to_customers()[before:] if one.recipient != "x@evil.example"]
    assert [one.name for one in new if one.name != "acknowledged"] == []


@pytest.mark.parametrize(
    "head",
    [
        f"From: {IVAN}",
        "From: IVAN@HELP.EXAMPLE",
        f'From: "x" <{IVAN}>',
        f"From: =?utf-8?q?Ivan?= <{IVAN}>",
    ],
)
def test_a3_a21_the_agents_own_address_with_the_token_is_the_agent(
    scene: Scene, head: str
) -> None:
    letter = a_ticket(scene)
    assert (
        forged(scene, head, to=letter.reply_address, subject="[close]", body="Bye.") == "entry"
    )
    assert scene.stage.ticket(1).status.value == "closed"


@pytest.mark.parametrize("subject", ["[#1] [close]", "#1 [assign:ivan]", "[close] [#1] hello"])
def test_a1_a_forged_agent_without_a_token_is_held_and_the_real_one_asked(
    scene: Scene, subject: str
) -> None:
    a_ticket(scene)
    handled = scene.mail(IVAN, subject, "Pay to Malta.", mail_from=MALLORY)
    assert handled.disposition == "held"
    assert scene.stage.ticket(1).status.value == "new"
    assert scene.last(IVAN).name == "held"
    assert scene.left_to(MALLORY) == []
    assert "Malta" not in scene.text_to_customers()


def test_a2_a_forged_agent_whose_login_is_another_is_held_even_with_the_token(
    scene: Scene,
) -> None:
    letter = a_ticket(scene)
    handled = scene.answer(letter, "Pay to Malta.", subject="[close]", login="mallory")
    assert handled.disposition == "held"
    assert "Malta" not in scene.text_to_customers()


def test_a4_a_replayed_command_has_no_effect_be_it_under_another_received(scene: Scene) -> None:
    letter = a_ticket(scene)
    raw = (
        f"From: {IVAN}\r\nTo: {letter.reply_address}\r\nSubject: [close]\r\n"
        "Message-ID: <replay@help.example>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0200\r\n"
        "\r\nBye.\r\n"
    ).encode()
    to = (letter.reply_address,)
    scene.send(raw, mail_from=IVAN, to=to)
    scene.answer(scene.last(CARA), "It burns again!")
    again = (
        b"Received: from evil.example by mx.example; Mon, 2 Mar 2026 12:00:00 +0200\r\n" + raw
    )
    for wait, copy in ((1, raw), (1, again), (120, raw), (1, again)):
        scene.stage.move_to(scene.stage.now + timedelta(minutes=wait))
        assert scene.send(copy, mail_from=IVAN, to=to).disposition == "duplicate"
    assert scene.stage.ticket(1).status.value == "open"
    assert len([one for one in scene.left_to(CARA) if one.name == "answer"]) == 1


def test_a5_an_agents_token_from_a_strangers_address_commands_nothing(scene: Scene) -> None:
    letter = a_ticket(scene)
    for sender in (MALLORY, CARA, BOB):
        scene.answer(letter, "Pay to Malta.", sender=sender, subject="[close] [note]")
    ticket = scene.stage.ticket(1)
    assert ticket.status.value == "new"
    assert "Malta" not in scene.text_to_customers()
    assert scene.last(IVAN).name == "notification"


def test_a5_a_customers_token_in_an_agents_name_is_no_capability(scene: Scene) -> None:
    a_ticket(scene)
    handled = scene.answer(scene.last(CARA), "Pay to Malta.", sender=IVAN, subject="[close]")
    assert handled.disposition == "held"
    assert scene.stage.ticket(1).status.value == "new"
    assert "Malta" not in scene.text_to_customers()


def test_an_agents_token_of_one_ticket_is_no_capability_for_another_agent(scene: Scene) -> None:
    letter = a_ticket(scene)
    assert scene.answer(letter, "Hi", sender=OLGA, subject="[close]").disposition == "held"
    assert scene.stage.ticket(1).status.value == "new"


def test_a36_a_customers_close_is_words(scene: Scene) -> None:
    a_ticket(scene)
    scene.answer(scene.last(CARA), "[close]\n[note]\nthanks?", subject="[close] [release] Re:")
    ticket = scene.stage.ticket(1)
    assert ticket.status.value == "new"
    assert ticket.entries[-1].visibility is Visibility.PUBLIC


def test_a37_one_wrong_command_stops_all_and_the_text_is_kept(scene: Scene) -> None:
    letter = a_ticket(scene)
    handled = scene.answer(
        letter, "Switch it off.", subject="[assign:ivan] [frobnicate] [close]"
    )
    assert handled.disposition == "held"
    ticket = scene.stage.ticket(1)
    assert (ticket.status.value, ticket.owner) == ("new", None)
    assert "Switch it off." in scene.last(IVAN, "refused").text


def test_a39_questions_in_an_agents_name_are_answered_to_the_agent_alone_and_not_for_ever(
    scene: Scene,
) -> None:
    a_ticket(scene)
    brakes = replace(scene.stage.policy.brakes, questions_hour_max=3)
    scene.stage.policy = replace(scene.stage.policy, brakes=brakes)
    for n in range(6):
        scene.mail(IVAN, f"[show:1] {n}", "", mail_from=MALLORY, headers={"Reply-To": MALLORY})
    assert scene.left_to(MALLORY) == []
    assert len([one for one in scene.left_to(IVAN) if one.name == "shown"]) == 3


# Threads: guesses, conflicts, other people's ids and tokens.


def test_a52_a_number_of_a_ticket_that_is_not_theirs_opens_a_new_one(scene: Scene) -> None:
    a_ticket(scene)
    scene.mail(MALLORY, "[#1] hi", "Let me in.")
    assert len(scene.stage.ticket(1).entries) == 1
    assert scene.stage.ticket(2).requester == MALLORY


def test_a54_ids_in_our_pattern_that_we_never_issued_name_no_ticket(scene: Scene) -> None:
    a_ticket(scene)
    ours = scene.last(CARA).header("Message-ID")
    for guess in (
        ours[:-18] + "0000" + ours[-14:],
        "<" + "a" * 26 + ours[ours.index("@") :],
        "<@>",
    ):
        scene.mail(CARA, "hi", "Hm.", headers={"In-Reply-To": guess, "References": guess})
    assert len(scene.stage.ticket(1).entries) == 1


def test_a55_an_id_given_to_one_customer_is_nothing_in_the_hand_of_another(
    scene: Scene,
) -> None:
    a_ticket(scene)
    ours = scene.last(CARA).header("Message-ID")
    scene.mail(BOB, "Re: [#1] Printer", "Me too.", headers={"In-Reply-To": ours})
    assert len(scene.stage.ticket(1).entries) == 1
    assert scene.stage.ticket(2).requester == BOB


def test_a55_an_agents_id_is_nothing_in_the_hand_of_another_and_no_capability_for_a_colleague(
    scene: Scene,
) -> None:
    letter = a_ticket(scene)
    ids = {"In-Reply-To": letter.header("Message-ID")}
    scene.mail(MALLORY, "[close]", "Hm.", headers=ids)
    assert scene.mail(OLGA, "[close]", "Hm.", headers=ids).disposition != "entry"
    assert scene.stage.ticket(1).status.value == "new"


def test_a56_the_token_wins_over_references(scene: Scene) -> None:
    a_ticket(scene)
    one = scene.last(CARA).header("Message-ID")
    scene.mail(CARA, "Mouse", "It squeaks.")
    scene.answer(scene.last(IVAN), "Oil it.")
    two = scene.last(CARA)
    scene.answer(two, "Done.", headers={"In-Reply-To": one, "References": one})
    assert len(scene.stage.ticket(1).entries) == 1
    assert scene.stage.ticket(2).entries[-1].text == "Done."


def test_a57_a_token_with_a_wrong_character_is_none_and_capitals_do_not_matter(
    scene: Scene,
) -> None:
    a_ticket(scene)
    local, _, domain = scene.last(CARA).reply_address.partition("@")
    last = "b" if local[-1] != "b" else "c"
    for bad in (local[:-1] + last, local[:-1], local + "a", local.replace("+r", "+n")):
        scene.mail(CARA, "hi", "Hm.", to=f"{bad}@{domain}")
    assert len(scene.stage.ticket(1).entries) == 1
    for good in (local.upper(), local.title()):
        scene.mail(CARA, "hi", f"Good {good}.", to=f"{good}@{domain}")
    assert len(scene.stage.ticket(1).entries) == 3


def test_a60_a_customer_taken_off_a_ticket_does_not_come_back_by_token_or_id(
    scene: Scene,
) -> None:
    letter = a_ticket(scene)
    scene.answer(letter, "Hello both.", subject="[cc:bob@cust.example]")
    theirs = scene.last(BOB)
    scene.answer(letter, "", subject="[uncc:bob@cust.example] [#1]")
    before = len(scene.left_to(BOB))
    scene.answer(theirs, "Still here.")
    scene.answer(letter, "Only for Cara.")
    assert not any("Only for Cara" in one.text for one in scene.left_to(BOB)[before:])


def test_a10_a_desk_address_in_reply_to_or_sender_gives_no_power(scene: Scene) -> None:
    a_ticket(scene)
    handled = scene.mail(
        MALLORY, "[#1] [close]", "Pay to Malta.", headers={"Reply-To": IVAN, "Sender": SUPPORT}
    )
    assert handled.disposition == "ticket"
    assert scene.stage.ticket(1).status.value == "new"


def test_a40_a_disabled_agent_commands_nothing_and_their_tickets_are_not_forgotten(
    tmp_path,
) -> None:
    people = (
        "agents:\n  ivan: {name: Ivan, email: [ivan@help.example], queues: [support]}\n"
        "  olga: {name: Olga, email: [olga@help.example], role: lead, queues: [support]}\n"
        "  ada: {name: Ada Admin, email: [ada@help.example], role: admin, queues: [office]}\n"
    )
    scene = new_scene(tmp_path, desk_policy(people=people), name="disabled")
    try:
        letter = a_ticket(scene)
        scene.answer(letter, "", subject="[take] [#1]")
        gone = people.replace(
            "email: [ivan@help.example],", "email: [ivan@help.example], active: false,"
        )
        scene.stage.policy = desk_policy(people=gone)
        scene.answer(letter, "Pay to Malta.", subject="[close]")
        assert scene.stage.ticket(1).status.value == "new"
        assert "Malta" not in scene.text_to_customers()
        before = len(scene.left_to(OLGA))
        scene.answer(scene.last(CARA), "Is anybody there?")
        assert len(scene.left_to(OLGA)) == before + 1, "nobody heard of a customer's mail"
        assert scene.left_to(IVAN)[-1].left_at <= letter.left_at
    finally:
        scene.stage.close()


def test_a106_a_light_agent_cannot_write_to_a_customer_or_change_a_status(tmp_path) -> None:
    people = (
        "agents:\n"
        "  ivan: {name: Ivan, email: [ivan@help.example], role: light, queues: [support]}\n"
        "  ada: {name: Ada Admin, email: [ada@help.example], role: admin, queues: [support]}\n"
    )
    scene = new_scene(tmp_path, desk_policy(people=people), name="light")
    try:
        letter = a_ticket(scene)
        scene.answer(letter, "I would not help her.")
        scene.answer(letter, "Bye.", subject="[close]")
        scene.answer(letter, "", subject="[tpl:more-details]")
        scene.answer(scene.last(ADA), "Me neither.", sender=IVAN)
        assert [one.name for one in scene.left_to(CARA)] == ["acknowledged"]
        assert scene.stage.ticket(1).status.value == "new"
    finally:
        scene.stage.close()


def test_a107_people_with_one_name_or_an_alias_are_different_people(scene: Scene) -> None:
    a_ticket(scene)
    for other in ("cara@other.example", "cara+x@cust.example"):
        scene.mail(
            other, "[#1] Printer", "It is me.", headers={"From": f"Cara Smith <{other}>"}
        )
    assert len(scene.stage.ticket(1).entries) == 1


@pytest.mark.parametrize("body", ["", "The law wants it."])
def test_a_grave_command_under_a_disproved_name_is_for_admins_whatever_stands_below_it(
    scene: Scene, body: str
) -> None:
    subject = "[erase:cara@cust.example]"
    scene.mail(CARA, "Printer", "It burns.")
    assert scene.mail(ADA, subject, body, login=MALLORY).disposition == "held"
    assert scene.stage.held_open()[-1].person is None
    assert [one.name for one in scene.written] == ["held_list"]
    scene.wait(1)
    # Proved, it is only confirmed: nobody asks whether it is theirs.
    assert scene.mail(ADA, subject, body, login=ADA).disposition == "held"
    assert scene.stage.held_open()[-1].person == "@ada"
    assert "Please confirm" in scene.last(ADA, "held").header("Subject")
