"""`mailtrack check --dns`: a DNS server of the test's own, and what is said of its records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nameserver import SILENT, Zone, nameserver, quoted
from signer import signer

from mailtrack.config import Loaded, load
from mailtrack.mail.signing import record_of
from mailtrack.operator import records
from mailtrack.operator.findings import Grade, exit_code
from mailtrack.operator.record_texts import dkim_flaw, dmarc_policy, is_in_testing, spf_flaw
from mailtrack.operator.records import dns_findings

PEM = signer("help.example", bits=2048).private.decode()
KEY = record_of(PEM)
OTHER = record_of(signer("other.example", bits=2048).private.decode()).replace("A", "B")
NAME = "mt._domainkey.help.example"
Ask = Callable[..., dict[str, tuple[Grade, str]]]
RIGHT: Zone = {
    ("help.example", "MX"): ("10 mx.help.example.",),
    ("reply.help.example", "MX"): ("10 mx.help.example.",),
    ("mx.help.example", "A"): ("192.0.2.25",),
    ("help.example", "TXT"): (
        '"some=thing"',
        '"v=spf1 a:relay.example ip6:2001:db8::/32 -all"',
    ),
    ("_dmarc.help.example", "TXT"): ('"v=DMARC1; p=reject"',),
    (NAME, "TXT"): (quoted(KEY),),
}


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    folder = tmp_path / "config"
    folder.mkdir()
    (tmp_path / "key").write_text(PEM)
    (tmp_path / "key").chmod(0o600)
    (folder / "mailtrack.yaml").write_text(
        "desk:\n  name: Help\n  addresses: {support@help.example: support}\n"
        "  reply: {mode: subdomain, domain: reply.help.example}\n"
        f"outgoing: {{dkim: {{selector: mt, key: {{file: {tmp_path}/key}}}}}}\n"
    )
    (folder / "people.yaml").write_text("agents:\n  ivan: {email: ivan@help.example}\n")
    return load(folder, environ={"MAILTRACK_STATE": str(tmp_path / "state")})


@pytest.fixture
def asked(loaded: Loaded) -> Ask:
    def ask(changed: Zone | None = None) -> dict[str, tuple[Grade, str]]:
        zone = {key: value for key, value in {**RIGHT, **(changed or {})}.items() if value}
        with nameserver(zone) as server:
            found = dns_findings(loaded, server)
        return {one.test: (one.grade, one.said) for one in found}

    return ask


def test_all_that_mail_needs_is_there(
    asked: Ask,
) -> None:
    found = asked()
    assert {grade for grade, _ in found.values()} == {Grade.GOOD}, found
    assert list(found) == [
        "MX of help.example", "MX of reply.help.example", f"DKIM key {NAME}",
        "SPF of help.example", "DMARC of help.example",
    ]  # fmt: skip


CHANGES: list[tuple[str, Zone, Grade, str]] = [
    ("MX of help", {("help.example", "MX"): ()}, Grade.BAD, "there is none"),
    ("MX of help", {("help.example", "MX"): ("0 .",)}, Grade.BAD, "takes no mail"),
    ("MX of help", {("help.example", "MX"): ("5 gone.example.",)}, Grade.BAD, "has no address"),
    (
        "MX of reply",
        {("reply.help.example", "MX"): (), ("reply.help.example", "AAAA"): ("2001:db8::1",)},
        Grade.ADVICE,
        "address of the domain itself",
    ),
    ("DKIM", {(NAME, "TXT"): ()}, Grade.BAD, "there is none"),
    ("DKIM", {(NAME, "TXT"): (quoted(OTHER),)}, Grade.BAD, "another one"),
    ("DKIM", {(NAME, "TXT"): (quoted(KEY), quoted(OTHER))}, Grade.BAD, "two records"),
    ("DKIM", {(NAME, "TXT"): (quoted(f"{KEY}; t=y"),)}, Grade.ADVICE, "t=y"),
    ("DKIM", {(NAME, "TXT"): (SILENT,)}, Grade.UNKNOWN, "no answer"),
    ("SPF", {("help.example", "TXT"): ()}, Grade.BAD, "there is none"),
    ("SPF", {("help.example", "TXT"): ('"v=spf1 -all"', '"v=spf1 a -all"')}, Grade.BAD, "two"),
    ("SPF", {("help.example", "TXT"): ('"v=spf1 inclde:x -all"',)}, Grade.BAD, "inclde:x"),
    ("DMARC", {("_dmarc.help.example", "TXT"): ()}, Grade.ADVICE, "there is none"),
    ("DMARC", {("_dmarc.help.example", "TXT"): ('"v=DMARC1; p=x"',)}, Grade.ADVICE, "cannot"),
]


@pytest.mark.parametrize(("test", "zone", "grade", "words"), CHANGES)
def test_what_is_wrong_in_the_dns_is_told(
    asked: Ask,
    monkeypatch: pytest.MonkeyPatch,
    test: str,
    zone: Zone,
    grade: Grade,
    words: str,
) -> None:
    monkeypatch.setattr(records, "QUESTION_SECONDS_MAX", 0.3)
    found = asked(zone)
    wrong = {name for name, (one, _) in found.items() if one is not Grade.GOOD}
    assert len(wrong) == 1, found
    (name,) = wrong
    assert name.startswith(test) and found[name][0] is grade and words in found[name][1]


def test_a_missing_key_is_answered_with_the_record_to_publish(loaded: Loaded) -> None:
    with nameserver({**RIGHT, (NAME, "TXT"): ()}) as server:
        found = dns_findings(loaded, server)
    assert exit_code(found) == 1
    (one,) = (one for one in found if one.grade is Grade.BAD)
    assert f'{NAME}. IN TXT ( "{KEY[:255]}"' in str(one)


def test_a_nameserver_that_is_no_address_is_told(loaded: Loaded) -> None:
    (found,) = dns_findings(loaded, ("ns.help.example", 53))
    assert found.grade is Grade.BAD and "by its IP address" in found.mend


KEYS = [
    (KEY, ""),
    (KEY.replace("p=", "p= "), ""),
    ("v=DKIM1; k=rsa; p=", "withdrawn"),
    (KEY.replace("k=rsa", "k=ed25519"), "another kind"),
    (f"{KEY}; h=sha1", "not for SHA-256"),
    (f"{KEY}; h=sha1:sha256", ""),
    (f"{KEY}; s=tlsrpt", "not for mail"),
    (f"{KEY}; s=*", ""),
    (KEY.replace("DKIM1", "DKIM2"), "no key"),
    ("v=spf1 -all", "no key"),
    ("p=A; p=B", "no key"),
    ("\xff", "no key"),
    (OTHER, "another one"),
]


@pytest.mark.parametrize(("text", "words"), KEYS)
def test_a_published_key_is_ours_or_it_is_said_why_not(text: str, words: str) -> None:
    flaw = dkim_flaw(text.encode("latin-1"), KEY.encode())
    assert (words in flaw) if words else not flaw


def test_a_key_in_testing_says_so() -> None:
    assert is_in_testing(b"p=A; t=s : y") and not is_in_testing(b"p=A; t=s")


SPF = {
    "v=spf1 -all": "",
    "V=SPF1 A MX/24 include:x.example ~ALL": "",
    "v=spf1 a/24//64 mx:x.example//64 exists:%{i}.x.example ?all": "",
    "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::1 redirect=x.example": "",
    "v=spf1 exp=x.example later=new -all": "",
    "v=spf1 ip4:2001:db8::1 -all": "ip4:2001:db8::1 is nothing",
    "v=spf1 ip4:192.0.2.300 -all": "nothing that SPF knows",
    "v=spf1 include: -all": "nothing that SPF knows",
    "v=spf1 192.0.2.1 -all": "nothing that SPF knows",
    "v=spf1 +all": "everybody",
    "v=spf1 a all": "everybody",
    "v=spf1 a mx": "does not end",
    "v=spf1 " + "a " * 10 + "-all": "",
    "v=spf1 " + "a " * 11 + "-all": "more than 10",
    "v=spf10 -all": "not v=spf1",
}


@pytest.mark.parametrize(("text", "words"), SPF.items())
def test_an_spf_record_is_right_or_it_is_said_why_not(text: str, words: str) -> None:
    flaw = spf_flaw(text.encode())
    assert (words in flaw) if words else not flaw


def test_a_dmarc_record_asks_for_something_known() -> None:
    assert dmarc_policy(b"v=DMARC1; p=Reject; rua=mailto:x@x.example") == "reject"
    assert dmarc_policy(b"v=DMARC1") is dmarc_policy(b"v=DMARC1; p=p") is None
