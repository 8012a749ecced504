"""Files that stand in a text as uuencode."""

from __future__ import annotations

import binascii

import pytest

from mailtrack.mail.limits import UUENCODED_FILES_MAX
from mailtrack.mail.uuencode import UuencodedFile, without_files

CONTENT = bytes(range(256)) * 2


def uuencoded(content: bytes, name: bytes = b"a.bin") -> bytes:
    lines = (binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 " + name + b"\n" + b"".join(lines) + b"`\nend\n"


def test_files_are_taken_out_and_words_stay():
    text = b"before\n" + uuencoded(CONTENT) + b"between\n" + uuencoded(b"x", b"") + b"after\n"
    kept, files = without_files(text)
    assert files == (UuencodedFile(b"a.bin", CONTENT), UuencodedFile(b"", b"x"))
    assert kept.split() == [b"before", b"between", b"after"]


def test_blanks_lost_at_line_ends_stand_for_zeros():
    text = b"begin 644 a\n" + binascii.b2a_uu(b"abc\0\0\0").rstrip() + b"\n`\nend\n"
    assert without_files(text)[1][0].content == b"abc\0\0\0"


@pytest.mark.parametrize(
    "text",
    [
        b"Let us begin 644 times\nend\n",
        b"begin 644 never-ended\nM86)C\n",
        b"begin 644 words.txt\nThese are words.\nend\n",
        b"",
    ],
)
def test_what_is_no_uuencode_stays_text(text):
    assert without_files(text) == (text, ())


def test_files_past_the_bound_stay_text():
    kept, files = without_files(uuencoded(b"x") * (UUENCODED_FILES_MAX + 1))
    assert len(files) == UUENCODED_FILES_MAX
    assert kept.count(b"begin 644") == 1
