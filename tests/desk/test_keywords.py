"""Whole words and phrases, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.keywords import folded, keywords_from


def found(text: str, *words: str) -> frozenset[str]:
    return keywords_from(words).found_in(folded(text))


@pytest.mark.parametrize(
    ("keyword", "text", "expected"),
    [
        ("refund", "A REFUND, please", True),
        ("refund", "refund", True),
        ("refund", "refunds", False),
        ("refund", "prefund", False),
        ("refund", "refund2", False),
        ("refund", "_refund_", True),
        ("refund", "(refund)", True),
        ("refund", "re-refund", True),
        ("пароль", "Забыл ПАРОЛЬ!", True),
        ("пароль", "паролькой", False),
        ("пароль", "не«пароль»", True),
        ("счет", "выставьте счёт", True),
        ("счёт", "выставьте счет", True),
        ("счёт", "СЧЕ\u0308Т", True),
        ("йод", "иод", False),
        ("комп'ютер", "Комп’ютер не працює", True),
        ("комп\u02bcютер", "комп'ютер", True),
        ("повернення коштів", "повернення\n\t коштів", True),
        ("повернення коштів", "повернення\u00a0коштів", True),
        ("повернення коштів", "повернення моїх коштів", False),
        ("straße", "STRASSE", True),
        ("ΟΔΟΣ", "οδος", True),
        ("refund", "re\u00adfund", True),
        ("wi-fi", "Wi\u2011Fi", True),
        ("cafe", "cafe\u0301", False),
        ("café", "cafe\u0301", True),
        ("退款", "我要退款谢谢", True),
        ("คืนเงิน", "ขอคืนเงินครับ", True),
        ("환불", "환불 부탁", True),
        ("환불", "환불을", False),
        ("c++", "I write C++ code", True),
        ("c++", "abc++", False),
        (".exe", "setup.exe", True),
        (".exe", "setup.exec", False),
        ("50%", "only 50%!", True),
        ("a", "banana a", True),
    ],
)
def test_a_keyword_is_a_whole_word(keyword: str, text: str, expected: bool) -> None:
    assert (found(text, keyword) == {folded(keyword)}) is expected


def test_keywords_within_keywords_are_all_found() -> None:
    text = "late refund policy change"
    assert found(text, "refund", "refund policy", "policy", "late refund", "fund") == {
        "refund",
        "refund policy",
        "policy",
        "late refund",
    }


def test_a_later_whole_word_counts_after_a_partial_one() -> None:
    assert found("refunds refund", "refund") == {"refund"}


def test_no_keywords_find_nothing() -> None:
    assert found("anything") == frozenset()
    assert found("anything", "", " \n", "\u00ad") == frozenset()


@given(st.text(), st.text())
def test_folding_twice_is_folding_once(left: str, right: str) -> None:
    assert folded(folded(left)) == folded(left)
    assert folded(f"{left} \n {right}") == " ".join(
        (folded(left) + " " + folded(right)).split()
    )


words = st.text("abбвї'", min_size=1, max_size=4)


@given(st.lists(words, max_size=6), st.lists(words, max_size=12))
def test_the_automaton_finds_what_a_slow_search_finds(
    keywords: list[str], said: list[str]
) -> None:
    text = " ".join(said)
    padded = f" {folded(text)} ".replace("'", " ' ")
    plain = {folded(one) for one in keywords if "'" not in one}
    slow = {one for one in plain if f" {one} " in padded}
    assert found(text, *plain) == slow
