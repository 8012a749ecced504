"""What aiosmtpd answers gets an enhanced code, and hands no control characters back."""

from __future__ import annotations

import pytest

from mailtrack.intake.enhanced import enhanced


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("250 OK", "250 2.0.0 OK"),
        ("220 help.example ESMTP", "220 help.example ESMTP"),
        ("250-SIZE 1", "250-SIZE 1"),
        ("550 5.1.1 Not here", "550 5.1.1 Not here"),
        ("503 Error: need MAIL command", "503 5.5.1 Error: need MAIL command"),
        ('500 Error: command "5.1.1" not recognized',
         '500 5.5.2 Error: command "5.1.1" not recognized'),
        ('500 Error: command "A\r250 B\x85\x00" not recognized',
         '500 5.5.2 Error: command "A?250 B??" not recognized'),
    ],
)  # fmt: skip
def test_an_answer_has_one_code_and_one_line(answer: str, shown: str) -> None:
    assert enhanced(answer) == shown
