"""`mailtrack queue`, `retry` and `dkim-key`, as the operator types them."""

import json
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dkim
import pytest
from mail.test_compose import PLAIN, nothing
from process import Process
from store.desk import decided, letter, opened, write

from mailtrack.cli import main
from mailtrack.mail.compose import letter_bytes
from mailtrack.mail.signing import Signer
from mailtrack.store import outgoing
from mailtrack.store.database import Database
from mailtrack.store.undelivered import undelivered

NOW = datetime.now(UTC)
LEASE = timedelta(seconds=60)
Says = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path) -> Process:
    place = Process(tmp_path)
    place.state.mkdir()
    return place


@pytest.fixture
def database(place: Process) -> Iterator[Database]:
    """A letter in each state."""
    database = Database(f"sqlite:///{place.state / 'mailtrack.db'}")
    database.migrate()
    with database.transaction() as session:
        write(session, opened(1), spool_id="first")
        for name in ("left", "failed", "blocked", "leaving", "waiting"):
            given = {"recipient": f"{name}@cust.example", "not_before": NOW}
            write(session, decided(letters=(letter(f"{name}-1", **given),)), spool_id=name)
            if name != "waiting":
                assert outgoing.claim(session, now=NOW, limit=1, lease=LEASE)
        outgoing.mark_sent(session, "left-1", NOW)
        outgoing.mark_failed(session, "failed-1", NOW, "550 no such user")
        outgoing.mark_blocked(session, "blocked-1", NOW, "a stray line end")
    yield database
    database.close()


@pytest.fixture
def says(place: Process, capsys: pytest.CaptureFixture[str]) -> Says:
    def ask(*words: str, code: int = 0) -> str:
        assert main((*words, "--config", str(place.config))) == code
        said = capsys.readouterr()
        return said.out + said.err

    return ask


def states(database: Database) -> dict[str, str]:
    with database.reading() as session:
        found = undelivered(session, now=datetime.now(UTC))
    return {one.letter_id: one.state for one in found}


ALL = {
    "waiting-1": "waiting",
    "leaving-1": "claimed",
    "failed-1": "failed",
    "blocked-1": "blocked",
}


def test_what_has_not_left_is_listed_with_why_and_when(database: Database, says: Says) -> None:
    found = json.loads(says("queue", "--json"))
    assert {one["letter_id"]: one["state"] for one in found} == ALL
    page = says("queue")
    assert "waiting@cust.example" in page
    assert "leaving now" in page
    assert "550 no such user" in page
    assert "a stray line end" in page
    assert "left@cust.example" not in page
    assert "1 waiting, 1 claimed" in page


def test_nothing_to_tell_is_said_in_words(place: Process, says: Says) -> None:
    assert "Nothing waits" in says("queue")


def test_a_letter_is_shown_by_the_beginning_of_its_id(database: Database, says: Says) -> None:
    assert "The words of failed-1." in says("queue", "show", "fail")


def test_what_is_no_letter_of_the_queue_is_refused(database: Database, says: Says) -> None:
    for text in ("fai", "nothing-1", "left-1"):
        assert "no letter waits" in says("queue", "show", text, code=64)
    assert "no letter waits" in says("retry", "left-1", "failed-1", code=64)
    assert states(database) == ALL


@pytest.mark.parametrize("name", ["failed-1", "blocked-1", "waiting-1"])
def test_a_letter_is_tried_again_with_all_its_patience(
    database: Database, says: Says, name: str
) -> None:
    assert "1 to be tried again" in says("retry", name)
    assert states(database) == ALL | {name: "waiting"}
    with database.reading() as session:
        (found,) = [
            one for one in undelivered(session, now=datetime.now(UTC)) if one.letter_id == name
        ]
    assert found.attempts == 0
    assert found.next_at is not None
    assert found.next_at <= datetime.now(UTC)


def test_all_are_those_that_wait_and_what_is_leaving_is_left_alone(
    database: Database, says: Says
) -> None:
    with database.transaction() as session:
        outgoing.mark_retry(session, "leaving-1", NOW + timedelta(hours=4), "450 later")
        write(session, decided(letters=(letter("new-1", not_before=NOW),)), spool_id="new")
        assert len(outgoing.claim(session, now=NOW, limit=9, lease=LEASE)) == 2
    assert "1 to be tried again" in says("retry", "--all")
    assert states(database) == ALL | {
        "waiting-1": "claimed",
        "new-1": "claimed",
        "leaving-1": "waiting",
    }
    assert "name letters" in says("retry", code=64)


def test_a_letter_is_dropped_only_when_it_is_meant(database: Database, says: Says) -> None:
    assert "say --yes" in says("queue", "drop", "failed-1", code=64)
    assert states(database) == ALL
    assert "Dropped" in says("queue", "drop", "failed-1", "--yes")
    left = {name: state for name, state in ALL.items() if name != "failed-1"}
    assert states(database) == left
    assert "just leaving" in says("queue", "drop", "leaving-1", "--yes", code=75)


def test_a_key_is_made_for_our_eyes_and_its_record_verifies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dkim.key"
    words = ("dkim-key", "help.example", "--selector", "desk", "--out", str(file))
    assert main(words) == 0
    first = capsys.readouterr().out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    name, _, strings = first.split("\n\n")[2].partition(" IN TXT ")
    record = "".join(strings.strip("() ").replace('"', "").split(" ")).replace(";k=", "; k=")
    raw = letter_bytes(PLAIN, nothing, Signer("help.example", "desk", file.read_text()).signed)
    records = {name.encode(): record.encode()}
    assert dkim.verify(raw, dnsfunc=lambda asked, timeout=5: records.get(asked))
    # A second call keeps the key.
    assert main(words) == 0
    assert capsys.readouterr().out == first.replace(" made.", " was there already.")


@pytest.mark.parametrize(
    ("domain", "text", "code"), [("no domain", None, 64), ("a.example", "x", 65)]
)
def test_a_wrong_domain_and_a_file_that_is_no_key_are_refused(
    tmp_path: Path, domain: str, text: str | None, code: int
) -> None:
    file = tmp_path / "dkim.key"
    if text is not None:
        file.write_text(text)
    assert main(("dkim-key", domain, "--out", str(file))) == code
    assert file.exists() is (text is not None)


def test_a_key_for_a_folder_that_is_not_there_names_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "secrets"
    assert main(("dkim-key", "help.example", "--out", str(folder / "dkim.key"))) == 66
    assert f"there is no folder {folder}" in capsys.readouterr().err
