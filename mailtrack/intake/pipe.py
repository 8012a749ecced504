"""The pipe: ``mailtrack deliver`` hands over one mail and answers by its exit code.

It writes into the spool itself, so it works while the daemon is down, and needs no lock. The
codes are those of ``sysexits.h``, which every mail server understands: 75 is tried again, the
others come back to the sender.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final

from mailtrack import log
from mailtrack.errors import TemporaryFailure
from mailtrack.intake.reception import (
    LOOPING,
    NO_SUCH_USER,
    NOT_OURS,
    TOO_BIG,
    Answer,
    Reception,
    each_once,
)
from mailtrack.intake.spool import Spool
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Front

logger = log.get(__name__)

# What is left of a mail that is too large is read and let go, or its mail server takes the
# broken pipe for the answer; but not for ever.
LET_GO_BYTES_MAX: Final = 1024 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
_MBOX_LINE: Final = b"From "
_EXIT_CODES: Final = {
    NO_SUCH_USER: os.EX_NOUSER,
    NOT_OURS: os.EX_NOPERM,
    TOO_BIG: os.EX_DATAERR,
    LOOPING: os.EX_DATAERR,
}


@dataclass(frozen=True, slots=True)
class Exit:
    """How the pipe ends: a code of ``sysexits.h`` and a line for standard error."""

    code: int
    text: str


PUT_OFF: Final = Exit(os.EX_TEMPFAIL, "Temporary failure, please try again later")


def mail_on(stream: BinaryIO, *, size_bytes_max: int) -> bytes:
    """One mail as it comes in; of one that is too large, no more than shows that.

    The separator of an mbox on top of it takes nothing away from what it may be.
    """
    raw = stream.read(size_bytes_max + 1)
    raw += stream.read(len(raw) - len(_without_mbox_line(raw)))
    if len(_without_mbox_line(raw)) > size_bytes_max:
        _let_go(stream)
    return raw


def _let_go(stream: BinaryIO) -> None:
    left = LET_GO_BYTES_MAX
    while left > 0 and (piece := stream.read(_PIECE_BYTES)):
        left -= len(piece)


def deliver(
    raw: bytes,
    rcpt: Sequence[str],
    *,
    mail_from: str,
    spool: Spool,
    reception: Reception,
    received_at: datetime,
) -> Exit:
    """Take one mail for the recipients that are ours; code 0 means it is on disk.

    ``mail_from`` is the envelope sender, ``""`` or ``<>`` if there is none. If some recipients
    are not ours the mail is taken for the others, and the text says so.
    """
    content = _without_mbox_line(raw)
    sender = reception.sender(mail_from)
    judged = [reception.recipient(path) for path in rcpt]
    recipients = each_once(item for item in judged if isinstance(item, Address))
    refused = [item for item in judged if isinstance(item, Answer)]
    if refusal := reception.content(content):
        return _refused(refusal)
    if not recipients:
        return _refused(refused[0]) if refused else Exit(os.EX_USAGE, "no recipient given")
    try:
        envelope = spool.put_now(
            content,
            mail_from=None if isinstance(sender, Answer) else sender,
            rcpt_to=recipients,
            front=Front.PIPE,
            peer="",
            received_at=received_at,
        )
    except TemporaryFailure as failure:
        logger.error("mail_put_off", front=Front.PIPE, reason=failure.reason)
        return Exit(os.EX_TEMPFAIL, f"{failure.public}, please try again later")
    except Exception as error:
        # An exit code that is none of sysexits.h would send the mail back for good.
        logger.error("mail_put_off", front=Front.PIPE, exc_info=error)
        return PUT_OFF
    logger.info(
        "mail_spooled", spool_id=envelope.spool_id, front=Front.PIPE, size_bytes=len(content)
    )
    note = f"; {len(refused)} of {len(judged)} recipients are not ours" if refused else ""
    return Exit(os.EX_OK, f"accepted as {envelope.spool_id}{note}")


def _refused(answer: Answer) -> Exit:
    return Exit(_EXIT_CODES.get(answer, os.EX_USAGE), str(answer))


def _without_mbox_line(raw: bytes) -> bytes:
    """Some agents begin with the separator of an mbox; it is no part of the mail."""
    ends_at = raw.find(b"\n") if raw.startswith(_MBOX_LINE) else -1
    return raw[ends_at + 1 :]
