"""``people.yaml`` as values: agents and what is known of customers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mailtrack.config.known import Known
from mailtrack.config.models_people import AgentSection, CustomerSection, PeopleFile
from mailtrack.config.page import KeyPath, Page, shown_text
from mailtrack.config.report import Report
from mailtrack.desk.policy import Agent, CustomerRule, Role
from mailtrack.mail.address import address_from, domain_from

# Names that mean somebody else in ``tell:`` and in commands.
RESERVED: Final = ("owner", "lead", "leads", "queue", "me", "nobody", "none")

_NAME: Final = re.compile(r"[^\W\d_][\w.-]*")
_SKILL: Final = re.compile(r"[^\s,]+")
_SIGNS: Final = re.compile(r"[\W_]+")


def agents_of(
    file: PeopleFile, page: Page, *, language: str, known: Known, report: Report
) -> tuple[Agent, ...]:
    """The agents in the order of the file."""
    _check_names(tuple(file.agents), page, report)
    _check_addresses(file, page, report)
    return tuple(
        _agent_of(name, one, page, language=language, known=known, report=report)
        for name, one in file.agents.items()
    )


def customers_of(
    file: PeopleFile, page: Page, *, known: Known, report: Report
) -> tuple[CustomerRule, ...]:
    """What is known of customers, in the order of the file."""
    return tuple(
        _customer_of(one, page, ("customers", index), known=known, report=report)
        for index, one in enumerate(file.customers)
    )


def _agent_of(
    name: str, one: AgentSection, page: Page, *, language: str, known: Known, report: Report
) -> Agent:
    path: KeyPath = ("agents", name)
    for index, queue in enumerate(one.queues or ()):
        known.queues.expect(queue, page, (*path, "queues", index), report)
    for index, skill in enumerate(one.skills):
        if not _SKILL.fullmatch(skill):
            found = f"{shown_text(skill)} is more than one word"
            mend = (
                "Join it with a hyphen: rules that ask for several skills part them by commas"
            )
            report.wrong(page, (*path, "skills", index), found, mend)
    if one.language is not None:
        known.languages.expect(one.language, page, (*path, "language"), report)
    return Agent(
        name=name,
        shown=one.name or name.capitalize(),
        address=one.email[0],
        emails=tuple(address.key for address in one.email),
        role=one.role,
        queues=_queues_of(one, known),
        skills=one.skills,
        language=one.language or language,
        is_active=one.active,
        tickets_max=one.tickets_max,
        where=page.where(path),
    )


def _queues_of(one: AgentSection, known: Known) -> tuple[str, ...]:
    if one.queues is not None:
        return one.queues
    # Somebody who answers customers and hears of nothing would be a trap.
    hears_all = one.role in (Role.AGENT, Role.LEAD)
    return known.queues.words or () if hears_all else ()


def _check_names(names: tuple[str, ...], page: Page, report: Report) -> None:
    folded: dict[str, str] = {}
    for name in names:
        path: KeyPath = ("agents", name)
        if not _NAME.fullmatch(name):
            found = f"{shown_text(name)} cannot be typed in a command like [assign:{name}]"
            mend = "Use a short name of letters and digits that begins with a letter"
            report.wrong_key(page, path, found, mend)
        if name.casefold() in RESERVED:
            found = f"'{name}' has a meaning of its own in commands and in sla.yaml"
            report.wrong_key(page, path, found, "Give the agent another short name")
        # Commands compare names without case and signs, so these two could not be told apart.
        key = _SIGNS.sub("", name).casefold()
        if key in folded:
            found = f"'{name}' reads like '{folded[key]}' in commands"
            report.wrong_key(page, path, found, "Give one of them another short name")
        folded.setdefault(key, name)


def _check_addresses(file: PeopleFile, page: Page, report: Report) -> None:
    owners: dict[str, str] = {}
    for name, one in file.agents.items():
        written = one.email if page.is_whole(("agents", name, "email")) else ()
        for index, address in enumerate(written):
            first = owners.setdefault(address.key, name)
            if first == name and one.email.index(address) == index:
                continue
            found = f"{address} is already an address of '{first}'"
            mend = "An address belongs to one agent, once; delete it here or there"
            report.wrong(page, ("agents", name, "email", index), found, mend)


def _customer_of(
    one: CustomerSection, page: Page, path: KeyPath, *, known: Known, report: Report
) -> CustomerRule:
    if one.language is not None:
        known.languages.expect(one.language, page, (*path, "language"), report)
    if one.sla is not None:
        known.policies.expect(one.sla, page, (*path, "sla"), report)
    if not fits_addresses(one.match):
        found = f"{shown_text(one.match)} fits no address"
        mend = "Write a domain (acme.example), an address, or a pattern (*@*.acme.example)"
        report.wrong(page, (*path, "match"), found, mend)
    return CustomerRule(
        glob=one.match.casefold(),
        organisation=one.organisation,
        type=one.type,
        language=one.language,
        sla=one.sla,
        where=page.where(path),
        also=tuple(address.key for address in one.also),
    )


def aliases_of(
    customers: tuple[CustomerRule, ...],
    agents: tuple[Agent, ...],
    ours: Mapping[str, str],
    *,
    page: Page,
    report: Report,
) -> dict[str, str]:
    """The further addresses of customers, each with the one that names the person."""
    owners = {key: f"agent '{one.name}'" for one in agents for key in one.emails}
    owners |= dict.fromkeys(ours, "the desk itself")
    owners |= {one.glob: f"customer '{one.glob}'" for one in customers if "@" in one.glob}
    aliases: dict[str, str] = {}
    for index, one in enumerate(customers):
        path: KeyPath = ("customers", index)
        if one.also and address_from(one.glob) is None:
            found = f"{shown_text(one.glob)} is more than one person"
            mend = "Give match the one address that the others stand for"
            report.wrong(page, (*path, "match"), found, mend)
        for place, key in enumerate(one.also):
            if key in owners:
                found = f"{key} belongs to {owners[key]} already"
                mend = "An address belongs to one person, once; delete it here or there"
                report.wrong(page, (*path, "also", place), found, mend)
            owners.setdefault(key, f"customer '{one.glob}'")
            aliases[key] = one.glob
    return aliases


def fits_addresses(glob: str) -> bool:
    """Whether any address or domain can fit the pattern."""
    local, at, domain = glob.rpartition("@")
    if at and not local:
        return False
    if any(sign in glob for sign in ' \t<>,;:[]()"\\') or "@" in local:
        return False
    return domain_from(domain.replace("*", "x").replace("?", "x")) is not None
