"""What every letter says of itself to machines (security section 6.5), one row a letter."""

import pytest
from desk.cases import CARA, TICKET, agent, case, mail_from, mailbox

from mailtrack.desk.letters import LETTERS
from mailtrack.desk.writing import Recipient, Style, recipient_of, write_letter
from mailtrack.mail.message import OutgoingMail
from mailtrack.tickets.letter import Letter

TO_CUSTOMERS = ("acknowledged", "answer", "resolved", "closed")
TO_AGENTS = tuple(name for name in LETTERS if name not in TO_CUSTOMERS)
# What answers a mail of an agent's; everything else may bounce, and somebody hears of it.
ANSWERS = {
    "refused", "held", "collision", "found", "listed", "shown", "why", "help", "canned_list",
    "done",
}  # fmt: skip
CUSTOMER = Recipient(CARA, mailbox(CARA, "Cara Smith"), "en", False)


def written(name: str, to: Recipient, *, is_automatic: bool = True) -> Letter:
    style = Style(is_automatic=is_automatic)
    given = case(mail_from(CARA))
    return write_letter(given, name, to, view=LETTERS[name][0], ticket=TICKET, style=style)


def marks(mail: OutgoingMail) -> dict[str, str]:
    return dict(mail.headers)


@pytest.mark.parametrize("name", LETTERS)
def test_s70_every_automatic_letter_says_so_and_asks_for_no_answer(name: str) -> None:
    to = CUSTOMER if name in TO_CUSTOMERS else recipient_of(agent("ivan"))
    letter = written(name, to)
    said = marks(letter.mail)
    is_reply = name in ("acknowledged", "answer")
    assert said["Auto-Submitted"] == ("auto-replied" if is_reply else "auto-generated")
    assert said["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    assert said["X-Mailtrack-Loop"]
    assert letter.is_automatic


@pytest.mark.parametrize("name", LETTERS)
def test_s70_what_answers_a_mail_by_itself_has_the_null_path(name: str) -> None:
    to = CUSTOMER if name in TO_CUSTOMERS else recipient_of(agent("ivan"))
    letter = written(name, to)
    has_null_path = name in TO_CUSTOMERS or name in ANSWERS
    assert (letter.mail.mail_from is None) is has_null_path


def test_every_letter_to_agents_is_either_an_answer_or_told() -> None:
    assert set(TO_AGENTS) >= ANSWERS
    assert "notification" not in ANSWERS


def test_an_agents_words_are_a_persons_and_can_bounce() -> None:
    letter = written("answer", CUSTOMER, is_automatic=False)
    assert set(marks(letter.mail)) == {"X-Mailtrack-Loop"}
    assert letter.mail.mail_from is not None


@pytest.mark.parametrize("name", TO_CUSTOMERS)
def test_a_customer_is_told_nothing_else_of_us(name: str) -> None:
    known = {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailtrack-Loop"}
    assert set(marks(written(name, CUSTOMER).mail)) == known
