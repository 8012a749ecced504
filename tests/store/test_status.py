"""How the desk stands: each mail once, in exactly one end state."""

from store.desk import DANA, MINUTE, NOON, decided, held_mail, letter, opened, write

from mailtrack.store.audit import audit
from mailtrack.store.database import Database
from mailtrack.store.ledger import end_release, record_tick
from mailtrack.store.outgoing import LetterCounts, claim, mark_sent
from mailtrack.store.status import DeskStatus, status
from mailtrack.tickets.context import AgentState
from mailtrack.tickets.decision import Decision, Disposition, EndHold, Hold, SetAway
from mailtrack.tickets.ticket import Status


def test_an_empty_desk_stands_at_nothing(database: Database) -> None:
    with database.reading() as session:
        assert status(session) == DeskStatus((), (), LetterCounts(), 0, 0, None, ())


def test_everything_is_counted_once(database: Database) -> None:
    letters = (letter("l1"), letter("l2", not_before=NOON + MINUTE))
    with database.transaction() as session:
        write(session, opened(1, owner="ivan"), "s1")
        write(session, opened(2, status=Status.CLOSED), "s2")
        write(session, decided(letters=letters), "s3")
        write(session, decided(Hold(held_mail("H1")), disposition=Disposition.HELD), "s4")
        write(session, Decision(Disposition.QUARANTINED), "s5")
        record_tick(session, decided(SetAway("olga", NOON)), tick_id="t1", at=NOON)
        claim(session, now=NOON, limit=1, lease=MINUTE)
        mark_sent(session, "l1", NOON)
    with database.reading() as session:
        assert status(session) == DeskStatus(
            mails=(("entry", 1), ("held", 1), ("quarantined", 1), ("ticket", 2)),
            tickets=(("closed", 1), ("new", 1)),
            letters=LetterCounts(waiting=1, sent=1),
            held=1,
            quarantined=1,
            oldest_letter_at=NOON + MINUTE,
            agents=(AgentState("ivan", 1), AgentState("olga", 0, NOON)),
        )


def test_a_mail_that_was_released_counts_by_how_it_ended(database: Database) -> None:
    with database.transaction() as session:
        write(session, decided(Hold(held_mail("H1")), disposition=Disposition.HELD), "s1")
        record_tick(session, decided(EndHold("H1", "released", "@ada")), tick_id="t", at=NOON)
        assert status(session).mails == (("held", 1),)
        write(session, opened(1), "s1.H1", raw_sha256="raw-s1")
        end_release(session, "H1")
        assert status(session).mails == (("ticket", 1),)


def test_the_books_agree(database: Database) -> None:
    with database.transaction() as session:
        write(session, opened(1), "s2", NOON + MINUTE)
        write(session, Decision(Disposition.FILED), "s1", sender_key=DANA)
        record_tick(session, decided(SetAway("olga", None)), tick_id="t", at=NOON)
        books = audit(session, now=NOON)
    assert [one.spool_id for one in books.receipts] == ["s1", "s2"]
    assert books.problems == ()


def test_books_that_do_not_agree_are_told(database: Database) -> None:
    with database.transaction() as session:
        write(session, Decision(Disposition.ENTRY, number=9), "s1")
        books = audit(session, now=NOON)
    assert books.problems == ("receipt s1 names ticket #9, which is not there",)
