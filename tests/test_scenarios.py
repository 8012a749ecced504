"""Every conversation of `scenarios/` goes as it is written; see `script` for the format.

After a change that is meant, `UPDATE_SCENARIOS=1 pytest tests/test_scenarios.py` rewrites what
was expected; the diff is reviewed like code.
"""

import os
import re
from pathlib import Path

import pytest
from client import Left
from laws import check_letter, check_one_each
from player import Otherwise, Player, rewrite
from script import matches, scenario_from

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.mail"))
SCENARIOS_MIN = 45


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_conversation_goes_as_written(path: Path, tmp_path: Path) -> None:
    if os.environ.get("UPDATE_SCENARIOS"):
        (tmp_path / "update").mkdir()
        rewrite(path, tmp_path / "update")
    Player(scenario_from(path), tmp_path).play()


REPLIES = {
    "subdomain": "{mode: subdomain, domain: reply.help.example}",
    "headers": "{mode: headers}",
    "hyphen": '{mode: plus, delimiter: "-"}',
}
IN_EVERY_MODE = (
    "a_reply_to_a_note_is_a_note",
    "a_customer_copies_somebody",
    "a_light_agent_writes_notes_only",
    "closed_lately_opens_again",
    "closed_long_ago_is_followed_up",
    "many_tickets_need_a_word",
    "references_without_a_token",
    "watching_and_muting",
)


@pytest.mark.parametrize("reply", REPLIES.values(), ids=list(REPLIES))
@pytest.mark.parametrize("name", IN_EVERY_MODE)
def test_the_conversation_goes_the_same_in_every_reply_mode(
    name: str, reply: str, tmp_path: Path
) -> None:
    path = next(one for one in SCENARIOS if one.stem == name)
    Player(scenario_from(path), tmp_path, reply=reply).play()


def test_there_are_enough_of_them_and_each_says_what_it_shows() -> None:
    assert len(SCENARIOS) >= SCENARIOS_MIN
    for path in SCENARIOS:
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        assert re.match(r"# [SA]\d+(, [SA]\d+)*:? \S", first), path.name


# The player itself: what it must not let pass.

ASKED = """# S1 A question.
at 2026-03-02 09:00
--> cara@cust.example to support@help.example
Subject: Printer on fire

It burns.

<-- to cara@cust.example, letter acknowledged
<-- to ivan@help.example, letter notification
"""


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("ticket 1: closed", "not closed, but new"),
        ("ticket 2: new", "there is no ticket 2"),
        ("ticket 1: none", "there is a ticket 1"),
        ("entry 1.1: note", "not note, but mail"),
        ("entry 1.1: mail\nIt is cold.", "the entry reads"),
        ("clock 1: first_reply running", "the clocks are"),
        ("held H1: leak", "there is no H1"),
        ("ended as held", "it ended as ticket"),
        ("because: magic", "the trace is"),
        ("<-- to olga@help.example, letter notification", "no such letter left"),
        ("advance 1h\n<-- to ivan@help.example, letter reminder", "no such letter left"),
    ],
)
def test_what_is_not_so_fails(wrong: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(Otherwise, match=complaint):
        _player(ASKED + wrong + "\n", tmp_path).play()


@pytest.mark.parametrize("left_out", ["letter acknowledged", "letter notification"])
def test_a_letter_that_nobody_listed_fails(left_out: str, tmp_path: Path) -> None:
    text = "\n".join(line for line in ASKED.split("\n") if left_out not in line)
    with pytest.raises(Otherwise, match="letters that nobody expected"):
        _player(text, tmp_path).play()


@pytest.mark.parametrize(
    ("below", "complaint"),
    [
        ("Subject: [#2] Printer on fire", "Subject is"),
        ("Without: Cara Smith", "the letter holds"),
        ("With: Good night", "the letter does not hold"),
        ("Envelope: cara@cust.example", "the envelope sender is"),
        ("Attached: a.pdf", "attached is"),
        ("\nGood night,\n...", "the letter reads"),
    ],
)
def test_a_letter_that_says_something_else_fails(
    below: str, complaint: str, tmp_path: Path
) -> None:
    line = "<-- to cara@cust.example, letter acknowledged"
    with pytest.raises(Otherwise, match=complaint):
        _player(ASKED.replace(line, f"{line}\n{below}\n"), tmp_path).play()


def test_what_happens_can_be_written_down(tmp_path: Path) -> None:
    lines = [line for line in ASKED.split("\n") if not line.startswith("<--")]
    path = tmp_path / "new.mail"
    path.write_text("\n".join(lines) + "\nticket 1: closed\n", encoding="utf-8")
    (tmp_path / "a").mkdir()
    rewrite(path, tmp_path / "a")
    text = path.read_text(encoding="utf-8")
    assert "<-- to cara@cust.example, letter acknowledged\nSubject: [#1] Printer on" in text
    assert "ticket 1: new, support, normal, owner nobody" in text
    (tmp_path / "b").mkdir()
    Player(scenario_from(path), tmp_path / "b").play()


@pytest.mark.parametrize(
    ("expected", "actual", "fits"),
    [
        ("a", "a", True),
        ("a", "a\n", True),
        ("a", "b", False),
        ("a...", "abc", True),
        ("...c", "abc", True),
        ("a...b", "ab", True),
        ("a.c", "abc", False),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...\nc", "a\nc", True),
        ("a\n...", "a", True),
        ("...\nc", "a\nb\nc", True),
        ("a\n\nb", "a\n\nb", True),
        ("a\nb", "a\n\nb", False),
        ("a\n...\nc", "a\nb", False),
    ],
)
def test_dots_skip_text_and_lines(expected: str, actual: str, *, fits: bool) -> None:
    assert matches(expected, actual) is fits


def _player(text: str, folder: Path) -> Player:
    path = folder / "scenario.mail"
    path.write_text(text, encoding="utf-8")
    return Player(scenario_from(path), folder)


# The laws: a letter that breaks one fails every scenario.


def _letter(player: Player, **changed: str) -> Left:
    """The acknowledgement of `ASKED` with something in it that must never leave."""
    found = next(one for one in player.stage.left if one.name == "acknowledged")
    raw = found.raw.decode()
    for old, new in changed.items():
        mark = {"head": "MIME-Version: 1.0", "body": "Thank you for writing."}[old]
        assert mark in raw
        raw = raw.replace(mark, new.replace("|", mark))
    return Left(
        found.name, found.person, found.number, found.recipient, "", raw.encode(), found.left_at
    )


@pytest.mark.parametrize(
    ("where", "what", "complaint"),
    [
        ("head", "X-Mailtrack-Status: new\r\n|", "internal headers"),
        ("head", "Cc: bob@cust.example\r\n|", "a letter with a Cc"),
        ("body", "The customer sounds upset.", "words of a note"),
        ("body", "[close]", "commands are"),
        ("body", "Write to ivan@help.example.", "private address"),
        ("body", "{token}", "an agent's token"),
    ],
)
def test_a_letter_with_something_internal_is_noticed(
    where: str, what: str, complaint: str, tmp_path: Path
) -> None:
    note = "--> ivan@help.example answers last\nSubject: {subject} [note]\n\n"
    player = _player(f"{ASKED}\n{note}The customer sounds upset.\n", tmp_path)
    player.play()
    letter = _letter(player, **{where: what.replace("{token}", _token_of_ivan(player))})
    check_letter(_letter(player), player.stage)
    with pytest.raises(AssertionError, match=complaint):
        check_letter(letter, player.stage)


def test_a_letter_to_somebody_who_is_not_on_the_ticket_is_noticed(tmp_path: Path) -> None:
    player = _player(ASKED, tmp_path)
    player.play()
    letter = _letter(player)
    raw = letter.raw.replace(b"cara@cust.example", b"bob@cust.example")
    stray = Left("answer", "bob@cust.example", 1, "bob@cust.example", "", raw, letter.left_at)
    with pytest.raises(AssertionError, match="is not on the ticket"):
        check_letter(stray, player.stage)


def test_two_letters_to_one_person_for_one_mail_are_noticed(tmp_path: Path) -> None:
    player = _player(ASKED, tmp_path)
    player.play()
    check_one_each(player.stage.left)
    with pytest.raises(AssertionError, match="more than one letter"):
        check_one_each([*player.stage.left, player.stage.left[0]])


def _token_of_ivan(player: Player) -> str:
    found = next(one for one in player.stage.left if one.person == "@ivan")
    return found.reply_address
