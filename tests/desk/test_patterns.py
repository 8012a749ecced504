"""Patterns that an admin wrote: what is refused, with what words, and what fits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.conditions import TEXT_CHARS_MAX
from mailtrack.desk.patterns import (
    PATTERN_CHARS_MAX,
    check_regex,
    glob_from,
    regex_from,
)


def found(pattern: str, text: str) -> str | None:
    compiled = regex_from(pattern)
    assert compiled is not None, check_regex(pattern)
    return compiled.search(text.encode())


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "is empty"),
        ("x" * (PATTERN_CHARS_MAX + 1), "501 characters, 500 are allowed"),
        (r"(?=refund)", "look-around"),
        (r"(?!refund)", "not:"),
        (r"(?<=a)b", "look-around"),
        (r"(?<!a)b", "look-around"),
        (r"(a)\1", "back-references"),
        (r"(?P<n>a)(?P=n)", "back-references"),
        (r"(?>a)", "possessive"),
        (r"a++", "possessive"),
        (r"\bпароль\b", "whole in any script"),
        (r"привет\B", "whole in any script"),
        (r"(refund", "RE2 (missing ): (refund)"),
        (r"[a", "RE2 (missing ]"),
        (r"*a", "RE2"),
        (r"a{1001}", "RE2 (invalid repetition size: {1001})"),
        (r".{1,500}.{1,500}x", "too large"),
        ("\ud800", "RE2"),
    ],
)
def test_a_bad_pattern_is_refused_with_the_way_to_mend_it(pattern: str, said: str) -> None:
    complaint = check_regex(pattern)
    assert complaint is not None
    assert said in complaint
    assert regex_from(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "x" * PATTERN_CHARS_MAX,
        r"\brefund\b",
        r"\\bпароль",
        r"[\p{L}\p{N}]+",
        r"(a+)+$",
        r"a{1000}",
        r"(?P<order>\d+)",
        r"\Qa\w\E",
    ],
)
def test_a_good_pattern_has_no_complaint(pattern: str) -> None:
    assert check_regex(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"invoice \d+", "Your INVOICE 42.", "INVOICE 42"),
        (r"(?-i)invoice", "INVOICE", None),
        (r"заказ", "Мой ЗАКАЗ", "ЗАКАЗ"),
        (r"заказ \w+", "заказ Ёлка-7", "заказ Ёлка"),
        (r"^\w+$", "при вет", None),
        (r"^\w+$", "привет", "привет"),
        (r"[\w.]+@", "анна.б@x", "анна.б@"),
        (r"[^\w]", "привет!", "!"),
        (r"\W", "привет", None),
        (r"a\W+b", "a – b", "a – b"),
        (r"[]\w]+", "a]б", "a]б"),
        (r"[^]\w]+", "a]-", "-"),
        (r"[[:digit:]\w]+", "7б", "7б"),
        (r"[a^]+\w", "^б", "^б"),
        (r"\\w", r"a\w", r"\w"),
        (r"\Q\w\E", r"a\w", r"\w"),
        (r"^$", "", ""),
    ],
)
def test_patterns_know_all_scripts_and_no_case(
    pattern: str, text: str, expected: str | None
) -> None:
    assert found(pattern, text) == expected


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*@bank.example", "a@bank.example", True),
        ("*@bank.example", "a@bank.example.net", False),
        ("*@bank.example", "a@bankxexample", False),
        ("a?c", "abc", True),
        ("a?c", "aїc", True),
        ("a?c", "ac", False),
        ("*", "", True),
        ("", "", True),
        ("[a]*", "[a] b", True),
        ("a*b", "a\nb", True),
        ("a|b", "a", False),
    ],
)
def test_a_glob_fits_the_whole_text(glob: str, text: str, expected: bool) -> None:
    pattern = glob_from(glob)
    assert pattern is not None
    assert (pattern.search(text.encode()) is not None) is expected


def test_a_glob_has_a_bound() -> None:
    assert glob_from("*" * PATTERN_CHARS_MAX) is not None
    assert glob_from("*" * (PATTERN_CHARS_MAX + 1)) is None


@pytest.mark.parametrize(
    "pattern", [r"(a+)+$", r"(a|a)*b", r"(.*)(.*)(.*)(.*)[^a]b", r"(a?){90}a{90}b", r".{255}q"]
)
def test_no_pattern_runs_for_long_on_the_longest_text(pattern: str) -> None:
    compiled = regex_from(pattern)
    assert compiled is not None
    start = time.monotonic()
    compiled.search(b"a" * TEXT_CHARS_MAX)
    assert time.monotonic() - start < 2


@given(st.text(max_size=30), st.binary(max_size=60))
def test_any_pattern_is_either_refused_or_can_be_asked(pattern: str, text: bytes) -> None:
    compiled = regex_from(pattern)
    assert (compiled is None) is (check_regex(pattern) is not None)
    if compiled is not None:
        compiled.search(text)


@given(st.text("*?ab", max_size=8), st.text("ab", max_size=8))
def test_a_glob_agrees_with_a_slow_one(glob: str, text: str) -> None:
    pattern = glob_from(glob)
    assert pattern is not None
    assert (pattern.search(text.encode()) is not None) is slow_glob(glob, text)


def slow_glob(glob: str, text: str) -> bool:
    if not glob:
        return not text
    if glob[0] == "*":
        return any(slow_glob(glob[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and glob[0] in ("?", text[0]) and slow_glob(glob[1:], text[1:])
