"""Templates, compiled: the sandbox they run in, their filters, and the checks at load.

Templates are an admin's files and never a mail's: text from mail is only ever a value in them.
They may not multiply, and know only the filters named here, because the sandbox of jinja2
bounds neither time nor memory. Read ``letters`` next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Final

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailtrack.desk.phrases import Phrases, shown_size, shown_span, shown_time
from mailtrack.desk.trace_words import retold, rule_retold
from mailtrack.desk.views import FileView
from mailtrack.errors import Mistake
from mailtrack.tickets.decision import Field, Reason

FILES_MAX: Final = 2000
FILE_BYTES_MAX: Final = 100_000
TEXTS_KEPT_MAX: Final = 256  # twice what ships
WRITTEN_CHARS_MAX: Final = 2_000_000  # of one part of one letter
_SECONDS_MINUTE: Final = 60

_KEPT_FILTERS: Final = (
    "capitalize", "default", "e", "escape", "first", "join", "last", "length", "list", "lower",
    "map", "replace", "safe", "select", "sort", "title", "trim", "truncate", "unique", "upper",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A template file. ``name`` is its place below the folder; ``rank`` counts the folders."""

    name: str
    path: Path
    rank: int
    text: str


def read_sources(
    folders: tuple[Path, ...],
) -> tuple[dict[str, list[Source]], tuple[Mistake, ...]]:
    """All files by name, the first folder's first, and what is unreadable."""
    sources: dict[str, list[Source]] = {}
    mistakes: list[Mistake] = []
    for rank, folder in enumerate(folders):
        paths = sorted(path for path in folder.rglob("*") if path.suffix in (".j2", ".txt"))
        for path in paths[:FILES_MAX]:
            name = path.relative_to(folder).as_posix()
            text, mistake = _text_of(path)
            sources.setdefault(name, []).append(Source(name, path, rank, text))
            mistakes += [mistake] if mistake else []
    return sources, tuple(mistakes)


def _text_of(path: Path) -> tuple[str, Mistake | None]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        return "", Mistake(str(path), 1, 1, "", f"cannot be read: {error.strerror}", "")
    if len(raw) > FILE_BYTES_MAX:
        found = f"{len(raw)} bytes"
        return "", Mistake(str(path), 1, 1, "", found, f"At most {FILE_BYTES_MAX} are read.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n"), None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return "", Mistake(str(path), line, 1, "", "not UTF-8", "Save the file as UTF-8.")


# What makes a text as long as a number says.
_LENGTHENING: Final = frozenset({
    "center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill",
})  # fmt: skip


class _Sandbox(ImmutableSandboxedEnvironment):
    """jinja2's sandbox, which in addition refuses to build long texts out of short ones."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def getattr(self, obj: object, attribute: str) -> object:
        _refuse_lengthening(obj, attribute)
        # Of our own frozen values everything public may be seen; to let jinja2 ask its eleven
        # questions about each ``ticket.number`` took half the time of a letter.
        if (isinstance(obj, Phrases) or is_dataclass(obj)) and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        _refuse_lengthening(obj, argument)
        return super().getitem(obj, argument)

    def call_binop(
        self, context: Context, operator: str, left: object, right: object
    ) -> object:
        if operator == "%" and not isinstance(left, str):
            return super().call_binop(context, operator, left, right)
        raise SecurityError(f"a template may not use {operator}")


def _refuse_lengthening(obj: object, name: object) -> None:
    if isinstance(obj, str) and name in _LENGTHENING:
        raise SecurityError(f"a template may not use {name}")


class _Compiled(BaseLoader):
    """Gives an environment templates that were compiled before, so that each is so once."""

    def __init__(self, codes: Mapping[str, CodeType]) -> None:
        self._codes = codes

    def load(
        self,
        environment: Environment,
        name: str,
        globals: Mapping[str, object] | None = None,
    ) -> Template:
        code = self._codes.get(name)
        if code is None:
            raise TemplateNotFound(name)
        return environment.template_class.from_code(environment, code, dict(globals or {}))


@dataclass(frozen=True, slots=True)
class Sheaf:
    """The templates of one kind. ``trees`` is empty if ``codes`` were compiled before."""

    environment: Environment
    trees: dict[str, nodes.Template]
    codes: dict[str, CodeType]
    mistakes: tuple[Mistake, ...] = ()


def compiled(
    sources: Mapping[str, Source],
    functions: Mapping[str, Callable[..., str]],
    *,
    is_html: bool,
) -> Sheaf:
    """These files as templates, with their syntax trees and their syntax errors.

    HTML escapes everything: which environment compiles a file decides, never its name.
    """
    trees: dict[str, nodes.Template] = {}
    codes: dict[str, CodeType] = {}
    mistakes: list[Mistake] = []
    environment = _environment(functions, codes, is_html=is_html)
    for name, source in sources.items():
        try:
            trees[name], codes[name] = _compiled_text(
                source.text, name, source.path, tuple(functions.items()), is_html
            )
        except TemplateSyntaxError as error:
            mend = "Filters are: " + ", ".join(environment.filters) + "."
            mend = mend if "filter" in str(error) else ""
            found = str(error.message).rstrip(".")
            mistakes.append(mistake_at(source, error.lineno, "", found, mend))
    return Sheaf(environment, trees, codes, tuple(mistakes))


@lru_cache(TEXTS_KEPT_MAX)
def _compiled_text(
    text: str,
    name: str,
    path: Path,
    functions: tuple[tuple[str, Callable[..., str]], ...],
    is_html: bool,
) -> tuple[nodes.Template, CodeType]:
    """One template; when a desk changes one of its own, the others are not compiled again."""
    environment = _environment(dict(functions), {}, is_html=is_html)
    tree = environment.parse(text, name, str(path))
    return tree, environment.compile(tree, name, str(path))


def recalled(
    codes: Mapping[str, CodeType], functions: Mapping[str, Callable[..., str]], *, is_html: bool
) -> Sheaf:
    """Templates that ``compiled`` has made before, of files that have not changed since."""
    kept = dict(codes)
    return Sheaf(_environment(functions, kept, is_html=is_html), {}, kept)


def _environment(
    functions: Mapping[str, Callable[..., str]],
    codes: Mapping[str, CodeType],
    *,
    is_html: bool,
) -> Environment:
    environment = _Sandbox(
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
        auto_reload=False,
    )
    environment.globals = dict(functions)
    kept = {name: environment.filters[name] for name in _KEPT_FILTERS}
    environment.filters = kept | FILTERS
    environment.loader = _Compiled(codes)
    return environment


def mistake_at(source: Source, line: int, word: str, found: str, mend: str = "") -> Mistake:
    """A mistake in a template, at the column where ``word`` first stands in that line."""
    lines = source.text.splitlines()
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    return Mistake(str(source.path), line, text.find(word) + 1 or 1, word, found, mend)


def written(template: Template, values: Mapping[str, object]) -> tuple[str, str]:
    """The text of a template and the ``subject`` it sets (``""`` if none), both bounded.

    Raises ``jinja2.TemplateError`` for what the checks at load could not foresee.
    """
    context = template.new_context(dict(values))
    pieces: list[str] = []
    room = WRITTEN_CHARS_MAX
    for piece in template.root_render_func(context):
        pieces.append(piece[:room])
        room -= len(piece)
        if room <= 0:
            break
    return "".join(pieces), str(context.get_exported().get("subject", ""))


# --- filters ----------------------------------------------------------------------------------


@pass_context
def _when(context: Context, at: datetime) -> str:
    """``Mon 2 Mar, 09:00`` by the reader's clock, with the year if it is another one."""
    return shown_time(at, context["zone"], context["now"], context["say"])


@pass_context
def _until(context: Context, at: datetime) -> str:
    """How long it is from now until then, or how long ago it was: ``2 h 5 min``."""
    seconds = abs((at - context["now"]).total_seconds())
    return shown_span(int(seconds) // _SECONDS_MINUTE, context["say"])


@pass_context
def _span(context: Context, minutes: int) -> str:
    """A number of minutes as ``2 h 5 min``."""
    return shown_span(minutes, context["say"])


@pass_context
def _size(context: Context, size_bytes: int) -> str:
    """A number of bytes as ``120 KB``."""
    return shown_size(size_bytes, context["say"])


@pass_context
def _retold(context: Context, text: str) -> str:
    """A sentence of a trace in the language of the letter."""
    return retold(text, context["say"])


@pass_context
def _rule(context: Context, reason: Reason) -> str:
    """The name of the rule that spoke, in the language of the letter if it is one of ours."""
    return rule_retold(reason.rule, reason.where, context["say"])


@pass_context
def _value(context: Context, text: str, field: Field) -> str:
    """The journal text of a field as people say it."""
    say = context["say"]
    if not text:
        return str(say.nothing)
    match field:
        case Field.STATUS:
            return str(say.statuses.get(text, text))
        case Field.PRIORITY:
            return str(say.priorities.get(text, text))
        case Field.DUE_AT:
            return shown_time(
                datetime.fromisoformat(text), context["zone"], context["now"], say
            )
        case Field.MINUTES_SPENT:
            return shown_span(int(text), say)
        case _:
            return text


@pass_context
def _files(context: Context, attachments: tuple[FileView, ...]) -> str:
    """The names and sizes of attachments: ``photo.jpg (120 KB), log.txt (812 B)``."""
    say = context["say"]
    shown = (f"{one.name} ({shown_size(one.size_bytes, say)})" for one in attachments)
    return ", ".join(shown)


def _numbers(numbers: tuple[int, ...]) -> str:
    """Ticket numbers as people write them: ``#7 #1042``."""
    return " ".join(f"#{number}" for number in numbers)


def _gutter(text: str, mark: str = "│ ") -> str:
    """Each line behind a mark: what stands behind it came from somebody else, and shows it."""
    return "\n".join(f"{mark}{line}".rstrip() for line in text.strip("\n").splitlines())


def _opening(text: str, chars: int = 200) -> str:
    """The beginning of a text on one line, cut between words."""
    flat = " ".join(text[: chars * 4].split())
    return flat if len(flat) <= chars else flat[:chars].rsplit(" ", 1)[0] + " …"


def _paragraphs(text: str) -> Markup:
    """Plain text as HTML that reads the same: blank lines part paragraphs, the rest is kept.

    The text is escaped once as a whole: line by line, a mail of many short lines would take the
    desk a quarter of a second for each agent who is told of it.
    """
    blocks = str(escape(text.strip("\n"))).split("\n\n")
    shown = (
        f'<p style="margin:0 0 14px">{_with_breaks(block)}</p>\n'
        for block in blocks
        if block.strip()
    )
    return Markup("".join(shown))  # noqa: S704 - escaped above, and what is added is ours


_INDENT: Final = re.compile(r"^ +", re.MULTILINE)


def _with_breaks(escaped: str) -> str:
    lines = escaped.strip("\n")
    indented = _INDENT.sub(lambda found: "&nbsp;" * min(len(found[0]), 40), lines)
    return indented.replace("\n", "<br>\n")


FILTERS: Final[dict[str, Callable[..., object]]] = {
    "when": _when,
    "until": _until,
    "span": _span,
    "size": _size,
    "files": _files,
    "value": _value,
    "gutter": _gutter,
    "numbers": _numbers,
    "retold": _retold,
    "rule": _rule,
    "opening": _opening,
    "paragraphs": _paragraphs,
}
