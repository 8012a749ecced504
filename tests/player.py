"""Plays the conversations of `tests/scenarios/*.mail` and says where one goes otherwise.

`script` is the format, `stage` the desk with a clock that moves, `client` what mail programs
do, `laws` what holds in every scenario. By hand, with every letter shown:

    python tests/player.py tests/scenarios/first_mail.mail
"""

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from client import (
    Left,
    address_header,
    answer_headers,
    answer_subject,
    date_header,
    mail_bytes,
    quoted,
    tapped,
)
from facts import clock_facts, entry_facts, letter_lines, listed, ticket_facts
from laws import check_letter, check_one_each
from script import MOVES, MailWords, Scenario, Step, mail_words, matches, scenario_from
from stage import Handled, Stage, policy_from
from when import at_from, span_from

HERE = Path(__file__).parent
DESK = HERE / "scenarios" / "desk"
MAILS = HERE / "mails"

# How the people of the scenarios call themselves in From.
CAST = {
    "cara@cust.example": "Cara Smith",
    "bob@cust.example": "Bob Brown",
    "mallory@evil.example": "Mallory",
    "oksana@kyiv.example": "Оксана Мельник",
    "boris@sever.example": "Борис Седов",
}
_TOKEN = re.compile(r"([+]|%2B)[rnbc][a-z2-7]{29}@")
_INSERT = re.compile(r"\{(reply|bounce|id|subject)(?: (\S+?))?( damaged)?\}")


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
        self._heard: list[Left] = []  # letters that left and were not expected yet
        self._counted = 0  # of stage.left
        self._last_row = 0
        self._handled: Handled | None = None
        self._last_mail: tuple[bytes, MailWords] | None = None
        self._mails = 0

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
        words = mail_words(step.words)
        if words.sender == "again":
            assert self._last_mail is not None, "there was no mail yet"
            raw, first = self._last_mail
            raw = _with_headers(raw, step.headers)
            words = _again(words, first)
        else:
            raw, words = self._written(step, words)
        self._last_mail = raw, words

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

    # Writing mails as people do.

    def _written(self, step: Step, words: MailWords) -> tuple[bytes, MailWords]:
        self._mails += 1
        if words.file is not None:
            return (MAILS / words.file).read_bytes(), words
        given = {name: self._expanded(value) for name, value in step.headers}
        body = self._expanded(step.body or "")
        headers = self._defaults(words)
        subject = ""
        if words.answers is not None:
            letter = self._last_letter(words.answers, words.sender)
            headers |= answer_headers(letter)
            subject = answer_subject(letter)
            body = f"{body}\n\n{quoted(letter)}" if body else quoted(letter)
        if words.taps is not None:
            prepared = tapped(self._last_letter("last", words.sender), words.taps)
            body = f"{body}\n{prepared.pop('body')}"
            headers |= prepared
        attached = [one for one in given.pop("Attached", "").split(", ") if one]
        given = {k: v.replace("{subject}", subject) for k, v in given.items()}
        headers |= given
        if words.to:
            headers["To"] = ", ".join(map(self._expanded, words.to))
        to = tuple(map(self._expanded, words.to)) or (parseaddr(headers["To"])[1],)
        envelope = MailWords(
            words.sender, to, words.cc, words.bcc, None, None, None, words.login, words.front
        )
        return mail_bytes(headers, body, attached=attached), envelope

    def _defaults(self, words: MailWords) -> dict[str, str]:
        domain = words.sender.rpartition("@")[2] or "mail.example"
        name = f"{self.scenario.name}-{self._mails}"
        return {
            "From": address_header(words.sender, self._name(words.sender)),
            "To": ", ".join(words.to),
            "Cc": ", ".join(words.cc),
            "Subject": "",
            "Date": date_header(self.stage.now.astimezone(self.stage.policy.zone)),
            "Message-ID": f"<{name}@{domain}>",
            "MIME-Version": "1.0",
        }

    def _name(self, address: str) -> str:
        agent = self.stage.policy.agent_at(address)
        return agent.shown if agent else CAST.get(address, "")

    def _last_letter(self, which: str, sender: str) -> Left:
        """`last`, `acknowledged`, or either `of cara@cust.example`: the last such letter."""
        name, _, whose = which.partition(" of ")
        agent = self.stage.policy.agent_at(whose or sender)
        person = agent.id if agent else whose or sender
        for letter in reversed(self.stage.left):
            if letter.person == person and name in ("last", letter.name):
                return letter
        raise AssertionError(f"no letter {which} has left to {whose or sender}")

    def _expanded(self, text: str) -> str:
        def insert(found: re.Match[str]) -> str:
            what, whose, damaged = found.groups()
            if what == "subject" and whose is None:
                return found[0]
            letter = self._last_letter("last", whose)
            value = {
                "reply": letter.reply_address,
                "bounce": letter.mail_from,
                "id": letter.header("Message-ID"),
                "subject": answer_subject(letter),
            }[what]
            return _damaged(value) if damaged else value

        return _INSERT.sub(insert, text)

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
            _check_header(letter, header, self._expanded(expected))
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


def _damaged(address: str) -> str:
    """The address with one character of its token, or of its id, changed."""
    at = address.rindex("@")
    other = "b" if address[at - 1] != "b" else "c"
    return f"{address[: at - 1]}{other}{address[at:]}"


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


def _again(words: MailWords, first: MailWords) -> MailWords:
    """The mail before once more, to others or by another way in if these are named."""
    return MailWords(
        first.sender,
        words.to or first.to,
        words.cc if words.to else first.cc,
        words.bcc if words.to else first.bcc,
        None, None, None,
        words.login or first.login,
        words.front,
    )  # fmt: skip


def _with_headers(raw: bytes, headers: tuple[tuple[str, str], ...]) -> bytes:
    head, blank, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for name, value in headers:
        prefix = f"{name}:".lower().encode()
        kept = [line for line in lines if not line.lower().startswith(prefix)]
        lines = kept + ([f"{name}: {value}".encode()] if value else [])
    return b"\r\n".join(lines) + blank + body


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
