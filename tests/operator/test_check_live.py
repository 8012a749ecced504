"""`mailtrack check --through`: real test mails through a real Postfix to the real desk."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from process import Process
from servers.dovecot import Dovecot
from servers.machine import free_port
from servers.milter import Milter
from servers.postfix import Postfix
from signer import signer

MakePostfix = Callable[..., Postfix]
NAME = "mx.help.example"
NO_PROOF = "dmarc=none header.from=help.example"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


class Site:
    """A desk behind a Postfix that takes all mail of its domain."""

    def __init__(self, desk: Process, postfix: Postfix) -> None:
        self.desk, self.postfix = desk, postfix

    def check(self, *words: str) -> tuple[int, str]:
        """The exit code, and all that was said as if a line had no end."""
        done = self._checked(*words)
        return done.returncode, " ".join(done.stdout.split())

    def tests(self) -> tuple[int, dict[str, tuple[str, str]]]:
        """The exit code, and of each test its grade and what was said."""
        done = self._checked("--json")
        found = json.loads(done.stdout)["tests"]
        return done.returncode, {one["test"]: (one["grade"], one["said"]) for one in found}

    def _checked(self, *words: str) -> subprocess.CompletedProcess[str]:
        server = f"127.0.0.1:{self.postfix.port}"
        return self.desk.type("check", "--through", server, *words)


def trust(hops: int, more: str = "") -> tuple[str, str]:
    return (
        r"^# trust:",
        "trust: {authentication_results: "
        f"{{authserv_id: {NAME}, received_hops: {hops}{more}}}}}",
    )


@pytest.fixture
def site(tmp_path: Path, make_postfix: MakePostfix) -> Iterator[Callable[..., Site]]:
    desks: list[Process] = []

    def make(*changes: tuple[str, str], settings: str = "", by: str = "lmtp") -> Site:
        if by == "lmtp":
            door = free_port()
            place = f"lmtp:inet:127.0.0.1:{door}"
            listens = f"  lmtp: {{listen: 127.0.0.1:{door}, behind_mta: true}}"
            desk = Process(tmp_path, (r"^  # lmtp: .*", listens), *changes)
        else:
            desk = Process(tmp_path, *changes)
            place = f"smtp:[127.0.0.1]:{desk.port}"
        places = dict.fromkeys(("help.example", "reply.help.example"), place)
        postfix = make_postfix(places, settings)
        relay = f"  smarthost: smtp://127.0.0.1:{postfix.port}"
        desk.change(r"^  smarthost: null", relay)
        desks.append(desk)
        desk.start()
        return Site(desk, postfix)

    yield make
    for one in desks:
        one.kill()


def recipe(folder: Path) -> str:
    """What our manual tells an admin of Postfix to do, done."""
    wanted = re.compile(r"^(/\^Authentication-Results.*IGNORE)$", re.MULTILINE)
    (line,) = wanted.findall(OPERATIONS.read_text("utf-8"))
    return header_checks(folder, line)


def header_checks(folder: Path, line: str) -> str:
    file = folder / "header_checks"
    file.write_text(f"{line}\n")
    folder.chmod(0o755)
    return f"header_checks = regexp:{file}\n"


@pytest.mark.slow
def test_a_site_that_is_set_up_rightly_passes_every_test(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    key = tmp_path / "dkim.key"
    key.write_bytes(signer("help.example", bits=2048).private)
    key.chmod(0o600)
    dkim = f"outgoing:\n  dkim: {{selector: s1, domain: help.example, key: {{file: {key}}}}}"
    milter = Milter(NAME, NO_PROOF)
    minus = (r"^    # delimiter: .*", '    delimiter: "-"')
    settings = f"{milter.setting}recipient_delimiter = -\n"
    found = site(trust(1), (r"^outgoing:", dkim), minus, settings=settings)
    code, tests = found.tests()
    milter.stop()
    assert {grade for grade, _ in tests.values()} == {"good"} and code == 0, tests
    assert "taken out" in tests["forged Authentication-Results"][1]
    assert "above every Received" in tests["the server's own Authentication-Results"][1]
    assert "support-TOKEN@help.example keeps" in tests["answers to support@help.example"][1]
    assert {"answers to billing@help.example", "Message-IDs on the way out"} < tests.keys()
    assert "is whole" in tests["DKIM signature"][1]
    status = found.desk.ask("status")
    assert (status["mails"], status["tickets"]) == ({"filed": 4}, {})
    assert [one.name for one in (found.desk.state / "probes").iterdir()] == ["desk"]
    assert found.desk.ask("fsck")["problems"] == []


@pytest.mark.slow
def test_a_server_that_lets_forged_results_through_is_told_loudly_and_the_recipe_mends_it(
    site: Callable[..., Site], tmp_path: Path, make_postfix: MakePostfix
) -> None:
    subdomain = "    mode: subdomain\n    domain: reply.help.example"
    found = site(trust(2), (r"^    mode: plus.*", subdomain))
    code, said = found.check()
    assert code == 1
    assert "✗ forged Authentication-Results" in said and "IGNORE" in said
    assert "anybody can write as" in said and "ada@help.example" in said

    assert "✓ answers to support@help.example: TOKEN@reply.help.example keeps its token" in said
    milter = Milter(NAME, NO_PROOF, place=1)
    mended = make_postfix(found.postfix.routes, recipe(tmp_path) + milter.setting)
    code, tests = Site(found.desk, mended).tests()
    milter.stop()
    assert (code, tests["forged Authentication-Results"][0]) == (0, "good"), tests
    assert "below 1 Received" in tests["the server's own Authentication-Results"][1]

    assert found.desk.stop() == 0
    code, said = found.check()
    assert code == 1 and "it is not running" in said


@pytest.mark.slow
def test_a_server_that_knows_no_subaddresses_is_told_what_to_set(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    known = "{support@help.example=ok} {billing@help.example=ok}"
    known = f"relay_recipient_maps = inline:{{ {known} }}\n"
    forbids = header_checks(tmp_path, r"/^From: ada@help\.example/ REJECT no forging here")
    found = site(settings=f"{known}recipient_delimiter =\n{forbids}", by="smtp")
    code, said = found.check()
    assert code == 1
    assert said.count("✗ answers to") == 2 and "is refused" in said
    assert "recipient_delimiter = +" in said
    assert "✓ a forged From: the server refuses" in said
    assert "no forging here" in said
    assert "✓ forged Authentication-Results: kept by the server, and believed" in said


@pytest.mark.slow
def test_test_mails_that_are_fetched_by_imap_are_known_and_hops_are_counted(
    tmp_path: Path, make_postfix: MakePostfix, make_dovecot: Callable[[], Dovecot]
) -> None:
    dovecot, milter = make_dovecot(), Milter(NAME, NO_PROOF)
    mailboxes = f"lmtp:inet:{dovecot.host}:{dovecot.port_lmtp}"
    postfix = make_postfix({"help.example": mailboxes}, milter.setting)
    accounts = ", ".join(
        f"{{host: localhost, port: {dovecot.port_tls}, user: {name}@help.example, "
        f"password: {dovecot.password}, ca: {dovecot.certificate}}}"
        for name in ("support", "billing")
    )
    imap = (r"^intake:\n", f"intake:\n  imap: [{accounts}]\n")
    desk = Process(tmp_path, imap, trust(1, ", also: [imap]"))
    desk.start()
    try:
        found = Site(desk, postfix)
        code, tests = found.tests()
        assert code == 1 and tests["forged Authentication-Results"][0] == "good", tests
        grade, said = tests["the server's own Authentication-Results"]
        assert grade == "bad" and "below 1 Received line" in said
        assert "keeps its token" in tests["answers to billing@help.example"][1]
        desk.change("received_hops: 1", "received_hops: 2")
        desk.hang_up()
        code, tests = found.tests()
        assert code == 0, tests
    finally:
        desk.kill()
        milter.stop()
