"""A desk's own templates: what takes the place of what, and every mistake with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from desk.stationery import LANGUAGES, SHIPPED, STATIONERY

from mailtrack.desk import samples
from mailtrack.desk.letters import (
    LETTERS,
    Stationery,
    TemplateMistakes,
    load_stationery,
)
from mailtrack.desk.templates import FILE_BYTES_MAX
from mailtrack.desk.views import (
    PublicPersonView,
)


def load_with(tmp_path: Path, files: dict[str, str]) -> Stationery:
    """The shipped templates with a desk's own above them."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load_stationery((tmp_path, SHIPPED), LANGUAGES)


def mistakes_of(tmp_path: Path, files: dict[str, str]) -> list[str]:
    with pytest.raises(TemplateMistakes) as caught:
        load_with(tmp_path, files)
    return [str(one).removeprefix(f"{tmp_path}/") for one in caught.value.mistakes]


# --- what is shipped --------------------------------------------------------------------------


def test_a_desks_own_text_takes_the_place_of_ours_and_of_our_html_twin(tmp_path: Path) -> None:
    own = "{# ticket #}\n{% set subject %}Got it{% endset %}\nGot number {{ ticket.number }}.\n"
    stationery = load_with(tmp_path, {"letters/en/acknowledged.txt.j2": own})
    view = LETTERS["acknowledged"][0]
    words = stationery.write("acknowledged", "en", view)
    assert (words.subject, words.text, words.html) == ("Got it", "Got number 1042.\n", None)
    assert stationery.write("acknowledged", "uk", view) == STATIONERY.write(
        "acknowledged", "uk", view
    )


def test_a_desks_own_html_stands_beside_our_text(tmp_path: Path) -> None:
    stationery = load_with(tmp_path, {"letters/en/closed.html.j2": "<p>{{ agent.shown }}</p>"})
    words = stationery.write("closed", "en", LETTERS["closed"][0])
    assert words.html == "<p>Ivan Petrenko</p>"
    assert words.text == STATIONERY.write("closed", "en", LETTERS["closed"][0]).text


def test_a_language_of_its_own_may_take_the_place_of_a_letter_for_all(tmp_path: Path) -> None:
    own = "{% set subject %}Hilfe{% endset %}{{ marker }}\n"
    stationery = load_with(tmp_path, {"letters/uk/help.txt.j2": own})
    assert stationery.write("help", "uk", LETTERS["help"][0]).subject == "Hilfe"
    assert stationery.write("help", "ru", LETTERS["help"][0]).subject == "Команды"


def test_a_desk_may_change_a_single_phrase(tmp_path: Path) -> None:
    own = "# ours\nstatuses.open = being worked on\n"
    stationery = load_with(tmp_path, {"letters/en/phrases.txt": own})
    assert stationery.label("en", "statuses", "open") == "being worked on"
    assert stationery.label("en", "statuses", "new") == "new"
    assert stationery.label("ru", "statuses", "open") == "в работе"


def test_a_new_language_needs_no_more_than_the_phrases_it_has(tmp_path: Path) -> None:
    (tmp_path / "letters/de").mkdir(parents=True)
    (tmp_path / "letters/de/phrases.txt").write_text("statuses.open = offen\n")
    stationery = load_stationery((tmp_path, SHIPPED), ("de",))
    text = stationery.write("notification", "de", LETTERS["notification"][0]).text
    assert "#1042 · offen · support" in text
    assert "Cara Smith wrote." in text


# Each stage of loading stops the next, so a file of each stage can be tried in one go: the text
# of a file, and its mistakes.
CANNOT_BE_READ = {
    "letters/en/closed.txt.j2": (
        "ok\n{% if %}",
        [":2:1: Expected an expression, got 'end of statement block'."],
    ),
    "letters/en/resolved.txt.j2": (
        "x" * (FILE_BYTES_MAX + 1),
        [f":1:1: {FILE_BYTES_MAX + 1} bytes. At most {FILE_BYTES_MAX} are read."],
    ),
    "letters/uk/phrases.txt": (
        "statuses.opn = x\nmore = {coun}\nmonths = a b\nword\n",
        [
            ":4:1: no phrase. Write: name = words",
            ":1:1: statuses.opn: no letter says this. Did you mean statuses.open?",
            ":2:1: more: {coun} is not filled in here. There is: {count}.",
            ":3:1: months: 2 names. There are 12, by blanks.",
        ],
    ),
    "canned/head.txt": (
        "titel: x\n\nHello",
        [
            ":1:1: titel: x: not a line of a head."
            " The head knows title, languages, suggests; a blank line ends it."
        ],
    ),
    "canned/none.txt": ("\nHello", [":1:1: no title. Begin with: title: …"]),
}
NAMES_NOTHING = {
    "letters/en/closed.txt.j2": (
        "{# x #}\n{% set subject %}x{% endset %}\n{{ tiket }} {{ tiket }}",
        [":3:4: tiket: tiket is not known here. Did you mean ticket?"],
    ),
    "letters/en/resolved.txt.j2": (
        "{% if false %}\n{{ ticket.nummer }}\n{% endif %}",
        [":2:4: ticket.nummer: ticket.nummer does not exist. Did you mean number?"],
    ),
    "letters/en/answer.txt.j2": (
        "{{ ticket.requester }}{% set one = ticket %}{{ one.requester }}",
        [
            ":1:4: ticket.requester: ticket.requester does not exist."
            " There are: number, subject.",
            ":1:48: one.requester: one.requester does not exist. There are: number, subject.",
        ],
    ),
    "letters/en/acknowledged.html.j2": (
        "{{ ticket.__class__ }}",
        [
            ":1:4: ticket.__class__: ticket.__class__ does not exist."
            " There are: number, subject."
        ],
    ),
    "letters/shown.txt.j2": (
        "{% for one in entries %}{{ loop.index }}{{ one.autor }}{% endfor %}{{ one }}",
        [
            ":1:44: one.autor: one.autor does not exist. Did you mean author?",
            ":1:8: one: one is not known here. Did you mean zone?",
        ],
    ),
    "letters/help.txt.j2": (
        "\n{{ say.help_openin }}",
        [":2:8: help_openin: no such phrase. Did you mean help_opening?"],
    ),
    "letters/why.txt.j2": (
        "{{ 'a' * 1000000000 }}{{ 9 ** 9 }}",
        [
            ":1:8: *: templates may not multiply.",
            ":1:28: **: templates may not multiply.",
        ],
    ),
    "canned/x.txt": (
        "title: x\n\nHello {{ customer.email }}",
        [":3:10: customer.email: customer.email does not exist. There are: name, shown."],
    ),
}
CANNOT_BE_WRITTEN = {
    "letters/en/closed.txt.j2": (
        "{{ agent.shown.nope.nope }}",
        [":1:1: 'str object' has no attribute 'nope'."],
    ),
    "letters/en/resolved.txt.j2": ("\n\n{{ 1 / 0 }}", [":3:1: division by zero."]),
    "letters/en/answer.txt.j2": (
        "{{ ''.__class__.__mro__ }}",
        [":1:1: access to attribute '__class__' of 'str' object is unsafe."],
    ),
    "letters/why.txt.j2": (
        "{{ '{0.__class__}'.format(now) }}",
        [":1:1: a template may not use format."],
    ),
    "letters/help.txt.j2": (
        "{{ say.__init__.__globals__ }}",
        [":1:1: access to attribute '__init__' of 'Phrases' object is unsafe."],
    ),
    "letters/found.txt.j2": (
        "{{ subject_for_agent.__globals__ }}",
        [":1:1: access to attribute '__globals__' of 'function' object is unsafe."],
    ),
    "letters/listed.txt.j2": ("{{ say.listed() }}", [":1:1: {queue} is not filled in."]),
    "canned/x.txt": (
        "title: x\n\n{{ customer.name.nope.nope }}",
        [":3:1: 'str object' has no attribute 'nope'."],
    ),
}


@pytest.mark.parametrize("stage", [CANNOT_BE_READ, NAMES_NOTHING, CANNOT_BE_WRITTEN])
def test_every_mistake_is_named_with_its_place_and_the_way_to_mend_it(
    tmp_path: Path, stage: dict[str, tuple[str, list[str]]]
) -> None:
    found = mistakes_of(tmp_path, {name: text for name, (text, _) in stage.items()})
    expected = [f"{name}{told}" for name, (_, all_told) in stage.items() for told in all_told]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        "'a' * 1000000000",
        "9 ** 99999999",
        "'%1000000000s' % 'a'",
        "'{:1000000000}'.format('a')",
        "'a'.ljust(1000000000)",
        "'a'['zfill'](1000000000)",
        "'a'|center(1000000000)",
        "range(1000000000)|join",
    ],
)
def test_a95_a_template_makes_no_text_as_long_as_a_number_says(
    tmp_path: Path, text: str
) -> None:
    assert mistakes_of(tmp_path, {"letters/why.txt.j2": "{{ " + text + " }}"})


def test_a_template_may_count_by_twos(tmp_path: Path) -> None:
    load_with(tmp_path, {"letters/why.txt.j2": "{{ 7 % 2 }}"})


def test_an_unknown_filter_is_told_with_those_there_are(tmp_path: Path) -> None:
    found = mistakes_of(tmp_path, {"letters/en/closed.txt.j2": "x\n{{ agent.shown | center }}"})
    assert len(found) == 1
    assert found[0].startswith(
        "letters/en/closed.txt.j2:2:1: No filter named 'center'. Filters are: "
    )


def test_a_file_that_is_not_utf8_is_a_mistake_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "letters/en").mkdir(parents=True)
    (tmp_path / "letters/en/closed.txt.j2").write_bytes(b"ok\n\xff\n")
    with pytest.raises(TemplateMistakes) as caught:
        load_stationery((tmp_path, SHIPPED), LANGUAGES)
    assert [(one.line, one.found) for one in caught.value.mistakes] == [(2, "not UTF-8")]


def test_a_language_without_a_folder_is_a_mistake() -> None:
    with pytest.raises(TemplateMistakes, match=r"letters/xx/phrases.txt"):
        load_stationery((SHIPPED,), ("xx",))


# --- canned answers ---------------------------------------------------------------------------


def test_a_canned_answer_is_written_in_the_language_of_the_ticket(tmp_path: Path) -> None:
    stationery = load_with(
        tmp_path,
        {
            "canned/link.txt": "title: A link\nsuggests: 404, broken link\n\n"
            "Hello {{ customer.name }},\n\n"
            "#{{ ticket.number }} {{ agent.shown }}, {{ desk.name }}",
            "canned/uk/link.txt": "title: Посилання\n\nВітаємо, {{ customer.name }}!",
        },
    )
    assert stationery.canned_names == ("link", "more-details", "still-working")
    found = stationery.canned("link")
    assert found is not None
    assert (found.title, found.languages, found.suggests) == (
        "A link", (), ("404", "broken link")
    )  # fmt: skip
    view = samples.CANNED
    assert stationery.write_canned("link", "de", view) == (
        "Hello Cara Smith,\n\n#1042 Ivan Petrenko, Example Help"
    )
    assert stationery.write_canned("link", "uk", view) == "Вітаємо, Cara Smith!"
    nameless = replace(view, customer=PublicPersonView(""))
    assert stationery.write_canned("link", "en", nameless).startswith("Hello,\n")
    assert stationery.write_canned("link", "uk", nameless) == "Вітаємо!"


def test_there_is_no_canned_answer_of_an_unknown_name() -> None:
    assert STATIONERY.canned("nope") is None


# --- subjects ---------------------------------------------------------------------------------
