"""Postfix as the mail server in front of us (LMTP) and behind us (the relay).

Mail for the domains in `routes` goes where they say; everything else is discarded, so nothing
can leave the machine. Postfix has to be started by root; as anybody else its tests are skipped.
"""

import shutil
import subprocess
from collections.abc import Mapping

from servers.machine import LOOPBACK, Daemon, free_port, is_root, lacking, new_folder, program

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
relay_domains = {domains}
transport_maps = {transports}
default_transport = discard:
maillog_file = /dev/stdout
message_size_limit = 31457280
recipient_delimiter = +
smtputf8_enable = yes
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
showq unix n - n - - showq
"""


class Postfix:
    """One running server. `routes` maps a domain to a transport: `lmtp:inet:127.0.0.1:2424`."""

    host = LOOPBACK

    def __init__(self, routes: Mapping[str, str], settings: str = "") -> None:
        """`settings` are further lines for its main.cf."""
        self._program = program("postfix", package="postfix")
        if not is_root():
            lacking("Postfix can only be started by root.")
        self.routes = dict(routes)
        self.folder = new_folder("postfix")
        self.port = free_port()
        self._daemon: Daemon | None = None
        self._write_configuration(routes, settings)

    def start(self) -> None:
        command = [self._program, "-c", str(self.folder / "etc"), "start-fg"]
        self._daemon = Daemon(command, log=self.folder / "log", plain=False)
        self._daemon.wait_for_port(self.port)

    def stop(self) -> None:
        if self._daemon is None:
            return
        # Its children leave the session of the one that started them; only Postfix itself
        # can end them all.
        self._control("stop")
        self._daemon.stop()
        self._daemon = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it has said so far: one line a delivery, with its status."""
        return (self.folder / "log").read_text(errors="replace")

    def _control(self, word: str) -> None:
        command = [self._program, "-c", str(self.folder / "etc"), word]
        subprocess.run(command, check=False, capture_output=True)

    def _write_configuration(self, routes: Mapping[str, str], settings: str) -> None:
        for name in ("etc", "spool", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder, "root", "root")
        shutil.chown(self.folder / "data", "postfix")
        entries = ", ".join(f"{{{domain}={transport}}}" for domain, transport in routes.items())
        transports = f"inline:{{ {entries} }}" if routes else ""
        main = MAIN.format(folder=self.folder, domains=", ".join(routes), transports=transports)
        (self.folder / "etc" / "main.cf").write_text(main + settings)
        (self.folder / "etc" / "master.cf").write_text(MASTER.format(port=self.port))
