"""The stdlib's message as our skeleton shows it."""

from __future__ import annotations

from email.message import Message

import pytest
from raw_mail import mail, multipart, part, text_mail

from mailtrack.mail.limits import MESSAGE_NESTING_MAX, STDLIB_FIELD_BYTES_MAX
from mailtrack.mail.prescan import prescan
from mailtrack.mail.tree import stdlib_message

STATUS = (
    b"Reporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    b"Final-Recipient: rfc822; c@d.example\r\nAction: delayed\r\n"
)


def tree(raw: bytes) -> Message:
    return stdlib_message(prescan(raw))


def test_parts_stand_in_their_order_with_their_headers():
    message = tree(multipart("mixed", part(b"one"), part(b"two", "Content-Type: text/html")))
    assert message.is_multipart()
    assert [each.get_content_type() for each in message.walk()] == [
        "multipart/mixed", "text/plain", "text/html",
    ]  # fmt: skip
    assert [each.get_payload() for each in message.get_payload()] == ["one", "two"]


def test_a_delivery_report_is_a_list_of_header_blocks():
    raw = multipart("report", part(STATUS, "Content-Type: message/delivery-status"))
    blocks = tree(raw).get_payload(0).get_payload()
    assert [block["Final-Recipient"] for block in blocks] == [
        None, "rfc822; a@b.example", "rfc822; c@d.example",
    ]  # fmt: skip
    assert blocks[1]["Status"] == "5.1.1"


def test_a_mail_inside_is_opened():
    raw = multipart("report", part(mail(b"inner"), "Content-Type: message/rfc822"))
    inner = tree(raw).get_payload(0).get_payload(0)
    assert (inner["Subject"], inner.get_payload()) == ("hi", "inner")


def test_a_base64_mail_inside_is_opened_too():
    raw = mail(b"U3ViamVjdDogeA0KDQp5", "Content-Type: message/rfc822",
               "Content-Transfer-Encoding: base64")  # fmt: skip
    assert tree(raw).get_payload(0)["Subject"] == "x"


def test_mails_inside_mails_are_opened_to_a_bound():
    raw = mail(b"Content-Type: message/rfc822\r\n\r\n" * 100, "Content-Type: message/rfc822")
    message, depth = tree(raw), 0
    while message.is_multipart():
        message, depth = message.get_payload(0), depth + 1
    assert depth == MESSAGE_NESTING_MAX


def test_content_of_files_is_left_out():
    assert tree(mail(b"%PDF", "Content-Type: application/pdf")).get_payload() == ""


@pytest.mark.parametrize("charset", ["\0", "rot13", "idna", "zlib", "utf-8", ""])
def test_a88_no_charset_makes_the_stdlib_stumble(charset):
    message = tree(text_mail("тест".encode(), charset))
    assert message.get_payload() == "тест"
    message.get_content_charset()


def test_raw_bytes_in_a_field_are_text():
    assert tree(b"From: \xffx\r\n\r\n").get("from").lower() == "\ufffdx"


def test_fields_of_parameters_are_cut_before_the_stdlib_takes_them_apart():
    message = tree(mail(b"", "Content-Type: text/plain" + "; a=b" * 5000))
    assert len(message["Content-Type"]) == STDLIB_FIELD_BYTES_MAX
