"""The leaves of a mail: which are words, which are files, and what they are called."""

from __future__ import annotations

import base64

import pytest
from raw_mail import html_mail, mail, multipart, part, text_mail, tnef, tnef_file

from mailtrack.mail.parse import attachment_bytes, parse

PLAIN = part(b"plain words", "Content-Type: text/plain; charset=utf-8")
HTML = part(b"<p>html <b>words</b></p>", "Content-Type: text/html; charset=utf-8")
PDF = part(
    base64.encodebytes(b"%PDF-1.7"),
    "Content-Type: application/pdf",
    'Content-Disposition: attachment; filename="a.pdf"',
    "Content-Transfer-Encoding: base64",
)
PNG = part(
    b"\x89PNG", "Content-Type: image/png; name=logo.png", "Content-ID: <logo@x>",
    "Content-Disposition: inline",
)  # fmt: skip
FORWARDED = part(b"From: x@y.example\r\nSubject: inner\r\n\r\ninner words",
                 "Content-Type: message/rfc822")  # fmt: skip


def names(raw: bytes) -> list[str]:
    return [attachment.name for attachment in parse(raw).attachments]


@pytest.mark.parametrize(
    ("raw", "text", "files"),
    [
        (multipart("mixed", PLAIN, PDF), "plain words", ["a.pdf"]),
        (multipart("alternative", PLAIN, HTML), "plain words", []),
        (multipart("alternative", HTML, PLAIN), "plain words", []),
        (multipart("alternative", part(b" \r\n", "Content-Type: text/plain"), HTML),
         "html words", []),
        (multipart("related", HTML, PNG), "html words", ["logo.png"]),
        (multipart("mixed", PLAIN, PNG, part(b"more", "Content-Type: text/plain")),
         "plain words\n\nmore", ["logo.png"]),
        (multipart("mixed", part(b"other talk entirely", "Content-Type: text/plain"), HTML),
         "other talk entirely\n\nhtml words", []),
        (multipart("mixed", part(b"html words", "Content-Type: text/plain"), HTML),
         "html words", []),
        (multipart("mixed", PLAIN, FORWARDED), "plain words", ["attachment-2.eml"]),
        (multipart("mixed", PLAIN, part(b"notes", "Content-Type: text/plain; name=n.txt",
                                        "Content-Disposition: attachment")),
         "plain words", ["n.txt"]),
        (multipart("mixed", PLAIN, part(b"notes", "Content-Type: text/plain; name=n.txt")),
         "plain words", ["n.txt"]),
        (mail(b"only words", "Content-Type: text/plain; name=notes.txt"), "only words", []),
        (multipart("alternative", PLAIN, part(b"BEGIN:", "Content-Type: text/calendar")),
         "plain words", ["invite.ics"]),
        (multipart("mixed", part(b"", "Content-Type: image/gif")), "", ["attachment-1.gif"]),
        (multipart("alternative", PLAIN, part(b"<b>x</b>", "Content-Type: text/x-amp-html")),
         "plain words", []),
        (mail(b"<bold>rich</bold> words", "Content-Type: text/enriched"), "rich words", []),
        (html_mail("<p>html words</p>"), "html words", []),
        (mail(b"words without any label"), "words without any label", []),
        (multipart("mixed", PLAIN, PDF, closed=False), "plain words", ["a.pdf"]),
    ],
)  # fmt: skip
def test_words_and_files_are_told_apart(raw, text, files):
    parsed = parse(raw)
    assert parsed.text.strip() == text
    assert [attachment.name for attachment in parsed.attachments] == files


def test_an_inline_image_is_known_by_its_content_id():
    (image,) = parse(multipart("related", HTML, PNG)).attachments
    assert (image.content_id, image.is_inline, image.content_type) == (
        "logo@x", True, "image/png",
    )  # fmt: skip


def test_each_attachment_is_found_again_by_its_index():
    raw = multipart("mixed", PLAIN, PDF, FORWARDED, PNG)
    contents = [attachment_bytes(raw, each.index) for each in parse(raw).attachments]
    assert contents == [
        b"%PDF-1.7",
        b"From: x@y.example\r\nSubject: inner\r\n\r\ninner words",
        b"\x89PNG",
    ]
    assert attachment_bytes(raw, 99) == b""
    assert attachment_bytes(raw, -1) == b""


def test_an_embedded_mail_stays_one_leaf_with_all_it_holds():
    inner = multipart("mixed", PLAIN, PDF, boundary="inner")
    raw = multipart("mixed", PLAIN, part(inner, "Content-Type: message/rfc822"))
    parsed = parse(raw)
    assert parsed.text == "plain words"
    assert [each.content_type for each in parsed.attachments] == ["message/rfc822"]
    assert attachment_bytes(raw, parsed.attachments[0].index) == inner


def test_uuencoded_files_become_attachments_behind_their_text():
    raw = text_mail(b"see\r\nbegin 644 up.txt\r\n#86)C\r\n`\r\nend\r\nbye\r\n")
    parsed = parse(raw)
    assert parsed.text.split() == ["see", "bye"]
    assert [(each.index, each.name) for each in parsed.attachments] == [(1, "up.txt")]
    assert attachment_bytes(raw, 1) == b"abc"


def test_s27_files_in_winmail_dat_stand_behind_it():
    stream = base64.encodebytes(tnef(tnef_file(b"a.pdf", b"%PDF")))
    winmail = part(stream, "Content-Type: application/ms-tnef; name=winmail.dat",
                   "Content-Transfer-Encoding: base64")  # fmt: skip
    raw = multipart("mixed", PLAIN, winmail, PDF)
    assert names(raw) == ["winmail.dat", "a.pdf", "a.pdf"]
    assert [attachment_bytes(raw, index) for index in (2, 3)] == [b"%PDF", b"%PDF-1.7"]
    broken = multipart("mixed", PLAIN, part(b"x", "Content-Type: application/ms-tnef"))
    assert names(broken) == ["attachment-2.dat"]
    assert "tnef.unreadable" in {defect.code for defect in parse(broken).defects}


def test_flowed_text_is_joined_as_its_parameters_say():
    assert parse(text_mail(b"one \r\ntwo", "utf-8", format="flowed")).text == "one two"
    assert parse(text_mail(b"one \r\ntwo", "utf-8")).text == "one \ntwo"


def test_s18_backslashes_arrive_as_they_were_written():
    words = rb"C:\new\table \u20ac"
    assert parse(text_mail(words, "utf-8")).text == words.decode()


def test_html_beside_a_plain_footer_is_whole_for_a_reader_of_html():
    footer = part(b"list <footer>", "Content-Type: text/plain")
    html = parse(multipart("mixed", HTML, footer)).html
    assert html is not None
    assert "<b>words</b>" in html and "list &lt;footer&gt;" in html
