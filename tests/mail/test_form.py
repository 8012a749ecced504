"""A signed body that could be read in another way proves nothing: security section 2.3."""

from __future__ import annotations

import pytest
from signer import FORM, USUAL, WHOLE, signer

from mailtrack.mail.form import ENCODING, TYPE, form_from, left_open
from mailtrack.mail.parse import parse

HELP = signer("help.example")
HEAD = (
    "From: Ivan <ivan@help.example>\r\nTo: support@help.example\r\nSubject: [#7] printer\r\n"
    "Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@help.example>\r\n"
    "MIME-Version: 1.0\r\n"
)
PLAIN = "Content-Type: text/plain; charset=utf-8"
PARTS = "--b\r\nContent-Type: text/plain\r\n\r\nFine.\r\n--b--\r\n"
ALTERNATIVE = 'Content-Type: multipart/alternative; boundary="b"'
SOFT = "> He said that he will write to you as soon as =\r\n[close] has come.\r\n"


def flaw(form: str, body: str, *, signed: tuple[bytes, ...] = USUAL) -> str:
    head = f"{HEAD}{form}\r\n" if form else HEAD
    raw = HELP.sign(f"{head}\r\n{body}".encode(), fields=signed)
    (found,) = parse(raw).provenance.signatures
    return found.flaw.removeprefix("the signature of help.example ")


# What mail programs and providers send, none of whose signatures cover its form.
ORDINARY = {
    "nothing said": ("", "Hello\r\n"),
    "plain": (PLAIN, "Привіт\r\n\r\n-- \r\nIvan\r\n"),
    "an old charset": ("Content-Type: text/plain; charset=windows-1251", "Hello\r\n"),
    "quoted-printable": (f"{PLAIN}\r\nContent-Transfer-Encoding: quoted-printable", SOFT),
    "base64": (f"{PLAIN}\r\nContent-Transfer-Encoding: base64", "SGVsbG8=\r\n"),
    "a link and a ruler": (PLAIN, "http://x.example/?a=12&b=\r\n=====\r\n-----Original\r\nFrom"),
    "two forms": (ALTERNATIVE, PARTS),
    "blank lines above": (ALTERNATIVE, f"\r\n\r\n{PARTS}\r\n"),
    "a preamble": (
        ALTERNATIVE, f"This is a multi-part message in MIME format.\r\n\r\n{PARTS}"
    ),
    "files": (ALTERNATIVE.replace("alternative", "mixed"), PARTS),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_mail_is_proved_without_its_form_being_signed(name: str) -> None:
    assert flaw(*ORDINARY[name]) == ""


OPEN = {
    "another boundary": (ALTERNATIVE, f"See below.\r\n{PARTS}", "Content-Type,"),
    "no boundary": ("Content-Type: multipart/mixed", PARTS, "Content-Type,"),
    "something below": (ALTERNATIVE, f"{PARTS}> [close]\r\n", "Content-Type,"),
    "never closed": (ALTERNATIVE, PARTS.replace("--b--", ""), "Content-Type,"),
    "a beginning of the boundary": (
        ALTERNATIVE, PARTS.replace("--b", "--bb"), "Content-Type,"
    ),
    "a line above a forwarded mail": (
        'Content-Type: multipart/mixed; boundary="---- Forwarded ----"',
        "------ Forwarded ----\r\nFrom: Mallory\r\n\r\n[close]\r\n------ Forwarded ------\r\n",
        "Content-Type,",
    ),
    "a report": ('Content-Type: multipart/report; boundary="b"', PARTS, "Content-Type,"),
    "parts in an encoding": (
        f"{ALTERNATIVE}\r\nContent-Transfer-Encoding: base64", PARTS, "has parts in an encoding"
    ),
    "parts shown as text": (PLAIN, f"x\r\n{PARTS}", "Content-Type,"),
    "text as HTML": ("Content-Type: text/html", "> <!--\r\n", "Content-Type,"),
    "a mail in a mail": ("Content-Type: message/rfc822", HEAD, "Content-Type,"),
    "seven bits": ("Content-Type: text/plain; charset=utf-7", "+AFs-\r\n", "Content-Type,"),
    "two bytes": ("Content-Type: text/plain; charset=utf-16", "[c]\r\n", "Content-Type,"),
    "no longer quoted": (PLAIN, SOFT, "Content-Transfer-Encoding,"),
    "quoted now": (
        f"{PLAIN}\r\nContent-Transfer-Encoding: quoted-printable",
        "> thank you=0A[close]\r\n", "Content-Transfer-Encoding,",
    ),
    "base64 now": (
        f"{PLAIN}\r\nContent-Transfer-Encoding: base64", "Hello:\r\n> W2Nsb3NlXQ==\r\n",
        "Content-Transfer-Encoding,",
    ),
    "an encoding of its own": (
        f"{PLAIN}\r\nContent-Transfer-Encoding: x-uuencode", "x\r\n",
        "Content-Transfer-Encoding,",
    ),
    "two encodings": (
        f"{PLAIN}\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64",
        "SGVs\r\n", "twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPEN)
def test_a13_a_form_that_could_be_another_proves_nothing(name: str) -> None:
    form, body, said = OPEN[name]
    assert said in flaw(form, body)


@pytest.mark.parametrize("name", [one for one in OPEN if one != "two encodings"])
def test_what_is_signed_is_what_it_says(name: str) -> None:
    form, body, _ = OPEN[name]
    assert flaw(form, body, signed=WHOLE) == ""


def test_a_signed_type_says_nothing_of_the_encoding() -> None:
    assert "Encoding," in flaw(PLAIN, SOFT, signed=(*USUAL, FORM[0]))
    assert "Type," in flaw("Content-Type: text/html", "x", signed=(*USUAL, FORM[1]))


@pytest.mark.parametrize("added", [f"{PLAIN}\r\n", "Content-Transfer-Encoding: base64\r\n"])
def test_what_was_signed_as_absent_cannot_be_added(added: str) -> None:
    raw = HELP.sign(f"{HEAD}\r\nHello\r\n".encode(), fields=WHOLE)
    changed = raw.replace(b"MIME-Version", added.encode() + b"MIME-Version")
    (before,), (after,) = (parse(one).provenance.signatures for one in (raw, changed))
    assert before.digest != after.digest


def test_a_large_body_is_looked_at_once() -> None:
    form = form_from([(TYPE, b"text/plain"), (ENCODING, b"7bit")])
    assert left_open(form, (), b"=\n=\r" * 200_000) == ""
