"""A mail filter of our own that speaks the milter protocol to a real Postfix.

It does what OpenDKIM and OpenDMARC do: takes out Authentication-Results of its own name, and
inserts one at place 0, above the Received of its Postfix. At place 1 it stands below that.
"""

import socketserver
import struct
import threading

from servers.machine import LOOPBACK

VERSION = 6
MAY_ADD, MAY_CHANGE = 0x01, 0x10
# All that it does not want to be told: connections, commands, recipients, the body.
TELL_NOT = 0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x100 | 0x200
FIELD = b"Authentication-Results"


class Milter:
    """A running filter. `setting` is the line for main.cf."""

    def __init__(self, name: str, results: str, *, place: int = 0) -> None:
        self.name, self.results, self.place = name.encode(), results.encode(), place
        milter = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                milter._converse(self)

        self._server = socketserver.ThreadingTCPServer((LOOPBACK, 0), Conversation)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.setting = f"smtpd_milters = inet:{LOOPBACK}:{self._server.server_address[1]}\n"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _converse(self, peer: socketserver.StreamRequestHandler) -> None:
        seen = 0
        forged: list[int] = []
        while head := peer.rfile.read(4):
            packet = peer.rfile.read(struct.unpack("!I", head)[0])
            command, content = packet[:1], packet[1:]
            if command == b"O":
                _say(peer, b"O" + struct.pack("!III", VERSION, MAY_ADD | MAY_CHANGE, TELL_NOT))
            elif command == b"L":
                name, value = content.split(b"\0")[:2]
                if name.lower() == FIELD.lower():
                    seen += 1
                    forged += [seen] if self.name in value.lower() else []
                _say(peer, b"c")
            elif command == b"E":
                self._change(peer, forged)
                seen, forged = 0, []
            elif command in b"QK":
                return

    def _change(self, peer: socketserver.StreamRequestHandler, forged: list[int]) -> None:
        for place in reversed(forged):
            _say(peer, b"m" + struct.pack("!I", place) + FIELD + b"\0\0")
        field = FIELD + b"\0" + self.name + b"; " + self.results + b"\0"
        _say(peer, b"i" + struct.pack("!I", self.place) + field)
        _say(peer, b"c")


def _say(peer: socketserver.StreamRequestHandler, packet: bytes) -> None:
    peer.wfile.write(struct.pack("!I", len(packet)) + packet)
