"""``mailtrack deliver``: a mail server hands over one mail on standard input."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime

from mailtrack.intake.pipe import deliver
from mailtrack.intake.reception import Reception
from mailtrack.intake.spool import Floor, Spool
from mailtrack.operator.place import loaded_desk
from mailtrack.ways import acceptance_of, limits_of


def run(arguments: Namespace) -> int:
    """Take it into the spool, whether the desk is running or not."""
    loaded = loaded_desk(arguments)
    config = loaded.config
    reception = Reception(acceptance_of(loaded.policy), limits_of(config))
    outcome = deliver(
        sys.stdin.buffer.read(),
        arguments.rcpt,
        mail_from=arguments.mail_from,
        spool=Spool(config.state / "spool", floor=Floor(config.limits.free_disk_bytes_min)),
        reception=reception,
        received_at=datetime.now(UTC),
    )
    print(outcome.text, file=sys.stderr)
    return outcome.code
