"""`mailtrack inspect` on what is no mail: there is an end to what it reads."""

import base64
import io
import json
import os
import sys
from pathlib import Path

import pytest

from mailtrack import cli
from mailtrack.operator import inspect

MAIL = b"Subject: Printer\r\n\r\nIt burns.\r\n"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "READ_BYTES_MAX", len(MAIL))
    monkeypatch.setattr(inspect, "LINE_BYTES_MAX", 60)


@pytest.fixture(params=["stdin", "file"])
def looked_at(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "Looked":
    return Looked(request.param, tmp_path, monkeypatch)


class Looked:
    """The exit code for a mail that comes by one of the ways."""

    def __init__(self, way: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._way, self._folder, self._monkeypatch = way, folder, monkeypatch

    def at(self, raw: bytes) -> int:
        file = self._folder / "mail.eml"
        file.write_bytes(raw)
        if self._way == "file":
            return cli.main(("inspect", str(file)))
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        return cli.main(("inspect",))


def test_a_mail_of_the_limit_is_read_and_one_byte_more_is_not(
    looked_at: Looked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert looked_at.at(MAIL) == os.EX_OK
    assert "It burns." in capsys.readouterr().out
    assert looked_at.at(MAIL + b"!") == os.EX_UNAVAILABLE
    assert "is not read as a mail" in capsys.readouterr().err


def test_of_a_line_that_is_too_long_nothing_is_read_and_the_next_is_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = base64.b64encode(MAIL)
    lines = b"\n".join((good, b"A" * 59, b"A" * 60, b"A" * 200, good))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert cli.main(("inspect", "--lines")) == os.EX_OK
    seen = [json.loads(line)["subject"] for line in capsys.readouterr().out.splitlines()]
    assert seen == ["Printer", "", "", "", "Printer"]
