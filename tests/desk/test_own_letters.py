"""Letters that nobody's mail asked for: about letters that failed, broken files, poison."""

from datetime import UTC, datetime, timedelta

import pytest
from player import DESK
from stage import policy_from

from mailtrack.desk.own_letters import (
    Undelivered,
    decide_config_broken,
    decide_unacknowledged,
    decide_undelivered,
)
from mailtrack.desk.poison import Poison, decide_poison
from mailtrack.errors import Mistake
from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.tickets.decision import AddEntry, Disposition, LastDone, OpenTicket, Quarantine
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.storm import Mark, StormMark
from mailtrack.tickets.ticket import (
    Entry,
    EntryKind,
    Part,
    Participant,
    Priority,
    Status,
    Ticket,
    Visibility,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CARA = Mailbox("Cara Smith", Address("cara", "cust.example"))


@pytest.fixture(scope="module")
def policy():
    files = {path.name: path.read_text(encoding="utf-8") for path in DESK.glob("*.yaml")}
    return policy_from(tuple(sorted(files.items())))


def fresh() -> Fresh:
    return Fresh(NOW, 7, 3, "decision-1", bytes(32))


def ticket(owner: str | None = "olga", author: str = "@ivan") -> Ticket:
    words = Entry(
        "e1", 1, EntryKind.ANSWER, Visibility.PUBLIC, author, "x", NOW, "s", "t", None, None
    )
    return Ticket(
        1, "uuid", "Printer", Status.OPEN, "support", Priority.NORMAL, CARA.address.key, "en",
        NOW, NOW, owner=owner, entries=(words,),
        participants=(Participant(CARA.address.key, CARA, Part.REQUESTER),),
    )  # fmt: skip


def letter(person: str = "cara@cust.example", entry_id: str | None = "e1") -> SentLetter:
    return SentLetter(
        "l1", "answer", person, 1, "cara@cust.example", "<m@x>", "Re: [#1] Printer",
        "Pull the plug.", "failed", NOW - timedelta(hours=4), None, entry_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "about", "told"),
    [
        (letter(), ticket(), ["ivan"]),
        (letter(entry_id=None), ticket(), ["olga"]),
        (letter(entry_id=None), ticket(owner=None), ["ivan"]),
        (letter(person="@ivan"), ticket(), ["ada"]),
        (letter(), None, ["ada"]),
    ],
    ids=["author", "owner", "team", "an agent's own mailbox is the admin's", "no ticket"],
)
def test_s69_the_one_who_can_mend_it_is_told_with_the_text(policy, sent, about, told):
    failure = Undelivered(sent, "550 no such user", is_final=True)
    decision = decide_undelivered(failure, about, policy=policy, fresh=fresh())
    assert [one.person for one in decision.letters] == [f"@{name}" for name in told]
    assert all("Pull the plug." in one.mail.text for one in decision.letters)
    assert all("550 no such user" in one.mail.text for one in decision.letters)
    assert decision.disposition is Disposition.TICK


def test_of_a_letter_that_our_own_gate_blocked_the_admins_hear_as_well(policy):
    failure = Undelivered(letter(), "a stray line end", is_final=True, is_blocked=True)
    decision = decide_undelivered(failure, ticket(), policy=policy, fresh=fresh())
    assert [one.person for one in decision.letters] == ["@ivan", "@ada"]


def test_what_says_that_a_letter_is_late_can_be_taken_back(policy):
    for is_final, why in ((False, "late l1"), (True, "undeliverable")):
        failure = Undelivered(letter(), "450 later", is_final=is_final)
        decision = decide_undelivered(failure, ticket(), policy=policy, fresh=fresh())
        assert [one.why for one in decision.letters] == [why]


def test_s10_stopped_acknowledgements_stand_in_the_admins_list(policy):
    then = NOW - timedelta(days=3)
    known = StormMark(Mark.LATE, NOW + timedelta(minutes=5), count=2)
    decision = decide_unacknowledged(7, then, marks=(known,), policy=policy, fresh=fresh())
    marks = [effect.mark for effect in decision.effects]
    assert [(one.mark, one.number) for one in marks] == [(Mark.LATE, 0), (Mark.LATE, 7)]
    assert {one.until for one in marks} == {known.until}
    assert (marks[1].said, decision.letters) == (then.isoformat(), ())


def test_s77_the_admins_are_told_of_mistakes_with_file_and_line(policy):
    mistake = Mistake("rules.yaml", 3, 5, "rules[0]", "there is no queue billin", "Use billing")
    decision = decide_config_broken((mistake,), since=NOW, policy=policy, fresh=fresh())
    assert [one.person for one in decision.letters] == ["@ada"]
    assert "rules.yaml:3:5" in decision.letters[0].mail.text


@pytest.mark.parametrize("mail_from", [Address("bomb", "evil.example"), None])
def test_a96_poison_becomes_a_stub_ticket_and_the_admins_are_told_once(policy, mail_from):
    envelope = Envelope(
        "s1", mail_from, (Address("billing", "help.example"),), NOW, Front.SMTP, "192.0.2.1",
        123, "ab" * 32,
    )  # fmt: skip
    poison = Poison("it broke every reader", 3)
    decision = decide_poison(envelope, poison, told_at=None, policy=policy, fresh=fresh())
    opened, added, apart, marked = decision.effects
    assert isinstance(apart, Quarantine) and isinstance(marked, LastDone)
    assert (apart.item.quarantine_id, apart.item.number) == ("Q1", 7)
    assert isinstance(opened, OpenTicket) and isinstance(added, AddEntry)
    assert (opened.ticket.number, opened.ticket.queue) == (7, "billing")
    assert added.entry.kind is EntryKind.STUB
    assert added.entry.visibility is Visibility.INTERNAL
    assert [one.person for one in decision.letters] == ["@ada"]
    assert "it broke every reader" in decision.letters[0].mail.text
    assert decision.disposition is Disposition.QUARANTINED
