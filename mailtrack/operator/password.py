"""``mailtrack password``: the line that lets somebody log in to submit mail."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import Namespace

from mailtrack.errors import MailtrackError
from mailtrack.intake.passwords import PASSWORD_BYTES_MAX, hashed


class BadPassword(MailtrackError):
    """It cannot be used; the text says why."""


def run(arguments: Namespace) -> int:
    """Ask for a password and print ``login:hash``, for the file of intake.submission."""
    if ":" in arguments.login or arguments.login.startswith("#"):
        raise BadPassword("a login has no colon, and does not begin with #")
    print(f"{arguments.login}:{hashed(_password())}")
    return os.EX_OK


def _password() -> str:
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise BadPassword("the two were not the same")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password or len(password.encode()) > PASSWORD_BYTES_MAX:
        raise BadPassword(f"a password has 1 to {PASSWORD_BYTES_MAX} bytes")
    return password
