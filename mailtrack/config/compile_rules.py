"""``rules.yaml`` as values, each condition and action with the line that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mailtrack.config.compile_people import fits_addresses
from mailtrack.config.known import Known
from mailtrack.config.models_rules import (
    AssignSection,
    RuleSection,
    RulesFile,
    ThenSection,
    WhenSection,
)
from mailtrack.config.page import KeyPath, Page, did_you_mean, shown_text
from mailtrack.config.report import Names, Report, twice
from mailtrack.desk.routing import check_condition
from mailtrack.desk.rules import Assign, Condition, Match, Rule, Then, When

REGEX: Final = "re:"
WHEN_DEPTH_MAX: Final = 8  # of all, any and not within each other

# The key in YAML, the condition's name for ``routing``, and how plain values are compared.
_CONDITIONS: Final = (
    ("subject", "subject", Match.WORDS),
    ("body", "body", Match.WORDS),
    ("from", "from", Match.GLOB),
    ("to", "to", Match.GLOB),
    ("list", "list", Match.GLOB),
    ("attachment", "attachment", Match.GLOB),
    ("language", "language", Match.EXACT),
    ("customer_type", "customer_type", Match.EXACT),
    ("organisation", "organisation", Match.EXACT),
    ("queue", "queue", Match.EXACT),
    ("tag", "tag", Match.EXACT),
    ("size", "size", Match.EXACT),
    ("is", "reply", Match.EXACT),
    ("time", "time", Match.EXACT),
)
_IS: Final = ("new", "reply")


def rules_of(file: RulesFile, page: Page, *, known: Known, report: Report) -> tuple[Rule, ...]:
    """The rules in the order of the file."""
    for second, first in twice((rule.name for rule in file.rules), page, "rules", "name"):
        line = page.key_place(("rules", first)).line
        found = f"{shown_text(file.rules[second].name)} is the name of the rule in line {line}"
        mend = "Give one of them another name, so that traces tell them apart"
        report.wrong(page, ("rules", second, "name"), found, mend)
    return tuple(
        _rule_of(rule, page, ("rules", index), known=known, report=report)
        for index, rule in enumerate(file.rules)
    )


def when_of(
    section: WhenSection, page: Page, path: KeyPath, *, known: Known, report: Report
) -> When:
    """The tree of conditions at ``path``."""
    if sum(1 for step in path if step in ("all", "any", "not")) > WHEN_DEPTH_MAX:
        found = f"more than {WHEN_DEPTH_MAX} levels of all, any and not"
        report.wrong_key(page, path, found, "Make several rules of it")
        return When()

    def parts(key: str, sections: tuple[WhenSection, ...]) -> Iterator[Condition | When]:
        for index, one in enumerate(sections):
            at = _item(page, (*path, key), index)
            yield _single(when_of(one, page, at, known=known, report=report))

    conditions = tuple(_conditions(section, page, path))
    for condition, at in conditions:
        _check(condition, page, at, known=known, report=report)
    return When(
        all=(*(condition for condition, _ in conditions), *parts("all", section.all_)),
        any=tuple(parts("any", section.any_)),
        none=tuple(parts("not", section.not_)),
    )


def _rule_of(
    rule: RuleSection, page: Page, path: KeyPath, *, known: Known, report: Report
) -> Rule:
    when = when_of(rule.when, page, (*path, "when"), known=known, report=report)
    then = _then_of(rule.then, page, (*path, "then"), known=known, report=report)
    if not (page.keys((*path, "then")) or rule.stop) and page.is_whole(path):
        found = f"the rule {shown_text(rule.name)} does nothing"
        report.wrong(page, path, found, "Add then: with what it does, or stop: true")
    return Rule(rule.name, when, then, rule.stop, page.where(path))


def _conditions(
    section: WhenSection, page: Page, path: KeyPath
) -> Iterator[tuple[Condition, KeyPath]]:
    values = section.model_dump(by_alias=True, exclude={"header", "all_", "any_", "not_"})
    for key, subject, plain in _CONDITIONS:
        given = values[key]
        texts = (given,) if isinstance(given, str) else given or ()
        if texts:
            at = (*path, key)
            found = tuple(_value_of(text, plain) for text in texts)
            yield Condition(subject, found, page.where(at)), at
    for name, texts in section.header.items():
        at = (*path, "header", name)
        found = tuple(
            (Match.GLOB, text) if text == "*" else _value_of(text, Match.WORDS)
            for text in texts
        )
        yield Condition("header", found, page.where(at), name), at


def _value_of(text: str, plain: Match) -> tuple[Match, str]:
    if text.startswith(REGEX):
        return Match.REGEX, text.removeprefix(REGEX).strip()
    return plain, text


def _single(when: When) -> Condition | When:
    """A tree of one condition as that condition: it reads better in traces."""
    if len(when.all) == 1 and not when.any and not when.none:
        return when.all[0]
    return when


def _item(page: Page, path: KeyPath, index: int) -> KeyPath:
    """The path of an item; one that stands without a list is its own."""
    return (*path, index) if page.length(path) else path


def _check(
    condition: Condition, page: Page, path: KeyPath, *, known: Known, report: Report
) -> None:
    for index, (how, text) in enumerate(condition.values):
        at = _item(page, path, index)
        single = Condition(condition.subject, ((how, text),), condition.where, condition.name)
        complaint = check_condition(single)
        if complaint is not None:
            found, _, mend = complaint.partition("; ")
            found = found if repr(text) in found else f"{shown_text(text)}: {found}"
            mend = mend or "correct it, or delete it"
            report.wrong(page, at, found, mend[:1].upper() + mend[1:])
        elif how is not Match.REGEX:
            checked = _CHECKS.get(condition.subject)
            if checked is not None:
                checked(text, page, at, known, report)


_Check = Callable[[str, Page, KeyPath, Known, Report], object]


def _check_glob(text: str, page: Page, path: KeyPath, known: Known, report: Report) -> None:
    if not fits_addresses(text):
        mend = "Write an address, a domain (bank.example) or a pattern (*@bank.example)"
        report.wrong(page, path, f"{shown_text(text)} fits no address", mend)


def _check_is(text: str, page: Page, path: KeyPath, known: Known, report: Report) -> None:
    if text not in _IS:
        mend = did_you_mean(text, _IS)
        report.wrong(page, path, f"{shown_text(text)} is not known here", mend)


_CHECKS: Final[Mapping[str, _Check]] = {
    "from": _check_glob,
    "to": _check_glob,
    "reply": _check_is,
    "queue": lambda text, page, at, known, report: known.queues.expect(text, page, at, report),
    "tag": lambda text, page, at, known, report: known.tags.expect(text, page, at, report),
    "customer_type": lambda text, page, at, known, report: known.types.advise(
        text, page, at, report
    ),
    "organisation": lambda text, page, at, known, report: known.organisations.advise(
        text, page, at, report
    ),
}


def _then_of(
    then: ThenSection, page: Page, path: KeyPath, *, known: Known, report: Report
) -> Then:
    singles: tuple[tuple[str, str | None, Names], ...] = (
        ("queue", then.queue, known.queues),
        ("category", then.category, known.categories),
        ("sla", then.sla, known.policies),
        ("canned", then.canned, known.canned),
    )
    for key, name, names in singles:
        if name is not None:
            names.expect(name, page, (*path, key), report)
    for key, listed, names in (
        ("tag", then.tag, known.tags),
        ("notify", then.notify, known.agents),
    ):
        for index, name in enumerate(listed):
            names.expect(name, page, _item(page, (*path, key), index), report)
    return Then(
        queue=then.queue,
        priority=then.priority,
        category=then.category,
        tags=then.tag,
        assign=_assign_of(then.assign, page, (*path, "assign"), known=known, report=report),
        sla=then.sla,
        canned=then.canned,
        note=then.note,
        notify=then.notify,
        hold=then.hold,
        spam=then.spam,
    )


def _assign_of(
    assign: AssignSection | None, page: Page, path: KeyPath, *, known: Known, report: Report
) -> Assign | None:
    if assign is None:
        return None
    where = page.where(path)
    given = [key for key, value in assign.model_dump().items() if value]
    if len(given) != 1:
        if page.is_whole(path):
            found = f"{' and '.join(given) or 'nothing'} says whom to assign to"
            mend = "Write one of person, round_robin, least_busy, skill"
            report.wrong_key(page, path, found, mend)
        return None
    if assign.person is not None:
        known.agents.expect(assign.person, page, (*path, "person"), report)
        return Assign("person", assign.person, where)
    if assign.skill:
        for index, skill in enumerate(assign.skill):
            known.skills.expect(skill, page, _item(page, (*path, "skill"), index), report)
        return Assign("skill", ", ".join(assign.skill), where)
    how = given[0]
    return _choice_of(how, assign, page, (*path, how), known=known, report=report)


def _choice_of(
    how: str,
    assign: AssignSection,
    page: Page,
    path: KeyPath,
    *,
    known: Known,
    report: Report,
) -> Assign:
    """``round_robin`` and ``least_busy``: a queue, or agents by name."""
    listed = assign.round_robin or assign.least_busy
    where = page.where(path)
    if not page.length(path):
        known.queues.expect(listed[0], page, path, report)
        return Assign(how, listed[0], where)
    for index, name in enumerate(listed):
        known.agents.expect(name, page, (*path, index), report)
    return Assign(how, "", where, among=listed)
