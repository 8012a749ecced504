"""The IMAP front as the configuration wants it: neither knows the other.

Loaded by the daemon only if there are mailboxes to fetch from.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mailtrack.config import Config
from mailtrack.config.settings import ImapAccount
from mailtrack.intake.imap.account import Account, FirstStart, Security, TokenSource
from mailtrack.intake.imap.front import ImapFront
from mailtrack.intake.reception import Reception
from mailtrack.intake.spool import Spool


def fetching_front(
    config: Config, spool: Spool, reception: Reception, *, now: Callable[[], datetime]
) -> ImapFront:
    """What fetches from all mailboxes of the configuration."""
    accounts = tuple(imap_account_of(one) for one in config.imap)
    return ImapFront(accounts, spool, reception, state=config.state, now=now)


def imap_account_of(account: ImapAccount) -> Account:
    """A mailbox as the IMAP front knows it."""
    token = None
    if account.token_file is not None or account.token_command:
        token = TokenSource(account.token_file, account.token_command)
    return Account(
        host=account.host,
        port=account.port,
        user=account.user,
        security=Security(account.encryption.value),
        fallback=account.fallback,
        password=account.password,
        token=token,
        ca=account.ca,
        folders=account.folders,
        is_flagged=account.is_flagged,
        move_to=account.move_to,
        trusted_header=account.trusted_header,
        idle_seconds=account.idle_seconds,
        poll_seconds=account.poll_seconds,
        first_start=FirstStart.ALL if account.takes_old_mail else FirstStart.NEW,
    )
