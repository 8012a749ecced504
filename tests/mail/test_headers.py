"""Subject, ids and the list of fields for rules."""

from __future__ import annotations

import pytest

from mailtrack.mail.fields import header_from
from mailtrack.mail.headers import (
    SINGLETONS,
    doubled,
    in_reply_to_from,
    message_id_from,
    references_from,
    shown_headers,
    subject_from,
)
from mailtrack.mail.limits import (
    FIELD_SHOWN_CHARS_MAX,
    FIELDS_SHOWN_MAX,
    ID_CHARS_MAX,
    REFERENCES_MAX,
    SUBJECT_CHARS_MAX,
)

LONGEST_ID = "<" + "a" * (ID_CHARS_MAX - 4) + "@b>"


def header(text: str | bytes):
    raw = (text.encode() if isinstance(text, str) else text) + b"\r\n\r\n"
    return header_from(raw, 0, len(raw))


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("Subject: plain", "plain"),
        ("Subject: two\r\n lines", "two lines"),
        ("Subject:", ""),
        ("To: x", ""),
        ("Subject: first\r\nSubject: second", "first"),
        ("Subject: =?utf-8?q?a=0D=0ABcc:_x@y?=", "a Bcc: x@y"),
        ("Subject: a\x0bb\x1cc\u2028d\u0085e\u202ef\x1bg", "a b c d e f g"),
        ("Subject: \u00adsoft 👩\u200d💻", "\u00adsoft 👩\u200d💻"),
    ],
)
def test_a81_a82_a_subject_is_one_line_without_controls(raw, subject):
    assert subject_from(header(raw)) == subject


def test_a83_a_subject_is_cut_at_its_bound():
    assert len(subject_from(header("Subject: " + "x" * SUBJECT_CHARS_MAX))) == SUBJECT_CHARS_MAX
    assert len(subject_from(header("Subject: " + "x" * 400_000))) == SUBJECT_CHARS_MAX


def test_a_raw_subject_is_read_with_the_charset_of_the_mail():
    raw = "Subject: тест".encode("cp1251")
    assert subject_from(header(raw), "windows-1251") == "тест"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("Message-ID: <a@b>", "<a@b>"),
        ("Message-ID: (comment) <a.b-c@[192.0.2.1]> trailing", "<a.b-c@[192.0.2.1]>"),
        ("Message-ID: <20260302-no-at-sign>", "<20260302-no-at-sign>"),
        ("Message-ID: <@>", None),
        ("Message-ID: <a@>", None),
        ("Message-ID:", None),
        ("Message-ID: no brackets@x", None),
        ("Message-ID: <a b@x>", None),
        ("X: y", None),
        ("Message-ID: " + LONGEST_ID, LONGEST_ID),
        ("Message-ID: <a" + LONGEST_ID[1:], None),
    ],
)  # fmt: skip
def test_a86_message_ids_have_a_strict_shape(raw, found):
    assert message_id_from(header(raw)) == found


def test_references_are_the_last_ones_each_once_in_order():
    ids = [f"<{number}@x>" for number in range(REFERENCES_MAX + 1)]
    found = references_from(header("References: " + "\r\n ".join([*ids, ids[-1]])))
    assert found == tuple(ids[1:])


def test_in_reply_to_is_found_among_other_words():
    raw = 'In-Reply-To: Your mail of "Mon, 2 Mar" <a@b>\r\n\t<c@d>'
    assert in_reply_to_from(header(raw)) == ("<a@b>", "<c@d>")


@pytest.mark.parametrize("name", SINGLETONS)
def test_a_singleton_that_stands_twice_is_a_defect(name):
    assert [defect.detail for defect in doubled(header(f"{name}: a\r\n{name}: b"))] == [name]
    assert doubled(header(f"{name}: a")) == ()


def test_fields_for_rules_are_decoded_and_bounded():
    raw = "".join(
        f"X-{number}: =?utf-8?q?=D0=B0?=\r\n" for number in range(FIELDS_SHOWN_MAX + 1)
    )
    shown, _ = shown_headers(header(raw + "X-Long: " + "x" * 10_000))
    assert len(shown) == FIELDS_SHOWN_MAX
    assert shown[0] == ("x-0", "а")
    (_, value), *_ = shown_headers(header("X-Long: " + "x" * 10_000))[0]
    assert len(value) == FIELD_SHOWN_CHARS_MAX
