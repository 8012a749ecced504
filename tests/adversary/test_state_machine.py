"""No sequence of mails brings a customer's words or a note to another, or commands by a forger.

What people may do is here; `witness.py` looks after every step at who reads what, and who has
changed what. `laws.py` is checked for each letter besides.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from adversary.scene import (
    BOB,
    CARA,
    MALLORY,
    STYLES,
    SUPPORT,
    Scene,
    Style,
    desk_policy,
    scene_at,
)
from adversary.witness import AGENTS, MARK, QUESTIONS, Witness
from client import Left
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from mailtrack.desk.policy import Policy, TrustPolicy
from mailtrack.store.database import Database
from mailtrack.store.elsewhere import TOLD_WITHIN

DAN, FRIEND = "dan@else.example", "friend@friends.example"
CUSTOMERS = (CARA, BOB, DAN)
STRANGERS = (MALLORY, FRIEND)
PASTED = frozenset({"mail", "forged"})  # what others wrote, in the words of `Text.kind`
PASTED_WITHIN = TOLD_WITHIN - timedelta(days=1)
RECENT = 12  # so many of the latest letters people still have at hand

# What agents type, what the right person must confirm as well, and what everybody else tries.
EVERYDAY = (
    "",
    "[close]",
    "[take]",
    "[assign:olga]",
    "[wait]",
    "[tag:vip]",
    "[undo]",
    "[watch]",
)
ASKED = ("[show:{number}]", "[find: qz]", "[mine]", "[why]", "[frobnicate]")
CONFIRMED = ("[merge:{number}]", "[cc:dan@else.example]", "[allow:friend@friends.example]")
FORGED = (*EVERYDAY, *ASKED, *CONFIRMED, "[cc:mallory@evil.example]", "[note]", "[release]")

picks = st.integers(0, RECENT - 1)
numbers = st.integers(1, 4)
customers = st.sampled_from(CUSTOMERS)
strangers = st.sampled_from(STRANGERS)
outsiders = st.sampled_from((*CUSTOMERS, *STRANGERS))
agents = st.sampled_from(tuple(AGENTS))
styles = st.sampled_from(STYLES)
forged = st.sampled_from(FORGED)
answers = st.sampled_from((*("",) * len(EVERYDAY), *EVERYDAY, *CONFIRMED))
mostly = st.sampled_from((True, True, True, False))


class Mailboxes(RuleBasedStateMachine):
    """Three customers, two strangers and three agents at their mail programs."""

    scene: Scene
    witness: Witness

    @initialize(name=st.sampled_from(("auto", "strict")))
    def a_desk_opens(self, name: str) -> None:
        self.scene = scene_at(_place(), _policies()[name], name=name)
        self.witness = Witness(self.scene)
        for who in CUSTOMERS:
            self.a_customer_writes(who, who, is_proved=False)

    # --- customers

    @rule(who=customers, copied=outsiders, is_proved=st.booleans())
    def a_customer_writes(self, who: str, copied: str, is_proved: bool) -> None:
        subject = f"Order {self.witness.mark('subject', who)}"
        words = self.witness.words("mail", who)
        login = who if is_proved else None
        with self.witness.step(opens=who, adds=(copied,) if is_proved else ()):
            self.scene.mail(who, subject, words, headers={"Cc": copied}, login=login)

    @rule(pick=picks, style=styles, typed=forged, copied=outsiders, is_proved=st.booleans())
    def a_customer_answers(
        self, pick: int, style: Style, typed: str, copied: str, is_proved: bool
    ) -> None:
        letter = self.letter(pick, lambda one: one.recipient in CUSTOMERS)
        if letter is None:
            return
        who = letter.recipient
        words = self.witness.words("mail", who)
        login = who if is_proved else None
        subject = f"{self.typed(typed)} {letter.header('Subject')}"
        with self.witness.step(opens=who, adds=(copied,) if is_proved else ()):
            self.scene.answer(
                letter, words, style=style, subject=subject, headers={"Cc": copied}, login=login
            )

    @rule(who=outsiders, pick=picks, typed=forged, has_token=st.booleans())
    def somebody_answers_a_letter_of_somebody_else(
        self, who: str, pick: int, typed: str, has_token: bool
    ) -> None:
        letter = self.letter(pick, lambda one: one.recipient != who)
        if letter is None:
            return
        words = self.witness.words("mail", who)
        to = letter.header("Reply-To") if has_token else SUPPORT
        headers = {"To": to, "Cc": MALLORY}
        with self.witness.step(opens=who):
            self.scene.answer(
                letter,
                words,
                sender=who,
                subject=f"{self.typed(typed)} {letter.header('Subject')}",
                headers=headers,
            )

    @rule(who=outsiders, number=numbers, typed=forged)
    def somebody_names_a_number(self, who: str, number: int, typed: str) -> None:
        words = self.witness.words("mail", who)
        subject = f"[#{number}] {self.typed(typed)} {self.witness.mark('subject', who)}"
        with self.witness.step(opens=who):
            self.scene.mail(who, subject, words, headers={"Cc": FRIEND})

    # --- forgers

    @rule(as_whom=customers, number=numbers, pick=picks, is_disproved=st.booleans())
    def mallory_writes_as_a_customer(
        self, as_whom: str, number: int, pick: int, is_disproved: bool
    ) -> None:
        words = self.witness.words("forged", as_whom)
        letter = self.letter(pick, lambda one: one.recipient != as_whom)
        known = letter.header("Message-ID") if letter else "<guess@help.example>"
        headers = {"Cc": MALLORY, "Reply-To": MALLORY, "In-Reply-To": known}
        with self.witness.step(opens=as_whom):
            self.scene.mail(
                as_whom, f"[#{number}] {self.witness.mark('subject', as_whom)}", words,
                mail_from=MALLORY, headers=headers, login=MALLORY if is_disproved else None,
            )  # fmt: skip

    @rule(as_whom=agents, number=numbers, typed=forged, pick=picks)
    def mallory_writes_as_an_agent(
        self, as_whom: str, number: int, typed: str, pick: int
    ) -> None:
        words = self.witness.words("forged")
        letter = self.letter(pick, lambda one: one.recipient in CUSTOMERS)
        headers = {"Cc": MALLORY, "Reply-To": MALLORY}
        if letter is not None:
            headers["References"] = letter.header("Message-ID")
        with self.witness.step(opens=as_whom):
            self.scene.mail(
                as_whom, f"[#{number}] {self.typed(typed)} order", words,
                mail_from=MALLORY, headers=headers,
            )  # fmt: skip

    @rule(pick=picks, typed=forged)
    def mallory_uses_an_agents_token_and_another_login(self, pick: int, typed: str) -> None:
        letter = self.letter(pick, lambda one: one.recipient in AGENTS)
        if letter is None or letter.name in QUESTIONS:
            return
        words = self.witness.words("forged")
        subject = f"{self.typed(typed)} {letter.header('Subject')}"
        with self.witness.step(opens=letter.recipient):
            self.scene.answer(letter, words, subject=subject, login=MALLORY)

    @rule(who=outsiders, pick=picks)
    def somebody_says_ok_to_a_question(self, who: str, pick: int) -> None:
        if not self.witness.questions:
            return
        letter = self.witness.questions[-1 - pick % len(self.witness.questions)].letter
        with self.witness.step(opens=who):
            self.scene.answer(letter, "ok", sender=who)

    @rule(pick=picks, typed=forged)
    def a_machine_answers(self, pick: int, typed: str) -> None:
        letter = self.letter(pick, lambda one: True)
        if letter is None:
            return
        words = f"ok {self.witness.words('machine')}\n\n{self.typed(typed)}"
        headers = {"Auto-Submitted": "auto-replied", "Cc": MALLORY}
        with self.witness.step(opens=letter.recipient):
            self.scene.answer(
                letter, words, subject=f"{self.typed(typed)} Away", headers=headers
            )

    # --- agents

    @rule(pick=picks, style=styles, typed=answers, is_proved=mostly)
    def an_agent_answers(self, pick: int, style: Style, typed: str, is_proved: bool) -> None:
        self.agent_writes(pick, self.typed(typed), style, is_proved=is_proved)

    @rule(pick=picks, style=styles, typed=answers, is_proved=mostly)
    def an_agent_notes(self, pick: int, style: Style, typed: str, is_proved: bool) -> None:
        self.agent_writes(pick, f"[note] {self.typed(typed)}", style, is_proved=is_proved)

    @rule(pick=picks, typed=st.sampled_from((*EVERYDAY, *ASKED, *CONFIRMED)), is_proved=mostly)
    def an_agent_commands(self, pick: int, typed: str, is_proved: bool) -> None:
        self.agent_writes(pick, self.typed(typed), None, is_proved=is_proved)

    @rule(pick=picks, source=picks, style=styles)
    def an_agent_pastes_what_another_customer_wrote(
        self, pick: int, source: int, style: Style
    ) -> None:
        letter = self.letter(pick, _is_to_work_on)
        if letter is None:
            return
        who, since = letter.recipient, self.scene.stage.now - PASTED_WITHIN
        told = [
            one
            for one in self.scene.stage.left[-RECENT * len(AGENTS) :]
            if one.recipient == who
            and one.number not in (None, letter.number)
            and one.name not in QUESTIONS
            and one.left_at > since
        ]
        marks = [mark for one in told for mark in MARK.findall(one.text)]
        texts = [mark for mark in marks if self.witness.texts[mark].kind in PASTED]
        if not texts:
            return
        mark = texts[-1 - source % len(texts)]
        words = f"Look: {self.witness.said(mark)}"
        with self.witness.step(opens=who, acts=who):
            self.scene.answer(
                letter, words, style=style, subject=letter.header("Subject"), login=who
            )

    @rule(pick=picks, is_proved=st.booleans())
    def an_agent_decides(self, pick: int, is_proved: bool) -> None:
        """An honest agent confirms what is theirs, and no answer that says too much."""
        if not self.witness.questions:
            return
        question = self.witness.questions.pop(-1 - pick % len(self.witness.questions))
        who = question.letter.recipient
        is_good = question.is_theirs and question.held.reason not in ("leak", "others")
        adds = question.adds if is_good else frozenset()
        with self.witness.step(
            opens=who, acts=who, adds=adds, confirms=is_good, is_theirs=question.is_theirs
        ):
            self.scene.answer(
                question.letter, "ok" if is_good else "no", login=who if is_proved else None
            )

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        with self.witness.step():
            self.scene.wait(hours)

    def agent_writes(
        self, pick: int, typed: str, style: Style | None, *, is_proved: bool
    ) -> None:
        letter = self.letter(pick, _is_to_work_on)
        if letter is None:
            return
        who = letter.recipient
        is_note = "[note]" in typed or _is_note_token(letter)
        words = ""
        if style is not None:
            words = (
                self.witness.words("note")
                if is_note
                else self.witness.words("answer", at=letter.number)
            )
        subject = f"{typed} {letter.header('Subject')}"
        adds = frozenset(re.findall(r"\[(?:cc|allow):([^\]]+)\]", typed))
        with self.witness.step(opens=who, acts=who, adds=adds):
            login = who if is_proved else None
            self.scene.answer(letter, words, style=style, subject=subject, login=login)

    # --- what the people need

    def letter(self, pick: int, fits: Callable[[Left], bool]) -> Left | None:
        there = [one for one in self.scene.stage.left if fits(one)][-RECENT:]
        return there[-1 - pick % len(there)] if there else None

    def typed(self, command: str) -> str:
        return command.format(
            number=1 + len(self.witness.texts) % max(1, len(self.witness.insiders))
        )


def _is_to_work_on(letter: Left) -> bool:
    return letter.recipient in AGENTS and letter.name not in QUESTIONS


def _is_note_token(letter: Left) -> bool:
    return letter.reply_address.partition("@")[0].rpartition("+")[2].startswith("n")


@cache
def _policies() -> dict[str, Policy]:
    policy = desk_policy()
    return {"auto": policy, "strict": replace(policy, trust=TrustPolicy.STRICT)}


@cache
def _place() -> tuple[Path, Database]:
    folder = Path(tempfile.mkdtemp(prefix="mailtrack-machine-"))
    return folder, Database(f"sqlite:///{folder / 'mailtrack.db'}")


def run(*, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Mailboxes,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # a shorter story is not worth minutes of replaying
        ),
    )


def test_no_mails_bring_words_to_others_or_commands_by_a_forger() -> None:
    run(examples=4, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_fifty_mails_bring_words_to_others_or_commands_by_a_forger() -> None:
    run(examples=50, steps=50)
