"""A mail as values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from raw_mail import HEADER, html_mail, mail, multipart, part, text_mail

from mailtrack.mail.limits import (
    ADDRESSES_PER_FIELD_MAX,
    ATTACHMENTS_MAX,
    DEFECTS_MAX,
    INLINE_BYTES_MAX,
    INLINE_PARTS_MAX,
    SHALLOW_TEXT_BYTES_MAX,
)
from mailtrack.mail.message import Kind
from mailtrack.mail.parse import is_harmless, parse


def test_the_facts_of_an_ordinary_mail():
    parsed = parse(
        mail(
            "Він горить.\r\n".encode(),
            "Cc: Bob <bob@client.example>, =?utf-8?q?=D0=9E=D0=BB=D1=8F?= <o@x.example>",
            "Reply-To: other@client.example",
            "Date: Mon, 2 Mar 2026 10:00:00 +0100",
            "Message-ID: <a@client.example>",
            "In-Reply-To: <b@desk.example>",
            "References: <c@desk.example> <b@desk.example>",
            "Content-Type: text/plain; charset=utf-8",
        )
    )
    assert str(parsed.sender) == "Dana <dana@client.example>"
    assert (parsed.sender_email_shown, parsed.sender_name_shown) == (
        "dana@client.example",
        "Dana",
    )
    assert [str(each) for each in parsed.to] == ["help@desk.example"]
    assert [each.name for each in parsed.cc] == ["Bob", "Оля"]
    assert [str(each) for each in parsed.reply_to] == ["other@client.example"]
    assert parsed.date == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert parsed.message_id == "<a@client.example>"
    assert parsed.in_reply_to == ("<b@desk.example>",)
    assert parsed.references == ("<c@desk.example>", "<b@desk.example>")
    assert (parsed.text, parsed.reply) == ("Він горить.\n", "Він горить.")
    assert parsed.kind is Kind.HUMAN
    assert parsed.header("in-reply-to") == "<b@desk.example>"
    assert (parsed.html, parsed.attachments, parsed.defects) == (None, (), ())


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"To: a@b\r\n", "from.missing"),
        (b"From: a@b.example (x)\r\n", "from.unclear"),
        (b"From: a@b.example\r\nFrom: c@d.example\r\n", "from.unclear"),
        (b"From: a@b.example\r\nSubject: a\r\nSubject: b\r\n", "header.doubled"),
        (b"From: a@b.example\r\nContent-Type: multipart/mixed\r\n", "mime.boundary_missing"),
        (b"From: \xc0\xc1\xc2 <a@b.example>\r\n", "header.raw_8bit"),
    ],
)
def test_what_is_wrong_is_said(header, code):
    assert code in {defect.code for defect in parse(header + b"\r\nbody").defects}


def test_a15_two_froms_are_nobody_whichever_comes_first():
    for froms in (b"From: ivan@corp.example\r\nFrom: x@evil.example\r\n",
                  b"From: x@evil.example\r\nFrom: ivan@corp.example\r\n"):  # fmt: skip
        assert parse(froms + b"\r\nhi").sender is None


@pytest.mark.parametrize(
    "value",
    [
        "Fri, 1 Jan 10000000000000 00:00:00 +0000",
        "",
        "Fri, 1 Jan 2021 00:00:00 +9999999",
        "yesterday",
        "0",
        "Mon, 99 Foo 2021 99:99:99",
        "x" * 5000,
    ],
)
def test_a87_a_date_that_is_none_is_none(value):
    assert parse(mail(b"hi", f"Date: {value}")).date is None


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Mon, 2 Mar 2026 10:00:00 +0100 (CET)", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2 Mar 2026 10:00 GMT", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("Mon, 2 Mar 2026 10:00:00", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("Mon, 2 Mar 26 10:00:00 -0000", datetime(2026, 3, 2, 10, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_old_forms_too(value, date):
    assert parse(mail(b"hi", f"Date: {value}")).date == date


def test_s3_the_content_hash_ignores_what_a_list_changes():
    one = mail(b"words", "Message-ID: <a@b>", "Date: Mon, 2 Mar 2026 10:00:00 +0000")
    copy = b"Received: from x by y\r\nList-Id: <l.x>\r\n" + mail(
        b"words\r\n", "Date: Mon, 2 Mar 2026 10:00:00 +0000", "Message-ID: <c@d>"
    )
    assert parse(one).content_hash == parse(copy).content_hash


def test_a97_the_same_id_with_other_words_is_another_mail():
    date = "Date: Mon, 2 Mar 2026 10:00:00 +0000"
    one, two = (mail(words, "Message-ID: <a@b>", date) for words in (b"one", b"two"))
    assert parse(one).content_hash != parse(two).content_hash
    attached = part(b"x", "Content-Type: image/png")
    with_image = date.encode() + b"\r\n" + multipart("mixed", part(b"one"), attached)
    without = date.encode() + b"\r\n" + multipart("mixed", part(b"one"))
    assert parse(with_image).content_hash != parse(without).content_hash


@pytest.mark.parametrize(
    ("headers", "words", "is_same"),
    [
        (["Received: from x by y", "Message-ID: <a@b>", "Subject: S"], b"words\r\n", True),
        (["Message-ID: <c@d>", "Subject: S"], b"words", False),
        (["Message-ID: <a@b>", "Subject: T"], b"words", False),
        (["Message-ID: <a@b>", "Subject: S"], b"other words", False),
        (["Message-ID: <a@b>", "Subject: S", "From: eve@other.example"], b"words", False),
        (
            ["Message-ID: <a@b>", "Subject: S", "Date: Mon, 2 Mar 2026 10:00:00 +0000"],
            b"words",
            False,
        ),
        (["Message-ID: <a@b>", "Subject: S", "Date: yesterday"], b"words", True),
        (["Subject: S"], b"words", False),
    ],
)
def test_f31_without_a_date_the_id_has_to_be_the_same(headers, words, is_same):
    one = parse(mail(b"words", "Message-ID: <a@b>", "Subject: S"))
    assert one.date is None
    assert (parse(mail(words, *headers)).content_hash == one.content_hash) is is_same


def test_two_mails_that_say_nothing_are_not_the_same_mail():
    assert parse(mail(b"words")).content_hash == "", "there is neither date nor id"
    nothing = mail(b"", "Date: Mon, 2 Mar 2026 10:00:00 +0000")
    assert parse(nothing).content_hash == ""


def test_addresses_at_the_bound_are_taken_and_one_more_is_not():
    many = ", ".join(f"a{number}@b.example" for number in range(ADDRESSES_PER_FIELD_MAX + 1))
    assert len(parse(mail(b"", f"Cc: {many}")).cc) == ADDRESSES_PER_FIELD_MAX


@pytest.mark.parametrize(
    ("field", "addresses"),
    [
        ("a@b.example, c@d.example", ["a@b.example", "c@d.example"]),
        ("Group: a@b.example, C <c@d.example>;", ["a@b.example", "c@d.example"]),
        ("a@b.example (comment)", ["a@b.example"]),
        ('"unclosed <a@b.example>', ["a@b.example"]),
        ("<<a@b.example>>", ["a@b.example"]),
        ("x@y.example <a@b.example>", ["a@b.example"]),
        ("undisclosed-recipients:;", []),
        ("", []),
        ("a@under_score.example", []),
    ],
)
def test_address_lists_are_read_tolerantly(field, addresses):
    assert [str(each.address) for each in parse(mail(b"", f"To: {field}")).to] == addresses


def test_attachments_past_the_bound_are_counted_and_said():
    files = [part(b"x", "Content-Type: image/png")] * (ATTACHMENTS_MAX + 1)
    parsed = parse(multipart("mixed", *files))
    assert len(parsed.attachments) == ATTACHMENTS_MAX
    assert "attachments.too_many" in {defect.code for defect in parsed.defects}


def test_defects_are_bounded():
    parts = [
        part(b"\xff\xfe\xfd", f"Content-Type: text/plain; charset=x{n}") for n in range(90)
    ]
    assert len(parse(multipart("mixed", *parts)).defects) <= DEFECTS_MAX


def test_a_shallow_reading_gives_safe_headers_and_the_first_text():
    words = b"first words " * 10_000
    raw = multipart("mixed", part(words), part(b"x", "Content-Type: image/png"))
    parsed = parse(raw, shallow=True)
    assert parsed.is_shallow and str(parsed.sender) == "Dana <dana@client.example>"
    assert parsed.text == words.decode()[:SHALLOW_TEXT_BYTES_MAX]
    assert parsed.attachments == ()


def test_s63_a_wish_for_no_answer_alone_is_still_a_person():
    assert parse(mail(b"hi", "X-Auto-Response-Suppress: All")).kind is Kind.HUMAN


@pytest.mark.parametrize(
    ("raw", "harmless"),
    [
        (text_mail(b"hello"), True),
        (html_mail("<p>hello</p>"), True),
        (text_mail(b"x" * (INLINE_BYTES_MAX - len(HEADER) - 100)), True),
        (text_mail(b"x" * INLINE_BYTES_MAX), False),
        (html_mail("<p>" * 2000), False),
        (text_mail("тест".encode()), True),
        (text_mail("тест".encode("cp1251"), "windows-1251"), True),
        (text_mail("тест".encode("cp1251")), False),
        (multipart("mixed", *[part(b"x")] * (INLINE_PARTS_MAX - 1)), True),
        (multipart("mixed", *[part(b"x")] * INLINE_PARTS_MAX), False),
        (mail(b"PGI+" * 4000, "Content-Type: text/html", "Content-Transfer-Encoding: base64"),
         False),
    ],
)  # fmt: skip
def test_only_small_and_simple_mails_are_harmless(raw, harmless):
    assert is_harmless(raw) is harmless


def test_a_farewell_below_the_new_words_is_folded_beside_them():
    parsed = parse(text_mail(b"It works.\r\n\r\nBest regards,\r\nIvan\r\n"))
    assert (parsed.reply, parsed.signature) == ("It works.", "Best regards,\nIvan")


@pytest.mark.parametrize(
    "body", [b"It works.\r\n", b"Best regards,\r\nIvan\r\n", b"-- \r\nIvan"]
)
def test_no_words_stand_in_the_reply_and_in_the_signature(body):
    assert parse(text_mail(body)).signature == ""
