"""Files inside winmail.dat."""

from __future__ import annotations

import struct

import pytest
from raw_mail import tnef, tnef_attribute, tnef_file

from mailtrack.mail.limits import TNEF_FILES_MAX
from mailtrack.mail.tnef import tnef_files


def long_name(name: str) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    padded = written + b"\0" * (-len(written) % 4)
    heads = struct.pack("<I", 2) + struct.pack("<HHi", 3, 0x3705, 1)
    return heads + struct.pack("<HHII", 0x1F, 0x3707, 1, len(written)) + padded


def test_files_come_out_with_their_names():
    stream = tnef(
        tnef_attribute(0x8006, b"of the mail", level=1),
        tnef_file(b"A~1.PDF", b"%PDF", long_name("звіт.pdf")),
        tnef_file(b"b.txt", b"words"),
    )
    found = tnef_files(stream)
    assert found is not None
    assert [(file.name, file.content) for file in found] == [
        ("звіт.pdf", b"%PDF"),
        ("b.txt", b"words"),
    ]


@pytest.mark.parametrize("stream", [b"", b"PK\x03\x04 no tnef", b"\x78\x9f\x3e"])
def test_what_is_no_tnef_is_left_alone(stream):
    assert tnef_files(stream) is None


def test_a91_a_stream_that_lies_about_lengths_ends_the_reading():
    whole = tnef(tnef_file(b"a.txt", b"words"))
    liar = whole + struct.pack("<BHHI", 2, 0x800F, 6, 0xFFFFFFFF) + b"x"
    found = tnef_files(liar)
    assert found is not None and found[0].content == b"words"
    for cut in range(6, len(whole)):
        tnef_files(whole[:cut])
    assert (
        tnef_files(tnef(tnef_file(b"a", b"b", struct.pack("<IHHI", 9, 0x101F, 1, 2**31)))) != ()
    )


def test_files_past_the_bound_are_left_inside():
    found = tnef_files(tnef(*[tnef_file(b"a", b"b")] * (TNEF_FILES_MAX + 1)))
    assert found is not None and len(found) == TNEF_FILES_MAX
