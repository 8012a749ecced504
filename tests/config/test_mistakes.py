"""Plays the cases of ``mistakes.txt``: each mistake is told with place, key and mend."""

from pathlib import Path

import pytest
from config.conftest import DESK, PEOPLE, Mistakes

from mailtrack.errors import Mistake

GOOD = {"mailtrack": DESK, "people": PEOPLE}
CASES = (Path(__file__).parent / "mistakes.txt").read_text("utf-8").split("\n----\n")[1:]


def case_of(text: str) -> tuple[dict[str, str], list[str]]:
    """The files of a case, and what has to be told about them."""
    files: dict[str, str] = {}
    told: list[str] = []
    name = ""
    for line in text.strip("\n").split("\n"):
        if line.startswith("=> "):
            told.append(line.removeprefix("=> "))
        elif line[:2] in ("= ", "+ ") and line.endswith(".yaml"):
            name = line[2:].removesuffix(".yaml")
            files[name] = GOOD[name] if line[0] == "+" else ""
        else:
            files[name] += f"{line}\n"
    return files, told


def lines_of(mistakes: tuple[Mistake, ...]) -> list[str]:
    """What is told, with the files named without their folder."""
    return [str(one).replace(f"{Path(one.file).parent}/", "") for one in mistakes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case_of(case)[1][0].split(". ")[0])
def test_a_mistake_is_told_with_its_place_and_how_to_mend_it(
    case: str, mistakes: Mistakes
) -> None:
    files, expected = case_of(case)
    found = mistakes(**files)
    told = lines_of(found)
    assert [line[: len(begin)] for line, begin in zip(told, expected, strict=False)] == expected
    assert len(told) == len(expected), told
    assert all(one.mend for one in found)


def test_the_good_desk_that_all_cases_start_from_has_no_mistake(mistakes: Mistakes) -> None:
    assert mistakes() == ()


EVERYTHING = {
    "mailtrack": """\
desk:
  name: Help
  addresses:
    support@help.example: support
    Support@help.example: billing
  timezone: Europe/Kiyv
  language: ua
  undo_delay: 10 parsecs
intaek: {}
intake:
\tlimits: {recipients_max: many}
templates: mine
""",
    "people": """\
agents:
  ivan: {email: ivan@help.example}
  petr: {name: Petr}
  olga: {email: [olga@help.example, ivan@help.example]}
""",
    "rules": """\
rules:
  - name: refunds
    when: {subject: "re:(refund"}
    then: {queue: biling, assign: ivna}
  - name: refunds
    when: {from: *@bank.example}
    then: {queue: support, canned: no-such-answer}
  - name: petr gets these, though his entry is wrong elsewhere
    then: {assign: petr}
""",
    "sla": """\
calendars:
  office:
    hours: {mon-fri: ["09:00-13:00", "12:00-18:00"]}
    holidays: [2026-02-30]
policies:
  - {name: gold, calendar: ofice, first_reply: 4 hours}
escalation:
  - {at: 180%, tell: ownr}
""",
}
IN_ALL_OF_IT = """\
mailtrack.yaml:5:5: desk.addresses.Support@help.example: Support@help.example is here already
mailtrack.yaml:6:13: desk.timezone: 'Europe/Kiyv' is no time zone. Did you mean 'Europe/Kyiv'?
mailtrack.yaml:7:13: desk.language: there is no language 'ua'. Did you mean 'uk'?
mailtrack.yaml:8:15: desk.undo_delay: '10 parsecs' is no length of time. Write it like 30m
mailtrack.yaml:9:1: intaek: there is no key 'intaek' here. Did you mean 'intake'?
mailtrack.yaml:11:1: a tab stands here, and YAML allows none in the indentation. Replace it
mailtrack.yaml:11:27: intake.limits.recipients_max: 'many' stands here. A whole number
mailtrack.yaml:12:12: templates: there is no folder mine. Make it
people.yaml:3:3: agents.petr.email: 'email' is missing. Add it.
people.yaml:4:37: agents.olga.email[1]: ivan@help.example is already an address of 'ivan'
rules.yaml:3:21: rules[0].when.subject: '(refund': not a regular expression of RE2
rules.yaml:4:19: rules[0].then.queue: there is no queue 'biling'. Did you mean 'billing'?
rules.yaml:4:35: rules[0].then.assign.person: there is no agent 'ivna'. Did you mean 'ivan'?
rules.yaml:5:11: rules[1].name: 'refunds' is the name of the rule in line 2. Give one of them
rules.yaml:6:18: rules[1].when.from: *@bank.example is read as a reference
rules.yaml:7:36: rules[1].then.canned: there is no canned answer 'no-such-answer'
sla.yaml:3:38: calendars.office.hours.mon-fri[1]: mon-fri 12:00-18:00 overlaps with mon-fri 09
sla.yaml:4:16: calendars.office.holidays[0]: '2026-02-30' is
sla.yaml:6:28: policies[0].calendar: there is no calendar 'ofice'. Did you mean 'office'?
sla.yaml:6:48: policies[0].first_reply: '4 hours' is no length of time
sla.yaml:8:10: escalation[0].at: '180%' is not between 1% and 100%
sla.yaml:8:22: escalation[0].tell: there is no agent 'ownr'. Did you mean 'owner'?
"""


def test_twenty_mistakes_of_all_kinds_are_told_in_one_run(mistakes: Mistakes) -> None:
    told = lines_of(mistakes(**EVERYTHING))
    expected = IN_ALL_OF_IT.splitlines()
    assert [line[: len(begin)] for line, begin in zip(told, expected, strict=False)] == expected
    assert len(told) == len(expected), told


def test_a_template_with_an_unknown_variable_is_told_in_the_same_run(
    mistakes: Mistakes, tmp_path: Path
) -> None:
    letters = tmp_path / "config" / "mine" / "canned"
    letters.mkdir(parents=True)
    (letters / "hello.txt").write_text("title: Hello\n\nDear {{ custommer.name }},\n")
    (told,) = mistakes(mailtrack=DESK + "templates: mine\n")
    assert (told.file, told.line, told.column) == (str(letters / "hello.txt"), 3, 9)
    assert "custommer" in str(told)
