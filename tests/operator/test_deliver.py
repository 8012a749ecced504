"""`mailtrack deliver` as a mail server runs it: what is not the mail's fault is tried again."""

import io
import os
import shutil
import sys
import tracemalloc
from pathlib import Path

import pytest
from servers.machine import lacking

from mailtrack import cli
from mailtrack.config import write_example
from mailtrack.config.keys import INSTANCE_FILE, KEYS_FILE
from mailtrack.intake import pipe
from mailtrack.intake.spool import Spool


class Long(io.RawIOBase):
    """A mail of `size_bytes`, made as it is read."""

    def __init__(self, head: bytes, size_bytes: int) -> None:
        self._head, self.left = head, size_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        piece = (self._head or b"x" * len(buffer))[: min(len(buffer), self.left)]
        self._head = self._head[len(piece) :]
        buffer[: len(piece)] = piece
        self.left -= len(piece)
        return len(piece)


MAIL = b"From: cara@cust.example\r\nTo: support@help.example\r\n\r\nHelp.\r\n"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILTRACK_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MAIL)))
    write_example(tmp_path / "config")
    return tmp_path / "config"


def delivered(config: Path) -> int:
    return cli.main(("deliver", "--config", str(config), "--rcpt", "support@help.example"))


def test_a_mail_is_on_disk_before_it_ends_well(config: Path, tmp_path: Path) -> None:
    assert delivered(config) == os.EX_OK
    spool = Spool(tmp_path / "state" / "spool")
    (spool_id,) = spool.waiting(10)
    assert spool.read(spool_id)[1] == MAIL


def test_a_slip_in_the_files_sends_no_mail_back(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config / "rules.yaml").write_text("rules:\n\t- broken\n", "utf-8")
    assert delivered(config) == os.EX_TEMPFAIL
    assert "rules.yaml:2:1" in capsys.readouterr().err


def test_a_folder_that_is_gone_sends_no_mail_back(config: Path) -> None:
    assert delivered(config / "gone") == os.EX_TEMPFAIL


def test_keys_that_cannot_be_used_send_no_mail_back(config: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / INSTANCE_FILE).write_text("0" * 32)
    (tmp_path / "state" / KEYS_FILE).mkdir()
    assert delivered(config) == os.EX_TEMPFAIL


def test_a_slip_in_the_command_line_sends_no_mail_back(config: Path) -> None:
    for slip in ((), ("--rcpt",), ("--recipient", "support@help.example")):
        with pytest.raises(SystemExit) as end:
            cli.main(("deliver", "--config", str(config), *slip))
        assert end.value.code == os.EX_TEMPFAIL


def test_what_root_delivers_belongs_to_the_desk(config: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        lacking("Only root can write files that the desk may not read.")
    spool = Spool(tmp_path / "state" / "spool")
    for folder in (tmp_path / "state" / "spool").iterdir():
        shutil.chown(folder, "nobody", "nogroup")
    assert delivered(config) == os.EX_OK
    (spool_id,) = spool.waiting(10)
    file = tmp_path / "state" / "spool" / "new" / spool_id
    assert (file.owner(), file.group()) == ("nobody", "nogroup")


SEPARATOR = b"From cara@cust.example Mon Mar  2 09:00:00 2026\n"


@pytest.mark.parametrize("separator", [b"", SEPARATOR, b"From " + b"x" * 1500 + b"\n"])
@pytest.mark.parametrize(("more", "code"), [(0, os.EX_OK), (1, os.EX_DATAERR)])
def test_a_mail_may_be_as_large_as_the_limit_whatever_stands_on_top(
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    separator: bytes,
    more: int,
    code: int,
) -> None:
    limited_to_2_kb(config)
    size = 2048 + more
    stream = Long(separator + MAIL, len(separator) + size)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(stream)))
    assert delivered(config) == code
    assert stream.left == 0
    spool = Spool(tmp_path / "state" / "spool")
    kept = [spool.read(one)[1] for one in spool.waiting(10)]
    assert kept == ([MAIL.ljust(size, b"x")] if code == os.EX_OK else [])


@pytest.mark.parametrize("head", [MAIL, b"From ", SEPARATOR])
def test_a_mail_that_does_not_end_is_refused_and_not_kept_in_memory(
    config: Path, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    limited_to_2_kb(config)
    monkeypatch.setattr(pipe, "LET_GO_BYTES_MAX", 20_000_000)
    stream = Long(head, 60_000_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(stream)))
    tracemalloc.start()
    try:
        assert delivered(config) == os.EX_DATAERR
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        assert stream.left > 0
    finally:
        tracemalloc.stop()


def limited_to_2_kb(config: Path) -> None:
    file = config / "mailtrack.yaml"
    limits = "\nintake:\n  limits: {mail_size_max: 2KB}\n"
    file.write_text(file.read_text("utf-8").replace("\nintake:\n", limits), "utf-8")
