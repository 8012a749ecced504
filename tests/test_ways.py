"""The ways in as the configuration wants them."""

from pathlib import Path

from intake.doors import NOON

from mailtrack.config import load
from mailtrack.intake.reception import Reception
from mailtrack.intake.smtp import SmtpFront
from mailtrack.intake.spool import Spool
from mailtrack.ways import acceptance_of, fronts_for, limits_of

DESK = """\
desk: {name: Example Help, addresses: {support@help.example: support}}
intake:
  smtp: {listen: "127.0.0.1:0"}
  lmtp: {listen: "unix:/run/mailtrack/lmtp.sock"}
"""


def test_all_ways_in_share_one_memory(tmp_path: Path) -> None:
    (tmp_path / "mailtrack.yaml").write_text(DESK, "utf-8")
    (tmp_path / "people.yaml").write_text("agents: {ada: {email: ada@help.example}}\n", "utf-8")
    loaded = load(tmp_path, environ={"MAILTRACK_STATE": str(tmp_path / "state")})
    fronts = fronts_for(
        loaded.config,
        Spool(tmp_path / "spool"),
        Reception(acceptance_of(loaded.policy), limits_of(loaded.config)),
        handed={},
        check_login=None,
        now=lambda: NOON,
    )
    smtp, lmtp = fronts
    assert isinstance(smtp, SmtpFront)
    assert isinstance(lmtp, SmtpFront)
    assert smtp.buffer is lmtp.buffer
