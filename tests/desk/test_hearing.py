"""Who hears of what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from desk.cases import CARA, NOW, POLICY, TICKET, case, entry, mail_from, mailbox, participant

from mailtrack.desk.hearing import News, hearers, mentioned, route_of, tell_agents
from mailtrack.desk.letter_views import Event
from mailtrack.desk.views import Goes
from mailtrack.tickets.context import AgentState, Context
from mailtrack.tickets.decision import Change, Field
from mailtrack.tickets.ticket import EntryKind, Part, Ticket

OWNED = replace(TICKET, owner="ivan")
ALONE = replace(TICKET, queue="office")


def with_people(ticket: Ticket, *people: tuple[str, Part]) -> Ticket:
    parts = tuple(participant(person, part) for person, part in people)
    return replace(ticket, participants=(*ticket.participants, *parts))


def heard(
    event: Event,
    ticket: Ticket,
    actor: str = CARA,
    *,
    away: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    changes: tuple[Change, ...] = (),
) -> dict[str, str]:
    states = tuple(AgentState(name, 0, NOW + timedelta(hours=1)) for name in away)
    news = News(event, ticket, actor, None, changes, (), also)
    found = hearers(news, policy=POLICY, context=Context(agents=states), now=NOW)
    return {agent.name: to_them.value for agent, to_them in found}


MUTED = with_people(OWNED, ("@olga", Part.MUTED))
WATCHED = with_people(OWNED, ("@ada", Part.WATCHER))
GIVEN = Change(1, Field.OWNER, "ivan", "olga", "@ivan")


@pytest.mark.parametrize(
    ("event", "ticket", "actor", "names"),
    [
        # What customers do: the owner, or the team if there is none.
        (Event.NEW, TICKET, CARA, {"ivan", "olga"}),
        (Event.NEW, OWNED, CARA, {"ivan"}),
        (Event.MAIL, TICKET, CARA, {"ivan", "olga"}),
        (Event.MAIL, OWNED, CARA, {"ivan"}),
        (Event.REOPENED, OWNED, CARA, {"ivan"}),
        (Event.THIRD_PARTY, OWNED, "x@y.example", {"ivan"}),
        (Event.MAIL, WATCHED, CARA, {"ivan", "ada"}),
        (Event.MAIL, with_people(TICKET, ("@olga", Part.MUTED)), CARA, {"ivan"}),
        # Nobody is told of their own action; a muted owner hears all the same.
        (Event.NOTE, OWNED, "@ivan", {"olga"}),
        (Event.NOTE, OWNED, "@olga", {"ivan"}),
        (Event.NOTE, with_people(OWNED, ("@ivan", Part.MUTED)), "@olga", {"ivan"}),
        (Event.NOTE, MUTED, "@ivan", set()),
        (Event.NOTE, WATCHED, "@ivan", {"ada"}),
        # Answers and changes are told to those who care, not to the team.
        (Event.ANSWER, OWNED, "@olga", {"ivan"}),
        (Event.ANSWER, OWNED, "@ivan", set()),
        (Event.ANSWER, TICKET, "@ivan", set()),
        (Event.STATUS, OWNED, "@ivan", set()),
        (Event.STATUS, OWNED, "@olga", {"ivan"}),
        (Event.STATUS, TICKET, "@olga", set()),
    ],
)
def test_who_hears(event: Event, ticket: Ticket, actor: str, names: set[str]) -> None:
    assert set(heard(event, ticket, actor)) == names


def test_an_owner_who_is_away_hears_with_the_team() -> None:
    assert set(heard(Event.MAIL, OWNED, away=("ivan",))) == {"ivan", "olga"}
    assert set(heard(Event.MAIL, OWNED, away=("olga",))) == {"ivan"}


def test_talkers_of_notes_hear_of_the_next() -> None:
    said = entry("x", kind=EntryKind.NOTE, author="@ada")
    assert set(heard(Event.NOTE, replace(OWNED, entries=(said,)), "@ivan")) == {"ada"}


def test_the_new_owner_is_given_the_ticket_and_the_old_one_hears() -> None:
    told = heard(Event.STATUS, replace(TICKET, owner="olga"), "@ada", changes=(GIVEN,))
    assert told == {"olga": "assigned", "ivan": "status"}
    told = heard(Event.NOTE, replace(TICKET, owner="olga"), "@ivan", changes=(GIVEN,))
    assert told == {"olga": "assigned"}


def test_somebody_mentioned_hears_and_who_has_left_does_not() -> None:
    assert set(heard(Event.NOTE, OWNED, "@ivan", also=("ada", "petr", "nobody"))) == {"ada"}


def test_an_agent_who_asks_is_answered_as_a_customer_and_not_told_besides() -> None:
    own = replace(TICKET, requester="@olga", participants=(participant("@olga"),))
    assert set(heard(Event.MAIL, own, "@olga")) == {"ivan"}
    assert set(heard(Event.ANSWER, replace(own, owner="ivan"), "@ivan")) == set()


@pytest.mark.parametrize(
    ("event", "told"),
    [(Event.MAIL, set()), (Event.REOPENED, {"@ivan"}), (Event.NEW, {"@ivan"})],
)
def test_whom_the_customer_wrote_to_directly_has_the_mail(event: Event, told: set[str]) -> None:
    mail = replace(mail_from(CARA), cc=(mailbox("ivan@home.example"),))
    outcome = tell_agents(case(mail), News(event, OWNED, CARA, entry("It burns.")))
    assert {one.person for one in outcome.letters} == told


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ivan look", ("ivan",)),
        ("look, @Ivan!", ("ivan",)),
        ("(@olga@help.example)", ("olga",)),
        ('@"Ivan Petrenko", look', ("ivan",)),
        ('@"Ivan\nPetrenko"', ()),
        ("@ivan @olga @ivan", ("ivan", "olga")),
        ("mail ivan@help.example", ()),
        ("@petr", ()),
        ("@nobody", ()),
        ("@", ()),
        ("@" + "a" * 100, ()),
        ("", ()),
    ],
)
def test_mentions(text: str, names: tuple[str, ...]) -> None:
    assert mentioned(text, POLICY) == names


def test_the_first_line_says_where_a_reply_goes() -> None:
    copied = with_people(TICKET, ("bob@cust.example", Part.CC))
    route = route_of(copied, POLICY, is_internal=False)
    assert route.goes is Goes.CUSTOMER
    assert [one.email for one in route.people] == [CARA, "bob@cust.example"]
    assert route_of(copied, POLICY, is_internal=True).goes is Goes.NOTE


def test_a_queue_that_nobody_works_is_told_to_nobody() -> None:
    assert set(heard(Event.NEW, ALONE)) == {"ada"}
    assert heard(Event.NEW, replace(TICKET, queue="gone")) == {}
