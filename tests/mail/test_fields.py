"""Where a header ends, and what a line in it that is no field means."""

from __future__ import annotations

import pytest

from mailtrack.mail.fields import header_from
from mailtrack.mail.limits import FIELD_BYTES_MAX, FIELDS_MAX, HEADER_BYTES_MAX


def read(raw: bytes):
    header = header_from(raw, 0, len(raw))
    return [(field.name, field.value) for field in header.fields], raw[header.body_start :]


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"A: b\r\n\r\nbody", [("a", b"b")], b"body"),
        (b"A: b\n\nbody", [("a", b"b")], b"body"),
        (b"A : b\n c\n\td\n\nbody", [("a", b"b c\td")], b"body"),
        (b"A:\n\nbody", [("a", b"")], b"body"),
        (b"From x@y Mon\nA: b\n\nbody", [("a", b"b")], b"body"),
        (b"no header\n\nat all", [], b"no header\n\nat all"),
        (b"A: b\nbody at once\nmore", [("a", b"b")], b"body at once\nmore"),
        (b"X-A: b\nc badly wrapped\nSubject: s\n\nbody",
         [("x-a", b"b c badly wrapped"), ("subject", b"s")], b"body"),
        (b" From: a\nTo: b\n\nbody", [("from", b"a"), ("to", b"b")], b"body"),
        (b" \nFrom: a\n\nbody", [("from", b"a")], b"body"),
        (b"A: b\n \n\nbody", [("a", b"b")], b"\nbody"),
        (b"A: b\n--boundary\nC: d\n\n", [("a", b"b")], b"--boundary\nC: d\n\n"),
        (b"", [], b""),
    ],
)  # fmt: skip
def test_fields_and_body_are_told_apart(raw, fields, body):
    assert read(raw) == (fields, body)


def test_a_long_field_is_read_from_a_truncated_copy():
    fields, body = read(b"A: " + b"x" * (FIELD_BYTES_MAX + 1) + b"\n\nbody")
    assert len(fields[0][1]) <= FIELD_BYTES_MAX
    assert body == b"body"


def test_one_field_past_the_bound_is_left_out():
    fields, body = read(b"A: b\n" * (FIELDS_MAX + 1) + b"\nbody")
    assert len(fields) == FIELDS_MAX
    assert body == b"body"


def test_a_header_past_the_bound_ends_at_the_next_blank_line():
    fields, body = read(b"A: " + b"x" * HEADER_BYTES_MAX + b"\nB: c\n\nbody")
    assert [name for name, _ in fields] == ["a"]
    assert body == b"body"
