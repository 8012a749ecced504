"""`mailtrack deliver` as a mail server runs it: what is not the mail's fault is tried again."""

import io
import os
import sys
from pathlib import Path

import pytest

from mailtrack import cli
from mailtrack.config import write_example
from mailtrack.config.keys import INSTANCE_FILE, KEYS_FILE
from mailtrack.intake.spool import Spool

pytestmark = pytest.mark.usefixtures("undo_the_log")

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
