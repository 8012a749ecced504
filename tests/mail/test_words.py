"""Encoded words as real mail writes them."""

from __future__ import annotations

import pytest

from mailtrack.mail.limits import ENCODED_WORDS_MAX
from mailtrack.mail.words import base64_bytes, decoded_words, header_text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("=?utf-8?Q?Rechnung_=C3=A4?=", "Rechnung ä"),
        ("=?utf-8?q?=D0=9F=D1?= =?utf-8?q?=80=D0=B8?=", "При"),  # cut within a character
        ("=?UTF-8?B?0J8=?=\r\n =?UTF-8?B?0YDQuA==?=", "При"),
        ("=?utf-8?b?0J_=?=", "Ð"),  # broken base64 still is something
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"),
        ("=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=", "日本"),
        ("=?utf-8*en?q?b?=", "b"),
        ("=?x-unknown?q?b=FF?=", "bÿ"),
        ("Q: =?", "Q: =?"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("a=?utf-8?q?b?=c", "abc"),
    ],
)
def test_words_become_text(written, text):
    assert decoded_words(written) == text


def test_words_past_the_bound_stay_as_they_are():
    words = decoded_words("=?utf-8?q?a?= " * (ENCODED_WORDS_MAX + 1))
    assert words.startswith("a" * ENCODED_WORDS_MAX + " =?")


def test_raw_bytes_and_words_may_stand_in_one_field():
    assert header_text("Ж =?utf-8?q?=D0=96?=".encode())[0] == "Ж Ж"


@pytest.mark.parametrize(
    ("written", "content"),
    [
        (b"YWJj", b"abc"),
        (b"YW Jj\n", b"abc"),
        (b"YQ==YQ==", b"aa"),
        (b"Y", b""),
        (b"YWI", b"ab"),
    ],
)
def test_broken_base64_gives_what_it_holds(written, content):
    assert base64_bytes(written) == content
