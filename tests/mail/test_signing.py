"""DKIM signatures: verified by dkimpy, with the record that `mailtrack dkim-key` prints."""

import subprocess
from dataclasses import replace

import dkim
import pytest
from mail.test_compose import PLAIN, nothing

from mailtrack.mail.compose import letter_bytes
from mailtrack.mail.signing import (
    OVERSIGNED,
    TXT_CHARS_MAX,
    BadKey,
    Signer,
    key_bits,
    record_of,
    record_strings,
)


def new_key(*words: str) -> str:
    done = subprocess.run(("openssl", *words), capture_output=True, check=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def key() -> str:
    return new_key("genrsa", "2048").strip()


@pytest.fixture
def signed(key: str) -> bytes:
    return letter_bytes(PLAIN, nothing, Signer("help.example", "desk", key).signed)


def verifies(raw: bytes, key: str) -> bool:
    records = {b"desk._domainkey.help.example.": record_of(key).encode()}
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: records.get(name)))


def test_a_signed_letter_verifies_with_the_record_we_print(signed: bytes, key: str) -> None:
    assert verifies(signed, key)
    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
    assert b"d=help.example" in signed
    assert b" l=" not in signed.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("name", OVERSIGNED)
def test_each_header_that_readers_trust_is_signed_once_more_than_it_is_there(
    signed: bytes, key: str, name: str
) -> None:
    forged = f"{name}: mallory@evil.example\r\n".encode()
    assert not verifies(forged + signed, key)


def test_a_changed_word_is_noticed(signed: bytes, key: str) -> None:
    assert not verifies(signed.replace(b"Step", b"Stop"), key)
    assert not verifies(signed + b"and more\r\n", key)


def test_a_relay_that_folds_anew_does_not_break_it(signed: bytes, key: str) -> None:
    head, _, body = signed.partition(b"\r\n\r\n")
    assert verifies(head.replace(b"Subject: ", b"subject:  ") + b"\r\n\r\n" + body, key)


def test_any_subject_and_name_can_be_signed(key: str) -> None:
    mail = replace(PLAIN, subject="Не друкує " * 40)
    raw = letter_bytes(mail, nothing, Signer("help.example", "desk", key).signed)
    assert verifies(raw, key)


@pytest.mark.parametrize(
    ("domain", "is_covered"),
    [
        ("help.example", True),
        ("mail.help.example", True),
        ("xhelp.example", False),
        ("example", False),
        ("evil.example", False),
    ],
)
def test_only_letters_from_our_domain_are_signed(
    key: str, domain: str, is_covered: bool
) -> None:
    assert Signer("help.example", "desk", key).covers(domain) is is_covered


def test_old_and_new_forms_of_a_key_are_read(key: str) -> None:
    assert key_bits(key) == 2048
    old = subprocess.run(
        ("openssl", "rsa", "-traditional"),
        input=key,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert "BEGIN RSA PRIVATE KEY" in old
    assert record_of(old.strip()) == record_of(key)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no private key in PEM"),
        ("secret", "no private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END PRIVATE KEY-----", "no RSA key"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "no RSA key"),
        ("-----BEGIN PRIVATE KEY-----", "no RSA key"),
    ],
)
def test_what_is_no_key_is_refused_without_a_word_of_it(text: str, says: str) -> None:
    with pytest.raises(BadKey, match=says):
        key_bits(text)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("genrsa", "1024"), "1024 bits"),
        (("genpkey", "-algorithm", "ed25519"), "no RSA key"),
        (("ecparam", "-name", "prime256v1", "-genkey", "-noout"), "no private key|no RSA key"),
    ],
)
def test_a_key_that_would_not_count_is_refused(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadKey, match=says):
        key_bits(new_key(*words).strip())


def test_the_record_fits_into_strings_of_dns(key: str) -> None:
    strings = record_strings(record_of(key))
    assert "".join(strings) == record_of(key)
    assert all(len(one) <= TXT_CHARS_MAX for one in strings)
    assert len(strings) == 2
