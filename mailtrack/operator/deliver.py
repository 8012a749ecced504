"""``mailtrack deliver``: a mail server hands over one mail on standard input."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime

from mailtrack import log
from mailtrack.errors import MailtrackError
from mailtrack.intake.pipe import PUT_OFF, Exit, deliver, mail_on
from mailtrack.intake.reception import Reception
from mailtrack.intake.spool import Floor, Spool
from mailtrack.mail.envelope import Front
from mailtrack.operator.place import loaded_desk
from mailtrack.places import Places
from mailtrack.ways import acceptance_of, limits_of

logger = log.get(__name__)


def run(arguments: Namespace) -> int:
    """Take it into the spool, whether the desk is running or not.

    A desk that cannot be used as it is now, as by a slip in its files, puts the mail off: any
    other code would send it back to its sender for good, and with it what we print here.
    """
    log.set_up()
    try:
        outcome = _delivered(arguments)
    except MailtrackError as error:
        logger.error("mail_put_off", front=Front.PIPE, reason=str(error))
        outcome = PUT_OFF
    except Exception as error:
        logger.error("mail_put_off", front=Front.PIPE, exc_info=error)
        outcome = PUT_OFF
    print(outcome.text, file=sys.stderr)
    return outcome.code


def _delivered(arguments: Namespace) -> Exit:
    loaded = loaded_desk(arguments)
    config = loaded.config
    return deliver(
        mail_on(sys.stdin.buffer, size_bytes_max=config.limits.mail_bytes_max),
        arguments.rcpt,
        mail_from=arguments.mail_from,
        spool=Spool(Places(config.state).spool, floor=Floor(config.limits.free_disk_bytes_min)),
        reception=Reception(acceptance_of(loaded.policy), limits_of(config)),
        received_at=datetime.now(UTC),
    )
