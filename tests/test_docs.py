"""The docs say what the house does: tables, commands, paths, snippets and links are current.

Tables between markers are made from the code. `UPDATE_DOCS=1 pytest tests/test_docs.py` writes
them anew; the difference is reviewed like code.
"""

import os
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mailtrack import cli, verbs
from mailtrack.config import example_folder, load, manual, write_example
from mailtrack.desk.brackets import brackets_in_subject, folded
from mailtrack.desk.commands.order import Argument, Command, Group
from mailtrack.desk.commands.table import COMMANDS, understood
from mailtrack.desk.policy import Role
from mailtrack.log import KEYS

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
ROOMS = tuple(path.parent.name for path in (ROOT / "mailtrack").glob("*/__init__.py"))
ADMIN = next(
    agent
    for agent in load(example_folder(), environ={}).policy.agents
    if agent.role is Role.ADMIN
)
VERBS = {verb.name for verb in verbs.VERBS}
HEADINGS = {
    Group.STATUS: "Where a ticket stands",
    Group.OWNER: "Who takes care of it",
    Group.FIELDS: "What it is about",
    Group.TEXT: "Words",
    Group.PEOPLE: "Who hears of it",
    Group.QUESTIONS: "Questions, answered by mail",
    Group.ADMIN: "For admins: mail that waits",
    Group.PRIVACY: "Private data (admins, after a confirmation)",
}


def commands() -> str:
    """All commands as tables, a group each, in the order of the help letter."""
    lines: list[str] = []
    for group in Group:
        rows = [_command_row(one) for one in COMMANDS if one.group is group]
        head = ("| write | it does | also |", "| --- | --- | --- |")
        lines += [f"**{HEADINGS[group]}**", "", *head, *rows, ""]
    return "\n".join(lines).rstrip("\n")


def _command_row(command: Command) -> str:
    says = dict(command.help)["en"]
    light = " †" if command.role is Role.LIGHT else ""
    also = ", ".join(word for word in command.synonyms if is_read_as(word, command))
    return f"| `{command.example}` | {says}{light} | {also} |"


def is_read_as(word: str, command: Command) -> bool:
    """Whether the desk takes the word, typed into a subject, for this command."""
    typed = f"[{word}:x]" if command.argument is Argument.NEEDED else f"[{word}]"
    brackets = brackets_in_subject(f"Re: something {typed}")
    found = understood(brackets[0]) if len(brackets) == 1 else None
    return found is not None and found[0] is command


def floors() -> str:
    """The floors of the house, from the contract that the tests keep."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    lines = [" · ".join(name.strip(" ()") for name in layer.split("|")) for layer in layers]
    return "\n".join(("```", *lines, "```"))


def contracts() -> str:
    """What the contracts are called."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = [one["name"] for one in project["tool"]["importlinter"]["contracts"]]
    return "\n".join(f"- {name}" for name in names)


def log_keys() -> str:
    """The words of the log."""
    rows = [f"| `{key}` | {says} |" for key, says in KEYS.items()]
    return "\n".join(("| key | what it is |", "| --- | --- |", *rows))


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "commands": ("docs/agents.md", commands),
    "keys": ("docs/admins.md", lambda: manual().rstrip("\n")),
    "log keys": ("docs/operations.md", log_keys),
    "floors": ("docs/architecture.md", floors),
    "contracts": ("docs/architecture.md", contracts),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_made_from_the_code_are_current(name: str) -> None:
    file, make = TABLES[name]
    page = ROOT / file
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(f"<!-- {name}: made by tests/test_docs.py -->\n")
    _, end, after = rest.partition(f"<!-- {name}: end -->\n")
    assert begin and end, f"{file} has no markers for {name}"
    wanted = f"{before}{begin}{make()}\n{end}{after}"
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(wanted, "utf-8")
        return
    assert text == wanted, f"{file}: run UPDATE_DOCS=1 pytest tests/test_docs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_understood(page: Path) -> None:
    parser = cli._parser()
    for line in command_lines(page.read_text("utf-8")):
        words = shlex.split(line)[1:]
        if len(words) == 1 and words[0] in VERBS:
            continue  # the name of a command, in a sentence
        try:
            parser.parse_args(words)
        except SystemExit as error:
            assert error.code == 0, f"{page.name}: mailtrack does not understand {line!r}"


def test_command_lines_are_found_in_the_docs_at_all() -> None:
    found = {line.split()[1] for page in PAGES for line in command_lines(page.read_text())}
    assert found >= VERBS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_bracket_command_is_one(page: Path) -> None:
    known = {folded(word) for one in COMMANDS for word in (one.word, *one.synonyms)}
    answers = {"release", "send", "drop", "ok"}  # to a question of the desk about a held mail
    typos = {"cloze", "asign", "frobnicate", "ext", "spam?", "3rdfloor"}  # shown as such
    answers.add("inbox")  # the default of intake.imap.folders
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for code in re.findall(r"`(\[[^`\n]+\])`", text):
        for bracket in re.findall(r"\[([^\]#\n]+)\]", code):
            word, colon, _ = bracket.partition(":")
            if "," in word and not colon:
                continue  # a list of YAML
            word = folded(word)
            assert word in known | answers | typos, f"{page.name}: [{bracket}] is no command"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_in_the_repository_that_is_named_is_there(page: Path) -> None:
    places = "|".join(("mailtrack", "tests", "config", "templates", "systemd", "docs", *ROOMS))
    for code in re.findall(r"`([^`\n]+)`", page.read_text("utf-8")):
        if not re.fullmatch(rf"(?:{places})/[\w./*-]+", code) or "ADDRESS" in code:
            continue
        below = any(any(place.glob(code)) for place in (ROOT, ROOT / "mailtrack"))
        assert below, f"{page.name}: {code} is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_and_make_target_that_is_named_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for dotted in re.findall(r"`mailtrack((?:\.[a-z_]+)+)", text):
        if dotted in (".service", ".socket", ".yaml", ".db"):
            continue
        place = ROOT / "mailtrack" / dotted.strip(".").replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").is_file(), f"{page.name}: {dotted}"
    for target in re.findall(r"`make ([a-z]+)", text):
        assert f"\n{target}:" in makefile, f"{page.name}: make {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_docs_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        file, _, heading = target.partition("#")
        linked = (page.parent / file) if file else page
        assert linked.exists(), f"{page.name} links to {target}"
        if heading:
            assert heading in anchors(linked), f"{page.name} links to {target}"


def snippets() -> Iterator[tuple[str, str, str]]:
    """Page, file and text of every YAML block that is marked as configuration."""
    marked = re.compile(r"<!-- config: (\w+\.yaml) -->\n```yaml\n(.*?)```", re.DOTALL)
    for page in PAGES:
        for file, text in marked.findall(page.read_text("utf-8")):
            yield page.name, file, text


def test_each_of_the_four_files_is_shown() -> None:
    shown = {file for _, file, _ in snippets()}
    assert shown == {"mailtrack.yaml", "people.yaml", "rules.yaml", "sla.yaml"}


@pytest.mark.parametrize(("page", "file", "text"), list(snippets()))
def test_configuration_that_is_shown_loads(
    page: str, file: str, text: str, tmp_path: Path
) -> None:
    write_example(tmp_path)
    target, yaml = tmp_path / file, YAML(typ="safe")
    merged = {**yaml.load(target.read_text("utf-8")), **yaml.load(text)}
    written = StringIO()
    yaml.dump(merged, written)
    target.write_text(written.getvalue(), "utf-8")
    loaded = load(tmp_path, environ={"MAILTRACK_SMTP_PASSWORD": "secret"})
    assert loaded.policy.queues, page


def command_lines(text: str) -> Iterator[str]:
    """What a reader would type: lines of shell blocks, and inline code, that call mailtrack."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.split("\n")]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    lines += re.findall(r"`([^`\n]+)`", prose)
    for line in lines:
        bare = re.sub(r"^\s*(?:\$ |# )?(?:sudo (?:-u \w+ )?)?(?:[A-Z_]+=\S+ )*", "", line)
        bare = re.sub(r"^(?:\.venv/bin/|/opt/mailtrack/bin/)", "", bare)
        if bare == "mailtrack" or not bare.startswith("mailtrack "):
            continue
        yield re.split(r"\s(?:[|<>;]|&&|#)", bare)[0].rstrip()


def anchors(page: Path) -> set[str]:
    """The anchors that headings get where the docs are shown."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}
