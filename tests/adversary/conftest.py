"""The desk that the tests of this room attack."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from adversary.scene import Scene, desk_policy, scene_at

from mailtrack.desk.policy import Policy
from mailtrack.store.database import Database


@pytest.fixture(scope="session")
def policy() -> Policy:
    return desk_policy()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Database]:
    """One place for the desks of all tests: a database compiles its statements once."""
    folder = tmp_path_factory.mktemp("desk")
    return folder, Database(f"sqlite:///{folder / 'mailtrack.db'}")


@pytest.fixture
def scene(
    place: tuple[Path, Database], policy: Policy, request: pytest.FixtureRequest
) -> Iterator[Scene]:
    """A desk that nobody has written to."""
    scene = scene_at(place, policy, name=request.node.name)
    yield scene
    scene.stage.close()
