"""``mailtrack dkim-key``: a key to sign letters with, and the record that goes into DNS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from mailtrack.errors import MailtrackError
from mailtrack.mail.address import domain_from
from mailtrack.mail.signing import RSA_BITS_MIN, BadKey, key_bits, record_of, record_strings

OPENSSL_SECONDS_MAX = 120


class NoOpenssl(MailtrackError):
    """The program that makes keys is not there."""


def run(arguments: Namespace) -> int:
    """Make the key unless it is there already, and print what to do with it."""
    domain, file = domain_from(arguments.domain), Path(arguments.out)
    if domain is None:
        print(f"{arguments.domain} is no domain; write help.example", file=sys.stderr)
        return os.EX_USAGE
    if not file.parent.is_dir():
        print(f"there is no folder {file.parent}; make it first", file=sys.stderr)
        return os.EX_NOINPUT
    is_new = not file.exists()
    if is_new:
        _write(file, _new_key())
    try:
        pem = file.read_text("ascii").strip()
        key_bits(pem)
    except (BadKey, UnicodeDecodeError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return os.EX_DATAERR
    print(_page(file, domain, arguments.selector, pem, is_new=is_new))
    return os.EX_OK


def _new_key() -> str:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise NoOpenssl("keys are made by openssl, which is not installed")
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, and words of our own
            (openssl, "genrsa", str(RSA_BITS_MIN)),
            capture_output=True,
            check=True,
            timeout=OPENSSL_SECONDS_MAX,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise NoOpenssl("openssl has not made a key") from error
    return done.stdout.decode("ascii")


def _write(file: Path, pem: str) -> None:
    """For our eyes alone, and never over a key that is there."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as writing:
        writing.write(pem)


def _page(file: Path, domain: str, selector: str, pem: str, *, is_new: bool) -> str:
    strings = " ".join(f'"{one}"' for one in record_strings(record_of(pem)))
    made = "made" if is_new else "was there already"
    return f"""\
{file} {made}. The service has to be able to read it, and nobody else.

1. Publish this record in the zone of {domain}:

{selector}._domainkey.{domain}. IN TXT ( {strings} )

2. When it is there, add to mailtrack.yaml and restart:

outgoing:
  dkim: {{selector: {selector}, domain: {domain}, key: {{file: {file.absolute()}}}}}
"""
