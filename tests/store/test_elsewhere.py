"""What an agent was told of lately: their letters, their time, and no more than the bounds."""

from datetime import timedelta

import pytest
from store.desk import DANA, MINUTE, NOON, decided, entry, letter, ticket, write

from mailtrack.store import elsewhere
from mailtrack.store.database import Database, Session
from mailtrack.store.elsewhere import TEXT_CHARS_MAX, TOLD_WITHIN, said_elsewhere
from mailtrack.store.personal import belongings, erase
from mailtrack.tickets.context import Elsewhere
from mailtrack.tickets.decision import AddEntry, OpenTicket
from mailtrack.tickets.ticket import EntryKind

IVAN = "@ivan"


def told(session: Session, number: int, *, person: str = IVAN, text: str = "x") -> None:
    """A ticket with one mail of Dana's, and a letter about it."""
    said = AddEntry(entry(f"e{number}", number, text=text))
    letters = (letter(f"l{number}", number, person=person),)
    write(session, decided(OpenTicket(ticket(number)), said, letters=letters), f"s{number}")


def found(session: Session, **given: object) -> tuple[Elsewhere, ...]:
    return said_elsewhere(session.connection(), IVAN, **{"now": NOON + MINUTE} | given)


def test_what_stands_in_the_tickets_of_ones_letters(database: Database) -> None:
    with database.transaction() as session:
        told(session, 1, text="words")
        told(session, 2, person="@olga")
        assert found(session) == (Elsewhere(1, DANA, EntryKind.MAIL, "words"),)


def test_what_was_told_long_ago_is_not_looked_for(database: Database) -> None:
    with database.transaction() as session:
        told(session, 1)
        assert len(found(session, now=NOON + TOLD_WITHIN - timedelta(seconds=1))) == 1
        assert found(session, now=NOON + TOLD_WITHIN) == ()


@pytest.mark.parametrize("bound", ["LETTERS_MAX", "ENTRIES_MAX", "TEXTS_CHARS_MAX"])
def test_each_bound_keeps_the_newest(
    database: Database, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    with database.transaction() as session:
        for number in (1, 2, 3):
            told(session, number)
        monkeypatch.setattr(elsewhere, bound, 2)
        assert [one.number for one in found(session)] == [3, 2]


def test_a_long_text_is_cut(database: Database) -> None:
    with database.transaction() as session:
        told(session, 1, text="x" * (TEXT_CHARS_MAX + 1))
        assert [len(one.text) for one in found(session)] == [TEXT_CHARS_MAX]


def test_what_was_erased_is_not_found(database: Database) -> None:
    with database.transaction() as session:
        told(session, 1, text="my own words")
        assert [one.text for one in found(session)] == ["my own words"]
        connection = session.connection()
        erase(connection, belongings(connection, DANA), tombstone="erased-1@invalid")
        assert "my own words" not in [one.text for one in found(session)]
