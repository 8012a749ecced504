"""Where a command finds its desk: the configuration, the state folder, the database."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from pathlib import Path

from mailtrack.config import Loaded, example_folder, load
from mailtrack.errors import MailtrackError
from mailtrack.store.database import Database


class NoDesk(MailtrackError):
    """There is nothing to work on yet."""


def config_folder(arguments: Namespace) -> Path:
    """The folder with the YAML files: named, or ``/etc/mailtrack``, or the example."""
    if arguments.config:
        folder = Path(arguments.config)
        if not folder.is_dir():
            raise NoDesk(f"{folder} is no folder; `mailtrack init {folder}` makes one")
        return folder
    installed = Path("/etc/mailtrack")
    return installed if (installed / "mailtrack.yaml").is_file() else example_folder()


def loaded_desk(arguments: Namespace) -> Loaded:
    """The desk as its files say, with its keys if it has any yet."""
    return load(config_folder(arguments))


def called() -> str:
    """How this command is called here, for texts that name it: it need not be on the PATH."""
    name = Path(sys.argv[0]).name
    return name if shutil.which(name) else os.path.relpath(sys.argv[0])


def open_database(loaded: Loaded) -> Database:
    """The desk's database. Raises ``NoDesk`` if no desk ever ran here."""
    if not loaded.config.state.is_dir():
        raise NoDesk(
            f"no desk has run here yet: {loaded.config.state} is missing. "
            "Start one with `mailtrack serve`"
        )
    database = Database(loaded.config.storage_url)
    database.migrate()
    return database
