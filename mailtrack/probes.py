"""Test mails of ``mailtrack check``: how the desk knows one, and says what it saw.

``check`` mints a word, writes the secret behind it into the state folder and sends the mail;
the desk recognises the word, files the mail and writes down how it came. Nobody else gets
anything by it: a word is good for one mail and some minutes, needs the secret in our folder and
a key of the desk, and a mail that brings it does nothing at all. Whatever is not exactly that
is an ordinary mail.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mailtrack import log
from mailtrack.mail.envelope import Envelope
from mailtrack.tickets.reading import Origin
from mailtrack.tickets.token import KeyRing

HEADER: Final = "X-Mailtrack-Probe"
LIFE: Final = timedelta(minutes=15)
OUTSTANDING_MAX: Final = 100
KEPT_SECONDS_MAX: Final = 2 * LIFE.total_seconds()
FOLDER_MODE: Final = 0o700
DESK_FILE: Final = "desk"
_ID_BYTES: Final = 15
_WORD: Final = re.compile(r"([a-z2-7]{24})\.([0-9a-f]{64})")
_OURS: Final = re.compile(r"\.?[a-z2-7]{24}\.(secret|taken|seen)(\.[0-9a-f]{8})?")
_SECRET, _TAKEN, _SEEN = "secret", "taken", "seen"

_log = log.get("probes")


class TooManyProbes(OSError):
    """More test mails are out than anybody could be waiting for."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A test mail that is out. ``word`` belongs into its header ``HEADER``."""

    id: str
    word: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How a test mail came to us, and what the desk would have believed of it.

    Addresses are text, ``mail_from`` ``""`` is the null path; ``verdict``, ``method`` and
    ``said`` are those of ``Origin``. The raw mail is in the archive as ``sha256``.
    """

    spool_id: str
    sha256: str
    front: str
    peer: str
    mail_from: str
    rcpt_to: tuple[str, ...]
    received_at: str
    verdict: str
    method: str
    said: str


def seen_of(spool_id: str, envelope: Envelope, origin: Origin) -> Seen:
    """How a test mail came."""
    return Seen(
        spool_id=spool_id,
        sha256=envelope.sha256,
        front=envelope.front.value,
        peer=envelope.peer,
        mail_from=str(envelope.mail_from or ""),
        rcpt_to=tuple(map(str, envelope.rcpt_to)),
        received_at=envelope.received_at.isoformat(),
        verdict=origin.verdict.value,
        method=origin.method,
        said=origin.said,
    )


class Probes:
    """The test mails of one desk, below ``folder`` in its state folder.

    ``DESK_FILE`` says by which keys the running desk knows them.
    A test mail is a file ``ID.secret``, then ``ID.taken`` with the spool id of the one mail
    that may be it, then ``ID.seen``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # What `mailtrack check` does.

    def would_be_known(self, keys: KeyRing) -> bool:
        """Whether the desk that started last takes what these keys sign for a test mail.

        A desk with other keys, or one that knows no test mails, would make tickets of them.
        """
        try:
            known = (self._folder / DESK_FILE).read_text("ascii").split()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return bool(keys.keys) and _print_of(keys.keys[0][1], keys) in known

    def mint(self, keys: KeyRing, *, now: datetime) -> Probe:
        """A new test mail, known to the desk for ``LIFE``. Raises ``OSError``, too if no desk
        was ever announced here.
        """
        self._sweep()
        if sum(1 for _ in self._folder.glob(f"*.{_SECRET}")) >= OUTSTANDING_MAX:
            raise TooManyProbes(f"{OUTSTANDING_MAX} test mails are out; wait some minutes")
        probe_id = base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode("ascii").lower()
        secret = f"{secrets.token_hex(32)} {(now + LIFE).isoformat()}"
        self._write(self._path(probe_id, _SECRET), secret)
        return Probe(probe_id, f"{probe_id}.{_mac(keys.keys[0][1], probe_id, secret, keys)}")

    def seen(self, probe_id: str) -> Seen | None:
        """How it came; None as long as it did not."""
        try:
            found = json.loads(self._path(probe_id, _SEEN).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Seen(**{**found, "rcpt_to": tuple(found["rcpt_to"])})

    def forget(self, probe_id: str) -> None:
        """It has been read: whatever brings its word again is an ordinary mail."""
        for kind in (_SECRET, _SEEN, _TAKEN):
            self._path(probe_id, kind).unlink(missing_ok=True)

    # What the desk does.

    def announce(self, keys: KeyRing) -> None:
        """Say by which keys test mails are known here, without a word of the keys."""
        prints = "\n".join(_print_of(key, keys) for _, key in keys.keys)
        try:
            self._folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            self._write(self._folder / DESK_FILE, prints)
        except OSError as error:
            _log.error("probes_not_announced", reason=str(error))

    def recognised(
        self, word: str, *, spool_id: str, keys: KeyRing, now: datetime
    ) -> str | None:
        """The id of the test mail whose word this is; None for anything else. Never raises.

        The first mail that brings the word is the test mail, the same one again if it is
        decided anew after a crash, and no other ever.
        """
        match = _WORD.fullmatch(word.strip())
        if match is None:
            return None
        probe_id, mac = match[1], match[2]
        try:
            secret = self._path(probe_id, _SECRET).read_text("ascii")
            expires_at = datetime.fromisoformat(secret.partition(" ")[2])
            is_right = any(
                hmac.compare_digest(_mac(key, probe_id, secret, keys), mac)
                for _, key in keys.keys
            )
            if not is_right:
                return None
            return probe_id if self._is_taken_by(probe_id, spool_id, now < expires_at) else None
        except (OSError, ValueError):
            return None

    def tell(self, probe_id: str, seen: Seen) -> None:
        """Write down how it came. Never raises: without it the operator waits in vain, and is
        told so; the mail itself is through.
        """
        try:
            self._write(self._path(probe_id, _SEEN), json.dumps(asdict(seen)))
        except OSError as error:
            _log.error("probe_not_told", spool_id=seen.spool_id, reason=str(error))

    def _is_taken_by(self, probe_id: str, spool_id: str, may_be_taken: bool) -> bool:
        taken = self._path(probe_id, _TAKEN)
        if may_be_taken:
            with suppress(FileExistsError):
                self._write(taken, spool_id, is_new=True)
        try:
            return taken.read_text("ascii") == spool_id
        except FileNotFoundError:
            return False

    # Files.

    def _path(self, probe_id: str, kind: str) -> Path:
        return self._folder / f"{probe_id}.{kind}"

    def _write(self, path: Path, text: str, *, is_new: bool = False) -> None:
        """Whole or not at all; with ``is_new`` only if there is none yet (FileExistsError)."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                self._give_to_the_desk(descriptor)
            if is_new:
                os.link(draft, path)
            else:
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def _give_to_the_desk(self, descriptor: int) -> None:
        """Root may check a desk that runs as somebody else, who has to read what root wrote."""
        if os.geteuid() == 0:
            owner = self._folder.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _sweep(self) -> None:
        """What nobody waits for any more goes, by the files' own times.

        Only what bears our names: the folder is the desk's, and root may be who sweeps it.
        """
        for path in self._folder.iterdir():
            with suppress(OSError):
                age = time.time() - path.lstat().st_mtime
                if _OURS.fullmatch(path.name) and age > KEPT_SECONDS_MAX:
                    path.unlink()


def _print_of(key: bytes, keys: KeyRing) -> str:
    message = f"mailtrack/probe/print/1\0{keys.instance}"
    return hmac.digest(key, message.encode(), "sha256").hex()


def _mac(key: bytes, probe_id: str, secret: str, keys: KeyRing) -> str:
    # Its own first words: no reply token is ever a MAC over such a text.
    message = f"mailtrack/probe/1\0{keys.instance}\0{probe_id}\0{secret}"
    return hmac.digest(key, message.encode(), "sha256").hex()
