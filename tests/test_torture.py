"""The torture run: 10,000 mails, 1,000 `kill -9`, a relay that fails in every way.

Three senders by SMTP and one who puts mail into a folder of Dovecot, which the desk fetches.
Nothing lost, nothing doubled: `torture_oracle` judges by what was written down outside of the
desk. `make torture` is the long form; it tells every minute how far it is.

MAILTRACK_TORTURE_MAILS and _KILLS size it; after _SECONDS nothing is sent or killed any
longer, and what came till then is judged. _FOLDER keeps everything where you say.
"""

import contextlib
import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from nursery import Nursery
from process import Process
from servers.dovecot import Dovecot
from torture_oracle import Verdict, judge, lines_of
from torture_relay import TortureRelay
from torture_senders import PATIENCE_SECONDS, ImapSender, Sender, SmtpSender, lies_in_folder
from waiting import wait_for

IS_LONG = bool(os.environ.get("MAILTRACK_TORTURE"))
MAILS = int(os.environ.get("MAILTRACK_TORTURE_MAILS") or (10_000 if IS_LONG else 400))
KILLS = int(os.environ.get("MAILTRACK_TORTURE_KILLS") or (1_000 if IS_LONG else 32))
SECONDS = float(os.environ.get("MAILTRACK_TORTURE_SECONDS") or 100_000)
FOLDER = os.environ.get("MAILTRACK_TORTURE_FOLDER")
SENDERS = 4  # the last one by IMAP
WRITER_DIES_FIRST = 0.2  # the share of kills before which the process that writes is killed
KILLED_WHILE_IT_STARTS = 0.1  # the share of kills that do not wait until it is up
STARTS_SECONDS = 0.5  # and how late at most they come
AFTER_A_MAIL_SECONDS = 0.15  # on average, a kill is so late after the mail it waited for
WHOLE_STARTS_EACH = 20  # one in so many is by the command; the others spare its imports
TOLD_EACH_SECONDS = 60.0
FAULTY_SECONDS = 360.0 if IS_LONG else 30.0  # so long the relay fails after the last kill
HOURS = 3600
# Letters that were not tried once, less those in line behind one that the relay put off.
UNTRIED = """attempts = 0 AND due_at <= datetime('now') AND NOT EXISTS (
    SELECT 1 FROM letter AS earlier WHERE earlier.number = letter.number
    AND earlier.recipient = letter.recipient AND earlier.id < letter.id
    AND earlier.due_at IS NOT NULL)"""


@pytest.mark.slow
@pytest.mark.timeout(6 * HOURS)
def test_f19_torture(
    tmp_path: Path, dovecot: Dovecot, capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(text: str) -> None:
        with capsys.disabled():
            print(text, flush=True)

    folder = Path(FOLDER) if FOLDER else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    assert not any(folder.iterdir()), f"{folder} holds another run"
    with contextlib.closing(Torture(folder, dovecot, tell)) as torture:
        verdict = torture.run()
    torture.tell_all(verdict)
    assert verdict.problems == []
    assert verdict.accepted == sum(one.taken for one in torture.senders)


class Torture:
    """A desk, those who write to it, the relay, and who kills it."""

    def __init__(self, folder: Path, dovecot: Dovecot, tell: Callable[[str], None]) -> None:
        self.folder, self.dovecot, self._tell = folder, dovecot, tell
        self.began_at = time.monotonic()
        self.kills = self.writers_killed = 0
        self._told_at = self.began_at
        self._chance = random.Random(19)
        self._kill_book = (folder / "kills").open("w", buffering=1)
        self.relay = TortureRelay(19, folder / "letters")
        self.relay.begin()
        self.user = f"torture{os.getpid()}@example.org"
        self.desk = self._made_desk()
        self.nursery = Nursery(self.desk.environ())
        talks = MAILS // SENDERS // 2
        by_smtp = [SmtpSender(one, talks, folder, self.desk) for one in range(SENDERS - 1)]
        by_imap = ImapSender(
            SENDERS - 1,
            talks,
            folder,
            dovecot=dovecot,
            user=self.user,
            is_turn=lambda taken: taken <= max(one.taken for one in by_smtp),
        )
        self.senders: list[Sender] = [*by_smtp, by_imap]
        self.mails = talks * 2 * SENDERS

    def _made_desk(self) -> Process:
        imap = (
            f"intake:\n  imap: [{{host: localhost, port: {self.dovecot.port_tls}, "
            f"user: {self.user}, password: {self.dovecot.password}, "
            f"ca: {self.dovecot.certificate}, address: support@help.example}}]\n"
        )
        return Process(
            self.folder,
            (r"^intake:\n", imap),
            (r"^  smarthost: .*", f"  smarthost: smtp://127.0.0.1:{self.relay.port}"),
            # This is no storm: everybody is to be answered, however many they are.
            (r"^  # letters_10_minutes_max: .*", "  letters_10_minutes_max: 1000000"),
            (r"^# brakes:\n", "brakes: {acks_hour_max: 100000}\n"),
        )

    def close(self) -> None:
        """Nothing of it runs any longer; its files stay."""
        self.desk.kill()
        self.nursery.close()
        self.relay.end()
        self._kill_book.close()

    def run(self) -> Verdict:
        """All of it; the verdict is given when the desk has come to rest."""
        self.desk.start()
        for sender in self.senders:
            sender.start()
        self._kill_at_random()
        self._wait(self._all_have_ended, "the senders end", PATIENCE_SECONDS + MAILS)
        self._come_to_rest()
        self.desk.stop()
        verdict = judge(self.folder)
        there, unmarked = lies_in_folder(self.dovecot, self.user)
        verdict.must_be_none(["of them"] * unmarked, "mails in the folder are not marked")
        verdict.must_be_none(
            [*set(there) ^ set(lines_of(self.folder / f"accepted.{SENDERS - 1}"))],
            "mails are in the folder or were put there, not both",
        )
        verdict.must_be_none(
            [*map(str, self.desk.ask("fsck", "--deep")["problems"])], "by fsck"
        )
        return verdict

    def _all_have_ended(self) -> bool:
        if self._is_over():
            for sender in self.senders:
                sender.is_enough.set()
        return not any(sender.is_alive() for sender in self.senders)

    # Life and death.

    def _kill_at_random(self) -> None:
        """Spread over the whole run, at any moment of the desk's life."""
        while self.kills < KILLS and not self._is_over():
            goal = (self.kills + self._chance.random()) * self.mails / (KILLS + 1)
            self._wait(lambda goal=goal: self.taken >= goal or self._is_over(), "mail comes in")
            self._let_pass(min(self._chance.expovariate(1 / AFTER_A_MAIL_SECONDS), 2))
            if self._chance.random() < WRITER_DIES_FIRST:
                self._kill_writer()
                self._let_pass(min(self._chance.expovariate(1 / AFTER_A_MAIL_SECONDS), 2))
            self._kill()
            if self._chance.random() < KILLED_WHILE_IT_STARTS:
                self._start(is_waited_for=False)
                self._let_pass(self._chance.uniform(0, STARTS_SECONDS))
                self._kill()
            self._start()

    def _kill_writer(self) -> None:
        """The process that writes for the desk, alone: the desk goes on without."""
        for child in psutil.Process(self.desk.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if any("spoolchild" in word for word in child.cmdline()):
                    child.kill()
                    self.writers_killed += 1

    def _kill(self) -> None:
        self.desk.kill()
        self.kills += 1
        self._kill_book.write(f"{time.time():.3f}\n")

    def _start(self, *, is_waited_for: bool = True) -> None:
        is_whole = self.kills % WHOLE_STARTS_EACH == 0
        self.desk.nursery = None if is_whole else self.nursery
        self.desk.start(is_waited_for=is_waited_for)

    def _come_to_rest(self) -> None:
        patience = PATIENCE_SECONDS + MAILS
        self._wait(lambda: lies_in_folder(self.dovecot, self.user)[1] == 0, "IMAP", patience)
        spool = self.desk.state / "spool" / "new"
        self._wait(lambda: not any(spool.iterdir()), "the spool is worked off", patience)
        with contextlib.suppress(AssertionError):  # the more faults the better, that is all
            self._wait(lambda: self._waiting_letters(UNTRIED) == 0, "letters", FAULTY_SECONDS)
        self.relay.is_good = True
        # What the relay put off is due hours later; then it is hours later.
        for hours in range(5, 12):
            self.desk.move_clock(hours * HOURS)
            with contextlib.suppress(AssertionError):
                self._wait(lambda: self._waiting_letters() == 0, "letters leave")
                return
        raise AssertionError(f"{self._waiting_letters()} letters do not leave")

    def _waiting_letters(self, which: str = "true") -> int:
        asked = f"SELECT count(*) FROM letter WHERE due_at IS NOT NULL AND {which}"
        with closing(sqlite3.connect(self.desk.state / "mailtrack.db", timeout=60)) as books:
            return int(books.execute(asked).fetchone()[0])

    # Time, and telling.

    @property
    def taken(self) -> int:
        """Mails, by all senders."""
        return sum(one.taken for one in self.senders)

    def _is_over(self) -> bool:
        return time.monotonic() - self.began_at > SECONDS

    def _wait(
        self, predicate: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS
    ) -> None:
        def is_so() -> bool:
            if time.monotonic() - self._told_at >= TOLD_EACH_SECONDS:
                self._told_at += TOLD_EACH_SECONDS
                self.tell(f"waiting: {what}")
            broken = next((one.broken for one in self.senders if one.broken), None)
            assert broken is None, broken
            return predicate()

        wait_for(is_so, seconds, what=what)

    def _let_pass(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        wait_for(lambda: time.monotonic() >= ends_at, seconds + 60)

    def tell(self, more: str) -> None:
        """One line on how far it is: on the screen of the long form, and in a file."""
        line = (
            f"{time.monotonic() - self.began_at:6.0f} s: {self.taken} of {self.mails} mails, "
            f"{self.senders[-1].taken} by IMAP; {self.kills} of {KILLS} kills, "
            f"{self.writers_killed} of the writer alone; "
            f"{self.relay.taken} letters, {self.relay.faults.total()} faults; {more}"
        )
        with (self.folder / "progress").open("a") as file:
            file.write(line + "\n")
        if IS_LONG:
            self._tell(line)

    def tell_all(self, verdict: Verdict) -> None:
        """The result, for a person."""
        self.tell(
            f"{verdict.accepted} accepted, {len(verdict.problems)} problems, "
            f"{verdict.set_apart} set apart; {verdict.letters} letters, {verdict.extra} once "
            f"more, {verdict.ends_unknown} of the relay's making; "
            f"{dict(self.relay.faults)}"
        )
        for problem in verdict.problems:
            self.tell(problem)
