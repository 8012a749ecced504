"""Brackets as syntax: what may be a command, and what help desks and gateways put there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.brackets import (
    BRACKETS_MAX,
    NUMBERS_MAX,
    PREFIXES_MAX,
    TOP_LINES_MAX,
    brackets_in_subject,
    brackets_on_top,
    folded,
    is_forward_subject,
    numbers_in,
    partner_tags_in,
    without_brackets,
    without_numbers,
    without_prefixes,
)
from mailtrack.desk.commands.table import BY_WORD


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("[close]", [("close", "")]),
        ("Re: [#1] x [close]", [("close", "")]),
        ("[close][time:25m]", [("close", ""), ("time", "25m")]),
        ("[ close ]", [("close", "")]),
        ("[assign:ivan]", [("assign", "ivan")]),
        ("[assign : ivan]", [("assign", "ivan")]),
        ("[assign ivan]", [("assign", "ivan")]),
        ("[assign=ivan]", [("assign", "ivan")]),
        ("[due: fri 15:00]", [("due", "fri 15:00")]),
        ("[Назначить: Ольга]", [("Назначить", "Ольга")]),
        ("[3rd floor]", [("3rd", "floor")]),
        ("[]", []),
        ("[ ]", []),
        ("[close", []),
        ("close]", []),
        ("[[close]]", [("close", "")]),
        ("[clo\nse]", []),
        ("no brackets", []),
        ("", []),
    ],
)
def test_what_stands_in_brackets(subject: str, words: list[tuple[str, str]]) -> None:
    assert [(one.word, one.argument) for one in brackets_in_subject(subject)] == words


@pytest.mark.parametrize(
    "stamp",
    [
        "[#1042]",
        "[#7]",
        "[EXT]",
        "[External]",
        "[EXTERNAL EMAIL]",
        "[External Sender]",
        "[SPAM?]",
        "[***SPAM***]",
        "[Внешнее]",
        "[Зовнішній лист]",
        "[ACME-991]",
        "[JIRA#12]",
        "[Secure]",
    ],
)
def test_a_stamp_is_no_command(stamp: str) -> None:
    assert brackets_in_subject(f"{stamp} Printer {stamp}") == ()


@pytest.mark.parametrize("near", ["[extend]", "[acme-991]", "[#12x]", "[A-1 b]"])
def test_what_only_looks_like_a_stamp_is_read(near: str) -> None:
    assert len(brackets_in_subject(near)) == 1


def test_a_bracket_keeps_how_it_was_typed() -> None:
    (one,) = brackets_in_subject("x [ Assign : Ivan ] y")
    assert (one.raw, one.from_body) == ("[ Assign : Ivan ]", False)


def test_brackets_have_a_length_and_a_number() -> None:
    assert len(brackets_in_subject(f"[{'a' * 60}{' ' * 140}]")) == 1
    assert brackets_in_subject(f"[{'a' * 60}{' ' * 141}]") == ()
    assert len(brackets_in_subject("[a]" * BRACKETS_MAX)) == BRACKETS_MAX
    assert len(brackets_in_subject("[a]" * (BRACKETS_MAX + 1))) == BRACKETS_MAX


@pytest.mark.parametrize(
    ("body", "words", "text"),
    [
        ("[close]", ["close"], ""),
        ("[close]\nDone.", ["close"], "Done."),
        ("\n\n[close]\n\nDone.", ["close"], "Done."),
        ("[close] [time:5m]\n[tag:a]\n\nDone.", ["close", "time", "tag"], "Done."),
        ("[close] #12 #13\nDone.", ["close"], "Done."),
        ("Done.\n[close]", [], "Done.\n[close]"),
        ("[close] please\nDone.", [], "[close] please\nDone."),
        ("> [close]\nDone.", [], "> [close]\nDone."),
        ("[EXT]\nDone.", [], "[EXT]\nDone."),
        ("Done.", [], "Done."),
        ("", [], ""),
    ],
)
def test_commands_stand_on_lines_of_their_own_on_top(
    body: str, words: list[str], text: str
) -> None:
    brackets, rest = brackets_on_top(body)
    assert [one.word for one in brackets] == words
    assert all(one.from_body for one in brackets)
    assert rest == text


def test_the_top_of_a_body_ends() -> None:
    lines = ["[tag:a]"] * TOP_LINES_MAX
    assert brackets_on_top("\n".join([*lines, "x"]))[1] == "x"
    assert brackets_on_top("\n".join([*lines, "[close]", "x"]))[1] == "[close]\nx"


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: x", "x"),
        ("RE: Re: re: x", "x"),
        ("Re[2]: x", "x"),
        ("Re(3): x", "x"),
        ("Fwd: Re: x", "x"),
        ("AW: WG: x", "x"),
        ("Отв: x", "x"),
        ("Відп: На: x", "x"),
        ("Re\uff1a x", "x"),  # noqa: RUF100 - the wide colon of CJK keyboards
        ("Regarding: x", "Regarding: x"),
        ("x Re: y", "x Re: y"),
        ("  Re:  x  ", "x"),
        ("Re:" * PREFIXES_MAX + " x", "x"),
        ("Re:" * (PREFIXES_MAX + 1) + " x", "Re: x"),
        ("", ""),
    ],
)
def test_prefixes_in_front_of_a_subject(subject: str, bare: str) -> None:
    assert without_prefixes(subject) == bare


@pytest.mark.parametrize(
    ("subject", "forwards"),
    [
        ("Fwd: x", True),
        ("FW: x", True),
        ("WG: x", True),
        ("Пересл: x", True),
        ("Re: Fwd: x", False),
        ("Forward: x", False),
        ("x", False),
    ],
)
def test_forwards_begin_so(subject: str, *, forwards: bool) -> None:
    assert is_forward_subject(subject) is forwards


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("[#1042] x", (1042,)),
        ("#101 and #102", (101, 102)),
        ("[close] #1,#2,#1", (1, 2)),
        ("Re: [#7] [#8]", (7, 8)),
        ("issue#12", ()),
        ("##12", ()),
        ("#12a", ()),
        ("&#8217;", ()),
        ("# 12", ()),
        ("#123456789012", (123456789012,)),
        ("#1234567890123", ()),
        ("", ()),
    ],
)
def test_numbers_of_tickets_in_a_subject(subject: str, numbers: tuple[int, ...]) -> None:
    assert numbers_in(subject) == numbers


def test_a_subject_names_so_many_tickets() -> None:
    named = " ".join(f"#{number}" for number in range(1, NUMBERS_MAX + 2))
    assert len(numbers_in(named)) == NUMBERS_MAX


@pytest.mark.parametrize(
    ("subject", "tags"),
    [
        ("[ACME-991] x", ("ACME-991",)),
        ("[acme-991] x", ()),
        ("[#991] x", ()),
        ("[ACME] x", ()),
        ("[A-1] [BB-2] [BB-3]", ("BB-2", "BB-3")),
        ("".join(f"[AB-{n}]" for n in range(9)), tuple(f"AB-{n}" for n in range(5))),
    ],
)
def test_tags_of_partners(subject: str, tags: tuple[str, ...]) -> None:
    assert partner_tags_in(subject) == tags


@pytest.mark.parametrize(
    ("subject", "bare"),
    [("[#1] x", "x"), ("x [#1042] y", "x y"), ("[ACME-1] x", "[ACME-1] x"), ("#1 x", "#1 x")],
)
def test_a_new_ticket_does_not_carry_the_number_of_another(subject: str, bare: str) -> None:
    assert without_numbers(subject) == bare


def test_taken_brackets_leave_no_gap() -> None:
    subject = "My lamp [priority:high] is dark [a]"
    assert without_brackets(subject, brackets_in_subject(subject)[:1]) == "My lamp is dark [a]"


@pytest.mark.parametrize(
    ("typed", "compared"),
    [("On-Hold", "onhold"), ("Моё!", "мое"), ("ВІДП", "відп"), ("", ""), ("Straße", "strasse")],
)
def test_words_are_compared_without_case_and_punctuation(typed: str, compared: str) -> None:
    assert folded(typed) == compared


@given(st.text(max_size=400))
def test_nothing_that_is_typed_breaks_the_scanner(text: str) -> None:
    for one in brackets_in_subject(text):
        assert one.raw in text
        assert one.word
    brackets, rest = brackets_on_top(text)
    assert len(rest) <= len(text)
    assert brackets or rest == text
    assert without_prefixes(without_prefixes(text)) is not None
    assert all(number >= 0 for number in numbers_in(text))


def test_no_synonym_is_taken_for_the_stamp_of_a_gateway():
    """`[internal]` would be dropped as a stamp, and the note would go to the customer."""
    dropped = [word for word in BY_WORD if brackets_in_subject(f"[{word}]") == ()]
    assert dropped == []


def test_every_synonym_has_a_word_to_compare():
    assert "" not in BY_WORD
