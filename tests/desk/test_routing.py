"""What rules say to a mail: order, merging, trace, and every condition."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.desk.conditions import (
    CONDITIONS,
    DEPTH_MAX,
    SHOWN_CHARS_MAX,
    TEXT_CHARS_MAX,
    VALUES_MAX,
)
from mailtrack.desk.routing import (
    Route,
    Routing,
    RoutingFacts,
    check_condition,
    compile_rules,
    fits,
)
from mailtrack.desk.rules import Assign, Condition, Match, Rule, Then, When
from mailtrack.tickets.ticket import Priority

WORDS, GLOB, REGEX, EXACT = Match.WORDS, Match.GLOB, Match.REGEX, Match.EXACT


def look(subject: str, how: Match, *values: str, name: str = "") -> Condition:
    return Condition(subject, tuple((how, v) for v in values), "rules.yaml:3", name)


def rule(name: str, then: Then, *conditions: Condition | When, stop: bool = False) -> Rule:
    return Rule(name, When(all=conditions), then, stop, f"rules.yaml:{len(name)}")


def asked(condition: Condition, facts: RoutingFacts) -> bool:
    return fits(When(all=(condition,)), facts)


def route(rules: tuple[Rule, ...], **facts: object) -> Route:
    return compile_rules(rules).route(replace(RoutingFacts(), **facts))  # type: ignore[arg-type]


REFUND = look("subject", WORDS, "refund", "повернення коштів")


def test_no_rules_leave_a_mail_alone() -> None:
    assert Routing().route(RoutingFacts(subject="refund")) == Route()
    assert len(Routing()) == 0
    assert len(compile_rules((rule("one", Then()), rule("two", Then())))) == 2


def test_the_first_rule_that_sets_a_field_wins_and_the_rest_adds_up() -> None:
    one, two = Assign("person", "ivan", "r:1"), Assign("person", "olga", "r:2")
    first = Then("billing", Priority.HIGH, "money", ("a", "b"), one, "gold", "hello", "First.")
    second = Then(
        "sales", Priority.LOW, "other", ("b", "c"), two, "tin", "bye", "Second.", ("x",)
    )
    found = route((rule("first", first), rule("second", second)), subject="any")
    assert (found.queue, found.priority, found.category) == ("billing", Priority.HIGH, "money")
    assert (found.assign, found.sla, found.canned) == (one, "gold", "hello")
    assert (found.tags, found.notify) == (("a", "b", "c"), ("x",))
    assert found.note == "First.\n\nSecond."
    assert (found.hold, found.spam) == (False, False)


def test_a_later_rule_sets_what_earlier_ones_left_alone() -> None:
    rules = (rule("tag", Then(tags=("t",))), rule("hold", Then(queue="sales", hold=True)))
    found = route((*rules, rule("spam", Then(spam=True))), subject="any")
    assert (found.queue, found.tags, found.hold, found.spam) == ("sales", ("t",), True, True)


def test_stop_ends_only_where_it_fits() -> None:
    tag = Then(tags=("late",))
    rules = (rule("stop", Then(queue="billing"), REFUND, stop=True), rule("late", tag))
    assert route(rules, subject="Refund, please").tags == ()
    assert route(rules, subject="Hello").tags == ("late",)


def test_a_rule_sees_what_the_rules_above_it_set() -> None:
    rules = (
        rule("below", Then(tags=("too early",)), look("queue", EXACT, "billing")),
        rule("set", Then(queue="billing", tags=("money",)), REFUND),
        rule("queue", Then(tags=("q",)), look("queue", EXACT, "billing")),
        rule("tag", Then(tags=("t",)), look("tag", EXACT, "money")),
    )
    assert route(rules, subject="refund", queue="support").tags == ("money", "q", "t")
    assert route(rules, subject="hello", queue="support").tags == ()


def test_the_trace_names_the_rule_its_line_what_was_found_and_what_was_done() -> None:
    rules = (
        rule("refunds", Then("billing", Priority.HIGH, tags=("money",)), REFUND),
        rule("all", Then(queue="support", hold=True), stop=True),
    )
    first, second = route(rules, subject="ПОВЕРНЕННЯ\n коштів!").trace
    assert (first.rule, first.where) == ("refunds", "rules.yaml:7")
    assert first.said == (
        'subject "повернення коштів": queue billing, priority high, tag money'
    )
    assert second.said == "every mail: queue stays billing, hold, stop"


def test_what_is_shown_of_a_mail_is_short() -> None:
    rules = (rule("long", Then(hold=True), look("body", REGEX, "a+")),)
    (reason,) = route(rules, body="a" * 500).trace
    assert reason.said == f'body "{"a" * (SHOWN_CHARS_MAX - 1)}…": hold'


YES, NO = look("subject", WORDS, "yes"), look("subject", WORDS, "no")


@pytest.mark.parametrize(
    ("when", "subject", "expected"),
    [
        (When(), "anything", True),
        (When(all=(YES, NO)), "yes no", True),
        (When(all=(YES, NO)), "yes", False),
        (When(any=(YES, NO)), "no", True),
        (When(any=(YES, NO)), "maybe", False),
        (When(none=(NO,)), "yes", True),
        (When(none=(YES, NO)), "well, no", False),
        (When(all=(YES,), none=(NO,)), "yes", True),
        (When(all=(When(any=(YES, NO)),), none=(When(all=(YES, NO)),)), "yes", True),
        (When(all=(When(any=(YES, NO)),), none=(When(all=(YES, NO)),)), "no yes", False),
        (When(all=(look("subject", WORDS),)), "no values", False),
        (When(all=(look("weather", EXACT, "rain"),)), "unknown condition", False),
    ],
)
def test_all_any_and_not(when: When, subject: str, expected: bool) -> None:
    assert fits(when, RoutingFacts(subject=subject)) is expected


@pytest.mark.parametrize(("depth", "expected"), [(DEPTH_MAX - 1, True), (DEPTH_MAX, False)])
def test_conditions_that_are_nested_too_deeply_fit_nothing(depth: int, expected: bool) -> None:
    when = When(all=(YES,))
    for _ in range(depth):
        when = When(all=(when,))
    assert fits(when, RoutingFacts(subject="yes")) is expected


KYIV = ZoneInfo("Europe/Kyiv")
MONDAY_NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=KYIV)
FACTS = RoutingFacts(
    subject="Re: Invoice №7, срочно",
    body="The printer is on fire.\nПовернення\nкоштів?",
    sender="dana@client.example",
    to=("support@help.example", "billing@help.example"),
    headers=(("x-spam-level", "***"), ("X-Mailer", "Pine 4.64"), ("x-mailer", "other")),
    list_id="Users of Pine <users.pine.example>",
    attachments=(("invoice_2026.pdf", "application/pdf"), ("photo.JPG", "image/jpeg")),
    language="uk",
    customer_type="VIP",
    organisation="Acme GmbH",
    queue="support",
    tags=("money", "printer"),
    size_bytes=2_000_000,
    is_reply=True,
    at=MONDAY_NIGHT,
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (look("subject", WORDS, "invoice"), True),
        (look("subject", WORDS, "voice"), False),
        (look("subject", WORDS, "срочно"), True),
        (look("subject", GLOB, "re:*срочно"), True),
        (look("subject", GLOB, "invoice*"), False),
        (look("subject", GLOB, "re: invoice ??, *"), True),
        (look("subject", REGEX, r"invoice №\d"), True),
        (look("subject", REGEX, r"(?-i)invoice"), False),
        (look("body", WORDS, "Printer"), True),
        (look("body", WORDS, "повернення коштів"), True),
        (look("body", WORDS, "printer fire"), False),
        (look("body", REGEX, r"(?s)fire.*коштів"), True),
        (look("from", EXACT, "Dana@Client.Example"), True),
        (look("from", EXACT, "client.example"), True),
        (look("from", EXACT, "lient.example"), False),
        (look("from", GLOB, "*@client.example"), True),
        (look("from", GLOB, "*.example"), True),
        (look("from", GLOB, "*@*.client.example"), False),
        (look("from", REGEX, "^d.n[ao]@"), True),
        (look("from", WORDS, "client"), True),
        (look("to", EXACT, "billing@help.example"), True),
        (look("to", EXACT, "sales@help.example"), False),
        (look("header", GLOB, "pine*", name="X-MAILER"), True),
        (look("header", EXACT, "other", name="x-mailer"), True),
        (look("header", GLOB, "*", name="x-gone"), False),
        (look("header", REGEX, r"\*{3,}", name="x-spam-level"), True),
        (look("list", EXACT, "users.pine.example"), True),
        (look("list", WORDS, "pine"), True),
        (look("list", GLOB, "*.other.example"), False),
        (look("attachment", WORDS, "invoice"), True),
        (look("attachment", GLOB, "*.jpg"), True),
        (look("attachment", GLOB, "image/*"), True),
        (look("attachment", GLOB, "*.exe"), False),
        (look("language", EXACT, "UK"), True),
        (look("language", EXACT, "ru", "en"), False),
        (look("customer_type", EXACT, "vip"), True),
        (look("organisation", EXACT, "ACME GMBH"), True),
        (look("organisation", WORDS, "acme"), True),
        (look("queue", EXACT, "support"), True),
        (look("tag", EXACT, "money"), True),
        (look("tag", EXACT, "moneys"), False),
        (look("size", EXACT, ">1MB"), True),
        (look("size", EXACT, "<1MB", ">3MB"), False),
        (look("reply", EXACT, "reply"), True),
        (look("reply", EXACT, "true"), True),
        (look("reply", EXACT, "new"), False),
        (look("time", EXACT, "22:00-06:00"), True),
        (look("time", EXACT, "sat,sun"), False),
    ],
)
def test_what_conditions_look_at(condition: Condition, expected: bool) -> None:
    assert check_condition(condition) is None
    assert asked(condition, FACTS) is expected


@pytest.mark.parametrize("subject", CONDITIONS)
@pytest.mark.parametrize("how", list(Match))
def test_of_a_mail_that_says_nothing_hardly_anything_is_true(subject: str, how: Match) -> None:
    assert not asked(look(subject, how, "something", name="x-any"), RoutingFacts())


def test_a_new_mail_is_new() -> None:
    assert asked(look("reply", EXACT, "new"), RoutingFacts())
    assert asked(look("reply", EXACT, "no"), RoutingFacts())
    assert not asked(look("reply", EXACT, "reply"), RoutingFacts())


def test_every_condition_has_its_row_in_the_table_above() -> None:
    rows = test_what_conditions_look_at.pytestmark[0].args[1]
    assert {condition.subject for condition, _ in rows} == set(CONDITIONS)


def test_text_is_looked_at_up_to_a_bound() -> None:
    word = look("body", WORDS, "refund")
    filler = "x " * (TEXT_CHARS_MAX // 2 - 3)
    assert asked(word, RoutingFacts(body=f"{filler}refund"))
    assert not asked(word, RoutingFacts(body=f"{filler}x refund"))
    regex = look("body", REGEX, "refund$")
    assert asked(regex, RoutingFacts(body=f"{filler}refund"))
    assert not asked(regex, RoutingFacts(body=f"{filler}x refund"))


def test_recipients_are_looked_at_up_to_a_bound() -> None:
    keys = tuple(f"user{number}@many.example" for number in range(VALUES_MAX + 1))
    facts = RoutingFacts(to=keys)
    assert asked(look("to", EXACT, keys[VALUES_MAX - 1]), facts)
    assert not asked(look("to", EXACT, keys[VALUES_MAX]), facts)


def test_keywords_of_all_rules_are_found_in_one_pass() -> None:
    """Each rule finds its own words although one automaton holds the words of all."""
    rules = tuple(
        rule(f"r{number}", Then(tags=(f"t{number}",)), look("body", WORDS, f"word{number}"))
        for number in range(300)
    )
    assert route(rules, body="word7 and word299, not word30x").tags == ("t7", "t299")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (look("weather", EXACT, "rain"), "there is no condition 'weather'"),
        (look("header", WORDS, "x"), "needs the name"),
        (look("subject", REGEX, "fine", "(broken"), "RE2"),
        (look("subject", WORDS, " \n"), "empty text"),
        (look("subject", GLOB, "x" * 501), "too long"),
        (look("size", EXACT, "10 parsecs"), ">10MB"),
        (look("time", EXACT, "at noon"), "mon-fri"),
    ],
)
def test_conditions_that_cannot_be_asked_say_how_to_mend_them(
    condition: Condition, said: str
) -> None:
    complaint = check_condition(condition)
    assert complaint is not None
    assert said in complaint
    assert not asked(condition, FACTS)


def test_a_value_as_long_as_allowed_is_good() -> None:
    longest = look("subject", GLOB, "x" * 500)
    assert check_condition(longest) is None
    assert asked(longest, RoutingFacts(subject="x" * 500))


texts = st.text(max_size=40)
conditions = st.builds(
    lambda subject, values, name: Condition(subject, tuple(values), "rules.yaml:1", name),
    st.one_of(st.sampled_from([*CONDITIONS]), texts),
    st.lists(st.tuples(st.sampled_from(Match), texts), max_size=3),
    texts,
)
whens = st.recursive(
    conditions,
    lambda inner: st.builds(
        lambda a, b, c: When(tuple(a), tuple(b), tuple(c)),
        *[st.lists(inner, max_size=2)] * 3,
    ),
    max_leaves=5,
)
hostile = st.text(st.characters(), max_size=80)  # with lone surrogates and NUL
facts = st.builds(
    RoutingFacts,
    subject=hostile,
    body=hostile,
    sender=st.one_of(st.none(), hostile),
    to=st.lists(hostile, max_size=2).map(tuple),
    headers=st.lists(st.tuples(texts, hostile), max_size=2).map(tuple),
    list_id=st.one_of(st.none(), hostile),
    attachments=st.lists(st.tuples(hostile, hostile), max_size=2).map(tuple),
    size_bytes=st.integers(),
)


@given(whens, facts)
def test_nothing_that_a_mail_or_a_rule_says_raises(
    when: Condition | When, mail: RoutingFacts
) -> None:
    rules = (Rule("any", When(any=(when,)), Then(hold=True), False, "rules.yaml:1"),)
    found = compile_rules(rules).route(mail)
    assert found.hold is fits(When(all=(when,)), mail)
    negated = When(none=(when,))
    assert fits(negated, mail) is not found.hold
