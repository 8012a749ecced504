"""Lines broken for the way are joined; others keep their ends."""

from __future__ import annotations

import pytest

from mailtrack.mail.flowed import unflowed


@pytest.mark.parametrize(
    ("flowed", "text"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> one \n> two\nmine", "> one two\nmine"),
        ("> one \n>> two", "> one \n>> two"),
        (" > no quote", "> no quote"),
        ("end \n-- \nsignature", "end \n-- \nsignature"),
        ("-- \nsignature \nmore", "-- \nsignature more"),
        (">\n> a", ">\n> a"),
        ("", ""),
    ],
)
def test_soft_line_ends_are_joined(flowed, text):
    assert unflowed(flowed) == text


def test_delsp_takes_the_blank_away_too():
    assert unflowed("日本 \n語", delete_space=True) == "日本語"
