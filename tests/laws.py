"""What must hold for every letter of every scenario, whatever the scenario says.

To customers nothing internal (S59): no note, no agent's token, no command, no header of ours,
and only to people on the ticket. To anybody: one mail in, one letter out at most (law 7).
"""

from collections import Counter

from client import Left
from stage import Stage

from mailtrack.desk.brackets import brackets_in_subject
from mailtrack.desk.commands.table import understood
from mailtrack.tickets.ticket import Ticket, Visibility

NOTE_LINE_CHARS_MIN = 12  # shorter lines of a note are words that anybody may use
TOLD_TO_CUSTOMERS = frozenset({"x-mailtrack-loop"})  # stops two desks from answering each other


def check_one_each(written: list[Left]) -> None:
    """One mail in makes at most one mail out for each person."""
    twice = [
        person for person, count in Counter(one.person for one in written).items() if count > 1
    ]
    assert not twice, f"more than one letter to {twice}: {[one.name for one in written]}"


def check_letter(letter: Left, stage: Stage) -> None:
    """All that must be true of a letter before it leaves."""
    assert letter.header("To").count("@") == 1, f"not to one person: {letter.header('To')}"
    assert not letter.header("Cc"), f"a letter with a Cc: {letter.header('Cc')}"
    assert letter.recipient in letter.header("To").casefold()
    if letter.person.startswith("@"):
        return
    ticket = stage.ticket(letter.number or 0)
    assert ticket is not None, "a customer gets a letter about no ticket"
    _check_recipient(letter, ticket)
    _check_headers(letter)
    _check_words(letter, ticket, stage)


def _check_recipient(letter: Left, ticket: Ticket) -> None:
    there = {one.person: one.mailbox.address.key for one in ticket.participants}
    assert there.get(letter.person) == letter.recipient, (
        f"{letter.recipient} is not on the ticket"
    )


def _check_headers(letter: Left) -> None:
    ours = {name.lower() for name in letter.message if name.lower().startswith("x-mailtrack")}
    assert ours <= TOLD_TO_CUSTOMERS, f"internal headers: {sorted(ours)}"
    assert letter.header("List-Id") == ""


def _check_words(letter: Left, ticket: Ticket, stage: Stage) -> None:
    shown = "\n".join((letter.header("Subject"), letter.text, letter.html))
    whole = letter.raw.decode("utf-8", "replace").replace("=\r\n", "") + shown
    leaked = [token for token in stage.agents_tokens() if token in whole]
    assert not leaked, "an agent's token is in a customer's letter"
    private = [
        email for agent in stage.policy.agents for email in agent.emails
        if email in whole and email not in _public_words(ticket) + letter.recipient
    ]  # fmt: skip
    assert not private, f"an agent's private address is in a customer's letter: {private}"
    for note in _internal_lines(ticket):
        assert note not in shown, f"words of a note are in a customer's letter: {note}"
    commands = [one for one in _commands_in(letter) if one not in _public_words(ticket)]
    assert not commands, f"commands are in a customer's letter: {commands}"


def _internal_lines(ticket: Ticket) -> set[str]:
    public = _public_words(ticket)
    internal = (e.text for e in ticket.entries if e.visibility is Visibility.INTERNAL)
    lines = {line.strip() for text in internal for line in text.splitlines()}
    return {one for one in lines if len(one) >= NOTE_LINE_CHARS_MIN and one not in public}


def _public_words(ticket: Ticket) -> str:
    """What was said to or by customers themselves."""
    public = (e for e in ticket.entries if e.visibility is Visibility.PUBLIC)
    return "\n".join((ticket.subject, *(f"{e.subject}\n{e.text}" for e in public)))


def _commands_in(letter: Left) -> list[str]:
    lines = (letter.header("Subject"), *letter.text.splitlines())
    found = (one for line in lines for one in brackets_in_subject(line))
    return [one.raw for one in found if understood(one) is not None]
