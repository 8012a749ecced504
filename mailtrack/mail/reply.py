from __future__ import annotations

from dataclasses import dataclass

from mailtrack.mail.facts import MailFacts

MARKER = "## Reply above this line ##"


@dataclass(frozen=True, slots=True)
class NewWords:
    reply: str
    certain: bool
    rule: str
    quoted: str


def new_words(facts: MailFacts, *, sent: tuple[str, ...] = ()) -> NewWords:
    return new_words_of_text(facts.text, sent=sent)


def new_words_of_text(text: str, *, sent: tuple[str, ...] = ()) -> NewWords:
    return NewWords(text, False, "", "")
