"""Whether a From address is proved: the relay's word, our own check, and what undoes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from desk.cases import POLICY
from signer import USUAL, Signer, signer

from mailtrack.desk.origin import names_to_ask, origin_of
from mailtrack.desk.policy import Policy
from mailtrack.desk.proofs import DkimTrust, Relay
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.parse import parse
from mailtrack.tickets.reading import Origin, Record, Verdict

PASS, NONE, FAIL = Verdict.PASS, Verdict.NONE, Verdict.FAIL
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ID = "mx.help.example"
RELAY = Relay(
    ID, 1, ("dmarc", "auth"), frozenset({Front.LMTP, Front.SMTP}),
    (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")), (("i.petrenko", "ivan"),),
)  # fmt: skip
RELAYED = replace(POLICY, relay=RELAY, origin_methods=("authentication_results",))
DKIM = DkimTrust(
    (("help.example", ("help.example", "help.onmicrosoft.example")),),
    timedelta(hours=72),
    timedelta(minutes=15),
)
CHECKED = replace(POLICY, dkim=DKIM, origin_methods=("dkim",))
BOTH = replace(RELAYED, dkim=DKIM)


def mail_bytes(sender: str = "ivan@help.example", *, above: str = "", extra: str = "") -> bytes:
    return (
        f"{above}Received: from x by {ID}; now\r\n{extra}From: {sender}\r\n"
        "To: support@help.example\r\nSubject: [close]\r\n"
        "Date: Mon, 2 Mar 2026 08:59:00 +0000\r\n"
        "Message-ID: <1@help.example>\r\n\r\nDone.\r\n"
    ).encode()


def envelope(
    *, peer: str = "127.0.0.1", front: Front = Front.LMTP, login: str | None = None, at=NOW
) -> Envelope:
    return Envelope("s1", None, (), at, front, peer, 1, "", login)


def asked(raw: bytes, policy: Policy, *signers: Signer, **of_envelope) -> Origin:
    mail, there = parse(raw), envelope(**of_envelope)
    keys = {one.name: one.record for one in signers}
    names = names_to_ask(mail, there, policy)
    records = tuple(Record(name, keys.get(name)) for name in names)
    return origin_of(mail, there, policy, records)


def stamp(text: str) -> str:
    return f"Authentication-Results: {text}\r\n"


GOOD = stamp(f"{ID}; dmarc=pass header.from=help.example")


def test_s43_the_relays_word_is_believed() -> None:
    found = asked(mail_bytes(above=GOOD), RELAYED)
    assert (found.verdict, found.method) == (PASS, "authentication_results")
    assert ID in found.said


RELAY_SAYS = {
    "A8 fail, and DKIM of another": (
        f"{ID}; dmarc=fail header.from=help.example; dkim=pass header.d=evil.example", FAIL),
    "another domain": (f"{ID}; dmarc=pass header.from=evil.example", NONE),
    "a domain above": (f"{ID}; dmarc=pass header.from=example", NONE),
    "a domain below": (f"{ID}; dmarc=pass header.from=a.help.example", NONE),
    "the domain in another clause": (
        f"{ID}; dmarc=pass; dkim=pass header.from=help.example", NONE),
    "no domain": (f"{ID}; dmarc=pass", NONE),
    "two results": (
        f"{ID}; dmarc=pass header.from=help.example; dmarc=none header.from=x.example", NONE),
    "pass and fail": (
        f"{ID}; dmarc=pass header.from=help.example; dmarc=fail header.from=help.example",
        FAIL),
    "fail of another": (f"{ID}; dmarc=fail header.from=evil.example", NONE),
    "temperror": (f"{ID}; dmarc=temperror header.from=help.example", NONE),
    "none": (f"{ID}; dmarc=none header.from=help.example", NONE),
    "A9 in a comment": (f"{ID}; (dmarc=pass header.from=help.example) dmarc=none", NONE),
    "A7 another server": (f"{ID}.evil.example; dmarc=pass header.from=help.example", NONE),
    "only spf": (f"{ID}; spf=pass smtp.mailfrom=ivan@help.example", NONE),
    "login is the address": (f"{ID}; auth=pass smtp.auth=ivan@help.example", PASS),
    "login that is listed": (f"{ID}; auth=pass (PLAIN) smtp.auth=i.petrenko", PASS),
    "login named as the agent": (f"{ID}; auth=pass smtp.auth=ivan", NONE),
    "login of another": (f"{ID}; auth=pass smtp.auth=olga@help.example", NONE),
    "login of another, sender ours": (
        f"{ID}; auth=pass smtp.auth=olga@help.example smtp.mailfrom=ivan@help.example", NONE),
    "mailfrom alone": (f"{ID}; auth=pass smtp.mailfrom=ivan@help.example", PASS),
    "auth failed": (f"{ID}; auth=fail smtp.auth=ivan@help.example", NONE),
    "login beside fail": (
        f"{ID}; dmarc=fail header.from=help.example; auth=pass smtp.auth=ivan@help.example",
        PASS),
}  # fmt: skip


@pytest.mark.parametrize(("text", "verdict"), RELAY_SAYS.values(), ids=list(RELAY_SAYS))
def test_what_the_relay_says_is_read_to_the_letter(text: str, verdict: Verdict) -> None:
    assert asked(mail_bytes(above=stamp(text)), RELAYED).verdict is verdict


def test_a_login_at_the_relay_proves_agents_only() -> None:
    raw = mail_bytes(
        "cara@help.example", above=stamp(f"{ID}; auth=pass smtp.auth=cara@help.example")
    )
    assert asked(raw, RELAYED).verdict is NONE


def test_a6_a_stamp_below_the_relays_received_is_a_forgery() -> None:
    assert asked(mail_bytes(extra=GOOD), RELAYED).verdict is NONE
    lower = replace(RELAYED, relay=replace(RELAY, hops=2))
    assert asked(mail_bytes(extra=GOOD), lower).verdict is PASS


def test_s43_only_the_relays_first_field_counts() -> None:
    bad = stamp(f"{ID}; dmarc=fail header.from=help.example")
    assert asked(mail_bytes(above=bad + GOOD), RELAYED).verdict is FAIL
    assert asked(mail_bytes(above=stamp(f"{ID}; none") + GOOD), RELAYED).verdict is NONE
    assert asked(mail_bytes(above=stamp("other.example; none") + GOOD), RELAYED).verdict is PASS


@pytest.mark.parametrize(
    ("peer", "front", "verdict"),
    [
        ("127.0.0.1", Front.SMTP, PASS),
        ("10.2.3.4", Front.SMTP, PASS),
        ("::ffff:10.2.3.4", Front.SMTP, PASS),
        ("", Front.LMTP, PASS),
        ("203.0.113.9", Front.SMTP, NONE),
        ("2001:db8::1", Front.SMTP, NONE),
        ("nonsense", Front.SMTP, NONE),
        ("127.0.0.1", Front.PIPE, NONE),
        ("127.0.0.1", Front.IMAP, NONE),
    ],
)
def test_a10_a_stamp_is_believed_from_the_relay_alone(
    peer: str, front: Front, verdict: Verdict
) -> None:
    found = asked(mail_bytes(above=GOOD), RELAYED, peer=peer, front=front)
    assert found.verdict is verdict
    assert verdict is PASS or "not believed from" in found.said


@pytest.mark.parametrize(
    ("by", "verdict"), [("help.example", PASS), ("help.onmicrosoft.example", PASS)]
)
def test_a_signature_of_a_listed_domain_proves(by: str, verdict: Verdict) -> None:
    found = asked(signer(by).sign(mail_bytes()), CHECKED, signer(by))
    assert (found.verdict, found.method, found.covers_ids) == (verdict, "dkim", True)


def test_a11_a_signature_of_another_domain_proves_nothing_and_is_told() -> None:
    found = asked(signer("evil.example").sign(mail_bytes()), CHECKED, signer("evil.example"))
    assert found.verdict is NONE
    assert found.said.startswith("DKIM: signed by evil.example, not by help.example")


@pytest.mark.parametrize(
    ("sender", "by", "verdict"),
    [
        ("ivan@my-company.example", "my-company.example", PASS),  # A23
        ("ivan@my-company.example", "company.example", NONE),
        ("ivan@corp.lan", "corp.lan", PASS),
        ("ivan@corp.lan", "evil.lan", NONE),  # A24
        ("ivan@corp.lan", "lan", NONE),
        ("ivan@a.corp.example", "corp.example", NONE),
        ("ivan@corp.example", "a.corp.example", NONE),
        ("ivan@CORP.example", "corp.EXAMPLE", PASS),
        ("cara@cust.example", "cust.example", PASS),  # A65: customers too
        ("cara@cust.example", "help.example", NONE),
    ],
)
def test_a23_a24_domains_are_equal_or_they_are_others(
    sender: str, by: str, verdict: Verdict
) -> None:
    raw = signer(by).sign(mail_bytes(sender))
    assert asked(raw, CHECKED, signer(by.lower())).verdict is verdict


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (timedelta(minutes=1), PASS),
        (timedelta(hours=72), PASS),
        (timedelta(hours=72, minutes=2), NONE),
        (timedelta(days=10), NONE),
        (-timedelta(minutes=15), PASS),
        (-timedelta(minutes=20), NONE),
    ],
)
def test_a28_a_signed_mail_must_be_of_today(after: timedelta, verdict: Verdict) -> None:
    signs = signer("help.example")
    at = NOW + after - timedelta(minutes=1)
    found = asked(signs.sign(mail_bytes()), CHECKED, signs, at=at)
    assert found.verdict is verdict
    assert verdict is PASS or "dated" in found.said or "days before" in found.said


def test_a25_an_expired_signature_proves_nothing() -> None:
    signs, end = signer("help.example"), 4_000_000_000
    raw = signs.sign(mail_bytes(), extra=(("x", str(end)),))
    at = datetime.fromtimestamp(end, UTC)
    trusting = replace(CHECKED, dkim=replace(DKIM, age_max=timedelta(days=36500)))
    assert asked(raw, trusting, signs, at=at).verdict is PASS
    found = asked(raw, trusting, signs, at=at + timedelta(seconds=1))
    assert (found.verdict, "expired" in found.said) == (NONE, True)


def test_a26_a_key_that_cannot_be_had_is_no_failure() -> None:
    raw = signer("help.example").sign(mail_bytes())
    mail, there = parse(raw), envelope()
    (name,) = names_to_ask(mail, there, CHECKED)
    assert name == "s1._domainkey.help.example"
    found = origin_of(mail, there, CHECKED, (Record(name, trouble="no answer in 5 seconds"),))
    assert (found.verdict, "no answer in 5 seconds" in found.said) == (NONE, True)
    assert origin_of(mail, there, CHECKED, (Record(name),)).said.endswith(f"no key at {name}")
    assert origin_of(mail, there, CHECKED).verdict is NONE


def test_nobodys_servers_are_asked_about_what_would_prove_nothing() -> None:
    evil, good = signer("evil.example"), signer("help.example")
    for raw in (
        evil.sign(mail_bytes()),
        good.sign(mail_bytes(), length=True),
        good.sign(mail_bytes()).replace(b"Done", b"Dune"),
        good.sign(mail_bytes()).replace(b"\r\nDone", b"\nDone"),
        mail_bytes(),
    ):
        assert names_to_ask(parse(raw), envelope(), CHECKED) == ()
    signed = parse(good.sign(mail_bytes()))
    assert names_to_ask(signed, envelope(at=NOW + timedelta(days=9)), CHECKED) == ()
    assert names_to_ask(signed, envelope(login="ivan"), CHECKED) == ()
    assert names_to_ask(signed, envelope(), RELAYED) == ()
    stamped = parse(GOOD.encode() + good.sign(mail_bytes()))
    assert names_to_ask(stamped, envelope(), BOTH) == (), "the relay has settled it"


def test_the_first_success_counts_and_a_failure_only_without_one() -> None:
    good = signer("help.example")
    bad = stamp(f"{ID}; dmarc=fail header.from=help.example").encode()
    assert asked(bad + good.sign(mail_bytes()), BOTH, good).verdict is PASS
    assert asked(bad + mail_bytes(), BOTH).verdict is FAIL
    assert asked(good.sign(mail_bytes()), BOTH, good, login="mallory").verdict is FAIL


@pytest.mark.parametrize(
    ("to", "above", "fields", "is_to_us"),
    [
        ("support@help.example", "", USUAL, True),
        ("billing@help.example, x@else.example", "", USUAL, True),
        ("support+x@help.example", "", USUAL, True),
        ("x@else.example", "", USUAL, False),
        ("x@else.example", "Cc: support@help.example\r\n", (*USUAL, b"cc"), True),
        ("x@else.example", "Cc: support@help.example\r\n", USUAL, False),  # anybody adds that
        ("x@else.example", "", (b"from", b"subject", b"date", b"message-id"), True),
    ],
)
def test_what_was_signed_for_somebody_else_is_not_to_us(
    to: str, above: str, fields: tuple[bytes, ...], *, is_to_us: bool
) -> None:
    signs = signer("help.example")
    raw = mail_bytes(extra=above).replace(b"To: support@help.example", b"To: " + to.encode())
    assert f"To: {to}\r\n".encode() in raw
    assert asked(signs.sign(raw, fields=fields), CHECKED, signs).is_to_us is is_to_us


@pytest.mark.parametrize(
    ("signer_of", "is_to_us"),
    [
        (("help.example",), False),
        (("mail.help.example",), False),
        (("else.example",), True),  # not by that the relay believed it
        ((), True),
        (("else.example",) * 6, False),  # more than we look at
    ],
)
def test_what_the_relay_believed_by_a_signature_for_somebody_else_is_not_to_us(
    signer_of: tuple[str, ...], *, is_to_us: bool
) -> None:
    """Whoever has a mail of an agent's can send it once more, and it passes DMARC."""
    raw = mail_bytes(extra="Cc: support@help.example\r\n").replace(
        b"To: support@", b"To: mallory@"
    )
    raw = raw.replace(b"mallory@help.example", b"mallory@evil.example")
    for domain in signer_of:
        raw = signer(domain).sign(raw)
    found = asked(GOOD.encode() + raw, RELAYED)
    assert (found.verdict, found.is_to_us) == (PASS, is_to_us)


def test_ids_that_are_not_signed_are_not_covered() -> None:
    signs = signer("help.example")
    raw = mail_bytes(extra="In-Reply-To: <7@help.example>\r\n")
    fields = (b"from", b"subject", b"date", b"message-id")
    assert asked(signs.sign(raw), CHECKED, signs).covers_ids
    assert not asked(signs.sign(raw, fields=fields), CHECKED, signs).covers_ids
    assert asked(signs.sign(mail_bytes(), fields=fields), CHECKED, signs).covers_ids


@pytest.mark.parametrize(
    "change",
    [(b"From: ivan", b"From: x@evil.example\r\nFrom: ivan"), (b"\r\nDone", b"\nDone"),
     (b"Done", b"Do\0ne")],
    ids=["A15 two From", "A99 bare line feed", "A99 NUL"],
)  # fmt: skip
def test_a_mail_that_two_read_in_two_ways_is_not_proved_by_anybody(
    change: tuple[bytes, bytes],
) -> None:
    raw = mail_bytes(above=GOOD)
    assert asked(raw, RELAYED).verdict is PASS
    assert asked(raw.replace(*change), RELAYED).verdict is NONE


def test_a_desk_without_a_way_says_so() -> None:
    assert asked(mail_bytes(above=GOOD), POLICY) == Origin(
        said="no way to prove where mail comes from is configured"
    )
