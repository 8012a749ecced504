"""Changed files: noticed, taken up if they are good, told once if they are not."""

import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

from config.conftest import DESK

from mailtrack.config import Loaded, Watched, load
from mailtrack.errors import ConfigError

Write = Callable[..., Path]


def test_nothing_changed_is_nothing_to_read(write: Write) -> None:
    watched = Watched(write(), environ={})
    assert not watched.has_changed()


def test_a_change_is_noticed_once_and_taken_up(write: Write) -> None:
    watched = Watched(write(), environ={})
    write(mailtrack=DESK + "  undo_delay: 5s\n")
    assert watched.has_changed()
    loaded = watched.reload()
    assert isinstance(loaded, Loaded)
    assert loaded.policy.undo_delay.total_seconds() == 5
    assert not watched.has_changed()


def test_a_file_that_comes_or_goes_is_a_change(write: Write) -> None:
    folder = write()
    watched = Watched(folder, environ={})
    write(rules="rules: []\n")
    assert watched.has_changed()
    watched.reload()
    (folder / "people.yaml").unlink()
    assert watched.has_changed()


def test_a_file_of_the_same_time_and_size_in_its_place_is_a_change(write: Write) -> None:
    folder = write()
    file = folder / "people.yaml"
    watched = Watched(folder, environ={})
    status = file.stat()
    draft = folder / "draft"
    draft.write_bytes(file.read_bytes().replace(b"ivan:", b"petr:"))
    os.utime(draft, ns=(status.st_atime_ns, status.st_mtime_ns))
    draft.rename(file)
    assert watched.has_changed()


def test_a_broken_file_is_a_value_told_once_and_mended_later(write: Write) -> None:
    watched = Watched(write(), environ={})
    write(mailtrack=DESK + "intaek: {}\n")
    error = watched.reload()
    assert isinstance(error, ConfigError)
    assert [one.line for one in error.mistakes] == [4]
    assert not watched.has_changed()
    write()
    assert watched.has_changed()
    assert isinstance(watched.reload(), Loaded)


def test_own_templates_are_watched_as_soon_as_they_are_known(
    write: Write, tmp_path: Path
) -> None:
    canned = tmp_path / "config" / "mine" / "canned"
    canned.mkdir(parents=True)
    folder = write(mailtrack=DESK + "templates: mine\n")
    watched = Watched(folder, environ={})
    loaded = watched.reload()
    assert isinstance(loaded, Loaded)
    assert not watched.has_changed()
    (canned / "hello.txt").write_text("title: Hello\n\nHello!\n")
    assert watched.has_changed()
    loaded = watched.reload()
    assert isinstance(loaded, Loaded)
    assert "hello" in loaded.policy.stationery.canned_names
    assert not watched.has_changed()


def test_every_setting_that_waits_for_a_restart_is_named(write: Write) -> None:
    config = load(write()).config
    for field in fields(config):
        other = replace(config, **{field.name: object()})
        named = other.changed_since(config)
        assert len(named) == (field.name != "templates"), field.name
    assert config.changed_since(load(write()).config) == ()
