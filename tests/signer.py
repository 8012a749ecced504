"""DKIM as a sender's server does it: dkimpy signs, with keys made for the occasion."""

import base64
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dkim

USUAL = (
    b"from", b"from", b"subject", b"date", b"to", b"message-id", b"in-reply-to", b"references",
)  # fmt: skip

FORM = (b"content-type", b"content-transfer-encoding")
WHOLE = (*USUAL, *FORM)
# Signed where they are not there as well, so that nobody can add them.
_ALSO_ABSENT = (b"in-reply-to", b"references", *FORM)


@dataclass(frozen=True)
class Signer:
    """A domain that signs. `record` is what its DNS says, at `name`."""

    domain: str
    private: bytes
    public: bytes
    selector: str = "s1"

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> bytes:
        return b"v=DKIM1; k=rsa; p=" + self.public

    @property
    def keys(self) -> dict[str, bytes]:
        return {self.name: self.record}

    def sign(
        self,
        raw: bytes,
        *,
        fields: tuple[bytes, ...] = USUAL,
        form: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
        algorithm: bytes = b"rsa-sha256",
        length: bool = False,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        """The mail with its signature on top; `extra` tags are signed too."""
        there = {
            line.partition(b":")[0].lower() for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n")
        }
        chosen = [one for one in fields if one in there or one in _ALSO_ABSENT]
        signing = dkim.DKIM(raw, signature_algorithm=algorithm, minkey=512)
        if extra:
            plain = signing.gen_header
            tags = [(name.encode(), value.encode()) for name, value in extra]

            def with_extra(fields, *rest, **named):
                return plain([*fields[:-1], *tags, fields[-1]], *rest, **named)

            signing.gen_header = with_extra
        header = signing.sign(
            self.selector.encode(), self.domain.encode(), self.private,
            canonicalize=form, include_headers=chosen, length=length,
        )  # fmt: skip
        return header + raw


def signer(domain: str, *, bits: int = 1024) -> Signer:
    """A signer of that domain."""
    return Signer(domain, *_key_pair(bits))


@cache
def _key_pair(bits: int) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        made = ("openssl", "genrsa", "-traditional", "-out", str(file), str(bits))
        subprocess.run(made, check=True, capture_output=True)
        shown = ("openssl", "rsa", "-in", str(file), "-pubout", "-outform", "DER")
        public = subprocess.run(shown, check=True, capture_output=True).stdout
        return file.read_bytes(), base64.b64encode(public)
