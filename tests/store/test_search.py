"""Search: the words of a question, in Cyrillic too, and nothing that a text could do to SQL."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.desk import MINUTE, NOON, decided, entry, opened, reading, ticket, write

from mailtrack.store import search
from mailtrack.store.database import Database, Session
from mailtrack.store.lookup import look_up
from mailtrack.store.search import Question, find, question_from, snippet_of
from mailtrack.tickets.decision import AddEntry, OpenTicket
from mailtrack.tickets.ticket import Status

DAY = timedelta(days=1)


def numbers(session: Session, asked: str) -> list[int]:
    return [line.number for line in find(session.connection(), asked, now=NOON)]


def say(
    session: Session, number: int, text: str, *, subject: str = "Subject", **given: object
) -> None:
    author = given.pop("author", "dana@client.example")
    shown = given.pop("author_shown", "Dana Client")
    said = entry(
        f"e{number}", number, text=text, subject=subject, author=author, author_shown=shown
    )
    effects = (OpenTicket(ticket(number, **given)), AddEntry(said))
    write(session, decided(*effects), f"say-{number}")


@pytest.fixture
def session(database: Database) -> Session:
    with database.transaction() as session:
        say(session, 1, "Мій ПРИНТЕР горить, поверніть кошти", subject="Пожежа")
        say(session, 2, "Ёлка стоит, счёт не оплачен", queue="billing", owner="ivan")
        say(session, 3, "Where is my refund for the gold card?", tags=("money", "sip-trunk"))
        say(
            session,
            4,
            "A card of gold, no refunds",
            author="bob@acme.example",
            author_shown="Bob O'Brien",
            status=Status.CLOSED,
            changed_at=NOON - 90 * DAY,
        )
        yield session


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("принтер", [1]),
        ("ПРИНТЕР", [1]),
        ("принт", [1]),  # a beginning of a word
        ("інтер", []),  # but no middle of one
        ("пожежа", [1]),  # the subject
        ("кошти принтер", [1]),
        ("кошти рахунок", []),
        ("ёлка", [2]),
        ("refund", [4, 3]),
        ('"gold card"', [3]),
        ('"card of gold"', [4]),
        ('"gold card" refund', [3]),
        ("from:acme.example", [4]),
        ("from:bob@acme.example refund", [4]),
        ("from:o'brien", [4]),
        ('from:"Bob O\'Brien"', [4]),
        ("from:dana refund", [3]),
        ("from:dana from:client.example", [3, 2, 1]),
        ("refund status:closed", [4]),
        ("status:CLOSED", [4]),
        ("queue:billing", [2]),
        ("owner:ivan", [2]),
        ("owner:", [3, 1, 4]),
        ("tag:money", [3]),
        ("tag:sip-trunk refund", [3]),
        ("tag:mon", []),
        ("last:90d refund", [3]),
        ("last:91d refund", [4, 3]),
        ("last:13w refund", [4, 3]),
        ("", []),
        ("   ", []),
        ("***", []),
    ],
)
def test_a_question_finds_its_tickets(session: Session, asked: str, found: list[int]) -> None:
    assert numbers(session, asked) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('"', []),
        ('"""', []),
        ('gold"; DROP TABLE ticket; --', []),
        ("refund OR принтер", []),
        ("refund NOT gold", []),
        ("refund NEAR(gold)", []),
        ("subject : gold", [4, 3]),  # the subject says "Subject"
        ("^gold", [4, 3]),
        ("go*", [4, 3]),
        ("%", []),
        ("_", []),
        ("' OR '1'='1", []),
        ("gold\0card", [4, 3]),
        ("tag:' OR 1=1 --", []),
        ("queue:%", []),
        ("owner:_van", []),
        ("from:%", []),
        ("last:9999999999999d", []),
        ("last:-1d", []),
        ("{author} : bob", []),
        ("(((", []),
        ("from:", []),
        ("a" * 100_000, []),
        ("x " * 10_000, []),
    ],
)
def test_what_looks_like_a_language_is_only_words(
    session: Session, asked: str, found: list[int]
) -> None:
    assert numbers(session, asked) == found
    assert numbers(session, "refund") == [4, 3]


@given(st.text(max_size=60))
def test_any_text_is_a_question(asked: str) -> None:
    question = question_from(asked)
    assert len(question.words) + len(question.senders) <= search.TERMS_MAX


@given(
    st.lists(
        st.sampled_from(['"', "*", "^", ":", "(", "-", "+", "ab", "NEAR", "AND", " ", "{"])
    )
)
def test_no_syntax_reaches_the_index(shared_index: Session, pieces: list[str]) -> None:
    find(shared_index.connection(), "".join(pieces), now=NOON)


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Session:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('search') / 'desk.db'}")
    database.migrate()
    with database.transaction() as session:
        say(session, 1, "ab near and")
        yield session


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        ("refund", Question(words=("refund",))),
        ('a "b c" d', Question(words=("a", "b c", "d"))),
        ('from:"Bob B" x', Question(words=("x",), senders=("Bob B",))),
        ("FROM:bob Status:Open", Question(senders=("bob",), status="open")),
        ("last:90d", Question(days=90)),
        ("last:2w", Question(days=14)),
        ("last:7", Question(days=7)),
        ("last:soon", Question(words=("last:soon",))),
        ("http://acme.example", Question(words=("http://acme.example",))),
        ("owner:", Question(owner="")),
        ("tag:", Question(words=("tag:",))),
        ("- * !", Question()),
        ("й", Question(words=("й",))),  # decomposed, as some phones type it
    ],
)
def test_a_text_is_read_as(asked: str, question: Question) -> None:
    assert question_from(asked) == question


def test_the_newest_words_come_first_and_each_ticket_once(session: Session) -> None:
    more = entry("late", 3, text="refund, please", at=NOON + MINUTE)
    write(session, decided(AddEntry(more)), "late", NOON + MINUTE)
    assert numbers(session, "refund") == [3, 4]


@pytest.mark.parametrize("extra", [0, 1])
def test_what_is_found_is_bounded(database: Database, extra: int) -> None:
    with database.transaction() as session:
        for number in range(1, search.FOUND_MAX + extra + 1):
            say(session, number, "the same words")
        assert len(numbers(session, "words")) == search.FOUND_MAX
        assert len(numbers(session, "queue:support")) == search.FOUND_MAX


def test_old_entries_are_not_looked_at_when_a_word_is_everywhere(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CANDIDATES_MAX", 2)
    with database.transaction() as session:
        for number in (1, 2, 3):
            say(session, number, "the same words")
        assert numbers(session, "words") == [3, 2]


@pytest.mark.parametrize(
    ("said", "words", "snippet"),
    [
        ("It burns.", ("burn",), "It burns."),
        ("one\n\n  two\tthree", ("two",), "one two three"),
        ("no such word", ("other",), "no such word"),
        ("x" * 200, ("y",), "x" * 120 + "…"),
        ("a " * 100 + "here", ("here",), "…" + "a " * 20 + "here"),
        ("ПРИНТЕР", ("принтер",), "ПРИНТЕР"),
        ("", ("word",), ""),
    ],
)
def test_a_snippet_is_one_line_around_the_word(
    said: str, words: tuple[str, ...], snippet: str
) -> None:
    assert snippet_of(said, words) == snippet


def test_a_found_line_shows_where(session: Session) -> None:
    (line,) = look_up(session, reading("asked", wants=(("find", "кошти"),)), now=NOON).found[0]
    assert line.snippet == "Мій ПРИНТЕР горить, поверніть кошти"


def test_addresses_with_a_meaning_in_sql_are_only_addresses(database: Database) -> None:
    strange = "o'b%_--;\"@x.example"
    with database.transaction() as session:
        write(session, opened(1, requester=strange), "s1", sender_key=strange)
        found = look_up(session, reading("asked", sender_key=strange), now=NOON)
        like = look_up(session, reading("asked", sender_key="o'b%@x.example"), now=NOON)
    assert found.automatic.tickets_from_sender_hour == 1
    assert like.automatic.tickets_from_sender_hour == 0
