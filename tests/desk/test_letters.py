"""Letters in words: every one in every language, and what is wrong in a template."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from mailtrack.desk import letter_views, samples
from mailtrack.desk.commands.order import Group, Problem
from mailtrack.desk.holding import HoldReason
from mailtrack.desk.letters import (
    LETTERS,
    Stationery,
    TemplateMistakes,
    load_stationery,
    subject_for_agent,
    subject_for_customer,
)
from mailtrack.desk.phrases import (
    Phrase,
    phrase_file_from,
    phrases_from,
    shown_size,
    shown_span,
    shown_time,
)
from mailtrack.desk.template_lint import kinds_of
from mailtrack.desk.templates import FILE_BYTES_MAX, WRITTEN_CHARS_MAX
from mailtrack.desk.views import (
    Caution,
    Done,
    FileView,
    PersonView,
    PublicPersonView,
    TicketView,
    mailto,
)
from mailtrack.mail.address import Address
from mailtrack.mail.markers import MARKERS
from mailtrack.mail.reply import new_words_of_text
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.decision import Field
from mailtrack.tickets.ticket import EntryKind, Priority, Status

SHIPPED = Path(__file__).parents[2] / "templates"
LANGUAGES = ("en", "ru", "uk")
STATIONERY = load_stationery((SHIPPED,), LANGUAGES)
TO_CUSTOMERS = ("acknowledged", "answer", "resolved", "closed")
TO_AGENTS = tuple(name for name in LETTERS if name not in TO_CUSTOMERS)

every_letter = pytest.mark.parametrize("name", LETTERS)
every_language = pytest.mark.parametrize("language", LANGUAGES)


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


@pytest.mark.parametrize(
    ("subject", "first", "later", "agent"),
    [
        ("Printer", "[#7] Printer", "Re: [#7] Printer", "[#7] Printer"),
        ("Re: Printer", "[#7] Printer", "Re: [#7] Printer", "[#7] Printer"),
        ("Re: [#7] Re: Printer", "[#7] Printer", "Re: [#7] Printer", "[#7] Printer"),
        ("[#7] [#9] x", "[#7] x", "Re: [#7] x", "[#7] x"),
        ("Printer [close]", "[#7] Printer [close]", "Re: [#7] Printer [close]",
         "[#7] Printer (close)"),
        ("[ACME-991] Printer", "[#7] [ACME-991] Printer", "Re: [#7] [ACME-991] Printer",
         "[#7] (ACME-991) Printer"),
        ("", "[#7]", "Re: [#7]", "[#7]"),
        ("a\r\nBcc: x", "[#7] a Bcc: x", "Re: [#7] a Bcc: x", "[#7] a Bcc: x"),
    ],
)  # fmt: skip
def test_subjects(subject: str, first: str, later: str, agent: str) -> None:
    assert subject_for_customer(7, subject, True) == first
    assert subject_for_customer(7, subject, False) == later
    assert subject_for_agent(7, subject) == agent
    assert subject_for_customer(7, later, False) == later


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="[]#7 close:Re\r\n=?щ", max_size=40))
def test_no_subject_brings_a_bracket_or_a_line_to_an_agent(subject: str) -> None:
    written = subject_for_agent(7, subject)
    assert written.startswith("[#7]")
    assert not {"[", "]", "\r", "\n"} & set(written.removeprefix("[#7]"))


# --- mailto -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("[close] [#1042] Printer", ""),
        ("100% & more = ? #1 + 2", "a & b\nc = d"),
        ("Принтер горить", "Дякую\n\nІван"),
        ("a\r\nBcc: x", ""),
        ("", "only a body"),
    ],
)
def test_a_mailto_link_prepares_exactly_this_mail(subject: str, body: str) -> None:
    link = mailto(Address("support+rk7&x", "help.example"), subject, body)
    assert re.fullmatch(r"[!-~]+", link)
    assert not set("\"'<>&+") & set(link.replace("&body=", ""))
    parts = urlsplit(link)
    assert (parts.scheme, unquote(parts.path)) == ("mailto", "support+rk7&x@help.example")
    fields = parse_qs(parts.query, keep_blank_values=True)
    assert fields["subject"] == [" ".join(subject.split())]
    assert fields.get("body", [""]) == ["\r\n".join(body.splitlines())]


# --- phrases and values -----------------------------------------------------------------------

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAY, _ = phrases_from(
    (),
    phrase_file_from("en", (SHIPPED / "letters/en/phrases.txt").read_text())[0],
)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 3, 2, 7, 5, tzinfo=UTC), "Mon 2 Mar, 09:05"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Sun 29 Mar, 04:00"),
        (datetime(2026, 12, 31, 22, 0, tzinfo=UTC), "Fri 1 Jan 2027, 00:00"),
        (datetime(2025, 12, 31, 21, 59, tzinfo=UTC), "Wed 31 Dec 2025, 23:59"),
    ],
)
def test_a_time_is_shown_by_the_readers_clock(at: datetime, shown: str) -> None:
    assert shown_time(at, KYIV, NOW, SAY) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        (-5, "0 min"), (0, "0 min"), (59, "59 min"), (60, "1 h"), (61, "1 h 1 min"),
        (1439, "23 h 59 min"), (1440, "1 d"), (1441, "1 d"), (1500, "1 d 1 h"),
    ],
)  # fmt: skip
def test_a_span_is_shown_by_its_two_largest_units(minutes: int, shown: str) -> None:
    assert shown_span(minutes, SAY) == shown


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (348_160, "340 KB"),
     (1024**2, "1.0 MB"), (9_400_000, "9.0 MB")],
)  # fmt: skip
def test_a_size_is_shown_in_the_unit_that_fits(size_bytes: int, shown: str) -> None:
    assert shown_size(size_bytes, SAY) == shown


def test_what_fills_a_phrase_is_not_filled_again() -> None:
    assert Phrase("{a} and {b}")(a="{b}", b="{a}", c="unused") == "{b} and {a}"
    with pytest.raises(TypeError):
        Phrase("{a}")()


def test_attachments_are_named_with_their_sizes() -> None:
    view = LETTERS["notification"][0]
    assert isinstance(view, letter_views.NotificationView)
    assert view.entry is not None
    entry = replace(view.entry, attachments=(FileView("<b>.txt", 812),))
    words = STATIONERY.write("notification", "en", replace(view, entry=entry))
    assert "Attached: <b>.txt (812 B)" in words.text
    assert "Attached: &lt;b&gt;.txt (812 B)" in (words.html or "")
