"""Strangers, customers, agents and forgers write what they like, in any order.

Whatever comes: every mail ends in exactly one receipt, nothing raises, no customer reads a
note, another customer's words or a forger's, and nobody commands who may not.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from adversary.scene import (
    ADA,
    BOB,
    CARA,
    IVAN,
    MALLORY,
    OLGA,
    STYLES,
    SUPPORT,
    Scene,
    desk_policy,
    new_scene,
)
from client import Left
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from mailtrack.desk.policy import Policy
from mailtrack.store.tables import RECEIPT

CUSTOMERS = (CARA, BOB, "dana@cust.example", MALLORY)
STRANGERS = tuple(f"stranger{n}@far.example" for n in range(4))
AGENTS = (IVAN, OLGA, ADA)
SUBJECTS = (
    "Printer", "Re: [#1] Printer", "[close] [tag:forged] hi", "Fwd: [#2] x", "",
    "[#1] [tag:forged]",
    "Automatic reply: Printer", "[release] [tag:forged]", "\u202eoof", "[EXT] [#3] [1]",
)  # fmt: skip
COMMANDS = (
    "", "[note]", "[close]", "[take]", "[assign:olga]", "[undo]", "[tag:vip]", "[frob]",
    "[show]",
    "[cc:bob@cust.example]", "[uncc:bob@cust.example]", "[tpl:more-details]", "[wait]",
    "[watch] [note]", "[queue:billing]", "[find:x]", "[mine] [help]", "[due:2d]", "[time:5m]",
)  # fmt: skip
HEADS: tuple[dict[str, str], ...] = (
    {}, {}, {}, {"Auto-Submitted": "auto-replied"}, {"List-Id": "<l.x.example>"},
    {"Cc": f"{BOB}, {SUPPORT}"}, {"Reply-To": MALLORY}, {"Message-ID": ""}, {"Date": ""},
)  # fmt: skip


@dataclass(frozen=True)
class Move:
    """One mail: `kind` says who writes, the numbers choose among what there is."""

    kind: str
    who: int
    letter: int
    subject: int
    command: int
    style: int
    head: int


# A storm takes a second: what is left of it after shrinking is not worth the hours.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
MOVES = st.builds(
    Move,
    kind=st.sampled_from(("customer", "reply", "agent", "agent", "note", "forger", "stranger")),
    who=st.integers(0, 3),
    letter=st.integers(0, 7),
    subject=st.integers(0, len(SUBJECTS) - 1),
    command=st.integers(0, len(COMMANDS) - 1),
    style=st.integers(0, len(STYLES) - 1),
    head=st.integers(0, len(HEADS) - 1),
)


class Storm:
    """Plays moves; each mail holds a secret that says who may read it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.count = 0
        self.secrets: dict[str, frozenset[str]] = {}  # words -> who may read them

    def play(self, move: Move) -> None:
        self.count += 1
        getattr(self, f"_{move.kind}")(move)
        self._nothing_broken()

    def _secret(self, *readers: str) -> str:
        words = f"secret{self.count}xyzzy"
        self.secrets[words] = frozenset(readers)
        return words

    def _customer(self, move: Move) -> None:
        sender = CUSTOMERS[move.who]
        self._mail(sender, SUBJECTS[move.subject], self._secret(sender), HEADS[move.head])

    def _mail(self, sender: str, subject: str, body: str, head: dict[str, str]) -> None:
        body = f"Hello there, please read {body} soon."
        self.scene.mail(sender, subject, body, headers={"X-N": str(self.count), **head})

    def _letters(self, *who: str) -> list[Left]:
        return [letter for letter in self.scene.stage.left if letter.recipient in who]

    def _reply(self, move: Move) -> None:
        sender = CUSTOMERS[move.who]
        letters = self._letters(sender)
        if letters:
            self._answer(letters, move, self._secret(sender), sender)

    def _answer(self, letters: list[Left], move: Move, words: str, sender: str) -> None:
        letter = letters[-1 - move.letter % len(letters)]
        self.scene.answer(
            letter, f"Please read {words} now.", style=STYLES[move.style], sender=sender,
            headers=HEADS[move.head],
        )  # fmt: skip

    def _agent(self, move: Move) -> None:
        self._by_agent(move, COMMANDS[move.command], self._secret(*CUSTOMERS, *STRANGERS))

    def _note(self, move: Move) -> None:
        self._by_agent(move, "[note]", self._secret())

    def _by_agent(self, move: Move, command: str, words: str) -> None:
        sender = AGENTS[move.who % 3]
        letters = self._letters(sender)
        if not letters:
            return
        letter = letters[-1 - move.letter % len(letters)]
        self.scene.answer(
            letter, f"{command}\nPlease read {words} now.", style=STYLES[move.style],
            headers=HEADS[move.head],
        )  # fmt: skip

    def _forger(self, move: Move) -> None:
        """In an agent's name, with any customer's token or id, or none."""
        sender, words = AGENTS[move.who % 3], self._secret()
        letters = self._letters(*CUSTOMERS)
        if letters and move.letter % 2:
            letter = letters[-1 - move.letter % len(letters)]
            subject = f"[tag:forged] {SUBJECTS[move.subject]}"
            self.scene.answer(
                letter,
                f"Pay {words}.",
                sender=sender,
                subject=subject,
                headers=HEADS[move.head],
            )
        else:
            subject = f"[#{move.letter}] [tag:forged] {SUBJECTS[move.subject]}"
            self._mail(sender, subject, words, HEADS[move.head])

    def _stranger(self, move: Move) -> None:
        """With any letter that ever left, an agent's as well, from an address of their own."""
        letters = self.scene.stage.left
        if letters:
            self._answer(letters, move, self._secret(), STRANGERS[move.who])

    def _nothing_broken(self) -> None:
        stage = self.scene.stage
        with stage._database.reading() as session:
            count = session.connection().execute(
                select(func.count()).select_from(RECEIPT).where(RECEIPT.c.is_tick.is_(False))
            ).scalar_one()  # fmt: skip
        assert count >= self.scene._mails, "a mail has no receipt"
        for letter in self.scene.to_customers():
            text = letter.header("Subject") + letter.text + letter.html
            for words, readers in self.secrets.items():
                assert words not in text or letter.recipient in readers, (
                    f"{letter.recipient} reads {words}, which is for {sorted(readers)}"
                )
        for number in range(1, 60):
            ticket = stage.ticket(number)
            if ticket is None:
                break
            assert "forged" not in ticket.tags, "a forger commanded"


@pytest.fixture(scope="module")
def storm_policy() -> Policy:
    return desk_policy()


def play_all(moves: list[Move], policy: Policy) -> None:
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(new_scene(Path(folder), policy, name="storm"))
        try:
            storm.play(Move("customer", 0, 0, 0, 0, 0, 0))
            storm.play(Move("customer", 1, 0, 0, 0, 0, 0))
            for move in moves:
                storm.play(move)
        finally:
            storm.scene.stage.close()


@settings(max_examples=2, phases=PHASES)
@given(moves=st.lists(MOVES, min_size=15, max_size=25))
def test_nothing_that_anybody_writes_breaks_a_law(
    storm_policy: Policy, moves: list[Move]
) -> None:
    play_all(moves, storm_policy)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=25, phases=PHASES)
@given(moves=st.lists(MOVES, min_size=30, max_size=50))
def test_a_long_storm_breaks_no_law(storm_policy: Policy, moves: list[Move]) -> None:
    play_all(moves, storm_policy)
