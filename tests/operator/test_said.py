"""What the commands say to the operator: counts that agree, plurals, mistakes, help."""

import asyncio
import io
import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench import Bench
from rights import as_anybody
from sqlalchemy import select

from mailtrack import cli
from mailtrack.config import write_example
from mailtrack.config.keys import INSTANCE_FILE
from mailtrack.intake.imap.ledger import FILE_NAME, Ledger
from mailtrack.operator.counted import counted
from mailtrack.store.lookup import held_open
from mailtrack.store.tables import LETTER

NOBODY = (
    b"From: undisclosed\r\nTo: support@help.example\r\n"
    b"Message-ID: <1@cust.example>\r\nSubject: Question\r\n\r\nPlease.\r\n"
)
HANDLED = re.compile(r"(\d+) mails? handled")
Says = Callable[..., str]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A desk that holds one mail."""
    bench = Bench(tmp_path / "state")
    bench.put(NOBODY, 1)
    asyncio.run(bench.work_off())
    (tmp_path / "state" / "token-keys").write_text("a:" + "A" * 43 + "=\n")
    (tmp_path / "state" / "token-keys").chmod(0o600)
    yield bench
    asyncio.run(bench.reader.close())
    bench.database.close()


@pytest.fixture
def says(
    bench: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Says:
    config = tmp_path / "config"
    write_example(config)
    monkeypatch.setenv("MAILTRACK_STATE", str(tmp_path / "state"))

    def ask(*words: str, code: int = 0) -> str:
        got = cli.main((*words, "--config", str(config)))
        said = capsys.readouterr()
        assert got == code, said
        return said.out + said.err

    return ask


def test_a_released_mail_counts_once_for_fsck_backup_restore_and_status(
    bench: Bench, says: Says, tmp_path: Path
) -> None:
    assert bench.mails() == {"held": 1}
    says("held", "release", "H1")
    asyncio.run(bench.work_off())
    target = str(tmp_path / "backup")
    said = (says("fsck"), says("backup", target), says("restore", target))
    assert [HANDLED.findall(one) for one in said] == [["1"]] * 3, said
    assert json.loads(says("status", "--json", code=1))["mails_handled"] == 1


FORGED = (
    b"From: ivan@help.example\r\nTo: support@help.example\r\n"
    b"Message-ID: <2@help.example>\r\nSubject: [#1] [close]\r\n\r\nDone.\r\n"
)


@pytest.fixture
def asked(bench: Bench, tmp_path: Path) -> Bench:
    """The desk holds a second mail, H2, and has asked Ivan about it."""
    (tmp_path / "state" / INSTANCE_FILE).write_text("0" * 32)
    bench.put(FORGED, 2)
    asyncio.run(bench.work_off())
    with bench.database.reading() as session:
        assert [one.person for one in held_open(session)] == [None, "@ivan"]
    return bench


def told(bench: Bench) -> list[tuple[str, str, str]]:
    with bench.database.reading() as session:
        rows = session.connection().execute(select(LETTER).order_by(LETTER.c.id))
        return [(one.name, one.person, one.why) for one in rows]


def test_the_agent_who_was_asked_hears_what_the_operator_decided(
    asked: Bench, says: Says
) -> None:
    before = told(asked)
    assert "ivan is told by mail" in says("held", "drop", "H2")
    assert told(asked) == [*before, ("done", "@ivan", "dropped_by_admin")]
    # It is let through after all, which is news; a second time nothing happens.
    assert "ivan is told by mail" in says("held", "release", "H2")
    assert told(asked)[-1] == ("done", "@ivan", "released_by_admin")
    count = len(told(asked))
    assert "H2 is released already" in says("held", "release", "H2", code=64)
    assert len(told(asked)) == count


def test_nobody_is_told_of_a_mail_that_nobody_was_asked_about(asked: Bench, says: Says) -> None:
    before = told(asked)
    assert says("held", "drop", "H1") == "H1 dropped.\n"
    assert told(asked) == before


def test_where_the_keys_are_with_the_desk_alone_the_operator_hears_that_nobody_is_told(
    asked: Bench, says: Says, tmp_path: Path
) -> None:
    (tmp_path / "state" / "token-keys").unlink()
    before = told(asked)
    assert "Nobody is told: set MAILTRACK_TOKEN_KEYS_FILE" in says("held", "drop", "H2")
    assert told(asked) == before


def test_a_restore_with_nothing_to_mend_says_no_empty_line(says: Says, tmp_path: Path) -> None:
    target = str(tmp_path / "backup")
    says("backup", target)
    assert "" not in says("restore", target).splitlines()


def test_f21_status_sees_a_full_disk_before_the_watch_of_a_running_desk_does(
    bench: Bench, says: Says, tmp_path: Path
) -> None:
    file = tmp_path / "config" / "mailtrack.yaml"
    floor = "  limits: {free_disk_min: 1000000GB}\n  # further limits:\n"
    file.write_text(file.read_text().replace("  # limits:\n", floor))
    with bench.spool.locked():
        said = json.loads(says("status", "--json", code=1))
    assert [one["name"] for one in said["alarms"]] == ["disk_low"]


def test_a_start_that_fails_says_which_place_is_taken(says: Says, tmp_path: Path) -> None:
    file = tmp_path / "config" / "mailtrack.yaml"
    text = file.read_text("utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        file.write_text(text.replace("127.0.0.1:2525", place), "utf-8")
        assert f"a listening place is taken already ({place})" in says("serve", code=69)


def test_a_file_that_is_not_open_to_this_user_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mail.eml"
    file.touch(mode=0)
    with as_anybody():
        assert cli.main(("inspect", str(file))) == 77
    assert f"{file} is not open to this user" in capsys.readouterr().err


def test_a_folder_where_a_file_should_be_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(("inspect", str(tmp_path))) == 74
    assert capsys.readouterr().err == f"mailtrack: {tmp_path}: Is a directory\n"


def test_a_failure_that_has_no_number_is_said_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "for-writing").open("wb") as stream:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        assert cli.main(("inspect",)) == 74
    assert capsys.readouterr().err == "mailtrack: read\n"


def test_an_archive_that_is_not_there_is_not_made_by_looking_for_lost_mail_in_it(
    says: Says, tmp_path: Path
) -> None:
    gone = tmp_path / "not-mounted" / "archive"
    assert f"there is no {gone}" in says("fsck", "--mend", "--from", str(gone), code=66)
    assert not gone.exists()


def test_what_is_no_backup_is_said_in_one_line(says: Says, tmp_path: Path) -> None:
    file = tmp_path / "desk.tar"
    file.write_bytes(b"no tar")
    said = says("restore", str(file), code=69)
    assert said.splitlines() == [
        f"mailtrack: {file} is no backup of a desk: file could not be opened successfully"
    ]


def test_who_may_not_read_the_keys_hears_as_whom_to_ask(says: Says, tmp_path: Path) -> None:
    (tmp_path / "state").chmod(0)
    with as_anybody():
        said = says("held", code=78)
    (tmp_path / "state").chmod(0o700)
    assert "sudo -u mailtrack" in said


@pytest.mark.parametrize("letter", ["z", "ab", ""])
def test_a_key_that_is_not_there_is_a_slip_and_no_broken_file(says: Says, letter: str) -> None:
    said = says("keys", "retire", letter, code=64)
    assert "mailtrack keys retire a" in said
    assert "mistake" not in said


def test_a_long_name_of_a_mailbox_stands_apart_from_how_it_is(
    says: Says, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "state" / FILE_NAME)
    ledger.folder("s***@help.example at imap.help.example", "INBOX")
    ledger.close()
    assert re.search(
        r"^INBOX of .*imap\.help\.example: \w+", says("status", code=1), re.MULTILINE
    )


def test_options_may_stand_between_an_action_and_what_it_is_done_to(
    bench: Bench, says: Says
) -> None:
    assert "no key b" in says("keys", "retire", "--json", "b", code=64)
    assert "no letter waits: f00" in says("queue", "show", "--json", "f00", code=64)


def test_the_end_of_a_mail_is_said_once(says: Says, tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(NOBODY.replace(b"undisclosed", b"Cara <cara@cust.example>"))
    first = says("explain", str(file)).splitlines()[0]
    assert re.fullmatch(r"It would end as: ticket #\d+", first)


@pytest.mark.parametrize(
    ("verb", "actions"),
    [("queue", ("list", "show", "drop")), ("keys", ("list", "add", "retire"))],
)
def test_help_has_a_line_for_each_action_and_each_exit_code(
    verb: str, actions: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main((verb, "--help"))
    said = capsys.readouterr().out
    for line in (*actions, "0", "64"):
        assert re.search(rf"^  {line} +\w.{{3,}}$", said, re.MULTILINE), line


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 mails"), (1, "1 mail"), (2, "2 mails"), (21, "21 mails")]
)
def test_one_is_one_and_all_else_is_many(count: int, said: str) -> None:
    assert counted(count, "mail") == said


def test_a_plural_of_its_own_is_kept() -> None:
    assert counted(2, "SLA policy", "SLA policies") == "2 SLA policies"
