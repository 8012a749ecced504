"""The OAuth access token, read anew for each connection: it lives for an hour or so."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
from typing import Final

from mailtrack.intake.imap.account import Account, TokenSource
from mailtrack.intake.imap.trouble import Refused, words_from

TOKEN_BYTES_MAX: Final = 16 * 1024  # Microsoft's are two to four thousand
COMMAND_SECONDS_MAX: Final = 30.0


async def secret_of(account: Account) -> str:
    """What the account logs in with. Raises Refused if it is a token that cannot be had."""
    if account.token is not None:
        return await read_token(account.token)
    return account.password or ""


async def read_token(source: TokenSource) -> str:
    """The token, without blanks around it. Raises Refused with what to mend."""
    raw = await (_from_file(source) if source.file else _from_command(source.command))
    token = raw.strip().decode("ascii", "replace")
    if not token or not token.isprintable() or not token.isascii() or " " in token:
        place = source.file or source.command[0]
        raise Refused(f"{place} gives no access token: one word of ASCII is expected")
    return token


def xoauth2(user: str, token: str) -> str:
    """The one answer of XOAUTH2, in base64."""
    return base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()


def plain(user: str, password: str) -> str:
    """The one answer of PLAIN (RFC 4616), in base64: for what LOGIN cannot spell."""
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def reason_in(challenge: bytes) -> str:
    """What a server says of a token that it refuses; ``""`` if it says nothing readable."""
    try:
        said = json.loads(base64.b64decode(challenge))
    except ValueError:
        return ""
    status = said.get("status") if isinstance(said, dict) else None
    return f" (status {words_from(str(status).encode())})" if status else ""


async def _from_file(source: TokenSource) -> bytes:
    assert source.file is not None, "read_token asked"
    try:
        with source.file.open("rb") as file:
            return file.read(TOKEN_BYTES_MAX)
    except OSError as error:
        raise Refused(
            f"the token file {source.file} cannot be read: {error.strerror}"
        ) from error


async def _from_command(command: tuple[str, ...]) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what it complains of may hold secrets
        )
    except OSError as error:
        raise Refused(
            f"the token command {command[0]} cannot be run: {error.strerror}"
        ) from error
    assert process.stdout is not None
    try:
        async with asyncio.timeout(COMMAND_SECONDS_MAX):
            raw = await process.stdout.read(TOKEN_BYTES_MAX)
            code = await process.wait()
    except TimeoutError as error:
        raise Refused(
            f"the token command {command[0]} took more than {COMMAND_SECONDS_MAX:g} seconds"
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        raise Refused(f"the token command {command[0]} ended with exit code {code}")
    return raw
