"""``sla.yaml`` as values: calendars, promises, the escalation ladder."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from mailtrack.config.compile_rules import when_of
from mailtrack.config.known import Known
from mailtrack.config.models_rules import (
    CalendarSection,
    RungSection,
    SlaFile,
    SlaPolicySection,
    TargetsSection,
)
from mailtrack.config.page import KeyPath, Page, did_you_mean, shown_text
from mailtrack.config.report import Report, twice
from mailtrack.config.words import (
    DAYS,
    date_from,
    days_from,
    minutes_of,
    shown_duration,
    shown_window,
)
from mailtrack.desk.promises import Calendar, Rung, SlaPolicy, Window
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.ticket import Priority

DAY_MINUTES: Final = 1440
WEEK_MINUTES: Final = 7 * DAY_MINUTES
TELL_WORDS: Final = ("owner", "lead", "queue")

_DAY: Final = timedelta(days=1)
_LEAST_FIRST: Final = (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT)


def calendars_of(
    file: SlaFile, page: Page, *, zone: ZoneInfo, report: Report
) -> dict[str, Calendar]:
    """Calendars by name."""
    return {
        name: _calendar_of(name, one, page, zone=zone, report=report)
        for name, one in file.calendars.items()
    }


def policies_of(
    file: SlaFile,
    page: Page,
    calendars: dict[str, Calendar],
    *,
    known: Known,
    report: Report,
) -> tuple[SlaPolicy, ...]:
    """The promises in the order of the file."""
    for second, first in twice((one.name for one in file.policies), page, "policies", "name"):
        line, name = page.key_place(("policies", first)).line, file.policies[second].name
        found = f"{shown_text(name)} is the name of the policy in line {line}"
        report.wrong(page, ("policies", second, "name"), found, "Give one of them another name")
    return tuple(
        _policy_of(one, page, index, calendars=calendars, known=known, report=report)
        for index, one in enumerate(file.policies)
    )


def ladder_of(file: SlaFile, page: Page, *, known: Known, report: Report) -> tuple[Rung, ...]:
    """The steps of the escalation, in the order of time."""
    rungs = tuple(
        _rung_of(one, page, ("escalation", index), known=known, report=report)
        for index, one in enumerate(file.escalation)
    )
    for second, first in twice((rung.name for rung in rungs), page, "escalation", "at"):
        found = f"{rungs[second].name} is told in line {rungs[first].where.rpartition(':')[2]}"
        mend = "Put all who are told then into one list"
        report.wrong(page, ("escalation", second, "at"), found, mend)
    return tuple(sorted(rungs, key=lambda rung: (rung.after or timedelta(), rung.percent or 0)))


def _calendar_of(
    name: str, one: CalendarSection, page: Page, *, zone: ZoneInfo, report: Report
) -> Calendar:
    path: KeyPath = ("calendars", name)
    week: list[list[Window]] = [[] for _ in DAYS]
    taken: list[tuple[int, int, str]] = []
    for key, windows in one.hours.items():
        days = _days_at(key, page, (*path, "hours", key), report)
        for index, window in enumerate(windows):
            at = (*path, "hours", key, index)
            _take(key, days, window, taken=taken, page=page, path=at, report=report)
            for day in days:
                week[day].append(window)
    if not any(one.hours.values()) and page.is_whole(path):
        report.wrong_key(page, path, f"'{name}' has no hours", "Add hours: {mon-fri: ...}")
    return Calendar(
        name=name,
        zone=one.timezone or zone,
        week=tuple(tuple(sorted(day, key=minutes_of)) for day in week),
        overrides=_overrides_of(one, page, path, report),
    )


def _days_at(key: str, page: Page, path: KeyPath, report: Report) -> tuple[int, ...]:
    try:
        return days_from(key)
    except PydanticCustomError as error:
        context = error.context or {}
        report.wrong_key(page, path, str(context["found"]), str(context["mend"]))
        return ()


def _take(
    key: str,
    days: tuple[int, ...],
    window: Window,
    *,
    taken: list[tuple[int, int, str]],
    page: Page,
    path: KeyPath,
    report: Report,
) -> None:
    """Note the minutes of the week that a window covers; hours that overlap are a mistake."""
    opens, closes = minutes_of(window)
    shown = f"{key} {shown_window(window)}"
    spans = [(day * DAY_MINUTES + opens, day * DAY_MINUTES + closes, shown) for day in days]
    for span in spans:
        other = _overlapping(span[0], span[1], taken)
        taken.append(span)
        if other is not None:
            found = f"{shown} overlaps with {other}"
            report.wrong(page, path, found, "Let hours of one day follow each other")
            return


def _overlapping(begin: int, end: int, taken: list[tuple[int, int, str]]) -> str | None:
    for other_begin, other_end, shown in taken:
        for week in (-WEEK_MINUTES, 0, WEEK_MINUTES):  # Sunday night runs into Monday
            if begin < other_end + week and other_begin + week < end:
                return shown
    return None


def _overrides_of(
    one: CalendarSection, page: Page, path: KeyPath, report: Report
) -> tuple[tuple[date, tuple[Window, ...]], ...]:
    days: dict[date, tuple[Window, ...]] = {}
    for index, day in enumerate(one.holidays):
        if day in days:
            at = (*path, "holidays", index)
            report.wrong(page, at, f"{day} stands here a second time", "Delete one of them")
        days[day] = ()
    for key, windows in one.overrides.items():
        at = (*path, "overrides", key)
        try:
            day = date_from(key)
        except PydanticCustomError as error:
            context = error.context or {}
            report.wrong_key(page, at, str(context["found"]), str(context["mend"]))
            continue
        if day in days:
            report.wrong_key(page, at, f"{day} is a holiday, too", "Delete it in holidays")
        _check_override(windows, page, at, report)
        days[day] = windows
    return tuple(sorted(days.items()))


def _check_override(
    windows: tuple[Window, ...], page: Page, path: KeyPath, report: Report
) -> None:
    taken: list[tuple[int, int, str]] = []
    for index, window in enumerate(windows):
        opens, closes = minutes_of(window)
        other = _overlapping(opens, closes, taken)
        if other is not None:
            found = f"{shown_window(window)} overlaps with {other}"
            report.wrong(page, (*path, index), found, "Let hours of one day follow each other")
        taken.append((opens, closes, shown_window(window)))


def _policy_of(
    one: SlaPolicySection,
    page: Page,
    index: int,
    *,
    calendars: dict[str, Calendar],
    known: Known,
    report: Report,
) -> SlaPolicy:
    path: KeyPath = ("policies", index)
    if one.calendar is not None:
        known.calendars.expect(one.calendar, page, (*path, "calendar"), report)
    promised = (
        (Metric.FIRST_REPLY, one.first_reply),
        (Metric.NEXT_REPLY, one.next_reply),
        (Metric.UPDATE, one.update),
        (Metric.RESOLUTION, one.resolution),
    )
    if not any(section for _, section in promised) and page.is_whole(path):
        found = f"the policy {shown_text(one.name)} promises nothing"
        report.wrong(page, path, found, "Add first_reply, next_reply, update or resolution")
    targets = tuple(
        (metric, priority, int(length.total_seconds()))
        for metric, section in promised
        if section is not None
        for priority, length in _lengths(section, page, (*path, metric.value), report)
    )
    if one.calendar is not None:
        _warn_of_days(page, path, report)
    return SlaPolicy(
        name=one.name,
        when=when_of(one.when, page, (*path, "when"), known=known, report=report),
        calendar=calendars.get(one.calendar or ""),
        targets=targets,
        pause_on_hold=one.pause_on_hold,
        rebase=one.rebase,
        where=page.where(path),
    )


def _lengths(
    section: TargetsSection, page: Page, path: KeyPath, report: Report
) -> list[tuple[Priority, timedelta]]:
    """The length for each priority; one that is not named takes that of the next lower one."""
    lengths: list[tuple[Priority, timedelta]] = []
    previous: timedelta | None = None
    for priority in _LEAST_FIRST:
        named: timedelta | None = getattr(section, priority.value)
        if named is not None and not named:
            report.wrong(page, (*path, priority.value), "no time at all", "Write a length")
        if named is not None and previous is not None and named > previous:
            found = f"{shown_duration(named)} for {priority} is longer than for a lower one"
            report.warn(page, (*path, priority.value), found, "Is that meant?")
        length = named or section.all_ or previous
        previous = length
        if length:
            lengths.append((priority, length))
    return lengths


def _warn_of_days(page: Page, path: KeyPath, report: Report) -> None:
    for metric in Metric:
        at: KeyPath = (*path, metric.value)
        for place in tuple((*at, key) for key in page.keys(at)) or (at,):
            for text in page.texts(place):
                if text.rstrip().endswith(("d", "w")):
                    found = f"a day in {shown_text(text)} is 24 hours of the calendar's time"
                    report.warn(page, place, found, "Write hours, such as 8h, to be clear")


def _rung_of(
    one: RungSection,
    page: Page,
    path: KeyPath,
    *,
    known: Known,
    report: Report,
) -> Rung:
    percent, after = one.at
    for index, name in enumerate(one.tell):
        at = (*path, "tell", index)
        if "@" in name:
            known.addresses.expect(name.casefold(), page, at, report)
        elif name not in TELL_WORDS:
            _expect_teller(name, page, at, known=known, report=report)
    return Rung(percent, after, one.tell, page.where(path))


def _expect_teller(
    name: str, page: Page, path: KeyPath, *, known: Known, report: Report
) -> None:
    words = known.agents.words
    if words is None or name in words:
        return
    found = f"there is no agent {shown_text(name)}"
    report.wrong(page, path, found, did_you_mean(name, (*TELL_WORDS, *words)))
