"""The example, the schemas and the manual say the same as the models."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailtrack.config import (
    AlreadyThere,
    example_folder,
    keys_of,
    load,
    manual,
    schema,
    write_example,
)
from mailtrack.config.known import FILES
from mailtrack.config.page import page_from_bytes
from mailtrack.config.schema import MODELS
from mailtrack.config.validate import validated

COMMENTED = re.compile(r"^( *)# ( *[a-z_0-9]+:(?: .*)?)$", re.MULTILINE)


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_explained(name: str) -> None:
    for key in keys_of(name):
        assert key.description.rstrip().endswith((".", "...")), key
        assert key.description[0].isupper() or ":" in key.description, key


@pytest.mark.parametrize("name", FILES)
def test_every_key_stands_in_the_example(name: str) -> None:
    text = (example_folder() / name).read_text("utf-8")
    for key in keys_of(name):
        last = key.path.rpartition(".")[2]
        assert re.search(rf"\b{last}\b", text), f"{key.path} is not in config/{name}"


def test_the_defaults_in_the_comments_of_the_example_are_the_defaults() -> None:
    text = (example_folder() / "mailtrack.yaml").read_text("utf-8")
    for key in keys_of("mailtrack.yaml"):
        last = key.path.rpartition(".")[2]
        said = re.findall(rf"^ *#[ {{]*(?:\w+: {{)?{last}: ([^#}}\n]+)", text, re.MULTILINE)
        if said and key.default:
            assert key.default in {one.strip().strip('"') for one in said}, key


@pytest.mark.parametrize("name", FILES)
def test_the_example_fits_the_schema_as_far_as_its_keys_go(name: str) -> None:
    made = schema(name)
    page = page_from_bytes(Path(name), (example_folder() / name).read_bytes())
    properties = made["properties"]
    assert isinstance(properties, dict)
    assert set(page.keys(())) <= set(properties)
    assert made["additionalProperties"] is False
    assert json.loads(json.dumps(made)) == made
    value, _, mistakes = validated(page, MODELS[name])
    assert value is not None
    assert mistakes == ()


def test_the_manual_is_a_table_of_all_keys() -> None:
    text = manual()
    for name in FILES:
        assert f"### {name}" in text
        for key in keys_of(name):
            assert f"| `{key.path}` |" in text
    assert all(line.count(" | ") == 2 for line in text.splitlines() if line.startswith("| `"))


def test_init_writes_the_example_and_never_over_anything(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert [path.name for path in write_example(folder)] == list(FILES)
    assert load(folder, environ={"MAILTRACK_STATE": str(tmp_path)}).warnings == ()
    (folder / "rules.yaml").write_text("# mine\n")
    (folder / "sla.yaml").unlink()
    with pytest.raises(AlreadyThere):
        write_example(folder)
    assert (folder / "rules.yaml").read_text() == "# mine\n"
    assert not (folder / "sla.yaml").exists()


def test_help_needs_none_of_this() -> None:
    code = (
        "import sys, mailtrack, mailtrack.errors; assert 'mailtrack.config' not in sys.modules;"
        "import mailtrack.config; assert 'aiosmtpd' not in sys.modules;"
        "assert 'sqlalchemy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
