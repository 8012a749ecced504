"""The way into one account, which all its folders share, so that a refusal holds for all.

Providers lock accounts and ban addresses for logins that fail in a row. Until a login has gone
well they are tried one after the other; after a refusal nobody asks the server until the time
has come or the token is another. What passes by itself (no connection, a server that cannot
say) is no refusal, and costs nobody this patience.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Final

from mailtrack.intake.imap import tokens
from mailtrack.intake.imap.account import Account
from mailtrack.intake.imap.client import Client
from mailtrack.intake.imap.trouble import ImapTrouble, LoginRefused, Refused

REFUSED_SECONDS_MIN: Final = 60.0  # the first wait; each further one is twice as long
REFUSED_SECONDS_MAX: Final = 900.0
LOOK_SECONDS: Final = 5.0  # how often a file is looked at for another token meanwhile
PROVED_SECONDS: Final = 60.0  # so long after a login the other folders may come all at once


class Gate:
    """Lets connections into one account. One loop, any number of sessions."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._turn = asyncio.Lock()
        self._refusals = 0
        self._reason = ""
        self._refused_secret = ""
        self._wait_seconds = 0.0
        self._try_at = 0.0
        self._proved_until = 0.0

    async def entered(self) -> Client:
        """A connection that is logged in. Raises LoginRefused unasked while that holds."""
        async with self._turn:
            if self.seconds_left > 0:
                raise LoginRefused(self._reason)
            if time.monotonic() >= self._proved_until:
                return await self._logged_in()
        return await self._logged_in()

    @property
    def seconds_left(self) -> float:
        """How long a refusal holds still; 0 if the account may be tried."""
        return max(self._try_at - time.monotonic(), 0.0)

    async def reopened(self) -> None:
        """Return when the account may be tried again."""
        while self.seconds_left > 0:
            await asyncio.sleep(min(self.seconds_left, LOOK_SECONDS))
            # A command may cost somebody something: it is run for a try alone.
            if self._account.token and self._account.token.file and await self._has_another():
                self._try_at = 0.0

    async def _logged_in(self) -> Client:
        client = await Client.connected(self._account)
        secret = ""
        try:
            secret = await tokens.secret_of(self._account)
            await client.log_in(secret)
        except LoginRefused as refused:
            client.close()
            await self._hold(str(refused), secret)
            raise
        except BaseException as error:
            client.close()
            if self._refusals and secret and isinstance(error, ImapTrouble):
                # Some hang up on a secret that they have refused before.
                self._try_at = time.monotonic() + self._wait_seconds
            raise
        self._refusals, self._try_at = 0, 0.0
        self._proved_until = time.monotonic() + PROVED_SECONDS
        return client

    async def _hold(self, reason: str, secret: str) -> None:
        if self.seconds_left == 0:  # several who came all at once are one refusal
            self._refusals += 1
        longest = min(
            REFUSED_SECONDS_MIN * 2.0 ** min(self._refusals - 1, 10), REFUSED_SECONDS_MAX
        )
        self._wait_seconds = longest * random.uniform(0.7, 1.0)  # noqa: S311 - as in session
        self._reason, self._refused_secret = reason, secret
        self._try_at = time.monotonic() + self._wait_seconds
        self._proved_until = 0.0
        # A token may have expired between reading and showing it; once, or one that is new at
        # each call would be tried for ever.
        if self._refusals == 1 and self._account.token and await self._has_another():
            self._try_at = 0.0

    async def _has_another(self) -> bool:
        try:
            return await tokens.secret_of(self._account) != self._refused_secret
        except Refused:
            return False
