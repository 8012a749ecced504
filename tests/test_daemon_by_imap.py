"""The real daemon fetches from the real Dovecot: S1, S5, S12, F18, F29, and 5,000 mails."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from intake.imap.mailbox import flags_of, mail, new_user
from process import Process, text_of
from servers.dovecot import Dovecot
from waiting import wait_for

from mailtrack.intake.imap.ledger import statuses

WAITING, EXPUNGED = 5000, 1500


def desk_on(dovecot: Dovecot, folder: Path, user: str, *more: str) -> Process:
    imap = (
        f"  imap: [{{host: localhost, port: {dovecot.port_tls}, user: {user}, "
        f"password: {dovecot.password}, ca: {dovecot.certificate}{', '.join(('', *more))}}}]\n"
    )
    return Process(folder, (r"^intake:\n", f"intake:\n{imap}"))


@pytest.fixture
def user() -> str:
    return new_user()


@pytest.fixture
def desk(dovecot: Dovecot, tmp_path: Path, user: str) -> Iterator[Process]:
    process = desk_on(dovecot, tmp_path, user)
    try:
        yield process
    finally:
        process.kill()


def status_of(desk: Process) -> dict[str, object]:
    (found,) = desk.ask("status")["imap"]  # type: ignore[misc]
    assert isinstance(found, dict)
    return found


def mails_of(desk: Process) -> dict[str, int]:
    found = desk.ask("status")["mails"]
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
def test_s1_one_mail_by_smtp_and_by_imap_is_one_ticket_and_one_acknowledgement(
    dovecot: Dovecot, desk: Process, user: str
) -> None:
    desk.start()
    raw = mail("Twice")
    desk.send(raw, "dana@client.example")
    desk.wait_for_letters("dana@client.example", 1)
    dovecot.append(user, raw)
    wait_for(lambda: mails_of(desk) == {"duplicate": 1, "ticket": 1}, 20)
    assert len(desk.letters("dana@client.example")) == 1
    assert status_of(desk)["state"] == "idle"
    assert "correct-horse" not in desk.log()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["after fetch", "after spool", "before flag"])
def test_f18_killed_around_the_spool_a_mail_is_one_ticket_and_flagged(
    dovecot: Dovecot, desk: Process, user: str, place: str
) -> None:
    """S5. The process is killed with `kill -9` by a hook of the test, at that very step."""
    module, kind, method = {
        "after fetch": ("spool", "Spool", "put"),
        "after spool": ("imap.ledger", "FolderLedger", "record"),
        "before flag": ("imap.client", "Client", "flag"),
    }[place]
    hook = desk.folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        f"import os, signal\nfrom mailtrack.intake.{module} import {kind}\n"
        f"{kind}.{method} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    dovecot.append(user, mail("Killed over"))
    with environment(PYTHONPATH=str(hook)), contextlib.suppress(AssertionError):
        desk.start()
    wait_for(lambda: not desk.is_alive, 20, what="it is killed")
    assert "Mailtrack" not in flags_of(dovecot, user)[0]
    desk.kill()
    desk.start()
    wait_for(lambda: "$MailtrackDone" in flags_of(dovecot, user)[0], 20, what="the flag")
    desk.wait_until_idle()
    desk.wait_for_letters("dana@client.example", 1)
    wait_for(lambda: mails_of(desk).get("ticket") == 1, 10)
    assert set(mails_of(desk)) <= {"ticket", "duplicate"}
    assert ("duplicate" in mails_of(desk)) is (place == "after spool")
    assert len(desk.letters("dana@client.example")) == 1


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.slow
def test_s12_f29_a_mail_too_big_makes_one_ticket_also_after_a_rescan(
    dovecot: Dovecot, tmp_path: Path, user: str
) -> None:
    desk = desk_on(dovecot, tmp_path, user)
    desk.change(r"^  # limits:", "  limits: {mail_size_max: 100KB}")
    dovecot.append(user, mail("Huge", body="x" * 300_000))
    # An agent's words that were not fetched never leave; what stands there is ours.
    huge = mail("Re: [#1] Huge [close]", body="y" * 300_000)
    dovecot.append(user, huge.replace(b"dana@client.example", b"ivan@help.example"))
    try:
        for _ in range(2):
            desk.start()
            wait_for(lambda: sum(mails_of(desk).values()) >= 2, 20)
            wait_for(lambda: status_of(desk)["state"] == "idle", 20)
            desk.kill()
            (tmp_path / "state" / "imap.db").unlink()
        notified = text_of(desk.wait_for_letters("ivan@help.example", 1))
        assert "0.3 MB" in notified and "0.1 MB" in notified
        found = desk.ask("status")
        assert found["tickets"] == {"new": 1}
        assert found["held"] == 1
        assert len(desk.letters("dana@client.example")) == 1
        assert all("TooBig" in one for one in flags_of(dovecot, user))
    finally:
        desk.kill()


@pytest.mark.slow
def test_check_says_whether_the_mailbox_can_be_opened(
    dovecot: Dovecot, desk: Process, user: str
) -> None:
    (good,) = desk.ask("check")["imap"]  # type: ignore[misc]
    assert good == {"account": f"{user} at localhost", "folders": [["INBOX", 0]], "wrong": None}
    good_word = "password: correct-horse"
    desk.change(good_word, f"folders: [Nowhere, INBOX], {good_word}")
    shown = desk.type("check").stdout
    assert "'Nowhere' cannot be opened" in shown and "INBOX holds 0 mails" in shown
    desk.change(good_word, "password: wrong")
    (bad,) = desk.ask("check")["imap"]  # type: ignore[misc]
    assert "is refused" in bad["wrong"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_thousand_wait_fifteen_hundred_go_and_the_server_dies_in_between(
    make_dovecot: Callable[[], Dovecot], tmp_path: Path, user: str
) -> None:
    server = make_dovecot()
    fill(server, user, WAITING)
    desk = desk_on(server, tmp_path, user)
    desk.start()
    began = time.monotonic()
    memory: list[int] = []
    watching = threading.Thread(target=watch_memory, args=(desk, memory), daemon=True)
    watching.start()
    try:
        wait_for(lambda: taken(desk) >= 500, 120, what="it is well under way")
        gone = expunge_from_behind(server, user, EXPUNGED)
        wait_for(lambda: taken(desk) >= 1200, 120)
        server.stop()
        wait_for(lambda: status_of(desk)["state"] == "waiting", 20)
        server.start()
        wait_for(lambda: status_of(desk)["state"] in ("idle", "fetching"), 30)
        wait_for(lambda: status_of(desk)["state"] == "idle", 300, what="all taken")
        fetched_seconds = time.monotonic() - began
        server.stop()
        wait_for(lambda: state_of(desk) == "waiting", 20)
        server.start()
        back_at = time.monotonic()
        wait_for(lambda: state_of(desk) == "idle", 50, what="IDLE again")
        back_seconds = time.monotonic() - back_at
        desk.wait_until_idle(400)
        left = set(range(WAITING)) - gone
        tickets = subjects_taken(desk)
        print(
            f"taken {len(tickets)} in {fetched_seconds:.0f} s, "
            f"back in IDLE {back_seconds:.1f} s, memory {min(memory[5:])} to {max(memory)} MB"
        )
        assert left <= set(tickets), "all that were still there"
        assert len(tickets) == len(set(tickets)), "each once"
        assert mails_of(desk).get("duplicate", 0) == 0
        assert desk.ask("fsck")["problems"] == []
        assert back_seconds < 30  # ten on a quiet machine
        assert max(memory) < 250
    finally:
        desk.kill()


def state_of(desk: Process) -> str:
    """What `status` shows, without starting a process that takes a second."""
    (one,) = statuses(desk.state)
    return one.state


def fill(server: Dovecot, user: str, count: int) -> None:
    """Straight into the Maildir: what a mail server would have done over the years."""
    server.append(user, mail("No 0 .").replace(b"dana@", b"d0@"))
    new = next((server.folder / "mail" / user).glob("**/new"))
    owner = new.stat()
    for number in range(1, count):
        path = new / f"{1_700_000_000 + number}.M{number}.test"
        path.write_bytes(mail(f"No {number} .").replace(b"dana@", b"d%d@" % (number % 997)))
        os.chown(path, owner.st_uid, owner.st_gid)


def expunge_from_behind(server: Dovecot, user: str, count: int) -> set[int]:
    """Another client throws the last ones away; which numbers those had."""
    with server.connect(user) as session:
        session.select("INBOX")
        _, found = session.uid("SEARCH", "UNSEEN")
        uids = found[0].split()[-count:]
        chosen = b",".join(uids).decode()
        _, heads = session.uid("FETCH", chosen, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        session.uid("STORE", chosen, "+FLAGS.SILENT", "(\\Deleted)")
        session.expunge()
    return {int(one[1].split()[2]) for one in heads if isinstance(one, tuple)}


def taken(desk: Process) -> int:
    count = status_of(desk)["taken"]
    assert isinstance(count, int)
    return count


def subjects_taken(desk: Process) -> list[int]:
    """The numbers of all mails that came through, from the archive."""
    subjects = []
    for path in (desk.state / "archive").glob("*/*.eml"):
        line = path.read_bytes().partition(b"Subject: No ")[2].partition(b" ")[0]
        subjects.append(int(line))
    return subjects


def watch_memory(desk: Process, found: list[int]) -> None:
    pause = threading.Event()
    while desk.is_alive:
        with contextlib.suppress(OSError, IndexError):
            text = Path(f"/proc/{desk.pid}/status").read_text()
            found.append(int(text.partition("VmRSS:")[2].split()[0]) // 1024)
        pause.wait(0.5)
