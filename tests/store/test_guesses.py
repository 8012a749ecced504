"""Uses of tokens and guesses at them: the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from servers.postgres import Postgresql
from store.desk import DANA, MINUTE, NOON, decided, opened, reading, token, write

from mailtrack.store.database import Database
from mailtrack.store.lookup import look_up
from mailtrack.tickets.context import Context, Guesses
from mailtrack.tickets.decision import (
    BrakePeer,
    CountGuesses,
    Decision,
    IssueToken,
    UseToken,
)
from mailtrack.tickets.token import Purpose, TokenText

PEER, OTHER = "192.0.2.66", "192.0.2.67"
TEXT = TokenText(Purpose.REPLY, "a", "handle22", "m" * 20)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def desk(request: pytest.FixtureRequest, path: Path) -> Iterator[Database]:
    url = f"sqlite:///{path}"
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        url = server.new_database()
    database = Database(url)
    database.migrate()
    yield database
    database.close()


def decide(desk: Database, spool_id: str, decision: Decision) -> None:
    with desk.transaction() as session:
        write(session, decision, spool_id)


def looked_up(
    desk: Database, *, minutes: int, peer: str = PEER, brings: bool = True
) -> Context:
    texts = (TEXT,) if brings else ()
    with desk.reading() as session:
        asked = reading("later", tokens=texts, peer=peer)
        return look_up(session, asked, now=NOON + minutes * MINUTE)


def test_the_uses_of_a_token_are_counted_and_its_strangers_kept(desk: Database) -> None:
    decide(desk, "s0", opened())
    decide(desk, "s1", decided(IssueToken(token())))
    for spool_id, strangers in (("s2", ()), ("s3", (DANA,))):
        decide(desk, spool_id, decided(UseToken("handle22", strangers)))
    (row,) = looked_up(desk, minutes=1).tokens
    assert (row.use_count, row.strangers, row.last_used_at) == (2, (DANA,), NOON)


def test_guesses_are_counted_for_an_hour_by_peer_and_in_all(desk: Database) -> None:
    until = NOON + timedelta(minutes=30)
    guessed = (CountGuesses(PEER, 3), CountGuesses(OTHER, 2), BrakePeer(PEER, until))
    decide(desk, "s1", decided(*guessed))
    assert looked_up(desk, minutes=59).guesses == Guesses(3, 5, until, until)
    assert looked_up(desk, minutes=59, peer=OTHER).guesses == Guesses(2, 5, None, until)
    assert looked_up(desk, minutes=60).guesses == Guesses(0, 0, until, until)
    assert looked_up(desk, minutes=1, brings=False).guesses == Guesses()
    later = until + MINUTE
    decide(desk, "s2", decided(BrakePeer(PEER, later)))
    assert looked_up(desk, minutes=1).guesses.braked_until == later
