"""What holds for any bytes whatever: properties of the reading."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import pytest
from html_inspector import foreign_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailtrack.mail.html import sanitised, text_from_html
from mailtrack.mail.limits import (
    ATTACHMENTS_MAX,
    DEFECTS_MAX,
    FIELDS_SHOWN_MAX,
    FILENAME_BYTES_MAX,
    NAME_CHARS_MAX,
    REFERENCES_MAX,
    SUBJECT_CHARS_MAX,
    TEXT_BYTES_MAX,
)
from mailtrack.mail.message import ParsedMail
from mailtrack.mail.parse import attachment_bytes, parse

SLOW = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

# Pieces that mails are made of, so that chance finds structure and not only noise.
PIECES = st.sampled_from(
    [
        b"From: a@b.example\r\n",
        b"From: =?utf-8?b?0J8=?= <a@b.example>\r\n",
        b"To: x@y\r\n",
        b"Subject: =?koi8-r?q?=D4?=\r\n =?utf-8?q?=D0?=\r\n",
        b"Subject: \xd4\xc5\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/",
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/plain; charset=gb2312; format=flowed; delsp=yes\r\n",
        b"Content-Type: application/ms-tnef; name*0*=utf-8''%D1; name*1=x\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=c\r\n",
        b"Content-Type: message/delivery-status\r\n",
        b"Final-Recipient: rfc822; a@b\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Disposition: attachment",
        b'; filename="../a\\\0.txt"',
        b"Date: Mon, 2 Mar 2026 10:00:00 +0100\r\n",
        b"Message-ID: <a@b>\r\nReferences: <c@d> <\r\n",
        b"Received: from a by b; x\r\n",
        b"Auto-Submitted: auto-replied\r\n",
        b"List-Id: <x>\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"--b\r\n",
        b"--b--\r\n",
        b"--c\r\n",
        b"--c--",
        b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n",
        b"> quoted\r\n",
        b"On Mon, Dana wrote:\r\n",
        b"-- \r\n",
        b"-----Original Message-----\r\n",
        b"<p>x<script>y</script>",
        b"<div style=x><img src=cid:a>",
        b"\x78\x9f\x3e\x22\x01\x00\x02\x02\x90",
        b"\x1b$B'(\x1b(B",
        b"=\xff=D0=9",
        b"YWJj=\r\n",
        b"BEGIN:VEVENT\r\nDTSTART:2026",
    ]
)
MAILS = st.lists(PIECES | st.binary(max_size=12), max_size=40).map(b"".join)


def texts_of(parsed: ParsedMail) -> list[str]:
    return [
        parsed.subject, parsed.text, parsed.reply, parsed.html or "", parsed.sender_shown,
        parsed.sender_email_shown, parsed.sender_name_shown,
        *(text for pair in parsed.headers for text in pair),
        *(text for each in parsed.attachments for text in (each.name, each.filename)),
        *(mailbox.name for mailbox in (*parsed.to, *parsed.cc, *parsed.reply_to)),
    ]  # fmt: skip


def check(parsed: ParsedMail) -> None:
    for text in texts_of(parsed):
        assert "\0" not in text
        assert text == unicodedata.normalize("NFC", text)
        text.encode()  # no lone surrogates
    assert len(parsed.subject) <= SUBJECT_CHARS_MAX and "\n" not in parsed.subject
    assert len(parsed.text) <= TEXT_BYTES_MAX
    assert len(parsed.headers) <= FIELDS_SHOWN_MAX
    assert len(parsed.references) <= REFERENCES_MAX
    assert len(parsed.attachments) <= ATTACHMENTS_MAX
    assert len(parsed.defects) <= DEFECTS_MAX
    assert len(parsed.sender_name_shown) <= NAME_CHARS_MAX
    assert len(parsed.content_hash) in (0, 64)
    assert not [each for each in parsed.defects if each.code.startswith("unforeseen")]
    for each in parsed.attachments:
        assert each.name and len(each.name.encode()) <= FILENAME_BYTES_MAX
        assert "/" not in each.name and "\\" not in each.name and each.name not in (".", "..")


@SLOW
@given(MAILS)
def test_a_mail_of_likely_pieces_is_read_whole_and_within_bounds(raw):
    parsed = parse(raw)
    check(parsed)
    check(parse(raw, shallow=True))
    for each in parsed.attachments:
        assert len(attachment_bytes(raw, each.index)) == each.size_bytes


@SLOW
@given(st.binary(max_size=3000), st.integers(-2, 5))
def test_any_bytes_are_a_mail(raw, index):
    check(parse(raw))
    attachment_bytes(raw, index)


@SLOW
@given(MAILS)
def test_the_same_bytes_are_always_the_same_mail(raw):
    assert parse(raw) == parse(raw)


TAG_PIECES = st.sampled_from(
    "<a href= javascript: https://x.example > </a> <img src=cid:a onerror=x <svg <math <style> "
    "</style> <script> </script> <!-- --> <table> <td> </table> <p title=' '> \" <noscript> "
    "<form> <template> <mtext> <mglyph> <title> <textarea> </textarea> <![CDATA[ ]]> &lt; "
    "&#x6a; <annotation-xml encoding=text/html> <foreignObject> <select> <option> <iframe "
    "srcdoc= <div style=background:url(x) <base href=x> <meta http-equiv=refresh>".split(" ")
)


@SLOW
@given(st.lists(TAG_PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_a90_no_html_becomes_active_in_another_parser(html):
    clean = sanitised(html)
    assert foreign_in(clean) == []
    assert foreign_in(sanitised(clean)) == []
    text_from_html(html)


CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@cache
def samples() -> list[bytes]:
    paths = sorted(CORPUS.glob("*/*.eml"))[::40]
    return [path.read_bytes()[:40_000] for path in paths]


@SLOW
@given(st.data())
def test_mutated_real_mails_are_mails(data):
    if not samples():
        pytest.skip(f"there is no corpus of real mails at {CORPUS}")
    raw = bytearray(data.draw(st.sampled_from(samples())))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 60))
        raw[at : at + cut] = data.draw(PIECES | st.binary(max_size=4))
    check(parse(bytes(raw)))
