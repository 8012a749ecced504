"""An extra that is not installed is a mistake with a place and a remedy, not a traceback."""

import sys
from pathlib import Path

import pytest

from mailtrack.config import load, write_example
from mailtrack.errors import ConfigError


@pytest.mark.parametrize(
    ("key", "yaml"),
    [
        ("trust.dkim", "trust: {dkim: {}}"),
        ("outgoing.dkim", "outgoing: {dkim: {key: {file: key.pem}}}"),
    ],
)
def test_dkim_without_its_libraries_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, yaml: str
) -> None:
    write_example(tmp_path)
    (tmp_path / "key.pem").write_text("a key")
    (tmp_path / "key.pem").chmod(0o600)
    desk = "desk: {name: Help, addresses: {support@help.example: support}}"
    (tmp_path / "mailtrack.yaml").write_text(f"{desk}\n{yaml}\n")
    monkeypatch.setitem(sys.modules, "dkim", None)  # as if it were not there
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, environ={})
    (mistake,) = (one for one in raised.value.mistakes if "not installed" in str(one))
    assert key in str(mistake)
    assert "pip install 'mailtrack[auth]'" in str(mistake)
