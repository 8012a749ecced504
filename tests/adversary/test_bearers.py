"""Who holds which reply token, and what it is worth in whose hands: security section 3."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from adversary.scene import ADA, BOB, CARA, IVAN, MALLORY, OLGA, SUPPORT, Scene, desk_policy
from client import Left

from mailtrack.tickets.ticket import Entry, EntryKind, Ticket, Visibility
from mailtrack.tickets.token import KeyRing

HOME = "cara.private@home.example"
PEOPLE = """agents:
  ivan: {name: Ivan Petrenko, email: [ivan@help.example], queues: [support]}
  olga: {name: Olga Kovalenko, email: [olga@help.example], role: lead, queues: [billing]}
  ada: {name: Ada Admin, email: [ada@help.example], role: admin, queues: [office]}
customers:
  - {match: cara@cust.example, also: [cara.private@home.example]}
"""


def ticket(scene: Scene, number: int = 1) -> Ticket:
    found = scene.stage.ticket(number)
    assert found is not None
    return found


def resolved(scene: Scene) -> Left:
    """Ticket 1 of Cara's with Bob in copy, answered and resolved; the letter that she got."""
    scene.mail(CARA, headers={"Cc": BOB}, login=CARA)
    scene.answer(scene.last(IVAN), "Step back.", subject="[#1] [resolve]")
    assert ticket(scene).status.value == "resolved"
    return scene.last(CARA, "answer")


def entries(scene: Scene) -> tuple[Entry, ...]:
    return ticket(scene).entries


@dataclass(frozen=True)
class Row:
    """One row of the table: who answers Cara's letter, and what comes of it."""

    sender: str
    login: str | None
    kind: EntryKind
    author: str
    is_public: bool
    is_verified: bool
    reopens: bool
    headers: tuple[tuple[str, str], ...] = ()
    says: str = ""


MAIL, THIRD, MACHINE = EntryKind.MAIL, EntryKind.THIRD_PARTY, EntryKind.MACHINE
ROBOT = (("Auto-Submitted", "auto-replied"),)
STRANGER = "not on this ticket"
TABLE = {
    "participant, origin pass": Row(CARA, CARA, MAIL, CARA, True, True, True),
    "participant, origin unknown": Row(CARA, None, MAIL, CARA, True, True, True),
    "participant, origin fail": Row(
        CARA, "mallory", MAIL, CARA, False, False, False, says="very likely forged"
    ),
    "other participant, pass": Row(BOB, BOB, MAIL, BOB, True, True, True),
    "other participant, unknown": Row(BOB, None, MAIL, BOB, True, False, True),
    "other participant, fail": Row(BOB, "mallory", MAIL, BOB, False, False, False),
    "stranger, pass": Row(MALLORY, MALLORY, THIRD, MALLORY, False, False, False, says=STRANGER),
    "stranger, unknown": Row(MALLORY, None, THIRD, MALLORY, False, False, False, says=STRANGER),
    "stranger, fail": Row(MALLORY, "x", THIRD, MALLORY, False, False, False, says=STRANGER),
    "known alias, pass": Row(HOME, HOME, MAIL, CARA, True, True, True),
    "known alias, unknown": Row(HOME, None, MAIL, CARA, True, True, True),
    "robot": Row(CARA, None, MACHINE, CARA, False, False, False, headers=ROBOT),
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE.values(), ids=list(TABLE))
def test_every_row_of_the_table_of_senders_and_tokens(scene: Scene, row: Row) -> None:
    scene.stage.policy = desk_policy(people=PEOPLE)
    letter = resolved(scene)
    before = len(scene.stage.left)
    ended = scene.answer(
        letter,
        "It burns again, and worse than before.",
        sender=row.sender,
        login=row.login,
        headers=dict(row.headers),
    )
    assert ended.disposition == "entry"
    entry = entries(scene)[-1]
    public = Visibility.PUBLIC if row.is_public else Visibility.INTERNAL
    assert (entry.kind, entry.author, entry.visibility) == (row.kind, row.author, public)
    assert entry.is_verified is row.is_verified
    assert ticket(scene).status.value == ("open" if row.reopens else "resolved")
    assert [one.person for one in ticket(scene).participants] == [CARA, BOB]
    new = scene.stage.left[before:]
    assert [one for one in new if not one.person.startswith("@")] == []
    assert [one.recipient for one in new] == ([] if row.kind is MACHINE else [IVAN])
    if row.says:
        assert row.says in new[0].text
    if not row.is_verified and row.kind is not MACHINE:
        assert "not verified" in new[0].text


def test_a_desk_that_wants_proof_shows_who_brings_none(scene: Scene) -> None:
    letter = resolved(scene)
    text = (
        "desk: {name: Example Help, addresses: {support@help.example: support}, "
        "timezone: Europe/Kyiv, undo_delay: 0s}\ntrust: {policy: strict}\n"
    )
    people = PEOPLE.replace("[billing]", "[support]").replace("[office]", "[support]")
    scene.stage.policy = desk_policy(mailtrack=text, people=people)
    scene.answer(letter, "It burns again.")
    assert not entries(scene)[-1].is_verified
    assert entries(scene)[-1].visibility is Visibility.PUBLIC


# A token in the wrong hands.


def test_a5_an_agents_token_that_strangers_have_opens_nothing_any_more(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(IVAN)
    scene.answer(letter, "Tell me more.", sender=MALLORY, subject="[close]")
    assert ticket(scene).status.value == "new"
    assert entries(scene)[-1].kind is EntryKind.THIRD_PARTY
    told = scene.last(IVAN)
    for agent in (IVAN, ADA):
        assert "reply address of Ivan Petrenko, a colleague" in scene.last(agent).text
    assert scene.left_to(MALLORY) == []
    # Now even Ivan's own name with it is nothing but a claim.
    forged = {"In-Reply-To": "", "References": ""}
    handled = scene.answer(letter, "Pay to Malta.", subject="[#1] [close]", headers=forged)
    assert handled.disposition == "held"
    assert "Malta" not in scene.text_to_customers()
    # Ivan loses nothing: he answers any letter of ours, old or new.
    assert scene.answer(letter, "Step back.").disposition == "entry"
    assert told.reply_address != letter.reply_address


def test_a45_a_customer_with_an_agents_token_speaks_for_herself_and_it_dies(
    scene: Scene,
) -> None:
    scene.mail(CARA)
    letter = scene.last(IVAN)
    scene.answer(letter, "He sent me this.", sender=CARA, subject="[close]")
    assert (entries(scene)[-1].kind, entries(scene)[-1].author) == (EntryKind.MAIL, CARA)
    assert not entries(scene)[-1].is_verified
    assert "a colleague" in scene.last(IVAN).text
    assert ticket(scene).status.value == "new"
    assert scene.last(IVAN).reply_address != letter.reply_address


def test_a47_the_third_stranger_wears_a_token_out(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(CARA)
    strangers = [f"friend{n}@other.example" for n in range(3)]
    for number, friend in enumerate((strangers[0], *strangers)):
        scene.answer(letter, f"I have seen it {number} times.", sender=friend)
        assert entries(scene)[-1].kind is EntryKind.THIRD_PARTY
        assert ("It is replaced" in scene.last(IVAN).text) is (number == 3)
    # A fourth finds the door closed, she does not: she answers a letter of ours.
    scene.answer(letter, "Me too.", sender="friend9@other.example")
    assert [e.text for e in entries(scene) if "Me too" in e.text] == []
    scene.answer(letter, "Still burning.")
    assert (entries(scene)[-1].author, entries(scene)[-1].is_verified) == (CARA, True)
    scene.answer(scene.last(IVAN), "Step back.")
    assert scene.last(CARA, "answer").reply_address != letter.reply_address


def test_a40_who_was_taken_off_the_ticket_has_no_token_any_more(scene: Scene) -> None:
    scene.mail(CARA, headers={"Cc": BOB}, login=CARA)
    scene.answer(scene.last(IVAN), "Step back.")
    letter = scene.last(BOB, "answer")
    scene.answer(scene.last(IVAN), "", subject=f"[#1] [uncc:{BOB}]")
    handled = scene.answer(letter, "What about me?")
    assert handled.disposition == "ticket"
    assert "What about me?" not in str(entries(scene))


def test_a40_a_disabled_agents_token_commands_nothing_and_the_admins_know(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(IVAN)
    gone = PEOPLE.replace("queues: [support]}", "queues: [support], active: false}")
    scene.stage.policy = desk_policy(people=gone)
    scene.answer(letter, "I am back.", subject="[#1] [close]", login=IVAN)
    assert ticket(scene).status.value == "new"
    assert entries(scene)[-1].visibility is Visibility.INTERNAL
    assert scene.last(ADA).name == "notification"
    assert len([one for one in scene.to_customers() if one.name == "answer"]) == 0


def test_a51_a_sign_up_code_sent_to_a_reply_address_stays_with_the_agents(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(CARA)
    scene.mail(
        "no-reply@chat.example", "Your code is 314159", "314159", to=letter.reply_address
    )
    scene.answer(scene.last(IVAN), "Is this yours?", subject="[#1]")
    assert "314159" not in scene.text_to_customers()


# Which evidence wins, and what is none.


def two_tickets(scene: Scene) -> tuple[Left, Left]:
    scene.mail(CARA, "Printer")
    first = scene.last(CARA)
    scene.stage.move_to(scene.stage.now + timedelta(hours=1))
    scene.mail(CARA, "Invoice", "Where is it?")
    return first, scene.last(CARA)


def test_a56_the_token_wins_over_references_and_the_conflict_is_in_the_trace(
    scene: Scene,
) -> None:
    first, second = two_tickets(scene)
    handled = scene.answer(second, "About both.", headers={
        "In-Reply-To": first.header("Message-ID"), "References": first.header("Message-ID"),
    })  # fmt: skip
    assert [len(ticket(scene, n).entries) for n in (1, 2)] == [1, 2]
    assert any("references name another ticket" in one.said for one in handled.trace)


def test_a55_an_issued_id_in_a_strangers_hands_opens_a_ticket_of_his_own(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(CARA)
    handled = scene.mail(
        BOB, "Re: Printer", "I saw it too.",
        headers={"In-Reply-To": letter.header("Message-ID")},
    )  # fmt: skip
    assert handled.disposition == "ticket"
    assert len(entries(scene)) == 1
    assert "It may belong to #1" in scene.last(IVAN).text
    assert "It burns." not in "".join(one.text for one in scene.left_to(BOB))


CHANGED: dict[str, tuple[Callable[[str], str], int]] = {
    "upper case": (str.upper, 2),
    "mixed case": (lambda text: text[:9].upper() + text[9:20].lower() + text[20:].upper(), 2),
    "truncated": (lambda text: text[:-1], 1),
    "one more": (lambda text: f"{text}a", 1),
    "one flipped": (lambda text: text[:-1] + ("b" if text[-1] != "b" else "c"), 1),
    "another purpose": (lambda text: "n" + text[1:], 1),
    "another key": (lambda text: text[0] + "z" + text[2:], 1),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), CHANGED.values(), ids=list(CHANGED))
def test_a57_a_token_in_any_capitals_is_one_and_a_changed_one_is_none(
    scene: Scene, change: Callable[[str], str], expected: int
) -> None:
    scene.mail(CARA)
    local, _, domain = scene.last(CARA).reply_address.rpartition("@")
    head, _, token = local.partition("+")
    handled = scene.mail(CARA, "Hello", "Still.", to=f"{head}+{change(token)}@{domain}")
    assert len(entries(scene)) == expected
    assert handled.disposition == ("entry" if expected == 2 else "ticket")


def test_a59_a_token_of_another_purpose_falls_through(scene: Scene) -> None:
    scene.mail(CARA)
    scene.answer(scene.last(IVAN), "Step back.")
    bounce = scene.last(CARA, "answer").mail_from
    assert scene.mail(CARA, "Hello", "Still.", to=bounce).disposition == "ticket"
    scene.answer(scene.last(IVAN), "[clsoe]\nHello.")
    confirm = scene.last(IVAN, "refused").reply_address
    assert scene.mail(CARA, "Hello again", "Still!", to=confirm).disposition == "ticket"
    assert [one.state for one in scene.stage.held_open()] == ["held"]


@pytest.mark.parametrize(("days", "is_expired"), [(180, True), (179, False)])
def test_a60_a_token_of_a_ticket_closed_long_ago_opens_a_linked_one_and_says_why(
    scene: Scene, days: int, *, is_expired: bool
) -> None:
    letter = resolved(scene)
    closed_at = ticket(scene).finished_at
    assert closed_at is not None
    scene.stage.move_to(closed_at + timedelta(days=days))
    handled = scene.answer(letter, "It burns again.")
    assert handled.disposition == "ticket"
    assert ticket(scene, 2).linked == (1,)
    assert ("whose reply addresses have expired" in scene.last(IVAN).text) is is_expired
    # A stranger with the dead token has a ticket of his own, linked to nothing.
    scene.answer(letter, "Me too!", sender=MALLORY)
    third = scene.stage.ticket(3)
    assert (third.linked if third else None) == (() if is_expired else None)


def test_a61_a_key_that_was_taken_away_falls_to_the_next_step(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(CARA)
    keys = KeyRing("scenario", (("b", b"another secret of thirty-two byte"),))
    scene.stage.policy = replace(scene.stage.policy, keys=keys)
    handled = scene.answer(letter, "Still burning.")
    assert handled.disposition == "entry"
    assert any("answers a letter we sent" in one.said for one in handled.trace)
    # With nothing but the dead address her mail is kept all the same.
    bare = scene.mail(CARA, "Hello", "It is me.", to=letter.reply_address)
    assert bare.disposition == "ticket"


def test_a61_a_new_key_signs_and_the_old_one_is_good_still(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(CARA)
    old = scene.stage.policy.keys
    new = KeyRing(old.instance, (("b", b"a newer secret of thirty-two byte"), *old.keys))
    scene.stage.policy = replace(scene.stage.policy, keys=new)
    bare = {"In-Reply-To": "", "References": ""}
    scene.answer(letter, "Still burning.", headers=bare)
    scene.answer(scene.last(IVAN), "Step back.")
    newer = scene.last(CARA, "answer")
    assert newer.reply_address.partition("+")[2][1] == "b"
    scene.answer(newer, "I did.", headers=bare)
    assert [e.text for e in entries(scene)][-1] == "I did."


def test_a62_a_relay_that_cuts_the_plus_part_or_rewrites_the_ids(scene: Scene) -> None:
    scene.mail(CARA)
    letter = scene.last(CARA)
    scene.mail(CARA, "Re: [#1] Printer", "The plus part is gone.", headers={
        "In-Reply-To": letter.header("Message-ID"),
    })  # fmt: skip
    scene.answer(letter, "The ids are new.", headers={
        "In-Reply-To": "<rewritten@relay.example>", "References": "<rewritten@relay.example>",
    })  # fmt: skip
    assert [e.text for e in entries(scene)[1:]] == [
        "The plus part is gone.",
        "The ids are new.",
    ]


def test_an_agents_token_lives_ninety_days_and_is_renewed_in_time(scene: Scene) -> None:
    scene.mail(CARA)
    first = scene.last(IVAN)
    start = scene.stage.now
    scene.answer(scene.last(CARA), "One.")
    assert scene.last(IVAN).reply_address == first.reply_address
    scene.stage.move_to(start + timedelta(days=46))
    scene.answer(scene.last(CARA), "Two.")
    assert scene.last(IVAN).reply_address != first.reply_address
    scene.stage.move_to(start + timedelta(days=91))
    handled = scene.answer(first, "Too old a letter.", subject="[#1] [close]")
    assert handled.disposition == "held"
    assert scene.answer(scene.last(IVAN, "notification"), "Step back.").disposition == "entry"


# Other people's tickets.


def test_a106_nobody_learns_of_anothers_ticket_by_number_token_or_question(
    scene: Scene,
) -> None:
    scene.mail(CARA, "Printer", "My password is swordfish.")
    token = scene.last(CARA).reply_address
    for number, to in enumerate((SUPPORT, token)):
        for subject in ("[#1]", "Re: [#1] Printer", "[show:1]", "[find:swordfish]"):
            scene.mail(BOB, f"{subject} {number}", "What is it about?", to=to, login=BOB)
    scene.answer(scene.last(IVAN), "Step back.", subject="[#1]")
    assert "swordfish" not in "".join(one.text + one.html for one in scene.left_to(BOB))
    assert scene.left_to(OLGA) == []


@pytest.mark.parametrize("other", ["cara@other.example", "cara+x@cust.example"])
def test_a107_an_equal_name_or_a_plus_part_is_another_person(scene: Scene, other: str) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(CARA)
    head = {"From": f"Cara Smith <{other}>"}
    scene.answer(letter, "It is me.", sender=other, headers=head)
    assert entries(scene)[-1].kind is EntryKind.THIRD_PARTY
    scene.mail(other, "[#1] Printer", "It is me!", headers=head)
    assert ticket(scene, 2).requester == other
    assert len(entries(scene)) == 2
