"""Test mails of `mailtrack check`: the desk knows its own, and a stranger gains nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from bench import NOW, Bench, bench_policy
from servers.machine import lacking

from mailtrack.probes import (
    DESK_FILE,
    HEADER,
    KEPT_SECONDS_MAX,
    LIFE,
    OUTSTANDING_MAX,
    Probe,
    Probes,
    TooManyProbes,
)
from mailtrack.store import lookup
from mailtrack.tickets.token import KeyRing

KEYS = bench_policy().keys
SECOND = timedelta(seconds=1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    asyncio.run(bench.reader.close())
    bench.database.close()


@pytest.fixture
def probes(tmp_path: Path) -> Probes:
    return announced(tmp_path / "probes")


def announced(folder: Path) -> Probes:
    """As a desk leaves it when it starts."""
    probes = Probes(folder)
    probes.announce(KEYS)
    return probes


def files_of(probes: Probes) -> list[Path]:
    """All but what the desk said of itself."""
    return [one for one in probes._folder.iterdir() if one.name != DESK_FILE]


def mail(word: str, number: int, *, sender: str = "", subject: str = "Hello") -> bytes:
    return (
        f"{HEADER}: {word}\r\nFrom: {sender or f'cara{number}@cust.example'}\r\n"
        f"To: support@help.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@cust.example>\r\n\r\nWords of mail {number}.\r\n"
    ).encode()


async def test_a_test_mail_is_filed_and_told_and_nothing_else(
    bench: Bench, probes: Probes
) -> None:
    probe = probes.mint(KEYS, now=NOW)
    assert probes.seen(probe.id) is None
    spool_id = bench.put(mail(probe.word, 1, sender="ada@help.example", subject="[help]"), 1)
    await bench.work_off()
    assert bench.mails() == {"filed": 1} and bench.rung == 0
    seen = probes.seen(probe.id)
    assert seen is not None and seen.spool_id == spool_id
    assert seen.rcpt_to == ("support@help.example",) and seen.verdict == "none"
    assert HEADER.encode() in bench.archive.raw(seen.sha256)
    with bench.database.reading() as session:
        assert lookup.ticket_of(session, 1) is None


def forged(probe: Probe, other: Probe) -> list[str]:
    """Words that anybody could think of, who has seen others."""
    probe_id, _, mac = probe.word.partition(".")
    return [
        f"{probe_id}.{'0' * 64}",
        f"{probe_id}.{other.word.partition('.')[2]}",
        f"{other.word.partition('.')[0]}.{mac}",
        f"{probe_id}.{mac[:-1]}",
        f"../probes/{probe_id}.{mac}",
        f"{'a' * 24}.{mac}",
        probe_id,
        "",
    ]


async def test_what_a_stranger_makes_up_is_an_ordinary_mail(
    bench: Bench, probes: Probes
) -> None:
    probe, other = (probes.mint(KEYS, now=NOW) for _ in range(2))
    stranger = announced(probes._folder.parent / "elsewhere")
    theirs = stranger.mint(replace(KEYS, keys=(("a", b"x" * 32),)), now=NOW)
    words = [*forged(probe, other), theirs.word]
    for number, word in enumerate(words, 1):
        bench.put(mail(word, number), number)
    await bench.work_off()
    assert bench.mails() == {"ticket": len(words)}
    assert probes.seen(probe.id) is probes.seen(other.id) is None


async def test_a_word_is_good_for_one_mail_and_some_minutes(
    bench: Bench, probes: Probes
) -> None:
    probe, late = (probes.mint(KEYS, now=NOW) for _ in range(2))
    bench.put(mail(probe.word, 1), 1)
    await bench.work_off()
    bench.put(mail(probe.word, 2), 2)
    bench.now = NOW + LIFE
    bench.put(mail(late.word, 3), 3)
    await bench.work_off()
    assert bench.mails() == {"filed": 1, "ticket": 2}
    assert probes.seen(late.id) is None
    probes.forget(probe.id)
    bench.now = NOW
    bench.put(mail(probe.word, 4), 4)
    await bench.work_off()
    assert bench.mails() == {"filed": 1, "ticket": 3}


def test_a_test_mail_that_is_decided_anew_after_a_crash_is_still_one(probes: Probes) -> None:
    probe = probes.mint(KEYS, now=NOW)

    def recognised(spool_id: str, later: timedelta, keys: KeyRing = KEYS) -> bool:
        now = NOW + later
        found = probes.recognised(probe.word, spool_id=spool_id, keys=keys, now=now)
        return found == probe.id

    assert recognised("one", LIFE - SECOND)
    assert recognised("one", 2 * LIFE)
    assert not recognised("two", timedelta())
    turned = replace(KEYS, keys=(("z", b"z" * 32), *KEYS.keys))
    assert recognised("one", timedelta(), turned), "keys may be turned meanwhile"
    assert not recognised("one", timedelta(), replace(KEYS, instance="another desk"))


def test_a_desk_with_other_keys_is_sent_no_test_mail(probes: Probes) -> None:
    turned = replace(KEYS, keys=(("z", b"z" * 32), *KEYS.keys))
    nobody = Probes(probes._folder.parent / "elsewhere")
    assert not nobody.would_be_known(KEYS), "no desk that knows test mails has run here"
    with pytest.raises(FileNotFoundError):
        nobody.mint(KEYS, now=NOW)
    assert probes.would_be_known(KEYS) and not probes.would_be_known(turned)
    assert not probes.would_be_known(replace(KEYS, keys=()))
    probes.announce(turned)
    assert probes.would_be_known(KEYS) and probes.would_be_known(turned)
    (file,) = probes._folder.iterdir()
    assert all(key.hex() not in file.read_text() for _, key in turned.keys)


def test_the_test_mails_that_are_out_are_bounded(probes: Probes) -> None:
    for _ in range(OUTSTANDING_MAX):
        last = probes.mint(KEYS, now=NOW)
    with pytest.raises(TooManyProbes):
        probes.mint(KEYS, now=NOW)
    probes.forget(last.id)
    probes.mint(KEYS, now=NOW)


def test_what_root_mints_can_be_read_by_the_user_of_the_desk(
    probes: Probes, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        lacking("only root can hand files over.")
    shutil.chown(tmp_path / "probes", "nobody", "nogroup")
    probes.mint(KEYS, now=NOW)
    (file,) = files_of(probes)
    assert file.owner() == "nobody"


def test_nobody_but_the_desk_can_read_a_secret(probes: Probes) -> None:
    probes.mint(KEYS, now=NOW)
    (file,) = files_of(probes)
    assert (probes._folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


def test_what_nobody_waits_for_is_swept_and_nothing_else(probes: Probes) -> None:
    """Root may be who sweeps: a folder that was bent to another place loses nothing there."""
    probe = probes.mint(KEYS, now=NOW)
    old, other = probes._folder / f"{probe.id}.secret", probes._folder / "passwd"
    other.write_text("root")
    long_ago = time.time() - KEPT_SECONDS_MAX - 60
    for file in (old, other, probes._folder / DESK_FILE):
        os.utime(file, (long_ago, long_ago))
    second = probes.mint(KEYS, now=NOW)
    assert {one.name for one in files_of(probes)} == {"passwd", f"{second.id}.secret"}
    assert probes.would_be_known(KEYS)
