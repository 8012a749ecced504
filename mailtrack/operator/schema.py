"""``mailtrack schema``: JSON Schemas of the YAML files, for editors."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path

from mailtrack.config import schema

NAMES = ("mailtrack", "people", "rules", "sla")


def run(arguments: Namespace) -> int:
    """One to standard output, or all into a folder."""
    if arguments.file:
        print(_text(arguments.file))
        return os.EX_OK
    folder = Path(arguments.folder)
    for name in NAMES:
        path = folder / f"{name}.schema.json"
        path.write_text(_text(name) + "\n", "utf-8")
        print(f"wrote {path}")
    print("First line of each YAML file:  # yaml-language-server: $schema=NAME.schema.json")
    return os.EX_OK


def _text(name: str) -> str:
    return json.dumps(schema(f"{name}.yaml"), indent=1, ensure_ascii=False)
