"""``mailtrack inspect``: what mailtrack sees in a mail."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import BinaryIO, Final

from mailtrack.errors import MailtrackError
from mailtrack.mail.inspect import as_json, page

# Ten times what a desk takes by default.
READ_BYTES_MAX: Final = 256 * 1024 * 1024
LINE_BYTES_MAX: Final = 96 * 1024 * 1024  # of base64; a longer line stands for no mail


class TooLarge(MailtrackError):
    """It is no mail that any desk takes."""


def run(arguments: Namespace) -> int:
    """A page for people, one JSON object, or a line for each line."""
    logging.disable()  # what a library says of a broken mail stands in its defects
    if arguments.lines:
        return _lines()
    raw = read_raw(arguments.file)
    print(json.dumps(as_json(raw), ensure_ascii=False) if arguments.json else page(raw))
    return os.EX_OK


def read_raw(file: str | None) -> bytes:
    """A raw mail from a file or from standard input. Raises TooLarge."""
    if not file or file == "-":
        return _bounded(sys.stdin.buffer)
    with Path(file).open("rb") as stream:
        return _bounded(stream)


def _bounded(stream: BinaryIO) -> bytes:
    raw = stream.read(READ_BYTES_MAX + 1)
    if len(raw) > READ_BYTES_MAX:
        raise TooLarge(f"what is larger than {READ_BYTES_MAX >> 20} MB is not read as a mail")
    return raw


def _lines() -> int:
    while line := sys.stdin.buffer.readline(LINE_BYTES_MAX):
        try:
            raw = base64.b64decode(_whole(line), validate=False)
        except (binascii.Error, ValueError):
            raw = b""
        print(json.dumps(as_json(raw), ensure_ascii=True), flush=True)
    return os.EX_OK


def _whole(line: bytes) -> bytes:
    """The line; nothing of one that is too long, so that a line out stands for a line in."""
    if len(line) < LINE_BYTES_MAX or line.endswith(b"\n"):
        return line
    while rest := sys.stdin.buffer.readline(LINE_BYTES_MAX):
        if rest.endswith(b"\n"):
            break
    return b""
