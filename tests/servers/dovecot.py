"""Dovecot 2.3 as the judge of our IMAP: IMAP, IMAPS, LMTP, passwords and XOAUTH2.

Every address is a user and has the same password, so that each test takes an address of its
own and needs no preparation; support+anything@ is delivered to support@. One server serves
the whole run.
"""

import base64
import grp
import hashlib
import hmac
import imaplib
import json
import os
import pwd
import secrets
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from servers.machine import (
    LOOPBACK,
    Daemon,
    free_port,
    is_root,
    new_folder,
    plain_user,
    program,
)

PASSWORD = "correct-horse"
KEY_ID = "testkey"
PACKAGES = "dovecot-imapd dovecot-lmtpd"

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = /dev/stderr
protocols = imap lmtp
listen = 127.0.0.1
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
# Empty means any: a reply address has a plus in it.
auth_username_chars =
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
mail_max_userip_connections = 1000
service anvil {{
  chroot =
  # A wrong password would slow down everybody's next log-in from the same address: ours.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-urlauth-login {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {port_tls}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port_lmtp}
  }}
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
"""

OAUTH2 = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = email
"""


class Dovecot:
    """One running server. `stop` and `start` keep its mail, so that a test can cut the line."""

    host = LOOPBACK
    password = PASSWORD

    def __init__(self) -> None:
        self._program = program("dovecot", package=PACKAGES)
        self.folder = new_folder("dovecot")
        self.port = free_port()
        self.port_tls = free_port()
        self.port_lmtp = free_port()
        self._key = secrets.token_bytes(32)
        self._daemon: Daemon | None = None
        self._write_configuration()

    @property
    def certificate(self) -> Path:
        """The certificate to trust, for `localhost` and 127.0.0.1."""
        return self.folder / "cert.pem"

    def start(self) -> None:
        command = [self._program, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._daemon = Daemon(command, log=self.folder / "log", plain=True)
        for port in (self.port, self.port_tls, self.port_lmtp):
            self._daemon.wait_for_port(port)

    def stop(self, first_signal: signal.Signals = signal.SIGTERM) -> None:
        if self._daemon is not None:
            self._daemon.stop(first_signal)
            self._daemon = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, address: str) -> imaplib.IMAP4:
        """A logged-in session of the standard library, over TLS; the caller logs out."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        session = imaplib.IMAP4_SSL(self.host, self.port_tls, ssl_context=context)
        try:
            session.login(address, self.password)
        except BaseException:
            session.shutdown()
            raise
        return session

    def append(
        self, address: str, raw: bytes, *, folder: str = "INBOX", at: datetime | None = None
    ) -> None:
        """Puts a mail into somebody's folder, as if it had arrived ``at``, or just now."""
        date = imaplib.Time2Internaldate(at) if at else ""
        with self.connect(address) as session:
            answer, text = session.append(folder, "", date, raw)
            assert answer == "OK", text

    def mails(self, address: str, *, folder: str = "INBOX") -> list[bytes]:
        """The raw mails of somebody's folder, oldest first; none is marked as seen by it."""
        with self.connect(address) as session:
            answer, _ = session.select(folder, readonly=True)
            if answer != "OK":
                return []
            _, found = session.uid("SEARCH", "ALL")
            uids = found[0].decode().split() if found and found[0] else []
            return [self._body(session, uid) for uid in uids]

    def access_token(self, address: str, *, expires_in_seconds: int = 3600) -> str:
        """A token that XOAUTH2 accepts; one with a negative life has expired already."""
        now = int(time.time())
        header = {"alg": "HS256", "typ": "JWT", "kid": KEY_ID}
        claims = {
            "sub": address,
            "email": address,
            "iat": now - 7200,
            "nbf": now - 7200,
            "exp": now + expires_in_seconds,
        }
        signed = f"{_part(header)}.{_part(claims)}"
        signature = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_base64url(signature)}"

    @staticmethod
    def _body(session: imaplib.IMAP4, uid: str) -> bytes:
        _, answer = session.uid("FETCH", uid, "(BODY.PEEK[])")
        literal = answer[0]
        assert isinstance(literal, tuple)
        return bytes(literal[1])

    def _write_configuration(self) -> None:
        user, group = ("nobody", "nogroup") if is_root() else _own_names()
        configuration = CONFIGURATION.format(
            folder=self.folder,
            user=user,
            group=group,
            uid=pwd.getpwnam(user).pw_uid,
            gid=grp.getgrnam(group).gr_gid,
            port=self.port,
            port_tls=self.port_tls,
            port_lmtp=self.port_lmtp,
            password=PASSWORD,
        )
        (self.folder / "dovecot.conf").write_text(configuration)
        (self.folder / "oauth2.conf").write_text(OAUTH2.format(folder=self.folder))
        keys = self.folder / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        (keys / KEY_ID).write_text(base64.b64encode(self._key).decode())
        make_certificate(self.folder)


def make_certificate(folder: Path) -> None:
    """Writes cert.pem and key.pem for this machine, readable by the plain user."""
    openssl = program("openssl", package="openssl")
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            str(folder / "key.pem"),
            "-out",
            str(folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
        **plain_user(),
    )


def _own_names() -> tuple[str, str]:
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def _part(claims: Mapping[str, object]) -> str:
    return _base64url(json.dumps(claims, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
