"""Passwords: only their hashes are kept, and nobody may guess for long."""

from pathlib import Path

import pytest

from mailtrack.intake.passwords import (
    FAILURES_MAX,
    FAILURES_SECONDS,
    PASSWORD_BYTES_MAX,
    PEERS_MAX,
    Lockout,
    Passwords,
    hashed,
    logins_from,
    matches,
)

# scrypt with the least work, made by hashed() with other numbers: quick, and as good to read.
QUICK = "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$"


def test_a_hash_knows_its_password_and_no_other() -> None:
    known = hashed("пароль")
    assert matches("пароль", known)
    assert not matches("пароль ", known)
    assert hashed("пароль") != known
    assert "пароль" not in known


@pytest.mark.parametrize(
    "known",
    ["", "secret", "$scrypt$", "$scrypt$ln=x,r=8,p=1$AA$AA", "$scrypt$ln=4,r=8$AA$AA",
     "$scrypt$ln=40,r=8,p=1$AA$AA", "$scrypt$ln=4,r=8,p=99$AA$AA", QUICK, QUICK + "é",
     "$bcrypt$ln=4,r=8,p=1$AA$AA"],
)  # fmt: skip
def test_what_is_no_hash_of_ours_lets_nobody_in(known: str) -> None:
    assert not matches("secret", known)


def test_a_file_is_read_line_by_line() -> None:
    found = logins_from(b"# who may submit\n\nivan:$a\n  olga@help.example : $b \nnobody\n")
    assert found == {"ivan": "$a", "olga@help.example": "$b"}


def test_a_change_of_the_file_holds_at_once(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text(f"ivan:{hashed('one')}\n")
    passwords = Passwords(file)
    assert passwords.check("ivan", "one")
    assert not passwords.check("olga", "one")
    assert not passwords.check("ivan", "x" * (PASSWORD_BYTES_MAX + 1))
    file.write_text(f"ivan:{hashed('another')}\n# changed\n")
    assert not passwords.check("ivan", "one")


def test_a_file_that_is_gone_is_no_wrong_password(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Passwords(tmp_path / "none").check("ivan", "one")


def test_a104_five_failures_in_ten_minutes_lock_out_and_time_lets_in_again() -> None:
    now = [0.0]
    lockout = Lockout(lambda: now[0])
    for _ in range(FAILURES_MAX):
        assert lockout.begin("192.0.2.1")
    assert not lockout.begin("192.0.2.1")
    assert lockout.begin("192.0.2.2")
    now[0] = FAILURES_SECONDS - 0.1
    assert not lockout.begin("192.0.2.1")
    now[0] = FAILURES_SECONDS
    assert lockout.begin("192.0.2.1")


def test_a_right_password_is_no_failure() -> None:
    lockout = Lockout(lambda: 0.0)
    for _ in range(FAILURES_MAX * 2):
        assert lockout.begin("192.0.2.1")
        lockout.succeeded("192.0.2.1")


def test_so_many_addresses_are_remembered_and_no_more() -> None:
    lockout = Lockout(lambda: 0.0)
    for number in range(PEERS_MAX + 1):
        assert lockout.begin(str(number))
    assert len(lockout._failures) == PEERS_MAX
