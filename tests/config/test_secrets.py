"""Where secrets are found, who is warned, and the keys of reply tokens."""

import base64
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from config.conftest import DESK
from intake.certificates import Certificate

from mailtrack.config import Loaded, ensure_secrets, key_ring, keys_file_of, load
from mailtrack.config.keys import (
    INSTANCE_FILE,
    KEY_BYTES,
    KEYS_FILE,
    KEYS_MAX,
    add_key,
    read_keys,
    retire_key,
)
from mailtrack.errors import ConfigError

Load = Callable[..., Loaded]

RELAY = DESK + "outgoing: {smarthost: 'smtp://u@relay.example', password: %s}\n"
KEY = base64.b64encode(b"k" * KEY_BYTES).decode()


def password_of(desk: Loaded) -> str | None:
    relay = desk.config.outgoing.smarthost
    assert relay is not None
    return relay.password


def secret_in(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_surroundings_go_before_the_yaml_in_the_order_of_safety(
    loaded: Load, tmp_path: Path
) -> None:
    plain = RELAY % "of-yaml"
    secret_in(tmp_path / "credentials" / "smtp-password", "of-systemd\n")
    named = secret_in(tmp_path / "secret", "of-file\n")
    environ = {"MAILTRACK_SMTP_PASSWORD": "of-environment"}
    assert password_of(loaded(mailtrack=plain)) == "of-yaml"
    assert password_of(loaded(mailtrack=plain, environ=environ)) == "of-environment"
    environ["MAILTRACK_SMTP_PASSWORD_FILE"] = str(named)
    assert password_of(loaded(mailtrack=plain, environ=environ)) == "of-file"
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    assert password_of(loaded(mailtrack=plain, environ=environ)) == "of-systemd"


def test_a_folder_of_credentials_without_this_one_is_passed_over(
    loaded: Load, tmp_path: Path
) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert password_of(loaded(mailtrack=RELAY % "x", environ=environ)) == "x"


def test_a_secret_in_a_file_is_found_from_the_folder_of_the_yaml(
    loaded: Load, tmp_path: Path
) -> None:
    secret_in(tmp_path / "config" / "pw", "s3cret\n")
    desk = loaded(mailtrack=RELAY % "{file: pw}")
    assert password_of(desk) == "s3cret"
    assert desk.warnings == ()


@pytest.mark.parametrize(("mode", "is_warned"), [(0o640, False), (0o644, True), (0o602, True)])
def test_a_secret_that_everybody_can_read_is_a_warning(
    write: Callable[..., Path], mode: int, is_warned: bool
) -> None:
    folder = write(mailtrack=RELAY % "plain")
    (folder / "mailtrack.yaml").chmod(mode)
    warnings = load(folder, environ={}).warnings
    assert bool(warnings) is is_warned
    assert all("chmod 0640" in one.mend for one in warnings)


@pytest.mark.parametrize(("mode", "count"), [(0o640, 0), (0o644, 1), (0o642, 1)])
@pytest.mark.parametrize("is_named", [True, False])
def test_passwords_of_agents_that_everybody_can_read_are_a_warning(
    loaded: Load, tmp_path: Path, *, mode: int, count: int, is_named: bool
) -> None:
    file = secret_in(tmp_path / "config" / "pw", "ivan:$scrypt$\n", mode)
    made = Certificate(tmp_path)
    tls = f"tls: {{certificate: {made.cert}, key: {made.key}}}"
    passwords = ", passwords: pw" if is_named else ""
    text = f"{DESK}intake:\n  submission: {{listen: '127.0.0.1:2587', {tls}{passwords}}}\n"
    environ = {} if is_named else {"MAILTRACK_SUBMISSION_PASSWORDS_FILE": str(file)}
    warnings = loaded(mailtrack=text, environ=environ).warnings
    assert [one.mend for one in warnings] == [f"chmod 0640 {file}"] * count
    # Shown at the key that names the file, or at the section.
    assert [one.key.startswith("intake.submission") for one in warnings] == [True] * count


def test_no_secret_is_ever_shown(loaded: Load) -> None:
    environ = {"MAILTRACK_PG_DSN": "postgresql://u:s3cret@db/m"}
    desk = loaded(mailtrack=RELAY % "s3cret", environ=environ)
    assert "s3cret" in desk.config.storage_url
    assert "s3cret" not in repr(desk)
    with pytest.raises(ConfigError) as caught:
        loaded(mailtrack=DESK, environ={"MAILTRACK_PG_DSN": "mysql://u:s3cret@db/m"})
    assert "s3cret" not in str(caught.value)


def test_keys_are_made_once_and_only_we_can_read_them(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert key_ring(state, environ={}) is None
    ring = ensure_secrets(state, environ={})
    assert [len(key) for _, key in ring.keys] == [KEY_BYTES]
    assert ring.instance
    for name in (KEYS_FILE, INSTANCE_FILE):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert ensure_secrets(state, environ={}) == ring == key_ring(state, environ={})
    assert sorted(path.name for path in state.iterdir()) == sorted((KEYS_FILE, INSTANCE_FILE))


def test_two_desks_have_different_keys(tmp_path: Path) -> None:
    one = ensure_secrets(tmp_path / "one", environ={})
    other = ensure_secrets(tmp_path / "other", environ={})
    assert one.instance != other.instance
    assert one.keys != other.keys


def test_a_desk_that_is_loaded_has_the_keys_of_its_state(loaded: Load, tmp_path: Path) -> None:
    assert loaded().policy.keys.keys == ()
    ring = ensure_secrets(tmp_path / "state", environ={})
    assert loaded().policy.keys == ring


def test_the_first_key_signs_and_credentials_go_before_the_state(tmp_path: Path) -> None:
    ensure_secrets(tmp_path, environ={})
    secret_in(tmp_path / "c" / KEYS_FILE, f"b:{KEY}\n\na:{KEY}\n")
    ring = key_ring(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(tmp_path / "c")})
    assert ring is not None
    assert [letter for letter, _ in ring.keys] == ["b", "a"]


def test_a_handed_over_key_file_is_not_made_in_the_state(tmp_path: Path) -> None:
    secret_in(tmp_path / "c" / KEYS_FILE, f"a:{KEY}\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "c")}
    ring = ensure_secrets(tmp_path / "state", environ=environ)
    assert ring.keys == (("a", b"k" * KEY_BYTES),)
    assert not (tmp_path / "state" / KEYS_FILE).exists()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [1]),
        ("a:short\n", [1]),
        (f"a:{KEY}\na:{KEY}\n", [2]),
        (f"a:{KEY}\nB:{KEY}\n1:{KEY}\n{KEY}\n", [2, 3, 4]),
        (f"a:{KEY}x\n", [1]),
        ("a:\xff\n", [1]),
    ],
)
def test_a_broken_key_file_is_told_by_line_and_never_by_its_content(
    tmp_path: Path, text: str, lines: list[int]
) -> None:
    ensure_secrets(tmp_path, environ={})
    secret_in(tmp_path / KEYS_FILE, text)
    with pytest.raises(ConfigError) as caught:
        key_ring(tmp_path, environ={})
    assert [one.line for one in caught.value.mistakes] == lines
    assert KEY not in str(caught.value)


def test_a_ring_holds_as_many_keys_as_there_are_letters(tmp_path: Path) -> None:
    ensure_secrets(tmp_path, environ={})
    letters = [chr(ord("a") + place) for place in range(KEYS_MAX)]
    secret_in(tmp_path / KEYS_FILE, "".join(f"{letter}:{KEY}\n" for letter in letters))
    ring = key_ring(tmp_path, environ={})
    assert ring is not None
    assert [letter for letter, _ in ring.keys] == letters


# Rotation: the file is a ring, and the commands turn it.


def test_a_new_key_signs_and_an_old_one_can_be_retired(tmp_path: Path) -> None:
    ensure_secrets(tmp_path, environ={})
    file = keys_file_of(tmp_path, environ={})
    assert add_key(file) == "b"
    assert [letter for letter, _ in read_keys(file)] == ["b", "a"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    retire_key(file, "a")
    assert [letter for letter, _ in read_keys(file)] == ["b"]
    assert add_key(file) == "a"
    assert sorted(one.name for one in tmp_path.iterdir()) == [INSTANCE_FILE, KEYS_FILE]


def test_the_last_key_and_one_that_is_not_there_are_not_retired(tmp_path: Path) -> None:
    ensure_secrets(tmp_path, environ={})
    file = keys_file_of(tmp_path, environ={})
    for letter, complaint in (("a", "the only key"), ("x", "no key 'x'")):
        with pytest.raises(ConfigError, match=complaint):
            retire_key(file, letter)
    for _ in range(KEYS_MAX - 1):
        add_key(file)
    with pytest.raises(ConfigError, match="26 keys already"):
        add_key(file)


@pytest.mark.parametrize(
    ("mode", "is_refused"),
    [(0o600, False), (0o400, False), (0o640, False), (0o644, True), (0o660, True)],
)
def test_a113_keys_that_others_can_read_or_change_are_refused(
    tmp_path: Path, mode: int, *, is_refused: bool
) -> None:
    ensure_secrets(tmp_path, environ={})
    (tmp_path / KEYS_FILE).chmod(mode)
    if not is_refused:
        assert key_ring(tmp_path, environ={}) is not None
        return
    with pytest.raises(ConfigError, match="others on this machine") as caught:
        key_ring(tmp_path, environ={})
    assert "chmod 0600" in str(caught.value)
