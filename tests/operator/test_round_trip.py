"""What is said of a test mail that was changed on its way, by the byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from desk.cases import NOW, POLICY
from signer import signer

from mailtrack.config.settings import Dkim
from mailtrack.desk.policy import Policy, ReplyMode
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.parse import parse
from mailtrack.operator import replies, round_trip
from mailtrack.operator.findings import Finding, Grade
from mailtrack.operator.probing import Came, Trial
from mailtrack.outbox.maildir import MaildirCourier
from mailtrack.probes import Probe, seen_of
from mailtrack.tickets.reading import Origin

PROBE = Probe("a" * 24, "word")
DKIM = Dkim("help.example", "mt", signer("help.example", bits=2048).private.decode())
HEADERS = replace(POLICY, reply_mode=ReplyMode.HEADERS)
SUBDOMAIN = replace(POLICY, reply_mode=ReplyMode.SUBDOMAIN, reply_domain="reply.help.example")
NOBODY = MaildirCourier(Path("/nowhere"))  # nothing is sent here

Change = Callable[[bytes], bytes]


def back(
    trial: Trial,
    change: Change = bytes,
    *,
    to: Address | None = None,
    mail_from: Address | None = None,
) -> dict[str, Finding]:
    """What is found when the mail comes back, changed."""
    raw = change(trial.parcel.raw)
    envelope = Envelope(
        spool_id="1", mail_from=mail_from or trial.parcel.mail_from,
        rcpt_to=(to or trial.parcel.recipient,), received_at=NOW, front=Front.LMTP, peer="",
        size_bytes=len(raw), sha256="0" * 64,
    )  # fmt: skip
    found = trial.judge(Came(seen_of("1", envelope, Origin()), raw, parse(raw), envelope))
    return {one.test: one for one in found}


def out(policy: Policy = POLICY, dkim: Dkim | None = DKIM) -> Trial:
    return round_trip.trial(policy, dkim, PROBE, courier=NOBODY, seconds=1)


def answer(policy: Policy = POLICY) -> Trial:
    return replies.trial(policy, policy.queues[0], PROBE, courier=NOBODY, seconds=1)


def with_new_id(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^Message-ID: .*(\r\n .*)*$", b"Message-ID: <new@relay>\r", raw)


def with_footer(raw: bytes) -> bytes:
    return raw + b"-- \r\nChecked by somebody\r\n"


def unsigned(raw: bytes) -> bytes:
    return raw[raw.index(b"X-Mailtrack-Probe") :]


def signed_by(domain: str) -> Change:
    return lambda raw: signer(domain).sign(raw)


def test_what_comes_back_as_it_left_is_well() -> None:
    assert {one.grade for one in back(out()).values()} == {Grade.GOOD}
    assert {one.grade for one in back(answer()).values()} == {Grade.GOOD}


@pytest.mark.parametrize(
    ("change", "test", "words"),
    [
        (with_footer, round_trip.SIGNATURE, "does not fit the text, which was changed"),
        (with_new_id, round_trip.SIGNATURE, "no longer holds"),
        (unsigned, round_trip.SIGNATURE, "is gone"),
    ],
)
def test_a_signature_that_did_not_survive_is_wrong(
    change: Change, test: str, words: str
) -> None:
    found = back(out(), change)[test]
    assert found.grade is Grade.BAD and words in found.said and found.mend


@pytest.mark.parametrize(("policy", "grade"), [(POLICY, Grade.ADVICE), (HEADERS, Grade.BAD)])
def test_new_message_ids_are_worse_where_answers_are_known_by_nothing_else(
    policy: Policy, grade: Grade
) -> None:
    assert back(out(policy), with_new_id)[round_trip.IDS].grade is grade
    assert back(answer(policy), with_new_id)[replies.IDS].grade is grade


def test_a_new_envelope_sender_loses_bounces() -> None:
    found = back(out(), mail_from=Address("srs0=x", "relay.example"))[round_trip.BOUNCES]
    assert found.grade is Grade.ADVICE and "srs0=x@relay.example" in found.said


@pytest.mark.parametrize(
    ("change", "grade", "words"),
    [
        (bytes, Grade.ADVICE, "nobody signs"),
        (signed_by("relay.example"), Grade.ADVICE, "signed by relay.example only"),
        (signed_by("help.example"), Grade.GOOD, "the relay signs as help.example"),
    ],
)
def test_who_signs_for_a_desk_that_does_not_is_told(
    change: Change, grade: Grade, words: str
) -> None:
    found = back(out(dkim=None), change)[round_trip.SIGNATURE]
    assert found.grade is grade and words in found.said


def test_a_token_that_was_cut_off_is_told() -> None:
    plain = POLICY.queues[0].address
    trial = answer()
    found = back(trial, to=plain)[trial.test]
    assert found.grade is Grade.ADVICE and "stands in To alone" in found.said
    cut = re.sub(rb"\+r[a-z2-7]{29}@", b"@", trial.parcel.raw)
    assert cut != trial.parcel.raw
    gone = back(trial, lambda _raw: cut, to=plain)
    assert gone[trial.test].grade is Grade.BAD and "without its token" in gone[trial.test].said


@pytest.mark.parametrize(
    ("policy", "local", "domain"),
    [
        (POLICY, r"\w+\+r[a-z2-7]{29}", "help.example"),
        (SUBDOMAIN, r"r[a-z2-7]{29}", "reply.help.example"),
        (replace(POLICY, delimiter="-"), r"\w+-r[a-z2-7]{29}", "help.example"),
        (HEADERS, POLICY.queues[0].address.local, POLICY.queues[0].address.domain),
    ],
)
def test_each_mode_of_reply_addresses_is_tried_as_it_is_used(
    policy: Policy, local: str, domain: str
) -> None:
    recipient = answer(policy).parcel.recipient
    assert re.fullmatch(local, recipient.local) and recipient.domain == domain
    sender = out(policy, None).parcel.mail_from
    assert sender is not None and re.fullmatch(local.replace("r[", "b["), sender.local)
