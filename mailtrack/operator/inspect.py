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

from mailtrack.mail.inspect import as_json, page


def run(arguments: Namespace) -> int:
    """A page for people, one JSON object, or a line for each line."""
    logging.disable()  # what a library says of a broken mail stands in its defects
    if arguments.lines:
        return _lines()
    raw = read_raw(arguments.file)
    print(json.dumps(as_json(raw), ensure_ascii=False) if arguments.json else page(raw))
    return os.EX_OK


def read_raw(file: str | None) -> bytes:
    """A raw mail from a file or from standard input."""
    return Path(file).read_bytes() if file and file != "-" else sys.stdin.buffer.read()


def _lines() -> int:
    for line in sys.stdin.buffer:
        try:
            raw = base64.b64decode(line, validate=False)
        except (binascii.Error, ValueError):
            raw = b""
        print(json.dumps(as_json(raw), ensure_ascii=True), flush=True)
    return os.EX_OK
