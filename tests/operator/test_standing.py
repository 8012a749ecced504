"""The end of `mailtrack check`: whom this very desk believes, and what is left to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from intake.certificates import Certificate

from mailtrack.config import Loaded, load
from mailtrack.operator.standing import standing_of

PEOPLE = """agents:
  ivan: {email: ivan@example.com}
  olga: {email: [olga@example.com, olga@gmail.com]}
  petr: {email: petr@old.example, active: false}
"""
DESK = "desk:\n  name: Help\n  addresses: {support@help.example: support}\n"
BEHIND = "intake: {smtp: null, lmtp: {listen: 'unix:/run/x', behind_mta: true}}\n"
RESULTS = "authentication_results: {authserv_id: mx.help.example"

Load = Callable[[str], Loaded]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    def load_desk(more: str) -> Loaded:
        (tmp_path / "mailtrack.yaml").write_text(DESK + more)
        (tmp_path / "people.yaml").write_text(PEOPLE)
        return load(tmp_path, environ={"MAILTRACK_STATE": str(tmp_path / "state")})

    return load_desk


def text_of(loaded: Loaded) -> str:
    """On one line, whatever the width."""
    return " ".join(str(standing_of(loaded)).split())


def test_a_desk_without_proof_names_its_agents_and_the_shortest_way(loaded: Load) -> None:
    standing = standing_of(loaded("intake: {smtp: {listen: '*:2525'}}\n"))
    assert not standing.is_strict and all(one.by == () for one in standing.agents)
    text = " ".join(str(standing).split())
    assert "ivan, olga (example.com): proved by nothing. olga (gmail.com): proved by" in text
    assert "1. The shortest way: trust: {dkim: {}}" in text
    assert "The server that sends for example.com has to sign as example.com" in text
    assert "Large providers (gmail.com) sign already" in text
    assert "authserv_id to that name, and behind_mta: true at intake.smtp" in text
    assert "3. Then write trust: {policy: strict}" in text
    assert "petr" not in text, "who has left proves nothing"


def test_with_a_server_that_judges_each_agent_is_proved_by_name(loaded: Load) -> None:
    text = text_of(loaded(f"{BEHIND}trust: {{{RESULTS}, logins: {{i.p: ivan}}}}}}\n"))
    assert "proof of where mail comes from is required" in text
    assert "ivan (example.com): proved by mx.help.example vouching for example.com" in text
    assert "or a login at mx.help.example as i.p." in text
    assert (
        "olga (gmail.com): proved by mx.help.example vouching for gmail.com (dmarc=pass)"
        in text
    )
    assert "Worth doing: 1. See that nobody can forge" in text
    assert "dkim" not in text


def test_a_way_in_past_the_server_is_named(loaded: Load) -> None:
    both = BEHIND.replace("smtp: null", "smtp: {listen: '127.0.0.1:2525'}")
    text = text_of(loaded(f"{both}trust: {{{RESULTS}}}}}\n"))
    assert "Mail that comes by smtp proves nothing by mx.help.example" in text


def test_a_strict_desk_that_nothing_can_prove_says_what_that_means(loaded: Load) -> None:
    text = text_of(loaded("trust: {policy: strict}\n"))
    assert "nothing can prove it: every mail of an agent that does more" in text
    assert "1. The shortest way" in text and "write trust: {policy: strict}" not in text


def test_a_strict_desk_with_a_way_has_nothing_left_to_do(loaded: Load) -> None:
    text = text_of(
        loaded("trust: {policy: strict, dkim: {domains: {example.com: [m.example]}}}\n")
    )
    assert "ivan, olga (example.com): proved by the signature of m.example (DKIM)" in text
    assert text.endswith("Nothing is missing.")


def test_capability_is_told_to_go(loaded: Load) -> None:
    text = text_of(loaded("trust: {policy: capability, dkim: {}}\n"))
    assert "whatever is configured" in text
    assert "1. In mailtrack.yaml, take policy: capability out of trust." in text
    assert "2. Then write" in text


def test_who_can_log_in_at_the_desk_itself_is_proved_by_that(
    loaded: Load, tmp_path: Path
) -> None:
    tls = Certificate(tmp_path)
    (tmp_path / "passwords").write_text("# who may\nivan:$scrypt$x\nolga@gmail.com:$scrypt$y\n")
    submission = (
        f"intake: {{submission: {{listen: '*:587', passwords: {tmp_path}/passwords, "
        f"tls: {{certificate: {tls.cert}, key: {tls.key}}}}}}}\n"
    )
    standing = standing_of(loaded(submission + "trust: {policy: strict}\n"))
    by = {(one.agents, one.domain): one.by for one in standing.agents}
    login = ("a login at the desk's own submission port",)
    assert by[("ivan", "olga"), "example.com"] == login
    assert by[("olga",), "gmail.com"] == login


def test_who_cannot_log_in_at_the_submission_port_is_named_with_what_to_type(
    loaded: Load, tmp_path: Path
) -> None:
    tls = Certificate(tmp_path)
    (tmp_path / "passwords").write_text("ivna:$scrypt$x\nolga@gmail.com:$scrypt$y\n")
    text = text_of(
        loaded(
            f"intake: {{submission: {{listen: '*:587', passwords: {tmp_path}/passwords, "
            f"tls: {{certificate: {tls.cert}, key: {tls.key}}}}}}}\n"
        )
    )
    assert f"In {tmp_path}/passwords, ivna is the login of no agent." in text
    assert "Let ivan log in at" in text
    assert "`mailtrack password ivan` prints" in text
