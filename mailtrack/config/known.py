"""All names that the files give, read from the pages as they are written.

Read before anything is left out as wrong: an agent without an address is a mistake, but not a
reason to call every rule that assigns to them wrong, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mailtrack.config.page import KeyPath, Page
from mailtrack.config.report import Names
from mailtrack.desk.letters import Stationery

FILES: Final = ("mailtrack.yaml", "people.yaml", "rules.yaml", "sla.yaml")
SHIPPED: Final = ("en", "ru", "uk")  # languages that letters ship in


@dataclass(frozen=True, slots=True)
class Pages:
    """The four files as they were read."""

    desk: Page
    people: Page
    rules: Page
    sla: Page

    def all(self) -> tuple[Page, ...]:
        """The pages in the order in which mistakes are shown."""
        return (self.desk, self.people, self.rules, self.sla)


@dataclass(frozen=True, slots=True)
class Known:
    """What may be referred to."""

    agents: Names
    addresses: Names
    queues: Names
    policies: Names
    calendars: Names
    languages: Names
    skills: Names
    types: Names
    organisations: Names
    categories: Names
    tags: Names
    canned: Names


def known_from(pages: Pages, stationery: Stationery | None) -> Known:
    """The names of these files; those of canned answers come with the templates."""
    desk, people, sla = pages.desk, pages.people, pages.sla
    addresses: KeyPath = ("desk", "addresses")
    in_addresses = _texts(desk, ((*addresses, key) for key in desk.keys(addresses)))
    queues = dict.fromkeys((*in_addresses, *desk.keys(("desk", "queues"))))
    agents = people.keys(("agents",))
    return Known(
        agents=_names("agent", people, agents),
        addresses=_names(
            "agent with the address",
            people,
            (
                text.casefold()
                for text in _texts(people, (("agents", a, "email") for a in agents))
            ),
        ),
        queues=_names("queue", desk, queues),
        policies=_names("policy", sla, _of_items(sla, "policies", "name")),
        calendars=_names("calendar", sla, sla.keys(("calendars",))),
        languages=_names("language", desk, desk.texts(("desk", "languages")) or SHIPPED),
        skills=_names(
            "skill", people, _texts(people, (("agents", one, "skills") for one in agents))
        ),
        types=_names("customer type", people, _of_items(people, "customers", "type")),
        organisations=_names(
            "organisation", people, _of_items(people, "customers", "organisation")
        ),
        categories=_words("category", desk, "categories"),
        tags=_words("tag", desk, "tags"),
        canned=Names(
            "canned answer",
            "the folder canned/ of the templates",
            None if stationery is None else stationery.canned_names,
        ),
    )


def _names(kind: str, page: Page, words: Iterable[str]) -> Names:
    is_unreadable = page.root is None and bool(page.mistakes)
    return Names(kind, page.path.name, None if is_unreadable else tuple(dict.fromkeys(words)))


def _words(kind: str, page: Page, key: str) -> Names:
    """A list that, when it is empty, allows every word."""
    words = page.texts(("desk", key))
    return Names(kind, f"desk.{key} of {page.path.name}", words or None)


def _of_items(page: Page, items: str, key: str) -> tuple[str, ...]:
    return _texts(page, ((items, index, key) for index in range(page.length((items,)))))


def _texts(page: Page, paths: Iterable[KeyPath]) -> tuple[str, ...]:
    return tuple(text for path in paths for text in page.texts(path))
