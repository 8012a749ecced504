"""The watch over a real database and spool: facts in, letters, rows and the command out."""

import asyncio
import secrets
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from player import DESK
from sqlalchemy import select
from stage import policy_from
from waiting import wait_for

from mailtrack.clerk import Desk
from mailtrack.clockwatch import NOTE, ClockWatch, boot_from
from mailtrack.intake.imap.ledger import FolderStatus
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Front
from mailtrack.store import ledger
from mailtrack.store.alarms import figures, look_up_alarms
from mailtrack.store.database import Database
from mailtrack.store.tables import LETTER
from mailtrack.tickets.alarm import CLOCK_JUMP, DISK_LOW, SPOOL_STUCK, SYNC_FAILED, Trouble
from mailtrack.tickets.decision import Decision, Disposition
from mailtrack.tickets.fresh import SEED_BYTES
from mailtrack.watch import (
    Watch,
    disk_low,
    imap_failing,
    letters_paused,
    relay_down,
    run_command,
    stuck,
    sync_failed,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = 24 * 3600
YEAR = 365 * DAY
WRITES_DOWN = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n')"


class Bench:
    """A watch whose clock stands until it is moved; `again` is the next process."""

    def __init__(self, folder: Path) -> None:
        files = {path.name: path.read_text(encoding="utf-8") for path in DESK.glob("*.yaml")}
        self.policy = policy_from(tuple(sorted(files.items())))
        self.folder, self.now = folder, NOW
        self.spool = Spool(folder / "spool", floor=Floor(0, 0.0))
        self.database = Database(f"sqlite:///{folder}/mailtrack.db")
        self.database.migrate()
        self.troubles: list[Trouble] = []
        self.pages = folder / "pages"
        self.watch = self.again()

    def again(self, command: tuple[str, ...] = ()) -> Watch:
        self.watch = Watch(
            self.database,
            self.spool,
            (lambda: self.troubles,),
            desk=Desk(
                lambda: self.policy,
                lambda: self.now,
                lambda: secrets.token_bytes(SEED_BYTES),
            ),
            wall=lambda: self.now,
            command=command or (sys.executable, "-c", WRITES_DOWN, str(self.pages)),
        )
        return self.watch

    async def look(self, after: timedelta = timedelta(seconds=20)) -> None:
        self.now += after
        await self.watch.look()

    def letters(self) -> list[str]:
        with self.database.reading() as session:
            found = session.connection().execute(select(LETTER.c.name).order_by(LETTER.c.id))
            return list(found.scalars())

    def paged(self) -> list[str]:
        return self.pages.read_text().splitlines() if self.pages.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    asyncio.run(bench.spool.close())
    bench.database.close()


async def test_what_may_wait_for_the_disk_holds_up_nobody(bench: Bench) -> None:
    asked: dict[str, int] = {}

    def noting(name: str) -> tuple[Trouble, ...]:
        asked[name] = threading.get_ident()
        return ()

    watch = Watch(
        bench.database,
        bench.spool,
        (lambda: noting("disk"),),
        desk=bench.watch._desk,
        at_hand=(lambda: noting("value"),),
    )
    await watch.look()
    assert asked["value"] == threading.get_ident() != asked["disk"]


async def test_s85_a_restart_neither_repeats_nor_forgets(bench: Bench) -> None:
    bench.troubles = [Trouble("imap:a@help.example", "NO login failed")]
    await bench.look()
    await bench.look(timedelta(minutes=2))
    assert bench.letters() == ["alarm"]
    assert bench.paged() == ["imap:a@help.example raised"]
    bench.again()
    await bench.look()
    assert bench.letters() == ["alarm"]
    bench.troubles = []
    bench.again()
    await bench.look(timedelta(minutes=1))
    await bench.look(timedelta(minutes=6))
    await bench.look()
    assert bench.letters() == ["alarm", "alarm"]
    assert bench.paged() == ["imap:a@help.example raised", "imap:a@help.example ended"]


async def test_a_command_that_a_stop_kept_from_ending_runs_after_it(bench: Bench) -> None:
    bench.troubles = [Trouble(DISK_LOW, "full")]
    bench.again((sys.executable, "-c", "import signal; signal.pause()"))
    looking = asyncio.create_task(bench.look())
    await asyncio.to_thread(wait_for, lambda: bench.letters() == ["alarm"])
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    bench.again()
    await bench.look()
    assert bench.letters() == ["alarm"] and bench.paged() == ["disk_low raised"]


async def test_mail_that_waits_in_the_spool_is_an_alarm(bench: Bench) -> None:
    envelope = bench.spool.put_now(
        b"Subject: x\r\n\r\n", mail_from=None, rcpt_to=(Address("support", "help.example"),),
        front=Front.PIPE, peer="", received_at=NOW,
    )  # fmt: skip
    bench.now = datetime.now(UTC) + timedelta(minutes=9)
    await bench.look()
    assert bench.letters() == []
    await bench.look(timedelta(minutes=1))
    assert bench.letters() == ["alarm"]
    with bench.database.reading() as session:
        (alarm,) = look_up_alarms(session)
    assert alarm.name == SPOOL_STUCK and alarm.is_raised
    assert stuck((envelope.spool_id,), timedelta(hours=1), datetime.now(UTC)) == ()


def test_what_is_usual_is_counted_in_the_same_hours_of_each_week(bench: Bench) -> None:
    """Seven mails an hour before each noon but one, of which five are counted."""
    for week in (1, 3):
        for minute in range(7):
            _received(bench, NOW - timedelta(weeks=week, minutes=10 + minute))
    _received(bench, NOW - timedelta(minutes=60))
    with bench.database.reading() as session:
        found = figures(session, wall=NOW, waiting_at=None)
    assert found.last_mail_at == NOW - timedelta(minutes=60)
    assert found.usual == (5, 0, 5)


def _received(bench: Bench, at: datetime) -> None:
    spool_id = f"{int(at.timestamp() * 1_000_000):016d}-00000000"
    with bench.database.transaction() as session:
        ledger.apply(
            session, Decision(Disposition.FILED), spool_id=spool_id, at=at, raw_sha256=spool_id,
            content_hash="", sender_key=None, message_id=None,
        )  # fmt: skip


def test_the_clock_on_the_wall_may_drift_and_must_not_jump() -> None:
    wall, steady = [1000.0], [5.0]
    watch = ClockWatch(wall=lambda: wall[0], steady=lambda: steady[0])

    def after(wall_seconds: float, steady_seconds: float) -> list[str]:
        wall[0] += wall_seconds
        steady[0] += steady_seconds
        return [one.name for one in watch.troubles()]

    assert after(79, 20) == []
    assert after(80, 20) == [CLOCK_JUMP]
    assert after(20, 20) == [CLOCK_JUMP]
    assert after(700, 700) == []
    assert after(-3600, 20) == [CLOCK_JUMP]


def test_f30_a_clock_a_year_ahead_by_which_tokens_would_end_is_told_at_the_next_look() -> None:
    wall, steady = [1000.0], [5.0]
    watch = ClockWatch(wall=lambda: wall[0], steady=lambda: steady[0])
    wall[0] += YEAR + 20
    steady[0] += 20
    (trouble,) = watch.troubles()
    assert (trouble.name, trouble.reason) == (
        CLOCK_JUMP,
        f"the clock was set by +{YEAR} seconds",
    )


@pytest.mark.parametrize(
    ("wall", "steady", "boot", "reason"),
    [
        (3600, 3600, "b1", None),  # the desk was down for an hour
        (3600 + YEAR, 3600, "b1", f"+{YEAR}"),
        (-3600, 20, "b1", "-3620"),
        (10 * DAY, -4000, "b2", None),  # the machine was off for ten days
        (-30, -4000, "b2", None),  # within what a clock may be off
        (-YEAR, -4000, "b2", f"-{YEAR}"),  # its battery is empty
        (YEAR, 900_000, "b2", None),  # it may have been off and up so long
    ],
)
def test_f30_a_clock_that_was_set_while_the_desk_was_down_is_noticed(
    tmp_path: Path, wall: int, steady: int, boot: str, reason: str | None
) -> None:
    note = tmp_path / NOTE
    ClockWatch(note, wall=lambda: 2e9, steady=lambda: 5000.0, boot="b1")  # it never looked
    assert note.stat().st_mode & 0o777 == 0o600
    watch = ClockWatch(note, wall=lambda: 2e9 + wall, steady=lambda: 5000.0 + steady, boot=boot)
    told = [one.reason for one in watch.troubles()]
    wanted = f"the clock was set by {reason} seconds while the desk was down"
    assert told == ([wanted] if reason else [])
    again = ClockWatch(
        note, wall=lambda: 2e9 + wall + 1, steady=lambda: 5001.0 + steady, boot=boot
    )
    assert again.troubles() == (), "a restart does not tell it again"


@pytest.mark.parametrize("noted", [b"", b"\xff", b"1", b"nan 1 b", b"x 1 b", b"1 " * 5000])
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, noted: bytes) -> None:
    (tmp_path / NOTE).write_bytes(noted)
    assert ClockWatch(tmp_path / NOTE, wall=lambda: 2e9, boot="b1").troubles() == ()
    assert ClockWatch(tmp_path / "gone" / NOTE).troubles() == ()


def test_the_unit_says_the_start_of_the_machine_as_the_kernel_does() -> None:
    kernel = boot_from({})
    assert kernel and boot_from({"MAILTRACK_BOOT": kernel}) == kernel
    assert boot_from({"MAILTRACK_BOOT": "0-1\n"}) == "01"


def test_a_disk_is_low_a_quarter_above_where_mail_is_refused(tmp_path: Path) -> None:
    assert [one.name for one in disk_low(tmp_path, Floor(1 << 60, 0.0))] == [DISK_LOW]
    assert disk_low(tmp_path, Floor(0, 0.0)) == ()


def test_a_broken_sync_and_a_relay_that_is_down_are_troubles() -> None:
    assert [one.name for one in sync_failed(is_broken=True)] == [SYNC_FAILED]
    assert sync_failed(is_broken=False) == () == relay_down(is_down=False)
    assert relay_down(is_down=True)


def test_s85_an_account_that_cannot_be_opened_is_a_trouble_until_it_can() -> None:
    def folder(state: str, error: str | None) -> FolderStatus:
        return FolderStatus("a@imap.example", "INBOX", state, None, None, 0, error, None)

    (trouble,) = imap_failing((folder("waiting", "login refused"),) * 2)
    assert (trouble.name, trouble.reason) == ("imap:a@imap.example", "login refused")
    assert imap_failing((folder("connecting", "login refused"),))
    assert imap_failing((folder("idle", "login refused"),)) == ()
    assert imap_failing((folder("connecting", None),)) == ()


def test_of_an_account_the_newest_trouble_is_told() -> None:
    def folder(name: str, error: str, minute: int) -> FolderStatus:
        at = f"2026-03-02T12:{minute:02}:00+00:00"
        return FolderStatus("a@imap.example", name, "waiting", at, None, 0, error, at)

    (trouble,) = imap_failing((folder("A", "login refused", 9), folder("Z", "no folder", 5)))
    assert trouble.reason == "login refused"
    (trouble,) = imap_failing((folder("A", "login refused", 5), folder("Z", "no folder", 9)))
    assert trouble.reason == "no folder"


async def test_a_storm_pause_is_told_once_and_its_end_once(bench: Bench) -> None:
    assert letters_paused(None) == ()
    bench.troubles = list(letters_paused(NOW + timedelta(minutes=10)))
    for _ in range(5):
        await bench.look()
    assert bench.letters() == ["alarm"]
    bench.troubles = []
    for _ in range(3):
        await bench.look(timedelta(minutes=5))
    assert bench.letters() == ["alarm"] * 2
    assert bench.paged() == ["letters_paused raised", "letters_paused ended"]


async def test_a_command_that_is_not_there_harms_nothing() -> None:
    await run_command(("/no/such/program", "disk_low", "raised"))
