"""Names of files: safe, stable, never empty."""

from __future__ import annotations

import pytest

from mailtrack.mail.limits import FILENAME_BYTES_MAX
from mailtrack.mail.names import safe_name


@pytest.mark.parametrize(
    ("filename", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Рахунок № 7.pdf", "Рахунок № 7.pdf"),
        ("../../etc/passwd\0.txt", "passwd.txt"),
        ("C:\\temp\\new.pdf", "new.pdf"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("console.txt", "console.txt"),
        ("LPT1.doc", "_LPT1.doc"),
        ("a\u202egpj.exe", "agpj.exe"),
        (".htaccess", "htaccess"),
        ("name. . ", "name"),
        ('a<b>:"c|d?*.txt', "abcd.txt"),
        ("a\r\nb.txt", "ab.txt"),
        ("e\u0301.txt", "é.txt"),
        ("", "attachment-3.pdf"),
        ("///", "attachment-3.pdf"),
        ("...", "attachment-3.pdf"),
    ],
)
def test_a92_a_name_is_safe(filename, safe):
    assert safe_name(filename, index=2, content_type="application/pdf") == safe


def test_a92_a_long_name_is_cut_and_keeps_its_ending():
    at_bound = "x" * (FILENAME_BYTES_MAX - 4) + ".pdf"
    assert safe_name(at_bound, index=0, content_type="") == at_bound
    assert safe_name("x" + at_bound, index=0, content_type="") == at_bound
    cyrillic = safe_name("я" * 4096 + ".pdf", index=0, content_type="")
    assert len(cyrillic.encode()) <= FILENAME_BYTES_MAX and cyrillic.endswith("я.pdf")


def test_a_nameless_part_is_called_after_its_place_and_type():
    assert safe_name("", index=0, content_type="image/png") == "attachment-1.png"
    assert safe_name("", index=9, content_type="x/unheard-of") == "attachment-10.bin"
    assert safe_name("", index=1, content_type="text/calendar") == "invite.ics"
