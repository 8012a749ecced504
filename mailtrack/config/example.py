"""What ships beside the package: the commented example configuration, and the templates."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mailtrack.config.known import FILES
from mailtrack.errors import MailtrackError

_PACKAGE: Final = Path(__file__).resolve().parent.parent


class AlreadyThere(MailtrackError):
    """A file that would be written is there already; ``path`` names it. Nothing was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already")
        self.path = path


def shipped(name: str) -> Path:
    """The folder ``config`` or ``templates``: of the checkout, or inside of the wheel."""
    in_checkout = _PACKAGE.parent / name
    # Somebody may have a folder of that name beside an installed package; ours has a sibling.
    if (_PACKAGE.parent / "pyproject.toml").is_file() and in_checkout.is_dir():
        return in_checkout
    return _PACKAGE / f"_{name}"


def example_folder() -> Path:
    """The folder of the example, which is also the desk that starts when there is no other."""
    return shipped("config")


def write_example(folder: Path) -> tuple[Path, ...]:
    """Write the example for an admin to edit. Raises ``AlreadyThere`` or ``OSError``."""
    targets = tuple(folder / name for name in FILES)
    for path in targets:
        if path.exists():
            raise AlreadyThere(path)
    folder.mkdir(parents=True, exist_ok=True)
    for path in targets:
        with path.open("xb") as file:
            file.write((example_folder() / path.name).read_bytes())
    return targets
