"""What a mail brings to prove its origin: stamps of relays, signatures, and their tricks."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st
from signer import USUAL, WHOLE, signer

from mailtrack.mail.authentication import Result, results_of
from mailtrack.mail.limits import FIELDS_MAX, SIGNATURES_TRIED_MAX, STAMP_CHARS_MAX
from mailtrack.mail.parse import parse
from mailtrack.mail.signature_key import objection

HELP = signer("help.example")
MAIL = (
    b"From: Ivan <ivan@help.example>\r\nTo: support@help.example\r\n"
    b"Subject: Re:  [#7]   printer\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@help.example>\r\n\r\nHello  there \t \r\nline\r\n\r\n\r\n"
)


def provenance(raw: bytes):
    return parse(raw).provenance


def verdicts(raw: bytes, record: bytes = HELP.record) -> list[str]:
    """Why each signature proves nothing, "" for one that proves."""
    return [one.flaw or objection(one, record) for one in provenance(raw).signatures]


# Signatures.

FORMS = [(a, b) for a in (b"simple", b"relaxed") for b in (b"simple", b"relaxed")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "body",
    [b"Hello  there \t \r\nline\r\n\r\n\r\n", b"", b"\r\n\r\n", b"x", b" \t\r\n\r\n", b"\r\na"],
)
def test_what_dkimpy_signs_is_right_in_every_form(
    form: tuple[bytes, bytes], body: bytes
) -> None:
    raw = HELP.sign(MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body, form=form)
    assert verdicts(raw) == [""]


@given(
    st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"=", b"b=", b"\xff"]), max_size=40),
    st.sampled_from(FORMS),
)
def test_bodies_are_hashed_as_dkimpy_hashes_them(pieces: list[bytes], form) -> None:
    raw = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"".join(pieces)
    raw = HELP.sign(raw, form=form, fields=WHOLE)
    assert dkim.verify(raw, dnsfunc=lambda *_, **__: HELP.record)
    assert verdicts(raw) == [""]


@pytest.mark.parametrize("form", FORMS)
def test_a_folded_header_is_right_in_every_form(form: tuple[bytes, bytes]) -> None:
    raw = MAIL.replace(b"Re:  [#7]", b"Re:\r\n\t  [#7]\r\n  much   more")
    assert verdicts(HELP.sign(raw, form=form)) == [""]


def test_a_mail_of_bare_line_feeds_from_a_pipe_is_read_as_it_was_signed() -> None:
    assert verdicts(HELP.sign(MAIL).replace(b"\r\n", b"\n")) == [""]
    assert verdicts(b"From x@y Mon\n" + HELP.sign(MAIL).replace(b"\r\n", b"\n")) == [""]


CHANGED = {
    "body": (b"Hello", b"Hullo"),
    "subject": (b"printer", b"[close]"),
    "from": (b"ivan@help", b"olga@help"),
    "date": (b"2 Mar", b"3 Mar"),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=list(CHANGED))
def test_whatever_is_signed_cannot_be_changed(change: tuple[bytes, bytes]) -> None:
    (verdict,) = verdicts(HELP.sign(MAIL).replace(*change))
    assert verdict


def test_a12_a_signature_over_the_beginning_of_a_mail_proves_nothing() -> None:
    raw = HELP.sign(MAIL, length=True)
    assert dkim.verify(raw, dnsfunc=lambda *_, **__: HELP.record), "to dkimpy it is fine"
    assert verdicts(raw + b"[close]\r\n") == [
        "the signature of help.example covers only the beginning of the mail (l=)"
    ]
    assert "l=" in verdicts(raw)[0], "even if nothing was appended"


@pytest.mark.parametrize("left_out", [b"subject", b"date"])
def test_a13_a_signature_that_leaves_out_what_commands_proves_nothing(left_out: bytes) -> None:
    raw = HELP.sign(MAIL, fields=tuple(one for one in USUAL if one != left_out))
    assert verdicts(raw) == [
        f"the signature of help.example does not cover {left_out.decode()}"
    ]


@pytest.mark.parametrize("field", [b"Subject: [close]", b"From: x@evil.example", b"Date: now"])
@pytest.mark.parametrize("on_top", [True, False])
def test_a14_a_second_field_of_one_kind_and_nothing_is_proved(field: bytes, *, on_top) -> None:
    head, _, body = HELP.sign(MAIL).partition(b"\r\n\r\n")
    lines = (field, head) if on_top else (head, field)
    found = provenance(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    assert "more than once" in found.flaw
    assert found.signatures == ()


HIDDEN = {
    # Each shows one reader the command above and another the signed subject below.
    "a blank line that folds": b"Subject: [close]\r\n \r\nX: y\r\n",
    "more fields than are read": b"Subject: [close]\r\n" + b"X: y\r\n" * FIELDS_MAX,
    "a blank before the colon": b"Subject : [close]\r\n",
    "a line that is no field": b"Subject: [close]\r\nno field\r\n",
    "a bare carriage return": b"X: y\rSubject: [close]\r\n",
    "a bare line feed": b"X: y\nSubject: [close]\r\n",
    "an indented first line": b" X: y\r\nSubject: [close]\r\n",
    "a byte order mark": b"\xef\xbb\xbfSubject: [close]\r\n",
    "an empty line on top": b"\r\n",
}


@pytest.mark.parametrize("above", HIDDEN.values(), ids=list(HIDDEN))
def test_a14_a_header_that_two_programs_read_in_two_ways_proves_nothing(above: bytes) -> None:
    found = provenance(above + HELP.sign(MAIL))
    assert found.flaw
    assert (found.signatures, found.stamps) == ((), ())


def record(extra: str = "", *, bits: int = 1024) -> bytes:
    return f"v=DKIM1; {extra} p={signer('help.example', bits=bits).public.decode()}".encode()


WEAK_KEYS = {
    "t=y": record("t=y;"), "t=s:y": record("t=s : y;"), "withdrawn": b"v=DKIM1; p=",
    "sha1 only": record("h=sha1;"), "reports only": record("s=tlsrpt;"),
    "another version": b"v=DKIM2; p=" + HELP.public, "no tags": b"hello",
    "twice": record("t=s; t=s;"), "not base64": b"v=DKIM1; p=!!!!", "short": b"v=DKIM1; p=AAAA",
    "another kind": record("k=ed25519;"), "unknown kind": record("k=rot13;"), "empty": b"",
    "of another": record(bits=2048), "binary": b"v=DKIM1; p=" + bytes(range(128, 255)),
}  # fmt: skip


@pytest.mark.parametrize("key", WEAK_KEYS.values(), ids=list(WEAK_KEYS))
def test_a25_a_weak_or_broken_key_proves_nothing(key: bytes) -> None:
    (verdict,) = verdicts(HELP.sign(MAIL), key)
    assert verdict


@pytest.mark.parametrize("extra", ["", "k=rsa;", "t=s;", "h=sha256;", "s=email;", "n=note;"])
def test_a_plain_key_proves(extra: str) -> None:
    assert verdicts(HELP.sign(MAIL), record(extra)) == [""]


@pytest.mark.parametrize(("bits", "is_enough"), [(512, False), (1016, False), (1024, True)])
def test_a25_a_short_key_proves_nothing(bits: int, *, is_enough: bool) -> None:
    weak = signer("help.example", bits=bits)
    assert verdicts(weak.sign(MAIL), weak.record) == (
        [""] if is_enough else [f"its key has {bits} bits"]
    )


def test_a25_sha1_proves_nothing() -> None:
    assert "rsa-sha1" in verdicts(HELP.sign(MAIL, algorithm=b"rsa-sha1"))[0]


def test_a25_the_end_of_a_signature_is_read() -> None:
    (one,) = provenance(HELP.sign(MAIL, extra=(("x", "4000000000"),))).signatures
    assert one.expires_at == datetime.fromtimestamp(4_000_000_000, UTC)
    (other,) = provenance(HELP.sign(MAIL).replace(b"v=1;", b"v=1; x=soon;", 1)).signatures
    assert other.flaw


BROKEN_TAGS = {
    "version": (b"v=1", b"v=2"), "no algorithm": (b"a=rsa-sha256", b"a="),
    "no domain": (b"d=help.example", b"d="), "no selector": (b"s=s1", b"s="),
    "a path as selector": (b"s=s1", b"s=../s1"), "many labels": (b"s=s1", b"s=a.b.c.d.e.f"),
    "two domains": (b"d=help.example", b"d=help.example; d=evil.example"),
    "form": (b"c=relaxed/relaxed", b"c=odd/relaxed"), "query": (b"q=dns/txt", b"q=http"),
    "not a list": (b"v=1", b"hello"), "domain with a comment": (b"d=help", b"d=(x)help"),
}  # fmt: skip


@pytest.mark.parametrize("change", BROKEN_TAGS.values(), ids=list(BROKEN_TAGS))
def test_a_signature_that_cannot_be_read_proves_nothing(change: tuple[bytes, bytes]) -> None:
    raw = HELP.sign(MAIL)
    assert change[0] in raw
    (verdict,) = verdicts(raw.replace(*change, 1))
    assert verdict


def test_a27_of_2000_signatures_few_are_tried_and_quickly() -> None:
    signed = HELP.sign(MAIL)
    signature = signed[: len(signed) - len(MAIL)]
    started = time.process_time()
    found = provenance(signature * 500 + MAIL)
    assert len(found.signatures) == SIGNATURES_TRIED_MAX
    assert provenance(signature * 2000 + MAIL).flaw, "past the bound of fields nothing is read"
    assert time.process_time() - started < 5


def test_a93_blanks_and_empty_lines_without_end_take_linear_time() -> None:
    started = time.process_time()
    for piece in (b" " * 2_000_000 + b"x", b"\r\n" * 1_000_000 + b"x", b"\r\n" * 1_000_000):
        raw = signed_without_dkimpy(MAIL + piece)
        assert len(provenance(raw).signatures) == 1
    assert time.process_time() - started < 20


def signed_without_dkimpy(raw: bytes) -> bytes:
    """A mail whose signature is wrong; hashing it is what takes the time."""
    return (
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=help.example; s=s1; "
        b"h=from:subject:date; bh=AAAA; b=AAAA\r\n" + raw
    )


@pytest.mark.parametrize(
    ("raw", "smuggled"),
    [
        (MAIL, ""),
        (MAIL.replace(b"\r\n", b"\n"), ""),
        (MAIL + b"a\nb\r\n", "a bare line feed"),
        (MAIL + b"\n.\nMAIL FROM:<x>\r\n", "a bare line feed"),
        (MAIL + b"a\0b\r\n", "a NUL byte"),
    ],
)
def test_a99_what_only_smugglers_send_is_seen(raw: bytes, smuggled: str) -> None:
    assert provenance(raw).smuggled == smuggled


# Authentication-Results.

ID = "mx.help.example"
PASS = (Result("dmarc", "pass", (("header.from", "help.example"),)),)


@pytest.mark.parametrize(
    "text",
    [
        "mx.help.example; dmarc=pass header.from=help.example",
        "MX.HELP.EXAMPLE; DMARC=PASS Header.From=help.example",
        " mx.help.example 1 ; dmarc = pass header.from = help.example;",
        "mx.help.example (a (nested \\) ;) one);dmarc=pass (p=none;) header.from=help.example",
        'mx.help.example; dmarc=pass header.from="help.example"',
        "mx.help.example;\tdmarc/1=pass\theader.from=help.example",
    ],
)
def test_one_result_in_many_dresses(text: str) -> None:
    assert results_of(text, ID) == PASS


NOT_OURS = [
    "mx.help.example.evil.example; dmarc=pass header.from=help.example",
    "evil.example; dmarc=pass header.from=help.example",
    "(mx.help.example; dmarc=pass header.from=help.example) evil.example; none",
    "(mx.help.example; dmarc=pass header.from=help.example",
    '"mx.help.example"; dmarc=pass header.from=help.example',
    "mx.help.example 2; dmarc=pass header.from=help.example",
    "mx.help.example evil.example; dmarc=pass header.from=help.example",
    "mx.help.example=x; dmarc=pass header.from=help.example",
    "mx.help.examplE\u212a; dmarc=pass header.from=help.example",
    "i=1; mx.help.example; dmarc=pass header.from=help.example",
    "spf=pass smtp.mailfrom=help.example; dmarc=pass header.from=help.example",
    "; mx.help.example; dmarc=pass header.from=help.example",
    "",
]


@pytest.mark.parametrize("text", NOT_OURS)
def test_a7_a9_no_trick_makes_a_field_the_relays(text: str) -> None:
    assert not results_of(text, ID)


SAYS_NOTHING = [
    "mx.help.example; none",
    "mx.help.example",
    "mx.help.example; (dmarc=pass header.from=help.example)",
    'mx.help.example; x="; dmarc=pass header.from=help.example"',
    'mx.help.example; x="dmarc=pass header.from=help.example',
    "mx.help.example; dmarc=pass header.from=help.example \0",
    "mx.help.example; dmarc=pass header.from=help.example (",
    "mx.help.example; dmarc=pass header.from=help.example <x>",
    "mx.help.example; dmarc pass header.from=help.example",
    "mx.help.example; dmarc=pass header.from=help.example junk",
    'mx.help.example; dmarc=pass reason="\\"" header.from=help.example',
    "mx.help.example; dmarc=pass header.from=help.example" + " " * STAMP_CHARS_MAX,
]


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_a9_a_field_off_the_grammar_says_nothing(text: str) -> None:
    for one in results_of(text, ID) or ():
        assert one.verdict != "pass" or one.said("header.from") is None


def test_a_property_that_stands_twice_says_nothing() -> None:
    (one,) = (
        results_of(f"{ID}; dmarc=pass header.from=a.example header.from=b.example", ID) or ()
    )
    assert one.said("header.from") is None


@given(st.text(alphabet='mx.help example;=()"\\\t1dmarcpass/@', max_size=200))
def test_no_field_breaks_the_scanner(text: str) -> None:
    results_of(text, ID)
    results_of(f"{ID}{text}", ID)


def test_nested_comments_without_end_take_linear_time() -> None:
    started = time.process_time()
    deep = "(" * 4000
    assert results_of(f"{ID} {deep}{')' * 4000}; dmarc=pass header.from=help.example", ID)
    assert results_of(f"{ID} {deep}", ID) == ()
    assert time.process_time() - started < 1


def test_where_a_field_stands_is_known() -> None:
    raw = (
        b"Authentication-Results: a; none\r\nReceived: x\r\n"
        b"Authentication-Results: b;\r\n none\r\nReceived: y\r\n"
        b"Authentication-Results: c; none\r\n" + MAIL
    )
    shown = [(one.hops, one.text) for one in provenance(raw).stamps]
    assert shown == [(0, "a; none"), (1, "b; none"), (2, "c; none")]
