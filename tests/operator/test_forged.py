"""What `mailtrack check --through` says of forged results, by how they come out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from desk.cases import NOW, POLICY

from mailtrack.desk.policy import Policy
from mailtrack.desk.proofs import AUTH, DMARC, DkimTrust, Relay
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.parse import parse
from mailtrack.operator.findings import Finding, Grade
from mailtrack.operator.forged import _victim, forgeries_of, judged
from mailtrack.operator.probing import Came
from mailtrack.probes import Probe, seen_of
from mailtrack.tickets.reading import Origin, Verdict

NAME = "mx.help.example"
PROBE = Probe("a" * 24, "word")
VICTIM = _victim(POLICY)
RECEIVED = "Received: from a by b; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
OWN = f"Authentication-Results: {NAME}; dmarc=fail header.from=help.example\r\n"


def desk(
    hops: int, *, front: Front = Front.LMTP, methods: tuple[str, ...] = (DMARC, AUTH)
) -> Policy:
    relay = Relay(NAME, hops, methods, frozenset({front}), ())
    return replace(POLICY, relay=relay, origin_methods=("authentication_results",))


def came(
    policy: Policy,
    top: str,
    *,
    kept: slice = slice(None),
    name: str = "",
    sender: str = str(VICTIM.address),
) -> Came:
    """The test mail as it arrives below `top`, with those of its forgeries."""
    field = name or "Authentication-Results"
    forged = forgeries_of(policy, VICTIM, PROBE, name=NAME)[kept]
    fields = "".join(f"{field}: {one.text}\r\n" for one in forged)
    raw = f"{top}{fields}From: {sender}\r\nTo: support@help.example\r\n\r\nHello\r\n"
    envelope = Envelope(
        spool_id="1", mail_from=None, rcpt_to=(Address("support", "help.example"),),
        received_at=NOW, front=Front.LMTP, peer="", size_bytes=len(raw), sha256="0" * 64,
    )  # fmt: skip
    seen = seen_of("1", envelope, Origin())
    return Came(seen, raw.encode(), parse(raw.encode()), envelope)


def told(policy: Policy, arrived: Came) -> tuple[Finding, ...]:
    return judged(arrived, forgeries_of(policy, VICTIM, PROBE, name=NAME), policy, VICTIM)


CASES = [
    # what arrives on top, which forgeries below it, received_hops: the grade, and words of it
    (RECEIVED, slice(None), 2, Grade.BAD, "as it is, with a login, in capitals, with a"),
    (RECEIVED, slice(0), 2, Grade.GOOD, "taken out"),
    (RECEIVED, slice(2, 3), 2, Grade.BAD, "believed (in capitals)"),
    (RECEIVED, slice(5, 7), 2, Grade.GOOD, "not believed: behind a comment, with a dot"),
    (RECEIVED, slice(None), 1, Grade.GOOD, "stand below its own Received line"),
    (OWN + RECEIVED, slice(None), 2, Grade.BAD, "Today the server's own field stands above"),
    ("", slice(None), 1, Grade.BAD, "anybody can write as ada@help.example"),
]  # fmt: skip


@pytest.mark.parametrize(("top", "kept", "hops", "grade", "words"), CASES)
def test_forged_results_are_judged_by_our_own_rules(
    top: str, kept: slice, hops: int, grade: Grade, words: str
) -> None:
    policy = desk(hops)
    found = told(policy, came(policy, top, kept=kept))[0]
    assert found.grade is grade and words in found.said, found
    assert ("IGNORE" in found.mend) is (grade is Grade.BAD)


def test_a_server_that_refuses_a_forged_from_may_still_let_forged_results_through() -> None:
    policy = desk(2)
    arrived = came(policy, RECEIVED, sender="check@mailtrack.invalid")
    assert told(policy, arrived)[0].grade is Grade.BAD


SIGNED = "DKIM-Signature: v=1; a=rsa-sha256; d=help.example; s=x; bh=AA==; h=from; b=AA==\r\n"
WHOLE = [
    (Origin(said="no way to prove is configured"), "", Grade.GOOD, "it proves nothing: no way"),
    (Origin(Verdict.PASS, "dkim", "DKIM: signed"), "", Grade.ADVICE, "takes it for ada@help"),
    (Origin(said="there is no key"), SIGNED, Grade.ADVICE, "signed by help.example on its"),
]


@pytest.mark.parametrize(("origin", "signed", "grade", "words"), WHOLE)
def test_what_the_desk_itself_made_of_the_mail_is_told(
    origin: Origin, signed: str, grade: Grade, words: str
) -> None:
    policy = replace(desk(1), dkim=DkimTrust((), timedelta(hours=72), timedelta(0)))
    arrived = came(policy, signed + RECEIVED, kept=slice(0))
    found = told(policy, replace(arrived, seen=seen_of("1", arrived.envelope, origin)))[2]
    assert found.grade is grade and words in found.said, found


def test_of_a_mail_that_claims_less_nothing_more_is_told() -> None:
    policy = desk(1)
    assert len(told(policy, came(policy, RECEIVED, kept=slice(0), sender="a@b.example"))) == 2


def test_renamed_fields_are_named() -> None:
    policy = desk(2)
    found = told(policy, came(policy, RECEIVED, name="X-Old-Results"))[0]
    assert found.grade is Grade.GOOD and "renamed to x-old-results" in found.said


PLACES = [
    (OWN + RECEIVED, 1, Grade.GOOD, "above every Received line"),
    (OWN + RECEIVED, 2, Grade.ADVICE, "received_hops: 2 believes more"),
    (RECEIVED + OWN, 2, Grade.GOOD, "below 1 Received line"),
    (RECEIVED + OWN, 1, Grade.BAD, "does not look there"),
    (RECEIVED, 1, Grade.ADVICE, "it wrote none as mx.help.example"),
    (OWN.replace("mx", "mail") + RECEIVED, 1, Grade.ADVICE, "but as mail.help.example"),
]


@pytest.mark.parametrize(("top", "hops", "grade", "words"), PLACES)
def test_where_the_server_writes_its_own_is_compared_with_where_we_look(
    top: str, hops: int, grade: Grade, words: str
) -> None:
    policy = desk(hops)
    found = told(policy, came(policy, top, kept=slice(0)))[1]
    assert found.grade is grade and words in found.said, found


def test_a_way_in_that_is_not_behind_the_server_is_told() -> None:
    policy = desk(1, front=Front.SMTP)
    forged, own, _ = told(policy, came(policy, OWN))
    assert forged.grade is Grade.GOOD and "nothing is that comes in by this way" in forged.said
    assert own.grade is Grade.BAD and "behind_mta: true" in own.mend


def test_a_desk_that_believes_nobody_hears_what_it_could_believe() -> None:
    arrived = came(POLICY, RECEIVED + OWN)
    kept, own, _ = told(POLICY, arrived)
    assert kept.grade is Grade.GOOD and "believed by nobody" in kept.said
    assert own.grade is Grade.ADVICE
    assert "authserv_id: mx.help.example, received_hops: 2" in own.mend


def test_words_of_the_server_cannot_move_a_cursor() -> None:
    policy = desk(1)
    evil = "Authentication-Results: \x1b[2J\x1b]0;x\x07evil; dmarc=pass\r\n"
    for one in told(policy, came(policy, evil + RECEIVED, kept=slice(0))):
        assert str(one).replace("\n", "").isprintable()
