"""Transfer encodings undone, however broken."""

from __future__ import annotations

import base64

import pytest

from mailtrack.mail.transfer import decoded

CONTENT = b"Hello, world of mail! " * 3
BASE64 = base64.encodebytes(CONTENT)


@pytest.mark.parametrize(
    ("body", "encoding", "content", "flaw"),
    [
        (b"a=\r\nb=3D", "quoted-printable", b"ab=", ""),
        (b"a=3", "Quoted-Printable;", b"a=3", ""),
        (b"a=\nb", "quoted printable", b"ab", ""),
        (b"a=ZZ", "quoted-printable", b"a=ZZ", ""),
        (BASE64, "base64", CONTENT, ""),
        (BASE64.rstrip(b"=\n"), "BASE64", CONTENT, ""),
        (b"YWI=\n-- \nlist footer", "base64", b"ab", "transfer.base64_footer"),
        (b"YWJj\n!ZGVm", "base64", b"abcdef", ""),
        (b"YQ==\nYg==\n", "base64", b"ab", "transfer.base64_pieces"),
        (b"YWI= ignored", "base64", b"ab", "transfer.base64_footer"),
        (b"YWJjZ", "base64", b"abc", "transfer.base64"),
        (b"as it is", "", b"as it is", ""),
        (b"as it is", "8-bit", b"as it is", ""),
        (b"as it is", "base9000", b"as it is", "transfer.unknown"),
        (b"begin 644 a\n#86)C\n`\nend\n", "x-uuencode", b"abc", ""),
        (b"no uuencode", "uuencode", b"no uuencode", "transfer.uuencode"),
    ],
)
def test_a_body_is_decoded(body, encoding, content, flaw):
    assert decoded(body, encoding) == (content, flaw)


@pytest.mark.parametrize("content", [CONTENT, CONTENT + b".", CONTENT + b".."])
@pytest.mark.parametrize("footer", [b"_____\nUnsubscribe here", b"Unsubscribe\nright here"])
def test_a_text_keeps_what_a_list_wrote_behind_its_base64(content, footer):
    body = base64.encodebytes(content) + b"\n" + footer
    assert decoded(body, "base64", is_text=True) == (
        content + b"\n" + footer,
        "transfer.base64_footer",
    )


def test_words_that_nobody_encoded_stay_words():
    body = b"This was never encoded, it only says so."
    assert decoded(body, "base64", is_text=True) == (body, "transfer.not_base64")
