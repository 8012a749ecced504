"""The commands we use, each with a limit on its time; no answer in time ends the connection."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Final

from mailtrack.intake.imap import tokens
from mailtrack.intake.imap.account import DELETED, Account, Security
from mailtrack.intake.imap.answers import (
    Fetched,
    Folder,
    Outline,
    fetched_from,
    folder_from,
    uids_from,
)
from mailtrack.intake.imap.names import folder_on_the_wire, quoted, uid_set
from mailtrack.intake.imap.trouble import (
    ConnectionEnded,
    ImapTrouble,
    LoginRefused,
    Refused,
    SaidNo,
    Unreachable,
    words_from,
)
from mailtrack.intake.imap.wire import Response, Wire

ANSWER_SECONDS_MAX: Final = 60.0
GREETING_SECONDS_MAX: Final = 20.0
BODY_SECONDS_MAX: Final = 120.0  # a piece over a slow line
WHOLE_BYTES_MAX: Final = 4 * 1024 * 1024  # a larger mail is fetched in pieces
PIECE_BYTES: Final = 1024 * 1024
HEADER_BYTES_MAX: Final = 64 * 1024

# A login is refused by these (RFC 5530) for a reason that passes and is not the password.
# Gmail says in words alone that too many folders are open.
_PASSING: Final = re.compile(
    r"\A\[(?:UNAVAILABLE|SERVERBUG|INUSE|LIMIT)\b"
    r"|\btoo many (?:simultaneous |concurrent )?connections",
    re.IGNORECASE,
)

# A peer that has gone without a word is noticed after about two minutes, in IDLE, too.
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)


class Client:
    """One connection to one account. After any ImapTrouble but SaidNo it is of no use."""

    def __init__(self, account: Account, wire: Wire) -> None:
        self._account = account
        self._wire = wire
        self._abilities: frozenset[str] = frozenset()
        self._refuses_idle = False

    # Coming in.

    @classmethod
    async def connected(cls, account: Account) -> Client:
        """A connection that is encrypted as it should be, and not logged in yet."""
        loop = asyncio.get_running_loop()
        context = context_for(account)
        wire = Wire(loop)
        client = cls(account, wire)
        try:
            async with asyncio.timeout(GREETING_SECONDS_MAX):
                await loop.create_connection(
                    lambda: wire,
                    account.host,
                    account.port,
                    ssl=context if account.security is Security.TLS else None,
                )
                await wire.greeting
        except TimeoutError as error:
            wire.give_up(Unreachable("no greeting"))
            raise Unreachable(
                f"no greeting from {account.host}:{account.port} in "
                f"{GREETING_SECONDS_MAX:g} seconds: is it an IMAP server, and security right?"
            ) from error
        except OSError as error:
            raise Unreachable(_why_not(account, error)) from error
        try:
            client._keep_alive()
            if account.security is Security.STARTTLS:
                await client._start_tls(context)
        except BaseException:
            client.close()
            raise
        return client

    def close(self) -> None:
        """Leave, without waiting for anything."""
        self._wire.say_goodbye()

    def _keep_alive(self) -> None:
        sock = self._wire.transport.get_extra_info("socket")
        for level, option, value in _KEEPALIVE:
            with contextlib.suppress(OSError):
                sock.setsockopt(level, option, value)

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        await self._ask("STARTTLS")
        self._wire.begin_tls()
        transport = self._wire.transport
        try:
            async with asyncio.timeout(GREETING_SECONDS_MAX):
                self._wire.transport = await self._wire.loop.start_tls(
                    transport, self._wire, context, server_hostname=self._account.host
                )
        except (OSError, TimeoutError) as error:
            raise Unreachable(_why_not(self._account, error)) from error

    async def log_in(self, secret: str) -> None:
        """Show the account's token or password. Raises LoginRefused if it is not believed."""
        await self._learn_abilities()
        if self._account.token is not None:
            await self._log_in_by_token(secret)
        else:
            await self._log_in_by_password(secret)
        self._wire.state = "AUTH"
        # What is offered before the log-in is often only half: MOVE and UIDPLUS come now.
        await self._learn_abilities()

    async def _learn_abilities(self) -> None:
        responses, _ = await self._ask("CAPABILITY")
        words = b" ".join(one[0] for one in responses if one[0][:10].upper() == b"CAPABILITY")
        self._abilities = frozenset(words.decode("ascii", "replace").upper().split())

    async def _log_in_by_token(self, token: str) -> None:
        try:
            await self._authenticate("XOAUTH2", tokens.xoauth2(self._account.user, token))
        except SaidNo as no:
            _raise_if_passing(no)
            reason = tokens.reason_in(self._wire.challenge_text)
            raise LoginRefused(
                f"the access token for {self._account.user} is refused{reason}: has it "
                "expired, or is it for another user? It is read anew at each try"
            ) from no

    async def _log_in_by_password(self, password: str) -> None:
        user = self._account.user
        try:
            if (user + password).isascii():
                if "LOGINDISABLED" in self._abilities:
                    raise Refused("the server takes no password here: set security to tls")
                await self._ask("LOGIN", quoted(user), quoted(password))
            else:
                await self._authenticate("PLAIN", tokens.plain(user, password))
        except SaidNo as no:
            _raise_if_passing(no)
            raise LoginRefused(
                f"the password of {user} is refused ({no}). Some providers want a password "
                "made for this program, or OAuth"
            ) from no
        except ValueError as error:
            raise Refused("a line end stands in the user or the password") from error

    async def _authenticate(self, mechanism: str, response: str) -> None:
        self._wire.challenge_text = b""
        if "SASL-IR" in self._abilities:
            await self._ask("AUTHENTICATE", mechanism, response)
            return
        self._wire.challenges.append(response)
        await self._ask("AUTHENTICATE", mechanism)

    # At work.

    async def select(self, folder: str) -> Folder:
        """Open a folder. Raises Refused if it is not there."""
        try:
            responses, ending = await self._ask("SELECT", folder_on_the_wire(folder))
        except SaidNo as no:
            raise Refused(
                f"the folder {folder!r} cannot be opened ({no}): correct intake.imap.folders, "
                "or make it"
            ) from no
        self._wire.state = "SELECTED"
        selected = folder_from(responses, ending)
        if selected is None:
            raise ConnectionEnded("the server gives no UIDVALIDITY")
        return selected

    @property
    def has_news(self) -> bool:
        """Whether the folder has grown since it was last searched."""
        return self._wire.has_news

    async def search(self, *criteria: str) -> list[int]:
        """The UIDs of what fits, rising."""
        self._wire.has_news = False
        responses, _ = await self._ask("UID", "SEARCH", *criteria)
        return uids_from(responses)

    async def outlines(self, uids: Sequence[int]) -> dict[int, Outline]:
        """How large these are, and since when there; those that have gone are missing."""
        what = "(UID RFC822.SIZE INTERNALDATE)"
        found = await self._fetch(uid_set(uids), what, ANSWER_SECONDS_MAX)
        wanted = frozenset(uids)
        return {
            uid: Outline(one.size_bytes, one.internal_date)
            for uid, one in found.items()
            if uid in wanted and one.size_bytes is not None
        }

    async def body(self, uid: int, size_bytes: int, size_bytes_max: int) -> bytes | None:
        """The raw mail, None if it has gone; a byte more than the limit shows it is larger."""
        if size_bytes <= WHOLE_BYTES_MAX:
            return await self._content(uid, "BODY.PEEK[]")
        content = bytearray()
        while len(content) <= size_bytes_max:
            piece = await self._content(uid, f"BODY.PEEK[]<{len(content)}.{PIECE_BYTES}>")
            if piece is None:
                return None
            content += piece
            if len(piece) < PIECE_BYTES:
                break
        return bytes(content)

    async def header(self, uid: int) -> bytes | None:
        """The header, cut at its limit; None if the mail has gone."""
        return await self._content(uid, f"BODY.PEEK[HEADER]<0.{HEADER_BYTES_MAX}>")

    async def flag(self, uids: Sequence[int], flags: Sequence[str]) -> None:
        """Set flags. Raises SaidNo."""
        await self._ask("UID", "STORE", uid_set(uids), "+FLAGS.SILENT", f"({' '.join(flags)})")

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move into another folder, which is made if it is missing. Raises SaidNo."""
        target = folder_on_the_wire(folder)
        verb = "MOVE" if "MOVE" in self._abilities else "COPY"
        try:
            await self._ask("UID", verb, uid_set(uids), target)
        except SaidNo:
            await self._move_into_new(verb, uids, target)
        if verb == "COPY":
            await self.flag(uids, (DELETED,))
            # EXPUNGE alone would take away what others have marked as well.
            if "UIDPLUS" in self._abilities:
                await self._ask("UID", "EXPUNGE", uid_set(uids))

    @property
    def can_idle(self) -> bool:
        """Whether the server tells us by itself."""
        return "IDLE" in self._abilities and not self._refuses_idle

    async def _move_into_new(self, verb: str, uids: Sequence[int], target: str) -> None:
        """Make the folder first; another session of ours may have done so this moment."""
        refused: SaidNo | None = None
        try:
            await self._ask("CREATE", target)
        except SaidNo as no:
            refused = no
        try:
            await self._ask("UID", verb, uid_set(uids), target)
        except SaidNo as no:
            raise refused or no from no

    async def idle(self, seconds: float) -> None:
        """Wait until the folder grows or the time is over."""
        try:
            async with asyncio.timeout(seconds + ANSWER_SECONDS_MAX):
                self._refuses_idle = not await self._wire.idle_until_news(seconds)
        except TimeoutError as error:
            raise self._given_up("IDLE", seconds + ANSWER_SECONDS_MAX) from error

    # Asking.

    async def _content(self, uid: int, part: str) -> bytes | None:
        found = await self._fetch(str(uid), f"(UID {part})", BODY_SECONDS_MAX)
        one = found.get(uid)
        return one.content if one else None

    async def _fetch(self, uids: str, what: str, seconds: float) -> dict[int, Fetched]:
        responses, _ = await self._ask("UID", "FETCH", uids, what, seconds=seconds)
        return fetched_from(responses)

    async def _ask(
        self, name: str, *arguments: str, seconds: float | None = None
    ) -> tuple[list[Response], bytes]:
        """The untagged responses and the ending of a command that went well."""
        patience = seconds or ANSWER_SECONDS_MAX
        try:
            async with asyncio.timeout(patience):
                answer = await self._wire.execute(self._wire.command(name, *arguments))
        except TimeoutError as error:
            raise self._given_up(name, patience) from error
        *responses, ending = answer.lines
        if answer.result != "OK":
            raise SaidNo(words_from(ending) or "without a word")
        return responses, ending

    def _given_up(self, name: str, seconds: float) -> ImapTrouble:
        trouble = ConnectionEnded(f"no answer to {name} in {seconds:g} seconds")
        self._wire.give_up(trouble)
        return trouble


def _raise_if_passing(no: SaidNo) -> None:
    if _PASSING.search(str(no)):
        raise ConnectionEnded(f"the server lets nobody in at present ({no})") from no


def context_for(account: Account) -> ssl.SSLContext:
    """Certificates are verified, by the system's authorities or by the operator's own file."""
    try:
        context = ssl.create_default_context(cafile=account.ca)
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"{account.ca} holds no certificates that can be read") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _why_not(account: Account, error: Exception) -> str:
    place = f"{account.host}:{account.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {place} is not to be trusted ({error.verify_message}): "
            "correct host, or name the file of your own authority in ca"
        )
    if isinstance(error, ssl.SSLError):
        return f"{place} speaks no TLS here: is it security: starttls, or another port?"
    if isinstance(error, socket.gaierror):
        return f"there is no host {account.host}: {error.strerror}"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "no answer"
    return f"{place} cannot be reached: {reason}"
