"""Which branch of alternatives is read, and which pieces make the body."""

from __future__ import annotations

import pytest
from raw_mail import multipart, part

from mailtrack.mail.body import body_html, body_text
from mailtrack.mail.parts import leaves_of
from mailtrack.mail.prescan import prescan

PLAIN = part(b"plain words", "Content-Type: text/plain")
HTML = part(b"<p>html words</p>", "Content-Type: text/html")
EMPTY = part(b"  \r\n", "Content-Type: text/plain")
RELATED = part(b"--r\r\n" + HTML + b"\r\n--r--", "Content-Type: multipart/related; boundary=r")
INVITE = part(b"BEGIN:VEVENT\r\nSUMMARY:Meet\r\n", "Content-Type: text/calendar")


def leaves(kind: str, *parts: bytes):
    return leaves_of(prescan(multipart(kind, *parts))).leaves


@pytest.mark.parametrize(
    ("kind", "parts", "text", "html"),
    [
        ("alternative", (PLAIN, HTML), "plain words", "<p>html words</p>"),
        ("alternative", (PLAIN, RELATED), "plain words", "<p>html words</p>"),
        ("alternative", (RELATED,), "html words", "<p>html words</p>"),
        ("alternative", (EMPTY, HTML), "html words", "<p>html words</p>"),
        ("alternative", (EMPTY,), "", None),
        ("mixed", (PLAIN, PLAIN), "plain words\n\nplain words", None),
        ("mixed", (HTML, PLAIN), "html words\n\nplain words",
         "<p>html words</p>\n<pre>plain words</pre>"),
        ("mixed", (INVITE,), "Meet", None),
        ("mixed", (PLAIN, INVITE), "plain words", None),
        ("related", (HTML, part(b"x", "Content-Type: image/png")), "html words",
         "<p>html words</p>"),
    ],
)  # fmt: skip
def test_the_body_is_what_its_writer_meant_to_be_read(kind, parts, text, html):
    found = leaves(kind, *parts)
    assert body_text(found).strip() == text
    assert body_html(found) == html


def test_each_alternative_is_settled_for_itself():
    inner = b"--i\r\n" + PLAIN + b"\r\n--i\r\n" + HTML + b"\r\n--i--"
    nested = part(inner, "Content-Type: multipart/alternative; boundary=i")
    assert body_text(leaves("mixed", nested, nested)) == "plain words\n\nplain words"
