"""Who may read what and change what: the witness where people write at random.

Each text that anybody writes bears a mark of its own, and the witness remembers who may read
it. After every step the letters that left are searched for marks, and the journal for changes
that nobody in this step had the right to make.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adversary.scene import ADA, IVAN, OLGA, Scene
from client import Left

from mailtrack.tickets.context import HeldMail

AGENTS = {IVAN: "@ivan", OLGA: "@olga", ADA: "@ada"}
QUESTIONS = frozenset({"held", "refused", "collision"})
MARK = re.compile(r"qz\d+zq")


@dataclass(frozen=True, slots=True)
class Text:
    """A text with a mark. Besides `readers` those on ticket `number` may read it."""

    kind: str
    readers: frozenset[str] = frozenset()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The desk asked an agent about a mail, which is truly the agent's or a forger's."""

    letter: Left
    held: HeldMail
    is_theirs: bool
    adds: frozenset[str]


class Witness:
    """Sees each step of what is done to one desk."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.texts: dict[str, Text] = {}
        self.insiders: dict[int, set[str]] = {}  # who may get letters about a ticket
        self.questions: list[Question] = []
        self._left = self._journal = self._held = 0

    def mark(self, kind: str, *readers: str, at: int | None = None) -> str:
        mark = f"qz{len(self.texts)}zq"
        self.texts[mark] = Text(kind, frozenset(readers), at)
        return mark

    def words(self, kind: str, *readers: str, at: int | None = None) -> str:
        return self.said(self.mark(kind, *readers, at=at))

    def said(self, mark: str) -> str:
        """The words of a mark, which stands in each run of eight of them."""
        kind = self.texts[mark].kind
        return f"{mark} is what the {kind} says, and {mark} stays here, says {mark}."

    @contextmanager
    def step(
        self,
        *,
        opens: str = "",
        acts: str = "",
        adds: Iterable[str] = (),
        confirms: bool = False,
        is_theirs: bool | None = None,
    ) -> Iterator[None]:
        """One thing happens. `acts` is the agent who may change something in it, and
        `adds` are the people whom the one who acts may bring on a ticket.
        """
        adds = frozenset(adds)
        yield
        self._note_new_tickets(opens)
        self._check_journal(acts, adds, confirms=confirms)
        self._check_letters()
        self._note_questions(
            is_theirs=bool(acts) if is_theirs is None else is_theirs, adds=adds
        )

    def _note_new_tickets(self, opens: str) -> None:
        while self._scene.stage.ticket(len(self.insiders) + 1) is not None:
            self.insiders[len(self.insiders) + 1] = {opens}

    def _check_journal(self, acts: str, adds: frozenset[str], *, confirms: bool) -> None:
        for row_id, row in self._scene.stage.journal_after(self._journal):
            self._journal = row_id
            by_agent = row.actor.startswith("@")
            if by_agent:
                who = row.actor.partition(" ")[0]
                assert who == AGENTS.get(acts), f"without proof: {row}"
            if row.field == "merged_into" and row.new:
                assert confirms, f"without confirmation: {row}"
            if row.field == "join":
                _, _, person = row.new.partition(" ")
                if person.startswith("@"):
                    continue
                assert person in adds, f"nobody added them: {row}"
                domains = {one.partition("@")[2] for one in self.insiders[row.number]}
                is_outside = person.partition("@")[2] not in domains
                assert confirms or not (by_agent and is_outside), f"unconfirmed: {row}"
                self.insiders[row.number].add(person)

    def _check_letters(self) -> None:
        letters = self._scene.stage.left[self._left :]
        self._left = len(self._scene.stage.left)
        for letter in letters:
            if letter.recipient in AGENTS:
                continue
            insiders = self.insiders[letter.number or 0]
            assert letter.recipient in insiders, f"a letter to an outsider: {letter}"
            for mark in set(MARK.findall(_all_of(letter))):
                self._check_mark(mark, letter)

    def _check_mark(self, mark: str, letter: Left) -> None:
        text, who = self.texts[mark], letter.recipient
        is_insider = text.number is not None and who in self.insiders[text.number]
        is_subject = mark in self._scene.stage.ticket(letter.number or 0).subject
        assert who in text.readers or is_insider or (text.kind == "subject" and is_subject), (
            f"{who} reads {text} {mark}: {letter.name}\n{letter.text}"
        )

    def _note_questions(self, *, is_theirs: bool, adds: frozenset[str]) -> None:
        letters = [one for one in self._scene.written if one.name in QUESTIONS]
        held = [
            one for one in self._scene.stage.held_open() if int(one.held_id[1:]) > self._held
        ]
        self._held = max((int(one.held_id[1:]) for one in held), default=self._held)
        for letter in letters:
            for one in held:
                if one.person == AGENTS.get(letter.recipient):
                    self.questions.append(Question(letter, one, is_theirs, adds))


def _all_of(letter: Left) -> str:
    raw = letter.raw.decode("ascii", "replace").replace("=\r\n", "")
    return "\n".join((raw, letter.header("Subject"), letter.text, letter.html))
