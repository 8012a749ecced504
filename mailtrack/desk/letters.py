"""Letters in words: which there are, what each is given, and how a view becomes text.

Words come from the templates of an admin or of ourselves; nothing from a mail is ever read as a
template, and none of it chooses one. Addresses, headers and the question of who hears what are
not decided here. All templates are compiled and tried at load, so that ``write`` only fills in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType
from typing import Final, TypeAlias

import jinja2
from jinja2 import Template, TemplateError, nodes

from mailtrack.desk import samples
from mailtrack.desk.brackets import without_prefixes
from mailtrack.desk.canned import FOLDER, Canned, canned_from, without_places
from mailtrack.desk.letter_views import AgentLetterView, CannedAnswerView, LetterView
from mailtrack.desk.phrases import PhraseFile, Phrases, phrase_file_from, phrases_from
from mailtrack.desk.template_lint import kinds_of, lint
from mailtrack.desk.templates import (
    Sheaf,
    Source,
    compiled,
    mistake_at,
    read_sources,
    recalled,
    written,
)
from mailtrack.errors import ConfigError, Mistake
from mailtrack.mail.compose import header_text
from mailtrack.mail.markers import MARKERS

ENGLISH: Final = "en"
PHRASES: Final = "phrases.txt"
HTML_ENDING: Final = ".html.j2"
SUBJECT_CHARS_MAX: Final = 250
_GAPS: Final = re.compile(r"\n{3,}")
_OUR_NUMBER: Final = re.compile(r"\s*\[#\d{1,12}\]\s*")

# Each letter and the views that it is tried with at load; the first is the fullest. All samples
# of a letter are of one type, and that type is what its templates may name.
LETTERS: Final[Mapping[str, tuple[LetterView, ...]]] = samples.BY_LETTER


class TemplateMistakes(ConfigError):
    """Templates that cannot be used, with all that is wrong in them."""


@dataclass(frozen=True, slots=True)
class Words:
    """A letter's words. ``html`` says the same as ``text``, None for a letter of text alone."""

    subject: str
    text: str
    html: str | None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The templates of one letter in one language."""

    text: Template
    html: Template | None


@dataclass(frozen=True, slots=True)
class Press:
    """What came of compiling and trying all templates: half of the time of a start.

    ``mark`` stands for everything that it came of: the same mark, the same outcome.
    """

    mark: str
    text: Mapping[str, CodeType]
    html: Mapping[str, CodeType]


# A press by its mark, if it was kept; who keeps it, and where, is not for this room to know.
Recall: TypeAlias = Callable[[str], Press | None]


class Stationery:
    """All templates of a desk, compiled by ``load_stationery``: it knows no files any more."""

    def __init__(
        self,
        sheets: Mapping[tuple[str, str], _Sheet],
        tongues: Mapping[str, Phrases],
        canned: Mapping[str, Mapping[str, tuple[Canned, Template]]],
        press: Press,
    ) -> None:
        self._sheets = sheets
        self._tongues = tongues
        self._canned = canned
        self.press = press

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that letters can be written in."""
        return tuple(self._tongues)

    def write(self, name: str, language: str, view: LetterView) -> Words:
        """The letter ``name`` in words; in English if the language is not one of ours."""
        assert isinstance(view, type(LETTERS[name][0])), f"{name} is not given {type(view)}"
        language = language if language in self._tongues else ENGLISH
        sheet = self._sheets[name, language]
        values = {**_values_of(view, language), "say": self._tongues[language]}
        text, subject = written(sheet.text, values)
        html = None
        if sheet.html is not None:
            html, _ = written(sheet.html, values)
        if isinstance(view, AgentLetterView):
            # All that is not ours stands behind a gutter there, so only our own gaps close.
            text = _GAPS.sub("\n\n", text)
        return Words(_one_line(subject), text.strip("\n") + "\n", html)

    def label(self, language: str, table: str, key: str) -> str:
        """A word of a table of ``phrases.txt``, such as ``actions`` ``close``; else the key."""
        tongue = self._tongues.get(language, self._tongues[ENGLISH])
        words = getattr(tongue, table)
        return str(words.get(key, key))

    @property
    def canned_names(self) -> tuple[str, ...]:
        """The names of all canned answers, sorted."""
        return tuple(sorted(self._canned))

    @property
    def canned_words(self) -> tuple[str, ...]:
        """The words of all canned answers in all languages, with gaps."""
        sheets = (one for by_language in self._canned.values() for one in by_language.values())
        return tuple(without_places(canned.opening) for canned, _ in sheets)

    def canned(self, name: str) -> Canned | None:
        """The canned answer of that name, None if there is none."""
        found = self._canned.get(name)
        return _for_language(found, ENGLISH)[0] if found else None

    def write_canned(self, name: str, language: str, view: CannedAnswerView) -> str:
        """The words of a canned answer, ready to stand above the agent's own.

        In that language if there is a file for it, else in the one that suits all.
        """
        _, template = _for_language(self._canned[name], language)
        language = language if language in self._tongues else ENGLISH
        values = {**_values_of(view, language), "say": self._tongues[language]}
        text = written(template, values)[0].strip("\n")
        # "Hello {{ customer.name }}," to somebody without a name must not read "Hello ,".
        return text if view.customer.name else text.replace(" ,", ",", 1).replace(", !", "!", 1)


def load_stationery(
    folders: tuple[Path, ...],
    languages: tuple[str, ...],
    *,
    recall: Recall = lambda _mark: None,
) -> Stationery:
    """All templates of these folders, compiled and tried; of a file, the first folder's wins.

    What ``recall`` still has is neither compiled nor tried again. Raises ``TemplateMistakes``
    with everything that is wrong in them.
    """
    sources, mistakes = read_sources(folders)
    languages = tuple(dict.fromkeys((ENGLISH, *languages)))
    mark = _mark_of(sources, languages)
    loading = _Loading(sources, languages, mark, None if mistakes else recall(mark))
    stationery = loading.stationery()
    mistakes += tuple(loading.mistakes)
    if mistakes or stationery is None:
        raise TemplateMistakes(mistakes)
    return stationery


def _mark_of(sources: Mapping[str, list[Source]], languages: tuple[str, ...]) -> str:
    """A digest of all that compiling and trying depend on: the files, Python, jinja2, us."""
    ours = sorted(Path(__file__).parent.glob("*.py"))
    stamps = [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in ours]
    files = [(one.name, one.rank, one.text) for found in sources.values() for one in found]
    whole = repr((MAGIC_NUMBER, jinja2.__version__, stamps, languages, files))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


class _Loading:
    """The steps of loading, and the mistakes found on the way."""

    def __init__(
        self,
        sources: Mapping[str, list[Source]],
        languages: tuple[str, ...],
        mark: str,
        press: Press | None,
    ) -> None:
        self.mistakes: list[Mistake] = []
        self._mark, self._press = mark, press
        self._languages = languages
        self._canned: dict[str, Canned] = {}
        self._linted: set[str] = set()
        self._phrases = {
            name: ours for name, ours in sources.items() if name.endswith(f"/{PHRASES}")
        }
        self._sources = {
            name: self._without_head(ours[0]) if name.startswith(FOLDER) else ours[0]
            for name, ours in sources.items()
            if name not in self._phrases
        }
        self._text = self._sheaf(press.text if press else None, is_html=False)
        self._html = self._sheaf(press.html if press else None, is_html=True)

    def stationery(self) -> Stationery | None:
        """The stationery, None if there were mistakes."""
        tongues = self._tongues()
        if self.mistakes or not tongues:
            return None
        sheets = {
            (name, language): self._sheet(name, language, tongues[ENGLISH])
            for name in LETTERS
            for language in self._languages
        }
        canned: dict[str, dict[str, tuple[Canned, Template]]] = {}
        for path, one in self._canned.items():
            sheet = self._canned_sheet(path, tongues)
            canned.setdefault(one.name, {})[one.language] = sheet
        if self.mistakes:
            return None
        whole = {key: sheet for key, sheet in sheets.items() if sheet is not None}
        press = self._press or Press(self._mark, self._text.codes, self._html.codes)
        stationery = Stationery(whole, tongues, canned, press)
        if self._press is None:
            self._try(stationery, whole)
        return stationery

    def _without_head(self, source: Source) -> Source:
        canned, words, mistakes = canned_from(source)
        self._canned[source.name] = canned
        self.mistakes += mistakes
        return words

    def _sheaf(self, codes: Mapping[str, CodeType] | None, *, is_html: bool) -> Sheaf:
        if codes is not None:
            return recalled(codes, FUNCTIONS, is_html=is_html)
        of_kind = {
            name: source
            for name, source in self._sources.items()
            if name.endswith(HTML_ENDING) == is_html
        }
        sheaf = compiled(of_kind, FUNCTIONS, is_html=is_html)
        self.mistakes += sheaf.mistakes
        return sheaf

    def _tongues(self) -> dict[str, Phrases]:
        english = self._phrase_files(ENGLISH)
        if not english:
            return {}
        tongues = {}
        for language in self._languages:
            own = self._phrase_files(language) if language != ENGLISH else []
            say, mistakes = phrases_from([*english, *own], english[0])
            self.mistakes += (one for one in mistakes if one not in self.mistakes)
            tongues[language] = say
        return tongues

    def _phrase_files(self, language: str) -> list[PhraseFile]:
        """The files of a language, the shipped one first, a desk's own above it."""
        path = f"letters/{language}/{PHRASES}"
        if path not in self._phrases:
            mend = f"A language is a folder with {PHRASES}; see letters/{ENGLISH}."
            self.mistakes.append(Mistake(path, 1, 1, "", "is missing", mend))
        files = []
        for source in reversed(self._phrases.get(path, [])):
            file, mistakes = phrase_file_from(str(source.path), source.text)
            self.mistakes += mistakes
            files.append(file)
        return files

    def _sheet(self, name: str, language: str, say: Phrases) -> _Sheet | None:
        """The templates of a letter: its own in that language, one for all, or the English."""
        for folder in (f"letters/{language}/", "letters/", f"letters/{ENGLISH}/"):
            text = self._sources.get(f"{folder}{name}.txt.j2")
            if text is None:
                continue
            html = self._sources.get(f"{folder}{name}{HTML_ENDING}")
            # An admin who rewrites only the text does not want our words in its HTML twin.
            if html is not None and html.rank > text.rank:
                html = None
            view = type(LETTERS[name][0])
            self._lint(text, self._text.trees, view, say)
            if html is not None:
                self._lint(html, self._html.trees, view, say)
            return _Sheet(
                self._text.environment.get_template(text.name),
                self._html.environment.get_template(html.name) if html else None,
            )
        found = "is missing"
        self.mistakes.append(Mistake(f"letters/{ENGLISH}/{name}.txt.j2", 1, 1, "", found, ""))
        return None

    def _canned_sheet(
        self, path: str, tongues: Mapping[str, Phrases]
    ) -> tuple[Canned, Template]:
        self._lint(self._sources[path], self._text.trees, CannedAnswerView, tongues[ENGLISH])
        return self._canned[path], self._text.environment.get_template(path)

    def _lint(
        self, source: Source, trees: Mapping[str, nodes.Template], view: type, say: Phrases
    ) -> None:
        if self._press is None and source.name not in self._linted:
            self._linted.add(source.name)
            self.mistakes += lint(source, trees, view, say)

    def _try(self, stationery: Stationery, sheets: Mapping[tuple[str, str], _Sheet]) -> None:
        """Write each letter with its samples, in each language that has words of its own.

        Phrases need no trying: each has the places of the English one, or is a mistake.
        """
        tried = set()
        for (name, language), sheet in sheets.items():
            if sheet not in tried:
                tried.add(sheet)
                for view in LETTERS[name]:
                    self._catch(partial(stationery.write, name, language, view))
        for one in self._canned.values():
            language = one.language or ENGLISH
            self._catch(partial(stationery.write_canned, one.name, language, samples.CANNED))

    def _catch(self, write: Callable[[], object]) -> None:
        try:
            write()
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            mistake = self._mistake_of(error)
            self.mistakes += [mistake] if mistake not in self.mistakes else []

    def _mistake_of(self, error: Exception) -> Mistake:
        """The deepest place in a template that an exception passed through."""
        name, line = "", 1
        trace = error.__traceback__
        while trace is not None:
            template = trace.tb_frame.f_globals.get("__jinja_template__")
            if isinstance(template, Template):
                name, line = (
                    template.name or "",
                    template.get_corresponding_lineno(trace.tb_lineno),
                )
            trace = trace.tb_next
        return mistake_at(self._sources[name], line, "", str(error).rstrip("."))


def _for_language(
    found: Mapping[str, tuple[Canned, Template]], language: str
) -> tuple[Canned, Template]:
    wanted = (one for one in (language, "", ENGLISH) if one in found)
    return found[next(wanted, min(found))]


def subject_for_customer(number: int, subject: str, is_first: bool) -> str:
    """``[#1] Printer on fire`` for our first letter, ``Re: [#1] …`` for every later one.

    A partner's tag, ``[ACME-991]``, stays: their desk finds its ticket by it.
    """
    clean = _bare_subject(subject)
    return f"[#{number}] {clean}".rstrip() if is_first else f"Re: [#{number}] {clean}".rstrip()


def subject_for_agent(number: int, subject: str) -> str:
    """``[#1042] Printer on fire``, with no other brackets: a customer's must not command."""
    clean = _bare_subject(subject).translate(str.maketrans("[]", "()"))
    return f"[#{number}] {clean}".rstrip()


def _bare_subject(subject: str) -> str:
    bare = without_prefixes(_OUR_NUMBER.sub(" ", header_text(subject)))
    return bare[:SUBJECT_CHARS_MAX].strip()


def _one_line(subject: str) -> str:
    return header_text(subject)[: SUBJECT_CHARS_MAX + 20]


def _values_of(view: LetterView, language: str) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(view, name) for name in kinds_of(type(view))}
    values["language"] = language
    values["marker"] = MARKERS.get(language, MARKERS[ENGLISH])
    return values


# What templates may call, besides the phrases.
FUNCTIONS: Final[Mapping[str, Callable[..., str]]] = {
    "subject_for_agent": subject_for_agent,
    "subject_for_customer": subject_for_customer,
}
