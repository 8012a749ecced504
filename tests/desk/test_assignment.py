"""Who gets a ticket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailtrack.desk.assignment import Assigned, assign
from mailtrack.desk.policy import Agent, Role
from mailtrack.desk.rules import Assign
from mailtrack.mail.address import Address
from mailtrack.tickets.context import AgentState

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def agent(
    name: str,
    queues: str = "billing",
    skills: str = "",
    *,
    language: str = "en",
    role: Role = Role.AGENT,
    is_active: bool = True,
    tickets_max: int | None = None,
) -> Agent:
    return Agent(
        name=name,
        shown=name.title(),
        address=Address(name, "help.example"),
        emails=(f"{name}@help.example",),
        role=role,
        queues=tuple(queues.split()),
        skills=tuple(skills.split()),
        language=language,
        is_active=is_active,
        tickets_max=tickets_max,
        where="people.yaml:2",
    )


IVAN, OLGA, PETR = agent("ivan"), agent("olga"), agent("petr")
TEAM = (IVAN, OLGA, PETR)


def given(
    how: str,
    what: str = "",
    *,
    agents: tuple[Agent, ...] = TEAM,
    open_tickets: dict[str, int] | None = None,
    away: dict[str, datetime] | None = None,
    turns: tuple[tuple[str, str], ...] = (),
    queue: str = "billing",
    language: str = "en",
    among: tuple[str, ...] = (),
) -> Assigned:
    states = tuple(
        AgentState(one.name, (open_tickets or {}).get(one.name, 0), (away or {}).get(one.name))
        for one in agents
    )
    rule = Assign(how, what, "rules.yaml:7", among)
    return assign(rule, agents, states, turns, queue=queue, language=language, now=NOW)


def rounds(how: str, count: int, **more: object) -> list[str | None]:
    """Who gets each of some tickets, one after the other."""
    turns: tuple[tuple[str, str], ...] = ()
    names: list[str | None] = []
    for _ in range(count):
        found = given(how, "billing", turns=turns, **more)  # type: ignore[arg-type]
        names.append(found.agent)
        turns = (found.turn,) if found.turn else turns
    return names


def test_a_person_whom_a_rule_names_gets_it() -> None:
    found = given("person", "olga")
    assert (found.agent, found.turn) == ("olga", None)
    assert found.reason.where == "rules.yaml:7"


@pytest.mark.parametrize(
    ("until", "expected"),
    [(NOW + timedelta(seconds=1), None), (NOW, "olga"), (NOW - timedelta(days=1), "olga")],
)
def test_a_person_who_is_away_gets_nothing_until_they_are_back(
    until: datetime, expected: str | None
) -> None:
    found = given("person", "olga", away={"olga": until})
    assert found.agent == expected
    assert ("olga is away" in found.reason.said) is (expected is None)


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (agent("olga", is_active=False), "olga is not active"),
        (agent("olga", role=Role.LIGHT), "olga only writes notes"),
        (agent("other"), "there is no agent 'olga'"),
    ],
)
def test_a_person_who_cannot_take_it_gets_nothing(person: Agent, said: str) -> None:
    found = given("person", "olga", agents=(person,))
    assert (found.agent, found.turn) == (None, None)
    assert found.reason.said == f"nobody: {said}"


def test_a_named_person_gets_more_than_their_share() -> None:
    full = agent("olga", tickets_max=1)
    assert given("person", "olga", agents=(full,), open_tickets={"olga": 9}).agent == "olga"


def test_turns_go_round_in_the_order_of_the_file() -> None:
    assert rounds("round_robin", 5) == ["ivan", "olga", "petr", "ivan", "olga"]


def test_turns_go_on_after_somebody_who_is_away() -> None:
    away = {"olga": NOW + timedelta(days=3)}
    assert rounds("round_robin", 4, away=away) == ["ivan", "petr", "ivan", "petr"]
    after_olga = given("round_robin", "billing", turns=(("round_robin billing", "olga"),))
    assert after_olga.agent == "petr"


def test_a_turn_of_somebody_who_left_starts_again() -> None:
    assert (
        given("round_robin", "billing", turns=(("round_robin billing", "gone"),)).agent
        == "ivan"
    )


def test_without_a_name_the_group_is_the_queue_of_the_ticket() -> None:
    some = (agent("ivan", "support"), agent("olga", "billing support"))
    found = given("round_robin", agents=some, queue="billing")
    assert found.turn == ("round_robin billing", "olga")


def test_inactive_and_light_agents_have_no_turn() -> None:
    some = (agent("ivan", is_active=False), agent("olga", role=Role.LIGHT), PETR)
    found = given("round_robin", "billing", agents=some)
    assert found.agent == "petr"
    assert "ivan is not active" in found.reason.said
    assert "olga only writes notes" in found.reason.said


@pytest.mark.parametrize(("has", "expected"), [(4, "ivan"), (5, "olga"), (6, "olga")])
def test_hands_are_full_at_the_limit(has: int, expected: str) -> None:
    some = (agent("ivan", tickets_max=5), OLGA)
    found = given("round_robin", "billing", agents=some, open_tickets={"ivan": has})
    assert found.agent == expected


def test_nobody_is_an_answer() -> None:
    some = (agent("ivan", tickets_max=0), agent("olga"))
    found = given("round_robin", "billing", agents=some, away={"olga": NOW + timedelta(days=1)})
    assert (found.agent, found.turn) == (None, None)
    assert "ivan has 0 of 0 tickets" in found.reason.said
    assert "olga is away" in found.reason.said
    assert given("least_busy", "nowhere").agent is None
    assert given("skill", "sip").agent is None
    assert given("by_magic", "billing").agent is None


def test_the_least_busy_gets_it() -> None:
    assert given("least_busy", open_tickets={"ivan": 3, "olga": 1, "petr": 2}).agent == "olga"


def test_equally_busy_agents_take_turns() -> None:
    open_tickets = {"olga": 7}
    assert rounds("least_busy", 3, open_tickets=open_tickets) == ["ivan", "petr", "ivan"]


def test_the_least_busy_who_is_full_is_passed_over() -> None:
    some = (agent("ivan", tickets_max=1), OLGA)
    assert given("least_busy", agents=some, open_tickets={"ivan": 1, "olga": 8}).agent == "olga"


SKILLED = (
    agent("ivan", "billing", "sip"),
    agent("olga", "support", "sip fax", language="uk"),
    agent("petr", "support", "SIP uk"),
    agent("anna", "support", "fax"),
)


@pytest.mark.parametrize(
    ("what", "queue", "language", "expected"),
    [
        ("sip", "billing", "uk", "ivan"),  # the ticket's queue has somebody
        ("sip", "sales", "en", "ivan"),  # nobody there: anybody of the desk
        ("sip", "support", "en", "petr"),  # whose language it is
        ("sip", "support", "uk", "olga"),
        ("sip, fax", "support", "en", "olga"),
        ("sip fax", "billing", "en", "olga"),
        ("FAX", "support", "de", "olga"),
    ],
)
def test_the_skilled_get_it(what: str, queue: str, language: str, expected: str) -> None:
    assert (
        given("skill", what, agents=SKILLED, queue=queue, language=language).agent == expected
    )


def test_among_the_skilled_language_counts_before_work() -> None:
    busy = {"olga": 5, "petr": 4}
    some = (agent("ivan", "support", "sip"), *SKILLED[1:])
    found = given(
        "skill", "sip", agents=some, queue="support", language="uk", open_tickets=busy
    )
    assert found.agent == "petr"
    found = given(
        "skill", "sip", agents=some, queue="support", language="pl", open_tickets=busy
    )
    assert found.agent == "ivan"


def test_a_skill_whose_people_are_away_goes_to_nobody_else() -> None:
    away = {name: NOW + timedelta(days=1) for name in ("olga", "petr")}
    assert given("skill", "sip", agents=SKILLED, queue="support", away=away).agent is None


@pytest.mark.parametrize("how", ["round_robin", "least_busy"])
def test_agents_whom_a_rule_lists_share_whatever_their_queues(how: str) -> None:
    agents = (*TEAM, agent("lena", queues="support"))
    listed = ("lena", "ivan")
    first = given(how, agents=agents, among=listed)
    assert first.agent == "ivan"
    assert first.turn is not None
    second = given(how, agents=agents, among=listed, turns=(first.turn,))
    assert second.agent == "lena"
    away = {"ivan": NOW + timedelta(days=1)}
    assert given(how, agents=agents, among=listed, away=away).agent == "lena"
