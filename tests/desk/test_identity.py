"""Who writes, and how much of what they ask may be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from desk.cases import CARA, POLICY, address, mail_from

from mailtrack.desk.identity import (
    Deed,
    Trust,
    doubted,
    needs_origin,
    trust,
    writer_of,
)
from mailtrack.desk.origin import origin_of
from mailtrack.desk.policy import Policy, TrustPolicy
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import ParsedMail, Provenance
from mailtrack.tickets.reading import Origin, Verdict

DO, CONFIRM = Trust.DO, Trust.CONFIRM
PASS, NONE, FAIL = Verdict.PASS, Verdict.NONE, Verdict.FAIL
EVERYDAY, QUESTION, STEP_UP = Deed.EVERYDAY, Deed.QUESTION, Deed.STEP_UP

LENIENT = POLICY  # auto, and no way of proof configured
STRICT = replace(POLICY, trust=TrustPolicy.STRICT)
PROVABLE = replace(POLICY, origin_methods=("dkim",))
BY_LOGIN = replace(POLICY, agent_methods=("smtp_auth",))
CAPABILITY = replace(POLICY, trust=TrustPolicy.CAPABILITY, origin_methods=("dkim",))


@pytest.mark.parametrize(
    ("policy", "needed"),
    [
        (LENIENT, False),
        (STRICT, True),
        (PROVABLE, True),
        (BY_LOGIN, True),
        (CAPABILITY, False),
        (replace(BY_LOGIN, trust=TrustPolicy.CAPABILITY), False),
    ],
)
def test_proof_is_required_once_it_can_be_had(policy: Policy, *, needed: bool) -> None:
    assert needs_origin(policy) is needed


# The whole table: deed, capability, origin -> what a desk without a way of proof does, and one
# that has or demands it.
TABLE = [
    (EVERYDAY, True, PASS, DO, DO),
    (EVERYDAY, True, NONE, DO, CONFIRM),
    (EVERYDAY, True, FAIL, CONFIRM, CONFIRM),
    (EVERYDAY, False, PASS, DO, DO),
    (EVERYDAY, False, NONE, CONFIRM, CONFIRM),
    (EVERYDAY, False, FAIL, CONFIRM, CONFIRM),
    (QUESTION, True, PASS, DO, DO),
    (QUESTION, True, NONE, DO, DO),
    (QUESTION, True, FAIL, CONFIRM, CONFIRM),
    (QUESTION, False, PASS, DO, DO),
    (QUESTION, False, NONE, DO, CONFIRM),
    (QUESTION, False, FAIL, CONFIRM, CONFIRM),
    *((STEP_UP, has, origin, CONFIRM, CONFIRM) for has in (True, False) for origin in Verdict),
]


@pytest.mark.parametrize(("deed", "has_capability", "origin", "lenient", "proving"), TABLE)
def test_the_table_of_trust(
    deed: Deed, origin: Verdict, lenient: Trust, proving: Trust, *, has_capability: bool
) -> None:
    def asked(policy: Policy) -> Trust:
        return trust(deed, has_capability=has_capability, origin=origin, policy=policy)

    assert asked(LENIENT) is lenient
    assert asked(CAPABILITY) is lenient
    assert asked(STRICT) is proving
    assert asked(PROVABLE) is proving
    assert asked(BY_LOGIN) is proving


@pytest.mark.parametrize(
    ("sender", "person", "is_agent"),
    [
        (CARA, CARA, False),
        ("Cara@cust.example", CARA, False),
        ("ivan@help.example", "@ivan", True),
        ("IVAN@HELP.example", "@ivan", True),
        ("ivan@home.example", "@ivan", True),
        ("petr@help.example", "petr@help.example", False),
        ("\u0131van@help.example", "\u0131van@help.example", False),
        ("ivan@help.example.evil.net", "ivan@help.example.evil.net", False),
    ],
)
def test_the_address_is_the_person(sender: str, person: str, *, is_agent: bool) -> None:
    found = writer_of(mail_from(sender), Origin(), POLICY)
    assert found is not None
    assert found.person == person
    assert (found.agent is not None) is is_agent


def test_the_agents_name_is_ours_and_not_the_mails() -> None:
    mail = mail_from("ivan@home.example")
    assert mail.sender is not None
    found = writer_of(
        replace(mail, sender=replace(mail.sender, name="Olga Kovalenko")), Origin(), POLICY
    )
    assert found is not None
    assert (found.mailbox.name, str(found.mailbox.address)) == (
        "Ivan Petrenko",
        "ivan@home.example",
    )


def test_without_one_clean_from_nobody_writes() -> None:
    assert writer_of(ParsedMail(), Origin(), POLICY) is None


def test_a_proof_that_does_not_cover_the_ids_proves_nothing_about_what_they_name() -> None:
    proved = Origin(PASS, "dkim", "DKIM: signed by help.example", covers_ids=False)
    writer = writer_of(mail_from("ivan@help.example"), proved, POLICY)
    assert writer is not None
    plain = ParsedMail()
    assert doubted(writer, plain, by_ids=True).origin.verdict is NONE
    assert doubted(writer, plain, by_ids=False) == writer
    handed_on = replace(writer, origin=replace(proved, is_to_us=False))
    assert doubted(handed_on, plain, by_ids=False, has_token=True) == handed_on
    doubtful = doubted(handed_on, plain, by_ids=False, has_token=False)
    assert (doubtful.origin.verdict, doubtful.origin.said) == (
        NONE,
        f"{proved.said}, but not for us",
    )
    customer = replace(handed_on, agent=None)
    assert doubted(customer, plain, by_ids=False, has_token=False) == customer


@pytest.mark.parametrize("sender", ["ivan@help.example", CARA])
def test_a99_what_hides_commands_is_no_agents_hand_whatever_proves_it(sender: str) -> None:
    writer = writer_of(mail_from(sender), Origin(PASS, "dkim", "signed"), POLICY)
    assert writer is not None
    smuggled = ParsedMail(provenance=Provenance(smuggled="a bare line feed"))
    found = doubted(writer, smuggled, by_ids=False).origin
    assert found.verdict is (FAIL if writer.agent else PASS)


def envelope(login: str | None) -> Envelope:
    return Envelope(
        "s1", address(CARA), (), datetime(2026, 3, 2, tzinfo=UTC), Front.SMTP, "", 1, "", login
    )


@pytest.mark.parametrize(
    ("sender", "login", "verdict"),
    [
        ("ivan@help.example", None, NONE),
        ("ivan@help.example", "ivan", PASS),
        ("ivan@help.example", "ivan@help.example", PASS),
        ("ivan@help.example", "IVAN@help.example", PASS),
        ("ivan@help.example", "olga", FAIL),
        ("ivan@help.example", "olga@help.example", FAIL),
        (CARA, CARA, PASS),
        (CARA, "ivan", FAIL),
        (CARA, "cara", FAIL),
        ("petr@help.example", "petr@help.example", PASS),
    ],
)
def test_a_login_proves_the_address_it_belongs_to(
    sender: str, login: str | None, verdict: Verdict
) -> None:
    assert origin_of(mail_from(sender), envelope(login), POLICY).verdict is verdict


def test_a_login_proves_nothing_without_a_from() -> None:
    assert origin_of(ParsedMail(), envelope("ivan"), POLICY).verdict is NONE
