"""Parameters of Content-Type and Content-Disposition, in every way they are written."""

from __future__ import annotations

import pytest

from mailtrack.mail.limits import PARAMETERS_MAX, RFC2231_SEGMENTS_MAX
from mailtrack.mail.parameters import parameters_from


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        (b'text/plain; charset="utf-8"', "charset", "utf-8"),
        (b"text/plain; CHARSET = utf-8 ", "charset", "utf-8"),
        (b"text/plain charset=utf-8", "charset", "utf-8"),
        (b"text/plain; charset=utf-8; charset=koi8-r", "charset", "utf-8"),
        (b"a/b; name=my file.pdf; x=y", "name", "my file.pdf"),
        (b'a/b; name="a;b.pdf"', "name", "a;b.pdf"),
        (b'a/b; name="unclosed.pdf', "name", "unclosed.pdf"),
        (b'a/b; name="with \\"quotes\\".pdf"', "name", 'with "quotes".pdf'),
        (b'a/b; name="C:\\temp\\new.pdf"', "name", "C:\\temp\\new.pdf"),
        (b"a/b; name*=utf-8''%D1%87%D0%B5%D0%BA.pdf", "name", "чек.pdf"),
        (b"a/b; name*0*=utf-8''%D1; name*1*=%87%D0%B5; name*2=%20k", "name", "че%20k"),
        (b"a/b; name*1=b; name*0=a", "name", "ab"),
        (b'a/b; name="=?utf-8?B?0YfQtdC6LnBkZg==?="', "name", "чек.pdf"),
        ("a/b; name=чек.pdf".encode(), "name", "чек.pdf"),
        ("a/b; name=чек.pdf".encode("cp1251"), "name", "чек.pdf"),
        (b"a/b (a comment; name=no); name=yes", "name", "yes"),
        (b'multipart/mixed; boundary="=?x?q?y?="', "boundary", "=?x?q?y?="),
    ],
)
def test_a_parameter_is_found(field, name, value):
    assert parameters_from(field).get(name) == value


def test_the_value_in_front_is_lower_case_and_alone():
    assert parameters_from(b"Text/HTML ; charset=x").value == "text/html"
    assert parameters_from(b"").value == ""


def test_bounds_of_parameters_and_segments():
    many = b"a/b" + b"".join(b"; p%d=v" % number for number in range(PARAMETERS_MAX + 1))
    assert len(parameters_from(many).by_name) == PARAMETERS_MAX
    segments = b"a/b" + b"".join(b"; n*%d=x" % n for n in range(RFC2231_SEGMENTS_MAX + 1))
    assert parameters_from(segments).get("n") == "x" * RFC2231_SEGMENTS_MAX
