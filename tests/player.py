"""Plays the conversations of `tests/scenarios/*.mail` and says where one goes otherwise.

`script` is the format, `stage` the desk with a clock that moves, `people` who writes to it,
`laws` what holds in every scenario. By hand, with every letter shown:

    python tests/player.py tests/scenarios/first_mail.mail
"""

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from client import Left
from facts import clock_facts, entry_facts, letter_lines, listed, ticket_facts
from laws import check_letter, check_one_each
from people import People
from script import MOVES, Scenario, Step, matches, scenario_from
from stage import Handled, Stage, policy_from
from when import at_from, span_from

HERE = Path(__file__).parent
DESK = HERE / "scenarios" / "desk"

_TOKEN = re.compile(r"([+]|%2B)[rnbc][a-z2-7]{29}@")


@dataclass(frozen=True, slots=True)
class Edit:
    """What a scenario would have to say instead of its lines from `start` to `end`."""

    start: int
    end: int
    lines: list[str]


class Otherwise(AssertionError):
    """The conversation went otherwise than written."""


class Player:
    """One scenario on one stage."""

    def __init__(self, scenario: Scenario, folder: Path, *, reply: str = "") -> None:
        """`reply` is the YAML of another reply mode, for a scenario on the usual desk."""
        self.scenario = scenario
        files = _files_of(scenario)
        policy = policy_from(_with_reply(files, reply) if reply else files)
        self.stage = Stage(folder, policy, name=scenario.name)
        self.people = People(self.stage, name=scenario.name)
        self._heard: list[Left] = []  # letters that left and were not expected yet
        self._counted = 0  # of stage.left
        self._last_row = 0
        self._handled: Handled | None = None

    def play(self) -> None:
        """Raises Otherwise at the first step that goes otherwise."""
        try:
            for step in self.scenario.steps:
                self._in_place(step)
            self._nothing_left_over(self.scenario.steps[-1])
        finally:
            self.stage.close()

    def edits(self) -> list[Edit]:
        """The whole conversation as it goes, wherever it is not as written."""
        found: list[Edit] = []
        try:
            for step in self.scenario.steps:
                if step.verb in MOVES:
                    found += self._unexpected(step.lines[0])
                try:
                    self._in_place(step)
                except Otherwise:
                    found.append(self._corrected(step))
            found += self._unexpected(self.scenario.steps[-1].lines[1] + 1)
        finally:
            self.stage.close()
        return found

    # Steps that move the world on.

    def _in_place(self, step: Step) -> None:
        if step.verb in MOVES:
            self._nothing_left_over(step)
        try:
            getattr(self, f"step_{step.verb}")(step)
        except AssertionError as otherwise:
            place = f"{self.scenario.path.name}:{step.line}: "
            raise Otherwise(f"{place}{otherwise}") from otherwise

    def step_at(self, step: Step) -> None:
        self._move(lambda: self.stage.move_to(at_from(step.words, self.stage.policy.zone)))

    def step_advance(self, step: Step) -> None:
        self._move(lambda: self.stage.move_to(self.stage.now + span_from(step.words)))

    def step_restart(self, _step: Step) -> None:
        self._move(self.stage.restart)

    def step_off(self, _step: Step) -> None:
        self.stage.is_off = True

    def step_on(self, _step: Step) -> None:
        self._move(self.stage.begin_again)

    def step_relay(self, step: Step) -> None:
        what, _, refused = step.words.partition(" ")
        self.stage.is_relay_down = what == "down"
        if refused:
            recipient, _, reason = refused.partition(": ")
            self.stage.refused[recipient] = reason
        self._move(lambda: None)

    def step_away(self, step: Step) -> None:
        agent, _, until = step.words.partition(" until ")
        self.stage.send_away(agent, at_from(until, self.stage.policy.zone))

    def step_mail(self, step: Step) -> None:
        raw, words = self.people.mail(step)

        def arrive() -> None:
            self._handled = self.stage.take(
                raw,
                mail_from="" if words.sender == "<>" else words.sender,
                rcpt_to=(*words.to, *words.cc, *words.bcc),
                front=words.front,
                login=words.login,
            )

        self._move(arrive, is_mail=not self.stage.is_off)

    def _move(self, move: Callable[[], None], *, is_mail: bool = False) -> None:
        """Move the world; every letter that is written then must keep the laws."""
        move()
        rows = self.stage.letters_after(self._last_row)
        written = [letter for _, letter in rows]
        self._last_row = max((row for row, _ in rows), default=self._last_row)
        if is_mail and self.stage.released <= 1:  # each of them is a mail of its own
            check_one_each(written)
        for letter in written:
            check_letter(letter, self.stage)
        self.stage.settle()
        self._heard += self.stage.left[self._counted :]
        self._counted = len(self.stage.left)

    # Steps that say what must be true.

    def step_letter(self, step: Step) -> None:
        if step.words == "nothing":
            self._nothing_left_over(step)
            return
        recipient, name = _letter_words(step.words)
        found = [one for one in self._heard if one.recipient == recipient and one.name == name]
        assert found, f"no such letter left; what left: {self._shown_heard()}"
        letter = found[0]
        for header, expected in step.headers:
            _check_header(letter, header, self.people.expanded(expected))
        if step.body is not None:
            shown = _without_tokens(letter.text)
            assert matches(step.body, shown), f"the letter reads:\n\n{shown}"
        self._heard.remove(letter)

    def step_ticket(self, step: Step) -> None:
        number, _, words = step.words.partition(": ")
        ticket = self.stage.ticket(int(number))
        if words == "none":
            assert ticket is None, f"there is a ticket {number}"
            return
        assert ticket is not None, f"there is no ticket {number}"
        _check_facts(listed(words), ticket_facts(ticket, self.stage.policy.zone))

    def step_entry(self, step: Step) -> None:
        place, _, words = step.words.partition(": ")
        number, _, index = place.partition(".")
        ticket = self.stage.ticket(int(number))
        assert ticket is not None, f"there is no ticket {number}"
        assert int(index) <= len(ticket.entries), f"it has only {len(ticket.entries)} entries"
        entry = ticket.entries[int(index) - 1]
        _check_facts(listed(words), entry_facts(entry))
        if step.body is not None:
            assert matches(step.body, entry.text), f"the entry reads:\n\n{entry.text}"

    def step_clock(self, step: Step) -> None:
        number, _, words = step.words.partition(": ")
        ticket = self.stage.ticket(int(number))
        assert ticket is not None, f"there is no ticket {number}"
        shown = [clock_facts(clock, self.stage.policy.zone) for clock in ticket.clocks]
        wanted = set(listed(words))
        assert any(wanted <= set(facts) for facts in shown), f"the clocks are {shown}"

    def step_held(self, step: Step) -> None:
        if step.words == "nothing":
            held = [f"{one.held_id}: {one.reason}" for one in self.stage.held_open()]
            assert not held, f"held is {held}"
            return
        held_id, _, words = step.words.partition(": ")
        item = self.stage.held(held_id)
        assert item is not None, f"there is no {held_id}"
        asked = item.person.removeprefix("@") if item.person else "admins"
        facts = [item.reason, item.state, f"asks {asked}", f"about {item.number}"]
        _check_facts(listed(words), facts)

    def step_ended(self, step: Step) -> None:
        assert self._handled is not None, "there was no mail yet"
        assert self._handled.disposition == step.words, (
            f"it ended as {self._handled.disposition}"
        )

    def step_because(self, step: Step) -> None:
        assert self._handled is not None, "there was no mail yet"
        lines = [f"{one.rule}: {one.said} {one.where}".strip() for one in self._handled.trace]
        assert any(step.words in line for line in lines), f"the trace is {lines}"

    def step_nowhere(self, step: Step) -> None:
        places = self.stage.holds(step.words)
        assert not places, f"it still stands in {', '.join(places)}"

    def _nothing_left_over(self, _step: Step) -> None:
        if self._heard:
            raise Otherwise(
                f"{self.scenario.path.name}:{_step.line}: letters that nobody expected: "
                f"{self._shown_heard()}"
            )

    def _shown_heard(self) -> str:
        return "".join(f"\n\n{letter_lines(letter)}" for letter in self._heard) or "nothing"

    # Rewriting.

    def _unexpected(self, at: int) -> list[Edit]:
        lines = [line for letter in self._heard for line in (*_expected(letter), "")]
        self._heard.clear()
        return [Edit(at, at, lines)] if lines else []

    def _corrected(self, step: Step) -> Edit:
        lines: list[str] = []
        if step.verb == "letter":
            recipient, name = _letter_words(step.words)
            for letter in list(self._heard):
                if (letter.recipient, letter.name) == (recipient, name):
                    lines = _expected(letter, [header for header, _ in step.headers])
                    self._heard.remove(letter)
                    break
        elif step.verb == "ticket":
            number = step.words.partition(":")[0]
            ticket = self.stage.ticket(int(number))
            zone = self.stage.policy.zone
            facts = ticket_facts(ticket, zone)[:4] if ticket else ["none"]
            lines = [f"ticket {number}: {', '.join(facts)}"]
        return Edit(*step.lines, lines)


def _check_facts(expected: list[str], actual: list[str]) -> None:
    wrong = [fact for fact in expected if fact not in actual]
    assert not wrong, f"not {', '.join(wrong)}, but {', '.join(actual)}"


def _check_header(letter: Left, name: str, expected: str) -> None:
    html = re.sub(r"<style.*?</style>|<[^>]*>", " ", letter.html, flags=re.DOTALL)
    whole = f"{letter.header('Subject')}\n{letter.text}\n{html}"
    if name == "Without":
        assert expected not in whole, f"the letter holds {expected!r}"
    elif name == "With":
        assert expected in whole, f"the letter does not hold {expected!r}:\n\n{letter.text}"
    elif name == "Attached":
        assert letter.attachments == listed(expected), f"attached is {letter.attachments}"
    elif name == "Envelope":
        shown = _without_tokens(letter.mail_from) or "<>"
        assert matches(expected, shown), f"the envelope sender is {shown}"
    else:
        shown = _without_tokens(letter.header(name))
        assert matches(expected, shown), f"{name} is {shown!r}"


def _without_tokens(text: str) -> str:
    return _TOKEN.sub(r"\1TOKEN@", text)


def _letter_words(words: str) -> tuple[str, str]:
    found = re.fullmatch(r"to (\S+), (?:letter )?(\w+)", words)
    assert found, f"say: <-- to ADDRESS, letter NAME; not: {words}"
    return found[1], found[2]


def _expected(letter: Left, headers: list[str] | None = None) -> list[str]:
    """The letter as a scenario would expect it."""
    names = headers if headers is not None else ["Subject"]
    shown = [f"{name}: {_without_tokens(letter.header(name))}" for name in names]
    body = _without_tokens(letter.text).rstrip("\n").split("\n")
    return [f"<-- to {letter.recipient}, letter {letter.name}", *shown, "", *body]


def _files_of(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """The YAML of its desk: its own files in the place of those of all scenarios."""
    there = {
        path.name: path.read_text(encoding="utf-8") for path in sorted(DESK.glob("*.yaml"))
    }
    return tuple(sorted((there | scenario.yaml).items()))


def _with_reply(files: tuple[tuple[str, str], ...], reply: str) -> tuple[tuple[str, str], ...]:
    key = f"desk:\n  reply: {reply}\n"
    return tuple((name, text.replace("desk:\n", key, 1)) for name, text in files)


def rewrite(path: Path, folder: Path) -> None:
    """Make the expectations of a scenario what happens; the diff is for people to judge."""
    edits = Player(scenario_from(path), folder).edits()
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        lines[edit.start : edit.end] = edit.lines
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            player = Player(scenario_from(Path(name)), Path(folder))
            try:
                player.play()
            except Otherwise as otherwise:
                print(otherwise)
            for letter in player.stage.left:
                print(f"\n{'=' * 90}\n{letter_lines(letter)}")


if __name__ == "__main__":
    main()
