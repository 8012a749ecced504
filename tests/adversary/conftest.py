"""The desk that the tests of this room attack."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from adversary.scene import Scene, desk_policy, new_scene


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory):
    return desk_policy(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def scene(tmp_path: Path, policy, request: pytest.FixtureRequest) -> Iterator[Scene]:
    scene = new_scene(tmp_path, policy, name=request.node.name)
    yield scene
    scene.stage.close()
