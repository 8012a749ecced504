"""What stays of a reply: all that its writer wrote, however much it looks like a program's."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail.replying import ABOVE_QUOTES, facts_of

from mailtrack.mail.markers import MARKERS
from mailtrack.mail.parse import parse
from mailtrack.mail.reply import (
    LINES_LOOKED_AT,
    new_words,
    new_words_of_text,
)

# Lines of the writer's own that look a little like a program's.
WRITERS_OWN = (
    "From: Berlin\nTo: Paris\nDate: 5 May\nPlease book this.",
    "From: the display I copied this.\nIt says 12:30.",
    "Here is what I tried on 5 May 2026 at 10:00:\nI pulled the plug.",
    "On Monday I will try again:\n1. cable\n2. paper",
    "My colleague wrote:\nplease fix it",
    "The error is: connection to a@b.example at 10:15 failed",
    "Subject: the printer\nIt burns.",
    "a -- b\n-----\nc",
    "Sent from my desk, which is easier than my phone, and without a typo.",
    "if x > 3:\n    y = x >> 2",
    "----\n\nOriginal messages are lost.",
    "Best regards to Ann, who fixed it last time.",
    "- one\n- Two",
)


@pytest.mark.parametrize("text", WRITERS_OWN)
def test_what_the_writer_wrote_is_kept_when_unsure(text: str) -> None:
    assert (
        new_words_of_text(f"Hello,\n\n{text}\n\nThank you!").reply
        == f"Hello,\n\n{text}\n\nThank you!"
    )


def test_s22_inline_answers_are_kept_with_what_they_answer() -> None:
    text = "On 2 Mar 2026, at 9:15, Ann wrote:\n\n> q1\n\na1\n\n> q2\n\na2\n\n> bye"
    found = new_words_of_text(text)
    assert found.reply == "> q1\n\na1\n\n> q2\n\na2"
    assert found.rule == "attribution, inline"


def test_s22_inline_answers_without_blank_lines_are_kept() -> None:
    assert new_words_of_text("> q1\na1\n> q2\na2").reply == "> q1\na1\n> q2\na2"


@pytest.mark.parametrize(
    "text", ("SQL> select 1;\nSQL> exit", "I typed\n\nC> dir\nC> cls\n\nYes.")
)
def test_a_prompt_is_no_quote(text: str) -> None:
    assert new_words_of_text(text).reply == text


def test_the_writers_own_quotation_stays_in_its_place() -> None:
    text = "The manual says\n\n> press F1\n\nbut there is no F1."
    assert new_words_of_text(text).reply == text


def test_a_first_mail_keeps_what_it_quotes_at_its_end() -> None:
    text = "The program says\n\n> error 79"
    assert new_words(facts_of(text, subject="Printer")).reply == text
    assert new_words(facts_of(text, subject="Re: Printer")).reply == "The program says"


def test_an_answer_below_the_quote_stands_alone() -> None:
    found = new_words_of_text("On 2 Mar 2026, at 9:15, Ann wrote:\n> q1\n> q2\n\nYes.\n")
    assert found.reply == "Yes."


@pytest.mark.parametrize(
    "text",
    (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Ann <ann@desk.example>\n"
        "Date: Mon, 2 Mar 2026\nSubject: x\nTo: b@c.example\n\nold words\n\n-- \nAnn",
        "Begin forwarded message:\n\n> From: Ann <ann@desk.example>\n> Subject: x\n> \n> old",
        "-------- Пересылаемое сообщение --------\nОт кого: Анна <ann@desk.example>\n\nтекст",
    ),
)
def test_s24_a_forwarded_mail_is_kept_whole(text: str) -> None:
    found = new_words(facts_of(text, subject="x"))
    assert (found.reply, found.rule) == (text, "forward")


@pytest.mark.parametrize(
    "subject", ("Fwd: x", "FW: x", "WG: x", "TR: x", "[Fwd: x]", "Пересл: x")
)
def test_s24_a_header_block_under_a_forwards_subject_is_kept(subject: str) -> None:
    text = "see below\n\nFrom: Ann <a@b.example>\nSent: Monday\nTo: me\nSubject: x\n\nold words"
    assert new_words(facts_of(text, subject=subject)).reply == text


def test_a_forward_inside_a_quote_does_not_save_the_quote() -> None:
    text = (
        "It works.\n\nOn 2 Mar 2026, at 9:15, Ann <a@b.example> wrote:\n> see\n"
        "> ---------- Forwarded message ---------\n> From: x <x@y.example>"
    )
    assert new_words_of_text(text).reply == "It works."


def test_s25_a_diff_is_kept_and_the_signature_folded() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n a\n--\n-b\n+c"
    signature = "\n".join(f"line {number}" for number in range(12))
    found = new_words_of_text(f"My change:\n\n{diff}\n\n-- \n{signature}\n")
    assert found.reply == f"My change:\n\n{diff}"
    assert found.signature.startswith("-- \nline 0")


@pytest.mark.parametrize(
    "text",
    (
        "Thanks!",
        "Спасибо!",
        "Best regards,\nDana",
        "It works.\n\nBest regards,\nDana\n\nPS: please call me before noon.",
        "It works.\n\nRegards\n\nWhy is it so slow, by the way?",
        "Thanks,\nDana",
        "Sent from my iPhone",
    ),
)
def test_words_are_no_signature(text: str) -> None:
    assert new_words_of_text(text).reply == text


def test_an_answer_below_the_quoted_marker_is_kept() -> None:
    text = f"> {MARKERS['en']}\n> old words\n\nIt works."
    assert new_words_of_text(text).reply == "It works."


def test_short_words_of_ours_say_nothing() -> None:
    assert new_words_of_text("Yes\n\nIvan", sent=("Yes\n\nIvan",)).reply == "Yes\n\nIvan"


@pytest.mark.parametrize(
    "line",
    (
        "He wrote on 02.03.2026 at 09:15:",
        "The log of the printer wrote on 02.03.2026 at 09:15:",
        "Please call before 02.03.2026 09:15:",
        "--------\nTo: the printer",
    ),
)
def test_a_writers_own_words_that_look_like_a_programs_are_kept(line: str) -> None:
    text = f"It burns.\n\n{line}\nfirst\nsecond"
    assert new_words_of_text(text).reply == text


def test_a_quotation_in_html_that_the_writer_made_stays() -> None:
    html = "<p>The manual says</p><blockquote>press F1</blockquote><p>but there is none.</p>"
    raw = f"Subject: x\nContent-Type: text/html\n\n{html}".encode()
    assert "> press F1" in parse(raw).reply.replace(">  ", "> ")


def test_a_first_mail_that_begins_with_headers_keeps_its_words() -> None:
    text = "From: a@b.example\nSent: Monday\nTo: me\nSubject: x\n\nThe printer burns."
    assert "The printer burns." in new_words(facts_of(text, subject="x")).reply


_WORDS = st.text(alphabet="abcdefgh АБВ éß漢 ,.?", min_size=1, max_size=40)
_BITS = st.one_of(
    _WORDS,
    st.sampled_from(
        (
            "",
            "> old",
            ">",
            ">> older",
            "On 2 Mar 2026, at 9:15, Ann <a@b.example> wrote:",
            '02.03.2026, 09:15, "Ann" <a@b.example>:',
            "From: Ann <a@b.example>",
            "Sent: Monday",
            "To: Dana",
            "Subject: x",
            "-----Original Message-----",
            "Begin forwarded message:",
            "-- ",
            "________________________________",
            "Best regards,",
            "Sent from my iPhone",
            MARKERS["en"],
            "\u202b",
            "\x00",
        )
    ),
)


@given(st.lists(_WORDS, min_size=1, max_size=12), st.sampled_from(ABOVE_QUOTES))
def test_no_line_above_the_quote_is_lost(lines: list[str], above: str) -> None:
    found = new_words_of_text("\n".join([*lines, "", above, "> old words", "> more"]))
    kept = f"{found.reply}\n{found.signature}".split("\n")
    for line in lines:
        assert line.strip() in [kept_line.strip() for kept_line in kept]


@given(st.lists(_BITS, max_size=30), st.booleans())
def test_each_line_is_new_or_quoted_or_signature(lines: list[str], know_sent: bool) -> None:
    text = "\n".join(lines)
    found = new_words_of_text(text, sent=("old words of ours, " * 3,) if know_sent else ())
    all_kept = f"{found.reply}\n{found.quoted}\n{found.signature}".split("\n")
    kept = {line.strip().removeprefix("> ") for line in all_kept}
    for line in lines:
        assert not line.strip(" >") or line.strip().removeprefix("> ") in kept


@given(st.text(max_size=2000), st.text(max_size=500), st.text(max_size=20))
def test_any_text_has_an_answer(text: str, sent: str, subject: str) -> None:
    found = new_words(facts_of(text, subject=subject, html=text), sent=(sent,))
    assert isinstance(found.reply, str)


HOSTILE = {
    "prefixes": "> > > " * 17_000,
    "quoted lines": "> > > x\n" * 12_000,
    "attributions": "On x wrote:\n" * 8_500,
    "dated attributions": "On 5 May 2024 10:00 Bob <a@b.c> wrote:\n> x\n" * 2_300,
    "colons": "a:\n" * 33_000,
    "headers": "From: a@b.c\n" * 8_500,
    "header pairs": "From: x\nTo: y\nx\n" * 6_000,
    "dashes": "-" * 100_000,
    "rules": "-----\n" * 17_000,
    "delimiters": "-- \n" * 30_000,
    "farewells": "Regards\nBob\n" * 9_000,
    "one line": "On " + "x " * 50_000 + "wrote:",
    "digits": "1" * 100_000 + ":",
    "blank lines": "\n" * 100_000,
    "ats": "@" * 100_000,
    "nested quotes": "<blockquote>" * 8_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_little(name: str) -> None:
    text = HOSTILE[name]
    started = time.process_time()
    new_words(facts_of(text, html=text), sent=(text,))
    # 50 ms is the aim on a quiet machine; what is tested is that nothing is quadratic.
    assert time.process_time() - started < 0.5


def test_lines_past_the_bound_are_kept_or_quoted_whole() -> None:
    long = "\n".join(["word"] * (LINES_LOOKED_AT + 10))
    assert new_words_of_text(long).reply == long
    quoted = f"It works.\n\nOn 2 Mar 2026, at 9:15, Ann wrote:\n{long}\n\nOn 1 Mar"
    assert new_words_of_text(quoted).reply.startswith("It works.")
