"""Routing: what the rules of ``rules.yaml`` say to one mail, and why.

Rules are read from top to bottom. Queue, priority, category, owner, SLA policy and canned reply
are set by the first rule that names them; tags, notes and people to notify add up; ``stop``
ends. A rule sees the queue and the tags that rules above it set. Nothing raises for what a
mail says. ``conditions`` tells whether a rule fits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from mailtrack.desk.conditions import CONDITIONS as CONDITIONS
from mailtrack.desk.conditions import (
    Book,
    Sight,
    Tree,
    book_of,
    compiled,
    evidence,
)
from mailtrack.desk.conditions import RoutingFacts as RoutingFacts
from mailtrack.desk.conditions import check_condition as check_condition
from mailtrack.desk.patterns import check_regex as check_regex
from mailtrack.desk.rules import Assign, Rule, Then, When
from mailtrack.tickets.decision import Reason
from mailtrack.tickets.ticket import Priority

EVIDENCE_SHOWN_MAX: Final = 5
PROMISES_REMEMBERED: Final = 128  # compiled ``when`` of SLA policies; a desk has a handful


@dataclass(frozen=True, slots=True)
class Route:
    """What all rules together say about a mail. None or empty: they leave it alone.

    ``notes`` stand in the order of the rules. ``trace`` has a line for each rule that fits.
    """

    queue: str | None = None
    priority: Priority | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    assign: Assign | None = None
    sla: str | None = None
    canned: str | None = None
    notes: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    hold: bool = False
    spam: bool = False
    trace: tuple[Reason, ...] = ()

    @property
    def note(self) -> str | None:
        """All notes as one text, None if there is none."""
        return "\n\n".join(self.notes) or None


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    rule: Rule
    tree: Tree


@dataclass(frozen=True, slots=True, eq=False)
class Routing:
    """All rules of a desk, compiled. ``Routing()`` has none."""

    _rules: tuple[_CompiledRule, ...] = ()
    _book: Book = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """How many rules there are."""
        return len(self._rules)

    def route(self, facts: RoutingFacts) -> Route:
        """What the rules say about this mail."""
        route = Route()
        sight = Sight(facts, self._book)
        for one in self._rules:
            found = evidence(one.tree, sight)
            if found is None:
                continue
            route = _merged(route, one.rule, found)
            if one.rule.stop:
                break
            sight.change(
                queue=facts.queue if route.queue is None else route.queue,
                tags=_added(facts.tags, route.tags),
            )
        return route


def compile_rules(rules: tuple[Rule, ...]) -> Routing:
    """The rules, ready to be asked. What ``check_condition`` refuses fits nothing here."""
    some = tuple(_CompiledRule(rule, compiled(rule.when)) for rule in rules)
    return Routing(some, book_of(one.tree for one in some))


def fits(when: When, facts: RoutingFacts) -> bool:
    """Whether a mail fits a ``when`` that stands outside the rules, as of an SLA policy."""
    tree, book = _compiled_alone(when)
    return evidence(tree, Sight(facts, book)) is not None


@lru_cache(maxsize=PROMISES_REMEMBERED)
def _compiled_alone(when: When) -> tuple[Tree, Book]:
    tree = compiled(when)
    return tree, book_of((tree,))


def _merged(route: Route, rule: Rule, found: tuple[str, ...]) -> Route:
    then = rule.then
    return Route(
        queue=then.queue if route.queue is None else route.queue,
        priority=then.priority if route.priority is None else route.priority,
        category=then.category if route.category is None else route.category,
        tags=_added(route.tags, then.tags),
        assign=then.assign if route.assign is None else route.assign,
        sla=then.sla if route.sla is None else route.sla,
        canned=then.canned if route.canned is None else route.canned,
        notes=_added(route.notes, (then.note,) if then.note else ()),
        notify=_added(route.notify, then.notify),
        hold=route.hold or then.hold,
        spam=route.spam or then.spam,
        trace=(*route.trace, Reason(rule.name, _said(route, rule, found), rule.where)),
    )


def _added(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))


def _said(route: Route, rule: Rule, found: tuple[str, ...]) -> str:
    """One line: what in the mail fitted, and what the rule did about it."""
    because = ", ".join(found[:EVIDENCE_SHOWN_MAX]) or "every mail"
    done = [*_settings(route, rule.then), *_additions(rule.then)]
    if rule.stop:
        done.append("stop")
    return f"{because}: {', '.join(done) or 'nothing to do'}"


def _settings(route: Route, then: Then) -> list[str]:
    rows = (
        ("queue", route.queue, then.queue),
        ("priority", route.priority, then.priority),
        ("category", route.category, then.category),
        ("assign", _shown(route.assign), _shown(then.assign)),
        ("sla", route.sla, then.sla),
        ("canned", route.canned, then.canned),
    )
    return [
        f"{name} {new}" if old is None else f"{name} stays {old}"
        for name, old, new in rows
        if new is not None
    ]


def _additions(then: Then) -> list[str]:
    said = [f"tag {tag}" for tag in then.tags]
    said += ["note"] if then.note else []
    said += [f"notify {who}" for who in then.notify]
    said += ["hold"] if then.hold else []
    said += ["spam"] if then.spam else []
    return said


def _shown(assign: Assign | None) -> str | None:
    return None if assign is None else f"{assign.how} {assign.what}".strip()
