"""The order of the rules: what becomes of a mail, and that nothing else decides it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk.cases import CARA, NOW, POLICY, TICKET, case, mail_from, token
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.case import Case
from mailtrack.desk.decide import decide
from mailtrack.desk.reading import read
from mailtrack.mail.message import Bounce, Kind, ParsedMail
from mailtrack.mail.parse import parse
from mailtrack.tickets.context import Context, Grant, KnownId, Receipt
from mailtrack.tickets.decision import AddEntry, Decision, Disposition, OpenTicket, SetMark
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.reading import Bracket, Origin, Verdict
from mailtrack.tickets.storm import Mark
from mailtrack.tickets.ticket import EntryKind

IVAN = "ivan@help.example"
NOTHING = Context()
SEEN = Receipt("s0", "ticket", 1, None, NOW)
CLOSE = (Bracket("close", "", "[close]"),)


def machine(kind: Kind) -> ParsedMail:
    bounce = Bounce((CARA,), "5.1.1", permanent=True) if kind is Kind.BOUNCE else None
    return replace(mail_from(CARA), kind=kind, kind_reason="a sign", bounce=bounce)


@pytest.mark.parametrize(
    ("one", "disposition"),
    [
        (case(mail_from(CARA), context=NOTHING), Disposition.TICKET),
        (case(mail_from(CARA), tokens=(token(CARA),)), Disposition.ENTRY),
        (case(mail_from(IVAN), context=NOTHING), Disposition.TICKET),
        (case(mail_from(IVAN), tokens=(token("@ivan"),)), Disposition.ENTRY),
        (
            case(mail_from(IVAN, reply=""), tokens=(token("@ivan"),), brackets=CLOSE),
            Disposition.COMMAND,
        ),
        (case(mail_from(IVAN, reply=""), numbers=(1,), brackets=CLOSE), Disposition.HELD),
        (case(mail_from(CARA), context=Context(seen=SEEN)), Disposition.DUPLICATE),
        (case(ParsedMail(), context=NOTHING), Disposition.HELD),
        (case(machine(Kind.AUTO_REPLY), context=NOTHING), Disposition.FILED),
        (case(machine(Kind.AUTO_REPLY), tokens=(token(CARA),)), Disposition.ENTRY),
        (case(machine(Kind.BOUNCE), context=NOTHING), Disposition.FILED),
        (case(machine(Kind.RECEIPT), tokens=(token(CARA),)), Disposition.ENTRY),
    ],
)
def test_the_end_of_a_mail(one: Case, disposition: Disposition) -> None:
    decision = decide(one)
    assert decision.disposition is disposition
    assert decision.trace


def test_a_duplicate_does_nothing_whoever_sends_it() -> None:
    for sender in (CARA, IVAN):
        decision = decide(case(mail_from(sender), context=Context(seen=SEEN)))
        assert (decision.effects, decision.letters, decision.number) == ((), (), 1)


def test_a_released_mail_is_not_its_own_duplicate() -> None:
    grant = Grant("H1", "@ada", "rule")
    decision = decide(case(mail_from(CARA), context=Context(seen=SEEN), grant=grant))
    assert decision.disposition is Disposition.TICKET


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.HUMAN, Kind.LIST, Kind.BULK}))
def test_a_machine_changes_nothing_and_is_answered_by_nothing(kind: Kind) -> None:
    one = case(machine(kind), tokens=(token(CARA),), brackets=CLOSE)
    decision = decide(one)
    assert decision.letters == ()
    assert [type(effect) for effect in decision.effects] == [AddEntry]
    (effect,) = decision.effects
    assert isinstance(effect, AddEntry)
    assert effect.entry.kind is EntryKind.MACHINE


@pytest.mark.parametrize(
    "one",
    [
        case(
            replace(mail_from(CARA), headers=(("x-mailtrack-loop", POLICY.keys.instance),)),
            context=NOTHING,
        ),
        case(
            mail_from(CARA),
            known_ids=("<in@mail.example>",),
            context=Context(known_ids=(KnownId("<in@mail.example>", 1, CARA, True),)),
        ),
    ],
)
def test_our_own_letter_ends_here(one: Case) -> None:
    decision = decide(one)
    assert decision.disposition is Disposition.FILED
    assert decision.letters == ()
    # No ticket, no token, no person is touched; only the admins are told, once a day.
    marks = [effect.mark for effect in decision.effects if isinstance(effect, SetMark)]
    assert len(marks) == len(decision.effects)
    assert {mark.mark for mark in marks} == {Mark.ALERT, Mark.TOLD}
    told = replace(one.context, marks=tuple(marks))
    assert decide(replace(one, context=told)).effects == ()


def test_the_loop_mark_of_another_desk_is_not_ours() -> None:
    mail = replace(mail_from(CARA), headers=(("x-mailtrack-loop", "another"),))
    decision = decide(case(mail, context=NOTHING))
    assert decision.disposition is Disposition.TICKET
    assert [one.name for one in decision.letters if one.person == CARA] == []


def test_failed_proof_never_acts_for_an_agent() -> None:
    failed = Origin(Verdict.FAIL, "smtp_auth", "not theirs")
    one = case(mail_from(IVAN), tokens=(token("@ivan"),), brackets=CLOSE, origin=failed)
    decision = decide(one)
    assert decision.disposition is Disposition.HELD
    assert {letter.person for letter in decision.letters} == {"@ivan"}


def test_the_same_inputs_are_the_same_decision_to_the_byte() -> None:
    def made() -> Decision:
        return decide(case(mail_from(CARA), context=NOTHING))

    assert made() == made()
    assert made().letters


def test_each_letter_has_an_id_and_a_token_of_its_own() -> None:
    letters = decide(case(mail_from(CARA), context=NOTHING)).letters
    assert len(letters) > 1
    assert len({one.mail.message_id for one in letters}) == len(letters)
    assert len({str(one.mail.reply_to) for one in letters}) == len(letters)
    assert all(len(one.mail.to) == 1 and one.mail.cc == () for one in letters)


@given(
    headers=st.lists(
        st.sampled_from(
            [
                b"From: ivan@help.example",
                b"From: cara@cust.example",
                b"From: a@b@c",
                b"Subject: [close] [assign:iv] #1 [show:9] [...]",
                b"Subject: =?utf-8?q?=5Bclose=5D?=",
                b"In-Reply-To: <ours@help.example>",
                b"Auto-Submitted: auto-replied",
                b"List-Id: <x.y>",
                b"Content-Type: multipart/report; boundary=b",
                b"Precedence: bulk",
                b"To: support@help.example",
            ]
        ),
        max_size=8,
    ),
    body=st.binary(max_size=300)
    | st.sampled_from([b"[close]\r\n", b"ok", b"> ok", b"@ivan [undo]", b"--b\r\n\r\n"]),
    verdict=st.sampled_from(Verdict),
    has_token=st.booleans(),
)
def test_no_mail_makes_it_raise(
    headers: list[bytes], body: bytes, verdict: Verdict, *, has_token: bool
) -> None:
    mail = parse(b"\r\n".join((*headers, b"", body)))
    model = case(mail, tokens=(token("@ivan"),) if has_token else ())
    reading = read(mail, model.envelope, policy=POLICY, origin=Origin(verdict))
    reading = replace(reading, tokens=model.reading.tokens)
    decision = decide(replace(model, reading=reading))
    assert decision.trace
    assert len({letter.id for letter in decision.letters}) == len(decision.letters)
    if verdict is Verdict.FAIL and not mail.is_machine and mail.sender is not None:
        told = {letter.person for letter in decision.letters}
        assert all(person.startswith("@") for person in told)


def test_a_ticket_opened_gets_the_number_it_was_given() -> None:
    one = case(mail_from(CARA), context=NOTHING)
    one = replace(one, fresh=Fresh(NOW, 77, 5, "s1", b"s" * 32))
    decision = decide(one)
    assert decision.number == 77
    assert [e.ticket.number for e in decision.effects if isinstance(e, OpenTicket)] == [77]
    assert TICKET.number == 1
