"""The format of `tests/scenarios/*.mail`: a conversation as lines that a support lead can read.

A file is a few comments, the desk's YAML where it differs from `scenarios/desk/`, then steps:

    at 2026-03-02 09:00                       the clock, in the desk's zone; `advance 4h`
    --> cara@cust.example to support@help.example          a mail arrives
    --> cara@cust.example answers last                     … as a mail program answers a letter
    --> ivan@help.example taps [close]                     … or prepares one from a link in it
    --> again [by imap]                                    … or the same bytes once more
    <-- to cara@cust.example, letter acknowledged          exactly this letter leaves
    <-- nothing                                            and no other
    ticket 1: open, support, high, owner ivan              what must be true; the rest is free
    entry 1.2: note, internal, by ivan                     the second entry of ticket 1
    clock 1: first_reply running, due 2026-03-02 13:00
    held H1: commands, asks ivan      held nothing         what waits for somebody's word
    ended as duplicate                                     the end state of the last mail
    because: rules.yaml:4                                  a line of its trace
    nowhere: xylophone                                     no file, row or raw mail holds it
    off      on                                            mail only waits; it is taken
    relay down    relay up    relay refuses cara@cust.example: 550 no such user
    restart                                                all that is not on disk is forgotten

Headers stand under `-->` and `<--` (a mail's replace the defaults; one without a value is left
out), the body after a blank line. `...` skips text, and on a line of its own any lines.
`With:` and `Without:` look into a whole letter. `{reply A}`, `{bounce A}` and `{id A}` are the
Reply-To, the envelope sender and the Message-ID of the last letter to A, `{subject}` what a
mail program would answer with. `\\` before a line keeps it from being read as a step.
"""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

_STEPS = {
    "mail": r"--> (.+)",
    "letter": r"<-- (.+)",
    "at": r"at (\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?)",
    "advance": r"advance ((?:\d+[smhd] ?)+)",
    "restart": r"restart()",
    "off": r"off()",
    "on": r"on()",
    "relay": r"relay (down|up|refuses \S+: .+)",
    "ticket": r"ticket (\d+: .+)",
    "entry": r"entry (\d+\.\d+: .+)",
    "clock": r"clock (\d+: .+)",
    "held": r"held (H\d+: .+|nothing)",
    "ended": r"ended as (\w+)",
    "because": r"because: (.+)",
    "nowhere": r"nowhere: (.+)",
    "away": r"away (\w+ until \S+ \S+)",
}
STEPS = {verb: re.compile(pattern) for verb, pattern in _STEPS.items()}
# What moves the world on: before it, every letter that left must have been expected.
MOVES = frozenset({"mail", "at", "advance", "restart", "off", "on", "away", "relay"})

_MAIL_WORDS = re.compile(r"\s+(to|cc|bcc|answers|taps|sends|logged in as|by)\s+")
_YAML = re.compile(r"(mailtrack|people|rules|sla)\.yaml:")


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `line` counts from 1; `lines` is its place in the file, for rewriting."""

    verb: str
    words: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    line: int
    lines: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole file. `yaml` holds the text of each file of the desk that it brings itself."""

    path: Path
    title: str
    yaml: dict[str, str]
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True, slots=True)
class MailWords:
    """The line of a `-->`: who sends, to whom, and as what."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    answers: str | None
    taps: str | None
    file: str | None
    login: str | None
    front: str


def scenario_from(path: Path) -> Scenario:
    """The scenario that a file tells."""
    lines = path.read_text(encoding="utf-8").split("\n")
    title = " ".join(line[1:].strip() for line in lines[: _head_length(lines)])
    yaml, at = _yaml_blocks(lines)
    steps = tuple(_steps(lines, at, path))
    return Scenario(path, title, yaml, steps)


def mail_words(words: str) -> MailWords:
    """What the words after `-->` say."""
    sender, *rest = _MAIL_WORDS.split(words)
    said = dict(zip(rest[::2], rest[1::2], strict=True))

    def listed(key: str) -> tuple[str, ...]:
        return tuple(one for one in re.split(r",\s*", said.get(key, "")) if one)

    return MailWords(
        sender=sender.strip(),
        to=listed("to"),
        cc=listed("cc"),
        bcc=listed("bcc"),
        answers=said.get("answers"),
        taps=said.get("taps"),
        file=said.get("sends"),
        login=said.get("logged in as"),
        front=said.get("by", "smtp"),
    )


def matches(expected: str, actual: str) -> bool:
    """Whether a text is the expected one; `...` stands for any text, or any lines."""
    return _pattern_of(expected).fullmatch(_trimmed(actual)) is not None


def _pattern_of(expected: str) -> re.Pattern[str]:
    lines = _trimmed(expected).removesuffix("\n").split("\n")
    pieces = []
    for line in lines:
        if line.strip() == "...":
            pieces.append(r"(?:.*\n)*?")
        else:
            pieces.append(".*".join(re.escape(part) for part in line.split("...")) + r"\n")
    return re.compile("".join(pieces))


def _trimmed(text: str) -> str:
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def _head_length(lines: list[str]) -> int:
    return next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))


def _yaml_blocks(lines: list[str]) -> tuple[dict[str, str], int]:
    yaml: dict[str, str] = {}
    at = _head_length(lines)
    while at < len(lines):
        found = _YAML.fullmatch(lines[at].rstrip())
        if found is None:
            if lines[at].strip():
                break
            at += 1
            continue
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
            end += 1
        yaml[f"{found[1]}.yaml"] = (
            textwrap.dedent("\n".join(lines[at + 1 : end])).strip() + "\n"
        )
        at = end
    return yaml, at


def _steps(lines: list[str], start: int, path: Path) -> list[Step]:
    heads = [at for at in range(start, len(lines)) if _is_head(lines[at])]
    stray = [at for at in range(start, heads[0] if heads else len(lines)) if lines[at].strip()]
    assert not stray, f"{path}:{stray[0] + 1}: this is no step: {lines[stray[0]]}"
    ends = [*heads[1:], len(lines)]
    steps = (_step(lines, at, end, path) for at, end in zip(heads, ends, strict=True))
    return [step for step in steps if step is not None]


def _is_head(line: str) -> bool:
    return line.startswith("# ") or any(one.fullmatch(line) for one in STEPS.values())


def _step(lines: list[str], at: int, end: int, path: Path) -> Step | None:
    if lines[at].startswith("# "):
        assert not any(line.strip() and not line.startswith("#") for line in lines[at:end]), (
            f"{path}:{at + 2}: this is no step: {lines[at + 1]}"
        )
        return None
    verb, words = next(
        (verb, found[1])
        for verb, pattern in STEPS.items()
        if (found := pattern.fullmatch(lines[at]))
    )
    below = [line.removeprefix("\\") for line in lines[at + 1 : end]]
    if verb == "entry":
        headers, body = [], "\n".join(below).strip("\n") or None
    elif verb in ("mail", "letter"):
        headers, body = _head_and_body(below, f"{path}:{at + 2}")
    else:
        assert not any(below), f"{path}:{at + 2}: this is no step: {below}"
        headers, body = [], None
    while end > at + 1 and not lines[end - 1].strip():
        end -= 1
    return Step(verb, words, tuple(headers), body, at + 1, (at, end))


def _head_and_body(below: list[str], where: str) -> tuple[list[tuple[str, str]], str | None]:
    blank = below.index("") if "" in below else len(below)
    headers = []
    for line in below[:blank]:
        name, colon, value = line.partition(":")
        assert colon and " " not in name, f"{where}: this is no header: {line}"
        headers.append((name, value.strip()))
    body = "\n".join(below[blank:]).strip("\n")
    return headers, body or None
