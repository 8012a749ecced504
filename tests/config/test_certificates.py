"""Certificates of our own ways in: a start that fails of one could not say where it stands."""

import subprocess
from pathlib import Path

import pytest
from config.conftest import DESK, Mistakes
from intake.certificates import Certificate
from rights import as_anybody

TLS = DESK + "intake: {smtp: {listen: '127.0.0.1:0', tls: {certificate: %s, key: %s}}}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("made"))


def test_a_certificate_with_its_key_is_right(made: Certificate, mistakes: Mistakes) -> None:
    assert mistakes(mailtrack=TLS % (made.cert, made.key)) == ()


def test_the_key_of_another_certificate_is_told(
    made: Certificate, mistakes: Mistakes, tmp_path: Path
) -> None:
    (told,) = mistakes(mailtrack=TLS % (made.cert, Certificate(tmp_path).key))
    assert told.key == "intake.smtp.tls.key"
    assert "do not belong together" in told.found


def test_what_is_no_key_is_told(made: Certificate, mistakes: Mistakes) -> None:
    (told,) = mistakes(mailtrack=TLS % (made.cert, made.cert))
    assert "no certificate and its key" in told.found


def test_a_key_with_a_password_is_told_and_nobody_is_asked_for_it(
    made: Certificate, mistakes: Mistakes, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.pem"
    words = ("openssl", "ec", "-aes256", "-passout", "pass:x", "-in", made.key, "-out", locked)
    subprocess.run(words, check=True, capture_output=True)
    (told,) = mistakes(mailtrack=TLS % (made.cert, locked))
    assert "the key has no password" in told.mend


def test_a_key_that_we_may_not_read_is_told(
    made: Certificate, mistakes: Mistakes, tmp_path: Path
) -> None:
    shut = tmp_path / "key.pem"
    shut.touch(mode=0)
    with as_anybody():
        (told,) = mistakes(mailtrack=TLS % (made.cert, shut))
    assert f"{shut} cannot be read: Permission denied" in told.found
