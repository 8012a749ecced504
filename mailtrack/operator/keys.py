"""``mailtrack keys``: the keys that sign reply tokens, by their letters. None is ever shown."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from mailtrack.config import keys_file_of
from mailtrack.config.keys import KEYS_FILE, add_key, read_keys, retire_key
from mailtrack.operator.place import NoDesk, loaded_desk

PRINT_CHARS: Final = 8  # of a hash: enough to see that two machines have the same key


def run(arguments: Namespace) -> int:
    """List, add or retire."""
    file = _file(arguments)
    if arguments.action == "list":
        print(_as_json(file) if arguments.json else _page(file))
        return os.EX_OK
    _refuse_a_copy(file)
    if arguments.action == "add":
        letter = add_key(file)
        print(f"Key {letter} signs from now on; the others are recognised still.")
        print("The running desk takes it up within seconds, or at once on SIGHUP.")
        return os.EX_OK
    there = [letter for letter, _ in read_keys(file)]
    if arguments.letter not in there:
        wrong = f"there is no key {arguments.letter}" if arguments.letter else "say which key"
        print(f"{wrong}: mailtrack keys retire {'|'.join(there)}", file=sys.stderr)
        return os.EX_USAGE
    retire_key(file, arguments.letter)
    print(f"Key {arguments.letter} is recognised no longer.")
    print("Answers to what it signed are still taken; they find their ticket by Message-ID.")
    return os.EX_OK


def _file(arguments: Namespace) -> Path:
    if arguments.file:
        return Path(arguments.file)
    file = keys_file_of(loaded_desk(arguments).config.state, environ=os.environ)
    if not file.is_file():
        raise NoDesk(f"there are no keys yet: {file} is made by the first `mailtrack serve`")
    return file


def _refuse_a_copy(file: Path) -> None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and file == Path(folder) / KEYS_FILE:
        raise NoDesk(
            "systemd hands over a copy of the keys: name the file that LoadCredential= reads, "
            "with --file, and restart the desk"
        )


def _page(file: Path) -> str:
    mode = stat.S_IMODE(file.stat().st_mode)
    rows = [
        f"{letter}  {_print_of(key)}  {'signs' if place == 0 else 'is recognised'}"
        for place, (letter, key) in enumerate(read_keys(file))
    ]
    return "\n".join((f"{file} (mode {mode:04o})", *rows, "", "mailtrack keys add|retire a"))


def _as_json(file: Path) -> str:
    keys = [
        {"letter": letter, "print": _print_of(key), "signs": place == 0}
        for place, (letter, key) in enumerate(read_keys(file))
    ]
    return json.dumps({"file": str(file), "keys": keys}, indent=1)


def _print_of(key: bytes) -> str:
    return hashlib.sha256(b"mailtrack key\0" + key).hexdigest()[:PRINT_CHARS]
