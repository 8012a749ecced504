"""Letters in words: every one that ships, in every language."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from desk.stationery import LANGUAGES, SHIPPED, STATIONERY
from jinja2 import Environment, nodes

from mailtrack.desk import letter_views
from mailtrack.desk.commands.order import Group, Problem
from mailtrack.desk.holding import HoldReason
from mailtrack.desk.letters import (
    LETTERS,
)
from mailtrack.desk.phrases import (
    Phrase,
    phrase_file_from,
)
from mailtrack.desk.template_lint import kinds_of
from mailtrack.desk.templates import WRITTEN_CHARS_MAX
from mailtrack.desk.views import (
    Caution,
    Done,
    PersonView,
    PublicPersonView,
    TicketView,
)
from mailtrack.mail.markers import MARKERS
from mailtrack.mail.reply import new_words_of_text
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.decision import Field
from mailtrack.tickets.ticket import EntryKind, Priority, Status

TO_CUSTOMERS = ("acknowledged", "answer", "resolved", "closed")
TO_AGENTS = tuple(name for name in LETTERS if name not in TO_CUSTOMERS)

every_letter = pytest.mark.parametrize("name", LETTERS)
every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_letter
@every_language
def test_every_letter_says_something_in_every_language(name: str, language: str) -> None:
    for view in LETTERS[name]:
        words = STATIONERY.write(name, language, view)
        assert words.subject == words.subject.strip() != ""
        assert "\n" not in words.subject
        assert words.text.endswith("\n")
        assert words.html is not None
        assert words.html.count("<table") == words.html.count("</table>")


@pytest.mark.parametrize("name", TO_AGENTS)
@every_language
def test_a_letter_to_agents_says_first_where_a_reply_goes(name: str, language: str) -> None:
    for view in LETTERS[name]:
        assert isinstance(view, letter_views.AgentLetterView)
        words = STATIONERY.write(name, language, view)
        marker, goes = words.text.splitlines()[:2]
        assert marker == MARKERS[language]
        assert goes == STATIONERY.label(language, "goes", view.route.goes).replace(
            "{names}", ", ".join(person.full for person in view.route.people)
        )
        assert words.html is not None
        assert marker in words.html


@pytest.mark.parametrize("name", TO_AGENTS)
@every_language
def test_an_answer_that_quotes_our_letter_is_read_without_it(name: str, language: str) -> None:
    text = STATIONERY.write(name, language, LETTERS[name][0]).text
    quoted = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    for below in (quoted, text, f"On Mon, Mar 02, 2026 at 09:00 Desk wrote:\n{quoted}"):
        assert new_words_of_text(f"Done, thanks.\n\n{below}").reply.strip() == "Done, thanks."


@every_letter
@every_language
def test_what_strangers_wrote_stays_literal_in_text_and_html(name: str, language: str) -> None:
    words = STATIONERY.write(name, language, LETTERS[name][0])
    assert words.html is not None
    if "7*7" in words.text:
        assert "{{ 7*7 }}" in words.text
        assert "{{ 7*7 }}" in words.html
    assert "49" not in words.text
    assert "<b>&amp;" not in words.html
    assert not re.search(r"https?://|src=|url\(|<script|<img|<link|@import", words.html)


def test_a_name_that_looks_like_a_template_or_a_header_is_inserted_as_it_is() -> None:
    view = LETTERS["acknowledged"][0]
    assert isinstance(view, letter_views.AcknowledgedView)
    evil = "{{ ticket.token }}%s\r\nBcc: x"
    words = STATIONERY.write(
        "acknowledged",
        "en",
        replace(
            view,
            customer=PublicPersonView(evil),
            ticket=replace(view.ticket, subject=evil),
        ),
    )
    assert words.subject == "[#1042] {{ ticket.token }}%s Bcc: x"
    assert words.text.startswith(f"Hello {evil},")


@pytest.mark.parametrize("name", TO_CUSTOMERS)
@every_language
def test_a_letter_to_a_customer_has_nothing_of_the_desk_in_it(name: str, language: str) -> None:
    for view in LETTERS[name]:
        words = STATIONERY.write(name, language, view)
        for text in (words.text, words.html or ""):
            assert MARKERS[language] not in text
            assert "mailto:" not in text
            assert "#1042" not in text
            assert not re.search(r"\w@\w", text)
        assert "[#1042]" in words.subject
        assert "[ACME-991]" in words.subject


@pytest.mark.parametrize("name", TO_CUSTOMERS)
def test_the_view_of_a_customers_letter_cannot_name_what_is_internal(name: str) -> None:
    kinds = kinds_of(type(LETTERS[name][0]))
    assert not {TicketView, PersonView} & set(kinds.values())


def test_the_answer_is_the_agents_words_and_their_name() -> None:
    view = LETTERS["answer"][1]
    assert isinstance(view, letter_views.AnswerView)
    unsigned = replace(view, words="Step  back.\n\n\n\n    indented", html=None)
    words = STATIONERY.write("answer", "en", unsigned)
    assert words.text == "Step  back.\n\n\n\n    indented\n\nIvan Petrenko\nExample Help\n"
    assert words.subject == "Re: [#1042] Printer on fire [ACME-991]"


@pytest.mark.parametrize(
    ("words", "is_signed"),
    [
        ("Done.\n\nIvan", True),
        ("Done.\n\nIvan Petrenko,\nExample Help", True),
        ("Done.\n-- \nIvan", True),
        ("Ivan, done.", False),
        ("Ivan\n\na\nb\nc", False),
        ("", False),
    ],
)
def test_an_agent_who_signed_is_not_signed_again(words: str, is_signed: bool) -> None:
    view = LETTERS["answer"][0]
    assert isinstance(view, letter_views.AnswerView)
    assert replace(view, words=words).is_signed is is_signed


def test_the_action_bar_is_links_that_a_thumb_can_hit() -> None:
    view = LETTERS["notification"][0]
    assert isinstance(view, letter_views.NotificationView)
    words = STATIONERY.write("notification", "en", view)
    assert words.html is not None
    for action in view.actions:
        assert f"[{action.word}] {action.href}" in words.text
        tap = re.search(rf'<a [^>]*href="{re.escape(action.href)}"[^>]*>', words.html)
        assert tap is not None
        assert "min-height:44px" in tap.group()


def test_a_deadline_that_has_passed_reads_as_overdue() -> None:
    view = LETTERS["notification"][0]
    assert isinstance(view, letter_views.NotificationView)
    assert " · due Mon 2 Mar, 12:25" in STATIONERY.write("notification", "en", view).text
    late = replace(view, now=view.now + timedelta(hours=2))
    assert (
        " · overdue since Mon 2 Mar, 12:25" in STATIONERY.write("notification", "en", late).text
    )


def test_a_language_that_we_do_not_speak_is_written_in_english() -> None:
    view = LETTERS["acknowledged"][0]
    assert STATIONERY.write("acknowledged", "de", view) == STATIONERY.write(
        "acknowledged", "en", view
    )
    assert STATIONERY.label("de", "actions", "close") == "Close"


def test_a_part_that_would_grow_too_long_is_cut() -> None:
    view = LETTERS["answer"][0]
    assert isinstance(view, letter_views.AnswerView)
    whole = replace(view, words="x" * (WRITTEN_CHARS_MAX - 1000))
    over = replace(view, words="x" * (WRITTEN_CHARS_MAX + 1000))
    assert "Ivan Petrenko" in STATIONERY.write("answer", "en", whole).text
    assert len(STATIONERY.write("answer", "en", over).text) == WRITTEN_CHARS_MAX + 1


# --- the templates as files -------------------------------------------------------------------

FILES = sorted(path for path in (SHIPPED / "letters").rglob("*.j2") if path.name[0] != "_")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SHIPPED).as_posix())
def test_every_template_opens_with_a_comment_that_lists_its_variables(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("{#")
    comment = text[: text.index("#}")]
    used = {
        node.name
        for node in Environment().parse(text).find_all(nodes.Name)
        if node.ctx == "load"
    }
    fields = kinds_of(type(LETTERS[path.name.split(".")[0]][0]))
    missing = {name for name in used & set(fields) if not re.search(rf"\b{name}\b", comment)}
    assert not missing


def test_every_template_file_belongs_to_a_letter() -> None:
    assert {path.name.split(".")[0] for path in FILES} == set(LETTERS)


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_no_word_stands_behind_a_number_that_it_would_have_to_agree_with(language: str) -> None:
    """1, 2, 5 and 21 take three forms of a noun; a colon or a shortened word takes none."""
    counts = re.compile(r"\{(count|entries|mails|letters|days)\} (?!дн\.)\w")
    lines = (SHIPPED / "letters" / language / "phrases.txt").read_text("utf-8").split("\n")
    assert [line for line in lines if counts.search(line)] == []
    assert counts.search("x = {count} писем") and not counts.search("x = писем: {count}.")


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_a_shipped_language_says_every_phrase_with_all_of_its_places(language: str) -> None:
    def rows(folder: str) -> dict[str, str]:
        path = SHIPPED / "letters" / folder / "phrases.txt"
        file, mistakes = phrase_file_from(str(path), path.read_text())
        assert not mistakes
        return {name: words for name, words, _ in file.rows}

    english, own = rows("en"), rows(language)
    assert own.keys() == english.keys()
    for name, words in own.items():
        assert sorted(Phrase(words).places) == sorted(Phrase(english[name]).places), name


@every_language
@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("problems", Problem), ("held_reasons", HoldReason), ("groups", Group),
        ("statuses", Status), ("priorities", Priority), ("urgencies", Priority),
        ("kinds", EntryKind), ("fields", Field), ("metrics", Metric), ("cautions", Caution),
        ("done", Done),
    ],
)  # fmt: skip
def test_every_word_that_the_desk_may_look_up_is_there(
    table: str, keys: type[Status], language: str
) -> None:
    for key in keys:
        assert STATIONERY.label(language, table, f"{key}?") == f"{key}?"
        words = STATIONERY.label(language, table, key)
        assert words != key or language == "en"


@every_language
def test_every_event_has_a_headline_with_and_without_a_name(language: str) -> None:
    for event in letter_views.Event:
        # What a stranger calls themselves is not for a headline.
        is_named = event is not letter_views.Event.THIRD_PARTY
        assert ("{actor}" in STATIONERY.label(language, "headlines", event)) is is_named
        assert " " in STATIONERY.label(language, "headlines", f"{event}_nobody")


# --- a desk's own files -----------------------------------------------------------------------
