"""Mails made to hurt their reader: each costs little and is a mail (security, A81 to A98)."""

from __future__ import annotations

import base64
import random
import resource
import time
import tracemalloc

import pytest
from bombs import HOSTILE
from raw_mail import multipart, part

from mailtrack.mail.inspect import page
from mailtrack.mail.message import ParsedMail
from mailtrack.mail.parse import attachment_bytes, parse

# The gate is 2 s and 512 MB. Tests run beside others on slow machines, so time is counted as
# processor time.
CPU_SECONDS_MAX = 2.0
MEMORY_BYTES_MAX = 512 * 1024 * 1024


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("name", HOSTILE)
def test_a81_to_a98_a_hostile_mail_is_read_in_bounded_time(name):
    begun = cpu_seconds()
    parsed = parse(HOSTILE[name])
    assert cpu_seconds() - begun < CPU_SECONDS_MAX
    assert not [each for each in parsed.defects if each.code.startswith("unforeseen")]
    begun = cpu_seconds()
    parse(HOSTILE[name], shallow=True)
    assert cpu_seconds() - begun < CPU_SECONDS_MAX


@pytest.mark.parametrize(
    "name",
    ["a84 50,000 parts", "a89 20 MB of HTML", "one line of 10 MB", "a93 pieces of base64",
     "a84 2,000 nested mails"],
)  # fmt: skip
def test_a81_to_a98_a_hostile_mail_needs_bounded_memory(name):
    tracemalloc.start()
    try:
        parse(HOSTILE[name])
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES_MAX
    finally:
        tracemalloc.stop()


def outcome(name: str) -> ParsedMail:
    return parse(HOSTILE[name])


def test_a81_a_header_hidden_in_a_word_stays_in_its_line():
    assert outcome("a81 header in an encoded word").subject == "a Bcc: x@y"


def test_a84_what_is_too_deep_is_read_shallowly_with_its_first_text():
    deep = outcome("a84 1,000 nested multiparts")
    assert deep.is_shallow and deep.sender_email_shown == "a@b.example"
    many = outcome("a84 50,000 parts")
    assert many.is_shallow and many.text.strip() == "x"
    assert "mime.too_complex" in {each.code for each in many.defects}


def test_a88_a_script_in_another_charset_is_no_script():
    parsed = outcome("a88 script in UTF-7")
    assert parsed.html is not None and "script" not in parsed.html


def test_a89_words_under_a_bomb_are_still_read():
    assert outcome("a89 50,000 nested divs").text == "words"


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + b"\0" * 42_374,
        b"\x1f\x8b\x08" + b"\0" * 10_000,
        b"\x78\x9f\x3e\x22" * 999,
    ],
    ids=["zip", "gzip", "tnef"],
)
def test_a91_packed_files_stay_closed(content):
    raw = multipart("mixed", part(content, "Content-Type: application/zip; name=a.zip"))
    (attachment,) = parse(raw).attachments
    assert attachment.size_bytes == len(content)
    assert attachment_bytes(raw, attachment.index) == content


def test_a92_of_two_names_the_first_counts():
    twice = part(b"x", "Content-Type: a/b", "Content-Disposition: attachment;"
                 ' filename="a.txt"; filename="../b.exe"')  # fmt: skip
    assert [each.name for each in parse(multipart("mixed", twice)).attachments] == ["a.txt"]


@pytest.mark.parametrize(
    "name", ["a98 nothing", "a98 an empty line", "a98 a header alone", "a98 a body alone"]
)
def test_a98_the_least_of_mails_are_mails(name):
    parsed = outcome(name)
    assert parsed.attachments == ()
    assert page(HOSTILE[name])


def test_25_mb_of_files_are_read_within_a_second_and_five_times_their_size():
    content = base64.encodebytes(random.Random(1).randbytes(18_000_000))
    fields = ("Content-Type: application/pdf", "Content-Transfer-Encoding: base64")
    raw = multipart("mixed", part(b"see"), part(content, *fields))
    begun = time.process_time()
    assert len(parse(raw).attachments) == 1
    assert time.process_time() - begun < 1.0
    tracemalloc.start()
    try:
        parse(raw)
        assert tracemalloc.get_traced_memory()[1] < 5 * len(raw)
    finally:
        tracemalloc.stop()
