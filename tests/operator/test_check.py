"""`mailtrack check` as it is typed: what it prints, and its exit code for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nameserver import nameserver

from mailtrack import cli
from mailtrack.intake.spool import Spool
from mailtrack.operator.check import server_from
from mailtrack.operator.findings import (
    Finding,
    Grade,
    advice,
    bad,
    clean,
    exit_code,
    good,
    unknown,
)

GOOD, ADVICE = good("mail", "it comes"), advice("mail", "it comes late", "Be patient")
BAD, UNKNOWN = bad("mail", "it is lost", "Look for it:\nin the log"), unknown("mail", "?")


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ((), 0),
        ((GOOD, ADVICE), 0),
        ((GOOD, UNKNOWN), 75),
        ((UNKNOWN, BAD, GOOD), 1),
    ],
)
def test_a_script_hears_whether_something_is_wrong(
    findings: tuple[Finding, ...], code: int
) -> None:
    assert exit_code(findings) == code


def test_each_line_has_its_mark_and_what_to_do_and_what_to_copy() -> None:
    marks = {one.grade: str(one)[0] for one in (GOOD, ADVICE, UNKNOWN, BAD)}
    assert marks == {
        Grade.GOOD: "✓", Grade.ADVICE: "!", Grade.UNKNOWN: "?", Grade.BAD: "✗",
    }  # fmt: skip
    assert str(BAD) == "✗ mail: it is lost\n    Look for it:\n        in the log"
    assert str(GOOD) == "✓ mail: it comes"


def test_words_of_others_are_cut_and_cleaned() -> None:
    assert clean("a\x1b[2J\r\nb\u202e") == "a [2J b" and len(clean("a" * 9_000)) == 200


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("mx.help.example", ("mx.help.example", 25)),
        ("127.0.0.1:2525", ("127.0.0.1", 2525)),
        ("[::1]:2525", ("::1", 2525)),
        ("[::1]", ("::1", 25)),
        ("mx:0", None),
        ("mx:65536", None),
        ("mx:65535", ("mx", 65_535)),
        ("mx:٣", None),
        (":25", None),
        ("mx:smtp", None),
        ("", None),
    ],
)
def test_a_server_is_a_host_and_perhaps_a_port(
    text: str, server: tuple[str, int] | None
) -> None:
    assert server_from(text, 25) == server


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MAILTRACK_STATE", str(tmp_path / "state"))
    (tmp_path / "mailtrack.yaml").write_text(
        "desk:\n  name: Help\n  addresses: {support@help.example: support}\n"
    )
    (tmp_path / "people.yaml").write_text("agents:\n  ivan: {email: ivan@help.example}\n")
    return str(tmp_path)


def test_the_dns_is_asked_only_if_one_asks(
    desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", desk]) == 0
    assert "MX of" not in capsys.readouterr().out
    with nameserver({("help.example", "A"): ("192.0.2.1",)}) as (host, port):
        words = ["check", desk, "--dns", "--nameserver", f"{host}:{port}"]
        assert cli.main(words) == 1
        out = capsys.readouterr().out
        assert "! MX of help.example" in out and "✗ SPF of help.example" in out
        assert out.index("✗ SPF") < out.index("Who is believed")
        assert cli.main([*words, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert {one["test"] for one in answer["tests"]} >= {"MX of help.example"}
    assert answer["trust"]["is_strict"] is False and answer["trust"]["steps"]


def test_a_desk_that_never_ran_cannot_be_tried(
    desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", desk, "--through", "127.0.0.1:9"]) == 1
    assert "✗ the desk: it is not running" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--through", "mx:99999"], 69),
        (["--dns", "--nameserver", ":x"], 69),
        (["--wait", "0"], 2),
        (["--wait", "nan"], 2),
        (["--wait", "3601"], 2),
        (["--wait", "soon"], 2),
    ],
)
def test_a_wrong_call_is_refused(
    desk: str, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        ended: object = cli.main(["check", desk, *words])
    except SystemExit as end:
        ended = end.code
    assert ended == code and capsys.readouterr().err


def test_a_desk_whose_keys_are_elsewhere_is_sent_nothing(
    desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with keys that systemd hands over: the mails would become tickets."""
    with Spool(Path(desk) / "state" / "spool").locked():
        assert cli.main(["check", desk, "--through", "127.0.0.1:9"]) == 1
    out = capsys.readouterr().out
    assert "✗ the desk: the one that runs has other keys" in out
    assert "MAILTRACK_TOKEN_KEYS_FILE=" in out
